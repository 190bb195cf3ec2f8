"""What the form of a question says of the size of its answer."""

from __future__ import annotations

import pytest

from indexer.retrieval.sizing.question_form import Lean, read_form


@pytest.mark.parametrize(
    "question",
    [
        "is the bread baked before the soup?",
        "how much flour goes into the dough?",
        "who keeps the key?",
        "best time to water the plants",
        "what does fermata mean",
        "which bus is the fastest?",
        "does the list of guests include Ada?",
    ],
)
def test_one_thing_is_asked_for(question: str) -> None:
    assert read_form(question).lean is Lean.ONE


@pytest.mark.parametrize(
    "question",
    [
        "list the ships of the fleet",
        "steps of tuning a violin",
        "which rivers cross the valley?",
        "what reasons were given for the delay",
        "pros and cons of a wooden floor",
        "compare copper with steel",
        "board games for two players",
        "what are the duties of the treasurer?",
    ],
)
def test_several_things_are_asked_for(question: str) -> None:
    assert read_form(question).lean is Lean.SEVERAL


@pytest.mark.parametrize(
    "question", ["why is the roof leaking?", "sourdough", "wie backe ich Brot?"]
)
def test_other_forms_say_nothing(question: str) -> None:
    assert read_form(question).lean is Lean.NEUTRAL


@pytest.mark.parametrize(
    ("question", "everywhere"),
    [
        ("everything about the harbour", True),
        ("where do I mention the harbour?", True),
        ("what did I write about the harbour", True),
        ("where is the harbour?", False),
    ],
)
def test_all_places_may_be_asked_for(question: str, everywhere: bool) -> None:
    assert read_form(question).everywhere is everywhere


def test_words_of_the_form_are_no_subject() -> None:
    assert read_form("list all steps of grafting").words == {"list", "all", "step"}

"""Which side a question asks for, and which a heading or a list takes."""

from __future__ import annotations

import pytest

from indexer.retrieval.sizing.stance import (
    Side,
    asked_opinion,
    is_opinion,
    side_of_label,
    side_of_points,
)
from indexer.store.records import NoteInfo

FOR, AGAINST = Side.FOR, Side.AGAINST


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("what did I not like about the hotel?", {AGAINST}),
        ("what didn't we enjoy?", {AGAINST}),
        ("anything I disliked", {AGAINST}),
        ("how many things are criticised?", {AGAINST}),
        ("list the shortcomings of the printer", {AGAINST}),
        ("what could the museum do better?", {AGAINST}),
        ("what annoyed me on the train", {AGAINST}),
        ("drawbacks of wooden floors", {AGAINST}),
        ("what did not go well?", {AGAINST}),
        ("what did I like about the hotel?", {FOR}),
        ("what was good?", {FOR}),
        ("strengths of the old camera", {FOR}),
        ("advantages of wooden floors", {FOR}),
        ("disadvantages of wooden floors", {AGAINST}),
        ("pros and cons of a tent", {FOR, AGAINST}),
        ("what irritated me on the ferry?", {AGAINST}),
        ("defects of the old camera", {AGAINST}),
        ("where did the museum fall short?", {AGAINST}),
        ("room for improvement at the hotel", {AGAINST}),
        ("the worst things about the tent", {AGAINST}),
        ("what were the best parts of the trip?", {FOR}),
        ("plus points of the tent", {FOR}),
    ],
)
def test_question_asks_for_a_side(question: str, sides: set[Side]) -> None:
    opinion = asked_opinion(question)
    assert opinion is not None and opinion.sides == sides and opinion.sure


@pytest.mark.parametrize(
    "question",
    [
        "what is the weather like in Oslo?",
        "how should you criticise a friend?",
        "better word for chair",
        "negative numbers in the ledger",
        "what are good habits?",
        "which glue holds best?",
        "best route to Oslo",
        "does the guide cover hills?",
    ],
)
def test_other_questions_ask_for_no_side(question: str) -> None:
    assert asked_opinion(question) is None


def test_words_with_another_meaning_are_not_sure() -> None:
    opinion = asked_opinion("which chapters are missing in the guide?")
    assert opinion is not None and opinion.sides == {AGAINST} and not opinion.sure


@pytest.mark.parametrize(
    "question",
    ["what would you change about the museum?", "what should the guide do differently?"],
)
def test_wish_for_a_change_is_perhaps_criticism(question: str) -> None:
    opinion = asked_opinion(question)
    assert opinion is not None and opinion.sides == {AGAINST} and not opinion.sure


def test_subject_of_an_opinion_is_kept() -> None:
    opinion = asked_opinion("what could the museum do better?")
    assert opinion is not None and "museum" in opinion.rest and "better" not in opinion.rest


@pytest.mark.parametrize(
    ("label", "side"),
    [
        ("What could be better", AGAINST),
        ("Cons:", AGAINST),
        ("Drawbacks of wood", AGAINST),
        ("Things I did not like", AGAINST),
        ("Pros:", FOR),
        ("What went well", FOR),
        ("Advantages", FOR),
        ("Pros and cons", None),
        ("Negative numbers", None),
        ("Improving the soil", None),
        ("Evenings", None),
    ],
)
def test_label_takes_a_side(label: str, side: Side | None) -> None:
    assert side_of_label(label) is side


def test_list_takes_the_side_of_most_of_its_points() -> None:
    assert side_of_points(["no lift", "too loud at night", "pool"]) is AGAINST
    assert side_of_points(["great view", "lovely staff", "pool"]) is FOR
    assert side_of_points(["pool", "garden", "two floors"]) is None


def note(title: str, tags: tuple[str, ...] = (), note_id: str = "a.md") -> NoteInfo:
    return NoteInfo(note_id, title, None, tags, (), (), "")


def test_review_is_known_by_title_tag_and_folder() -> None:
    assert is_opinion(note("Review of the hotel"))
    assert is_opinion(note("Hotel review"))
    assert is_opinion(note("Hotel", tags=("review",)))
    assert is_opinion(note("Hotel", note_id="reviews/hotel.md"))
    assert not is_opinion(note("Reviewing code"))
    assert not is_opinion(note("Feedback loops"))

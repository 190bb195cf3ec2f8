"""Points in the form that a question asks for, on hand-made notes."""

from __future__ import annotations

import pytest

from indexer.records import BlockKind, Point
from indexer.retrieval.answer_forms import asks_number, favour_form, has_number
from indexer.store.records import NoteInfo, StoredPoint


def gains(question: str, *texts: str) -> list[float]:
    """Return what each text gains for a question."""
    note = NoteInfo("note.md", "Note", None, (), (), (), "")
    points = {
        i: StoredPoint(i, i, note, Point(text, BlockKind.ITEM, i, i))
        for i, text in enumerate(texts)
    }
    rarity = {"kiln": 3.0, "cone": 2.0, "bisqu": 4.0}
    scores = favour_form(dict.fromkeys(points, 1.0), points, question, rarity)
    return [round(scores[i] - 1.0, 6) for i in points]


@pytest.mark.parametrize(
    "text",
    [
        "A kiln is an oven for pottery.",
        "**Kilns** are ovens.",
        "Kiln: an oven for pottery",
        "kiln - an oven for pottery",
        "The electric kiln means an oven with coils.",
    ],
)
@pytest.mark.parametrize("question", ["what is a kiln?", "What's a kiln", "define kiln"])
def test_definition_gains_if_the_question_asks_what_something_is(question: str, text: str) -> None:
    (gained,) = gains(question, text)
    assert gained > 0.1


@pytest.mark.parametrize(
    "text",
    [
        "Close the lid before the kiln is hot.",  # names it too late
        "A glaze is a thin layer of glass.",  # defines something else
        "Bought a new kiln.",
        "We met. The kiln is an oven.",  # not at the beginning
    ],
)
def test_other_points_are_no_definition(text: str) -> None:
    assert gains("what is a kiln?", text) == [0.0]


def test_definition_counts_by_the_rarity_of_what_it_names() -> None:
    both, rare, common = gains(
        "what is bisque cone?", "A bisque cone is a cone.", "Bisque is clay.", "A cone is a cone."
    )
    assert both > rare > common == 0.0


@pytest.mark.parametrize("text", ["Yes, after ten hours.", "No.", "A: Not yet.", "**It depends:**"])
def test_yes_or_no_gains_if_the_question_asks_for_it(text: str) -> None:
    assert gains("can I open the kiln warm?", text) == [0.2]
    assert gains("how do I open the kiln?", text) == [0.0]


def test_no_before_a_noun_is_no_answer() -> None:
    assert gains("is there a lid?", "No lid was ordered.") == [0.0]


def test_number_gains_if_the_question_asks_how_many() -> None:
    asked = "how many hours does it cool?"
    assert gains(asked, "It cools for 10 hours.", "It cools for ten hours.") == [0.1, 0.1]
    assert gains(asked, "It cools slowly.") == [0.0]
    assert gains("how does it cool?", "It cools for 10 hours.") == [0.0]


@pytest.mark.parametrize(
    "question",
    [
        "At which temperature does a cone bend?",
        "at what temperature",
        "What firing speed is best for thick plates?",
        "Which share of the glaze may be ash?",
        "From what age on may children help?",
        "what size should the kiln be?",
        "What does a bag of clay cost?",
        "what would the kiln weigh?",
    ],
)
def test_question_for_a_quantity_asks_for_a_number(question: str) -> None:
    assert asks_number(question)


@pytest.mark.parametrize(
    "question",
    [
        "What temperature scale do cones use?",  # the quantity is part of a name
        "Which size chart is the new one?",
        "which ages and stages matter?",
        "what is a limit?",
        "What does the course about costs say?",
        "why does the temperature fall?",
    ],
)
def test_other_questions_with_a_quantity_do_not_ask_for_a_number(question: str) -> None:
    assert not asks_number(question)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("It took 46k, and -3.5 % of it was ash.", True),
        ("$531 for two 8TB disks", True),
        ("Once the cone bends, turn it off.", True),
        ("DHT11 in the lid", False),  # the name of a thing
        ("KF-16 from Oxford", False),
        ("see https://pots.example/2019/glaze-7", False),
        ("a kiln", False),
    ],
)
def test_digits_of_names_and_addresses_are_no_numbers(text: str, *, given: bool) -> None:
    assert has_number(text) == given


def test_number_in_a_formula_is_not_how_many() -> None:
    assert gains("how many cones?", r"Cones bend by $\frac{3}{4}$.") == [0.0]
    assert gains("how many cones?", "$n$ is 5 to 20.") == [0.1]


@pytest.mark.parametrize("text", [r"Heat: $q = mc$", r"\frac{a}{b}", "rate = heat / hours"])
def test_formula_gains_if_the_question_asks_for_one(text: str) -> None:
    assert gains("heating formula", text, "by hand") == [0.1, 0.0]
    assert gains("heating", text) == [0.0]


def test_point_that_asks_loses() -> None:
    assert gains("when is the kiln hot?", "When is the kiln hot?", "*Which cone?*") == [-0.1, -0.1]
    assert gains("when is the kiln hot?", "Is it hot? After two hours.") == [0.0]


@pytest.mark.parametrize("text", ["kiln temperature $T$", "The temperature of a kiln", "**kilns**"])
def test_point_that_only_names_the_subject_loses(text: str) -> None:
    assert gains("how do I choose a kiln temperature?", text) == [-0.2]
    assert gains("kiln temperature", text) == [0.0]


@pytest.mark.parametrize("text", ["kiln temperatures:", "kiln temperature: 900", "$T$", "a cone"])
def test_other_short_points_do_not_lose(text: str) -> None:
    assert gains("how do I choose a kiln temperature?", text) == [0.0]


def test_answer_gains_under_a_heading_that_asks_the_question() -> None:
    note = NoteInfo("note.md", "Note", None, (), (), (), "")
    headings = (("Glazing", "Why does the kiln smoke?"), ("Kiln smoke",), ("Why does it crack?",))
    points = {
        i: StoredPoint(i, i, note, Point("Paper burns off.", BlockKind.PARAGRAPH, i, i, path))
        for i, path in enumerate(headings)
    }
    rarity = {"kiln": 3.0, "smoke": 3.0, "paper": 6.0}
    asked = "is it normal for a kiln to smoke?"
    assert favour_form(dict.fromkeys(points, 1.0), points, asked, rarity) == {0: 1.4, 1: 1, 2: 1}
    asked = "paper smoke"  # a third of it by rarity
    gained = favour_form(dict.fromkeys(points, 1.0), points, asked, rarity)[0] - 1
    assert gained == pytest.approx(0.4 / 3)


def test_question_without_a_form_changes_nothing() -> None:
    assert gains("kiln temperature", "A kiln is hot.", "Yes, at 10.") == [0.0, 0.0]


def test_subject_without_a_term_changes_nothing() -> None:
    assert gains("what is the meaning of it?", "A kiln is hot.") == [0.0]

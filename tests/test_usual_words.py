"""Parts that notes name in other words: by signs, tables, usual labels and opposites."""

from __future__ import annotations

import pytest
from conftest import OpenNotebook, WriteNotes
from test_asked_parts import texts

from indexer.notebook import Notebook
from indexer.records import UnitKind
from indexer.retrieval.sizing.note_names import content_terms
from indexer.retrieval.sizing.opposites import is_opposite
from indexer.retrieval.sizing.stance import Side, judging_word, side_of_label, side_of_sign

FOR, AGAINST = Side.FOR, Side.AGAINST
NOTES = {
    "ferry.md": """# Looking back at the ferry

- \u2705 wide deck
- \u2705 warm soup
- \u274c no charger
- \u2705 on time
- \u274c hard seats
""",
    "tram.md": """# The tram card

| + | - |
|---|---|
| valid at night | no bicycles |
| transferable | plastic |

Sold at the kiosk.
""",
    "boats.md": """# Wooden boat or rubber boat

Good about the rubber boat:

- fits into a bag
- quick to pump up

Bad about the rubber boat:

- slow
- punctures

## The old harbour against the new harbour

Bad about the new harbour:

- far from the shops
- no shade
""",
    "stew.md": """# Bean stew

**You need**

- beans
- leeks

**Directions**

1. Soak the beans.
2. Simmer with the leeks.

## When it goes wrong

- hard beans: soak longer
- thin: mash some beans
""",
    "club.md": """# Chess club 3 March

Present: Ada, Bo

## Resolutions

- buy two clocks
- play on Fridays

## To do

- [ ] Ada: clocks
- [ ] Bo: keys
""",
    "policies.md": """# Leave policies

## Holiday

- thirty days

## Illness

- call by nine
""",
}


@pytest.fixture
def notebook(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Notebook:
    made = open_notebook(write_notes(NOTES))
    made.build()
    return made


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("what did I like about the ferry?", ["wide deck", "warm soup", "on time"]),
        ("weaknesses of the ferry", ["no charger", "hard seats"]),
    ],
)
def test_signs_before_points_take_a_side(
    notebook: Notebook, question: str, found: list[str]
) -> None:
    assert [text[2:] for text in texts(notebook.search(question))] == found


def test_ticks_alone_are_done_tasks(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    text = "# The ferry\n\n- \u2705 ticket bought\n- \u2705 cabin booked\n- cat to the neighbour\n"
    notebook = open_notebook(write_notes({"ferry.md": text}))
    notebook.build()
    assert texts(notebook.search("what did I like about the ferry?")) != [
        "\u2705 ticket bought",
        "\u2705 cabin booked",
    ]


def test_table_with_columns_for_both_sides_is_one_list(notebook: Notebook) -> None:
    found = texts(notebook.search("pros and cons of the tram card"))
    assert len(found) == 2 and "valid at night" in found[0] and "plastic" in found[1]


def test_lists_good_and_bad_about_a_thing(notebook: Notebook) -> None:
    assert texts(notebook.search("advantages of the rubber boat"))[1:] == [
        "fits into a bag",
        "quick to pump up",
    ]
    assert texts(notebook.search("drawbacks of the rubber boat"))[1:] == ["slow", "punctures"]


def test_list_about_the_opposite_is_not_the_answer(notebook: Notebook) -> None:
    new = notebook.search("disadvantages of the new harbour")
    assert texts(new)[1:] == ["far from the shops", "no shade"] and new.answered
    assert not notebook.search("disadvantages of the old harbour").answered


def test_opposites_contradict_unless_both_are_said() -> None:
    label = content_terms("Bad about the new harbour")
    assert is_opposite(label, content_terms("the old harbour"))
    assert not is_opposite(label, content_terms("the new harbour"))
    assert not is_opposite(label, content_terms("old and new harbours"))
    assert not is_opposite(label, content_terms("the harbour"))


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("ingredients for the bean stew", ["beans", "leeks"]),
        ("shopping list for bean stew", ["beans", "leeks"]),
        ("how do I cook bean stew?", ["Soak the beans.", "Simmer with the leeks."]),
        ("problems with the bean stew", ["hard beans: soak longer", "thin: mash some beans"]),
        ("what was decided at the chess club?", ["buy two clocks", "play on Fridays"]),
        ("tasks of the chess club", ["Ada: clocks", "Bo: keys"]),
    ],
)
def test_list_is_found_by_a_usual_label(
    notebook: Notebook, question: str, found: list[str]
) -> None:
    answer = notebook.search(question)
    assert texts(answer) == found and answer.answered


def test_usual_label_in_the_note_of_something_else_is_not_the_answer(notebook: Notebook) -> None:
    assert texts(notebook.search("ingredients for the carrot cake")) != ["beans", "leeks"]


def test_name_of_a_note_as_the_whole_question_shows_the_note(notebook: Notebook) -> None:
    answer = notebook.search("leave policies")
    assert answer.units[0].kind is UnitKind.NOTE and texts(answer)[-1] == "call by nine"


@pytest.mark.parametrize(
    ("label", "side"),
    [
        ("+", FOR),
        ("\u2796", AGAINST),
        ("\U0001f44d", FOR),
        ("\U0001f44e Bad", AGAINST),
        ("Good about the boat:", FOR),
        ("What annoyed me", AGAINST),
        ("Pro", FOR),
        ("Contra", AGAINST),
        ("+3 degrees", None),
    ],
)
def test_label_of_a_sign_or_a_word_takes_a_side(label: str, side: Side | None) -> None:
    assert side_of_label(label) is side


def test_sign_is_read_before_a_blank() -> None:
    assert side_of_sign("(+) wide deck") is FOR
    assert side_of_sign("- no charger") is AGAINST
    assert side_of_sign("-5 degrees") is None


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("what did I find repetitive?", "repetitive"),
        ("which part did I find too long about the film?", "long"),
        ("what was confusing about the map?", "confusing"),
        ("what is the capital of Peru?", None),
        ("was anything too loud?", "loud"),
    ],
)
def test_word_that_asks_for_an_impression(question: str, word: str | None) -> None:
    place = judging_word(question)
    assert (question[slice(*place)] if place else None) == word


@pytest.mark.parametrize(
    "question",
    [
        "what do my notes say about clocks?",
        "what do I know about clocks?",
        "all points about clocks",
        "which notes mention clocks?",
        "what happened with the clocks?",
    ],
)
def test_more_questions_ask_for_all_places(notebook: Notebook, question: str) -> None:
    assert set(texts(notebook.search(question))) >= {"buy two clocks", "Ada: clocks"}


def test_heading_says_the_subject_of_its_points(notebook: Notebook) -> None:
    assert "thirty days" in texts(notebook.search("what do my notes say about holiday?"))


def test_minutes_are_the_note_of_a_meeting(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = "# Chess meeting 3 March\n\nPresent: Ada\n\n- two clocks\n- keys\n"
    notebook = open_notebook(write_notes({"a.md": text, "b.md": text.replace("3 March", "9 May")}))
    notebook.build()
    answer = notebook.search("minutes of the meeting on 9 May")
    assert answer.answered and answer.units[0].places[0].note_id == "b.md"
    assert answer.units[0].kind is UnitKind.NOTE


def test_word_in_passing_is_not_what_a_note_sums_up(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    lines = "".join(f"- lesson {i} on rivers\n" for i in range(12))
    notebook = open_notebook(
        write_notes({"course.md": f"# The river course\n\n{lines}- no Python at all\n"})
    )
    notebook.build()
    assert notebook.search("summary of the river course").answered
    assert not notebook.search("summary of the Python course").answered

"""Parts of notes that a question asks for by name, kind, side or links."""

from __future__ import annotations

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.notebook import Notebook
from indexer.records import Answer, UnitKind
from indexer.retrieval.sizing.naming import in_digits, share_named
from indexer.retrieval.sizing.note_names import content_terms

NOTES = {
    "hotel.md": """---
title: "Review of the Grand Hotel"
tags: [review, travel]
aliases: [Seaside stay]
---
Four days by the sea: well worth the journey.

# What could be better

- no lift to the third floor
- the breakfast room is too small
- music until midnight
- towels were never changed

The places of the trip:

- [Harbour](harbour.md)
- [Lighthouse](lighthouse.md)
- [Market](market.md)
""",
    "harbour.md": """---
title: "Stop 1: Harbour"
---
I walked along the quay; what I think of the house is in the [review](hotel.md).

## Day 1: Arrival

### Boats

- nine sailing boats
- two ferries

## Day 2: Fish

### Morning

- the auction starts at five
- herring and cod

### Evening

- chowder at the pier
""",
    "lighthouse.md": """---
title: "Stop 2: Lighthouse"
---
Built of granite.

## Ways up

### Stairs

Pros:
- healthy
- good view from each landing

Cons:
- takes twenty minutes
- narrow

## Repairs

- new lamp in 1998
- the door was painted
""",
    "market.md": '---\ntitle: "Stop 3: Market"\n---\nOpen on Fridays.\n\n- cheese\n- honey\n',
}
BETTER = [
    "no lift to the third floor",
    "the breakfast room is too small",
    "music until midnight",
    "towels were never changed",
]


@pytest.fixture
def notebook(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Notebook:
    made = open_notebook(write_notes(NOTES))
    made.build()
    return made


def texts(answer: Answer) -> list[str]:
    return [point.text for point in answer.units[0].points]


@pytest.mark.parametrize(
    "question",
    [
        "what did I not like?",
        "what did I not like about the Grand Hotel?",
        "critique points of the hotel",
        "how many things are criticised?",
        "what could be better?",
        "what bothered me?",
        "weaknesses of the hotel",
        "my main objections",
        "what was missing at the hotel?",
    ],
)
def test_list_that_speaks_against_is_found_by_its_heading(
    notebook: Notebook, question: str
) -> None:
    answer = notebook.search(question)
    assert texts(answer) == BETTER and answer.answered
    assert all(point.matched for point in answer.units[0].points)


def test_longer_list_of_links_below_is_not_the_opinion(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    links = "".join(f"- [Market {i}](market.md)\n" for i in range(9))
    notebook = open_notebook(write_notes(NOTES | {"hotel.md": NOTES["hotel.md"] + links}))
    notebook.build()
    assert texts(notebook.search("what did I not like?")) == BETTER


def test_list_that_fills_its_section_keeps_the_items_above_longer_ones(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (
        "# Review of the tent\n\n## Liked\n\n- light\n- green\n\n## Disliked\n\n- leaks\n"
        "- the poles\n  - one bent\n  - one broke\n"
    )
    notebook = open_notebook(write_notes({"tent.md": text}))
    notebook.build()
    found = texts(notebook.search("what did I dislike about the tent?"))
    assert found == ["leaks", "the poles", "one bent", "one broke"]


def test_praise_of_a_review_is_found_and_its_criticism_is_not(notebook: Notebook) -> None:
    answer = notebook.search("what did I like about the Grand Hotel?")
    assert texts(answer) == ["Four days by the sea: well worth the journey."]


def test_criticism_does_not_answer_what_was_good(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = NOTES["hotel.md"].replace("well worth the journey", "from Monday on")
    notebook = open_notebook(write_notes({"hotel.md": text}))
    notebook.build()
    assert not notebook.search("what did I like about the Grand Hotel?").answered


def test_opinion_on_something_else_is_not_this_one(notebook: Notebook) -> None:
    answer = notebook.search("what did I not like about the airline?")
    assert texts(answer) != BETTER or not answer.answered


def test_both_sides_make_one_unit(notebook: Notebook) -> None:
    answer = notebook.search("pros and cons of the stairs of the lighthouse")
    assert texts(notebook.search("pros and cons")) == texts(answer)
    assert texts(answer)[0] == "Pros:" and "narrow" in texts(answer)
    assert len(answer.units[0].places) == 2


def test_one_side_of_a_subject_is_that_side(notebook: Notebook) -> None:
    assert texts(notebook.search("cons of the lighthouse")) == [
        "Cons:",
        "takes twenty minutes",
        "narrow",
    ]


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("notes on day 2 of the harbour", "Day 2: Fish", "chowder at the pier"),
        ("the second day at the harbour", "Day 2: Fish", "chowder at the pier"),
        ("summary of the review", "Four days by the sea: well worth the journey.", "Market"),
        ("notes on the seaside stay", "Four days by the sea: well worth the journey.", "Market"),
        ("my notes on the market", "Open on Fridays.", "honey"),
        ("overview of the repairs of the lighthouse", "new lamp in 1998", "the door was painted"),
    ],
)
def test_note_and_section_are_found_by_name(
    notebook: Notebook, question: str, first: str, last: str
) -> None:
    answer = notebook.search(question)
    assert (texts(answer)[0], texts(answer)[-1]) == (first, last)
    assert answer.answered


def test_day_that_is_not_there_is_not_answered(notebook: Notebook) -> None:
    assert not notebook.search("my notes on day 4 of the harbour").answered
    assert not notebook.search("my notes on the fourth day of the harbour").answered


@pytest.mark.parametrize(
    "question",
    ["which notes go with the review?", "links of the review", "notes of the three places"],
)
def test_list_of_links_answers_with_its_links(notebook: Notebook, question: str) -> None:
    answer = notebook.search(question)
    assert texts(answer)[-3:] == ["Harbour", "Lighthouse", "Market"]
    targets = [link.target for hit in answer.hits[:3] for link in hit.links]
    assert targets == ["harbour.md", "lighthouse.md", "market.md"]


def test_notes_that_link_to_a_note_are_one_unit(notebook: Notebook) -> None:
    answer = notebook.search("which notes link to the review?")
    assert {place.note_id for place in answer.units[0].places} == {"harbour.md"}


def test_headings_can_be_listed(notebook: Notebook) -> None:
    answer = notebook.search("list the days of the harbour")
    assert texts(answer) == ["Day 1: Arrival", "Day 2: Fish"]


def test_question_may_ask_about_one_note(notebook: Notebook) -> None:
    answer = notebook.search("what does the review say about breakfast?")
    assert {place.note_id for place in answer.units[0].places} == {"hotel.md"}
    assert "the breakfast room is too small" in texts(answer)


def test_whole_opinion_is_the_review(notebook: Notebook) -> None:
    answer = notebook.search("what did I think of the hotel?")
    assert answer.units[0].kind is UnitKind.NOTE and answer.units[0].note_id == "hotel.md"


@pytest.mark.parametrize(
    "question",
    ["how was the hotel?", "would I recommend the hotel?", "was the hotel worth it?"],
)
def test_question_for_a_verdict_is_answered_by_the_review(
    notebook: Notebook, question: str
) -> None:
    answer = notebook.search(question)
    assert answer.units[0].kind is UnitKind.NOTE and answer.units[0].note_id == "hotel.md"


def test_owner_of_a_hotel_is_criticised_in_its_review_and_a_teacher_is_not(
    notebook: Notebook,
) -> None:
    assert texts(notebook.search("what could the owner do better?")) == BETTER
    assert not notebook.search("what could the teacher do better?").answered


def test_both_sides_of_a_review_are_its_praise_and_its_criticism(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(write_notes({"hotel.md": NOTES["hotel.md"]}))
    notebook.build()
    answer = notebook.search("likes and dislikes about the Grand Hotel")
    assert texts(answer) == ["Four days by the sea: well worth the journey.", *BETTER]


def test_links_about_a_part_of_a_note_are_those_of_the_note(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (
        "# Goats\n\n- they climb\n\n## Resources\n\n- [Milking goats](https://a.example)\n"
        "- [Fences](https://b.example)\n"
    )
    notebook = open_notebook(write_notes({"goats.md": text, "harbour.md": NOTES["harbour.md"]}))
    notebook.build()
    for question in ("links about milking goats", "further reading on goats"):
        assert texts(notebook.search(question)) == ["Milking goats", "Fences"]


@pytest.mark.parametrize(
    "question",
    ["what did the hotel cost?", "list of the receipts of the hotel", "itinerary of the harbour"],
)
def test_price_or_list_that_is_not_there_is_not_answered(notebook: Notebook, question: str) -> None:
    assert not notebook.search(question).answered


def test_one_side_alone_is_no_pros_and_cons(notebook: Notebook) -> None:
    answer = notebook.search("pros and cons of the Grand Hotel")
    assert texts(answer) != BETTER


def test_pros_and_cons_of_something_else_are_not_answered(notebook: Notebook) -> None:
    assert not notebook.search("pros and cons of gas heating").answered


def test_what_follows_a_named_part_is_folded(notebook: Notebook) -> None:
    answer = notebook.search("what did I not like?")
    assert len(answer.units) > 1 and all(unit.weaker for unit in answer.units[1:])


def test_number_that_belongs_to_another_word_is_not_mixed_up(notebook: Notebook) -> None:
    answer = notebook.search("notes on day 2 of stop 1")
    assert texts(answer)[0] == "Day 2: Fish"
    assert not notebook.search("notes on day 1 of stop 2").answered


def test_named_section_answers_what_it_is_about(notebook: Notebook) -> None:
    answer = notebook.search("what is day 1 of the harbour about?")
    assert texts(answer)[0] == "Day 1: Arrival"


def test_points_of_a_review_answer_what_was_bad_about_a_part(notebook: Notebook) -> None:
    answer = notebook.search("what did I criticise about the breakfast and the lift?")
    assert texts(answer) == ["no lift to the third floor", "the breakfast room is too small"]
    assert answer.answered


def test_without_a_review_nothing_says_what_was_not_liked(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(write_notes({"lighthouse.md": NOTES["lighthouse.md"]}))
    notebook.build()
    assert not notebook.search("what did I not like?").answered


@pytest.mark.parametrize(
    "question", ["what's in the review?", "the gist of the review", "what does the review say?"]
)
def test_gist_of_a_note_is_the_note(notebook: Notebook, question: str) -> None:
    answer = notebook.search(question)
    assert answer.units[0].kind is UnitKind.NOTE and answer.units[0].note_id == "hotel.md"


def test_aliases_and_file_names_help_to_name_a_section(notebook: Notebook) -> None:
    answer = notebook.search("overview of what could be better at the seaside stay")
    assert texts(answer)[:4] == BETTER


def test_points_alone_stay_points(notebook: Notebook) -> None:
    answer = notebook.search("what did I not like?", points=True)
    assert all(unit.kind is UnitKind.POINT for unit in answer.units)


def test_filter_keeps_other_notes_out(notebook: Notebook) -> None:
    from indexer.records import NoteFilter

    answer = notebook.search("what did I not like?", where=NoteFilter(notes=("harbour.md",)))
    assert {hit.note_id for hit in answer.hits} == {"harbour.md"}


def test_ordinals_and_numbers_in_words_are_digits() -> None:
    assert in_digits("the second week and lecture three") == "the week 2 and lecture 3"
    assert in_digits("first aid for two") == "first aid for two"


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("2nd week of pottery", "week 2 of pottery"),
        ("week number three", "week 3"),
        ("week #3", "week 3"),
        ("wk 3 and ch. 12", "week 3 and chapter 12"),
        ("a 3rd party and 21st century", "a 3rd party and 21st century"),
    ],
)
def test_numbers_of_parts_are_read_in_every_spelling(question: str, read: str) -> None:
    assert in_digits(question) == read


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("repairs of the lighthouse", "new lamp in 1998", "the door was painted"),
        ("important facts on repairs: lighthouse", "new lamp in 1998", "the door was painted"),
        ("boats in the harbour", "nine sailing boats", "two ferries"),
    ],
)
def test_container_is_found_by_its_whole_name(
    notebook: Notebook, question: str, first: str, last: str
) -> None:
    answer = notebook.search(question)
    assert (texts(answer)[0], texts(answer)[-1]) == (first, last)


DAYS = {
    f"{day}.md": f"# {day}\n\n## Dreams\n\n- {what}\n- of the sea\n\n## Meals\n\n- soup\n- rice\n"
    for day, what in (("Monday", "a train"), ("Tuesday", "a bear"), ("Friday", "a kite"))
}


def test_all_sections_with_a_heading_are_one_unit(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(write_notes(DAYS))
    notebook.build()
    places = notebook.search("all my dreams").units[0].places
    assert [place.note_id for place in places] == ["Friday.md", "Monday.md", "Tuesday.md"]
    assert all(place.points[1].text == "of the sea" for place in places)


def test_list_is_found_by_a_lead_in_that_says_the_question(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (
        "# Bees\n\n## Winter\n\n- they cluster\n\nThe tools that you need to open a hive are:\n\n"
        "- smoker\n- lever\n\nThey live on honey.\n\nIt is cold.\n"
    )
    notebook = open_notebook(write_notes({"bees.md": text}))
    notebook.build()
    found = texts(notebook.search("list of tools to open a hive"))
    assert found == ["The tools that you need to open a hive are:", "smoker", "lever"]


def test_function_words_of_other_languages_name_nothing(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (
        "# Fahrrad\n\n## \U0001f527 Was ist die Kette\n\n- treibt das Rad an\n- braucht Fett\n\n"
        "## Der Sattel\n\n- aus Leder\n"
    )
    notebook = open_notebook(write_notes({"fahrrad.md": text}))
    notebook.build()
    for question in ("die Kette von dem Fahrrad", "was ist die Kette?"):
        assert "braucht Fett" in texts(notebook.search(question))


def test_conditions_and_steps_are_found_by_the_heading_above_them(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (
        "# Bread\n\n## Sourdough\n\nIt is old.\n\nIt makes sense when:\n\n- time is plenty\n"
        "- the kitchen is warm\n\n## Kneading\n\nBy hand, on wood.\n\n1. fold\n2. turn\n3. rest\n\n"
        "Flour helps.\n"
    )
    notebook = open_notebook(write_notes({"bread.md": text}))
    notebook.build()
    found = texts(notebook.search("when does sourdough make sense?"))
    assert found[-2:] == ["time is plenty", "the kitchen is warm"] and len(found) == 3
    assert texts(notebook.search("steps of kneading bread")) == ["fold", "turn", "rest"]


def test_container_of_another_note_has_another_name(notebook: Notebook) -> None:
    answer = notebook.search("repairs of the harbour")
    assert texts(answer) != ["new lamp in 1998", "the door was painted"]


def test_kind_that_another_heading_has_is_part_of_the_name(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (
        "# Glue\n\n## Drying\n\n- takes a day\n- needs warm air\n\n"
        "## Rules for drying\n\n- keep the window shut\n- press the edges\n"
    )
    notebook = open_notebook(write_notes({"glue.md": text}))
    notebook.build()
    assert "press the edges" in texts(notebook.search("rules for drying the glue"))


def test_numbered_name_of_a_section_is_its_whole_name() -> None:
    labels = ("Stop 1: Harbour", "Day 2: Fish")
    assert share_named(labels, content_terms("day 2 harbour")) == 1.0
    assert share_named(labels, content_terms("day 1 harbour")) == 0.0


ASKED = [
    "what did I not like?",
    "what was good and what was bad about the hotel?",
    "summary of the review",
    "notes on day 2 of the harbour",
    "which notes go with the review?",
    "which notes link to the harbour?",
    "list the days of the harbour",
    "what does the review say about breakfast?",
    "Lighthouse",
]


@pytest.mark.parametrize("note_id", NOTES)
@pytest.mark.parametrize("left", ["", "---\ntitle: Gone\n---\n", None])
def test_note_changed_since_the_build_is_not_shown_and_stops_nothing(
    notebook: Notebook, note_id: str, left: str | None
) -> None:
    path = notebook.folder.root / note_id
    gone = {hit.text for hit in notebook.search("the", 100).hits if hit.note_id == note_id}
    if left is None:
        path.unlink()
    else:
        path.write_text(left, encoding="utf-8")
    for question in ASKED:
        shown = notebook.search(question, 10)
        assert not gone & set(texts(shown)), question

"""Units that cannot be the answer although their words are near."""

from __future__ import annotations

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.records import UnitKind
from indexer.retrieval.sizing.doubts import is_doubtful, listed_words
from indexer.retrieval.sizing.units import Outline, Span

NOTE = "# Sailing\n\n## Lesson 1\n\n- knots\n- sails\n\n## Lesson 2\n\n- wind\n- buoys\n"


@pytest.fixture
def outline(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Outline:
    notebook = open_notebook(write_notes({"sailing.md": NOTE}))
    notebook.build()
    points = notebook.points_of("sailing.md")
    return Outline(points[0].note, points)


SECTION = Span(UnitKind.SECTION, 0, 1)


@pytest.mark.parametrize(
    ("question", "doubtful"),
    [
        ("my notes on lesson 2", False),
        ("my notes on lesson 7", True),
        ("the 7 knots", False),
        ("harbour 7", False),
    ],
)
def test_number_that_a_note_does_not_count_up_to(
    outline: Outline, question: str, doubtful: bool
) -> None:
    assert is_doubtful(question, [outline], SECTION) is doubtful


def test_properties_alone_answer_what_they_say(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = "---\ntitle: Oslo trip\nhotel: Grand Hotel\nrooms: two\n---\n"
    notebook = open_notebook(write_notes({"trip.md": text}))
    notebook.build()
    points = notebook.points_of("trip.md")
    outline, span = Outline(points[0].note, points), Span(UnitKind.POINT, 0, 0)
    assert not is_doubtful("the hotel of the Oslo trip", [outline], span)
    assert is_doubtful("itinerary of the Oslo trip", [outline], span)
    assert not is_doubtful("who booked the Oslo trip?", [outline], span)


def test_summary_is_no_single_point(outline: Outline) -> None:
    assert is_doubtful("summary of knots", [outline], Span(UnitKind.POINT, 0, 0))
    assert not is_doubtful("summary of lesson 1", [outline], SECTION)
    assert not is_doubtful("which knots?", [outline], Span(UnitKind.POINT, 0, 0))


@pytest.mark.parametrize(
    ("question", "doubtful"),
    [
        ("what did the lesson cost?", True),
        ("how much is the lesson?", True),
        ("how long did the lesson take?", True),
        ("how many sails are there?", False),
        ("why does the cost curve fall?", False),
    ],
)
def test_price_or_time_needs_a_number_or_a_word_for_it(
    write_notes: WriteNotes, open_notebook: OpenNotebook, question: str, doubtful: bool
) -> None:
    lines = {True: "- knots\n- sails\n", False: "- knots in 2 hours, 30 euros\n- sails\n"}
    for bare, text in lines.items():
        notebook = open_notebook(write_notes({"sailing.md": "# Sailing\n\n## Lesson\n\n" + text}))
        notebook.build()
        points = notebook.points_of("sailing.md")
        lesson = Outline(points[0].note, points)
        span = Span(UnitKind.LIST, 0, len(points) - 1)
        assert is_doubtful(question, [lesson], span) is (doubtful and bare)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("list of quiz questions for week 3", "quiz questions"),
        ("list the knots", "knots"),
        ("agenda of the meeting", "agenda"),
        ("what about the sails?", "sails"),
        ("which knots are there?", ""),
        ("a listed house", ""),
    ],
)
def test_words_for_what_is_to_be_listed(question: str, words: str) -> None:
    assert " ".join(question[start:end] for start, end in listed_words(question)) == words

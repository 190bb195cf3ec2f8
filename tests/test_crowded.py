"""In a note of thousands of short points, neighbours share a vector; other notes are unchanged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import OpenNotebook

from indexer import Notebook
from indexer.encoding.pieces import limit_pieces, pack_pieces, unpack_pieces
from indexer.indexing.crowded import Encodable, texts_to_encode
from indexer.notes.note import parse_note
from indexer.notes.points import context_of
from indexer.records import Note
from tests.fakes import FakeEncoder

DIMENSION = 384


def note_of(text: str) -> Note:
    encoder = FakeEncoder()
    return parse_note(text.encode(), "a.md", window=64, count_tokens=encoder.count_tokens)


def encodable(text: str) -> list[Encodable]:
    return texts_to_encode(note_of(text), DIMENSION, FakeEncoder().count_pieces)


def own(text: str) -> list[Encodable]:
    note = note_of(text)
    return [Encodable(context_of(note.title, point), point.text) for point in note.points]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"- word{i}\n" for i in range(100)),
        "".join(
            f"- a list of the books I read, number {i}, with a line each\n" for i in range(900)
        ),
        "".join(f"- {'one sentence of a long note ' * 5} {i}\n" for i in range(3_000)),
        "".join("- yes\n- no\n" for _ in range(3_000)),
    ],
    ids=["a hundred words", "nine hundred books", "a very long note", "equal items"],
)
def test_points_of_notes_that_people_write_are_encoded_as_they_are(text: str) -> None:
    assert encodable(text) == own(text)


@pytest.mark.parametrize("headings", ["# one\n\n", ""], ids=["below a heading", "without"])
def test_neighbours_that_share_a_text_are_in_it(headings: str) -> None:
    text = headings + "".join(f"- word{i}\n" for i in range(5_000)) + "\n# two\n\n- last\n"
    points, found = note_of(text).points, encodable(text)
    assert len(found) == len(points)
    for point, one in zip(points, found, strict=True):
        assert point.text in one.text.split("\n")
        assert one.text.count("\n") < 600
    assert 50 < len(set(found)) < 2_000
    assert found[-1].context != found[0].context and found[-1].text == "last"


def test_word_pieces_are_counted_only_in_notes_of_many_points() -> None:
    def never(texts: object) -> list[int]:
        raise AssertionError("counted")

    short = "".join(f"- a list of books, number {i}\n" for i in range(100))
    assert texts_to_encode(note_of(short), DIMENSION, never)


def test_word_pieces_are_limited_and_the_own_come_first() -> None:
    draw = np.random.default_rng(1)
    states = draw.standard_normal((9, 16)).astype(np.float32)
    packed = pack_pieces(states[:4], states[4:])
    assert limit_pieces(packed, None, 16) == limit_pieces(packed, 9, 16) == packed
    bits, mine, above = unpack_pieces([limit_pieces(packed, 6, 16)], 16)
    every, _, _ = unpack_pieces([packed], 16)
    assert (mine, above) == ([4], [2])
    assert np.array_equal(bits, every[[0, 1, 2, 3, 7, 8]])
    assert unpack_pieces([limit_pieces(packed, 3, 16)], 16)[1:] == ([3], [0])


def keys_of(notebook: Notebook) -> list[tuple[str, bytes]]:
    with notebook._open_store().view() as view:
        points = view.points_of("a.md")
        keys = view.vector_keys([one.point_id for one in points])
        return [(one.point.text, keys[one.point_id]) for one in points]


def test_edits_leave_what_a_clean_build_makes(tmp_path: Path, open_notebook: OpenNotebook) -> None:
    """A note grows until its points share vectors, changes in the middle, and shrinks again."""
    notes = tmp_path / "notes"
    notes.mkdir()
    lines = [f"- word{i}\n" for i in range(2_500)]
    middle = [*lines[:1_000], "- another\n", *lines[1_001:]]
    states = [lines[:80], lines, middle, lines[1_200:1_290]]
    edited = open_notebook(notes, store=str(tmp_path / "edited"))
    for number, state in enumerate(states):
        (notes / "a.md").write_text("".join(state))
        edited.build()
        clean = open_notebook(notes, store=str(tmp_path / f"clean{number}"))
        clean.build()
        assert keys_of(edited) == keys_of(clean)
    assert len({key for _, key in keys_of(edited)}) == 90


def test_each_point_is_found_by_its_words(tmp_path: Path, open_notebook: OpenNotebook) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("".join(f"- word{i}\n" for i in range(3_000)))
    notebook = open_notebook(notes)
    notebook.build()
    assert len({key for _, key in keys_of(notebook)}) < 1_000
    for number in (7, 1_234, 2_999):
        hit = notebook.search(f"word{number}").hits[0]
        assert (hit.text, hit.line_start) == (f"word{number}", number + 1)

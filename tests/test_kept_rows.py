"""Rows that questions share are read once per generation."""

from __future__ import annotations

from conftest import OpenNotebook, WriteNotes

from indexer.store.embedded import kept_rows
from indexer.store.embedded.kept_rows import KeptRows


def test_each_row_is_read_once() -> None:
    rows, read = KeptRows(), list[list[int]]()

    def pieces(ids: list[int]) -> dict[int, bytes]:
        read.append(ids)
        return {i: bytes([i]) for i in ids if i != 9}

    assert rows.pieces([1, 2], pieces) == {1: b"\x01", 2: b"\x02"}
    assert rows.pieces([2, 3, 9], pieces) == {2: b"\x02", 3: b"\x03"}
    assert rows.pieces([3, 1], pieces) == {3: b"\x03", 1: b"\x01"}
    assert read == [[1, 2], [3, 9]]


def test_a_full_memory_starts_again() -> None:
    rows = KeptRows()
    many = range(kept_rows._MOST_PIECES)
    assert len(rows.pieces(many, lambda ids: dict.fromkeys(ids, b"x"))) == len(many)
    assert rows.pieces([-1, 0], lambda ids: dict.fromkeys(ids, b"y")) == {-1: b"y", 0: b"x"}
    assert rows.pieces([5], lambda ids: dict.fromkeys(ids, b"z")) == {5: b"z"}


def test_changed_note_is_read_again(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes({"a.md": "# Rivers\n\n- the Thames is brown\n- the Rhine is long\n"})
    notebook = open_notebook(folder)
    notebook.build()
    for _ in range(2):
        assert notebook.search("Thames").hits[0].text == "the Thames is brown"
    (folder / "a.md").write_text("# Rivers\n\n- the Thames is clean\n- the Rhine is long\n")
    notebook.build()
    assert notebook.search("Thames").hits[0].text == "the Thames is clean"
    assert notebook.search("Rhine").hits[0].text == "the Rhine is long"

"""A saved note that is not indexed: the question indexes it, or reports it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from conftest import OpenNotebook, WriteNotes

from indexer.indexing.catch_up import Saved


def test_question_of_the_terminal_finds_a_note_saved_just_now(
    open_notebook: OpenNotebook, write_notes: WriteNotes, run_cli
) -> None:
    folder = write_notes({"a.md": "- the old roof\n", "b.md": "- words\n"})
    notebook = open_notebook(folder)
    notebook.build()
    Path(folder, "a.md").write_text("- the new chimney\n")
    Path(folder, "c.md").write_text("- a chimney sweep\n")
    where = ["--notes", str(folder), "--store", notebook.settings.store]
    _, out, err = run_cli("query", "chimney", "--points", *where)
    assert "the new chimney" in out
    assert "a chimney sweep" in out
    assert err == ""
    assert notebook.header().generation == 2


def test_words_of_a_deleted_note_are_in_no_row_after_the_next_build(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    folder = write_notes({"a.md": "- quincunx\n", "b.md": "- words\n"})
    notebook = open_notebook(folder)
    notebook.build()
    Path(folder, "a.md").unlink()
    assert notebook.catch_up() == ""
    assert notebook.search("quincunx", points=True).hits[:1] != ()
    store = Path(notebook.settings.store)
    if store.is_dir():
        with contextlib.closing(sqlite3.connect(next(store.glob("index-*.db")))) as connection:
            assert "quincunx" not in "\n".join(connection.iterdump())


def test_many_changes_are_said_and_not_indexed(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    folder = write_notes({f"{i}.md": f"- number {i}\n" for i in range(9)})
    notebook = open_notebook(folder)
    notebook.build()
    for i in range(6):
        Path(folder, f"{i}.md").write_text(f"- another {i}\n")
    said = "6 notes were saved or removed since the index was built: run `notepoint build`"
    assert notebook.catch_up() == said
    assert notebook.header().generation == 1


def test_same_content_written_again_is_nothing_new(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    folder = write_notes({"a.md": "- words\n"})
    notebook = open_notebook(folder)
    notebook.build()
    Path(folder, "a.md").write_text("- words\n")
    assert notebook.catch_up() == ""
    assert notebook.header().generation == 1


def test_long_note_is_not_waited_for() -> None:
    assert Saved(1, 2_000).is_quick(1_000)
    assert not Saved(1, 200_000).is_quick(1_000)
    assert not Saved(1, 2_000).is_quick(1_000_000)
    assert not Saved()


def test_without_an_index_nothing_is_said(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    assert open_notebook(write_notes({"a.md": "- words\n"})).catch_up() == ""

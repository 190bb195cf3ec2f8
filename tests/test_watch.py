"""The index follows the notes by itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles
from conftest import OpenNotebook, WriteNotes
from patience import PATIENCE_S
from watchfiles.main import FileChange

import indexer.indexing.watch
from indexer.errors import IndexerError
from indexer.indexing.watch import watch
from indexer.notebook import Notebook
from indexer.records import BuildReport

WAIT_S = PATIENCE_S


class Watched:
    """A watched notebook: its reports and failures in order."""

    def __init__(self, notebook: Notebook) -> None:
        self.reports: queue.Queue[BuildReport] = queue.Queue()
        self.failures: queue.Queue[IndexerError] = queue.Queue()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(notebook,))
        self.thread.start()

    def _run(self, notebook: Notebook) -> None:
        watch(notebook, self.stop, built=self.reports.put, failed=self.failures.put)

    def end(self) -> None:
        self.stop.set()
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()


@pytest.fixture
def watched(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Iterator[tuple[Path, Watched]]:
    folder = write_notes({"a.md": "- one\n", "b.md": "- two\n", "c.md": "- three\n"})
    running = Watched(open_notebook(folder))
    assert running.reports.get(timeout=WAIT_S).notes_added == 3
    yield folder, running
    running.end()


def test_change_is_built(watched: tuple[Path, Watched]) -> None:
    folder, running = watched
    (folder / "a.md").write_text("- one\n- more\n")
    assert running.reports.get(timeout=WAIT_S).points_added == 1


def test_save_by_rename_is_one_build(watched: tuple[Path, Watched]) -> None:
    folder, running = watched
    (folder / "a.md.tmp").write_text("- another\n")
    (folder / "a.md.tmp").replace(folder / "a.md")
    report = running.reports.get(timeout=WAIT_S)
    assert (report.notes_changed, report.notes_removed) == (1, 0)


def test_deleted_and_new_notes_are_seen(watched: tuple[Path, Watched]) -> None:
    folder, running = watched
    (folder / "sub").mkdir()
    (folder / "sub" / "d.md").write_text("- four\n")
    (folder / "a.md").unlink()
    added = removed = 0
    while not (added and removed):
        report = running.reports.get(timeout=WAIT_S)
        added += report.notes_added
        removed += report.notes_removed
    assert (added, removed) == (1, 1)


def test_folder_without_events_is_looked_at_on_a_timer(
    write_notes: WriteNotes,
    open_notebook: OpenNotebook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Like a network folder that another machine writes to."""
    folder, silent = write_notes({"a.md": "- one\n"}), tmp_path / "silent"
    silent.mkdir()

    def watch_silence(root: str, **options: Any) -> Iterator[set[FileChange]]:
        return watchfiles.watch(silent, **options)

    monkeypatch.setattr(indexer.indexing.watch, "watch_files", watch_silence)
    monkeypatch.setattr(indexer.indexing.watch, "_RESCAN_S", 0.5)
    running = Watched(open_notebook(folder))
    running.reports.get(timeout=WAIT_S)
    (folder / "a.md").write_text("- one\n- more\n")
    assert running.reports.get(timeout=WAIT_S).points_added == 1
    running.end()


def test_failed_build_is_told_and_the_next_change_is_another_try(
    watched: tuple[Path, Watched],
) -> None:
    folder, running = watched
    for name in "abc":
        (folder / f"{name}.md").rename(folder / f"{name}.away")
    assert "no notes" in running.failures.get(timeout=WAIT_S).message
    for name in "abc":
        (folder / f"{name}.away").rename(folder / f"{name}.md")
    (folder / "a.md").write_text("- back again\n")
    assert running.reports.get(timeout=WAIT_S).points_added == 1

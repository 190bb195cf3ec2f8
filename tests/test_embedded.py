"""The embedded store: intact and damaged files, in writable and read-only folders."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stores import SETUP, note_of, put, vector_of

from indexer.errors import IndexDamaged, IndexerError, IndexNotFound, IndexOutdated
from indexer.records import NoteFilter
from indexer.store.embedded import page_sums, word_lists
from indexer.store.embedded.faiss_snapshots import list_snapshots
from indexer.store.embedded.store import DATABASE, EmbeddedStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "index", lock_timeout_s=0.1)
    yield opened
    assert opened.verify() == []
    opened.close()


def test_snapshot_is_written_once_and_used(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", [f"point {i}" for i in range(20)]))
    store.optimise()
    (snapshot,) = list_snapshots(store.folder)
    store.optimise()
    assert list_snapshots(store.folder) == [snapshot]
    put(store, note_of("b.md", ["late"]))
    with EmbeddedStore(store.folder, read_only=True).view() as view:
        ((first, cosine),) = view.dense(vector_of("late"), 1, NoteFilter())
        assert view.read_points([first])[first].point.text == "late"
        assert cosine == pytest.approx(1.0, abs=1e-3)


@pytest.mark.damages
@pytest.mark.parametrize("read_only", [True, False])
def test_index_that_cannot_be_opened_leaves_no_connection(
    tmp_path: Path, read_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows cannot remove a file that is open."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def remembered(*path: str, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*path, **options))
        return opened[-1]

    EmbeddedStore(tmp_path / "index").close()
    (tmp_path / "index" / DATABASE).write_bytes(b"no database " * 1000)
    monkeypatch.setattr(sqlite3, "connect", remembered)
    with pytest.raises(IndexDamaged):
        EmbeddedStore(tmp_path / "index", read_only=read_only)
    assert opened
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


@pytest.mark.damages
def test_damaged_snapshot_is_passed_over(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", [f"point {i}" for i in range(20)]))
    store.optimise()
    (snapshot,) = list_snapshots(store.folder)
    content = bytearray(snapshot.path.read_bytes())
    content[-5] ^= 0xFF
    snapshot.path.write_bytes(content)
    fresh = EmbeddedStore(store.folder)
    with fresh.view() as view:
        ((first, _),) = view.dense(vector_of("point 7"), 1, NoteFilter())
        assert view.read_points([first])[first].point.text == "point 7"
    assert [fault.part for fault in fresh.verify()] == [snapshot.path.name]
    fresh.close()
    content[-5] ^= 0xFF
    snapshot.path.write_bytes(content)


@pytest.mark.damages
def test_file_that_is_not_a_database_is_damage_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database at all" * 100)
    with pytest.raises(IndexDamaged) as caught:
        EmbeddedStore(tmp_path, read_only=True)
    assert "--rebuild" in (caught.value.hint or "")


def test_file_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index-99.db").write_bytes(b"from the future")
    with pytest.raises(IndexOutdated, match="newer"):
        EmbeddedStore(tmp_path)


def test_read_only_folder_can_be_asked(store: EmbeddedStore) -> None:
    with store.building():
        put(store, note_of("a.md", ["one"]))
        store.optimise()
    store.close()
    store.folder.chmod(0o500)
    try:
        with EmbeddedStore(store.folder, read_only=True).view() as view:
            assert len(view.points_of("a.md")) == 1
    finally:
        store.folder.chmod(0o700)


def test_unwritable_place_is_an_error_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexerError, match="cannot be written") as caught:
        EmbeddedStore(tmp_path / "file")
    assert "--store" in (caught.value.hint or "")


def test_index_hides_itself_from_git(store: EmbeddedStore) -> None:
    assert (store.folder / ".gitignore").read_text() == "*\n"


def test_repair_empties_only_a_damaged_index(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    with store.building():
        put(store, note_of("a.md", ["one"]))
        store.optimise()
    store.optimise()
    store.close()
    with EmbeddedStore(tmp_path, repair=True).view() as view:
        assert view.header().setup == SETUP
    (tmp_path / DATABASE).write_bytes(b"no database at all" * 1000)
    with EmbeddedStore(tmp_path, repair=True).view() as view:
        assert view.header().setup is None
    assert list_snapshots(tmp_path) == []


def test_opening_to_write_changes_no_byte(tmp_path: Path) -> None:
    """A build that waits in vain also opens the index, and does not change it."""
    store = EmbeddedStore(tmp_path)
    put(store, note_of("a.md", ["one"]))
    with store.building():
        pass  # the end of a build writes the sums of the pages
    store.close()
    before = (tmp_path / DATABASE).read_bytes()
    EmbeddedStore(tmp_path).close()
    assert (tmp_path / DATABASE).read_bytes() == before
    assert EmbeddedStore(tmp_path, read_only=True).verify() == []


def built(folder: Path) -> EmbeddedStore:
    """Return the store of a folder after a build."""
    store = EmbeddedStore(folder)
    with store.building():
        put(store, note_of("a.md", [f"point {i}" for i in range(200)]))
        store.optimise()
    return store


@pytest.fixture
def summed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the databases whose pages are read during a test."""
    found: list[Path] = []
    original = page_sums._sum_pages

    def counting(database: Path, page_size: int) -> list[int]:
        found.append(database)
        return original(database, page_size)

    monkeypatch.setattr(page_sums, "_sum_pages", counting)
    return found


def test_opening_reads_pages_only_if_the_file_looks_changed(
    tmp_path: Path, summed: list[Path]
) -> None:
    store = built(tmp_path / "index")
    with store.building():
        pass  # nothing to do
    assert len(summed) == 1
    store.close()
    EmbeddedStore(store.folder, read_only=True).close()
    assert len(summed) == 1
    assert store.verify() == []  # a check reads them always
    assert len(summed) == 2
    (store.folder / DATABASE).touch()
    EmbeddedStore(store.folder, read_only=True).close()
    assert len(summed) == 3
    with store.building():
        pass  # the new stamp of an intact file is saved
    summed.clear()
    EmbeddedStore(store.folder, read_only=True).close()
    assert summed == []


def settle(folder: Path) -> None:
    """Wait until the clock has ticked since a database was written: then its look is trusted."""
    while time.time() - (folder / DATABASE).stat().st_ctime < 0.05:
        time.sleep(0.01)


def test_change_sums_its_own_pages_and_no_others(tmp_path: Path, summed: list[Path]) -> None:
    store = built(tmp_path / "index")
    summed.clear()
    draw = random.Random(3)
    for number in range(12):
        settle(store.folder)
        with store.building():
            words = [f"point {draw.randrange(300)} of {number}" for _ in range(draw.randrange(40))]
            put(store, note_of(f"{draw.randrange(4)}.md", words))
            if number % 5 == 4:
                with store._connections.transaction() as connection:
                    connection.execute(
                        "DELETE FROM vector WHERE id NOT IN (SELECT vector FROM point)"
                    )
                with store._connections.lend() as connection:
                    connection.execute("PRAGMA incremental_vacuum")  # the file gets shorter
        assert summed == []
        assert store.verify() == []  # which compares the sums of all
        summed.clear()
    store.close()


@pytest.mark.damages
def test_change_leaves_the_sum_of_a_page_that_was_damaged_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change by the disk itself does not change the stamp of the file."""
    store = built(tmp_path / "index")
    path = store.folder / DATABASE
    content = bytearray(path.read_bytes())
    content[content.index(vector_of("point 3").astype(np.float16).tobytes())] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(page_sums, "_looks_the_same", lambda database, stamp: True)
    with store.building():
        put(store, note_of("b.md", ["another"]))
    monkeypatch.undo()
    assert any("not as written" in fault.message for fault in store.verify())


@pytest.mark.damages
def test_build_of_nothing_leaves_the_sums_of_a_damaged_file(tmp_path: Path) -> None:
    store = built(tmp_path / "index")
    store.close()
    path = store.folder / DATABASE
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with store.building():
        pass
    with pytest.raises(IndexDamaged, match="not as written"):
        EmbeddedStore(store.folder)


def test_place_taken_by_another_file_is_an_error_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / DATABASE).mkdir()
    with pytest.raises(IndexerError, match="not a file of an index") as caught:
        EmbeddedStore(tmp_path)
    assert "remove it" in (caught.value.hint or "")


def test_index_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            EmbeddedStore(tmp_path)
    with pytest.raises(IndexNotFound):
        EmbeddedStore(tmp_path, read_only=True)
    EmbeddedStore(tmp_path).close()
    with EmbeddedStore(tmp_path, read_only=True).view() as view:
        assert view.header().points == 0
    assert not list(tmp_path.glob("*.new*"))


@pytest.mark.damages
def test_log_without_its_database_is_none_of_the_next(tmp_path: Path) -> None:
    store = built(tmp_path)
    put(store, note_of("b.md", ["another"]))
    log = tmp_path / f"{DATABASE}-wal"
    content = log.read_bytes()
    store.close()
    (tmp_path / DATABASE).unlink()
    assert content
    log.write_bytes(content)
    with EmbeddedStore(tmp_path).view() as view:
        assert view.header().points == 0


def killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.damages
def test_connection_of_a_replaced_database_is_not_lent_again(tmp_path: Path) -> None:
    store, other = built(tmp_path / "index"), built(tmp_path / "other")
    put(other, note_of("b.md", ["another"]))
    other.close()
    with store.view():
        for path in store.folder.glob(f"{DATABASE}-*"):
            path.unlink()
        (other.folder / DATABASE).replace(store.folder / DATABASE)
        with store.view() as view:
            assert len(view.points_of("b.md")) == 1
    with store.view() as view:
        assert len(view.points_of("b.md")) == 1
    store.close()


# Enough words for lists of more than one page, which SQLite merges differently.
MORE = [f"other{number} word{number}" for number in range(600)]


def _length(store: EmbeddedStore) -> int:
    """Return the bytes of the row in which FTS5 describes its lists."""
    with store.view() as view:
        sql = "SELECT length(block) FROM words_data WHERE id = 10"
        return int(view.connection.execute(sql).fetchone()[0])


def _replace_point(store: EmbeddedStore, number: int) -> None:
    with store.view() as view:
        removed = [point.point_id for point in view.points_of("a.md")]
    put(store, note_of("a.md", [f"point{number}"]), removed=removed)
    store.optimise()


def test_word_lists_are_written_again_before_sqlite_refuses_them(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_lists, "_MAX_STRUCTURE_BYTES", 60)
    put(store, note_of("b.md", MORE))
    lengths = []
    for number in range(30):
        _replace_point(store, number)
        lengths.append(_length(store))
    # They grow, and become short again.
    assert 50 < max(lengths) < 80 and min(lengths[15:]) < 30
    assert store.verify() == []
    with store.view() as view:
        for word, count in (("other599", 1), ("point29", 1), ("point28", 0)):
            assert len(view.lexical([word], 5, NoteFilter())) == count


@pytest.mark.slow
def test_index_is_intact_after_thousands_of_builds_that_remove_points(
    store: EmbeddedStore,
) -> None:
    put(store, note_of("b.md", MORE))
    longest = 0
    for number in range(2_300):  # SQLite refused the word lists after 1,000 builds
        _replace_point(store, number)
        longest = max(longest, _length(store))
    assert 2_900 < longest < 3_100

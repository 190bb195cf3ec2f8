"""Editors, checkouts and clocks: the watched index equals a clean build at the end."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import OpenNotebook
from harness import (
    FULL,
    Rows,
    assert_equal_states,
    build_at,
    faults_of,
    note_text,
    rows_of,
    state_or_none,
    wait_until,
    worker,
    worker_environment,
    write_notes,
)
from patience import PATIENCE_S
from test_watch import WAIT_S, Watched

from indexer.notebook import Notebook

pytestmark = pytest.mark.slow


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    write_notes(tmp_path / "notes", 10)
    return tmp_path / "notes"


@pytest.fixture
def running(notes: Path, open_notebook: OpenNotebook) -> Iterator[Watched]:
    watched = Watched(open_notebook(notes))
    watched.reports.get(timeout=WAIT_S)
    yield watched
    watched.end()


def clean_rows(notes: Path, store: Path) -> Rows:
    shutil.rmtree(store, ignore_errors=True)
    build_at(notes, store)
    return rows_of(store)


def equal_within(notes: Path, scratch: Path, seconds: float) -> float:
    """Wait until the watched index equals a clean build of the notes; return how long it took."""
    clean = clean_rows(notes, scratch / "clean")
    store = notes / ".notepoint"
    started = time.monotonic()
    try:
        wait_until(lambda: rows_of(store) == clean, seconds, "the index equals a clean build")
    except AssertionError:
        assert_equal_states(rows_of(store), clean)
    return time.monotonic() - started


def save_by_rename(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    temporary.replace(path)


def save_in_place(path: Path, text: str) -> None:
    path.write_text(text)


def save_as_vim(path: Path, text: str) -> None:
    probe = path.with_name("4913")
    probe.write_text("")
    probe.unlink()
    path.replace(path.with_name(path.name + "~"))
    path.write_text(text)
    path.with_name(path.name + "~").unlink()


def save_as_emacs(path: Path, text: str) -> None:
    lock = path.with_name(f".#{path.name}")
    lock.symlink_to("user@host.1234")
    auto = path.with_name(f"#{path.name}#")
    auto.write_text(text)
    path.write_text(text)
    auto.unlink()
    lock.unlink()


@pytest.mark.parametrize("save", [save_by_rename, save_in_place, save_as_vim, save_as_emacs])
def test_fault_19_one_update_for_one_save(
    notes: Path, running: Watched, save: Callable[[Path, str], None], held: list[str]
) -> None:
    for number in range(3):
        save(notes / "n3.md", f"- saved for the {number}. time\n- and more\n")
        report = running.reports.get(timeout=WAIT_S)
        assert (report.notes_added, report.notes_changed, report.notes_removed) == (0, 1, 0)
    assert running.reports.empty() and running.failures.empty()
    assert faults_of(notes / ".notepoint") == []
    held.append(f"{save.__name__}: 3 saves, 3 updates of one note")


@pytest.mark.parametrize("count", [1_000, 10_000] if FULL else [400])
def test_fault_20_many_changes_at_once(
    notes: Path, running: Watched, tmp_path: Path, count: int, held: list[str]
) -> None:
    generator = random.Random(1)
    for number in range(count):  # as a checkout does
        path = notes / f"folder{number % 7}.x" / f"m{number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(note_text(generator))
    for number in range(0, count, 3):
        (notes / f"folder{number % 7}.x" / f"m{number}.md").unlink()
    took = equal_within(notes, tmp_path, 60)
    (notes / "folder1.x").rename(notes / "moved.y")
    equal_within(notes, tmp_path, 60)
    assert running.failures.empty()
    assert faults_of(notes / ".notepoint") == []
    held.append(f"{count} notes written, a third removed: equal {took:.1f} s after a clean build")


INOTIFY_LIMIT = Path("/proc/sys/user/max_inotify_watches")


@pytest.mark.skipif(not INOTIFY_LIMIT.exists(), reason="needs Linux")
def test_fault_21_limit_of_watches(notes: Path, tmp_path: Path, held: list[str]) -> None:
    for number in range(20):
        (notes / f"sub{number}").mkdir()
    command = " ".join(worker("watch", "--notes", str(notes)))
    process = subprocess.Popen(
        ["unshare", "-U", "-r", "sh", "-c", f"echo 5 > {INOTIFY_LIMIT} && exec {command}"],
        env=worker_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if process.poll() is not None or not _begins(process, notes):
            pytest.skip("no user namespace may be made here")
        (notes / "sub3" / "new.md").write_text("- written beyond the limit\n")
        took = equal_within(notes, tmp_path, 40)
        (notes / "n1.md").write_text("- and another one\n")
        equal_within(notes, tmp_path, 40)
    finally:
        process.kill()
        said = process.communicate()[1]
    assert "looking every second" in said
    held.append(f"limit of 5 watches: polls, says so, equal after {took:.1f} s")


def _begins(process: subprocess.Popen[str], notes: Path) -> bool:
    try:
        wait_until(
            lambda: process.poll() is not None or state_or_none(notes / ".notepoint") is not None,
            20,
            "the watcher has built",
        )
    except AssertionError:
        return False
    return process.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
def test_fault_21_overflow_of_events(notes: Path, tmp_path: Path, held: list[str]) -> None:
    import signal

    process = subprocess.Popen(
        worker("watch", "--notes", str(notes)),
        env=worker_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    count = min(limit, 20_000) // 4 + 1_000  # each write is four events
    try:
        assert _begins(process, notes)  # type: ignore[arg-type]
        os.kill(process.pid, signal.SIGSTOP)
        noise = notes / "noise"
        noise.mkdir()
        for number in range(count):
            (notes / f"x{number}.txt").write_text("x")
        (notes / "late.md").write_text("- after the queue was full\n")
        (notes / "n2.md").write_text("- and one that was there before\n")
        os.kill(process.pid, signal.SIGCONT)
        took = equal_within(notes, tmp_path, 60)
    finally:
        process.kill()
        process.wait()
    held.append(f"{count} files written behind a stopped watcher: equal after {took:.1f} s")


@pytest.mark.skipif(not FULL, reason="half a minute until the timer; tests/test_watch.py is quick")
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a folder")
def test_fault_21_network_folder(notes: Path, tmp_path: Path, held: list[str]) -> None:
    """Under an overlay, notes change without an event, as if another machine wrote them."""
    upper, work, merged = (tmp_path / name for name in ("upper", "work", "merged"))
    for folder in (upper, work, merged):
        folder.mkdir()
    store = tmp_path / "store"
    layers = f"lowerdir={notes},upperdir={upper},workdir={work}"
    watching = " ".join(worker("watch", "--notes", str(merged), "--store", str(store)))
    process = subprocess.Popen(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            f"mount -t overlay o -o {layers} {merged} && exec {watching}",
        ],
        env=worker_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(
            lambda: process.poll() is not None or state_or_none(store) is not None,
            PATIENCE_S,
            "a build",
        )
        if process.poll() is not None:
            pytest.skip(f"no overlay may be mounted here: {process.communicate()[1]}")
        time.sleep(3)  # past the look that follows the first build
        (upper / "from-elsewhere.md").write_text("- written by another machine\n")
        shutil.copy(upper / "from-elsewhere.md", notes)
        clean = clean_rows(notes, tmp_path / "clean")
        started = time.monotonic()
        wait_until(lambda: rows_of(store) == clean, PATIENCE_S, "the index equals a clean build")
        took = time.monotonic() - started
    finally:
        process.kill()
        process.communicate()
    held.append(f"a folder without events: equal after {took:.1f} s, by the timer of 30 s")


def test_fault_22_folder_gone_for_a_moment(
    notes: Path, tmp_path: Path, open_notebook: OpenNotebook, held: list[str]
) -> None:
    store = tmp_path / "store"
    watched = Watched(open_notebook(notes, store=str(store)))
    watched.reports.get(timeout=WAIT_S)
    before = rows_of(store)
    away = tmp_path / "away"
    notes.rename(away)
    assert "no longer exists" in watched.failures.get(timeout=WAIT_S).message
    assert rows_of(store) == before
    assert not notes.exists()
    notes.mkdir()  # an empty folder, as before a disk is mounted
    assert "no notes" in watched.failures.get(timeout=WAIT_S).message
    assert rows_of(store) == before
    (notes / "n0.md").write_text("- the only one\n")
    assert "of 10 notes are no longer" in watched.failures.get(timeout=WAIT_S).message
    assert rows_of(store) == before
    shutil.rmtree(notes)
    away.rename(notes)
    (notes / "n1.md").write_text("- written when it was back\n")
    assert watched.reports.get(timeout=WAIT_S).notes_changed == 1
    assert watched.failures.empty() or "no longer exists" in watched.failures.get().message
    watched.end()
    held.append("folder renamed, empty, almost empty: index kept, said once; followed when back")


def test_folder_that_is_gone_is_not_brought_back(notes: Path) -> None:
    """The index lives in it; making the index must not make the folder."""
    with Notebook(notes) as notebook:
        shutil.rmtree(notes)
        with pytest.raises(Exception, match="no longer exists"):
            notebook.build()
    assert not notes.exists()


# --- clocks, and edits that hide ----------------------------------------------------------------


@pytest.mark.parametrize("year", [1970, 2100])
def test_fault_17_clock_set_to(year: int, notes: Path, tmp_path: Path, held: list[str]) -> None:
    store = tmp_path / "store"
    build_at(notes, store)
    when = (year - 1970) * 31_557_600 * 10**9 + 10**12
    for number in range(5):
        path = notes / f"n{number}.md"
        path.write_text(f"- edited with the clock at {year}\n")
        os.utime(path, ns=(when, when))
        build_at(notes, store)
        path.write_text(f"- edited with the clock at {year}, again\n")
        os.utime(path, ns=(when, when))
        build_at(notes, store)
        assert rows_of(store) == clean_rows(notes, tmp_path / "clean")
    held.append(f"10 edits stamped {year}: all seen")


def test_fault_18_same_size_and_time(notes: Path, tmp_path: Path, held: list[str]) -> None:
    store = tmp_path / "store"
    build_at(notes, store)
    for number in range(10):
        path = notes / f"n{number}.md"
        status = path.stat()
        text = path.read_text()
        path.write_text(text.replace("e", "i", 1))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (len(text), status.st_mtime_ns)
        build_at(notes, store)
        assert rows_of(store) == clean_rows(notes, tmp_path / "clean")
    held.append("10 edits of the same size with restored times: all seen")

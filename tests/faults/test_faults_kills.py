"""Processes that are killed or stopped, or whose system calls fail, at any moment."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from children import build_in_child
from harness import (
    answers_of,
    assert_equal_states,
    build_at,
    faults_of,
    kill_after,
    rounds,
    rows_of,
    start,
    state_or_none,
    wait_until,
    worker,
    worker_environment,
    write_notes,
)
from patience import PATIENCE_S

from indexer.notebook import Notebook
from indexer.store.embedded.store import DATABASE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
]
ASKED = ["gradient feature", "batch error", "loss stride"]
STRACE = shutil.which("strace")


def time_of_build(notes: Path, store: Path, *, rebuild: bool = False) -> float:
    started = time.monotonic()
    process = start(build_in_child, notes, store, rebuild)
    process.join(60)
    assert process.exitcode == 0
    return time.monotonic() - started


def clean_build(notes: Path, store: Path) -> Path:
    build_at(notes, store)
    assert faults_of(store) == []
    return store


def test_fault_01_kill_in_a_first_build(tmp_path: Path, held: list[str]) -> None:
    notes, generator = tmp_path / "notes", random.Random(1)
    write_notes(notes, 30)
    clean = rows_of(clean_build(notes, tmp_path / "clean"))
    answers = answers_of(notes, tmp_path / "clean", ASKED)
    start(build_in_child, notes, tmp_path / "warm").join(60)
    longest = 1.1 * time_of_build(notes, tmp_path / "timed")
    count, killed, whole = rounds(4, 200), 0, 0
    for number in range(count):
        store = tmp_path / f"store{number}"
        killed += kill_after(start(build_in_child, notes, store), generator.uniform(0, longest))
        state = state_or_none(store)
        if state is not None:
            assert_equal_states(state, clean)
            assert answers_of(notes, store, ASKED) == answers
            whole += 1
        build_at(notes, store)
        assert_equal_states(rows_of(store), clean)
        assert faults_of(store) == []
        shutil.rmtree(store)
    held.append(
        f"{count} first builds, {killed} killed: {whole} new, {count - whole} not yet begun"
    )


def test_fault_02_kill_in_a_rebuild(tmp_path: Path, held: list[str]) -> None:
    notes, generator = tmp_path / "notes", random.Random(2)
    write_notes(notes, 30, seed=1)
    before = clean_build(notes, tmp_path / "before")
    old = rows_of(before)
    write_notes(notes, 30, seed=2)
    answers_before = answers_of(notes, before, ASKED)  # of the old index, checked against the files
    after = clean_build(notes, tmp_path / "after")
    new, answers_after = rows_of(after), answers_of(notes, after, ASKED)
    store = tmp_path / "store"
    shutil.copytree(before, store)
    longest = 1.1 * time_of_build(notes, store, rebuild=True)
    count, killed, found_new = rounds(4, 200), 0, 0
    for number in range(count):
        shutil.rmtree(store)
        shutil.copytree(before, store)
        process = start(build_in_child, notes, store, bool(number % 2))
        killed += kill_after(process, generator.uniform(0, longest))
        state = rows_of(store)
        is_new = state == new
        assert_equal_states(state, new if is_new else old)
        assert answers_of(notes, store, ASKED) == (answers_after if is_new else answers_before)
        found_new += is_new
        build_at(notes, store)
        assert_equal_states(rows_of(store), new)
        assert faults_of(store) == []
    held.append(f"{count} rebuilds, {killed} killed: {found_new} new, {count - found_new} old")


def watch_in_child(notes: Path, store: Path) -> None:
    from fakes import FakeEncoder

    from indexer.indexing.watch import watch

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    notebook = Notebook(notes, store=str(store), encoder=FakeEncoder())
    watch(notebook, threading.Event(), built=lambda _: None, failed=lambda _: None)


def test_kill_while_watching(tmp_path: Path, held: list[str]) -> None:
    notes, generator = tmp_path / "notes", random.Random(3)
    write_notes(notes, 10)
    store = clean_build(notes, tmp_path / "store")
    count, found_new = rounds(3, 200), 0
    for number in range(count):
        old = rows_of(store)
        process = start(watch_in_child, notes, store)
        process.join(generator.uniform(0.2, 0.5))
        saved = notes / ".saved"  # put in place at once: a note being written is a third state
        saved.write_text(f"- round {number} of the kills\n")
        saved.replace(notes / f"n{number % 10}.md")
        assert kill_after(process, generator.uniform(0, 0.6))
        clean = tmp_path / f"clean{number}"
        build_at(notes, clean)
        new, state = rows_of(clean), rows_of(store)
        assert_equal_states(state, new if state == new else old)
        found_new += state == new
        build_at(notes, store)
        assert_equal_states(rows_of(store), new)
        assert faults_of(store) == []
        shutil.rmtree(clean)
    held.append(f"{count} watchers killed: {found_new} new, {count - found_new} old")


def test_fault_03_kill_while_an_older_format_is_replaced(tmp_path: Path, held: list[str]) -> None:
    notes, generator = tmp_path / "notes", random.Random(4)
    write_notes(notes, 10)
    clean = rows_of(clean_build(notes, tmp_path / "clean"))
    store = tmp_path / "store"
    count = rounds(4, 100)
    for _ in range(count):
        shutil.rmtree(store, ignore_errors=True)
        clean_build(notes, store)
        (store / DATABASE).rename(store / "index-0.db")
        (store / "index-0.db-wal").write_bytes(b"")
        (store / ".vectors-1-1").write_bytes(b"half a file")
        kill_after(start(build_in_child, notes, store), generator.uniform(0, 0.3))
        state = state_or_none(store)
        assert state is None or state == clean
        build_at(notes, store)
        assert_equal_states(rows_of(store), clean)
        assert faults_of(store) == []
        assert not list(store.glob("index-0*"))
        assert not list(store.glob(".vectors-*"))
    held.append(
        f"{count} kills while format 0 was replaced: nothing left of it after the next build"
    )


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["build", "watch"])
def test_fault_04_stopped_by_a_signal(
    tmp_path: Path, command: str, signal_number: signal.Signals, held: list[str]
) -> None:
    notes, store = tmp_path / "notes", tmp_path / "store"
    write_notes(notes, 400 if command == "build" else 3)
    process = subprocess.Popen(
        worker(command, "--notes", str(notes), "--store", str(store)),
        env=worker_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that put the tests in the background has Ctrl-C ignored by all it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        if command == "build":
            wait_until((store / "build.lock").exists, PATIENCE_S, "the build begins")
        else:
            wait_until(
                lambda: state_or_none(store) is not None, PATIENCE_S, "the watcher has built"
            )
        time.sleep(0.3)
        started = time.monotonic()
        process.send_signal(signal_number)
        _, said = process.communicate(timeout=PATIENCE_S)
        took = time.monotonic() - started
    finally:
        process.kill()
    assert "Traceback" not in said
    assert process.returncode == (130 if signal_number is signal.SIGINT else -signal_number)
    held.append(f"{command} ended {took:.2f} s after {signal_number.name}, {process.returncode}")
    build_at(notes, store)
    assert faults_of(store) == []


# --- the n-th call of the system fails ----------------------------------------------------------

CALLS = {
    "write": "write,pwrite64,pwritev,writev",
    "fsync": "fsync,fdatasync",
    "rename": "rename,renameat,renameat2,unlink,ftruncate,mkdir",
}


def traced_build(
    notes: Path, store: Path, log: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    command = [str(STRACE), "-f", "-qq", "-o", str(log), *more]
    command += worker("build", "--notes", str(notes), "--store", str(store), "-q")
    return subprocess.run(
        command, env=worker_environment(OMP_NUM_THREADS="1"), capture_output=True, text=True
    )


def works_here(log: Path) -> bool:
    """Return whether strace is installed and allowed to trace."""
    if STRACE is None:
        return False
    return subprocess.run([STRACE, "-o", str(log), "true"], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("kind", "fate"),
    [("write", "error=ENOSPC"), ("fsync", "error=EIO"), ("rename", "error=EACCES")]
    + [(kind, "signal=KILL") for kind in CALLS],
)
def test_fault_05_the_nth_call_fails(tmp_path: Path, kind: str, fate: str, held: list[str]) -> None:
    log = tmp_path / "log"
    if not works_here(log):
        pytest.skip("strace is not there, or may not trace")
    notes = tmp_path / "notes"
    write_notes(notes, 4, seed=1)
    before = clean_build(notes, tmp_path / "before")
    old = rows_of(before)
    write_notes(notes, 4, seed=2)
    new = rows_of(clean_build(notes, tmp_path / "after"))
    store = tmp_path / "store"
    shutil.copytree(before, store)
    traced_build(notes, store, log, "-e", f"trace={CALLS[kind]}")
    total = len(re.findall(r"^\d+ +\w+\(", log.read_text(), re.MULTILINE))
    assert total
    chosen = range(1, total + 1, max(1, total // rounds(2, total)))
    for number in chosen:
        shutil.rmtree(store)
        shutil.copytree(before, store)
        done = traced_build(notes, store, log, "-e", f"inject={CALLS[kind]}:{fate}:when={number}")
        assert "Traceback" not in done.stderr, done.stderr
        if "KILL" not in fate:
            assert done.returncode in (0, 2)
            # One of the two lines of a message may be the write that fails.
            wanted = "notepoint: error: " if kind == "write" else "hint: "
            assert done.returncode == 0 or wanted in done.stderr or "hint: " in done.stderr
        state = rows_of(store)
        assert_equal_states(state, new if state == new else old)
        build_at(notes, store)
        assert_equal_states(rows_of(store), new)
        assert faults_of(store) == []
    held.append(f"{kind} with {fate}: {len(chosen)} of {total} calls, old or new each time")

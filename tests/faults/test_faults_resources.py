"""Shortages and errors of the system: disk, memory, file handles, streams, folders, network."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import (
    FULL,
    answers_of,
    assert_equal_states,
    build_at,
    faults_of,
    folder_hash,
    rows_of,
    state_or_none,
    worker,
    worker_environment,
    write_notes,
    write_prose,
)
from patience import PATIENCE_S

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux"),
]
ROOT_ONLY = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting takes root"
)


class Place:
    """Changed notes with an older index, and functions to ask and build."""

    def __init__(self, folder: Path) -> None:
        self.notes, self.store = folder / "notes", folder / "store"
        write_notes(self.notes, 20, seed=1)
        write_prose(self.notes)
        build_at(self.notes, self.store)
        self.old = rows_of(self.store)
        write_notes(self.notes, 20, seed=2)
        build_at(self.notes, folder / "clean")
        self.new = rows_of(folder / "clean")
        self.hash = folder_hash(self.notes)

    def run(
        self, *arguments: str, limit: Callable[[], None] | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the notes and the index."""
        command = worker(*arguments, "--notes", str(self.notes), "--store", str(self.store))
        environment = worker_environment(OMP_NUM_THREADS="1", **more)
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            preexec_fn=limit,
            timeout=4 * PATIENCE_S,
        )

    def judge(self, done: subprocess.CompletedProcess[str]) -> None:
        """Check for one message with its fix, and the old index or the new one."""
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in (0, 2), done.stderr
        if done.returncode == 2:
            assert done.stderr.count("notepoint: error: ") == 1
            assert done.stderr.count("hint: ") == 1
        state = rows_of(self.store)
        assert_equal_states(state, self.new if state == self.new else self.old)
        assert folder_hash(self.notes) == self.hash
        build_at(self.notes, self.store)
        assert_equal_states(rows_of(self.store), self.new)
        assert faults_of(self.store) == []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def in_mount(place: Place, options: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the index, `$store`, on a small separate disk; copy the result back."""
    kept = place.store.with_name("kept")
    shutil.copytree(place.store, kept)
    at = ["--notes", str(place.notes), "--store", str(place.store)]
    build, ask = (
        shlex.join(worker("build", *at, "-q")),
        shlex.join(worker("query", "gradient", *at)),
    )
    lines = [
        f'mount -t tmpfs -o {options} tmpfs "$store"',
        'cp -a "$kept"/. "$store"',
        script,
        f"{build}; echo build $? >&2",
        f'{ask} > "$kept"/said; echo query $? >&2',
        'mount -o remount,rw,size=64m "$store"; rm -rf "$store"/filler; rm -rf "$kept"/*',
        'cp -a "$store"/. "$kept"',
    ]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", "\n".join(lines)],
        env=worker_environment(OMP_NUM_THREADS="1", store=str(place.store), kept=str(kept)),
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("nothing may be mounted here")
    shutil.rmtree(place.store)
    shutil.copytree(kept, place.store)
    return done


@ROOT_ONLY
@pytest.mark.parametrize("free_kb", [0, 40, 200] if FULL else [40])
def test_fault_06_disk_full(place: Place, free_kb: int, held: list[str]) -> None:
    used = sum(path.stat().st_size for path in place.store.iterdir()) // 1024 + 64
    done = in_mount(
        place,
        f"size={used + free_kb}k",
        f'cat /dev/zero > "$store"/filler; truncate -s -{free_kb}k "$store"/filler 2>/dev/null',
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "query 2" not in done.stderr, done.stderr
    if "build 2" in done.stderr:
        assert done.stderr.count("hint: ") == 1, done.stderr
    state = rows_of(place.store)
    assert_equal_states(state, place.new if state == place.new else place.old)
    build_at(place.notes, place.store)
    assert_equal_states(rows_of(place.store), place.new)
    assert faults_of(place.store) == []
    first = done.stderr.splitlines()[0]
    held.append(f"{free_kb} KB free: {first}; asked, and built when there was room")


@ROOT_ONLY
def test_fault_08_read_only_index(place: Place, held: list[str]) -> None:
    done = in_mount(place, "size=64m", 'mount -o remount,ro "$store"')
    assert "Traceback" not in done.stderr, done.stderr
    assert "build 2" in done.stderr and "query 2" not in done.stderr, done.stderr
    assert "read-only" in done.stderr and done.stderr.count("hint: ") == 1
    assert_equal_states(rows_of(place.store), place.old)
    held.append(f"queries answered; {done.stderr.splitlines()[0]}")


@ROOT_ONLY
def test_notes_folder_that_cannot_be_written(tmp_path: Path, held: list[str]) -> None:
    """The index goes to the user's cache, and is found there again."""
    notes = tmp_path / "notes"
    write_notes(notes, 5)
    build, ask = (
        shlex.join(worker(*words, "--notes", str(notes)))
        for words in (["build"], ["query", "gradient"])
    )
    script = 'mount -t tmpfs tmpfs "$notes" && echo "- the gradient" > "$notes"/a.md && '
    script += f'mount -o remount,ro "$notes" && {build} && {ask}'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        env=worker_environment(NOTEPOINT_CACHE=str(tmp_path / "cache"), notes=str(notes)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("nothing may be mounted here")
    assert "the gradient" in done.stdout, done.stderr
    assert list((tmp_path / "cache" / "indexes").iterdir())
    held.append("read-only notes: the index is in the cache, and found there")


@pytest.mark.parametrize("limit_kb", [4, 40, 120] if FULL else [40])
def test_fault_07_file_size_limit(place: Place, limit_kb: int, held: list[str]) -> None:
    size = limit_kb * 1024
    done = place.run("build", limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    held.append(f"{limit_kb} KB: {(done.stderr or done.stdout).splitlines()[0]}")
    place.judge(done)


@pytest.mark.parametrize("room_mb", [40, 275, 285, 300, 400, 600] if FULL else [300])
def test_fault_24_memory_limit(place: Place, room_mb: int, held: list[str]) -> None:
    for name in "abc":
        (place.notes / f"large-{name}.md").write_text("- word of a long note\n" * 400_000)
    done = place.run("build", ROOM_MB=str(room_mb))
    for large in place.notes.glob("large-*.md"):
        large.unlink()
    assert "MemoryError" not in done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    state = state_or_none(place.store)
    if done.returncode == 2:
        assert done.stderr.count("hint: ") == 1
        assert state == place.old
    build_at(place.notes, place.store)
    assert faults_of(place.store) == []
    held.append(f"{room_mb} MB: {(done.stderr or done.stdout).splitlines()[0]}")


def test_fault_24_no_room_for_faiss(place: Place, held: list[str]) -> None:
    for snapshot in place.store.glob("*.faiss"):
        snapshot.unlink()
    done = place.run("build", ROOM_MB="270")
    assert done.returncode == 0, done.stderr
    assert not list(place.store.glob("*.faiss"))
    assert_equal_states(rows_of(place.store), place.new)
    asked = place.run("query", "the gradient", "--json")
    assert asked.returncode in (0, 1) and '"hits"' in asked.stdout, asked.stderr
    build_at(place.notes, place.store)
    assert list(place.store.glob("*.faiss")) and faults_of(place.store) == []
    held.append("built and asked without a file of vectors; the next build wrote it")


def test_fault_25_model_that_is_not_there(place: Place, held: list[str]) -> None:
    environment = worker_environment(HF_HUB_OFFLINE="1")
    command = [sys.executable, "-m", "indexer", "query", "x", "--model", "/no/such/model"]
    command += ["--notes", str(place.notes), "--store", str(place.store)]
    script = 'unshare -rn true 2>/dev/null && exec unshare -rn "$@" || exec "$@"'
    started = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", script, "sh", *command], env=environment, capture_output=True, text=True
    )
    took = time.monotonic() - started
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert "/no/such/model" in done.stderr and done.stderr.count("hint: ") == 1
    held.append(f"{done.stderr.splitlines()[0]} ({took:.1f} s)")


def shell(place: Place, script: str, cwd: Path | None = None, **more: str) -> str:
    """Run a script with Notepoint as `$np` and the index as `$at`; return status and errors."""
    at = shlex.join(["--notes", str(place.notes), "--store", str(place.store)])
    script = script.replace("$np", shlex.join(worker())).replace("$at", at)
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=cwd,
        env=worker_environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return f"{done.returncode} {done.stderr}"


def test_fault_33_streams_locale_home_and_folder(
    place: Place, tmp_path: Path, held: list[str]
) -> None:
    build_at(place.notes, place.store)
    before = rows_of(place.store)
    assert shell(place, "$np query gradient $at >&-")[0] in "01"
    assert shell(place, "$np query gradient $at >&- 2>&- <&-")[0] in "01"
    assert shell(place, "$np build --rebuild $at >&- 2>&- <&-")[0] == "0"
    assert "no space left" in shell(place, "$np dump $at > /dev/full")
    assert shell(place, "$np dump $at | head -n 1")[0] == "0"
    assert shell(place, "$np query gradient --notes /no/such/notes 2> /dev/full")[0] == "2"
    (place.notes / "grün.md").write_text("- Größe und Gradient ✓\n", "utf-8")
    assert shell(place, "$np build $at", LC_ALL="C", LANG="C")[0] == "0"
    assert shell(place, "$np query Gradient $at", LC_ALL="C", LANG="C")[0] in "01"
    (place.notes / "grün.md").unlink()
    assert shell(place, "unset HOME; $np build $at")[0] == "0"
    assert "home folder" in shell(place, "$np status --notes '~nobody-of-this-name/notes'")
    gone = tmp_path / "gone"
    for command, expected in (("status $at", "0"), ("status", "2")):
        gone.mkdir()
        script = f'cd "$gone" && rmdir "$gone" && $np {command}'
        assert shell(place, script, gone=str(gone))[0] == expected
    assert "does not exist" in shell(place, f"$np status --notes {'x' * 5000}")
    assert rows_of(place.store) == before
    assert faults_of(place.store) == []
    held.append("closed and full output, C locale, no home, no working directory: no traceback")


def test_fault_34_few_file_handles_and_no_temporary_folder(place: Place, held: list[str]) -> None:
    done = place.run(
        "build",
        limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
        TMPDIR="/no/such/folder",
    )
    assert done.returncode == 0, done.stderr
    asked = place.run(
        "query",
        "gradient",
        limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
        TMPDIR="/no/such/folder",
    )
    assert asked.returncode in (0, 1) and not asked.stderr, asked.stderr
    tight = place.run("build", limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)))
    place.judge(tight)
    assert answers_of(place.notes, place.store)
    held.append("64 handles, no temporary folder: built and asked; 8 handles: no traceback")

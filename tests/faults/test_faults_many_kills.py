"""Ten thousand kills at random moments, each on the state that the previous one left.

Kills do not lose what was written to the page cache, so the folders are on tmpfs if there is one.
After each kill the index has the notes of its last build or of the new one, answers from that state
and has no fault; after every tenth, the next build equals a clean build.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from children import build_in_child, lead_group, serve_in_child, watch_in_child
from harness import (
    CHILDREN,
    Rows,
    answers_of,
    build_at,
    faults_of,
    rounds,
    rows_of,
    start,
    state_or_none,
    wait_until,
    write_notes,
)
from patience import PATIENCE_S

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
]
_VERSIONS = 8
_NOTES = 5
_ASKED = ["gradient feature", "batch error"]
_SETTLE = 10  # kills between two comparisons with a clean build
# The longest wait before a kill follows the machine, so that one build in four ends before it.
_AFTER_NEW, _AFTER_OLD = 0.94, 1.02
_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder on tmpfs, or an ordinary temporary folder."""
    made = Path(tempfile.mkdtemp(prefix="kills-", dir=_MEMORY if _MEMORY.is_dir() else None))
    yield made
    shutil.rmtree(made)


class Kills:
    """Versions of the notes, the rows and answers that belong to each, and one index."""

    def __init__(self, folder: Path, seed: int, *, one_note: bool) -> None:
        """Write the versions.

        :param folder: for notes and indexes.
        :param seed: of the random moments and edits.
        :param one_note: True if versions differ in one note, for edits during a build: an index of
            some old and some new notes is right then.
        """
        self.generator = random.Random(seed)
        self.notes, self.store = folder / "notes", folder / "store"
        self._folder = folder
        self._texts: list[dict[str, str]] = []
        self._rows: list[Rows] = []
        self._answers: dict[tuple[int, int], list[Any]] = {}
        # The version of the notes, that before the last edit, and that in the index.
        self._at, self._before, self._built = 0, 0, -1
        self.counts: Counter[str] = Counter()
        for version in range(_VERSIONS):
            notes = folder / "version"
            shutil.rmtree(notes, ignore_errors=True)
            write_notes(notes, _NOTES if one_note else _NOTES + version % 3, seed=version)
            for number in range(1, _NOTES) if one_note else ():
                (notes / f"n{number}.md").write_text(f"- loss of batch {number}\n")
            build_at(notes, self._clean(version))
            self._texts.append({path.name: path.read_text() for path in notes.glob("*.md")})
            self._rows.append(rows_of(self._clean(version)))
        self.notes.mkdir()
        self.edit()

    def _clean(self, version: int) -> Path:
        return self._folder / f"clean{version}"

    def edit(self) -> None:
        """Write another version of the notes: each file is replaced, and some are removed."""
        self._before = self._at
        self._at = self.generator.choice([i for i in range(_VERSIONS) if i != self._at])
        wanted = self._texts[self._at]
        for name in {path.name for path in self.notes.glob("*.md")} - wanted.keys():
            (self.notes / name).unlink()
        for name, text in wanted.items():
            path = self.notes / name
            if not path.exists() or path.read_text() != text:
                (self.notes / ".saved").write_text(text)
                (self.notes / ".saved").replace(path)

    def check(self) -> bool:
        """Check what a kill left, and bring the index up to date from time to time.

        :return: whether the build had ended: the index has the new notes.
        """
        before = self.counts["new"]
        self.counts["killed"] += 1
        state = state_or_none(self.store)
        if state is None:
            assert self._built == -1
            self.counts["no index"] += 1
        else:
            self._check_state(state)
            assert faults_of(self.store) == []
        ended = self.counts["new"] > before
        if self.counts["killed"] % _SETTLE == 0:
            self._settle()
        return ended

    def _check_state(self, state: Rows) -> None:
        found = self._version_of(state)
        assert found is not None, "a mixture of two states"
        assert found in (self._built, self._before, self._at)
        self.counts["new" if found != self._built else "old"] += 1
        self._built = found
        if self.generator.random() < 0.2:
            assert answers_of(self.notes, self.store, _ASKED) == self._wanted_answers()

    def _version_of(self, state: Rows) -> int | None:
        return next((i for i, rows in enumerate(self._rows) if rows == state), None)

    def _wanted_answers(self) -> list[Any]:
        """Return the answers of a clean index of the built version over the current notes."""
        key = self._built, self._at
        if key not in self._answers:
            self._answers[key] = answers_of(self.notes, self._clean(self._built), _ASKED)
        return self._answers[key]

    def _settle(self) -> None:
        build_at(self.notes, self.store)
        self._built = self._at
        assert rows_of(self.store) == self._rows[self._at]
        assert faults_of(self.store) == []
        self.counts["equal to a clean build"] += 1
        if self.generator.random() < 0.5:  # the next kill is in a first build
            shutil.rmtree(self.store)
            self._built = -1

    def ended(self) -> None:
        """Check the index of a build that ended before its kill."""
        self.counts["ended before"] += 1
        self._settle()

    def seconds(self, longest: float) -> float:
        return self.generator.uniform(0, longest)

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.counts.items())


def started(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a function in a process that leads a group, and wait until it runs."""
    reading, begun = CHILDREN.Pipe(duplex=False)
    process = start(lead_group, begun, target, *arguments)
    assert reading.poll(PATIENCE_S)
    reading.close()
    begun.close()
    return process


def end(process: BaseProcess) -> bool:
    """Kill a process and all that it started; return whether it was still running."""
    assert process.pid is not None
    running = process.is_alive()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join(PATIENCE_S)
    wait_until(lambda: not _running_in(process.pid), PATIENCE_S, "all processes have ended")
    return running


def _running_in(group: int | None) -> list[int]:
    """Return the processes of a group that have not ended (Linux; otherwise none)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            state, _, in_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(in_group) == group and state not in "ZX":
                found.append(int(path.parent.name))
    return found


def test_kills_of_builds(folder: Path, held: list[str]) -> None:
    kills, longest = Kills(folder, 1, one_note=False), 0.1
    while kills.counts["killed"] < rounds(20, 6_500):
        kills.edit()
        rebuild = kills.generator.random() < 0.3
        process = started(build_in_child, kills.notes, kills.store, rebuild)
        process.join(kills.seconds(longest))
        killed = end(process)
        # About one in six builds ends before its kill, so the kills reach to the end of a build.
        longest *= 1.02 if killed else 0.9
        if killed:
            kills.check()
        else:
            kills.ended()
    held.append(f"builds: {kills}")


def test_kills_of_watchers(folder: Path, held: list[str]) -> None:
    kills, longest = Kills(folder, 2, one_note=True), 0.4
    while kills.counts["killed"] < rounds(8, 2_000):
        process = started(watch_in_child, kills.notes, kills.store)
        time.sleep(kills.seconds(longest))
        kills.edit()
        time.sleep(kills.seconds(longest))
        assert end(process)
        longest *= _AFTER_NEW if kills.check() else _AFTER_OLD
    held.append(f"watchers: {kills}")


def test_kills_of_the_page(folder: Path, held: list[str]) -> None:
    kills, longest = Kills(folder, 3, one_note=True), 1.0
    while kills.counts["killed"] < rounds(4, 1_500):
        process = started(serve_in_child, kills.notes, kills.store)
        time.sleep(kills.seconds(longest / 2))
        kills.edit()
        time.sleep(kills.seconds(longest))
        if kills.generator.random() < 0.5 and process.pid:  # a builder outlives its page
            os.kill(process.pid, signal.SIGKILL)
            time.sleep(kills.seconds(0.2))
            kills.counts["page before its builder"] += 1
            end(process)
        else:
            assert end(process)
        longest *= _AFTER_NEW if kills.check() else _AFTER_OLD
    held.append(f"pages: {kills}")

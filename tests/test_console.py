"""Errors of the system are separated from bugs, with memory left to report them."""

from __future__ import annotations

import errno
import weakref

import pytest

from indexer.commands import console


class Held:
    """Represents the data that filled the memory."""


def fill_memory(seen: list[weakref.ref[Held]]) -> None:
    held = Held()
    seen.append(weakref.ref(held))
    try:
        raise MemoryError
    finally:
        raise MemoryError  # as closing what was open may do


def test_what_filled_the_memory_is_let_go_before_the_message() -> None:
    seen: list[weakref.ref[Held]] = []
    try:
        fill_memory(seen)
    except MemoryError as exc:
        assert seen[0]() is not None
        found = console.shortage(exc)
        assert seen[0]() is None
    assert found is not None and found.message == "there is not enough memory"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "", "a.db"), "no space left on device (a.db)"),
        (OSError(errno.EBADF, ""), "bad file descriptor"),
        (FileNotFoundError(errno.ENOENT, "", b"a\xff"), "no such file or directory (a\udcff)"),
        (RuntimeError("can't start new thread"), "not enough memory"),
        (ImportError("libx.so: failed to map segment from shared object"), "not enough memory"),
    ],
)
def test_shortage_has_a_fix(error: Exception, words: str) -> None:
    found = console.shortage(error)
    assert found is not None and words in found.message and found.hint


@pytest.mark.parametrize(
    "error", [OSError("no code"), RuntimeError("a fault of ours"), ImportError("no module")]
)
def test_fault_of_the_program_is_no_shortage(error: Exception) -> None:
    assert console.shortage(error) is None

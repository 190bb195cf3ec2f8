"""The standard streams of the command line, and what the system refuses it."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import sys
from typing import NoReturn

import click

from indexer.errors import IndexerError
from indexer.memory_limit import release_reserve

# What no program can fix by itself; other errors of the system keep their traceback.
_SHORTAGES = frozenset(
    getattr(errno, name)
    for name in "ENOSPC EDQUOT EFBIG EROFS EMFILE ENFILE ENOMEM EIO ENAMETOOLONG ELOOP".split()
    if hasattr(errno, name)
)
# What Python and the loader of libraries say where it is memory that lacks.
_SIGNS_OF_NO_MEMORY = "can't start new thread", "failed to map segment"


def prepare() -> None:
    """Give output an encoding for every note, and a place where the caller closed it.

    A file opened while a standard stream is closed would take its number, and whatever a library
    says there would be written into the file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest number
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def discard_output() -> None:
    """Let nothing more be flushed into a stream that takes no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def leave(status: int) -> NoReturn:
    """End the process when all is closed, without taking apart what the libraries loaded.

    That would take a tenth of the time of a query (benchmarks/HISTORY.md).

    :param status: of the command.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def shortage(exc: Exception) -> IndexerError | None:
    """Return what the system lacks, None for an error that is no shortage.

    :param exc: what was raised.
    """
    if isinstance(exc, MemoryError):
        release_reserve()
        # The frames it went through hold what filled the memory: the message needs some of it.
        exc.__traceback__ = exc.__context__ = None
    if isinstance(exc, MemoryError) or any(sign in str(exc) for sign in _SIGNS_OF_NO_MEMORY):
        return IndexerError("there is not enough memory", "end other programs, or raise the limit")
    if isinstance(exc, OSError) and exc.errno in _SHORTAGES:
        where = f" ({os.fsdecode(exc.filename)})" if isinstance(exc.filename, str | bytes) else ""
        return IndexerError(
            f"the system refuses: {os.strerror(exc.errno or 0).lower()}{where}",
            "check disk space, permissions and limits (`ulimit -a`), then try again",
        )
    return None


def complain(exc: IndexerError) -> None:
    """Write an error and its hint to stderr.

    :param exc: what went wrong.
    """
    from indexer.render import safe

    lines = [f"notepoint: error: {safe(exc.message)}"]
    lines += [f"hint: {safe(exc.hint)}"] if exc.hint else []
    for line in lines:
        with contextlib.suppress(OSError):  # the full disk may be the one the errors go to
            click.echo(line, err=True)

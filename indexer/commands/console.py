"""The standard streams of the command line, and errors of the system such as a full disk."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import re
import sys
from typing import NoReturn

import click

from indexer.errors import IndexerError
from indexer.memory_limit import release_reserve

# What Python and the library loader say when memory is short.
_SIGNS_OF_NO_MEMORY = "can't start new thread", "failed to map segment"

# The user and the password in an address, also where it was typed as another option.
_SECRET = re.compile(r"//[^\s/@]*@")
_MAX_CHARS = 4_000  # of a line of an error, which may repeat what was typed


def prepare() -> None:
    """Set an encoding that can print every note, and replace closed standard streams.

    If a standard stream is closed, the next opened file gets its number, and messages of libraries
    would be written into that file.
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
    """Discard all further output, since the reader closed the pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def leave(status: int) -> NoReturn:
    """Flush, run exit handlers, then exit without interpreter teardown.

    The teardown would take a tenth of the time of a query (benchmarks/HISTORY.md).

    :param status: of the command.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def shortage(exc: Exception) -> IndexerError | None:
    """Return the error for what the system refuses, such as disk, memory or files; None otherwise.

    :param exc: the exception.
    """
    if isinstance(exc, MemoryError):
        release_reserve()
        # The frames of the exception hold the data that filled the memory; the message needs some.
        exc.__traceback__ = exc.__context__ = None
    if isinstance(exc, MemoryError) or any(sign in str(exc) for sign in _SIGNS_OF_NO_MEMORY):
        return IndexerError("there is not enough memory", "end other programs, or raise the limit")
    if isinstance(exc, OSError) and exc.errno:
        where = f" ({os.fsdecode(exc.filename)})" if isinstance(exc.filename, str | bytes) else ""
        return IndexerError(
            f"the system refuses: {os.strerror(exc.errno).lower()}{where}",
            "check disk space, permissions and limits (`ulimit -a`), then try again",
        )
    return None


def complain(exc: IndexerError) -> None:
    """Write an error and its hint to stderr.

    :param exc: the error.
    """
    from indexer.render import in_line

    _write_error(f"notepoint: error: {in_line(exc.message)}")
    _write_hint(exc.hint)


def show_misuse(exc: click.ClickException, hint: str) -> None:
    """Write what is wrong with a command line, and a hint, to stderr.

    :param exc: the error.
    :param hint: empty for none.
    """
    from indexer.render import safe

    said = io.StringIO()
    exc.show(said)
    _write_error(safe(said.getvalue().rstrip("\n")))
    _write_hint(hint)


def _write_hint(hint: str | None) -> None:
    from indexer.render import safe

    if hint:
        _write_error(f"hint: {safe(hint)}")


def _write_error(line: str) -> None:
    line = _SECRET.sub("//***@", line)
    if len(line) > _MAX_CHARS:
        line = f"{line[: _MAX_CHARS // 2]} … {line[-_MAX_CHARS // 2 :]}"
    with contextlib.suppress(OSError):  # stderr may go to the full disk
        click.echo(line, err=True)

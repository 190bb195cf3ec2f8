"""How a build comes along: bars on a terminal, lines of JSON for another program.

That other program may also have a build wait for its word.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from indexer.errors import IndexerError
from indexer.notebook import Notebook

_UNITS = {"reading": "note", "encoding": "text", "writing": "note"}


class LineReporter:
    """Writes a line of JSON to stderr at each step: ``{"phase", "done", "total"}``."""

    def __init__(self) -> None:
        """Begin before the first phase."""
        self._phase, self._done, self._total = "", 0, 0

    def begin(self, phase: str, total: int) -> None:
        """Begin a phase."""
        self._phase, self._done, self._total = phase, 0, total
        self._write()

    def advance(self, steps: int) -> None:
        """Note steps; each hundredth of the phase is reported."""
        before = self._done * 100 // max(1, self._total)
        self._done += steps
        if self._done * 100 // max(1, self._total) > before:
            self._write()

    def _write(self) -> None:
        line = json.dumps({"phase": self._phase, "done": self._done, "total": self._total})
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class BarReporter:
    """Shows one bar for the phase that is going on."""

    def __init__(self) -> None:
        """Begin without a bar."""
        self._bar: Any = None

    def __enter__(self) -> Self:
        """Return the reporter; its bar is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()

    def begin(self, phase: str, total: int) -> None:
        """Begin the bar of a phase."""
        if self._bar is not None:
            self._bar.close()
        from tqdm import tqdm

        unit = f" {_UNITS.get(phase, 'step')}s"
        self._bar = tqdm(
            total=total, desc=phase, unit=unit, file=sys.stderr, leave=False, disable=not total
        )

    def advance(self, steps: int) -> None:
        """Move the bar on."""
        if self._bar is not None:
            self._bar.update(steps)


@contextlib.contextmanager
def show(
    *, as_json: bool = False, quiet: bool = False
) -> Iterator[LineReporter | BarReporter | None]:
    """Yield a reporter that shows bars on a terminal, lines for a program, or nothing.

    :param as_json: True for a program that reads stderr.
    :param quiet: True to show nothing to people.
    """
    if as_json:
        yield LineReporter()
    elif quiet or not sys.stderr.isatty():
        yield None
    else:
        with BarReporter() as reporter:
            yield reporter


def wait_for_word(notebook: Notebook) -> bool:
    """Make ready what a build after one edit needs, and wait for a line on stdin.

    :param notebook: what is to be built.
    :return: False if stdin ended without a line: nobody waits for the build any more.
    """
    with contextlib.suppress(IndexerError):  # the build itself will say so
        notebook.build(dry_run=True)
        notebook.open_ahead(points=1)
    return bool(sys.stdin.readline())

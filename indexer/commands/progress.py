"""Report the progress of a build: bars on a terminal, lines of JSON for another program.

The other program can also make a build wait until it sends a line.
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
        """Start before the first phase."""
        self._phase, self._done, self._total = "", 0, 0

    def begin(self, phase: str, total: int) -> None:
        """Start a phase."""
        self._phase, self._done, self._total = phase, 0, total
        self._write()

    def advance(self, steps: int) -> None:
        """Add finished steps; report each hundredth of the phase."""
        before = self._done * 100 // max(1, self._total)
        self._done += steps
        if self._done * 100 // max(1, self._total) > before:
            self._write()

    def _write(self) -> None:
        line = json.dumps({"phase": self._phase, "done": self._done, "total": self._total})
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class BarReporter:
    """Shows a bar for the current phase."""

    def __init__(self) -> None:
        """Start without a bar."""
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
        """Start the bar of a phase."""
        if self._bar is not None:
            self._bar.close()
        from tqdm import tqdm

        unit = f" {_UNITS.get(phase, 'step')}s"
        self._bar = tqdm(
            total=total, desc=phase, unit=unit, file=sys.stderr, leave=False, disable=not total
        )

    def advance(self, steps: int) -> None:
        """Advance the bar."""
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
    """Load what a build after one edit needs, and wait for a line on stdin.

    :param notebook: the notebook to build.
    :return: False if stdin ended without a line, so nobody waits for the build.
    """
    with contextlib.suppress(IndexerError):  # the build reports it
        notebook.build(dry_run=True)
        notebook.open_ahead(points=1)
    return bool(sys.stdin.readline())

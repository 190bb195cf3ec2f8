"""The last wall against notes that never end: a budget of processor time for each.

Every known construct is bounded by its own rule. This is for those that nobody has found yet: the
rules of the parser look at the clock, and a note that has spent its budget is read as plain text.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Ordinary notes take about 5 microseconds a character.
LEAST_S, S_PER_CHAR = 10.0, 50e-6
_EVERY = 16  # characters of a text, between two checks of the clock


class OutOfTime(Exception):
    """A note has spent its budget; ``line`` is where the parser was, counted from 1."""

    def __init__(self, line: int) -> None:
        """Keep the line."""
        super().__init__(f"no time left at line {line}")
        self.line = line


class _Clock(threading.local):
    """Until when this thread may parse, and the line it is at."""

    until: float | None = None
    not_before: float = 0.0  # on the clock of the wall, which is ten times as quick to read
    line: int = 1


_clock = _Clock()


@contextmanager
def time_budget(chars: int) -> Iterator[None]:
    """Limit the processor time of what is parsed within.

    :param chars: of the note.
    :raises OutOfTime: from the parser, once the time is spent.
    """
    budget = LEAST_S + S_PER_CHAR * chars
    _clock.until = time.thread_time() + budget
    _clock.not_before = time.perf_counter() + budget
    _clock.line = 1
    try:
        yield
    finally:
        _clock.until = None


def install(parser: Any) -> None:
    """Have the rules of a parser of markdown-it look at the clock.

    :param parser: the parser.
    """
    first_block, first_inline = (
        ruler.__rules__[0].name for ruler in (parser.block.ruler, parser.inline.ruler)
    )
    parser.block.ruler.before(first_block, "time_budget", _look_at_block)
    parser.inline.ruler.before(first_inline, "time_budget", _look_at_inline)
    parser.core.ruler.at("inline", _parse_inline)


def _look_at_block(state: Any, start: int, end: int, silent: bool) -> bool:
    _clock.line = max(_clock.line, start + 1)
    _check()
    return False


def _look_at_inline(state: Any, silent: bool) -> bool:
    if not state.pos % _EVERY:  # reading the clock takes as long as a rule
        _check()
    return False


def _check() -> None:
    if _clock.until is None or time.perf_counter() < _clock.not_before:
        return
    if time.thread_time() > _clock.until:
        raise OutOfTime(_clock.line)


def _parse_inline(state: Any) -> None:
    """Parse the inline content of each block, and know its line."""
    for token in state.tokens:
        if token.type == "inline":
            _clock.line = token.map[0] + 1 if token.map else _clock.line
            token.children = token.children or []
            state.md.inline.parse(token.content, state.md, state.env, token.children)

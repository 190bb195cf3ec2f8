"""Limit the processor time for reading a note, as the last protection against slow Markdown.

Every known construct has its own limit. This one is for unknown constructs: the rules of the parser
check the clock, and a note that has used its budget is read as plain text.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from indexer.notes.markdown.tables import inline_tokens

# Normal notes take about 5 microseconds per character.
LEAST_S, S_PER_CHAR = 10.0, 50e-6
_EVERY = 16  # characters of text between two checks of the clock


class OutOfTime(Exception):
    """A note has used its budget; ``line`` is the 1-based line of the parser."""

    def __init__(self, line: int) -> None:
        """Store the line."""
        super().__init__(f"no time left at line {line}")
        self.line = line


class _Clock(threading.local):
    """The deadline of this thread for parsing, and its current line."""

    until: float | None = None
    not_before: float = 0.0  # on the clock of the wall, which is ten times as quick to read
    line: int = 1


_clock = _Clock()


@contextmanager
def time_budget(chars: int) -> Iterator[None]:
    """Limit the processor time for parsing in this context.

    :param chars: of the note.
    :raises OutOfTime: in the parser, when the time is used.
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
    """Make the rules of a markdown-it parser check the clock.

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
    """Parse the inline content of each block, and track its line."""
    for token in inline_tokens(state.tokens):
        _clock.line = token.map[0] + 1 if token.map else _clock.line
        token.children = token.children or []
        state.md.inline.parse(token.content, state.md, state.env, token.children)

"""Find where a construct may end, without scanning the text again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from markdown_it.rules_inline import StateInline


def is_closed(state: StateInline, closing: str, start: int, most: int) -> bool:
    """Return whether the end of a construct is near: ``}}`` after ``{{``.

    The last position is remembered, so thousands of openings that are never closed scan the text
    once.

    :param state: of the inline parser.
    :param closing: the characters at the end.
    :param start: search from here.
    :param most: the most characters from ``start`` to the end of ``closing``.
    """
    cache: dict[Any, Any] = state.cache  # its own keys are positions
    searched_from, found = cache.get(closing, (0, -1))
    if not searched_from <= start <= found:
        found = state.src.find(closing, start)
        found = len(state.src) if found < 0 else found
        cache[closing] = start, found
    return bool(found + len(closing) <= min(start + most, len(state.src)))


class LineSearch:
    """Finds the lines that end blocks.

    Thousands of blocks can have the same end, or none, so each line is searched once for each kind
    of end.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        """Store the lines, which may change up to an end that was found."""
        self._lines = lines
        self._places: dict[str, int] = {}  # the first line that was not searched, by kind

    def find(self, kind: str, start: int, stop: int, is_end: Callable[[str], object]) -> int:
        """Return the first line that ends a block, -1 if there is none.

        :param kind: of the end.
        :param start: the first line to search, not above that of earlier calls.
        :param stop: the line after the last one to search.
        :param is_end: returns whether a line is an end of this kind.
        """
        place, stop = max(self._places.get(kind, 0), start), min(stop, len(self._lines))
        while place < stop and not is_end(self._lines[place]):
            place += 1
        self._places[kind] = place
        return place if place < stop else -1

"""Find where a construct of inline Markdown may end, without scanning the text again and again."""

from __future__ import annotations

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

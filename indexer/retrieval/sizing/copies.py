"""Points that say the same as others: daily notes, templates, notes that were copied."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from indexer.store.records import StoredPoint

# Points with this share of words in common say the same; shorter ones may differ by a word.
_SAME = 0.9
_LEAST_WORDS = 3
_WORD = re.compile(r"[^\W\d_]+")


def copies_of(order: Sequence[int], points: Mapping[int, StoredPoint]) -> dict[int, int]:
    """Return, of points that say the same as a better one of another note, which one that is.

    Numbers and punctuation may differ, as in daily notes and templates; of longer texts a few words
    may.

    :param order: the points to compare, best first.
    :param points: the records of all of them.
    """
    first: dict[str, list[tuple[frozenset[str], int]]] = {}  # by two of the words
    copies: dict[int, int] = {}
    for hit in order:
        stored = points[hit]
        words, keys = _words(stored.point.text)
        if len(words) < _LEAST_WORDS:
            continue
        same = _same(words, keys, first)
        if same is None:
            for key in keys:
                first.setdefault(key, []).append((words, hit))
        elif points[same].note.note_id != stored.note.note_id:
            copies[hit] = same
    return copies


def _same(
    words: frozenset[str],
    keys: tuple[str, ...],
    first: Mapping[str, list[tuple[frozenset[str], int]]],
) -> int | None:
    """Return the first known point that says the same as some words, None without one."""
    for key in keys:
        for own, other in first.get(key, ()):
            if _overlap(own, words) >= _SAME:
                return other
    return None


@functools.lru_cache(maxsize=4_096)  # questions share points
def _words(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the words of a text, and the first and last of them by alphabet."""
    words = frozenset(_WORD.findall(text.casefold()))
    return words, (min(words), max(words)) if words else ()


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    if not _SAME * len(one) <= len(other) <= len(one) / _SAME:
        return 0.0
    return len(one & other) / len(one | other)

"""Rows of one generation that questions share, kept after their checksums were compared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from indexer.store.records import StoredPoint

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
# About 10 MB of points, and 4 MB of word pieces.
_MOST_POINTS = 10_000
_MOST_PIECES = 4_000


class KeptRows:
    """Points without links, their packed word pieces, and the sizes of notes."""

    def __init__(self) -> None:
        """Start empty."""
        self._points: dict[int, StoredPoint] = {}
        self._pieces: dict[int, bytes] = {}
        self._sizes: dict[str, int] = {}

    def points(
        self, point_ids: Collection[int], read: Callable[[list[int]], dict[int, StoredPoint]]
    ) -> dict[int, StoredPoint]:
        """Return points by id in the order asked for; those that do not exist are left out.

        :param point_ids: the points.
        :param read: reads points from the index.
        """
        return _kept(self._points, point_ids, read, _MOST_POINTS)

    def pieces(
        self, point_ids: Collection[int], read: Callable[[list[int]], dict[int, bytes]]
    ) -> dict[int, bytes]:
        """Return packed word pieces by point id.

        :param point_ids: the points.
        :param read: reads word pieces from the index.
        """
        return _kept(self._pieces, point_ids, read, _MOST_PIECES)

    def sizes(
        self, note_ids: Collection[str], read: Callable[[list[str]], dict[str, int]]
    ) -> dict[str, int]:
        """Return the number of points of notes.

        :param note_ids: the notes.
        :param read: reads the numbers from the index.
        """
        return _kept(self._sizes, note_ids, read, _MOST_POINTS)


def _kept(
    kept: dict[_Key, _Value],
    wanted: Iterable[_Key],
    read: Callable[[list[_Key]], dict[_Key, _Value]],
    most: int,
) -> dict[_Key, _Value]:
    """Return values, of which unknown ones are read and kept; other threads may do the same."""
    found = {i: kept.get(i) for i in wanted}
    missing = [i for i, value in found.items() if value is None]
    if missing:
        new = read(missing)
        if len(kept) + len(new) > most:
            kept.clear()
        kept.update(new)
        found |= new
    return {i: value for i, value in found.items() if value is not None}

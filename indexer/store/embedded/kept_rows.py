"""Rows of one generation that questions share, kept after their checksums were compared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from indexer.store.records import StoredPoint

_Value = TypeVar("_Value")
# About 10 MB of points, and 4 MB of word pieces.
_MOST_POINTS = 10_000
_MOST_PIECES = 4_000


class KeptRows:
    """Points without links, and their packed word pieces, by point id."""

    def __init__(self) -> None:
        """Start empty."""
        self._points: dict[int, StoredPoint] = {}
        self._pieces: dict[int, bytes] = {}

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


def _kept(
    kept: dict[int, _Value],
    wanted: Iterable[int],
    read: Callable[[list[int]], dict[int, _Value]],
    most: int,
) -> dict[int, _Value]:
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

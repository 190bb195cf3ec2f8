"""Outlines of the current notes, cached between questions."""

from __future__ import annotations

from indexer.retrieval.freshness import Freshness
from indexer.retrieval.sizing.units import Outline
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

# In a very long note, only the surroundings of a point are read: a stretch of this number of
# points, plus half of it on both sides.
_STRETCH = 1_000
# The most points to cache, in all outlines together: about 10 MB.
_MOST_POINTS = 20_000


class Outlines:
    """Reads outlines from the index, each once per generation."""

    def __init__(self, freshness: Freshness) -> None:
        """Store the freshness checks, which know the notes changed since the build."""
        self._freshness = freshness
        self._generation = -1
        self._kept: dict[tuple[str, int], Outline] = {}
        self._points = 0

    def key(self, stored: StoredPoint) -> tuple[str, int]:
        """Return the key that all points of one outline share.

        :param stored: a point.
        """
        return stored.note.note_id, stored.ordinal // _STRETCH

    def of(self, view: View, stored: StoredPoint) -> Outline:
        """Return the outline of a point's note, with its current lines.

        :param view: the index.
        :param stored: the point; in a note of thousands of points, only those around it are read.
        """
        generation = view.header().generation
        if generation != self._generation or self._points > _MOST_POINTS:
            self._kept, self._points, self._generation = {}, 0, generation
        key = self.key(stored)
        outline = self._kept.get(key)
        if outline is None:
            outline = self._kept[key] = _read(view, stored, key[1])
            self._points += len(outline.points)
        current = self._freshness.confirm_note(outline.stored, view)
        if current is outline.stored:
            return outline
        return Outline(stored.note, current, whole=False)


def _read(view: View, stored: StoredPoint, stretch: int) -> Outline:
    first = max(0, stretch * _STRETCH - _STRETCH // 2)
    last = (stretch + 1) * _STRETCH + _STRETCH // 2 - 1
    points = view.points_between(stored.note.note_id, first, last)
    whole = first == 0 and len(points) <= last
    return Outline(stored.note, points, whole=whole)

"""Outlines of notes as they are now, kept from one question to the next."""

from __future__ import annotations

from indexer.retrieval.freshness import Freshness
from indexer.retrieval.units import Outline
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

# Of a very long note only the surroundings of a point are read: a stretch of this many points, and
# half as many on both sides.
_STRETCH = 1_000
# Points that are kept at most, in all outlines together: about 10 MB.
_MOST_POINTS = 20_000


class Outlines:
    """Reads outlines from the index, each one once a generation."""

    def __init__(self, freshness: Freshness) -> None:
        """Keep the freshness checks, which know the notes changed since they were indexed."""
        self._freshness = freshness
        self._generation = -1
        self._kept: dict[tuple[str, int], Outline] = {}
        self._points = 0

    def key(self, stored: StoredPoint) -> tuple[str, int]:
        """Return what points of one outline have in common.

        :param stored: a point.
        """
        return stored.note.note_id, stored.ordinal // _STRETCH

    def of(self, view: View, stored: StoredPoint) -> Outline:
        """Return the outline of the note of a point, with the lines the note has now.

        :param view: the index.
        :param stored: the point; of a note of thousands of points those around it are read.
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

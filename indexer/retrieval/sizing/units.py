"""Find the units that the author made around each point: items, lists, sections, the note.

They are derived from the stored data of points: order, kinds, headings and parents. ``sizing``
chooses the unit that answers a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from indexer.notes.points import shorten_parent
from indexer.records import BlockKind, Point, UnitKind
from indexer.store.records import NoteInfo, StoredPoint

_LIST_KINDS = frozenset({BlockKind.ITEM, BlockKind.ROW})


class Span(NamedTuple):
    """A unit of a note, as positions of its first and last point in the outline, inclusive.

    ``introduced`` is True if the first point only introduces the others.
    """

    kind: UnitKind
    start: int
    end: int
    introduced: bool = False

    @property
    def size(self) -> int:
        """The number of its points."""
        return self.end - self.start + 1


class Outline:
    """The points of a note in reading order, and the units they form."""

    def __init__(
        self, note: NoteInfo, stored: Sequence[StoredPoint], *, whole: bool = True
    ) -> None:
        """Find the parents of points, and the ranges of lists and sections.

        :param note: the note.
        :param stored: its points in reading order, or a run of them.
        :param whole: False for a run, which cannot form a note.
        """
        self.note = note
        self.stored = list(stored)
        self.points: list[Point] = [one.point for one in stored]
        self.position = {one.point_id: place for place, one in enumerate(stored)}
        self._whole = whole
        self._around: dict[int, list[Span]] = {}
        self._paths: dict[Span, tuple[str, ...]] = {}
        self._body = next(
            (i for i, p in enumerate(self.points) if p.kind is not BlockKind.PROPERTIES), 0
        )
        self._holders = _holders(self.points)
        self._ends = _ends(self._holders)
        self._runs = _runs(self.points, self._ends)
        self._sections, self._sections_of = _sections(self.points)

    def around(self, position: int) -> list[Span]:
        """Return the units around a point, the point itself first, each once.

        The properties of a note do not belong to the unit of the note, but lead to it.

        :param position: of the point.
        """
        kept = self._around.get(position)
        if kept is None:
            kept = self._around[position] = self._find_around(position)
        return kept

    def _find_around(self, position: int) -> list[Span]:
        found = [Span(UnitKind.POINT, position, position)]
        below = self.led_by(position)
        if below:
            leads = self.points[position].kind not in _LIST_KINDS
            kind = UnitKind.LIST if leads else UnitKind.ITEM
            found.append(Span(kind, position, below[-1], leads))
        inner: int | None = position
        while inner is not None:
            found += self._list_around(inner)
            inner = self._holders[inner]
            if inner is not None and not self.points[inner].lead_in:
                found.append(Span(UnitKind.ITEM, inner, self._ends[inner]))
        found += [self._sections[i] for i in self._sections_of[position]]
        if self._whole:
            found.append(self.whole())
        # The largest kind for the same points: a note of one section is a note.
        named = {(span.start, span.end): span for span in found[1:]}
        return [found[0], *(span for place, span in named.items() if place != (position,) * 2)]

    def lists(self, span: Span) -> set[Span]:
        """Return the lists within a unit, also one that fills a section of its own."""
        found = (one for i in range(span.start, span.end + 1) for one in self._list_around(i))
        return {one for one in found if span.start <= one.start <= one.end <= span.end}

    def lists_around(self, position: int) -> list[Span]:
        """Return the list around a point, also one that fills a section of its own.

        :param position: of the point.
        """
        return self._list_around(position)

    def whole(self) -> Span:
        """Return all points except the properties as one unit; for a run of points, the run."""
        return Span(UnitKind.NOTE, self._body, len(self.points) - 1)

    def is_head(self, span: Span) -> bool:
        """Return whether a unit is nothing but the properties of a note that says more."""
        return span.end < self._body < len(self.points)

    def parts(self, span: Span) -> list[StoredPoint]:
        """Return the points of a unit."""
        return self.stored[span.start : span.end + 1]

    def lines(self, span: Span) -> tuple[int, int]:
        """Return the first and last line of a unit."""
        points = self.points[span.start : span.end + 1]
        return points[0].line_start, max(point.line_end for point in points)

    def heading_path(self, span: Span) -> tuple[str, ...]:
        """Return the headings that all points of a unit share.

        A heading at the start of the unit is one of them.
        """
        kept = self._paths.get(span)
        if kept is None:
            kept = self._paths[span] = self._find_heading_path(span)
        return kept

    def _find_heading_path(self, span: Span) -> tuple[str, ...]:
        first = self.points[span.start]
        path = first.heading_path
        if first.kind is BlockKind.HEADING and span.kind is UnitKind.SECTION:
            return (*path, first.text)
        for point in self.points[span.start + 1 : span.end + 1]:
            if point.heading_path[: len(path)] != path:
                path = path[: common(path, point.heading_path)]
        return path

    def depth(self, position: int) -> int:
        """Return the number of parents of a point."""
        count, holder = 0, self._holders[position]
        while holder is not None:
            count, holder = count + 1, self._holders[holder]
        return count

    def led_by(self, position: int) -> range:
        """Return the positions of the points that a point contains or introduces."""
        if self.introduces(position) and self._leads_on(position):
            return range(position + 1, self._runs[position + 1][1] + 1)
        return range(position + 1, self._ends[position] + 1)

    def introduces(self, position: int) -> bool:
        """Return whether a point only introduces others: a lead-in or a text with a colon."""
        if self._ends[position] == position and not self._leads_on(position):
            return False
        point = self.points[position]
        return point.lead_in or point.text.rstrip().endswith(":")

    def _leads_on(self, position: int) -> bool:
        """Return whether a paragraph is right before a list of the same level."""
        if position + 1 == len(self.points):
            return False
        point, following = self.points[position], self.points[position + 1]
        return (
            point.kind is BlockKind.PARAGRAPH
            and following.kind in _LIST_KINDS
            and following.heading_path == point.heading_path
            and following.parents == point.parents
        )

    def _list_around(self, position: int) -> list[Span]:
        """Return the list of an item or row, with the line that introduces it."""
        if self.points[position].kind not in _LIST_KINDS:
            return []
        first, last = self._runs[position]
        holder = self._holders[position]
        if holder is not None and self.points[holder].lead_in:
            return [Span(UnitKind.LIST, holder, max(last, self._ends[holder]), True)]
        before = first - 1
        if before >= 0 and self.introduces(before) and self._leads_on(before):
            return [Span(UnitKind.LIST, before, last, True)]
        return [Span(UnitKind.LIST, first, last)] if last > first else []


def _holders(points: Sequence[Point]) -> list[int | None]:
    """Return, for each point, the position of its parent item or lead-in."""
    holders: list[int | None] = []
    latest: dict[tuple[str, ...], int] = {}
    path: tuple[str, ...] | None = None
    for position, point in enumerate(points):
        if point.heading_path != path:
            latest, path = {}, point.heading_path
        holders.append(latest.get(point.parents) if point.parents else None)
        latest[(*point.parents, shorten_parent(point.text))] = position
    return holders


def _ends(holders: Sequence[int | None]) -> list[int]:
    """Return, for each point, the position of the last point under it, or its own."""
    ends = list(range(len(holders)))
    for position in range(len(holders) - 1, -1, -1):
        holder = holders[position]
        if holder is not None:
            ends[holder] = max(ends[holder], ends[position])
    return ends


def _runs(points: Sequence[Point], ends: Sequence[int]) -> list[tuple[int, int]]:
    """Return, for each point, the first and last position of its list, if it has siblings."""
    starts = list(range(len(points)))
    previous: dict[tuple[str, ...], int] = {}
    path: tuple[str, ...] | None = None
    for position, point in enumerate(points):
        if point.heading_path != path:
            previous, path = {}, point.heading_path
        before = previous.get(point.parents)
        if (
            before is not None
            and point.kind in _LIST_KINDS
            and points[before].kind is point.kind
            and ends[before] == position - 1
        ):
            starts[position] = starts[before]
        previous[point.parents] = position
    last = {starts[position]: ends[position] for position in range(len(points))}
    return [(start, last[start]) for start in starts]


def _sections(points: Sequence[Point]) -> tuple[list[Span], list[list[int]]]:
    """Return all sections, and for each point its sections, the smallest first.

    A section with subsections counts twice: as its own text, and as a whole.
    """
    found: list[Span] = []
    inside: list[list[int]] = []
    opened: list[int] = []  # keyed by level; values are positions in ``found``
    path: tuple[str, ...] = ()
    for position, point in enumerate(points):
        kept = common(path, point.heading_path)
        path, opened = point.heading_path, opened[:kept]
        for level in range(kept, len(path)):
            before = points[position - 1] if position else None
            bare = (
                before is not None
                and before.kind is BlockKind.HEADING
                and (*before.heading_path, before.text) == path[: level + 1]
            )
            opened.append(len(found))
            found.append(Span(UnitKind.SECTION, position - bare, position))
            if bare:
                inside[position - 1].insert(0, opened[-1])
        for section in opened:
            found[section] = found[section]._replace(end=position)
        inside.append(opened[::-1])
    return _with_own_texts(points, found, inside)


def _with_own_texts(
    points: Sequence[Point], found: list[Span], inside: list[list[int]]
) -> tuple[list[Span], list[list[int]]]:
    """Add the text directly under the heading of each section with subsections."""
    for section in range(len(found)):
        start, end = found[section].start, found[section].end
        first = start + (points[start].kind is BlockKind.HEADING)
        last = first
        while last < end and points[last + 1].heading_path == points[first].heading_path:
            last += 1
        if last < end and inside[first][:1] == [section]:
            for position in range(start, last + 1):
                inside[position].insert(inside[position].index(section), len(found))
            found.append(Span(UnitKind.SECTION, start, last))
    return found, inside


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the common start of two sequences."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count

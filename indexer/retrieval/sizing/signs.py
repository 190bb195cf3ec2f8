"""Signs before points that say for or against: "+", "Con:", a thumb; or columns of a table."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from indexer.records import BlockKind, UnitKind
from indexer.retrieval.sizing.stance import Side, is_opinion, side_of_label, side_of_sign
from indexer.retrieval.sizing.units import Outline, Span

# Longer texts before a colon are no labels.
_LABEL_CHARS = 40
_LABEL = re.compile(rf"(.{{2,{_LABEL_CHARS}}}?):\s")
_LEAST = 2


class Signed(NamedTuple):
    """Points in a row with the same side, or the rows of a table that has a column for it."""

    side: Side
    span: Span


def signed_lists(outline: Outline) -> list[Signed]:
    """Return the parts of a note whose points have signs for a side, in reading order.

    Signs of one side are mostly ticks of done tasks: without the other side, they count only in a
    review.

    :param outline: of the note.
    """
    found = [*_runs(outline), *_tables(outline)]
    points = sum(one.span.size for one in found)
    both = {one.side for one in found} == {Side.FOR, Side.AGAINST}
    return found if both or (points >= _LEAST and is_opinion(outline.note)) else []


def _runs(outline: Outline) -> Iterator[Signed]:
    """Yield the points of one side in a row, with the points below them."""
    run: Signed | None = None
    for position, point in enumerate(outline.points):
        if run is not None and position <= run.span.end:
            continue
        side = None if point.kind is BlockKind.ROW else _side_of_point(point.text)
        if side is None:
            continue
        below = outline.led_by(position)
        span = Span(UnitKind.POINT, position, below[-1] if below else position)
        follows = run is not None and run.side is side and run.span.end == position - 1
        if run is not None and follows and _same_place(outline, run.span.start, position):
            run = Signed(side, Span(UnitKind.LIST, run.span.start, span.end))
            continue
        if run is not None:
            yield run
        run = Signed(side, span._replace(kind=UnitKind.ITEM) if span.size > 1 else span)
    if run is not None:
        yield run


def _same_place(outline: Outline, one: int, other: int) -> bool:
    first, second = outline.points[one], outline.points[other]
    return (first.heading_path, first.parents) == (second.heading_path, second.parents)


def _tables(outline: Outline) -> Iterator[Signed]:
    """Yield the tables with a column for a side, once for each side."""
    lists = outline.lists(outline.whole())
    for span in sorted(lists, key=lambda one: one.start):
        rows = [one.point for one in outline.parts(span) if one.point.kind is BlockKind.ROW]
        for side in dict.fromkeys(side for row in rows[:1] for side in _columns(row.text)):
            yield Signed(side, span)


def _columns(row: str) -> Iterator[Side]:
    """Yield the sides that the columns of a table row take."""
    for cell in row.split(" | "):
        side = side_of_label(cell.split(":", 1)[0])
        if side is not None:
            yield side


@functools.lru_cache(maxsize=4_096)  # questions share notes
def _side_of_point(text: str) -> Side | None:
    """Return the side of the sign or label that a point begins with."""
    side = side_of_sign(text)
    if side is None and (label := _LABEL.match(text)):
        side = side_of_label(label[1])
    return side

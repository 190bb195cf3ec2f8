"""Resize the first answer to the user's choice: a point, a list, a section or a note."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.records import Answer, Hit, Unit, UnitKind
from indexer.retrieval.sizing.answer_units import place_of
from indexer.retrieval.sizing.units import Outline, Span
from indexer.snapshot import Snapshot

_KINDS = {
    "list": (UnitKind.ITEM, UnitKind.LIST),
    "section": (UnitKind.SECTION,),
    "note": (UnitKind.NOTE,),
}


def resize_first(answer: Answer, size: str, snapshot: Snapshot) -> tuple[Unit, ...]:
    """Return the units of an answer with the first one in a chosen size.

    Units contained in the first one are left out; the others keep their order.

    :param answer: to show.
    :param size: "point", "list", "section" or "note"; empty for the size that fits the question.
    :param snapshot: the generation of the answer.
    """
    if not size or not answer.units:
        return answer.units
    first = answer.units[0]
    hit = _best_hit(first, answer.hits)
    if hit is None:
        return answer.units
    stored = snapshot.points_of(hit.note_id)
    at = next((i for i, one in enumerate(stored) if one.point_id == hit.point_id), None)
    if at is None:
        return answer.units
    outline = Outline(stored[at].note, stored)
    place = place_of(outline, _span(outline, at, size), {one.point_id for one in answer.hits})
    made = first._replace(kind=place.kind, places=(place,))
    held = {point.point_id for point in place.points}
    rest = [unit for unit in answer.units[1:] if not held.issuperset(unit.matched)]
    return (made, *rest)


def _best_hit(unit: Unit, hits: Sequence[Hit]) -> Hit | None:
    matched = set(unit.matched)
    return next((hit for hit in hits if hit.point_id in matched), None)


def _span(outline: Outline, at: int, size: str) -> Span:
    """Return the smallest unit of a kind around a point, or else the next larger one."""
    around = outline.around(at)
    if size == "point":
        return around[0]
    fitting = [span for span in around if span.kind in _KINDS[size]]
    if not fitting:  # no list or section around it: take the next larger unit
        fitting = [span for span in around[1:] if span.kind is UnitKind.NOTE or size == "list"]
    return min(fitting or around[-1:], key=lambda span: span.size)

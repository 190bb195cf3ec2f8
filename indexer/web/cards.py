"""The cards of an answer: a large one for the best answer, then the rest by note.

The page uses one scale of words: *answers*, *related*, *weak*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from indexer.records import Answer, BlockKind, Hit, Place, Unit, UnitKind, UnitPoint
from indexer.render_markdown import unit_markdown
from indexer.web.presenters import (
    RELATED_COSINE,
    card_of,
    count,
    formulas_of,
    href_of,
    path_of,
    place_of_hit,
    plain,
)

_MAX_ROWS = 14
_ITEMS = frozenset({BlockKind.ITEM, BlockKind.ROW})
_KINDS = {
    UnitKind.POINT: "",
    UnitKind.ITEM: "Item with its parts",
    UnitKind.LIST: "List",
    UnitKind.SECTION: "Section",
    UnitKind.NOTE: "Whole note",
}


class Cards:
    """Builds the cards of one answer."""

    def __init__(
        self,
        answer: Answer,
        steered: dict[str, str],
        *,
        units: Sequence[Unit],
        steerable: bool,
        kinds: Mapping[int, BlockKind] | None = None,
    ) -> None:
        """Store the data to show.

        :param answer: to show; hits that are examples are left out.
        :param steered: the places of examples, each with its sign.
        :param units: of the answer, the first in the size the user chose.
        :param steerable: whether examples can move the answer.
        :param kinds: what the points of the shown notes are, by id; a point that is missing is
            text.
        """
        self._answer = answer
        self._units = units
        self._hits = {hit.point_id: hit for hit in answer.hits}
        self._steered = steered
        self._steerable = steerable
        self._kinds = kinds or {}

    def data(self) -> dict[str, Any]:
        """Return the best card, then related and weak hits, grouped by note."""
        units = [unit for unit in self._units if not self._is_example(unit)]
        best = units[0] if units and self._answer.answered and not units[0].weaker else None
        rest = units[1:] if best else units
        related = [unit for unit in rest if best and self._is_related(unit)]
        weak = [unit for unit in rest if unit not in related]
        return {
            "best": self._best(best) if best else None,
            "related": self._groups(related, "related"),
            "weak": self._groups(weak, "weak"),
            "weakCount": len(weak),
            "order": [
                self._best_place(unit) if unit is best else self._place(unit) for unit in units
            ],
        }

    def _is_example(self, unit: Unit) -> bool:
        return self._place(unit) in self._steered

    def _is_related(self, unit: Unit) -> bool:
        if unit.weaker:
            return False
        hits = self._hits_of(unit)
        return any(is_related(hit) for hit in hits)

    def _hits_of(self, unit: Unit) -> list[Hit]:
        return [self._hits[one] for one in unit.matched if one in self._hits]

    def _first_hit(self, unit: Unit) -> Hit | None:
        return min(self._hits_of(unit), key=lambda hit: hit.rank, default=None)

    def _place(self, unit: Unit) -> str:
        hit = self._first_hit(unit)
        return place_of_hit(hit) if hit else plain(f"{unit.note_id}:{unit.line_start}")

    def _best(self, unit: Unit) -> dict[str, Any]:
        hit = self._first_hit(unit)
        place = self._best_place(unit)
        card = self._card(hit) if hit else {}
        rows = self._rows(unit)
        return card | {
            "place": place,
            "href": href_of(place, self._answer.question),
            "level": "answers",
            "kind": unit.kind.value,
            "size": _size_of(unit),
            "parts": [_part_of(one) for one in unit.places] if len(unit.places) > 1 else [],
            "path": path_of(unit.title, unit.heading_path),
            "note": plain(unit.note_id),
            "rows": rows,
            "tinted": 2 * sum(row["matched"] for row in rows) <= len(rows),
            "shown": _MAX_ROWS,
            "lines": [unit.line_start, unit.line_end],
            "quote": plain(unit_markdown(unit, self._answer.hits)),
        }

    def _best_place(self, unit: Unit) -> str:
        if len(unit.points) > 1:
            return plain(f"{unit.note_id}:{unit.line_start}")
        return self._place(unit)

    def _rows(self, unit: Unit) -> list[dict[str, Any]]:
        """Return the points of a unit, with a heading before the first point of each section."""
        rows = []
        for part in unit.places:
            above = list(unit.heading_path)
            for point in part.points:
                path = list(point.heading_path)
                row = self._row(part, point)
                row["under"] = plain(path[-1]) if path and path != above else ""
                above = path
                rows.append(row)
        named = {text.casefold() for text in path_of(unit.title, unit.heading_path)}
        # A heading without text is a point, but the card already shows its headings.
        if len(rows) > 1 and rows[0]["heading"] and rows[0]["text"].casefold() in named:
            return rows[1:]
        return rows

    def _row(self, part: Place, point: UnitPoint) -> dict[str, Any]:
        hit = self._hits.get(point.point_id)
        marks = hit.marks if hit and hit.snippet == point.text else ()
        place = plain(f"{part.note_id}:{point.line_start}")
        kind = self._kinds.get(point.point_id, BlockKind.PARAGRAPH)
        return {
            "text": plain(point.text),
            "math": formulas_of(point.text),
            "marks": [list(mark) for mark in marks],
            "depth": point.depth,
            "matched": point.matched,
            "lead": point.lead_in,
            "code": kind is BlockKind.CODE,
            "item": kind in _ITEMS,
            "heading": kind is BlockKind.HEADING,
            "place": place,
            "href": href_of(place, self._answer.question),
        }

    def _card(self, hit: Hit) -> dict[str, Any]:
        place = place_of_hit(hit)
        made = card_of(
            hit, self._answer.question, self._steered.get(place, ""), steerable=self._steerable
        )
        return made | {"code": self._kinds.get(hit.point_id) is BlockKind.CODE}

    def _groups(self, units: Iterable[Unit], level: str) -> list[dict[str, Any]]:
        """Return units as rows grouped by note; the notes are ordered by their best unit."""
        groups: dict[str, dict[str, Any]] = {}
        for unit in units:
            hit = self._first_hit(unit)
            if hit is None:
                continue
            group = groups.setdefault(unit.note_id, _group_of(hit))
            size = _size_of(unit)
            group["rows"].append(self._card(hit) | {"level": level, "size": size})
        return list(groups.values())


def is_related(hit: Hit) -> bool:
    """Return whether a hit has a word of the question, or a near meaning."""
    has_word = any(kind == "word" for _, _, kind in hit.marks)
    return has_word or (hit.cosine is not None and hit.cosine >= RELATED_COSINE)


def _group_of(hit: Hit) -> dict[str, Any]:
    note = plain(hit.note_id)
    return {
        "note": note,
        "title": plain(hit.title),
        "folder": note.rpartition("/")[0],
        "href": href_of(note),
        "date": hit.date or "",
        "tags": [plain(tag) for tag in hit.tags],
        "rows": [],
    }


def _size_of(unit: Unit) -> str:
    """Return the kind of a unit in words, empty for a single point."""
    points = len(unit.points)
    if len(unit.places) > 1:
        return f"From {count(len({place.note_id for place in unit.places}), 'note')}"
    kind = _KINDS[unit.kind]
    return f"{kind}, {count(points, 'point')}" if kind and points > 1 else ""


def _part_of(place: Place) -> dict[str, Any]:
    return {"title": plain(place.title), "points": len(place.points)}

"""How much of a note answers a question: one point, or the item, list, section or note around it.

Each candidate point has a probability to belong to the answer, which falls with its distance to the
best score. The unit with the highest expected F1 is shown: a lone point keeps to itself, near-equal
points of one list make the list. What chose the numbers is in benchmarks/QUALITY.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from indexer.records import UnitKind
from indexer.retrieval.question_form import Form, Lean
from indexer.retrieval.units import Outline, Span
from indexer.store.records import StoredPoint
from indexer.text.terms import terms_of

# Distance of scores at which a point belongs to the answer with 1/e, by the form of the question.
_FALL = {Lean.ONE: 0.25, Lean.NEUTRAL: 0.4, Lean.SEVERAL: 0.6}
# What the best point says in its own words and another point lacks counts this much in addition.
_LACKING = 2.0
_LEAST = 0.02
# Points whose containers are tried; ranks below them found nothing more.
_TRIED = 10
# A point of a container that the question names belongs to the answer with this at least.
_NAMED = 0.3
_NAMED_TRIED = 5
# Units beyond these are single points, as few readers come so far.
_SIZED = 10
# A point below an introducing one belongs to the answer nearly as the introducing one does.
_LED = 0.8


class Candidates(NamedTuple):
    """Ranked points with what sizing needs to know of them.

    ``lacking`` is, per point, the share of the question that the best point has in its own words
    and this one has nowhere.
    """

    order: Sequence[int]
    scores: Mapping[int, float]
    points: Mapping[int, StoredPoint]
    lacking: Mapping[int, float]


class Chosen(NamedTuple):
    """A unit to show: its places, best first, and the hit it was opened by.

    ``chances`` are those of its points to belong to the answer, ``chance`` that of the hit;
    ``similar`` is how many units that say the same are left out for it.
    """

    places: tuple[tuple[Outline, Span], ...]
    hit: StoredPoint
    chance: float
    chances: dict[int, float]
    similar: int = 0


OutlineOf = Callable[[StoredPoint], Outline]


def choose_units(
    candidates: Candidates,
    form: Form,
    subject: Mapping[str, float],
    outline_of: OutlineOf,
    k: int,
    *,
    scale: float = 1.0,
) -> list[Chosen]:
    """Return the units to show, best first.

    :param candidates: the ranking.
    :param form: of the question.
    :param subject: terms of the question's subject to their rarity.
    :param outline_of: point to the outline of its note.
    :param k: how many units at most.
    :param scale: how far apart the scores are, 1 where all retrievers are asked.
    :return: empty if no point is in its note any more.
    """
    chooser = _Chooser(candidates, form, subject, outline_of, scale)
    first = chooser.first()
    if first is None:
        return []
    found = [first]
    shown = set(_ids(first))
    for hit in candidates.order:
        if len(found) == k:
            break
        unit = chooser.next(hit, shown, single=len(found) >= _SIZED) if hit not in shown else None
        if unit is not None:
            found.append(unit)
            shown.update(_ids(unit))
    return found


def _ids(chosen: Chosen) -> Iterator[int]:
    """Yield the points of a unit."""
    return (one.point_id for outline, span in chosen.places for one in outline.parts(span))


class _Chooser:
    def __init__(
        self,
        candidates: Candidates,
        form: Form,
        subject: Mapping[str, float],
        outline_of: OutlineOf,
        scale: float,
    ) -> None:
        self._candidates = candidates
        self._form = form
        self._subject = subject
        self._outline_of = outline_of
        self._tried = list(candidates.order[:_TRIED])
        self._chances = self._direct_chances(_FALL[form.lean] * scale)
        self._found = dict(self._chances)
        self._add_led()
        self._add_named()
        self._total = sum(self._chances.values())

    def first(self) -> Chosen | None:
        """Return the unit with the highest expected F1, None if no point is left."""
        best: tuple[float, Outline, Span, int] | None = None
        for hit in self._tried:
            place = self._place(hit)
            if place is None:
                continue
            outline, position = place
            for span in outline.around(position):
                value = self._expected_f1(outline, span)
                if best is None or value > best[0] + 1e-9:
                    best = (value, outline, span, hit)
        return None if best is None else self._chosen(best[1], best[2], best[3])

    def next(self, hit: int, shown: set[int], *, single: bool) -> Chosen | None:
        """Return the unit around a hit, without points that are shown already.

        :param hit: the point.
        :param shown: the points of the units so far.
        :param single: True for the point alone.
        :return: None if the point is gone from its note.
        """
        place = self._place(hit)
        if place is None:
            return None
        outline, position = place
        span = Span(UnitKind.POINT, position, position)
        return self._chosen(
            outline, span if single else self._around(outline, position, shown), hit
        )

    def _chosen(self, outline: Outline, span: Span, hit: int) -> Chosen:
        chances = {
            one.point_id: self._found[one.point_id]
            for one in outline.parts(span)
            if one.point_id in self._found
        }
        stored = outline.stored[outline.position[hit]]
        return Chosen(((outline, span),), stored, self._found.get(hit, _LEAST), chances)

    def _around(self, outline: Outline, position: int, shown: set[int]) -> Span:
        """Return the unit around a point with the highest expected F1 within the note."""
        best = self._chances.get(outline.stored[position].point_id, _LEAST)
        chances = [min(1.0, self._chances.get(one.point_id, 0.0) / best) for one in outline.stored]
        total = sum(chances)
        spans = [
            span
            for span in outline.around(position)
            if not any(one.point_id in shown for one in outline.parts(span))
        ]

        def value(span: Span) -> float:
            found = sum(chances[span.start : span.end + 1])
            return 2 * found / (span.size - span.introduced + total)

        return max(spans, key=value)

    def _place(self, hit: int) -> tuple[Outline, int] | None:
        outline = self._outline_of(self._candidates.points[hit])
        position = outline.position.get(hit)
        return None if position is None else (outline, position)

    def _expected_f1(self, outline: Outline, span: Span) -> float:
        found = sum(self._chances.get(one.point_id, 0.0) for one in outline.parts(span))
        return 2 * found / (span.size - span.introduced + self._total)

    def _direct_chances(self, fall: float) -> dict[int, float]:
        """Return the chance of each candidate by its score and by what it lacks."""
        scores, lacking = self._candidates.scores, self._candidates.lacking
        best = scores[self._candidates.order[0]]
        chances = {}
        for place, hit in enumerate(self._candidates.order):
            lack = _LACKING * lacking.get(hit, 0.0) if place else 0.0
            chance = math.exp(-(max(best - scores[hit], 0.0) + lack) / fall)
            if chance > _LEAST:
                chances[hit] = chance
        return chances

    def _add_led(self) -> None:
        """Give the points below an introducing one nearly the chance of that."""
        for hit in self._tried:
            place = self._place(hit)
            if hit not in self._chances or place is None:
                continue
            outline, position = place
            for below in outline.led_by(position) if outline.introduces(position) else ():
                self._raise(outline, below, _LED * self._chances[hit])

    def _add_named(self) -> None:
        """Give the points of containers that the question names a chance of their own."""
        if self._form.lean is Lean.ONE or not self._subject:
            return
        named: dict[tuple[str, tuple[str, ...]], int] = {}
        for hit in self._candidates.order:
            stored = self._candidates.points[hit]
            for labels in _label_paths(stored):
                key = stored.note.note_id, labels
                if key not in named and self._names(labels):
                    named[key] = hit
        for (_, labels), hit in list(named.items())[:_NAMED_TRIED]:
            place = self._place(hit)
            if place is None:
                continue
            outline, position = place
            named_so = [s for s in outline.around(position) if _labels(outline, s) == labels]
            span = max(named_so, key=lambda s: s.size, default=None)
            if span is not None:
                self._tried.append(hit)
                for inside in range(span.start, span.end + 1):
                    self._raise(outline, inside, _NAMED)

    def _raise(self, outline: Outline, position: int, chance: float) -> None:
        point_id = outline.stored[position].point_id
        self._chances[point_id] = max(self._chances.get(point_id, 0.0), chance)

    def _names(self, labels: tuple[str, ...]) -> bool:
        """Return whether labels hold all of the subject, the last of them a part of its own."""
        above = {term for label in labels[:-1] for term in terms_of(label)}
        last = set(terms_of(labels[-1]))
        return self._subject.keys() <= (above | last) and bool(
            (last - above) & self._subject.keys()
        )


def _label_paths(stored: StoredPoint) -> list[tuple[str, ...]]:
    """Return what names the containers of a point: title, headings and parents, each path whole."""
    point = stored.point
    labels = (stored.note.title, *point.heading_path, *point.parents)
    return [labels[:end] for end in range(2, len(labels) + 1)]


def _labels(outline: Outline, span: Span) -> tuple[str, ...]:
    """Return the labels that name a unit, the nearest last."""
    first = outline.points[span.start]
    if span.kind in (UnitKind.SECTION, UnitKind.NOTE):
        return (outline.note.title, *outline.heading_path(span))
    own = (first.text,) if span.introduced or span.kind is UnitKind.ITEM else ()
    return (outline.note.title, *first.heading_path, *first.parents, *own)

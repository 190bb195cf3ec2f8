"""How much of a note answers a question: one point, or the item, list, section or note around it.

Each candidate point has a probability to belong to the answer, which falls with its distance to the
best score. The unit with the highest expected F1 is shown: a lone point keeps to itself, near-equal
points of one list make the list. What chose the numbers is in benchmarks/QUALITY.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
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
_NAMED = 0.6
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
    """A unit to show: its places, best first, and the hit it was opened by."""

    places: tuple[tuple[Outline, Span], ...]
    hit: int


OutlineOf = Callable[[StoredPoint], Outline]


def choose_units(
    candidates: Candidates,
    form: Form,
    subject: Mapping[str, float],
    outline_of: OutlineOf,
    k: int,
) -> list[Chosen]:
    """Return the units to show, best first.

    :param candidates: the ranking.
    :param form: of the question.
    :param subject: terms of the question's subject to their rarity.
    :param outline_of: point to the outline of its note.
    :param k: how many units at most.
    """
    if not candidates.order:
        return []
    chooser = _Chooser(candidates, form, subject, outline_of)
    first = chooser.first()
    found = [first]
    shown = {point for point in chooser.ids(first)}
    for hit in candidates.order:
        if len(found) == k:
            break
        if hit not in shown:
            found.append(chooser.next(hit, shown))
            shown.update(chooser.ids(found[-1]))
    return found


class _Chooser:
    def __init__(
        self,
        candidates: Candidates,
        form: Form,
        subject: Mapping[str, float],
        outline_of: OutlineOf,
    ) -> None:
        self._candidates = candidates
        self._form = form
        self._subject = subject
        self._outline_of = outline_of
        self._chances = self._all_chances()
        self._total = sum(self._chances.values())

    def ids(self, chosen: Chosen) -> Iterable[int]:
        """Return the points of a unit."""
        return (one.point_id for outline, span in chosen.places for one in outline.parts(span))

    def first(self) -> Chosen:
        """Return the unit with the highest expected F1."""
        best: tuple[float, Outline, Span, int] | None = None
        for hit in self._tried:
            outline, position = self._place(hit)
            for span in outline.around(position):
                value = self._expected_f1(outline, span)
                if best is None or value > best[0] + 1e-9:
                    best = (value, outline, span, hit)
        assert best is not None
        _, outline, span, hit = best
        return Chosen(((outline, span),), hit)

    def next(self, hit: int, shown: set[int]) -> Chosen:
        """Return the unit around a hit that none of the shown units holds."""
        outline, position = self._place(hit)
        return Chosen(((outline, self._around(outline, position, shown)),), hit)

    def _around(self, outline: Outline, position: int, shown: set[int]) -> Span:
        own = outline.stored[position].point_id
        best = self._chances.get(own, 0.0) or _LEAST
        chances = {i: min(1.0, chance / best) for i, chance in self._chances.items()}
        total = sum(chances.get(one.point_id, 0.0) for one in outline.stored)
        spans = [
            span
            for span in outline.around(position)
            if not any(one.point_id in shown for one in outline.parts(span))
        ]

        def value(span: Span) -> float:
            found = sum(chances.get(one.point_id, 0.0) for one in outline.parts(span))
            return 2 * found / (span.size - span.introduced + total)

        return max(spans, key=value)

    def _place(self, hit: int) -> tuple[Outline, int]:
        outline = self._outline_of(self._candidates.points[hit])
        return outline, outline.position[hit]

    def _expected_f1(self, outline: Outline, span: Span) -> float:
        found = sum(self._chances.get(one.point_id, 0.0) for one in outline.parts(span))
        return 2 * found / (span.size - span.introduced + self._total)

    def _all_chances(self) -> dict[int, float]:
        scores, lacking = self._candidates.scores, self._candidates.lacking
        order = self._candidates.order
        fall = _FALL[self._form.lean]
        best = scores[order[0]]
        chances = {}
        for place, hit in enumerate(order):
            lack = _LACKING * lacking.get(hit, 0.0) if place else 0.0
            chance = math.exp(-(max(best - scores[hit], 0.0) + lack) / fall)
            if chance > _LEAST:
                chances[hit] = chance
        self._tried = list(order[:_TRIED])
        self._add_led(chances)
        self._add_named(chances)
        return chances

    def _add_led(self, chances: dict[int, float]) -> None:
        """Give the points below an introducing one nearly the chance of that."""
        for hit in list(chances):
            if hit not in self._tried:
                continue
            outline, position = self._place(hit)
            if outline.introduces(position):
                for below in outline.led_by(position):
                    point_id = outline.stored[below].point_id
                    chances[point_id] = max(chances.get(point_id, 0.0), _LED * chances[hit])

    def _add_named(self, chances: dict[int, float]) -> None:
        """Give the points of containers that the question names a chance of their own."""
        if self._form.lean is Lean.ONE or not self._subject:
            return
        named: dict[tuple[str, tuple[str, ...]], int] = {}
        for hit in self._candidates.order:
            stored = self._candidates.points[hit]
            for labels in _label_paths(stored):
                if labels not in named.values() and self._names(labels):
                    named.setdefault((stored.note.note_id, labels), hit)
        for (_, labels), hit in list(named.items())[:5]:
            outline, position = self._place(hit)
            for span in outline.around(position):
                if _labels_of(outline, span) == labels:
                    for one in outline.parts(span):
                        chances[one.point_id] = max(chances.get(one.point_id, 0.0), _NAMED)
                    if hit not in self._tried:
                        self._tried.append(hit)
                    break

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


def _labels_of(outline: Outline, span: Span) -> tuple[str, ...]:
    """Return the labels that name a unit, the nearest last."""
    first = outline.points[span.start]
    if span.kind in (UnitKind.SECTION, UnitKind.NOTE):
        return (outline.note.title, *outline.heading_path(span))
    own = (first.text,) if span.introduced or span.kind is UnitKind.ITEM else ()
    return (outline.note.title, *first.heading_path, *first.parents, *own)

"""A ranking to the units of an answer: what is shown, in which size, and which hits are in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from indexer.records import Mode, Place, Unit, UnitKind, UnitPoint
from indexer.retrieval import sizing
from indexer.retrieval.doubts import DOUBTED, is_doubtful
from indexer.retrieval.late_interaction import own_similarities
from indexer.retrieval.outlines import Outlines
from indexer.retrieval.query import Asked, Query
from indexer.retrieval.question_form import FORM_TERMS, read_form
from indexer.retrieval.ranking import Ranking, Weights
from indexer.retrieval.sizing import Candidates, Chosen, choose_units
from indexer.retrieval.units import Outline, Span
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

# A point belongs to what the question found if its chance is this part of that of the best one.
_MATCHED = 0.37
# Units whose notes tell up to which number something is counted.
_DOUBTED_WITH = 3
# A unit is weaker than the first if its best point has less than this part of the first's chance.
_WEAKER = 0.37


class Sized(NamedTuple):
    """The units of an answer, its points in the order of the hits, and the unit of each point."""

    units: tuple[Unit, ...]
    points: list[StoredPoint]
    unit_of: dict[int, int]

    @property
    def notes(self) -> set[str]:
        """The notes that are shown."""
        return {place.note_id for unit in self.units for place in unit.places}


def size_answer(
    view: View,
    outlines: Outlines,
    ranking: Ranking,
    asked: Asked,
    query: Query,
    current: Sequence[StoredPoint],
    confidence: float,
) -> Sized:
    """Return what to show for a question.

    :param view: the index.
    :param outlines: gives the notes around points.
    :param ranking: of the question, without points that are gone from their notes.
    :param asked: the question as it was read.
    :param query: its options; ``k`` counts units.
    :param current: the first ``k`` hits, each as it is in its note now.
    :param confidence: the probability that the notes hold an answer.
    """
    if query.points or not current:
        chosen: list[Chosen] = []
    else:
        order = _order(ranking, current)
        scores, lacking = _scores(ranking, query), _lacking(ranking, order, asked)
        subject = {term for term in asked.question.terms if term not in FORM_TERMS}
        form = read_form(asked.question.text)
        chosen = choose_units(
            Candidates(order, scores, ranking.points, lacking, len(current)),
            sizing.Asked(form, subject, _scale(query.mode, query.weights)),
            _Once(view, outlines),
            query.k,
        )
    if not chosen:
        return _single_points(current, confidence)
    first = [one.places[0] for one in chosen[:_DOUBTED_WITH]]
    if is_doubtful(asked.question.text, [outline for outline, _ in first], first[0][1]):
        confidence *= DOUBTED
    units: list[Unit] = []
    for rank, one in enumerate(chosen, 1):
        weaker = bool(units) and units[-1].weaker
        units.append(_unit(rank, one, chosen[0], confidence, weaker=weaker))
    unit_of = {point.point_id: unit.rank for unit in reversed(units) for point in unit.points}
    hits = _hits(current, chosen)
    # A hit that no unit shows, as a copy of one that is shown, gives way to those that open a unit.
    spare = query.k - sum(one.point_id in unit_of for one in hits)
    others = [one.point_id for one in hits if one.point_id not in unit_of][: max(0, spare)]
    shown = [one for one in hits if one.point_id in unit_of or one.point_id in others]
    return Sized(tuple(units), shown, unit_of)


class _Once:
    """Looks at each note once while one question is answered."""

    def __init__(self, view: View, outlines: Outlines) -> None:
        self._view, self._outlines = view, outlines
        self._found: dict[tuple[str, int], Outline] = {}

    def __call__(self, stored: StoredPoint) -> Outline:
        key = self._outlines.key(stored)
        if key not in self._found:
            self._found[key] = self._outlines.of(self._view, stored)
        return self._found[key]


def _single_points(current: Sequence[StoredPoint], confidence: float) -> Sized:
    units = []
    for rank, stored in enumerate(current, 1):
        outline = Outline(stored.note, [stored])
        place = place_of(outline, Span(UnitKind.POINT, 0, 0), {stored.point_id})
        units.append(Unit(rank, UnitKind.POINT, (place,), confidence))
    unit_of = {stored.point_id: rank for rank, stored in enumerate(current, 1)}
    return Sized(tuple(units), list(current), unit_of)


def _order(ranking: Ranking, current: Sequence[StoredPoint]) -> list[int]:
    """Return all points: the hits first, then the others of the ranking."""
    first = [stored.point_id for stored in current]
    return [*first, *(i for i in ranking.order if i not in set(first))]


def _scores(ranking: Ranking, query: Query) -> dict[int, float]:
    """Return the scores; after a reranker, the n-th best for the n-th point."""
    if query.reranker is None:
        return ranking.scores
    falling = sorted((ranking.scores[i] for i in ranking.order), reverse=True)
    return dict(zip(ranking.order, falling, strict=True))


def _lacking(ranking: Ranking, order: Sequence[int], asked: Asked) -> dict[int, float]:
    """Return the share of the question that the best point says itself and each other lacks."""
    best = order[0]
    if asked.encoded is None or best not in ranking.packed:
        return {}
    own = own_similarities(asked.encoded.pieces, ranking.packed[best])
    ids = [i for i in order if i in ranking.matched]
    matched = np.stack([ranking.matched[i] for i in ids])
    lacking = np.maximum(own - matched, 0.0) @ asked.weights
    return dict(zip(ids, lacking.tolist(), strict=True))


def _scale(mode: Mode, weights: Weights) -> float:
    """Return how far apart scores are, against those of all retrievers together."""
    default = Weights()
    whole = 1 + default.words + default.pieces
    if mode is Mode.LEXICAL:
        return 1 / whole
    words = weights.words if mode is Mode.HYBRID else 0.0
    return (1 + words + weights.pieces) / whole


def _hits(current: Sequence[StoredPoint], chosen: Sequence[Chosen]) -> list[StoredPoint]:
    """Return the hits: those of the first unit first, and one of each unit at least."""
    found = {stored.point_id: stored for stored in current}
    for one in chosen:
        found.setdefault(one.hit.point_id, one.hit)
    first = {
        stored.point_id for outline, span in chosen[0].places for stored in outline.parts(span)
    }
    points = list(found.values())
    if points[0].point_id in first:
        return points
    opener = chosen[0].hit
    return [opener, *(stored for stored in points if stored.point_id != opener.point_id)]


def _unit(rank: int, chosen: Chosen, first: Chosen, confidence: float, *, weaker: bool) -> Unit:
    matched = {i for i, chance in chosen.chances.items() if chance >= _MATCHED * chosen.chance}
    matched.add(chosen.hit.point_id)
    places = tuple(place_of(outline, span, matched) for outline, span in chosen.places)
    share = min(1.0, chosen.chance / first.chance) if first.chance else 1.0
    return Unit(
        rank=rank,
        kind=places[0].kind,
        places=places,
        confidence=confidence * share,
        weaker=weaker or (rank > 1 and share < _WEAKER),
        similar=chosen.similar,
    )


def place_of(outline: Outline, span: Span, matched: Collection[int]) -> Place:
    """Return a unit of a note as it is shown.

    :param outline: of the note.
    :param span: which of its points.
    :param matched: ids of the points that the question found.
    """
    line_start, line_end = outline.lines(span)
    note = outline.note
    points = tuple(
        UnitPoint(
            point_id=stored.point_id,
            line_start=stored.point.line_start,
            line_end=stored.point.line_end,
            text=stored.point.text,
            heading_path=stored.point.heading_path,
            depth=outline.depth(span.start + place),
            matched=stored.point_id in matched,
            lead_in=stored.point.lead_in,
        )
        for place, stored in enumerate(outline.parts(span))
    )
    return Place(
        kind=span.kind,
        note_id=note.note_id,
        title=note.title,
        date=note.date,
        heading_path=outline.heading_path(span),
        line_start=line_start,
        line_end=line_end,
        points=points,
    )

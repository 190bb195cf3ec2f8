"""Turn a ranking into the units of an answer: their sizes and their hits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from indexer.records import BlockKind, Mode, Place, Unit, UnitKind, UnitPoint
from indexer.retrieval.late_interaction import own_similarities
from indexer.retrieval.query import Asked, Query
from indexer.retrieval.ranking import Ranking, Weights
from indexer.retrieval.sizing import choosing
from indexer.retrieval.sizing.asked_parts import find_part
from indexer.retrieval.sizing.choosing import Candidates, Chosen, choose_units
from indexer.retrieval.sizing.named_parts import note_within
from indexer.retrieval.sizing.note_names import NoteNames
from indexer.retrieval.sizing.outlines import Outlines
from indexer.retrieval.sizing.parts import Around, Part, Places
from indexer.retrieval.sizing.question_form import FORM_TERMS, read_form
from indexer.retrieval.sizing.rating import MAX_FORM_CHARS, rate_units
from indexer.retrieval.sizing.units import Outline, Span, common
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

_BY_RANKING = "the best expected F1 around the first points of the ranking"
# A point counts as found if its chance is at least this part of the best chance.
_MATCHED = 0.37
# A unit is weaker if its best point has less than this part of the chance of the first unit's.
_WEAKER = 0.37
# The most points of a list of links that become hits, so that their links are shown.
_MOST_LINKED = 30


class Sized(NamedTuple):
    """The units of an answer, the points in the order of the hits, and the unit of each.

    ``rules`` are (rule, confidence after it) for what changed the confidence; ``size`` says what
    decided the size of the first unit.
    """

    units: tuple[Unit, ...]
    points: list[StoredPoint]
    unit_of: dict[int, int]
    rules: tuple[tuple[str, float], ...] = ()
    size: str = "single points"

    @property
    def notes(self) -> set[str]:
        """The notes of the units."""
        return {place.note_id for unit in self.units for place in unit.places}


class Sources(NamedTuple):
    """Data kept between questions: outlines of notes, and the names of all notes."""

    outlines: Outlines
    names: NoteNames


def size_answer(
    view: View,
    sources: Sources,
    ranking: Ranking,
    asked: Asked,
    query: Query,
    current: Sequence[StoredPoint],
    confidence: float,
) -> Sized:
    """Return the units to show for a question.

    :param view: the index.
    :param sources: outlines and names of notes.
    :param ranking: of the question, without points deleted from their notes.
    :param asked: the question after reading.
    :param query: its options; ``k`` counts units.
    :param current: the first ``k`` hits, with their current lines.
    :param confidence: the probability that the notes hold an answer.
    """
    chosen: list[Chosen] = []
    part: Part | None = None
    if current and not query.points:
        order = _order(ranking, current)
        scores, lacking = _scores(ranking, query), _lacking(ranking, order, asked)
        subject = frozenset(asked.question.terms) - FORM_TERMS
        form = read_form(asked.question.text[:MAX_FORM_CHARS])
        outline_of = _Once(view, sources.outlines)
        around = Around(
            text=_as_typed(asked)[:MAX_FORM_CHARS],
            spelled=_spelled_out(asked)[:MAX_FORM_CHARS],
            form=form,
            view=view,
            names=sources.names,
            outline_of=outline_of,
            ranking=ranking,
            query=query,
        )
        part = find_part(around)
        candidates = Candidates(order, scores, ranking.points, lacking, len(current))
        mode = Mode.LEXICAL if asked.by_words else query.mode
        sized = choosing.Asked(form, subject, _scale(mode, query.weights))
        places = part.places if part else _within(around, candidates, sized)
        chosen = choose_units(candidates, sized, outline_of, query.k, places)
    if not chosen:
        return _single_points(current, confidence)
    rated = rate_units(confidence, asked, ranking, chosen, part)
    confidence = rated.confidence
    units: list[Unit] = []
    for rank, one in enumerate(chosen, 1):
        # What was ranked says little next to what the question names.
        weaker = bool(units) and (units[-1].weaker or part is not None)
        whole = rank == 1 and part is not None
        units.append(_unit(rank, one, chosen[0], confidence, weaker=weaker, whole=whole))
    unit_of = {point.point_id: unit.rank for unit in reversed(units) for point in unit.points}
    linked = part is not None and part.hits
    hits = _hits(current, chosen, named=part is not None and not linked, linked=linked)
    # A hit in no unit, for example a copy of a shown one, comes after those that open a unit.
    spare = query.k - sum(one.point_id in unit_of for one in hits)
    others = [one.point_id for one in hits if one.point_id not in unit_of][: max(0, spare)]
    shown = [one for one in hits if one.point_id in unit_of or one.point_id in others]
    size = f"named by the question: {part.rule}" if part else _BY_RANKING
    return Sized(tuple(units), shown, unit_of, rated.rules, size)


def _within(around: Around, candidates: Candidates, sized: choosing.Asked) -> Places:
    """Return the points that answer within the note a question names, empty without one."""
    found = note_within(around)
    if found is None or around.query.allowed:
        return ()
    note_id, subject = found
    order = [
        i
        for i in candidates.order
        if candidates.points[i].note.note_id == note_id
        and candidates.points[i].point.kind is not BlockKind.PROPERTIES
    ]
    asked = sized._replace(form=sized.form._replace(everywhere=True), subject=subject)
    units = choose_units(candidates._replace(order=order), asked, around.outline_of, 1)
    return units[0].places if units else ()


def _as_typed(asked: Asked) -> str:
    """Return the question with typos corrected, but without expanded acronyms."""
    text = asked.question.text
    for word, read in asked.question.reads:
        text = text.replace(f"{word} ({read})", word)
    return text


def _spelled_out(asked: Asked) -> str:
    """Return the question with what its acronyms stand for in their place."""
    text = asked.question.text
    for word, read in asked.question.reads:
        text = text.replace(f"{word} ({read})", read)
    return text


class _Once:
    """Reads the outline of each note once per question."""

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
    """Return all points: the hits first, then the rest of the ranking."""
    first = [stored.point_id for stored in current]
    return [*first, *(i for i in ranking.order if i not in set(first))]


def _scores(ranking: Ranking, query: Query) -> dict[int, float]:
    """Return the scores; after a reranker, the n-th best score for the n-th point."""
    if query.reranker is None:
        return ranking.scores
    falling = sorted((ranking.scores[i] for i in ranking.order), reverse=True)
    return dict(zip(ranking.order, falling, strict=True))


def _lacking(ranking: Ranking, order: Sequence[int], asked: Asked) -> dict[int, float]:
    """Return the share of the question that the best point contains and each other lacks."""
    best = order[0]
    if asked.by_words or asked.encoded is None or best not in ranking.packed:
        return {}
    own = own_similarities(asked.encoded.pieces, ranking.packed[best])
    ids = [i for i in order if i in ranking.matched]
    matched = np.array([ranking.matched[i] for i in ids])
    lacking = np.maximum(own - matched, 0.0) @ asked.weights
    return dict(zip(ids, lacking.tolist(), strict=True))


def _scale(mode: Mode, weights: Weights) -> float:
    """Return the spread of scores, relative to that with all retrievers."""
    default = Weights()
    whole = 1 + default.words + default.pieces
    if mode is Mode.LEXICAL:
        return 1 / whole
    words = weights.words if mode is Mode.HYBRID else 0.0
    return (1 + words + weights.pieces) / whole


def _hits(
    current: Sequence[StoredPoint], chosen: Sequence[Chosen], *, named: bool, linked: bool
) -> list[StoredPoint]:
    """Return the hits: those of the first unit first, and at least one of each unit."""
    first = set(chosen[0].ids())
    places = chosen[0].places
    opened = [one for outline, span in places for one in outline.parts(span)[span.introduced :]]
    found = {one.point_id: one for one in opened[:_MOST_LINKED]} if linked else {}
    found |= {stored.point_id: stored for stored in current if stored.point_id not in found}
    for one in chosen:
        found.setdefault(one.hit.point_id, one.hit)
    points = list(found.values())
    if points[0].point_id in first and not named:
        return points
    opener = chosen[0].hit
    return [opener, *(stored for stored in points if stored.point_id != opener.point_id)]


def _unit(
    rank: int,
    chosen: Chosen,
    first: Chosen,
    confidence: float,
    *,
    weaker: bool,
    whole: bool = False,
) -> Unit:
    matched = {i for i, chance in chosen.chances.items() if chance >= _MATCHED * chosen.chance}
    if whole:
        matched.update(chosen.ids())
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
    """Return the place of a unit.

    :param outline: of the note.
    :param span: the points of the unit.
    :param matched: ids of the points that are hits.
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
        parents=_parents(outline, span),
    )


def _parents(outline: Outline, span: Span) -> tuple[str, ...]:
    """Return the items, lead-ins and callout titles that all points of a unit are below."""
    points = outline.points[span.start : span.end + 1]
    shared = points[0].parents
    for point in points[1:]:
        shared = shared[: common(shared, point.parents)]
    return shared

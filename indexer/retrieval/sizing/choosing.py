"""Choose the size of an answer: one point, or the item, list, section or note around it.

Each candidate has a chance of belonging to the answer. It falls with the distance to the best
score, and with the words of the question that the best point has and this one lacks. The unit with
the highest expected F1 is shown: a single good point is shown alone, similarly good points of one
list become the list. The numbers were chosen by cross-validation over folders of notes, see
benchmarks/QUALITY.md.
"""

from __future__ import annotations

import itertools
import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from indexer.records import UnitKind
from indexer.retrieval.sizing.copies import copies_of
from indexer.retrieval.sizing.naming import Labels, label_paths, named_span, share_named
from indexer.retrieval.sizing.question_form import Form, Lean
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.records import StoredPoint
from indexer.text.terms import terms_of

# Distance of scores at which a chance falls to 1/e, by the form of the question.
_FALL = {Lean.ONE: 0.2, Lean.NEUTRAL: 0.4, Lean.SEVERAL: 0.8}
# The factor of the missing share of the question, relative to a distance of scores.
_LACKING = 2.0
# Lower chances count as 0, or the tail of a ranking would outweigh its head.
_LEAST = 0.02
# The number of points around which units are tried; units around later points answer less often.
_TRIED = 10
# A point under a lead-in gets at least this part of the lead-in's chance.
_LED = 0.8
# A point of a container that the question names gets at least this chance.
_NAMED = 0.3
_NAMED_TRIED = 5
# Of several containers, use those with nearly the best share of their label in the question.
_EXACT = 0.8
# A smaller unit is shown if it has at least this part of the value of the larger one.
_NEARLY = 0.94
# A unit without the best point must be better by this factor than one with it.
_WITH_BEST = 1.2
# A question for a list gets a list that is at least this part of its section or note.
_MAIN = 0.6
# Larger sections and notes are shown only if the question asks for a note.
_MOST_POINTS = 60
# For a question for all places: the chance of a point with the subject, and the factor for the
# chances of other points.
_SAID = 0.6
_SAID_ABOVE = 0.45
_UNSAID = 0.5
_MOST_PLACES = 20
# Verbs that need not be in such a point: "about going for walks".
SAY_LITTLE = frozenset(terms_of("going getting having doing making using taking keeping"))
# Later units are single points, since few readers get this far.
_SIZED = 10
# The number of points that are compared with each other and whose labels are read.
_COMPARED = 30
# Points that are not hits open units up to this number.
_ENOUGH = 5


class Candidates(NamedTuple):
    """Ranked points with the data for sizing.

    ``lacking`` is, per point, the share of the question that the best point has in its own words
    and this one has neither in its text nor its context. The first ``hits`` points all get a unit;
    others only while there are few units.
    """

    order: Sequence[int]
    scores: Mapping[int, float]
    points: Mapping[int, StoredPoint]
    lacking: Mapping[int, float]
    hits: int = sys.maxsize


class Asked(NamedTuple):
    """The form of a question, the terms of its subject, and the spread of its scores.

    ``scale`` is 1 if all retrievers answer, less if fewer do.
    """

    form: Form
    subject: Collection[str] = ()
    scale: float = 1.0


class Chosen(NamedTuple):
    """A unit to show: its places, best first, and the hit that opened it.

    ``chances`` are the chances of its points of belonging to the answer, ``chance`` is that of the
    hit. ``similar`` counts the candidates left out because they say the same.
    """

    places: tuple[tuple[Outline, Span], ...]
    hit: StoredPoint
    chance: float
    chances: Mapping[int, float]
    similar: int = 0

    def ids(self) -> Iterator[int]:
        """Yield the points of all places."""
        return (one.point_id for outline, span in self.places for one in outline.parts(span))


Places = Sequence[tuple[Outline, Span]]
OutlineOf = Callable[[StoredPoint], Outline]


def choose_units(
    candidates: Candidates,
    asked: Asked,
    outline_of: OutlineOf,
    k: int,
    part: Places = (),
) -> list[Chosen]:
    """Return the units to show, best first, without overlaps.

    :param candidates: the ranking.
    :param asked: the form and subject of the question.
    :param outline_of: returns the outline of a point's note.
    :param k: the most units.
    :param part: places that the question asks for by name, which come first; may be empty.
    :return: empty if all points were deleted from their notes.
    """
    if not candidates.order:
        return []
    chooser = _Chooser(candidates, asked, outline_of)
    first = chooser.named(part) if part else chooser.first()
    if first is None:
        return []
    found, places = [first], [*first.places]
    shown = set(first.ids())
    for place, hit in enumerate(candidates.order):
        beyond = place >= candidates.hits and len(found) >= _ENOUGH
        if len(found) == k or beyond:
            break
        skipped = hit in shown or hit in chooser.copies
        unit = None if skipped else chooser.next(hit, places, single=len(found) >= _SIZED)
        if unit is not None:
            found.append(unit)
            places += unit.places
            shown.update(unit.ids())
    return [_with_copies(one, chooser.copies, shown) for one in found]


def _with_copies(chosen: Chosen, copies: Mapping[int, int], shown: Collection[int]) -> Chosen:
    """Return a unit with the number of hidden points that say the same as its hit."""
    own = chosen.hit.point_id
    return chosen._replace(similar=sum(copies[i] == own and i not in shown for i in copies))


class _Sums:
    """Chances by position, summed so that those of a unit are found at once."""

    def __init__(self, placed: Sequence[tuple[int, float]]) -> None:
        self.placed = sorted(placed)
        self._positions = [place for place, _ in self.placed]
        self._sums = [0.0, *itertools.accumulate(chance for _, chance in self.placed)]
        self.total = self._sums[-1]

    def of(self, span: Span) -> float:
        first = bisect_left(self._positions, span.start)
        return self._sums[bisect_right(self._positions, span.end)] - self._sums[first]


class _Chooser:
    def __init__(self, candidates: Candidates, asked: Asked, outline_of: OutlineOf) -> None:
        self._candidates = candidates
        self._form, self._subject = asked.form, set(asked.subject)
        self._outline_of = outline_of
        self.copies = copies_of(candidates.order[:_COMPARED], candidates.points)
        self._tried = [hit for hit in candidates.order if hit not in self.copies][:_TRIED]
        self._direct = self._direct_chances(_FALL[asked.form.lean] * asked.scale)
        self._chances = dict(self._direct)
        self._add_led()
        if asked.form.lean is not Lean.ONE and self._subject:
            self._add_named()
        self._total = sum(self._chances.values())
        self._by_outline: dict[int, _Sums] = {}
        self._scaled: dict[tuple[int, float], _Sums] = {}

    def first(self) -> Chosen | None:
        """Return the unit with the highest expected F1, None if no point is left."""
        best: tuple[float, Outline, Span, int] | None = None
        tried: set[tuple[int, Span]] = set()
        for hit in self._tried:
            place = self._place(hit)
            if place is None:
                continue
            outline, position = place
            for span in outline.around(position):
                if (id(outline), span) in tried:
                    continue
                tried.add((id(outline), span))
                value = self._expected_f1(outline, span)
                if self._holds_best(outline, span):
                    value *= _WITH_BEST
                if best is None or value > best[0] + 1e-9:
                    best = value, outline, span, hit
        if best is None:
            return None
        value, outline, span, hit = best
        value = self._expected_f1(outline, span)
        span = self._main_list(outline, self._smaller(outline, span, hit, value))
        if self._form.lean is not Lean.ONE and outline.is_head(span):
            span = outline.whole()
        chosen = self._chosen(outline, span, hit)
        return self._everywhere(chosen) if self._form.everywhere else chosen

    def named(self, part: Places) -> Chosen:
        """Return the places that a question names as a unit, opened by its best point."""
        stored = [
            outline.stored[position]
            for outline, span in part
            for position in range(span.start, span.end + 1)
            if not outline.introduces(position) or span.size == 1
        ] or [outline.stored[span.start] for outline, span in part]
        chances = self._chances_of(
            [one.point_id for outline, span in part for one in outline.parts(span)]
        )
        best = max(stored, key=lambda one: (chances.get(one.point_id, 0.0), -one.point_id))
        return Chosen(tuple(part), best, 1.0, chances)

    def next(self, hit: int, shown: Places, *, single: bool) -> Chosen | None:
        """Return the unit around a hit, without points already shown.

        :param hit: the point.
        :param shown: the places of the units so far.
        :param single: True for only the point.
        :return: None if the point was deleted from its note.
        """
        place = self._place(hit)
        if place is None:
            return None
        outline, position = place
        span = Span(UnitKind.POINT, position, position)
        if not single:
            span = self._around(outline, position, shown)
        return self._chosen(outline, span, hit)

    # chances
    def _direct_chances(self, fall: float) -> dict[int, float]:
        """Return the chance of each candidate, from its score and its missing words."""
        scores, lacking = self._candidates.scores, self._candidates.lacking
        best = scores[self._candidates.order[0]]
        chances = {}
        for place, hit in enumerate(self._candidates.order):
            if hit in self.copies:
                continue
            lack = _LACKING * lacking.get(hit, 0.0) if place else 0.0
            chance = math.exp(-(max(best - scores[hit], 0.0) + lack) / fall)
            if self._form.everywhere and self._subject:
                chance = self._chance_everywhere(self._candidates.points[hit], chance)
            if chance > _LEAST:
                chances[hit] = chance
        return chances

    def _chance_everywhere(self, stored: StoredPoint, chance: float) -> float:
        """Return the chance of a point where all places that say a subject are asked for."""
        subject = self._subject - SAY_LITTLE - self._form.words or self._subject
        point = stored.point
        if subject.issubset(terms_of(point.text)):
            return max(chance, _SAID)
        if subject.issubset(terms_of(" ".join(point.heading_path[-1:]))):
            return max(chance, _SAID_ABOVE)
        return _UNSAID * chance

    def _add_led(self) -> None:
        """Raise the chances of points under a lead-in to nearly that of the lead-in."""
        for hit in self._tried:
            place = self._place(hit) if hit in self._chances else None
            if place is not None and place[0].introduces(place[1]):
                for below in place[0].led_by(place[1]):
                    self._raise(place[0], below, _LED * self._chances[hit])

    def _add_named(self) -> None:
        """Raise the chances of points in containers that the question names."""
        named: dict[tuple[str, Labels], tuple[float, int]] = {}
        seen: set[tuple[str, Labels]] = set()
        for hit in self._candidates.order[:_COMPARED]:
            stored = self._candidates.points[hit]
            for labels in label_paths(stored)[0 if self._form.note else 1 :]:
                key = stored.note.note_id, labels
                if key not in seen and (share := share_named(labels, self._subject)):
                    named[key] = share, hit
                seen.add(key)
        most = max((share for share, _ in named.values()), default=0.0)
        best = [
            (labels, hit) for (_, labels), (share, hit) in named.items() if share >= _EXACT * most
        ]
        for labels, hit in best[:_NAMED_TRIED]:
            place = self._place(hit)
            span = named_span(*place, labels) if place else None
            if place and span:
                self._tried.append(hit)
                for inside in range(span.start, span.end + 1):
                    self._raise(place[0], inside, _NAMED)

    def _raise(self, outline: Outline, position: int, chance: float) -> None:
        point_id = outline.stored[position].point_id
        self._chances[point_id] = max(self._chances.get(point_id, 0.0), chance)

    def _sum(self, outline: Outline, span: Span) -> float:
        """Return the sum of the chances of the points of a unit."""
        return self._sums(outline).of(span)

    def _sums(self, outline: Outline) -> _Sums:
        """Return the points of a note that have a chance, with their sums."""
        found = self._by_outline.get(id(outline))
        if found is None:
            placed = [
                (outline.position[i], chance)
                for i, chance in self._chances.items()
                if i in outline.position
            ]
            found = self._by_outline[id(outline)] = _Sums(placed)
        return found

    # units
    def _place(self, hit: int) -> tuple[Outline, int] | None:
        outline = self._outline_of(self._candidates.points[hit])
        position = outline.position.get(hit)
        return None if position is None else (outline, position)

    def _expected_f1(self, outline: Outline, span: Span) -> float:
        size = span.end - span.start + 1
        if size > _MOST_POINTS and _is_long(span) and not self._form.note:
            return 0.0
        return 2 * self._sums(outline).of(span) / (size - span.introduced + self._total)

    def _holds_best(self, outline: Outline, span: Span) -> bool:
        place = outline.position.get(self._candidates.order[0])
        return place is not None and span.start <= place <= span.end

    def _smaller(self, outline: Outline, span: Span, hit: int, value: float) -> Span:
        """Return the smallest unit around a hit that is nearly as good as the best."""
        return next(
            (
                inside
                for inside in outline.around(outline.position[hit])
                if span.start <= inside.start <= inside.end <= span.end
                and self._expected_f1(outline, inside) >= _NEARLY * value
            ),
            span,
        )

    def _main_list(self, outline: Outline, span: Span) -> Span:
        """Return the list that is most of a section or note, unless a note is asked for."""
        if span.kind not in (UnitKind.NOTE, UnitKind.SECTION) or self._form.note:
            return span
        lists = {
            inside
            for position in range(span.start, span.end + 1)
            for inside in outline.around(position)
            if inside.kind is UnitKind.LIST and span.start <= inside.start <= inside.end <= span.end
        }
        largest = max(lists, key=lambda one: (one.size, -one.start), default=span)
        return largest if largest.size >= _MAIN * span.size else span

    def _around(self, outline: Outline, position: int, shown: Places) -> Span:
        """Return the unit around a point with the highest expected F1 in the note."""
        best = self._chances.get(outline.stored[position].point_id, _LEAST)
        sums = self._scaled.get((id(outline), best))
        if sums is None:
            placed = self._sums(outline).placed
            sums = _Sums([(place, min(1.0, chance / best)) for place, chance in placed])
            self._scaled[id(outline), best] = sums
        taken = [span for other, span in shown if other is outline]
        spans = [
            span
            for span in outline.around(position)
            if not _is_long(span)
            and not any(one.start <= span.end and span.start <= one.end for one in taken)
        ]

        def value(span: Span) -> float:
            return _f1(sums.of(span), _length(span), sums.total)

        return max(spans, key=value)

    def _everywhere(self, first: Chosen) -> Chosen:
        """Return a unit with more places, while each raises the expected F1."""
        places, taken = list(first.places), set(first.ids())
        found = sum(self._sum(outline, span) for outline, span in places)
        size = sum(_length(span) for _, span in places)
        for hit in sorted(self._direct, key=lambda i: -self._chances[i])[:_MOST_PLACES]:
            place = None if hit in taken else self._place(hit)
            if place is None:
                continue
            outline, position = place
            spans = [
                (_f1(found + self._sum(outline, span), size + _length(span), self._total), span)
                for span in outline.around(position)
                if taken.isdisjoint(one.point_id for one in outline.parts(span))
            ]
            value, span = max(spans, key=lambda pair: pair[0])
            if value > _f1(found, size, self._total):
                places.append((outline, span))
                taken.update(one.point_id for one in outline.parts(span))
                found, size = found + self._sum(outline, span), size + _length(span)
        return first._replace(places=_in_order(places), chances=self._chances_of(taken))

    def _chosen(self, outline: Outline, span: Span, hit: int) -> Chosen:
        """Return a unit; if the hit is outside of it, its best point opens it."""
        ids = [one.point_id for one in outline.parts(span)]
        chances = self._chances_of(ids)
        if hit not in ids:
            hit = max(ids, key=lambda i: (chances.get(i, 0.0), -i))
        stored = outline.stored[outline.position[hit]]
        if span.kind is UnitKind.POINT and outline.introduces(span.start):
            span = outline.around(span.start)[1]
            chances = self._chances_of([one.point_id for one in outline.parts(span)])
        return Chosen(((outline, span),), stored, self._chances.get(hit, _LEAST), chances)

    def _chances_of(self, ids: Collection[int]) -> dict[int, float]:
        return {i: self._direct[i] for i in ids if i in self._direct}


def _in_order(places: Places) -> tuple[tuple[Outline, Span], ...]:
    """Return places grouped by note, the note of the best first, each in reading order."""
    notes = list(dict.fromkeys(outline.note.note_id for outline, _ in places))
    return tuple(
        sorted(places, key=lambda place: (notes.index(place[0].note.note_id), place[1].start))
    )


def _is_long(span: Span) -> bool:
    return span.size > _MOST_POINTS and span.kind in (UnitKind.SECTION, UnitKind.NOTE)


def _length(span: Span) -> int:
    """Return the number of points of a unit, without a lead-in."""
    return span.size - span.introduced


def _f1(found: float, size: int, total: float) -> float:
    """Return the expected F1, if ``found`` of ``size`` shown and ``total`` points answer."""
    return 2 * found / (size + total)

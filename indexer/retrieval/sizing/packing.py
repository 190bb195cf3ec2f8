"""Fill a budget of tokens with the most likely answers: points, items, lists, sections.

Each point near a hit has a value: the chance that it is needed, from the rank of the hit and the
distance to it. Units around the hits are taken by value per token, so a small budget gets single
points with the lines around them, a large one whole sections. Adjacent points become one passage,
so the name and headings of a note count once. The numbers were chosen on judged questions over
fourteen folders, see benchmarks/README.md.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from indexer.records import Answer, Place, Unit, UnitKind
from indexer.retrieval.sizing.answer_units import place_of
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.records import StoredPoint
from indexer.text.tokens import estimate_tokens

# The value of a neighbour of a hit, and its factor for each point between them.
_NEXT_TO_HIT = 0.3
_PER_POINT = 0.8
_FARTHEST = 15  # points; neighbours are in the same section
# The number of hits around which units are tried.
_TRIED = 60
# Larger units are never taken whole.
_MOST_POINTS = 60
# The best unit is taken first if it needs no more than this share of the room, or if its confidence
# is above what it needs: a doubtful one would leave nothing to the hits behind it.
_SHARE_OF_BEST = 0.85
# Hits that are taken next, each by itself.
_HITS_FIRST = 2
# About the cost of ":14-20", and of the sign between headings.
_LINES_TOKENS = 4
_SIGN_TOKENS = 1
# "answered (confidence 0.87)" plus the line about hits left out; the same if not answered.
_ANSWERED_TOKENS = 18
_STALE_TOKENS = 9
_UNANSWERED_TOKENS = 60

OutlineOf = Callable[[StoredPoint], Outline]


def pack(
    hits: Sequence[StoredPoint], answer: Answer, outline_of: OutlineOf, budget: int
) -> tuple[Place, ...]:
    """Return the passages that fill a budget, grouped by note, the best note and passage first.

    :param hits: of the answer, best first.
    :param answer: its first unit is taken first if it fits well.
    :param outline_of: returns the outline of a point's note.
    :param budget: approximate token limit of the printed answer.
    :return: passages without common points; those of one note are adjacent.
    """
    packer = _Packer(hits, outline_of, budget - _head_tokens(answer))
    if answer.units:
        packer.take_unit(answer.units[0])
    packer.take_hits()
    packer.fill()
    return tuple(packer.passages())


def _head_tokens(answer: Answer) -> int:
    """Return an estimate of the tokens in the lines around the passages."""
    tokens = _ANSWERED_TOKENS + _STALE_TOKENS * answer.index.stale
    if not answer.answered:
        tokens = _UNANSWERED_TOKENS + estimate_tokens("; ".join(answer.topics()))
    said = [*answer.notices, *(f"{word} = {read}" for word, read in answer.reads)]
    return tokens + sum(estimate_tokens(line) + _LINES_TOKENS for line in said)


class _Note:
    """A note with the value and cost of each of its points, and the points taken."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.values: dict[int, float] = {}
        self.ranks: dict[int, int] = {}
        self.taken: set[int] = set()
        self.cost = 0
        self._tokens: dict[str, int] = {}  # of texts and headings
        self._name = self._count(outline.note.note_id) + self._count(outline.note.title)

    def add_hit(self, rank: int, position: int) -> None:
        """Set the values of a hit and its neighbours; ranks start at 1."""
        value = 1 / rank
        self.ranks[position] = min(rank, self.ranks.get(position, rank))
        self._raise(position, value)
        own = next((s for s in self.outline.around(position) if s.kind is UnitKind.SECTION), None)
        if own is None:
            return
        start, end = max(own.start, position - _FARTHEST), min(own.end, position + _FARTHEST)
        for near in range(start, end + 1):
            if near != position:
                distance = abs(near - position) - 1
                self._raise(near, value * _NEXT_TO_HIT * _PER_POINT**distance)

    def _raise(self, position: int, value: float) -> None:
        self.values[position] = max(value, self.values.get(position, 0.0))

    def gain(self, span: Span) -> float:
        """Return the value that a unit adds."""
        return sum(
            self.values.get(position, 0.0)
            for position in range(span.start, span.end + 1)
            if position not in self.taken
        )

    def price(self, span: Span) -> int:
        """Return the tokens that a unit adds."""
        return self._cost_of(self.taken.union(range(span.start, span.end + 1))) - self.cost

    def take(self, span: Span) -> None:
        """Take a unit."""
        self.taken.update(range(span.start, span.end + 1))
        self.cost = self._cost_of(self.taken)

    def _cost_of(self, positions: set[int]) -> int:
        """Return the tokens of points including the name of the note and their headings."""
        cost, last = self._name, -2
        path: tuple[str, ...] = (self.outline.note.title,)
        for position in sorted(positions):
            point = self.outline.points[position]
            if position != last + 1:
                cost += _LINES_TOKENS + sum(map(self._count, point.parents))
            if point.heading_path != path:
                cost += sum(self._count(h) for h in point.heading_path if h not in path)
                path = point.heading_path
            cost += self._count(point.text)
            last = position
        return cost

    def _count(self, text: str) -> int:
        """Return the tokens of a text, plus one for a sign or the line end."""
        known = self._tokens.get(text)
        if known is None:
            known = self._tokens[text] = estimate_tokens(text) + _SIGN_TOKENS
        return known

    def runs(self) -> list[tuple[int, Span]]:
        """Return the taken points as runs of adjacent ones, each with the rank of its best hit."""
        found: list[list[int]] = []
        for position in sorted(self.taken):
            if found and position == found[-1][-1] + 1:
                found[-1].append(position)
            else:
                found.append([position])
        ranked = [
            (min(self.ranks.get(i, _TRIED * 10) for i in run), self._span(run[0], run[-1]))
            for run in found
        ]
        return sorted(ranked, key=lambda one: (one[0], one[1].start))

    def _span(self, start: int, end: int) -> Span:
        around = self.outline.around(start)
        known = (span for span in around if (span.start, span.end) == (start, end))
        return next(known, Span(UnitKind.SECTION, start, end))


class _Packer:
    def __init__(self, hits: Sequence[StoredPoint], outline_of: OutlineOf, room: int) -> None:
        self._left = room
        self._notes: dict[str, _Note] = {}
        self._tried: list[tuple[_Note, int]] = []
        for rank, hit in enumerate(hits, 1):
            note = self._notes.get(hit.note.note_id)
            if note is None:
                note = self._notes[hit.note.note_id] = _Note(outline_of(hit))
            position = note.outline.position.get(hit.point_id)
            if position is not None:  # else deleted, or far away in a note of thousands of points
                note.add_hit(rank, position)
                self._tried.append((note, position))

    def take_unit(self, unit: Unit) -> None:
        """Take the best unit, unless it needs too much of the budget for its confidence."""
        spans: list[tuple[_Note, Span]] = []
        for place in unit.places:
            note = self._notes.get(place.note_id)
            known = note.outline.position if note else {}
            inside = [known[point.point_id] for point in place.points if point.point_id in known]
            if note and inside:
                spans.append((note, Span(place.kind, min(inside), max(inside))))
        needed = sum(note.price(span) for note, span in spans)
        if needed <= max(_SHARE_OF_BEST, unit.confidence) * self._left:
            for note, span in spans:
                self._take(note, span)

    def take_hits(self) -> None:
        """Take the best hits as single points."""
        for note, position in self._tried[:_HITS_FIRST]:
            if position not in note.taken:
                self._take(note, Span(UnitKind.POINT, position, position))

    def fill(self) -> None:
        """Take units around hits by value per token until nothing more fits."""
        heap: list[tuple[float, int, _Note, Span]] = []
        for number, (note, span) in enumerate(self._units()):
            heap.append((-note.gain(span) / max(1, note.price(span)), number, note, span))
        heapq.heapify(heap)
        while heap:
            _, number, note, span = heapq.heappop(heap)
            gain, price = note.gain(span), max(1, note.price(span))
            if gain <= 0 or price > self._left:
                continue
            # Taken units may have changed its value; then it goes back into the queue.
            if heap and -gain / price > heap[0][0] + 1e-12:
                heapq.heappush(heap, (-gain / price, number, note, span))
            else:
                self._take(note, span)

    def _units(self) -> Iterator[tuple[_Note, Span]]:
        seen: dict[str, set[Span]] = defaultdict(set)
        for note, position in self._tried[:_TRIED]:
            known = seen[note.outline.note.note_id]
            for span in note.outline.around(position):
                if span.size <= _MOST_POINTS and span not in known:
                    known.add(span)
                    yield note, span

    def _take(self, note: _Note, span: Span) -> bool:
        price = note.price(span)
        if price > self._left:
            return False
        note.take(span)
        self._left -= price
        return True

    def passages(self) -> Iterator[Place]:
        """Yield the taken places, the best note first."""
        groups = [(note.runs(), note) for note in self._notes.values() if note.taken]
        for runs, note in sorted(groups, key=lambda group: group[0][0][0]):
            hits = {note.outline.stored[position].point_id for position in note.ranks}
            for _, span in runs:
                yield place_of(note.outline, span, hits)

"""Is the whole of what was asked for shown, and no more? Judged by lines of notes.

Headings are context and count on neither side.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from indexer.records import Answer, BlockKind, Unit
from indexer.store.records import StoredPoint

Line = tuple[str, int]
Lines = frozenset[Line]
LinesOf = Callable[[str], Collection[int]]
"""A note to the numbers of its lines that count."""

_FIRST_UNITS = 5


class AnswerPlace(NamedTuple):
    """Lines of a note that answer a question."""

    note_id: str
    line_start: int
    line_end: int


class Sizes(NamedTuple):
    """How well units fit questions; ``f1`` is that of the first unit, ``recall`` that of five.

    Both are means over questions, 0 to 1.
    """

    questions: int
    f1: float
    recall: float


class Fit(NamedTuple):
    """The fit of one answer: F1 of its first unit, recall of its first five, its cards.

    A card is a unit that is not folded as weaker.
    """

    f1: float
    recall: float
    cards: int


def fit_of(
    answer: Answer,
    answers: Sequence[AnswerPlace],
    lines_of: LinesOf,
    *,
    whole: bool,
    neutral: Sequence[AnswerPlace] = (),
) -> Fit:
    """Return how well what is shown fits the judged lines.

    :param answer: to a question.
    :param answers: the places that answer it, at least one.
    :param lines_of: the lines that count.
    :param whole: True if all places together are the answer; else each is an answer by itself:
        recall is that of the one covered best, and lines of any of them are right.
    :param neutral: lines that may be shown and need not.
    """
    places = [_lines([place], lines_of) for place in answers]
    wanted = frozenset().union(*places)
    free = _lines(neutral, lines_of) - wanted
    found = [_shown(answer.units[:count], lines_of) - free for count in (1, _FIRST_UNITS)]
    wholes = [wanted] if whole else [place for place in places if place]
    recalls = [max((_share(one, whole) for whole in wholes), default=0.0) for one in found]
    precision = _share(wanted, found[0])
    both = precision + recalls[0]
    f1 = 2 * precision * recalls[0] / both if both else 0.0
    return Fit(f1, recalls[1], sum(not unit.weaker for unit in answer.units))


def word_lines(points: Iterable[StoredPoint]) -> frozenset[int]:
    """Return the lines of points; those of headings and front matter do not count."""
    no_text = (BlockKind.HEADING, BlockKind.PROPERTIES)
    return frozenset(
        line
        for stored in points
        if stored.point.kind not in no_text
        for line in range(stored.point.line_start, stored.point.line_end + 1)
    )


def sizes_of(fits: Sequence[Fit]) -> Sizes | None:
    """Return the mean fit of answers, None without any."""
    if not fits:
        return None
    count = len(fits)
    return Sizes(count, sum(one.f1 for one in fits) / count, sum(f.recall for f in fits) / count)


def median_cards(fits: Sequence[Fit]) -> float | None:
    """Return the median number of cards of answers, None without any."""
    return float(median(one.cards for one in fits)) if fits else None


def _lines(places: Sequence[AnswerPlace], lines_of: LinesOf) -> Lines:
    return frozenset(
        (place.note_id, number)
        for place in places
        for number in lines_of(place.note_id)
        if place.line_start <= number <= place.line_end
    )


def _shown(units: Sequence[Unit], lines_of: LinesOf) -> Lines:
    shown = [
        AnswerPlace(place.note_id, place.line_start, place.line_end)
        for unit in units
        for place in unit.places
    ]
    return _lines(shown, lines_of)


def _share(found: Lines, of: Lines) -> float:
    return len(found & of) / len(of) if of else 0.0

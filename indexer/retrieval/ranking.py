"""Pure functions on scores: fusion, what may not outrank what, and how many of a note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from indexer.records import BlockKind, Mode
from indexer.store.store import StoredPoint

# Half of what BM25 can add is reached here: the best point of a keyword question has 8 to 20.
_BM25_HALF = 8.0
_BM25_WEIGHT = 0.3
_JUST_BELOW = 1e-5  # more than what counts as equal, see rank
# Above this many points of one note, those of others come first.
MAX_PER_NOTE = 3


def fuse(cosine: float, bm25: float, mode: Mode) -> float:
    """Return one score of the two legs: their convex combination, in hybrid mode.

    Scores are joined, not ranks: a rank says nothing of how near the nearest is, and so cannot tell
    a question without an answer.

    :param cosine: of question and point, -1 to 1.
    :param bm25: of the question's terms in the point, at least 0.
    :param mode: which legs count.
    """
    lexical = bm25 / (bm25 + _BM25_HALF)
    if mode is Mode.DENSE:
        return cosine
    if mode is Mode.LEXICAL:
        return lexical
    return (1 - _BM25_WEIGHT) * cosine + _BM25_WEIGHT * lexical


def place_lead_ins(
    scores: Mapping[int, float], points: Mapping[int, StoredPoint]
) -> dict[int, float]:
    """Put each lead-in and bare heading right below the best of the points it leads to.

    :param scores: point id to score.
    :param points: the records of all of them.
    :return: the scores, those of lead-ins lowered where one of their points has less.
    """
    placed = dict(scores)
    for point_id in scores:
        stored = points[point_id]
        if not (stored.point.lead_in or stored.point.kind is BlockKind.HEADING):
            continue
        led = [other for other in scores if other != point_id and _leads_to(stored, points[other])]
        if led:
            placed[point_id] = min(
                placed[point_id], max(scores[other] for other in led) - _JUST_BELOW
            )
    return placed


def _leads_to(lead: StoredPoint, other: StoredPoint) -> bool:
    if lead.note.note_id != other.note.note_id or other.ordinal <= lead.ordinal:
        return False
    above = (
        other.point.heading_path if lead.point.kind is BlockKind.HEADING else other.point.parents
    )
    return lead.point.text in above


def rank(scores: Mapping[int, float], points: Mapping[int, StoredPoint]) -> list[int]:
    """Return the point ids by falling score, equal scores by note and place in it.

    In a fresh index that is the order of the ids; in one that grew by edits it is still the same,
    which ids are not. Scores count as equal to six digits: the same vectors from a file and from
    rows differ in the eighth.

    :param scores: point id to score.
    :param points: the records of all of them.
    """

    def place(point_id: int) -> tuple[float, str, int, int]:
        stored = points[point_id]
        return -round(scores[point_id], 6), stored.note.note_id, stored.ordinal, point_id

    return sorted(scores, key=place)


def spread(ranked: Sequence[int], note_of: Callable[[int], str], k: int) -> list[int]:
    """Return the first ``k`` of a ranking in which no note takes more than its share.

    What a note has beyond ``MAX_PER_NOTE`` comes after the others, in its order.

    :param ranked: point ids, best first.
    :param note_of: point id to note.
    :param k: how many to return.
    """
    taken: Counter[str] = Counter()
    first: list[int] = []
    rest: list[int] = []
    for point_id in ranked:
        note = note_of(point_id)
        taken[note] += 1
        (first if taken[note] <= MAX_PER_NOTE else rest).append(point_id)
        if len(first) == k:
            break
    return (first + rest)[:k]

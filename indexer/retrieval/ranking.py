"""Pure functions on scores: fusion, order of lead-ins, and the limit per note."""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.notes.names import original_of
from indexer.records import BlockKind, Mode
from indexer.store.records import StoredPoint
from indexer.text.folding import fold_path
from indexer.text.terms import plain_terms


class Weights(NamedTuple):
    """The weight of each kind of evidence; chosen by ablation, on a plateau.

    ``words`` and ``pieces`` are relative to 1 for the cosine of the vectors. For a point of
    ``long_pieces`` word pieces, late interaction counts half, and each piece of a point costs
    ``brevity``. The more the candidates are documents, the more ``long_words`` replaces late
    interaction, and the more ``diffusion`` pulls scores to those of their neighbours. A point of a
    large note loses ``note_size`` times the logarithm of the number of its points. See
    benchmarks/QUALITY.md.
    """

    words: float = 0.4
    pieces: float = 2.5
    long_pieces: float = 200.0
    brevity: float = 0.001
    long_words: float = 1.0
    diffusion: float = 0.35
    note_size: float = 0.07


# Late interaction expected from a cosine, by a linear fit over all candidates.
_PIECES_AT_ZERO = 0.25
_PIECES_A_COSINE = 0.6
# Up to the first mean length in word pieces, candidates are points (8 to 27 in four collections).
# From the second length on, they are documents (137 to 248 in two collections).
_POINTS_UP_TO = 60
_DOCUMENTS_FROM = 140
_NEIGHBOURS = 5
# The number of points of a note is clipped to this range.
_NOTE_POINTS = 10, 150
_SHARPNESS = 6  # exponent of a cosine: larger values favour the nearest neighbours
_BM25_MOST = 2.2  # k1 + 1: the most that repeating a term can add
_LEAST_WORDS = 0.3  # the least share of words that the best point of a search by words has
_DIGITS = 4  # scores that agree to this number of digits are equal
# The cost of a lowered note: of two equal points, its point comes second, but a much better one
# stays first. The best and the tenth score of a question usually differ by 0.6.
_LOWERED_COST = 0.5
_JUST_BELOW = 1e-3  # larger than the precision of equal scores, see rank
# An item up to this length may only name the topic of the items under it; see place_lead_ins.
_TOPIC_CHARS = 80
_FAR_BEHIND = 0.5
# A longer question in Chinese or Japanese is more than one word.
_ONE_WORD_LETTERS = 4
_FIRST_EAST_ASIAN = "\u2e80"
_WEIGHTS = Weights()
# What a joined score consists of, in this order.
SHARES = "cosine", "words", "late interaction", "length"
# After this number of points of one note, points of other notes come first. With 3, the fourth
# point of a long note went to the end of the list even with a top score (benchmarks/QUALITY.md).
MAX_PER_NOTE = 5


class Evidence(NamedTuple):
    """The evidence for one point.

    ``cosine`` compares its vector with that of the question. ``words`` is the share of the words of
    the question that it contains, weighted by rarity, 0 to 1. ``pieces`` is its late interaction,
    ``length`` its number of word pieces.
    """

    cosine: float
    words: float
    pieces: float
    length: int


class Ranking(NamedTuple):
    """The best candidates in order, and the evidence for all candidates, by point id.

    ``order`` and ``points`` hold the best ones, which were read; ``evidence`` holds all.
    ``matched`` holds how well a point matches each word piece of the question, ``packed`` its own
    pieces. ``steps`` holds each step of the ranking with the scores after it.
    """

    order: list[int]
    scores: dict[int, float]
    evidence: dict[int, Evidence]
    points: dict[int, StoredPoint]
    matched: dict[int, NDArray[np.float32]] = {}  # noqa: RUF012 - a record's default, never changed
    packed: dict[int, bytes] = {}  # noqa: RUF012
    bm25: dict[int, float] = {}  # noqa: RUF012
    steps: tuple[tuple[str, dict[int, float]], ...] = ()

    def without(self, gone: Collection[int]) -> Ranking:
        """Return the ranking without points deleted from their notes.

        :param gone: the ids of the deleted points.
        """
        if not gone:
            return self
        evidence = {i: one for i, one in self.evidence.items() if i not in gone}
        return self._replace(order=[i for i in self.order if i not in gone], evidence=evidence)


def fuse(
    evidence: Mapping[int, Evidence], mode: Mode, weights: Weights = _WEIGHTS
) -> dict[int, float]:
    """Combine the evidence for each candidate into one score.

    Scores are combined instead of ranks, since a rank does not say how near the nearest point is.
    Late interaction separates short points best. A long point has more chances that one of its
    words is near any word, so of two similar scores the shorter point comes first, and late
    interaction of long points is pulled towards the value expected from the cosine. A document
    contains a smaller share of the question, so among documents words count relative to the best
    candidate.

    :param evidence: by point id.
    :param mode: which retrievers count.
    :param weights: of each kind of evidence.
    """
    shares = shares_of(evidence, mode, weights)
    return {point_id: sum(shares(one)) for point_id, one in evidence.items()}


def shares_of(
    evidence: Mapping[int, Evidence], mode: Mode, weights: Weights = _WEIGHTS
) -> Callable[[Evidence], tuple[float, ...]]:
    """Return a function of the evidence for a candidate: what each of ``SHARES`` adds to its score.

    :param evidence: of all candidates, see ``fuse``.
    :param mode: which retrievers count.
    :param weights: of each kind of evidence.
    """
    most = max((one.words for one in evidence.values()), default=0.0)
    if mode is Mode.LEXICAL:
        # Words that are in most points weigh nearly nothing, but they still order the points.
        factor = max(1.0, _LEAST_WORDS / most) if most else 1.0
        return lambda one: (0.0, factor * one.words)
    long = share_of_documents([one.length for one in evidence.values()])
    words = 0.0
    if mode is not Mode.DENSE:
        words = (1 - long) * weights.words + long * weights.long_words / (most or 1.0)

    def shares(one: Evidence) -> tuple[float, ...]:
        trust = (1 - long) / (1 + (one.length / weights.long_pieces) ** 2)
        expected = _PIECES_AT_ZERO + _PIECES_A_COSINE * one.cosine
        late = trust * one.pieces + (1 - trust) * expected
        cost = (1 - long) * weights.brevity * min(one.length, _POINTS_UP_TO)
        return one.cosine, words * one.words, weights.pieces * late, -cost

    return shares


def share_of_documents(lengths: Sequence[int]) -> float:
    """Return how much candidates are documents rather than points, 0 to 1, by mean length.

    :param lengths: of the candidates in word pieces; all 0 if they were not counted.
    """
    mean = sum(lengths) / max(len(lengths), 1)
    return min(max((mean - _POINTS_UP_TO) / (_DOCUMENTS_FROM - _POINTS_UP_TO), 0.0), 1.0)


def diffuse(
    scores: Mapping[int, float], vectors: NDArray[np.float32], weight: float
) -> dict[int, float]:
    """Pull each score towards those of the nearest other candidates (one step of diffusion).

    Documents about the subject of a question are near each other, so a document among them is more
    likely relevant (score regularisation, Diaz 2005). Notes do not gain from it: their nearest
    points are items of one list, of which only one answers.

    :param scores: point id to score.
    :param vectors: one row of unit length for each, in that order.
    :param weight: of the neighbours, 0 to 1.
    """
    own = np.fromiter(scores.values(), np.float64)
    near = np.maximum(vectors @ vectors.T, 0.0).astype(np.float64) ** _SHARPNESS
    np.fill_diagonal(near, 0.0)
    if len(own) > _NEIGHBOURS:
        near[near < np.sort(near, axis=1)[:, -_NEIGHBOURS, None]] = 0.0
    sums = near.sum(axis=1)
    drawn = np.where(sums > 0, near @ own / np.where(sums > 0, sums, 1.0), own)
    return dict(zip(scores, ((1 - weight) * own + weight * drawn).tolist(), strict=True))


def idf(points: int, counts: Mapping[str, int], terms: Iterable[str]) -> dict[str, float]:
    """Return the inverse document frequency of terms, at least 0 (Sparck Jones 1972, smoothed).

    :param points: how many points there are.
    :param counts: term to the number of points that have it; a term without a count occurs nowhere.
    :param terms: the terms.
    """
    return {term: max(math.log((points + 1) / (counts.get(term, 0) + 0.5)), 0.0) for term in terms}


def highest_bm25(terms: Sequence[str], rarity: Mapping[str, float]) -> float:
    """Return the highest possible BM25 of a point with every word of a question.

    :param terms: of the question.
    :param rarity: their inverse document frequency.
    """
    return sum(rarity.get(term, 0.0) for term in terms) * _BM25_MOST


def share_of_words(bm25: float, most: float) -> float:
    """Return BM25 as a share of the highest possible value.

    :param bm25: of the question's terms in a point.
    :param most: see ``highest_bm25``.
    """
    return min(bm25 / most, 1.0) if most else 0.0


def first_of(scores: Mapping[int, float], count: int) -> list[int]:
    """Return the point ids with the highest scores, including all ties with the last one."""
    if len(scores) <= count:
        return list(scores)
    least = sorted((round(score, _DIGITS) for score in scores.values()), reverse=True)[count - 1]
    return [point_id for point_id, score in scores.items() if round(score, _DIGITS) >= least]


def favour_short_notes(
    scores: Mapping[int, float],
    points: Mapping[int, StoredPoint],
    sizes: Mapping[str, int],
    weight: float,
) -> dict[int, float]:
    """Return scores minus a penalty for the size of the note.

    The more points a note has, the more likely one of them is near to any question.

    :param scores: point id to score.
    :param points: the records of all points.
    :param sizes: note to number of points.
    :param weight: the penalty of a note with e times the points of another.
    """
    smallest, largest = _NOTE_POINTS
    return {
        i: score
        - weight
        * math.log(min(max(sizes.get(points[i].note.note_id, 0), smallest), largest) / smallest)
        for i, score in scores.items()
    }


def favour_named(
    scores: Mapping[int, float],
    points: Mapping[int, StoredPoint],
    terms: Sequence[str],
    rarity: Mapping[str, float],
) -> dict[int, float]:
    """Return scores raised if the question names the note or section by number or date.

    "2024-03-03" is near to all days of that month, and the note of that day does not contain it
    more often. A point gains the share, weighted by rarity, of such a name in the question.

    :param scores: point id to score.
    :param points: the records of all points.
    :param terms: of the question, in order.
    :param rarity: their inverse document frequency.
    """
    if not any(map(_has_digit, terms)):
        return dict(scores)
    asked = f" {' '.join(terms)} "
    whole = sum(rarity.get(term, 0.0) for term in terms) or 1.0

    @functools.cache
    def share(name: str) -> float:
        named = plain_terms(name) if _has_digit(name) else []
        if not named or f" {' '.join(named)} " not in asked:
            return 0.0
        return sum(rarity.get(term, 0.0) for term in named) / whole

    return {i: score + max(map(share, _names_of(points[i]))) for i, score in scores.items()}


def favour_only_word(
    scores: Mapping[int, float], words: Mapping[int, float], text: str
) -> dict[int, float]:
    """Return scores that put the points with the word first, for a question of one word.

    The word may be in text that the model does not read: the address of a link, or an alias.

    :param scores: point id to score.
    :param words: the share of the question in each point, 0 for none.
    :param text: of the question.
    """
    having = [score for i, score in scores.items() if words[i]]
    others = [score for i, score in scores.items() if not words[i]]
    if not having or not others or not _is_one_word(text):
        return dict(scores)
    lift = max(0.0, max(others) - max(having) + _JUST_BELOW)
    return {i: score + lift if words[i] else score for i, score in scores.items()}


def _is_one_word(text: str) -> bool:
    """Return whether a question is one word; Chinese and Japanese are written without blanks."""
    unspaced = any(letter >= _FIRST_EAST_ASIAN for letter in text)
    return len(text.split()) == 1 and not (unspaced and len(text.strip()) > _ONE_WORD_LETTERS)


def lower_paths(
    scores: Mapping[int, float], points: Mapping[int, StoredPoint], parts: Sequence[str]
) -> dict[int, float]:
    """Return scores with the points of some notes below equally good ones of other notes.

    :param scores: point id to score.
    :param points: the records of all points.
    :param parts: parts of the paths of these notes; case and Unicode form are ignored.
    """
    folded = [part for part in map(fold_path, parts) if part]
    if not folded:
        return dict(scores)

    @functools.cache
    def cost(note_id: str) -> float:
        path = fold_path(note_id)
        return _LOWERED_COST if any(part in path for part in folded) else 0.0

    return {i: score - cost(points[i].note.note_id) for i, score in scores.items()}


def _names_of(stored: StoredPoint) -> Iterator[str]:
    """Yield the names of the note and the sections of a point, dates included."""
    note = stored.note
    yield note.title
    yield note.date or ""
    yield PurePosixPath(note.note_id).stem
    yield from stored.point.heading_path
    if stored.point.kind is BlockKind.HEADING:
        yield stored.point.text


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def place_copies(
    scores: Mapping[int, float], points: Mapping[int, StoredPoint]
) -> dict[int, float]:
    """Put the points of a conflict copy below the best point of the original note.

    :param scores: point id to score.
    :param points: the records of all points.
    :return: the scores, with higher ones of copies lowered.
    """
    best: dict[str, float] = {}
    for i, score in scores.items():
        note_id = points[i].note.note_id
        best[note_id] = max(score, best.get(note_id, score))
    copied = {note_id: original_of(note_id) for note_id in best}
    if not any(copied.values()):
        return dict(scores)
    placed = dict(scores)
    for i, score in scores.items():
        original = copied[points[i].note.note_id]
        if original in best and score >= best[original]:
            placed[i] = best[original] - _JUST_BELOW * (1 + score - best[original])
    return placed


def place_lead_ins(
    scores: Mapping[int, float], points: Mapping[int, StoredPoint]
) -> dict[int, float]:
    """Put each lead-in and bare heading right below the best of the points it introduces.

    A short item is also put below the points under it, and the properties of a note below its
    points, unless those are far behind. Such a text has the words of the question because it names
    the topic, while the points under it hold the answer.

    :param scores: point id to score.
    :param points: the records of all points.
    :return: the scores, with those of lead-ins lowered if one of their points has a lower one.
    """
    under: defaultdict[tuple[str, str, bool], list[tuple[int, float]]] = defaultdict(list)
    inside: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for point_id, score in scores.items():
        stored = points[point_id]
        note, point = stored.note.note_id, stored.point
        inside[note].append((stored.ordinal, score))
        for texts, are_headings in ((point.heading_path, True), (point.parents, False)):
            for text in texts:
                under[note, text, are_headings].append((stored.ordinal, score))
    placed = dict(scores)
    for point_id, score in scores.items():
        stored = points[point_id]
        point = stored.point
        is_heading = point.kind is BlockKind.HEADING
        is_topic = point.kind is BlockKind.ITEM and len(point.text) <= _TOPIC_CHARS
        is_head = point.kind is BlockKind.PROPERTIES
        if not (is_heading or is_topic or is_head or point.lead_in):
            continue
        least = score - _FAR_BEHIND if (is_topic or is_head) and not point.lead_in else -math.inf
        note = stored.note.note_id
        below = inside[note] if is_head else under.get((note, point.text, is_heading), ())
        led = [other for ordinal, other in below if ordinal > stored.ordinal and other >= least]
        if led:
            placed[point_id] = min(score, max(led) - _JUST_BELOW)
    return placed


def rank(scores: Mapping[int, float], points: Mapping[int, StoredPoint]) -> list[int]:
    """Return the point ids by descending score, equal scores by note and position.

    The order does not depend on point ids, which differ between a new index and an edited one.
    Scores that agree to four digits are equal, because vectors from a file and from rows differ in
    the seventh digit.

    :param scores: point id to score.
    :param points: the records of all points.
    """

    def place(point_id: int) -> tuple[float, str, int, int]:
        stored = points[point_id]
        return -round(scores[point_id], _DIGITS), stored.note.note_id, stored.ordinal, point_id

    return sorted(scores, key=place)


def spread(ranked: Sequence[int], note_of: Callable[[int], str], k: int) -> list[int]:
    """Return the first ``k`` of a ranking, with a limit per note.

    More than ``MAX_PER_NOTE`` points of a note follow after the others, in their order.

    :param ranked: point ids, best first.
    :param note_of: point id to note.
    :param k: the number to return.
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

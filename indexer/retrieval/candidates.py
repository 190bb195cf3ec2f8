"""Find candidates for a question, and collect the figures of each retriever."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from indexer.records import Mode
from indexer.retrieval.late_interaction import max_similarities
from indexer.retrieval.query import Asked, Query
from indexer.retrieval.ranking import Evidence, highest_bm25, share_of_words
from indexer.store.protocol import View
from indexer.store.records import Vectors

# Candidates per retriever, and the limit when the caller asks for more points: 50, 60 and 100 give
# the same answers, and fewer are faster (benchmarks/QUALITY.md).
_CANDIDATES = 60
_MOST_CANDIDATES = 100
# More candidates if words are excluded, so that enough points without them remain.
_MOST_LEFT_OUT = 400


class Candidates(NamedTuple):
    """Points that may answer, by id, with the figures of the first stage.

    ``cosines`` is empty in a search by words, ``bm25`` in a search by meaning.
    """

    ids: list[int]
    cosines: dict[int, float]
    bm25: dict[int, float]


class Weighed(NamedTuple):
    """Candidates with all their evidence.

    ``matched`` holds how well a point matches each word piece of the question, shape ``(pieces,)``;
    ``packed`` holds the word pieces of the points. Both are empty without late interaction.
    """

    evidence: dict[int, Evidence]
    matched: dict[int, Vectors]
    packed: dict[int, bytes]


class Found(NamedTuple):
    """Candidates with all their evidence, and the score of each, larger is better."""

    candidates: Candidates
    weighed: Weighed
    scores: dict[int, float]


def find_candidates(view: View, asked: Asked, query: Query) -> Candidates:
    """Return the nearest points by vector and by words, with the figures of both.

    :param view: the index.
    :param asked: the question after reading.
    :param query: its options.
    """
    vector, terms = asked.vector, asked.question.terms
    most = min(max(_CANDIDATES, query.k), _MOST_CANDIDATES)
    if query.allowed.only is not None:
        return _only(view, asked, query, most)
    if query.allowed.without:  # of more candidates, enough remain
        most = _MOST_CANDIDATES + min(len(query.allowed.without), _MOST_LEFT_OUT)
    by_words = query.mode is not Mode.DENSE
    search_dense = None if vector is None else view.begin_dense(vector, most, query.where)
    # A search by words alone must find points even by very common words.
    words = view.lexical(terms, most, query.where, common=vector is None) if by_words else ()
    bm25, cosines = dict(words), dict(search_dense() if search_dense else ())
    ids = sorted(query.allowed.filter({*cosines, *bm25}))
    cosines = {i: cosines[i] for i in ids if i in cosines}
    bm25 = {i: bm25[i] for i in ids if i in bm25}
    if vector is not None:
        cosines |= view.cosines(vector, [i for i in ids if i not in cosines])
    if by_words:
        bm25 |= view.bm25(terms, [i for i in ids if i not in bm25])
    return Candidates(ids, cosines, bm25)


def given_candidates(view: View, asked: Asked, query: Query, ids: Sequence[int]) -> Candidates:
    """Return given points with the figures of both retrievers.

    :param view: the index.
    :param asked: the question after reading.
    :param query: its options.
    :param ids: the points.
    """
    cosines = view.cosines(asked.vector, ids) if asked.vector is not None else {}
    bm25 = view.bm25(asked.question.terms, ids) if query.mode is not Mode.DENSE else {}
    return Candidates(sorted(ids), cosines, bm25)


def _only(view: View, asked: Asked, query: Query, most: int) -> Candidates:
    """Return the points with the phrases of a question; retrievers may have missed them."""
    ids = sorted(query.allowed.filter(query.allowed.only or ()))
    bm25 = view.bm25(asked.question.terms, ids) if query.mode is not Mode.DENSE else {}
    cosines = view.cosines(asked.vector, ids) if asked.vector is not None else {}
    if len(ids) > most:
        ids = sorted(ids, key=lambda i: (-bm25.get(i, 0.0), -cosines.get(i, 0.0), i))[:most]
    return Candidates(
        sorted(ids), {i: cosines[i] for i in ids if cosines}, {i: bm25[i] for i in ids if bm25}
    )


def weigh(view: View, asked: Asked, candidates: Candidates, query: Query) -> Weighed:
    """Return the candidates with their share of words and late interaction (second stage).

    :param view: the index.
    :param asked: the question after reading.
    :param candidates: of the first stage.
    :param query: its options; a weight of 0 skips late interaction and saves its time.
    """
    ids, cosines, bm25 = candidates
    matched: dict[int, Vectors] = {}
    packed: dict[int, bytes] = {}
    pieces: list[float] = []
    lengths: list[int] = []
    if ids and asked.encoded and len(asked.encoded.pieces) and query.weights.pieces:
        packed = view.pieces(ids)
        found, lengths = max_similarities(asked.encoded.pieces, [packed[i] for i in ids])
        matched = dict(zip(ids, found, strict=True))
        pieces = (found @ asked.weights).tolist()
    terms = asked.question.terms
    if query.mode is Mode.HYBRID and asked.question.added:
        terms = asked.question.own_terms
        bm25 = view.bm25(terms, ids)
    highest = highest_bm25(terms, asked.rarity)
    evidence = {
        i: Evidence(
            cosines.get(i, 0.0),
            share_of_words(bm25[i], highest) if bm25.get(i) else 0.0,
            late,
            length,
        )
        for i, late, length in zip_longest(ids, pieces, lengths, fillvalue=0)
    }
    return Weighed(evidence, matched, packed)

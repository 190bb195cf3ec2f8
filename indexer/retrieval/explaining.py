"""Explain the rank of a hit: the figures of each retriever, and the effect of each rule."""

from __future__ import annotations

from indexer.records import Explanation
from indexer.retrieval.query import Asked
from indexer.retrieval.ranking import Ranking
from indexer.text.terms import is_stop_word, words_of

_LEAST_CHANGE = 5e-5  # smaller changes of a score are not reported


def explain(ranking: Ranking, asked: Asked, point_id: int) -> Explanation:
    """Return the explanation of a point's rank.

    :param ranking: of the question.
    :param asked: the question after reading.
    :param point_id: one of the points that were read.
    """
    evidence = ranking.evidence
    figures = {"words": {i: one.words for i, one in evidence.items()}}
    if asked.vector is not None:
        figures["cosine"] = {i: one.cosine for i, one in evidence.items()}
    if ranking.matched:
        figures["late interaction"] = {i: one.pieces for i, one in evidence.items()}
    retrievers = tuple(
        (name, of_all[point_id], 1 + sum(other > of_all[point_id] for other in of_all.values()))
        for name, of_all in figures.items()
    )
    changes = []
    before = 0.0
    for name, scores in ranking.steps:
        after = scores[point_id]
        if abs(after - before) > _LEAST_CHANGE:
            changes.append((name, after - before))
        before = after
    return Explanation(len(evidence), retrievers, tuple(changes), _words(ranking, asked, point_id))


def _words(ranking: Ranking, asked: Asked, point_id: int) -> tuple[tuple[str, float], ...]:
    """Return the words of the question with a weight, and how well a point matches each."""
    if asked.encoded is None or point_id not in ranking.matched:
        return ()
    matched, found = ranking.matched[point_id], []
    text = asked.question.text
    for begin, finish, _ in words_of(text):
        places = [
            i
            for i, (start, end) in enumerate(asked.encoded.spans)
            if begin <= start < end <= finish
        ]
        if places and not is_stop_word(text[begin:finish]):
            found.append((text[begin:finish], float(matched[places].mean())))
    return tuple(found)

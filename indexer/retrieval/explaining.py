"""Explain an answer: the rank of each hit, the verdict, and the size of the first unit."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.explanations import AnswerExplanation, Explanation
from indexer.records import Mode, NoteFilter
from indexer.retrieval.confidence import (
    ANSWERED_ABOVE,
    SURE_ABOVE,
    Signs,
    bounds_of,
    effects_of,
)
from indexer.retrieval.query import Asked, Query
from indexer.retrieval.ranking import SHARES, Ranking, shares_of
from indexer.retrieval.sizing.answer_units import Sized
from indexer.text.terms import is_stop_word, words_of

_LEAST_CHANGE = 5e-5  # smaller changes of a score are not reported
_JOINED = "evidence joined"
_WITH_UNIT = "shown with its unit"
_OTHERS = "drawn to neighbours, or read by a second model"


def explain(ranking: Ranking, asked: Asked, query: Query, point_id: int) -> Explanation:
    """Return the explanation of a point's rank.

    A point that no retriever found, shown for the unit around it, has one step.

    :param ranking: of the question.
    :param asked: the question after reading.
    :param query: its options.
    :param point_id: a point with evidence.
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
    changes = _changes(ranking, point_id)
    whole = dict(changes).get(_JOINED)
    joined = () if whole is None else _joined(ranking, asked, query, point_id, whole)
    words = _words(ranking, asked, point_id)
    return Explanation(len(evidence), retrievers, changes, words, joined)


def explain_answer(
    signs: Signs | None, asked: Asked, query: Query, sized: Sized
) -> AnswerExplanation:
    """Return the explanation of the verdict and of the size of the first unit.

    :param signs: the evidence for an answer, None if nothing was found.
    :param asked: the question after reading.
    :param query: its options, with the filters of the question.
    :param sized: the units of the answer.
    """
    effects = effects_of(signs) if signs else []
    return AnswerExplanation(
        signs=tuple(one for one in effects if one[2]),
        rules=(*(bounds_of(signs) if signs else ()), *sized.rules),
        maybe_above=ANSWERED_ABOVE,
        sure_above=SURE_ABOVE,
        size=sized.size,
        question=asked.question.text,
        by_words=asked.by_words,
        filters=tuple(_filters(query.where)),
    )


def _changes(ranking: Ranking, point_id: int) -> tuple[tuple[str, float], ...]:
    """Return the change of a point's score by each step; their sum is the score."""
    steps = [(name, scores[point_id]) for name, scores in ranking.steps if point_id in scores]
    steps = steps or [(_WITH_UNIT, ranking.scores[point_id])]
    before = [0.0, *(after for _, after in steps)]
    changes = [(name, after - before[place]) for place, (name, after) in enumerate(steps)]
    return tuple(one for one in changes if abs(one[1]) > _LEAST_CHANGE)


def _joined(
    ranking: Ranking, asked: Asked, query: Query, point_id: int, whole: float
) -> tuple[tuple[str, float], ...]:
    """Return what each retriever adds to the first step; their sum is that step."""
    mode = Mode.LEXICAL if asked.by_words else query.mode
    shares = shares_of(ranking.evidence, mode, query.weights)(ranking.evidence[point_id])
    named = list(zip(SHARES, shares, strict=False))
    named.append((_OTHERS, whole - sum(shares)))
    return tuple((name, share) for name, share in named if abs(share) > _LEAST_CHANGE)


def _filters(where: NoteFilter) -> Sequence[tuple[str, str]]:
    """Return the fields of a filter that are set, one for each value."""
    return [
        (field, "=".join(value) if isinstance(value, tuple) else str(value))
        for field, values in where._asdict().items()
        for value in (values if isinstance(values, tuple) else [values] if values else ())
    ]


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

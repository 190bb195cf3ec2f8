"""Is this answered at all? The probability that the notes hold an answer to a question.

Two logistic regressions: one over the signs that late interaction gives, one over the words alone,
for searches by words and models without word pieces. How they were fitted, and judged on notes they
were not fitted on, stands in benchmarks/QUALITY.md; `make bench-quality` fits them anew.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from indexer.retrieval.query import Asked
from indexer.retrieval.ranking import Ranking

_JUDGED = 10  # points in which the words of a question are looked for
# A word of the question is matched by one whose cosine to it is above this.
MATCHED_ABOVE = 0.5
# Nine tenths of the questions that have an answer lie above it.
ANSWERED_ABOVE = 0.41

_INTERCEPT = -3.95
_COSINE = 2.89
_PIECES = 4.97
_COVERAGE = 1.91
_LENGTH = 0.138
# Longer questions than this were not among those it was fitted on.
MAX_LENGTH = 24

_WORDS_INTERCEPT = -0.94
_WORDS = 6.27


class Signs(NamedTuple):
    """What speaks for an answer.

    ``cosine`` and ``words`` are the highest of all candidates, ``pieces`` is the late interaction
    of the best; ``coverage`` the share of the question, by the rarity of its words, that is matched
    in the first points, and ``length`` its word pieces. None where a leg was not asked. ``chance``
    is the highest cosine to be expected of these notes for any question.
    """

    cosine: float | None
    words: float
    pieces: float | None = None
    coverage: float = 0.0
    length: int = 0
    chance: float = 0.0


def signs_of(ranking: Ranking, asked: Asked, chance: float) -> Signs | None:
    """Return the signs of a ranking, None where nothing was found.

    :param ranking: of the question, without points that are gone.
    :param asked: the question.
    :param chance: the highest cosine to be expected for any question.
    """
    best, evidence = ranking.order[:_JUDGED], ranking.evidence.values()
    if not best:
        return None
    signs = Signs(
        cosine=max(one.cosine for one in evidence) if asked.encoded else None,
        words=max(one.words for one in evidence),
    )
    if not ranking.matched:
        return signs
    matched = np.max([ranking.matched[i] for i in best], axis=0)
    return signs._replace(
        pieces=ranking.evidence[best[0]].pieces,
        coverage=float(asked.weights[matched > MATCHED_ABOVE].sum()),
        length=len(asked.weights),
        chance=chance,
    )


def confidence(signs: Signs) -> float:
    """Return the probability, 0 to 1, that the notes answer the question."""
    if signs.cosine is None or signs.pieces is None:
        return _logistic(_WORDS_INTERCEPT + _WORDS * signs.words)
    return _logistic(
        _INTERCEPT
        + _COSINE * (signs.cosine - signs.chance)
        + _PIECES * (signs.pieces - signs.chance)
        + _COVERAGE * signs.coverage
        + _LENGTH * min(signs.length, MAX_LENGTH)
    )


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))

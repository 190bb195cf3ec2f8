"""Estimate the probability that the notes hold an answer to a question.

There are two logistic regressions: one with the figures of late interaction, and one with words
only, for searches by words and models without word pieces. benchmarks/QUALITY.md describes how they
were fitted, and judged on other notes; `make bench-quality` fits them again.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from indexer.config import MULTILINGUAL_MODEL
from indexer.records import Verdict
from indexer.retrieval.query import Asked
from indexer.retrieval.question import Question
from indexer.retrieval.ranking import Ranking
from indexer.store.point_words import names_of
from indexer.text.terms import terms_of

_JUDGED = 10  # points that are searched for the words of a question
# A word matches a word of the question if their cosine is above this.
MATCHED_ABOVE = 0.5
# Nine tenths of the judged questions with an answer are above it.
ANSWERED_ABOVE = 0.38
# Four of five judged questions above it have an answer.
SURE_ABOVE = 0.65


class Calibration(NamedTuple):
    """The coefficients of the signs; a word counts as matched from the cosine ``matched`` on.

    The intercept is chosen so that most answerable questions are above ``ANSWERED_ABOVE``.
    """

    intercept: float
    cosine: float
    pieces: float
    coverage: float
    length: float
    matched: float
    words: float = 0.0


_CALIBRATION = Calibration(
    intercept=-4.1,
    cosine=3.81,
    pieces=6.01,
    coverage=0.88,
    length=0.14,
    matched=MATCHED_ABOVE,
    words=1.99,
)
# Over 453 questions in seven languages to three folders (benchmarks/QUALITY.md).
_CALIBRATIONS = {
    MULTILINGUAL_MODEL: Calibration(
        intercept=-2.28, cosine=6.15, pieces=2.57, coverage=1.45, length=0.1, matched=0.4
    )
}
# The least confidence for a short question with all its words in the first hit, and the largest for
# a question without a known word.
_EXACT_LEAST = 0.5
_GIBBERISH_MOST = 0.1
_SHORT_TERMS = 3
_NAMED_SHARE = 0.2  # share of the words of an address or a name of several parts
# The data had no longer questions than this.
MAX_LENGTH = 24

_WORDS_INTERCEPT = -0.94
_WORDS = 6.27


class Signs(NamedTuple):
    """The evidence for an answer.

    ``cosine`` and ``words`` are the highest of all candidates, ``pieces`` is the late interaction
    of the best one. ``coverage`` is the share of the question, weighted by rarity, that the first
    points match, and ``length`` its number of word pieces. Figures of unused retrievers are None.
    ``chance`` is the highest cosine expected of these notes for any question, ``model`` the model
    of the index. ``exact`` is True if the first hit has all words of a short question,
    ``gibberish`` if no word is known.
    """

    cosine: float | None
    words: float
    pieces: float | None = None
    coverage: float = 0.0
    length: int = 0
    chance: float = 0.0
    model: str = ""
    exact: bool = False
    gibberish: bool = False


def calibration_of(model: str) -> Calibration:
    """Return the coefficients for an index of a model.

    :param model: its name; a model without its own coefficients uses those of the default model.
    """
    return _CALIBRATIONS.get(model, _CALIBRATION)


def signs_of(ranking: Ranking, asked: Asked, chance: float, model: str = "") -> Signs | None:
    """Return the signs of a ranking, None if nothing was found.

    :param ranking: of the question, without deleted points.
    :param asked: the question.
    :param chance: the highest cosine expected for any question.
    :param model: name of the model of the index.
    """
    best, evidence = ranking.order[:_JUDGED], ranking.evidence.values()
    if not best:
        return None
    signs = Signs(
        cosine=None if asked.by_words else max(one.cosine for one in evidence),
        words=max(one.words for one in evidence),
        exact=_is_exact(ranking, best[0], asked.question),
        gibberish=asked.gibberish,
    )
    if not ranking.matched or asked.by_words:
        return signs
    matched = np.max([ranking.matched[i] for i in best], axis=0)
    return signs._replace(
        pieces=ranking.evidence[best[0]].pieces,
        coverage=float(asked.weights[matched > calibration_of(model).matched].sum()),
        length=len(asked.weights),
        chance=chance,
        model=model,
    )


def confidence(signs: Signs) -> float:
    """Return the probability, 0 to 1, that the notes answer the question."""
    probability = _probability(signs)
    if signs.gibberish:
        return min(probability, _GIBBERISH_MOST)
    return max(probability, _EXACT_LEAST) if signs.exact else probability


def verdict(answered: bool, probability: float) -> Verdict:
    """Return the verdict on an answer.

    :param answered: whether it has hits and a probability above the limit.
    :param probability: see ``confidence``.
    """
    if not answered:
        return Verdict.NOT_THERE
    return Verdict.ANSWERED if probability >= SURE_ABOVE else Verdict.MAYBE


def _is_exact(ranking: Ranking, first: int, question: Question) -> bool:
    """Return whether the first point and its context have all words of a short question.

    A question without a blank may be a name that only occurs in the address of a link.
    """
    terms = question.terms
    if " " not in question.text:
        least = _NAMED_SHARE if len(set(terms)) > 1 else 0.0
        if ranking.evidence[first].words > least:
            return True
    if not 0 < len(set(terms)) <= _SHORT_TERMS:
        return False
    stored = ranking.points[first]
    point = stored.point
    texts = (point.text, *point.parents, *point.heading_path, *names_of(stored.note))
    return {*terms} <= {term for text in texts for term in terms_of(text)}


def _probability(signs: Signs) -> float:
    if signs.cosine is None or signs.pieces is None:
        return _logistic(_WORDS_INTERCEPT + _WORDS * signs.words)
    fitted = calibration_of(signs.model)
    return _logistic(
        fitted.intercept
        + fitted.cosine * (signs.cosine - signs.chance)
        + fitted.pieces * (signs.pieces - signs.chance)
        + fitted.coverage * signs.coverage
        + fitted.length * min(signs.length, MAX_LENGTH)
        + fitted.words * signs.words
    )


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))

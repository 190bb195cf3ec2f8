"""Estimate the probability that the notes hold an answer to a question.

There are two logistic regressions: one with the figures of late interaction, and one with words
only, for searches by words and models without word pieces. benchmarks/QUALITY.md describes how they
were fitted, and judged on other notes; `make bench-quality` fits them again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from indexer.config import MULTILINGUAL_MODEL
from indexer.records import Verdict
from indexer.retrieval.answer_forms import asks_number, has_number
from indexer.retrieval.languages import ENGLISH, function_terms, language_of
from indexer.retrieval.query import Asked
from indexer.retrieval.question import Question
from indexer.retrieval.ranking import Ranking
from indexer.retrieval.sizing.patterns import LatePattern
from indexer.retrieval.sizing.stance import is_opinion
from indexer.store.point_words import names_of
from indexer.store.records import StoredPoint, Vectors
from indexer.text.terms import terms_of, words_of

_JUDGED = 10  # points that are searched for the words of a question
# A word matches a word of the question if their cosine is above this.
MATCHED_ABOVE = 0.5
# Nine tenths of the judged questions with an answer are above it.
ANSWERED_ABOVE = 0.38
# Four of five judged questions above it have an answer.
SURE_ABOVE = 0.65


class Calibration(NamedTuple):
    """What each sign counts.

    ``matched`` is the cosine from which a word counts as matched; with None each word counts by its
    cosine, as far as that is beyond chance. ``unknown_name`` and ``no_number`` are what a question
    loses for naming something that no point has, and for asking for a number that the first hit
    lacks: near misses do so in one of three, answerable questions in one of fifty.

    The intercept is chosen so that most answerable questions are above ``ANSWERED_ABOVE``.
    """

    intercept: float
    cosine: float
    pieces: float
    coverage: float
    length: float
    matched: float | None
    words: float = 0.0
    unknown_name: float = -2.0
    no_number: float = -1.5


# By benchmarks/calibration.py.
_CALIBRATION = Calibration(
    intercept=-5.11,
    cosine=4.06,
    pieces=5.67,
    coverage=3.0,
    length=0.189,
    matched=None,
    words=2.72,
    unknown_name=-2.22,
    no_number=-2.0,  # the fit gives -1.6 for "how many" alone, and -3.1 with other quantities
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
_NAMED_SHARE = 0.2  # of the words of an address or a name of several parts
# Two words that begin alike for as many letters, and end in as few others, are forms of one word.
_STEM_CHARS = 4
_HEBREW_BEFORE = re.compile("[\u05d5\u05e9\u05db]?[\u05d4\u05d1\u05dc\u05de\u05db\u05e9\u05d5]")
_ENDING_CHARS = 3
# The fit is of English questions. In other languages this model knows answers less well: this
# keeps nine tenths of the answerable in German, Spanish and Portuguese.
_OTHER_LANGUAGE = 0.85
# Longer questions than this were not among those it was fitted on.
MAX_LENGTH = 24
_PIECES_A_WORD = 1.2  # of an English word
_TELLING = 5  # points that show the language of the notes

# The probability that a review answers a question for an opinion. Critique is short and said in
# other words, so what counts in addition to the fit is how far the first point stands out from the
# ninth of the ranking. Such an answer is no more than "maybe". Fitted on 83 questions to reviews
# (benchmarks/QUALITY.md).
_OF_REVIEW = -0.6
_OF_REVIEW_FITTED = 0.8  # of the log odds of the fit
_OF_REVIEW_AHEAD = 4.0  # of the difference of the scores
_OF_REVIEW_MOST = 0.64
_AHEAD_OF = 8  # points
# "was the pace ok?", "do they start on time?", "how is the sound?", "any hidden fees?"
_ASKS_OPINION = LatePattern(
    r"^\W*(?:(?:and|so|but|or) )?(?:is|are|was|were|do|does|did|can|could|should|will|would|has"
    r"|have|had|am|any|how (?:is|was|are|were|does|did|do))\b"
)

_WORDS_INTERCEPT = -0.94
_WORDS = 6.27


class Signs(NamedTuple):
    """The evidence for an answer.

    ``cosine`` and ``words`` are the highest of all candidates, ``pieces`` is the late interaction
    of the best; ``coverage`` says how well the question, by the rarity of its words, is matched in
    the first points together, and ``length`` its word pieces. None if a retriever was not asked.
    ``chance`` is the highest cosine to be expected of these notes for any question, ``model`` names
    the model of the index. ``exact`` says that the first hit has all words of a short question,
    ``gibberish`` that no word of it is known, ``foreign`` that it is not in English,
    ``unknown_name`` that it names something that no point has, and ``no_number`` that it asks for a
    number and the first hit has none. ``ahead`` is how far the score of the first hit is above that
    of the ninth, if a question asks for an opinion and the first hit is of a review, else None.
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
    foreign: bool = False
    unknown_name: bool = False
    no_number: bool = False
    ahead: float | None = None


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
    first, terms = ranking.points[best[0]], asked.question.own_terms
    language = language_of(asked.question.text)
    inflected = asked.gibberish and _is_inflected(first, terms)
    signs = Signs(
        cosine=None if asked.by_words else max(one.cosine for one in evidence),
        words=max(one.words for one in evidence),
        exact=inflected or _is_exact(ranking, best[0], asked.question, language),
        gibberish=asked.gibberish and not inflected,
        foreign=language not in (None, ENGLISH) and model != MULTILINGUAL_MODEL,
        unknown_name=language in (None, ENGLISH) and asked.unknown_name,
        no_number=asks_number(asked.question.text) and not has_number(first.point.text),
    )
    if not ranking.matched or asked.by_words:
        return signs
    matched = np.max([ranking.matched[i] for i in best], axis=0)
    length = len(asked.weights)
    if signs.foreign:
        first_texts = (ranking.points[i].point.text for i in best[:_TELLING])
        length = length_of(asked.question.text, length, " ".join(first_texts))
    return signs._replace(
        pieces=ranking.evidence[best[0]].pieces,
        coverage=_coverage(matched, asked, chance, calibration_of(model).matched),
        length=length,
        chance=chance,
        model=model,
        ahead=_ahead(ranking, asked.question.text),
    )


def _ahead(ranking: Ranking, question: str) -> float | None:
    """Return how far the first point of a review is ahead, see ``Signs``."""
    first, last = ranking.order[0], ranking.order[: _AHEAD_OF + 1][-1]
    if not is_opinion(ranking.points[first].note) or not _ASKS_OPINION.search(question):
        return None
    return ranking.scores[first] - ranking.scores[last]


def _coverage(matched: Vectors, asked: Asked, chance: float, above: float | None) -> float:
    """Return how well all words are matched: without a limit by their cosines beyond chance."""
    if above is None:
        return float(asked.weights @ matched) - chance
    return float(asked.weights[matched > above].sum())


def length_of(question: str, pieces: int, found: str) -> int:
    """Return the length of a question in word pieces, as it would be in English.

    A word of another language falls into more pieces. They count if the notes are in that language;
    if not, the question is near to the notes only by chance, and must not gain from its length.

    :param question: after reading.
    :param pieces: its number of word pieces.
    :param found: the text of the first points.
    """
    of_notes = language_of(found)
    if of_notes is None or language_of(question) in (None, ENGLISH, of_notes):
        return pieces
    return min(pieces, round(_PIECES_A_WORD * sum(1 for _ in words_of(question))))


def confidence(signs: Signs) -> float:
    """Return the probability, 0 to 1, that the notes answer the question."""
    rules = bounds_of(signs)
    return rules[-1][1] if rules else _probability(signs)


def verdict(answered: bool, probability: float) -> Verdict:
    """Return the verdict on an answer.

    :param answered: whether it has hits and a probability above the limit.
    :param probability: see ``confidence``.
    """
    if not answered:
        return Verdict.NOT_THERE
    return Verdict.ANSWERED if probability >= SURE_ABOVE else Verdict.MAYBE


def _is_exact(ranking: Ranking, first: int, question: Question, language: str | None) -> bool:
    """Return whether a short question has all its words in the first point or around it.

    A question without a blank may be a name that only occurs in the address of a link.
    """
    terms = [term for term in question.own_terms if term not in function_terms(language)]
    if " " not in question.text:
        least = _NAMED_SHARE if len(set(terms)) > 1 else 0.0
        if ranking.evidence[first].words > least:
            return True
    short = 0 < len(set(terms)) <= _SHORT_TERMS
    return short and {*terms} <= _terms_at(ranking.points[first])


def _is_inflected(first: StoredPoint, terms: Sequence[str]) -> bool:
    """Return whether a point has other forms of all words of a short question.

    The words of most scripts are no words to the model, and only English words are cut to stems.
    """
    if not 0 < len(set(terms)) <= _SHORT_TERMS or any(map(str.isascii, terms)):
        return False
    words = _terms_at(first)
    return all(any(_begin_alike(term, word) for word in words) for term in terms)


def _begin_alike(one: str, other: str) -> bool:
    differ = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    shared = next(differ, min(len(one), len(other)))
    if shared >= max(_STEM_CHARS, max(len(one), len(other)) - _ENDING_CHARS):
        return True
    # Hebrew writes "the", "and", "in" and "to" as the first letters of a word.
    short, long = sorted((one, other), key=len)
    return len(short) >= _ENDING_CHARS and bool(_HEBREW_BEFORE.fullmatch(long.removesuffix(short)))


def _terms_at(first: StoredPoint) -> set[str]:
    """Return the terms of a point and of what is above it."""
    point = first.point
    texts = (point.text, *point.parents, *point.heading_path, *names_of(first.note))
    return {term for text in texts for term in terms_of(text)}


def effects_of(signs: Signs) -> list[tuple[str, float, float]]:
    """Return (name, figure, effect) for each sign, effects in log odds.

    :param signs: the evidence; the probability is the logistic function of the sum of the effects.
    """
    if signs.cosine is None or signs.pieces is None:
        return [("any question", 1, _WORDS_INTERCEPT), _effect("words", signs.words, _WORDS)]
    fitted = calibration_of(signs.model)
    return [
        ("any question", 1, fitted.intercept),
        _effect("not in English", signs.foreign, _OTHER_LANGUAGE),
        _effect("cosine beyond chance", signs.cosine - signs.chance, fitted.cosine),
        _effect("late interaction beyond chance", signs.pieces - signs.chance, fitted.pieces),
        _effect("words of the question matched beyond chance", signs.coverage, fitted.coverage),
        _effect("length in word pieces", min(signs.length, MAX_LENGTH), fitted.length),
        _effect("words", signs.words, fitted.words),
        _effect("a name that no note has", signs.unknown_name, fitted.unknown_name),
        _effect("asks for a number, the first hit has none", signs.no_number, fitted.no_number),
    ]


def bounds_of(signs: Signs) -> list[tuple[str, float]]:
    """Return (rule, probability after it) for each rule that limits the fitted probability.

    :param signs: the evidence.
    """
    probability = _probability(signs)
    if signs.gibberish:
        return [("no word is known", min(probability, _GIBBERISH_MOST))]
    rules = []
    if signs.exact and probability < _EXACT_LEAST:
        probability = _EXACT_LEAST
        rules.append(("all words are in the first hit", probability))
    if (of_review := _of_review(signs)) > probability:
        rules.append(("the point of a review that stands out", of_review))
    return rules


def _of_review(signs: Signs) -> float:
    """Return the probability that a review answers a question for an opinion, 0 if none does."""
    if signs.ahead is None or signs.unknown_name or signs.no_number:
        return 0.0
    if signs.model == MULTILINGUAL_MODEL:  # its scores are on another scale
        return 0.0
    odds = sum(effect for _, _, effect in effects_of(signs))
    score = _OF_REVIEW + _OF_REVIEW_FITTED * odds + _OF_REVIEW_AHEAD * signs.ahead
    return min(_logistic(score), _OF_REVIEW_MOST)


def _effect(name: str, figure: float, weight: float) -> tuple[str, float, float]:
    return name, float(figure), weight * figure


def _probability(signs: Signs) -> float:
    return _logistic(sum(effect for _, _, effect in effects_of(signs)))


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))

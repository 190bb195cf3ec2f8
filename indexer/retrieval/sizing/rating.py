"""Rate the first unit of an answer: its form and its subject raise or lower the confidence.

The probability that the notes hold an answer comes from the ranking (``retrieval.confidence``).
Here it rises if the question names the unit, and falls if the unit cannot be what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from indexer.retrieval.query import Asked
from indexer.retrieval.ranking import Ranking
from indexer.retrieval.sizing.choosing import SAY_LITTLE, Chosen
from indexer.retrieval.sizing.doubts import DOUBTED, is_doubtful, listed_words, with_kinds
from indexer.retrieval.sizing.naming import in_digits
from indexer.retrieval.sizing.note_names import content_terms
from indexer.retrieval.sizing.opinions import judged_words, speaks_against
from indexer.retrieval.sizing.parts import Part
from indexer.retrieval.sizing.question_form import FORM_TERMS, read_form
from indexer.retrieval.sizing.stance import is_opinion, judging_word
from indexer.retrieval.sizing.units import Outline, Span

# The form of a question is read in its beginning: the patterns for it are made for sentences, and
# took a second for 10,000 characters without a blank.
MAX_FORM_CHARS = 1_000
# What a question wants listed is neither said nor meant where no word is nearer than this; a sure
# answer is one in other words.
_MEANT = 0.37
_SURE = 0.8
# A point of a review answers "what did I find repetitive?" if it means that word this much: "lot of
# repetition" does (.65), other points of the same review do not (.3).
_JUDGED = 0.5
_SAID_LEAST = 0.5
_IMPRESSED = 0.42
# Number of units whose notes are checked for the highest number of something counted.
_DOUBTED_WITH = 3


class Rated(NamedTuple):
    """The confidence of the first unit, and (rule, confidence after it) for each rule applied."""

    confidence: float
    rules: tuple[tuple[str, float], ...] = ()

    def at_least(self, least: float, rule: str) -> Rated:
        """Return it raised to a minimum."""
        return self if self.confidence >= least else self._after(rule, least)

    def doubted(self, rule: str) -> Rated:
        """Return it lowered by a doubt."""
        return self._after(rule, self.confidence * DOUBTED)

    def _after(self, rule: str, confidence: float) -> Rated:
        return Rated(confidence, (*self.rules, (rule, confidence)))


def rate_units(
    confidence: float,
    asked: Asked,
    ranking: Ranking,
    chosen: Sequence[Chosen],
    part: Part | None,
) -> Rated:
    """Return the confidence of the units: higher for named parts, lower for doubtful units.

    :param confidence: the probability that the notes hold an answer.
    :param asked: the question after reading.
    :param ranking: of the question.
    :param chosen: the units, best first; at least one.
    :param part: what the question asks for by name, None if the ranking decided.
    """
    rated, first = Rated(confidence), chosen[0]
    if part is not None:
        return rated.at_least(part.least, f"named by the question: {part.rule}")
    if _is_doubtful(asked, chosen):
        rated = rated.doubted("the unit cannot be what is asked for")
    if rated.confidence < _SURE and _lacks_listed(asked, ranking, first):
        rated = rated.doubted("the unit lacks what is to be listed")
    if _says_everywhere(asked, first):
        rated = rated.at_least(_SAID_LEAST, "all places are asked for, and the best one says it")
    if rated.confidence < _IMPRESSED and _is_impression(asked, ranking, first):
        rated = rated.at_least(_IMPRESSED, "a review that means the word that judges")
    return rated


def _is_doubtful(asked: Asked, chosen: Sequence[Chosen]) -> bool:
    """Return whether the first unit cannot be the answer, by its form or its side."""
    question = asked.question.text[:MAX_FORM_CHARS]
    first = [one.places[0] for one in chosen[:_DOUBTED_WITH]]
    outlines = [outline for outline, _ in first]
    return is_doubtful(in_digits(question), outlines, first[0][1]) or speaks_against(
        question, *first[0]
    )


def _says_everywhere(asked: Asked, first: Chosen) -> bool:
    """Return whether all places that say a subject are asked for, and the best one says it."""
    form = read_form(asked.question.text[:MAX_FORM_CHARS])
    if not form.everywhere:
        return False
    subject = frozenset(asked.question.own_terms) - FORM_TERMS - SAY_LITTLE - form.words
    return bool(subject) and subject <= content_terms(first.hit.point.text)


def _is_impression(asked: Asked, ranking: Ranking, first: Chosen) -> bool:
    """Return whether a unit is of a review and means the word that asks for an impression."""
    place = judging_word(asked.question.text[:MAX_FORM_CHARS])
    if place is None or asked.encoded is None or not is_opinion(first.hit.note):
        return False
    matched = ranking.matched.get(first.hit.point_id)
    spans = enumerate(asked.encoded.spans)
    pieces = [i for i, (begin, end) in spans if begin < place[1] and end > place[0]]
    return matched is not None and bool(pieces) and float(matched[pieces].mean()) >= _JUDGED


def _lacks_listed(asked: Asked, ranking: Ranking, first: Chosen) -> bool:
    """Return whether a unit lacks a word for what a question wants listed, and words like it."""
    question = asked.question.text[:MAX_FORM_CHARS]
    places = listed_words(question) or judged_words(question, first.places[0][0].note)
    matched = [ranking.matched[i] for i in first.ids() if i in ranking.matched] if places else []
    if asked.encoded is None or not matched:
        return False
    best = np.max(matched, axis=0)
    said = with_kinds(frozenset().union(*(_said(*place) for place in first.places)))
    for start, end in places:
        terms = content_terms(asked.question.text[start:end]) - FORM_TERMS
        spans = enumerate(asked.encoded.spans)
        pieces = [i for i, (begin, last) in spans if begin < end and last > start]
        if terms and not terms <= said and pieces and float(best[pieces].mean()) < _MEANT:
            return True
    return False


def _said(outline: Outline, span: Span) -> frozenset[str]:
    """Return the terms of a unit and of its labels."""
    texts = {
        text
        for one in outline.parts(span)
        for text in (one.point.text, *one.point.heading_path, *one.point.parents)
    }
    return frozenset().union(*map(content_terms, (outline.note.title, *texts)))

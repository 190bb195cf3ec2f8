"""Favour points in the form that an English question asks for.

"What is X?" asks for a definition, "is ...?" for yes or no, "how many ...?" for a number outside
formulas, "... formula" for a formula. A point that is a question itself, or that only names the
subject, has the words of the question but no answer; a point under a heading that asks has the
answer. All weights were chosen on the mined folders (benchmarks/QUALITY.md).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping

from indexer.retrieval.sizing.patterns import LatePattern
from indexer.retrieval.sizing.question_form import asks_yes_or_no
from indexer.store.records import StoredPoint
from indexer.text.terms import is_stop_word, terms_of, words_of

# What a point gains if it is fully in the form asked for, and what a point loses that asks.
_DEFINITION = 0.15
_YES_OR_NO = 0.2
_NUMBER = 0.1
_FORMULA = 0.1
_ASKING = 0.1
# What a point loses that has only words of the question, so that it names the subject at most.
_REPEATING = 0.2
# What a point gains under a heading that asks the whole question. Measured with the headings kept:
# 0, .1 and .2 answer fewer questions, however the heading was put (benchmarks/QUALITY.md).
_ASKED_ABOVE = 0.4

_SEEN_CHARS = 200  # the form of a point shows at its beginning
_MOST_BEFORE_VERB = 5  # words before the verb of a definition
_LEAST_NAMED = 0.5  # share of the subject, by rarity, that a definition names
_LEAST_RARITY = 0.01  # of a term that is in nearly all points

_WHAT_IS = LatePattern(
    r"^(?:so |but |and )?(?:what(?:['\u2019]?s| is| are| was| were| does| do you mean by"
    r"| exactly is| exactly are)\b|who(?:['\u2019]?s| is| are)\b|define\b|explain\b)",
    "what who define explain",
)
_ASKS_MORE = LatePattern(
    r"^(?:so |but |and )?(?:how|why|when|where|which|who|what)\b",
    "how why when where which who what",
)
_NOT_SUBJECT = frozenset(
    "briefly called concept define definition describe exactly explain idea mean meaning means "
    "purpose stand stands term word".split()
)
_NAME = re.compile(r"[\w'-]+")
_MARKS = ' *_#>-"\u201c[('
_DEFINING = LatePattern(
    r"\b(?:is|are|was|were|means|refers? to|stands? for|denotes|describes|represents|consists of"
    r"|allows|provides|lets|helps|happens when|occurs when)\b"
)
_NAMED_FIRST = LatePattern(r"^[^:.?!\n]{1,60}?(?:: | [-\u2013\u2014=] )")
_SENTENCE_END = re.compile(r"[.?!]\s")

_STARTS_YES_OR_NO = LatePattern(
    r"^[\W_]*(?:(?:a|answer|short answer|long answer|tl;?dr)\s*[:.][\W_]*)?"
    r"(?:yes|no|yep|yeah|nope|sure|absolutely|definitely|certainly|of course|unfortunately"
    r"|it depends|currently|not (?:yet|really|necessarily|exactly|currently|always|at \w+))"
    r"(?=\s*(?:[,.!;:\u2013\u2014-]|$))"
)
_HOW_MANY = LatePattern(
    r"^(?:so )?how (?:many|much|long|often|large|big|old|far|fast|high|expensive)\b"
    r"|^what(?:['\u2019]?s| is) the (?:number|size|price|cost|maximum|minimum|default|limit)\b",
    "how what",
)
_QUANTITY = (
    "age amount budget capacity cost distance dose duration fee fraction frequency height interval "
    "length limit margin norm number overlap percent percentage port price probability rate ratio "
    "salary share size speed temperature threshold value weight width"
)
# "At which norm should ...?", "What batch size was ...?": no verb or article before the quantity,
# and a verb after it.
_WHICH_QUANTITY = LatePattern(
    r"^(?:so )?(?:(?:above|after|at|below|by|for|from|in|to|under|up to|with|within) )?"
    r"(?:which|what) (?:(?!(?:a|an|are|did|do|does|is|of|the|was|were)\b)\S+ ){0,3}?"
    rf"(?:{'|'.join(_QUANTITY.split())})(?: on)?"
    r"(?= (?:are|can|could|counts?|did|do|does|for|has|have|is|may|must|need|of|shall|should|was"
    r"|were|will|would|you)\b|[ ?.]*$)",
    "which what",
)
_WHAT_COSTS = LatePattern(r"^what (?:does|do|did|will|would) .{2,80}? (?:cost|weigh)\b", "what")
# Digits after a letter are part of a name: "DHT11", "VGG-16".
_HAS_NUMBER = LatePattern(
    r"(?<![^\W_])(?<![^\W\d_][-_/.])\d"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand|million|billion"
    r"|free|unlimited|no limit|none|infinite|half|dozen|once|twice|daily|weekly|monthly|yearly"
    r"|every (?:other )?(?:hour|day|night|week|month|year)|never)\b"
)
_ADDRESS = LatePattern(r"https?://\S+", "http")
_ASKS_FORMULA = LatePattern(r"\b(?:formulas?|formulae|equations?)\b", "formula equation")
_HAS_FORMULA = LatePattern(r"\$[^$]+\$|\\\w+\{|\w\)? ?= ?[\w(-]")
_IN_FORMULA = LatePattern(r"\$[^$]*\$")
_AFTER_QUESTION = ' *_"\u201d)'

_Gain = Callable[[str], float]


def favour_form(
    scores: Mapping[int, float],
    points: Mapping[int, StoredPoint],
    question: str,
    rarity: Mapping[str, float],
) -> dict[int, float]:
    """Return scores raised for points in the form that the question asks for.

    :param scores: point id to score.
    :param points: the records of all of them.
    :param question: as typed, on one line.
    :param rarity: inverse document frequency of the question's terms.
    """
    gains = [_loss_of_asking, *_gains_of(question.strip(), rarity)]
    above = _share_asked_above(question, rarity)
    return {
        i: score
        + sum(gain(points[i].point.text) for gain in gains)
        + _ASKED_ABOVE * above(points[i].point.heading_path[-1:])
        for i, score in scores.items()
    }


def asks_number(question: str) -> bool:
    """Return whether a question asks how many or how much.

    :param question: as typed, on one line.
    """
    asked = question.strip()
    patterns = (_HOW_MANY, _WHICH_QUANTITY, _WHAT_COSTS)
    return any(pattern.search(asked) is not None for pattern in patterns)


def has_number(text: str) -> bool:
    """Return whether a text has a number, in digits or in words.

    :param text: of a point.
    """
    return _HAS_NUMBER.search(_ADDRESS.sub(" ", text)) is not None


def _gains_of(question: str, rarity: Mapping[str, float]) -> list[_Gain]:
    """Return what the answer to a question may look like, as functions of a point's text."""
    gains: list[_Gain] = []
    subject = _subject_of(question, rarity)
    if subject:
        gains.append(lambda text: _DEFINITION * _share_defined(text, subject))
    if asks_yes_or_no(question):
        gains.append(lambda text: _YES_OR_NO if _says_yes_or_no(text) else 0.0)
    if asks_number(question):
        gains.append(lambda text: _NUMBER if has_number(_IN_FORMULA.sub(" ", text)) else 0.0)
    if _ASKS_FORMULA.search(question):
        gains.append(lambda text: _FORMULA if _HAS_FORMULA.search(text) else 0.0)
    if _ASKS_MORE.search(question):
        asked = frozenset(terms_of(question))
        gains.append(lambda text: -_REPEATING if _repeats(text, asked) else 0.0)
    return gains


def _repeats(text: str, asked: frozenset[str]) -> bool:
    """Return whether a point says and asks nothing, and has no word but those of a question."""
    if len(text) > _SEEN_CHARS or text.rstrip(_AFTER_QUESTION).endswith((":", "?")):
        return False
    if _DEFINING.search(text):
        return False
    own = _IN_FORMULA.sub(" ", text)
    terms = [terms for start, end, terms in words_of(own) if not is_stop_word(own[start:end])]
    return bool(terms) and all(asked.intersection(one) for one in terms)


def _loss_of_asking(text: str) -> float:
    return -_ASKING if text.rstrip(_AFTER_QUESTION).endswith("?") else 0.0


def _share_asked_above(
    question: str, rarity: Mapping[str, float]
) -> Callable[[tuple[str, ...]], float]:
    """Return a function of the last heading of a point: the share of a question that it asks.

    The answer under a heading like "Can I freeze dough?" often repeats none of its words.
    """
    weights = {
        term: rarity.get(term, 0.0)
        for begin, finish, terms in words_of(question)
        if not is_stop_word(question[begin:finish])
        for term in terms
    }
    whole = sum(weights.values())

    @functools.cache
    def share(heading: tuple[str, ...]) -> float:
        if not whole or not heading or not heading[0].rstrip(_AFTER_QUESTION).endswith("?"):
            return 0.0
        return sum(weights.get(term, 0.0) for term in {*terms_of(heading[0])}) / whole

    return share


def _says_yes_or_no(text: str) -> bool:
    return _STARTS_YES_OR_NO.search(text[:_SEEN_CHARS]) is not None


def _subject_of(question: str, rarity: Mapping[str, float]) -> dict[str, float]:
    """Return the terms of what is to be defined, with their rarity; empty for other questions."""
    opening = _WHAT_IS.search(question)
    if not opening:
        return {}
    names = _NAME.findall(question[opening.end() :])
    terms = (
        terms_of(name)[:1]
        for name in names
        if name.lower() not in _NOT_SUBJECT and not is_stop_word(name)
    )
    return {one: max(rarity.get(one, 0.0), _LEAST_RARITY) for found in terms for one in found}


def _share_defined(text: str, subject: Mapping[str, float]) -> float:
    """Return the share of a subject that a point defines at its beginning, by rarity."""
    begins = _before_definition(text.lstrip(_MARKS)[:_SEEN_CHARS])
    if begins is None or len(begins.split()) > _MOST_BEFORE_VERB or _SENTENCE_END.search(begins):
        return 0.0
    named = set(terms_of(begins))
    share = sum(weight for term, weight in subject.items() if term in named) / sum(subject.values())
    return share if share >= _LEAST_NAMED else 0.0


def _before_definition(text: str) -> str | None:
    """Return what a text names before it says what that is; None if it does not."""
    verb, named = _DEFINING.search(text), _NAMED_FIRST.search(text)
    begins = [text[: verb.start()]] if verb else []
    begins += [named[0]] if named else []
    return min(begins, key=len, default=None)

"""Doubts about a unit despite its near words.

Another number, no summary, no price or time where one is asked for, not the thing to be listed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.records import BlockKind, UnitKind
from indexer.retrieval.sizing.note_names import content_terms, name_of
from indexer.retrieval.sizing.parts import subject_of
from indexer.retrieval.sizing.patterns import LatePattern
from indexer.retrieval.sizing.question_form import Lean, read_form
from indexer.retrieval.sizing.units import Outline, Span

# The factor of a doubt on the confidence; even a sure answer falls below the limit.
DOUBTED = 0.35
_NUMBERED = re.compile(r"\b([^\W\d_]{3,})[ \u00a0]?#?(\d{1,4})\b")
_PROPERTY = re.compile(r"(?<=\w): (?=\d)")
# What is noted of a thing, by the words for the thing.
_KINDS_OF = tuple(
    (content_terms(of), content_terms(kinds))
    for of, kinds in (
        ("meeting meetings call committee session standup sync", "minutes agenda transcript"),
        ("diary journal daily", "diary journal calendar"),
        ("timetable plan route day", "itinerary schedule timetable programme"),
    )
)
# A question for a price or a time, and what an answer to it has.
_MEASURES = (
    (
        LatePattern(
            r"\b(?:what|how much) (?:did|do|does|was|is|were|are|will"
            r"|would) .*\b(?:cost|pay|paid)\b"
            r"|^(?:what (?:is|was|are|were) |what['\u2019]s )?(?:the |its )?(?:price|cost|fees?)"
            r"(?=\W*$| (?:of|for)\b)|^how (?:expensive|cheap)\b|\bworth (?:the|my"
            r"|its) (?:money|price)\b"
            r"|^how much (?:money )?(?:is|was|did I (?:pay|spend))\b",
            "cost pay paid price fee expensive cheap money much",
        ),
        re.compile(
            r"\d|[$\u20ac\u00a3\u00a5]|\b(?:free|cost\w*|pric\w+|pay\w*|paid"
            r"|fees?|cheap\w*|expensive"
            r"|money|budget\w*|dollars?|euros?|pounds?|afford\w*|worth)\b",
            re.IGNORECASE,
        ),
    ),
    (
        LatePattern(
            r"^how (?:long|many (?:seconds|minutes|hours|days|nights|weeks|months|years))\b"
            r".*\b(?:takes?|took|taken|lasts?|lasted|need(?:s|ed)?|spen[dt]"
            r"|stay(?:ed)?|wait(?:ed)?)\b"
            r"|\b(?:duration|length of time)\b",
            "how duration length",
        ),
        re.compile(
            r"\d|\b(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|few|several"
            r"|many|whole|all|no|most|every|each) (?:\w+ )?(?:second|minute|hour|day|night|week"
            r"|month|year|moment)s?\b|\bovernight\b|\b(?:daily|weekly|monthly)\b",
            re.IGNORECASE,
        ),
    ),
)
# What is to be listed, or a kind of text that is asked for: its head comes before a preposition.
_LISTED = LatePattern(
    r"^(?:(?:give|show|me|a|the|please) )*lists? (?:(?:of|all|out|the|my|our|any|some) )*"
    r"(?P<listed>(?:[\w'\u2019-]+ ){0,3}?[\w'\u2019-]+)"
    r"(?=\W*$| (?:of|for|to|in|on|about|from|with|by|at|that|which|who|I|we|you|after|before)\b)"
    r"|^(?:the |my )?(?P<text>agenda|itinerary|schedule|timetable|menu|minutes|transcript|syllabus"
    r"|certificate|invoice|contract|diary|budget|calendar|programme)\b"
    r"|^(?:what|how) about (?:the |my |its )?(?P<about>[\w-]+)\W*$",
    "list about agenda itinerary schedule timetable menu minutes transcript "
    "syllabus certificate invoice "
    "contract diary budget calendar programme",
)
# A word of the subject that a smaller share of the points says is only said in passing.
_LEAST_SAID = 0.2
_SUMMARY = re.compile(r"\b(?:summar(?:y|ies)|overview|recap)\b", re.IGNORECASE)


def is_doubtful(question: str, outlines: Sequence[Outline], span: Span) -> bool:
    """Return whether a unit cannot be the answer.

    A note that counts weeks up to 3 does not answer "week 5", and a single point is not a summary.

    :param question: after reading.
    :param outlines: of the note of the unit, and of those of the next units.
    :param span: the unit.
    """
    if _says_less(question, outlines[0], span) or _lacks_measure(question, outlines[0], span):
        return True
    if _SUMMARY.search(question) and _sums_up_another(question, outlines[0], span):
        return True
    asked = {(word.casefold(), int(number)) for word, number in _NUMBERED.findall(question)}
    return bool(asked) and _counts_without(asked, outlines)


def _says_less(question: str, outline: Outline, span: Span) -> bool:
    """Return whether nothing but properties is shown for a question that they do not repeat."""
    points = [stored.point for stored in outline.parts(span)]
    if read_form(question).lean is Lean.ONE or any(
        point.kind is not BlockKind.PROPERTIES for point in points
    ):
        return False
    texts = (outline.note.title, *(point.text for point in points))
    return not subject_of(question) <= frozenset().union(*map(content_terms, texts))


def _sums_up_another(question: str, outline: Outline, span: Span) -> bool:
    """Return whether a unit is no summary, or a word of its subject is only said in passing."""
    if span.kind is UnitKind.POINT:
        return len(outline.points) > 1
    points = [stored.point for stored in outline.parts(span)]
    named = name_of(outline.note).known()
    named = named.union(*(content_terms(label) for one in points for label in one.heading_path))
    said = [content_terms(point.text) for point in points]
    counts = [sum(term in one for one in said) for term in subject_of(question) - named]
    return any(0 < count < _LEAST_SAID * len(points) for count in counts)


def _lacks_measure(question: str, outline: Outline, span: Span) -> bool:
    """Return whether a price or a time is asked for, and a unit and its labels have none."""
    asked = [measure for pattern, measure in _MEASURES if pattern.search(question)]
    if not asked:
        return False
    points = [stored.point for stored in outline.parts(span)]
    texts = {text for point in points for text in (point.text, *point.heading_path, *point.parents)}
    return not any(measure.search(text) for measure in asked for text in texts)


def listed_words(question: str) -> list[tuple[int, int]]:
    """Return the positions of the words for what a question wants listed.

    :param question: "list of quiz questions for week 3" wants "quiz questions".
    """
    found = _LISTED.search(question)
    if found is None:
        return []
    name = next(name for name in ("listed", "text", "about") if found[name])
    words = re.finditer(r"[^\s]+", found[name])
    start = found.start(name)
    return [(start + word.start(), start + word.end()) for word in words]


def with_kinds(said: frozenset[str]) -> frozenset[str]:
    """Return terms with those for kinds of text that they imply: a meeting has minutes."""
    return said.union(*(kinds for of, kinds in _KINDS_OF if not said.isdisjoint(of)))


def _counts_without(asked: set[tuple[str, int]], outlines: Sequence[Outline]) -> bool:
    """Return whether notes number a word of the question, but not up to the number asked for."""
    labels = {outline.note.title for outline in outlines}
    for point in (point for outline in outlines for point in outline.points):
        if point.kind is BlockKind.PROPERTIES:
            labels.add(_PROPERTY.sub(" ", point.text))
        labels.update(point.heading_path, () if point.text[80:] else (point.text,))
    found = {
        (word.casefold(), int(number))
        for label in labels
        for word, number in _NUMBERED.findall(label)
    }
    return any(
        one not in found and len({number for word, number in found if word == one[0]}) > 1
        for one in asked
    )

"""Doubts about a unit despite its near words: another number, or not a summary."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.records import BlockKind, UnitKind
from indexer.retrieval.sizing.note_names import content_terms
from indexer.retrieval.sizing.parts import subject_of
from indexer.retrieval.sizing.question_form import Lean, read_form
from indexer.retrieval.sizing.units import Outline, Span

# The factor of a doubt on the confidence; even a sure answer falls below the limit.
DOUBTED = 0.35
_NUMBERED = re.compile(r"\b([^\W\d_]{3,})[ \u00a0]?#?(\d{1,4})\b")
_SUMMARY = re.compile(r"\b(?:summar(?:y|ies)|overview|recap)\b", re.IGNORECASE)


def is_doubtful(question: str, outlines: Sequence[Outline], span: Span) -> bool:
    """Return whether a unit cannot be the answer.

    A note that counts weeks up to 3 does not answer "week 5", and a single point is not a summary.

    :param question: after reading.
    :param outlines: of the note of the unit, and of those of the next units.
    :param span: the unit.
    """
    if _says_less(question, outlines[0], span):
        return True
    if _SUMMARY.search(question) and span.kind is UnitKind.POINT and len(outlines[0].points) > 1:
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


def _counts_without(asked: set[tuple[str, int]], outlines: Sequence[Outline]) -> bool:
    """Return whether notes number a word of the question, but not up to the number asked for."""
    labels = {outline.note.title for outline in outlines}
    for point in (point for outline in outlines for point in outline.points):
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

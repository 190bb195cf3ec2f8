"""What speaks against a unit although its words are near: another number, no summary at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.records import BlockKind, UnitKind
from indexer.retrieval.note_names import content_terms
from indexer.retrieval.parts import subject_of
from indexer.retrieval.question_form import Lean, read_form
from indexer.retrieval.units import Outline, Span

# A doubt leaves this part of the confidence: even of a sure answer too little to be answered.
DOUBTED = 0.35
_NUMBERED = re.compile(r"\b([^\W\d_]{3,})[ \u00a0]?#?(\d{1,4})\b")
_SUMMARY = re.compile(r"\b(?:summar(?:y|ies)|overview|recap)\b", re.IGNORECASE)


def is_doubtful(question: str, outlines: Sequence[Outline], span: Span) -> bool:
    """Return whether a unit cannot be what is asked for.

    "Week 5" is not answered by a note that counts weeks up to 3, and a summary is no single point.

    :param question: as it was read.
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
    """Return whether notes count by a word of the question, but not up to the number asked."""
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

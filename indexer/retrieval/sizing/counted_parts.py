"""Find parts by their place in a row: "the last week of ...", "week 1 of the second course".

Numbers that are part of a name are read by ``named_parts``. Here, the number says which item of a
list of links is meant, or "last" the highest number of the headings of a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.retrieval.sizing.exact_parts import LIGHT
from indexer.retrieval.sizing.link_lists import linked_lists
from indexer.retrieval.sizing.naming import COUNTED, in_digits, label_paths, named_span, share_named
from indexer.retrieval.sizing.note_names import content_terms
from indexer.retrieval.sizing.parts import Around, Part, note_of, subject_of
from indexer.retrieval.sizing.patterns import LatePattern
from indexer.retrieval.sizing.question_form import Lean
from indexer.retrieval.sizing.units import Outline, Span

_LEAST = 0.66
_MOST_READ = 30
_LAST = LatePattern(rf"\b(?:last|final) (?P<word>{COUNTED})\b", "last final")
_NUMBERED = LatePattern(rf"\b(?P<word>{COUNTED}) (?P<number>\d{{1,2}})\b")
_HEADING = re.compile(r"([^\W\d_]{3,}) (\d{1,3})\b")
# Words that ask and are in no name.
_ASKING = content_terms(
    "first last final number learn learned learnt learning cover covered taught"
)

_PARTS = content_terms(COUNTED.replace("|", " "))


def counted_part(around: Around) -> Part | None:
    """Return the part that a question names by its place in a row, None without one.

    :param around: the question.
    """
    text = in_digits(around.text)
    last = _LAST.search(text)
    if last:
        return _last(around, text[: last.start()] + text[last.end() :], last["word"].lower())
    if around.form.lean is Lean.ONE and not re.match(r"(?:the |my )?[\w ]+$", text):
        return None
    numbered = _NUMBERED.compiled.finditer(text) if any(map(str.isdigit, text)) else ()
    for found in numbered:
        word, number = found["word"].lower(), int(found["number"])
        note = note_of(around, content_terms(f"{word} {number}"), by_name=True)
        if note is None and not _is_in_a_heading(around, word, number):
            note = _nth(around, word, number)
        if note is not None:
            return _within(note, subject_of(text[: found.start()] + text[found.end() :]))
    return None


def _is_in_a_heading(around: Around, word: str, number: int) -> bool:
    """Return whether a found point is below a heading with a word and a number."""
    labels = {label for one in around.ranked() for label in label_paths(one)[-1]}
    return any((word, str(number)) in _HEADING.findall(label.lower()) for label in labels)


def _last(around: Around, rest: str, word: str) -> Part | None:
    """Return the section of a note whose heading has the highest number after a word."""
    subject = subject_of(rest) - LIGHT - _ASKING
    note = note_of(around, subject) or note_of(around, subject - _PARTS)
    if note is None:
        return None
    numbers = [number for found, number in _numbers(note) if found == word]
    return _within(note, content_terms(f"{word} {max(numbers)}")) if numbers else None


def _numbers(note: Outline) -> Iterator[tuple[str, int]]:
    labels = {label for point in note.points for label in point.heading_path}
    for label in labels:
        yield from ((word.lower(), int(number)) for word, number in _HEADING.findall(label)[:1])


def _nth(around: Around, word: str, number: int) -> Outline | None:
    """Return the note that the nth item links to, of a list of links introduced by a word."""
    terms = content_terms(word)
    ids = [i for i, _ in around.view.lexical([*terms], _MOST_READ, around.query.where)]
    seen: set[str] = set()
    for stored in around.view.read_points(ids, links=False).values():
        if stored.note.note_id in seen:
            continue
        seen.add(stored.note.note_id)
        outline = around.outline_of(stored)
        for span in linked_lists(around, outline):
            first = outline.points[span.start]
            labels = (*first.heading_path, first.text if span.introduced else "")
            items = outline.parts(span)[span.introduced :]
            if number <= len(items) and terms <= frozenset().union(*map(content_terms, labels)):
                point_id = items[number - 1].point_id
                links = around.view.links_in([point_id]).get(point_id, ())
                to = next((link.to for link in links if link.to), None)
                return around.outline(to) if to else None
    return None


def _within(note: Outline, subject: frozenset[str]) -> Part | None:
    """Return the section of a note that a subject names, or the note if it names none."""
    subject = subject - LIGHT - _ASKING
    if not subject:
        return Part(((note, note.whole()),), _LEAST)
    found: set[Span] = set()
    for position, stored in enumerate(note.stored):
        for labels in label_paths(stored)[1:]:
            span = named_span(note, position, labels) if share_named(labels, subject) else None
            found |= {span} if span is not None else set()
    if len(found) != 1:
        return None
    return Part(((note, found.pop()),), _LEAST)

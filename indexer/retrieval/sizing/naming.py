"""Find containers that a question names: "week 2 of the course", "packing list".

The labels of a container are the title of its note, the headings above it, and its lead-in or
parent item.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection

from indexer.records import UnitKind
from indexer.retrieval.sizing.note_names import NAMED_SHARE, content_terms
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.records import StoredPoint

Labels = tuple[str, ...]
NUMBERS = {
    word: str(number)
    for number, words in enumerate(
        (
            "one first",
            "two second",
            "three third",
            "four fourth",
            "five fifth",
            "six sixth",
            "seven seventh",
            "eight eighth",
            "nine ninth",
            "ten tenth",
        ),
        start=1,
    )
    for word in words.split()
}
COUNTED = (
    "week|day|chapter|part|lesson|lecture|module|unit|step|section|course|session|sprint|phase"
)
_ORDINAL = re.compile(
    rf"\b({'|'.join(NUMBERS)}|\d{{1,3}}(?=st|nd|rd|th))(?:st|nd|rd|th)? ({COUNTED})\b",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    rf"\b({COUNTED}) (?:(?:number|no\.?|nr\.?) |#)?({'|'.join(NUMBERS)}|\d{{1,3}})\b",
    re.IGNORECASE,
)
_SHORT = {"wk": "week", "ch": "chapter", "lec": "lecture", "sec": "section", "pt": "part"}
_SHORTENED = re.compile(rf"\b({'|'.join(_SHORT)})\.? ?#?(?=\d)", re.IGNORECASE)
_NUMBERED = re.compile(r"[^\W\d_]{3,} \d{1,3}(?=\W*$|\s*[:.)\u2013\u2014-])")


def in_digits(question: str) -> str:
    """Return a question with "2nd week", "week two" and "wk 2" written as in headings: "week 2".

    :param question: as it was read.
    """
    text = _SHORTENED.sub(lambda found: f"{_SHORT[found[1].lower()]} ", question)
    text = _ORDINAL.sub(lambda found: f"{found[2]} {_digits(found[1])}", text)
    return _SPELLED.sub(lambda found: f"{found[1]} {_digits(found[2])}", text)


def _digits(number: str) -> str:
    return NUMBERS.get(number.lower(), number)


def label_paths(stored: StoredPoint) -> list[Labels]:
    """Return the label paths of the containers of a point, outermost first.

    :param stored: the point.
    :return: the title of the note, then longer paths with the headings and parents of the point.
    """
    return _paths(stored.note.title, stored.point.heading_path, stored.point.parents)


@functools.lru_cache(maxsize=8_192)
def _paths(title: str, heading_path: Labels, parents: Labels) -> list[Labels]:
    labels = (title, *heading_path, *parents)
    return [labels[:end] for end in range(1, len(labels) + 1)]


def share_named(
    labels: Labels, subject: Collection[str], known: frozenset[str] = frozenset()
) -> float:
    """Return the share of the nearest label in a question, 0 if it does not name the container.

    A question names a container if its nearest label has all of the subject, or a part of it while
    the labels above have the rest. "Week 2" is the whole name of "Week 2: Word embeddings".

    :param labels: of a container, the nearest last.
    :param subject: terms of a question, without those of its form.
    :param known: further terms that name the note: of its aliases, tags and file name.
    """
    number, above, last = _terms_of_labels(labels)
    if not number.isdisjoint(subject) and not number.issubset(subject):
        return 0.0  # week 3 is never week 5
    above |= known
    said = last.intersection(subject)
    whole = set(subject)
    if said != whole and (not said - above or not said | above >= whole):
        return 0.0
    if number and number <= said:
        return 1.0
    share = len(said) / len(last)
    return share if share >= NAMED_SHARE else 0.0


@functools.lru_cache(maxsize=8_192)
def _terms_of_labels(labels: Labels) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the terms of the numbered name of a label, of the labels above it, and its own."""
    above = frozenset[str]().union(*map(content_terms, labels[:-1]))
    return content_terms(_number_of(labels[-1])), above, content_terms(labels[-1])


def _number_of(label: str) -> str:
    """Return the numbered name that begins a label: "Week 2" of "Week 2: Word embeddings"."""
    found = _NUMBERED.match(label)
    return found[0] if found else ""


def named_span(outline: Outline, position: int, labels: Labels) -> Span | None:
    """Return the largest unit around a point that has exactly these labels.

    :param outline: of its note.
    :param position: of the point.
    :param labels: from ``label_paths``.
    """
    around = (*outline.around(position), *outline.lists_around(position))
    spans = [span for span in around if _labels(outline, span) == labels]
    return max(spans, key=lambda span: span.size, default=None)


def _labels(outline: Outline, span: Span) -> Labels:
    first = outline.points[span.start]
    if span.kind in (UnitKind.SECTION, UnitKind.NOTE):
        return (outline.note.title, *outline.heading_path(span))
    own = (first.text,) if span.introduced or span.kind is UnitKind.ITEM else ()
    return (outline.note.title, *first.heading_path, *first.parents, *own)

"""Containers that a question names: "week 2 of the course", "packing list", "advantages of ...".

A container is named by its labels: the title of its note, the headings above it, its lead-in or the
item that holds it.
"""

from __future__ import annotations

import functools
from collections.abc import Collection

from indexer.records import UnitKind
from indexer.retrieval.units import Outline, Span
from indexer.store.records import StoredPoint
from indexer.text.terms import is_stop_word, words_of

Labels = tuple[str, ...]
# A label of which the question says less than this part only mentions the subject.
_NAMED_SHARE = 0.34


def label_paths(stored: StoredPoint) -> list[Labels]:
    """Return what names the containers of a point, outermost first, each path whole.

    :param stored: the point.
    :return: the title of the note alone, then with the headings and parents above the point.
    """
    point = stored.point
    labels = (stored.note.title, *point.heading_path, *point.parents)
    return [labels[:end] for end in range(1, len(labels) + 1)]


def share_named(labels: Labels, subject: Collection[str]) -> float:
    """Return how much of the nearest label a question says, 0 if it does not name the container.

    It names one whose nearest label says all of the subject, or a part of its own with the labels
    above saying the rest.

    :param labels: of a container, the nearest last.
    :param subject: terms of a question without those of its form.
    """
    above = frozenset().union(*map(_content, labels[:-1]))
    last = _content(labels[-1])
    said = last.intersection(subject)
    whole = set(subject)
    if said != whole and (not said - above or not said | above >= whole):
        return 0.0
    share = len(said) / len(last)
    return share if share >= _NAMED_SHARE else 0.0


def named_span(outline: Outline, position: int, labels: Labels) -> Span | None:
    """Return the largest unit around a point that has exactly these labels.

    :param outline: of its note.
    :param position: of the point.
    :param labels: as ``label_paths`` gives them.
    """
    spans = [span for span in outline.around(position) if _labels(outline, span) == labels]
    return max(spans, key=lambda span: span.size, default=None)


@functools.lru_cache(maxsize=8_192)  # points share their labels, and questions share points
def _content(label: str) -> frozenset[str]:
    return frozenset(
        term
        for start, end, terms in words_of(label)
        if not is_stop_word(label[start:end])
        for term in terms
    )


def _labels(outline: Outline, span: Span) -> Labels:
    first = outline.points[span.start]
    if span.kind in (UnitKind.SECTION, UnitKind.NOTE):
        return (outline.note.title, *outline.heading_path(span))
    own = (first.text,) if span.introduced or span.kind is UnitKind.ITEM else ()
    return (outline.note.title, *first.heading_path, *first.parents, *own)

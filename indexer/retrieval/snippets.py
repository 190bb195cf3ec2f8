"""Make the snippet of a hit: the text around its best match, with marks."""

from __future__ import annotations

import re
from collections.abc import Callable

from indexer.text.terms import find_terms

MAX_SNIPPET_CHARS = 320
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"')\]]*\s+|\n+")

Mark = tuple[int, int, str]
Nearness = Callable[[list[str]], list[float]]
"""Returns how near each sentence is to the question."""


def make_snippet(
    text: str, terms: frozenset[str], nearness: Nearness | None
) -> tuple[str, list[Mark]]:
    """Return the text of a point to show, and the marks in it.

    :param text: the text of the point.
    :param terms: terms of the question; words with one are marked "word".
    :param nearness: scores sentences by meaning; the nearest of several is marked "meaning". None
        to ignore meaning.
    :return: the snippet, at most ``MAX_SNIPPET_CHARS`` long, with an ellipsis at each cut, and
        (start, end, kind) marks in it, by start; a mark by meaning comes before the words in it.
    """
    sentences = sentence_spans(text)
    nearest = None
    if nearness is not None and len(sentences) > 1:
        rated = nearness([text[start:end] for start, end in sentences])
        nearest = sentences[max(range(len(rated)), key=lambda i: (rated[i], -i))]
    words = list(find_terms(text, terms))
    focus = nearest or (words[0] if words else (0, 0))
    start, end = _window(text, focus)
    snippet, shift = text[start:end], -start
    if start > 0:
        snippet, shift = "… " + snippet, shift + 2
    if end < len(text):
        snippet += " …"
    marks: list[Mark] = [(*span, "word") for span in words]
    if nearest is not None:
        marks.append((*nearest, "meaning"))
    inside = [
        (max(a, start) + shift, min(b, end) + shift, kind)
        for a, b, kind in marks
        if a < end and b > start
    ]
    return snippet, sorted(inside, key=lambda mark: (mark[0], -mark[1]))


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of the sentences and lines of a text."""
    spans, start = [], 0
    for found in _SENTENCE_END.finditer(text):
        if found.start() > start:
            spans.append((start, found.start()))
        start = found.end()
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def _window(text: str, focus: tuple[int, int]) -> tuple[int, int]:
    """Return where to cut a text around its focus, at blanks if possible."""
    if len(text) <= MAX_SNIPPET_CHARS:
        return 0, len(text)
    room = max(0, MAX_SNIPPET_CHARS - (focus[1] - focus[0]))
    start = max(0, min(focus[0] - room // 3, len(text) - MAX_SNIPPET_CHARS))
    end = min(len(text), start + MAX_SNIPPET_CHARS)
    if start > 0:
        blank = text.find(" ", start, focus[0] + 1)
        start = blank + 1 if blank >= 0 else start
    if end < len(text):
        blank = text.rfind(" ", start, end)
        end = blank if blank > start else end
    return start, end

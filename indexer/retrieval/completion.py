"""Complete a half-typed last word of a question with words of the notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from indexer.notes.folder import TextMeasure
from indexer.records import NoteFilter
from indexer.store.protocol import View
from indexer.text.folding import fold_letters
from indexer.text.terms import find_terms, is_stop_word, terms_of, words_of

_MIN_CHARS = 3
# A word that the model knows is usually finished; one of at least this length may be both.
_MIN_KNOWN_CHARS = 6
_MAX_MORE_CHARS = 16
_MAX_SHORTER_CHARS = 4  # a term may lack the last typed letters, since stems have no endings
_MAX_TERMS = 3
_SURFACE_POINTS = 6


class HalfTyped(NamedTuple):
    """The position of a half-typed word, and its completions from the notes, most likely first.

    ``is_known`` is True if the model knows it as a word: then it stays in the question.
    """

    start: int
    end: int
    words: tuple[str, ...]
    is_known: bool


def half_typed(
    text: str, counts: Mapping[str, int], view: View, encoder: TextMeasure
) -> HalfTyped | None:
    """Return the last word of a question and its completions, None if it is finished.

    A word is finished if a point has it or a sign follows it.

    :param text: the question on one line.
    :param counts: term to the number of points that have it.
    :param view: the index.
    :param encoder: knows common words as one word piece.
    """
    *_, (start, end, terms) = list(words_of(text)) or [(0, 0, ())]
    word = text[start:end]
    if not terms or end != len(text) or not _may_go_on(word, terms, counts):
        return None
    known = encoder.count_tokens([word])[0] < 2
    if known and len(word) < _MIN_KNOWN_CHARS:
        return None
    words = _completions(fold_letters(word), view)
    return HalfTyped(start, end, words, known) if words else None


def _may_go_on(word: str, terms: tuple[str, ...], counts: Mapping[str, int]) -> bool:
    is_word = len(word) >= _MIN_CHARS and word.isalpha() and not is_stop_word(word)
    is_shout = word.isupper() and len(word) > 1  # an acronym
    return is_word and not is_shout and not any(counts.get(term) for term in terms)


def _completions(begun: str, view: View) -> tuple[str, ...]:
    """Return words of the notes that begin with these letters, the most frequent first."""
    longer = view.terms_like(begun, len(begun) + 1, len(begun) + _MAX_MORE_CHARS)
    shorter = {begun[:-cut] for cut in range(1, _MAX_SHORTER_CHARS + 1) if len(begun) - cut > 3}
    found = [*longer, *view.term_counts(shorter).items()]
    words: dict[str, None] = {}
    for term, _ in sorted(found, key=lambda pair: (-pair[1], pair[0])):
        word = _surface(term, begun, view)
        if word:
            words.setdefault(word)
        if len(words) == _MAX_TERMS:
            break
    return tuple(words)


def _surface(term: str, begun: str, view: View) -> str:
    """Return the shortest word of the notes with a term and the typed beginning, or empty."""
    found = view.lexical([term], _SURFACE_POINTS, NoteFilter())
    stored = view.read_points([i for i, _ in found], links=False).values()
    words = {
        text[start:end].lower()
        for one in stored
        for text in (one.note.title, *one.point.heading_path, *one.point.parents, one.point.text)
        for start, end in find_terms(text, frozenset({term}))
    }
    fitting = [w for w in words if fold_letters(w).startswith(begun) and w.isalpha()]
    return min(fitting, key=lambda word: (len(word), word), default="")


def terms_of_words(words: tuple[str, ...]) -> list[str]:
    """Return the terms of words, each once."""
    return list(dict.fromkeys(term for word in words for term in terms_of(word)))

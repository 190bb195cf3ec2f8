"""Read words of a question in the form of the notes: number, two words typed as one."""

from __future__ import annotations

import itertools
import re

from indexer.records import NoteFilter
from indexer.store.protocol import View
from indexer.text.terms import is_stop_word, terms_of, words_of

_MIN_PART_CHARS = 3
_MAX_JOINED_CHARS = 30
_MAX_CUTS = 4  # of one word whose parts are searched in the notes
_JOINED_POINTS = 20  # points in which the parts are searched

# The stemmer of English keeps the "s" of these: an acronym in lower case, a word like "menu".
_NO_STEM = re.compile(r"[b-df-hj-np-tv-z]{3,}(?<!s)|\w{2,}u", re.IGNORECASE)


def in_known_numbers(text: str, view: View) -> str:
    """Return a question with words in the number of the notes: "lstm" for "lstms".

    Only words that no point has, and that the stemmer does not know, are changed. Plurals of
    acronyms in capitals ("LSTMs") need no change: their term is that of the singular.

    :param text: the question.
    :param view: the index.
    """
    others = {}
    for start, end, terms in words_of(text):
        word = text[start:end]
        one = word.removesuffix("s")
        if terms and _NO_STEM.fullmatch(one):
            others[start, end] = terms[0], (f"{word}s" if one == word else one)
    if not others:
        return text
    counts = view.term_counts({term.lower() for pair in others.values() for term in pair})
    for (start, end), (term, other) in reversed(others.items()):
        if not counts.get(term) and counts.get(other.lower()):
            text = text[:start] + other + text[end:]
    return text


def in_two_words(word: str, view: View) -> str:
    """Return a word that no point has as two words of the notes, or an empty text.

    Both must stand next to each other in a point: "dev set" for "devset".

    :param word: letters only.
    :param view: the index.
    """
    if len(word) > _MAX_JOINED_CHARS:
        return ""
    cuts = range(_MIN_PART_CHARS, len(word) - _MIN_PART_CHARS + 1)
    pairs = [(word[:cut].lower(), word[cut:].lower()) for cut in cuts]
    pairs = [pair for pair in pairs if not any(map(is_stop_word, pair))]
    counts = view.term_counts({term for pair in pairs for term in terms_of(" ".join(pair))})

    def points_with(pair: tuple[str, str]) -> int:
        return min(counts.get(term, 0) for term in terms_of(" ".join(pair)))

    likely = sorted(filter(points_with, pairs), key=points_with, reverse=True)[:_MAX_CUTS]
    return next((" ".join(pair) for pair in likely if _stand_together(pair, view)), "")


def _stand_together(pair: tuple[str, str], view: View) -> bool:
    """Return whether a point has two words next to each other, in any form."""
    one, other = terms_of(pair[0])[0], terms_of(pair[1])[0]
    found = view.lexical([one, other], _JOINED_POINTS, NoteFilter())
    for stored in view.read_points([point_id for point_id, _ in found], links=False).values():
        terms = [own for *_, own in words_of(stored.point.text)]
        if any(one in first and other in second for first, second in itertools.pairwise(terms)):
            return True
    return False

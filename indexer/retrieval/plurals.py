"""Read words of a question in the number that the notes have them in."""

from __future__ import annotations

import re

from indexer.store.protocol import View
from indexer.text.terms import words_of

# The stemmer of English keeps the "s" of these: an acronym in lower case, a word like "menu".
_NO_STEM = re.compile(r"[b-df-hj-np-tv-z]{3,}(?<!s)|\w{2,}u", re.IGNORECASE)


def in_known_numbers(text: str, view: View) -> str:
    """Return a question with words in the number of the notes: "lstm" for "lstms".

    Only words that no point has, and that the stemmer does not know, are changed. Plurals of acronyms in capitals ("LSTMs") need no
    change: their term is that of the singular.

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

"""East Asian characters of a question: pairs that the notes have, and single characters."""

from __future__ import annotations

from collections.abc import Mapping

from indexer.store.protocol import View
from indexer.text.terms import lone_characters

_FIRST_EAST_ASIAN = "\u2e80"


def is_east_asian(word: str) -> bool:
    """Return whether a word has only Chinese, Japanese or Korean characters.

    :param word: False for an empty one.
    """
    return word != "" and all(letter >= _FIRST_EAST_ASIAN for letter in word)


def with_lone_characters(
    text: str, terms: list[str], counts: Mapping[str, int], view: View
) -> list[str]:
    """Return the terms of a question in Chinese characters as the notes have them.

    Characters that are in no known pair are terms as well. A pair is left out if no note has it
    and it only connects two words, one of them known.

    :param text: the question.
    :param terms: its pairs of characters and its words.
    :param counts: the known terms.
    :param view: the index.
    """
    lone = lone_characters(text, counts)
    if not lone:
        return terms
    found = view.term_counts(set(lone))
    single = [one for one in lone if one in found]
    known = set(single).union(*(term for term in terms if term in counts and not term.isascii()))
    kept = [one for one in terms if one.isascii() or one in counts or known.isdisjoint(one)]
    return kept + single

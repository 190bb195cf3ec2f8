"""Find the names in a question: people, places, products and years that its answer contains."""

from __future__ import annotations

from collections.abc import Iterable, Set

from indexer.retrieval.question import Question
from indexer.text.terms import is_stop_word, terms_of, words_of

# A question of at least this many words, more than this share of them in capitals, is a title.
_LEAST_OF_TITLE = 4
_MOST_CAPITALS = 0.6


def names_in(text: str) -> list[tuple[str, ...]]:
    """Return the terms of each name: a word with a capital that is not the first, or with digits.

    A title has capitals everywhere, so it shows no names. Only for English: German
    has capitals for all nouns, and other scripts have none.

    :param text: of the question, after reading.
    """
    words = [(text[begin:finish], terms) for begin, finish, terms in words_of(text)]
    if len(words) >= _LEAST_OF_TITLE and _share(w[0].isupper() for w, _ in words) > _MOST_CAPITALS:
        return []
    return [
        terms
        for place, (word, terms) in enumerate(words)
        if terms and not is_stop_word(word) and _is_name(word, first=place == 0)
    ]


def names_unknown(question: Question, missing: Set[str]) -> bool:
    """Return whether a question names something that no point has.

    The letters of an acronym need not be in the notes if its phrase is.

    :param question: after reading.
    :param missing: its terms that no point has.
    """
    spelled = {term for word, _ in question.reads for term in terms_of(word)}
    gone = missing - spelled
    return bool(gone) and any(gone >= {*terms} for terms in names_in(question.text))


def _is_name(word: str, *, first: bool) -> bool:
    if any(map(str.isdigit, word)):
        return True
    capitals = sum(map(str.isupper, word))
    return len(word) > 1 and (capitals > 1 or (word[0].isupper() and not first))


def _share(claims: Iterable[bool]) -> float:
    found = list(claims)
    return sum(found) / len(found)

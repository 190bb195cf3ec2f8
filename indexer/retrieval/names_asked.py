"""Find the names in a question: people, places and products that its answer contains."""

from __future__ import annotations

from collections.abc import Iterable, Set

from indexer.retrieval.question import Question
from indexer.store.protocol import View
from indexer.text.terms import is_stop_word, terms_of, words_of

# A question of at least this many words, more than this share of them in capitals, is a title.
_LEAST_OF_TITLE = 4
_MOST_CAPITALS = 0.6
_JOINTS = "-/."
# Notes may say these as a date.
_DAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december".split()
)


def names_in(text: str) -> list[tuple[str, ...]]:
    """Return the terms of each name: a word with a capital that is not the first word.

    A title has capitals everywhere, so it shows no names. Parts of joined words ("Wi-Fi") are left
    out, as notes join them in other ways. Only for English: German has capitals for all nouns, and
    other scripts have none.

    :param text: of the question, after reading.
    """
    words = [(begin, text[begin:finish], terms) for begin, finish, terms in words_of(text)]
    share = _share(word[0].isupper() for _, word, _ in words)
    if len(words) >= _LEAST_OF_TITLE and share > _MOST_CAPITALS:
        return []
    return [
        terms
        for place, (begin, word, terms) in enumerate(words)
        if terms
        and _is_name(word, first=place == 0)
        and not _is_part(text, begin, begin + len(word))
    ]


def names_unknown(question: Question, missing: Set[str], view: View) -> bool:
    """Return whether a question names something that no point has.

    The letters of an acronym need not be in the notes if its phrase is, and "GPUs" may be "GPU".

    :param question: after reading.
    :param missing: its terms that no point has.
    :param view: the index.
    """
    gone = missing - {term for word, _ in question.reads for term in terms_of(word)}
    names = [terms for terms in names_in(question.text) if gone >= {*terms}] if gone else []
    if not names:
        return False
    counts = view.term_counts({other for terms in names for other in _other_numbers(terms)})
    return any(not any(map(counts.get, _other_numbers(terms))) for terms in names)


def _other_numbers(terms: Iterable[str]) -> set[str]:
    """Return the singular of plural terms, and the plural of others."""
    return {term[:-1] if term.endswith("s") else f"{term}s" for term in terms}


def _is_name(word: str, *, first: bool) -> bool:
    if len(word) == 1 or is_stop_word(word) or word.lower().removesuffix("s") in _DAYS:
        return False
    return sum(map(str.isupper, word)) > 1 or (word[0].isupper() and not first)


def _is_part(text: str, begin: int, finish: int) -> bool:
    """Return whether a word is joined to another one by a sign."""
    before, after = text[max(begin - 2, 0) : begin], text[finish : finish + 2]
    return (before[-1:] in _JOINTS and before[:1].isalnum()) or (
        after[:1] in _JOINTS and after[1:].isalnum()
    )


def _share(claims: Iterable[bool]) -> float:
    found = list(claims)
    return sum(found) / len(found) if found else 0.0

"""Texts to the terms they are found by; the same for notes and questions, on every store.

A term is a stemmed word in lower case. Scripts without blanks between words are cut into pairs of
characters, names of code into their parts, so that each is found by what a person would type.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

import Stemmer

# Raised whenever the same text would give other terms; an index of another version is rebuilt.
ANALYSIS_VERSION = 2
# A word that stands above a point counts this much of one that stands in it
# (benchmarks/QUALITY.md).
CONTEXT_WEIGHT = 0.4
_MAX_TERM_CHARS = 64
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_POSSESSIVE = re.compile(r"['\u2019](?:s|S)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MIN_PART_CHARS = 3
_MAX_ACRONYM = 5
_PHRASE_END = re.compile(r"\s*[:,;.(\u2013\u2014]")
# Words in a row that each begin with a capital: "Maximum Likelihood Estimation", "Cause-Effect".
_NAME = re.compile(r"\b[A-Z][a-z]+(?:[ -][A-Z][a-z]+){1,4}\b")
# Chinese, Japanese, Thai, Lao, Khmer, Burmese: written without blanks between words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002ffff]+"
)
# Words that say nothing of what is asked; a question of such words alone keeps them.
_STOP_WORDS = frozenset(
    (
        "a about am an and any are as at be been being but by can could did do does doing for "
        "from had has have he her here him his how i if in into is it its just may me might mine "
        "must my no nor not of on or our ours out shall she should so some such than that the "
        "their theirs them then there these they this those to too us very was we were what when "
        "where which who whom whose why will with would you your yours "
        # words of asking: "does it say ...", "talk about", "is ... mentioned"
        "say says said saying tell tells told talk talks talking mention mentions mentioned "
    ).split()
)


def terms_of(text: str) -> list[str]:
    """Return the terms of a text in its order, repeated ones as often as they stand there."""
    return [term for word, _, _ in _words(text) for term in _terms_of_word(word)]


def point_terms(text: str, above: list[str]) -> tuple[list[str], list[str]]:
    """Return the terms of a point and of what stands above it, with the acronyms of both.

    :param text: of the point.
    :param above: title, headings and parents; what stands there twice counts once.
    """
    lines = dict.fromkeys(above)
    context = [term for line in lines for term in terms_of(line)]
    acronyms = {short for line in (text, *lines) for short, _ in initials_of(line)}
    return terms_of(text), [*context, *sorted(acronyms)]


def query_terms(question: str) -> list[str]:
    """Return the terms a question is asked by: repeats kept, stop words only if all are such."""
    words = [word for word, _, _ in _words(question)]
    asked = [word for word in words if not is_stop_word(word)]
    return [term for word in asked or words for term in _terms_of_word(word)]


def is_stop_word(word: str) -> bool:
    """Tell whether a word says nothing of what is asked."""
    return word.lower().replace("\u2019", "'") in _STOP_WORDS


def words_of(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield the words of a text: where each starts and ends, and its terms."""
    for word, start, end in _words(text):
        yield start, end, _terms_of_word(word)


def initials_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the acronyms people make of the phrases of a text.

    :param text: a heading, or any other text.
    :return: (acronym in lower case, phrase): of a whole short text, of what stands before its
        colon or parenthesis, and of hyphenated or capitalised words within it.
    """
    head = _PHRASE_END.split(text, 1)[0]
    phrases = [head, *(found.group() for found in _NAME.finditer(text))]
    for phrase in dict.fromkeys(phrases):
        words = [word for word in _WORD.findall(phrase) if word[0].isalpha()]
        for named in (words, [word for word in words if not is_stop_word(word)]):
            if 2 <= len(named) <= _MAX_ACRONYM:
                yield "".join(word[0] for word in named).casefold(), " ".join(named)


def find_terms(text: str, terms: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of the words of a text that have one of the given terms.

    :param text: where to look.
    :param terms: as ``query_terms`` gives them.
    :return: (start, end) offsets, in order, without overlaps.
    """
    for word, start, end in _words(text):
        if not word.isascii() and _UNSPACED.fullmatch(word):
            yield from _find_pairs(word, start, terms)
        elif not terms.isdisjoint(_terms_of_word(word)):
            yield start, end


def _find_pairs(run: str, offset: int, terms: frozenset[str]) -> Iterator[tuple[int, int]]:
    end = 0
    for i in range(max(1, len(run) - 1)):
        if run[i : i + 2] in terms:
            start = max(i, end)
            end = min(i + 2, len(run))
            yield offset + start, offset + end


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    for found in _WORD.finditer(text):
        word, start = found.group(), found.start()
        if word.isascii():
            yield word, start, found.end()
            continue
        last = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > last:
                yield word[last : run.start()], start + last, start + run.start()
            yield run.group(), start + run.start(), start + run.end()
            last = run.end()
        if last < len(word):
            yield word[last:], start + last, found.end()


@functools.lru_cache(maxsize=100_000)
def _terms_of_word(word: str) -> tuple[str, ...]:
    if _UNSPACED.fullmatch(word):
        return tuple(word[i : i + 2] for i in range(len(word) - 1)) or (word,)
    if len(word) > _MAX_TERM_CHARS:
        return ()
    word = unicodedata.normalize("NFKC", _POSSESSIVE.sub("", word))
    whole = _stem(word)
    pieces = [piece for part in word.split("_") for piece in _CAMEL.split(part)]
    parts = (
        [_stem(piece) for piece in pieces if len(piece) >= _MIN_PART_CHARS]
        if len(pieces) > 1
        else []
    )
    return tuple(dict.fromkeys([whole, *parts])) if whole else ()


def _stem(word: str) -> str:
    """Return a word in lower case, without diacritics and without its English inflection."""
    folded = unicodedata.normalize("NFKD", word.casefold())
    plain = (
        "".join(c for c in folded if not unicodedata.combining(c))
        .replace("'", "")
        .replace("\u2019", "")
    )
    return str(_stemmer().stemWord(plain.strip("_"))) if plain.isascii() else plain


@functools.cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")

"""Turn texts into search terms: the same for notes and questions, in every store.

A term is a stemmed word in lower case, without diacritics. Scripts without blanks between words are
cut into pairs of characters, and names in code into their parts. Words that people write apart,
together or with a hyphen ("16 GB", "e-mail", "DEC-54", "2024-03-05") also have a term for the
whole. So every spelling finds them.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

import Stemmer

from indexer.text.folding import (
    fold_kana,
    fold_letters,
    simplify_han,
    umlauts_written_out,
    without_arabic_article,
)

# Bump when the same text gives other terms; an index of another version is then rebuilt.
ANALYSIS_VERSION = 8
# The weight of a word in a point's context, relative to one in its text (benchmarks/QUALITY.md).
CONTEXT_WEIGHT = 0.4
_MAX_TERM_CHARS = 64
_MOST_KEPT_CHARS = 1_000  # longer texts are cut into words each time; the others take 10 MB
# Marks and joiners that belong to the letter before them; \w does not match them.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u07a6-\u07b0\u0816-\u082d"
    "\u08d3-\u08ff\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u09d7"
    "\u0a01-\u0a03\u0a3c-\u0a51\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57\u0b82"
    "\u0bbe-\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d\u0d57"
    "\u0d81-\u0d83\u0dca-\u0ddf\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ece\u0f35-\u0f39\u0f71-\u0f84"
    "\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u1ab0-\u1ace\u1dc0-\u1dff\u200c\u200d\u00ad\u20d0-\u20f0"
    "\u302a-\u302f\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f"
)
_LETTERS = rf"\w(?:[\w{_MARKS}])*"
_EMOJI = (
    "[\u203c\u2049\u2139\u231a\u231b\u23e9-\u23fa\u25fd\u25fe\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\u2200-\u22ff\U0001f000-\U0001faff]"
)
# "C++", "F#", ".NET": signs that are part of a short name. A word may hold apostrophes.
_SIGNS = r"(?:(?<![\w])[A-Za-z]\w?(?:\+\+|#)(?![\w+#])|\w+\+\+(?!\w))"
_ASCII_TOKEN = re.compile(
    r"(?<!\w)[A-Za-z]\w?(?:\+\+|#)(?![\w+#])|\w+\+\+(?!\w)|(?<![\w.])\.(?=[A-Za-z]{2})\w+"
    r"|\w+(?:'\w+)*",
    re.ASCII,
)
# Signs that join words which are also written together; in numbers, separators.
_JOINTS = frozenset("-&\u2010\u2011")
_NUMBER_JOINTS = frozenset("-./:,\u2010\u2011")
_THIN = frozenset(" \u00a0\u202f")
_UNITS = frozenset(
    "b kb mb gb tb pb kib mib gib tib kbit mbit gbit kbps mbps gbps hz khz mhz ghz mm cm m km nm "
    "ft mi kg g mg lb lbs oz t l ml cl dl gal w kw mw wh kwh v kv mv a ma mah k f c s ms us ns "
    "min h hr hrs d px pt em rem dpi fps rpm bit bits bar psi db lux lm eur usd gbp chf".split()
)
_UNIT = re.compile(r"(\d+)([A-Za-z]{1,4})$")
_CONTRACTIONS = frozenset(("t", "s", "d", "m", "re", "ve", "ll"))
_POSSESSIVE = re.compile(r"['\u2019](?:s|S)$")
_ACRONYMS = re.compile(r"([A-Z][A-Za-z0-9]*[A-Z0-9])s")  # the plural of one: "GPUs", "PhDs"
_CAMEL = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z]{2})(?=\d+(?:$|[A-Z_]))"
)
_VERSION = re.compile(r"v(?=\d)", re.IGNORECASE)
_SCRIPT_NAME = re.compile(r"\w+\.js", re.IGNORECASE)  # "node.js" is also written "nodejs"
_MIN_PART_CHARS = 3
_MIN_ELIDED_CHARS = 4  # a part before an apostrophe; the last part may be shorter
_MAX_ACRONYM = 5
_PHRASE_END = re.compile(r"\s*[:,;.(\u2013\u2014]")
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
# Consecutive words that begin with a capital: "Maximum Likelihood Estimation", "Cause-Effect".
_NAME = re.compile(r"\b[A-Z][a-z]+(?:[ -][A-Z][a-z]+){1,4}\b")
# A script that one language is mostly written in tells how words are inflected; Latin does not.
_STEMMED_SCRIPTS = {
    "CYRILLIC": "russian",
    "GREEK": "greek",
    "ARABIC": "arabic",
    "DEVANAGARI": "hindi",
    "TAMIL": "tamil",
    "ARMENIAN": "armenian",
}


class _BeyondAscii:
    """Patterns for text that is not ASCII; compiled at first use, which takes milliseconds."""

    @functools.cached_property
    def token(self) -> re.Pattern[str]:
        """A word, a name with signs, or an emoji."""
        word = rf"{_LETTERS}(?:['\u2019]{_LETTERS})*"
        return re.compile(rf"{_SIGNS}|(?<![\w.])\.(?=[A-Za-z]{{2}}){_LETTERS}|{word}|{_EMOJI}")

    @functools.cached_property
    def unspaced(self) -> re.Pattern[str]:
        """Scripts without blanks between words, and Korean, which adds particles to words.

        Chinese, Japanese, Thai, Lao, Khmer and Burmese.
        """
        return re.compile(
            "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
            "\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0002ffff]+"
        )

    @functools.cached_property
    def han(self) -> re.Pattern[str]:
        """One Chinese character."""
        return re.compile("[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]")

    @functools.cached_property
    def emoji(self) -> re.Pattern[str]:
        """One emoji."""
        return re.compile(_EMOJI)


_BEYOND_ASCII = _BeyondAscii()
# Signs in a term, written as letters, because stores cut words at any other sign.
_AS_LETTERS = str.maketrans({"+": "\uff0b", "#": "\uff03", ".": "\uff0e", ":": "\uff1a"})
# Words without a topic; a question keeps them only if it has no others.
_STOP_WORDS = frozenset(
    (
        "a about am an and any are as at be been being but by can could did do does doing for "
        "from had has have he her here him his how i if in into is it its just may me might mine "
        "must my no nor not of on or our ours out shall she should so some such than that the "
        "their theirs them then there these they this those to too us very was we were what when "
        "where which who whom whose why will with would you your yours "
        # words that ask: "does it say ...", "talk about", "is ... mentioned"
        "say says said saying tell tells told talk talks talking mention mentions mentioned "
    ).split()
)


class Token(NamedTuple):
    """A word of a text, its position and its terms; ``whole`` marks several words joined."""

    start: int
    end: int
    terms: tuple[str, ...]
    whole: bool = False


def terms_of(text: str) -> list[str]:
    """Return the terms of a text in order, with repeats."""
    found = [term for token in _shared_tokens(text) for term in token.terms]
    if text.isascii():
        return found
    known = set(found)
    return found + [c for c in _BEYOND_ASCII.han.findall(simplify_han(text)) if c not in known]


def query_terms(question: str) -> list[str]:
    """Return the terms of a question with repeats; stop words only if there are no others."""
    tokens = list(_tokens(question))
    asked = [t for t in tokens if t.whole or not is_stop_word(question[t.start : t.end])]
    return [term for token in asked or tokens for term in token.terms]


def lone_characters(text: str, known: Container[str]) -> list[str]:
    """Return the Chinese characters of a question that are in none of its known pairs.

    Notes often say a word of two characters with one of them, or with another second one.

    :param text: the question.
    :param known: the terms that the notes have.
    """
    if text.isascii():
        return []
    plain = simplify_han(text)
    pairs = [(i, i + 1) for i in range(len(plain) - 1) if plain[i : i + 2] in known]
    covered = {i for pair in pairs for i in pair}
    characters = _BEYOND_ASCII.han.finditer(plain)
    return [found.group() for found in characters if found.start() not in covered]


def plain_terms(text: str) -> list[str]:
    """Return ``query_terms`` without the terms of several words joined."""
    return [
        term
        for start, end, terms in words_of(text)
        if not is_stop_word(text[start:end])
        for term in terms
    ]


def is_stop_word(word: str) -> bool:
    """Return whether a word is too common to say what a question is about."""
    return word.lower().replace("\u2019", "'") in _STOP_WORDS


def words_of(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield (start, end, terms) for each word of a text."""
    for token in _shared_tokens(text):
        if not token.whole:
            yield token[:3]


def initials_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the acronyms that people form from the phrases of a text.

    :param text: a heading, or any other text.
    :return: (acronym in lower case, phrase) pairs, for a whole short text, the part before its
        colon or parenthesis, and hyphenated or capitalised words in it.
    """
    head = _PHRASE_END.split(text, 1)[0]
    phrases = [head, *(found.group() for found in _NAME.finditer(text))]
    for phrase in dict.fromkeys(phrases):
        words = [word for word in _WORD.findall(phrase) if word[0].isalpha()]
        for named in (words, [word for word in words if not is_stop_word(word)]):
            if 2 <= len(named) <= _MAX_ACRONYM:
                yield "".join(word[0] for word in named).casefold(), " ".join(named)


def find_terms(text: str, terms: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield the positions of the words of a text that have one of the given terms.

    :param text: searched for the terms.
    :param terms: as ``query_terms`` gives them.
    :return: (start, end) offsets, in order, without overlaps.
    """
    places: list[tuple[int, int]] = []
    for token in _shared_tokens(text):
        word = text[token.start : token.end]
        if not word.isascii() and _BEYOND_ASCII.unspaced.fullmatch(word):
            places += _find_pairs(word, token.start, terms)
        elif not terms.isdisjoint(token.terms):
            places.append((token.start, token.end))
    last_start = last_end = -1
    for start, end in sorted(places):
        if start < last_end:
            last_end = max(last_end, end)
            continue
        if last_end >= 0:
            yield last_start, last_end
        last_start, last_end = start, end
    if last_end >= 0:
        yield last_start, last_end


def _shared_tokens(text: str) -> Iterable[Token]:
    return _kept_tokens(text) if len(text) <= _MOST_KEPT_CHARS else _tokens(text)


@functools.lru_cache(maxsize=2_048)  # questions share hits
def _kept_tokens(text: str) -> tuple[Token, ...]:
    return tuple(_tokens(text))


def _find_pairs(run: str, offset: int, terms: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield the positions of a run's pairs or single characters; adjacent pairs are joined."""
    units = _units(run)
    start = end = -1
    for i in range(len(units)):
        pair = "".join(unit for unit, _, _ in units[i : i + 2])
        width = 2 if pair in terms else 1 if units[i][0] in terms else 0
        if not width:
            continue
        here = units[i][1], units[min(i + width, len(units)) - 1][2]
        if here[0] > end:
            if end > 0:
                yield offset + start, offset + end
            start, end = here
        else:
            end = max(end, here[1])
    if end > 0:
        yield offset + start, offset + end


def _tokens(text: str) -> Iterator[Token]:
    """Yield the words of a text, and a token for the whole after words that are joined."""
    ascii_text = text.isascii()
    before, first, words = (-9, -9), -9, 1
    for found in (_ASCII_TOKEN if ascii_text else _BEYOND_ASCII.token).finditer(text):
        start, end = found.span()
        near = start - before[1] < 4
        if near and text[before[1]] == " " and not text[before[1] - 1].isdigit():
            near = False  # most words: one blank joins only the unit of a number
        if near and _is_joined(text, before, start, end):
            words += 1
        else:
            if words > 1:
                yield from _together(text, first, before[1])
            first, words = start, 1
        word = found.group()
        if ascii_text or word.isascii():
            yield Token(start, end, _terms_of_word(word))
        else:
            yield from _runs(word, start)
        before = start, end
    if words > 1:
        yield from _together(text, first, before[1])


def _is_joined(text: str, before: tuple[int, int], start: int, end: int) -> bool:
    """Return whether a word continues the one ``before``: by a hyphen, or as a unit of a number."""
    if start - before[1] > 1:  # after a formula, as in "$k$-means"
        return text[before[1] : start] in ("$-", "$$-") and text[start].isalpha()
    if start == before[1]:
        return text[before[0] : start].isdigit()
    sign, number = text[before[1]], text[before[1] - 1].isdigit()
    if sign in _JOINTS:
        return True
    word = text[start:end]
    if number and sign in _NUMBER_JOINTS:
        return word.isdigit() or bool(sign == "." and _UNIT.match(word))
    if sign == ".":
        return word.lower() == "js"
    if not number or sign not in _THIN:
        return False
    groups = len(word) > 1 and before[1] - before[0] > 1 and word.isdigit()  # of a phone number
    return word.lower() in _UNITS or (groups and text[before[0] : before[1]].isdigit())


def _together(text: str, start: int, end: int) -> Iterator[Token]:
    """Yield the whole of several joined words from ``start`` to ``end``, if people type it."""
    if end - start > _MAX_TERM_CHARS:
        return
    kept = (
        text[start:end].replace(".", "")
        if _SCRIPT_NAME.fullmatch(text[start:end])
        else text[start:end]
    )
    kept = "".join(c for c in kept if c.isalnum() or c in ".:" or unicodedata.combining(c))
    term = _stem(kept) if kept.isalpha() else fold_letters(kept).translate(_AS_LETTERS)
    if term and (term.isascii() or not _BEYOND_ASCII.unspaced.search(term)):
        bare = _VERSION.sub("", term, count=1) if _VERSION.match(term) else term
        yield Token(start, end, tuple(dict.fromkeys((term, bare))), whole=True)


def _runs(word: str, offset: int) -> Iterator[Token]:
    """Yield the parts of a word as separate words, cut where the script changes."""
    last = 0
    for run in _BEYOND_ASCII.unspaced.finditer(word):
        if run.start() > last:
            yield from _run(word, last, run.start(), offset)
        yield from _run(word, run.start(), run.end(), offset)
        last = run.end()
    if last < len(word):
        yield from _run(word, last, len(word), offset)


def _run(word: str, start: int, end: int, offset: int) -> Iterator[Token]:
    terms = _terms_of_word(word[start:end])
    if terms:
        yield Token(offset + start, offset + end, terms)


def _units(run: str) -> list[tuple[str, int, int]]:
    """Return the folded characters of a run, each with its position."""
    units: list[tuple[str, int, int]] = []
    for place, char in enumerate(run):
        plain = fold_kana(simplify_han(unicodedata.normalize("NFKC", char)))
        if units and plain in "\u3099\u309a":
            both = unicodedata.normalize("NFC", units[-1][0] + plain)
            units[-1] = (both if len(both) == 1 else units[-1][0], units[-1][1], place + 1)
        else:
            units.append((plain, place, place + 1))
    return units


@functools.lru_cache(maxsize=100_000)
def _terms_of_word(word: str) -> tuple[str, ...]:
    if len(word) > _MAX_TERM_CHARS and (word.isascii() or not _BEYOND_ASCII.unspaced.match(word)):
        return ()
    if not word.isascii():
        if _BEYOND_ASCII.unspaced.fullmatch(word):
            units = [unit for unit, _, _ in _units(word)]
            return tuple(a + b for a, b in itertools.pairwise(units)) or tuple(units)
        if _BEYOND_ASCII.emoji.fullmatch(word):
            return (word,)
        word = unicodedata.normalize("NFKC", word)
    if word[-1] in "+#" or word[0] == ".":
        return _terms_of_sign_word(word)
    word = without_plural(_POSSESSIVE.sub("", word))
    terms = [_stem(word.replace("_", "")), *_parts(word)]
    if not word.isascii():
        written_out = umlauts_written_out(word)
        terms += [_stem(written_out)] if written_out else []
    return tuple(dict.fromkeys(filter(None, terms)))


def without_plural(word: str) -> str:
    """Return an acronym without the "s" of its plural: "GPU" of "GPUs"; other words as they are."""
    return word[:-1] if word[-1] == "s" and _ACRONYMS.fullmatch(word) else word


def _terms_of_sign_word(word: str) -> tuple[str, ...]:
    """Return the terms of a name with signs: "C++" is not "C", but ".NET" is also "NET"."""
    bare = word.strip("+#.")
    sign = word.lower().translate(_AS_LETTERS)
    return (sign, _stem(bare)) if len(bare) > 2 else (sign,)


def _parts(word: str) -> list[str]:
    """Return the terms of the parts of a name in code, an elision, or a number with its unit."""
    unit = _UNIT.match(word)
    if unit:
        return [unit.group(1)] if unit.group(2).lower() in _UNITS else []
    if "\u200c" in word:  # joins the parts of a Persian word, which are also written apart
        return [_stem(part) for part in word.split("\u200c") if len(part) > 1]
    if "'" in word or "\u2019" in word:
        return _elided(re.split("['\u2019]", word))
    pieces = [piece for part in word.split("_") for piece in _CAMEL.split(part)]
    if len(pieces) < 2:
        return []
    return [_stem(piece) for piece in pieces if len(piece) >= _MIN_PART_CHARS or piece.isdigit()]


def _elided(parts: list[str]) -> list[str]:
    """Return the terms of words joined by an apostrophe: "l'amour", "O'Brien", not "don't"."""
    if parts[-1].lower() in _CONTRACTIONS:
        return []
    long = [part for part in parts[:-1] if len(part) >= _MIN_ELIDED_CHARS]
    return [_stem(part) for part in (*long, parts[-1]) if len(part) >= _MIN_PART_CHARS]


def _stem(word: str) -> str:
    """Return a word in lower case, without diacritics and English inflection."""
    plain = fold_letters(word).replace("'", "").replace("\u2019", "").strip("_")
    if plain.isascii():
        return str(_stemmer("english").stemWord(plain))
    language = _STEMMED_SCRIPTS.get(_script(plain))
    if language is None:
        return plain
    if language in ("russian", "arabic"):  # endings have letters that folding changes
        plain = unicodedata.normalize("NFC", without_arabic_article(word).casefold()).replace(
            "ё", "е"
        )
    return fold_letters(str(_stemmer(language).stemWord(plain)))


def _script(word: str) -> str:
    """Return the first word of the Unicode name of the first letter, which names its script."""
    return unicodedata.name(word[0], "").partition(" ")[0] if word else ""


@functools.cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)

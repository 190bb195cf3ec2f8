"""Names folded for comparison: tags, folders, paths and property values."""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path

_SPELLED_BYTE = re.compile(r"\\udc([89a-f][0-9a-f])")


def fold_name(name: str) -> str:
    r"""Return a name in the form used to compare: case folded, NFKC, without outer blanks.

    Unicode's full case folding makes ``Ökonomie`` equal to ``ökonomie`` and ``Straße`` to
    ``STRASSE``. NFKC makes a name from macOS (decomposed) equal to one typed on another system. The
    result is always valid UTF-8: an undecodable byte of a file name is written as ``\xNN``, as in
    JSON, so that a filter finds it in that form too.
    """
    if name.isascii():
        return name.lower().strip()
    valid = _SPELLED_BYTE.sub(r"\\x\1", name.encode("utf-8", "backslashreplace").decode("utf-8"))
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", valid).casefold()).strip()


def fold_path(path: str) -> str:
    """Return a path or nested tag folded, with ``/`` separators and no outer slashes."""
    parts = fold_name(path).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", "."))


# Letters that no Unicode form decomposes, and signs that people type as the same letter.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ı": "i",
        "ŧ": "t",
        "ŋ": "n",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ß": "ss",
        "ĸ": "k",
        "ə": "a",
        "ґ": "г",
        "ɓ": "b",
        "ɗ": "d",
        "ى": "ي",
        "ة": "ه",
        "ٱ": "ا",
        "ک": "ك",
        "ی": "ي",
        "ھ": "ه",
        **dict.fromkeys("\u0640\u200c\u200d\u00ad", ""),
    }
)
# A nasal before a consonant is written out or as a dot: both spellings of "Hindi" are one word.
_HINDI_NASAL = re.compile("[\u0919\u091e\u0923\u0928\u092e]\u094d(?=[\u0915-\u0939])|\u0901")
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})


def fold_letters(word: str) -> str:
    """Return a word in lower case, with plain letters without marks.

    ``Škoda`` becomes ``skoda`` and ``Łódź`` ``lodz``. Hebrew and Arabic lose their points,
    full-width and half-width forms become the usual ones, and digits of any script become 0 to 9.
    """
    if word.isascii():
        return word.lower()
    folded = unicodedata.normalize("NFKD", word.casefold()).translate(_LETTERS)
    if "\u0900" <= folded[:1] <= "\u097f":
        folded = _HINDI_NASAL.sub("\u0902", folded)
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    if not kept.isascii():
        kept = "".join(str(unicodedata.digit(c, c)) if c.isdigit() else c for c in kept)
    return unicodedata.normalize("NFC", kept)


# "and the", "with the", "like the", "to the": written as one word with the noun.
_ARABIC_ARTICLE = re.compile(
    "^[\u0648\u0641]?(?:[\u0628\u0643]?\u0627\u0644|\u0644\u0644)(?=\\w{3})"
)


def without_arabic_article(word: str) -> str:
    """Return an Arabic word without the article and the particles before it."""
    return _ARABIC_ARTICLE.sub("", word)


def fold_kana(text: str) -> str:
    """Return a text with katakana as hiragana: people type either."""
    return "".join(chr(ord(c) - 0x60) if "\u30a1" <= c <= "\u30f6" else c for c in text)


def simplify_han(text: str) -> str:
    """Return a text with traditional Chinese characters in their simplified form.

    What is written in one form is so found by the other. Characters that were merged, as \u5f8c and
    \u540e, are one; texts in Japanese and Korean change as well, alike in notes and questions.
    """
    return text.translate(_simplified())


@functools.cache
def _simplified() -> dict[int, str]:
    table = Path(__file__).with_name("simplified.txt").read_text("utf-8").split("\n")
    lines = [line for line in table if line and not line.startswith("#")]
    return {
        ord(char): simple
        for chars, forms in zip(lines[::2], lines[1::2], strict=True)
        for char, simple in zip(chars, forms, strict=True)
    }


def umlauts_written_out(word: str) -> str:
    """Return a word with ``ä`` as ``ae`` and so on, empty if it has no umlaut."""
    composed = unicodedata.normalize("NFC", word).lower()
    out = composed.translate(_WRITTEN_OUT)
    return out if out != composed else ""

"""Names folded for comparison: tags, folders, paths and property values."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path


def fold_name(name: str) -> str:
    """Return a name in the form used to compare: case folded, NFKC, without outer blanks.

    Unicode's full case folding makes ``Ökonomie`` equal to ``ökonomie`` and ``Straße`` to
    ``STRASSE``. NFKC makes a name from macOS (decomposed) equal to one typed on another system. The
    result is always valid UTF-8: a lone surrogate, which represents an undecodable byte of a file
    name, is spelled out.
    """
    if name.isascii():
        return name.lower().strip()
    valid = name.encode("utf-8", "backslashreplace").decode("utf-8")
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
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})


def fold_letters(word: str) -> str:
    """Return a word in lower case, with plain letters without marks.

    ``Škoda`` becomes ``skoda`` and ``Łódź`` ``lodz``. Hebrew and Arabic lose their points,
    full-width and half-width forms become the usual ones, and digits of any script become 0 to 9.
    """
    if word.isascii():
        return word.lower()
    folded = unicodedata.normalize("NFKD", word.casefold()).translate(_LETTERS)
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    if not kept.isascii():
        kept = "".join(str(unicodedata.digit(c, c)) if c.isdigit() else c for c in kept)
    return unicodedata.normalize("NFC", kept)


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

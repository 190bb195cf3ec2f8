"""Read a word that is spelled as it sounds: "filosophy" for "philosophy"."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable

from indexer.store.protocol import View

_MIN_CHARS = 5
_MIN_STEM_CHARS = 3
_MAX_HEARD = 4  # words of one question
_STARTS_ALIKE = 3  # letters of the sound
_MAX_STEMS = 12  # whose words are read
# English spellings of one sound, applied in this order.
_SPELLINGS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"(?:[tsc]i|sh)[aou]n", "$n"),  # nutrition, nutrishun
        (r"^kn|^gn", "n"),
        (r"^wr", "r"),
        (r"^ps", "s"),
        (r"ph", "f"),
        (r"sch|ch(?=[lmr]|or|em|ol)", "k"),  # scheme, anchor, chemical
        (r"c(?=[eiy])|z", "s"),
        (r"ck|c|q", "k"),
        (r"x", "ks"),
        (r"y", "i"),
        (r"[aeo]r$|re$", "r"),
        (r"(?<=..)e$", ""),
        (r"ea|ee|ei|ie", "i"),
        (r"(.)\1", r"\1"),
    )
)
# The first letters of words that may begin with the sound of a letter.
_FIRST = {"f": "fp", "k": "kc", "s": "scp", "n": "nkg", "r": "rw", "j": "jg", "g": "gj", "z": "zsx"}


def sound_of(word: str) -> str:
    """Return a spelling that English words of nearly the same sound share.

    :param word: in lower case.
    """
    for pattern, sound in _SPELLINGS:
        word = pattern.sub(sound, word)
    return word


def heard_as(
    word: str, view: View, surfaces: Callable[[str, View], Iterable[str]], number: int = 1
) -> str:
    """Return the word of the notes that sounds like a word that no point has, or an empty text.

    :param word: letters only.
    :param view: the index.
    :param surfaces: returns the words of the notes that have a term.
    :param number: of the word among those of the question that are compared; 1 is the first.
    """
    word = word.lower()
    if len(word) < _MIN_CHARS or number > _MAX_HEARD:
        return ""
    sound = sound_of(word)
    stems = [
        (-points, stem)
        for first in _FIRST.get(word[0], word[0])
        for stem, points in view.terms_like(first, _MIN_STEM_CHARS, len(word) + 2)
        if _starts_alike(sound, stem)
    ]
    found = (one for _, stem in sorted(stems)[:_MAX_STEMS] for one in sorted(surfaces(stem, view)))
    return next((one for one in found if sound_of(one.lower()) == sound), "")


@functools.lru_cache(maxsize=8_192)
def _stem_sound(stem: str) -> str:
    return sound_of(stem)


def _starts_alike(sound: str, stem: str) -> bool:
    return _stem_sound(stem)[:_STARTS_ALIKE] == sound[:_STARTS_ALIKE]

"""Find the languages of texts by their most common words and their letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+")
# Words that are common in one of these languages and rare in the others.
_COMMON = {
    "English": "the of and is that it for was with are this be by have from which you not",
    "German": "der die und das ist nicht mit ein eine den auf für dem sich auch wird wie wenn",
    "French": "le les des est une dans que pour qui pas sur au avec ce sont plus il du",
    "Spanish": "el los las una por con para que es del se como más pero al su lo está",
    "Italian": "il di che è per una non sono della con del nel le gli alla dei più anche",
    "Portuguese": "não uma os para com é mais como dos das ao pela pelo são foi em você seu",
    "Dutch": "het een van niet zijn voor dat met aan ook wordt naar bij maar deze heeft",
    "Polish": "się nie jest na że do jak przez tylko ale dla oraz które",
}
_WORDS = Counter(word for words in _COMMON.values() for word in words.split())
_LANGUAGE_OF = {
    word: language
    for language, words in _COMMON.items()
    for word in words.split()
    if _WORDS[word] == 1  # a word of several languages identifies none
}
_SCRIPTS = (
    ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Korean", re.compile("[\uac00-\ud7af]")),
    ("Chinese", re.compile("[\u4e00-\u9fff]")),
    ("Russian", re.compile("[\u0430-\u044f]")),
    ("Greek", re.compile("[\u03b1-\u03c9]{3}")),
    ("Arabic", re.compile("[\u0620-\u064a]")),
    ("Hebrew", re.compile("[\u05d0-\u05ea]")),
    ("Hindi", re.compile("[\u0905-\u0939]")),
)
_LEAST_SHARE = 0.05


def languages_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the languages of texts, the most common first; empty if all are unknown.

    Each text counts for one language. A language in fewer than one of twenty texts is left out.

    :param texts: of any length.
    """
    counts = Counter(filter(None, map(_language_of, texts)))
    least = _LEAST_SHARE * sum(counts.values())
    return tuple(name for name, count in counts.most_common() if count >= least)


def _language_of(text: str) -> str:
    for name, letters in _SCRIPTS:
        if letters.search(text):
            return name
    votes = Counter(
        _LANGUAGE_OF[word] for word in _WORD.findall(text.lower()) if word in _LANGUAGE_OF
    )
    return votes.most_common(1)[0][0] if votes else ""

"""Guess the language of a text from its letters and its most common words, without a model.

The guess is good enough to notice text that the English model does not understand. A short text
without a common word has no known language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_COMMON = {
    "en": "the of and to is in that it was for on are with as you this be have not or what how why "
    "which when where does do did from can there my i at by an all any should could would has who "
    "if than then into over was were but so its their they we he she his her about every per",
    "de": "der die das und ist nicht ein eine ich zu den mit auf sich für wie was warum wenn auch "
    "dem im von wird sind bei oder aus nach muss kann gibt es wo welche welcher",
    "es": "el la los las de que y en un una es por con para del se no como qué cuál dónde cuándo "
    "más pero su al lo está hay puedo cómo",
    "fr": "le la les des et est un une du que qui dans pour pas sur avec ce il je en au aux quel "
    "quelle quels comment pourquoi où peut sont ne mon ma",
    "pt": "o a os as de que e do da em um uma é para com não por dos das no na se mais como qual "
    "quais são ao foi quando onde meu minha",
    "it": "il lo la gli le di che e un una è per con non del della si come quale sono più dove "
    "quando perché nel dei",
    "nl": "de het een en van is dat niet op te zijn voor met wat hoe waarom die er aan ook als bij "
    "ik wordt welke",
    "pl": "i w na się nie jest że z do to jak co dla czy po od są przez który jaki dlaczego",
    "sv": "och att det är en som på för av med den inte till hur vad varför har om ett kan jag när",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
# Scripts of one language, or of a few, none of which the English model understands.
_SCRIPTS = (
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("HANGUL", "ko"),
    ("CJK", "zh"),
    ("CYRILLIC", "ru"),
    ("GREEK", "el"),
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("DEVANAGARI", "hi"),
    ("THAI", "th"),
)
NAMES = {
    "de": "German", "es": "Spanish", "fr": "French", "pt": "Portuguese", "it": "Italian",
    "nl": "Dutch", "pl": "Polish", "sv": "Swedish", "ja": "Japanese", "ko": "Korean",
    "zh": "Chinese", "ru": "Cyrillic letters", "el": "Greek", "ar": "Arabic letters",
    "he": "Hebrew", "hi": "Devanagari letters", "th": "Thai", "en": "English",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN_SHARE = 0.3  # of the texts whose language is known
_LEAST_KNOWN = 5


def guess_language(text: str) -> str:
    """Return the language of a text as an ISO 639-1 code, empty if unknown.

    :param text: a question, or a point.
    """
    scripts = Counter(script for letter in text if (script := _script(letter)))
    letters = sum(map(str.isalpha, text))
    if scripts and 3 * sum(scripts.values()) > letters:
        # Japanese uses Chinese characters too; kana identify it.
        return "ja" if scripts["ja"] else scripts.most_common(1)[0][0]
    words = _WORD.findall(text.lower())
    found = {name: sum(word in common for word in words) for name, common in _WORDS.items()}
    best = max(found.values())
    if not best or found["en"] == best:
        return "en" if best else ""
    return next(name for name, count in found.items() if count == best)


def foreign_language(texts: Iterable[str]) -> str:
    """Return the most common language of texts other than English, empty if they are English.

    :param texts: points of the notes.
    """
    found = Counter(filter(None, map(guess_language, texts)))
    known = sum(found.values())
    del found["en"]
    if known < _LEAST_KNOWN or sum(found.values()) < _FOREIGN_SHARE * known:
        return ""
    return found.most_common(1)[0][0]


def _script(letter: str) -> str:
    """Return the language of a letter's script, empty for Latin letters and non-letters."""
    if letter < "\u0370" or not letter.isalpha():
        return ""
    name = unicodedata.name(letter, "")
    return next((language for script, language in _SCRIPTS if name.startswith(script)), "")

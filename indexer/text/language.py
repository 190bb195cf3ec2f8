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
    "en": "the of and to is in that it was for on are with as you this be have not or what how "
    "why which when where does do did from can there my i at by an all any should could "
    "would has who if than then into over were but so its their they we he she his her "
    "about every per no such only out up after before while also more most other some "
    "between your our me am been",
    "de": "der die das und ist nicht ein eine einen ich zu den mit auf sich für wie was warum "
    "wenn auch dem im von wird sind bei oder aus nach muss kann gibt es wo welche welcher "
    "wann soll ohne beim zum zur vom mein gegen tun haben hat wurde werden einem einer "
    "meine habe wir sie über noch nur durch dass wieder",
    "es": "el la los las de que y en un una es por con para del se no como qué cuál dónde cuándo "
    "más pero su al lo está hay puedo cómo sobre mi mis muy sin cuánto cuántos cuántas "
    "quién según desde hasta tiene",
    "fr": "le la les des et est sont un une du que qui dans pour pas sur avec ce il je en au aux "
    "quel quelle quels comment pourquoi où peut ne mon ma mes de ai j qu c ont cette sans "
    "leur quoi combien quand plus",
    "pt": "o a os as de que e do da em um uma é para com não por dos das no na se mais como qual "
    "quais são ao foi quando onde meu minha pela pelo você sem sobre quem quanto quantos "
    "quantas vários",
    "it": "il lo la gli le di che e un una è per con non del della si come quale sono più dove "
    "quando perché nel dei ho mio mia nella delle questo cosa fa",
    "nl": "de het een en van is dat niet op te zijn voor met wat hoe waarom die er aan ook als "
    "bij ik wordt welke mijn naar wanneer waar maar zonder",
    "pl": "i w na się nie jest że z do to jak co dla czy po od są przez który jaki dlaczego gdzie "
    "kiedy mój moja oraz ale",
    "sv": "och att det är en ett som på för av med den inte till hur vad varför har om kan jag "
    "när ska mitt mina från eller var",
    "da": "og at det er en et som på for af med den ikke til hvordan hvad hvorfor har om kan jeg "
    "når skal mit mine fra eller hvor ofte",
    "cs": "a je v na se že to jak co pro ale nebo jsou by který proč kde kdy často mám můj s z do",
    "fi": "ja on ei että se oli mutta kun mitä miten missä miksi kuinka voi minun ovat tai kuin",
    "tr": "ve bir bu için ile ne nasıl neden nerede mı mi mu daha çok olan gibi değil ama",
    "ro": "și este sunt în la cu pe nu ce cum unde când care pentru din mai sau de un o",
    "hu": "a az és hogy nem egy van mi hogyan miért hol mikor meg de ez vagy kell",
    "vi": "là và của có không cho những được một các với này để như thế nào ở khi tôi",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
# Words that names and loans in English text have too: "Rio de Janeiro", "op amp", "Das Kapital".
_WEAK = frozenset(
    (
        "a ai al ale at au az bu by c care ce co come con cu cum da das de dei del den der "
        "des det die din do dos dove du e el en er es est et fa hasta hay ho hoe i il im in "
        "j ja kell la las le lo los ma mai man me med meg met mi mia mine mis mit mon mu na "
        "ne nu o od og om on op os par pe per pla plus po pour pro qu s sans se si sin ska "
        "son su sur são tai te ten til to uma un und v van var vi vin w y z über"
    ).split()
)
# Letters that few other languages of the list have.
_LETTERS = {
    "de": "äöüß", "es": "ñ¿¡", "pt": "ãõ", "fr": "êèàçéùîœ", "pl": "łśżźąęń", "sv": "å", "da": "øæ",
    "cs": "řěůčž", "tr": "ışğ", "ro": "șță", "hu": "őű", "vi": "ơưđạảấầậắặệếềốồộớờợứừự",
}  # fmt: skip
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
    "da": "Danish", "cs": "Czech", "fi": "Finnish", "tr": "Turkish", "ro": "Romanian",
    "hu": "Hungarian", "vi": "Vietnamese",
    "zh": "Chinese", "ru": "Cyrillic letters", "el": "Greek", "ar": "Arabic letters",
    "he": "Hebrew", "hi": "Devanagari letters", "th": "Thai", "en": "English",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_GREEK_WORD = re.compile("[\u0370-\u03ff]{3}")
# Evidence: a common word counts 2, a weak one or a letter of the language 1.
_STRONG, _ENOUGH, _ENOUGH_WEAK = 2, 2, 3
_FOREIGN_SHARE = 0.3  # of the texts whose language is known
_LEAST_KNOWN = 5
_LEAST_TOGETHER = 10  # evidence in all texts, where fewer have a known language


def guess_language(text: str) -> str:
    """Return the language of a text as an ISO 639-1 code, empty if unknown.

    :param text: a question, or a point.
    """
    return _guess(text)[0]


def _guess(text: str) -> tuple[str, int]:
    """Return the language of a text, and the evidence for it."""
    scripts = Counter(script for letter in text if (script := _script(letter)))
    letters = sum(map(str.isalpha, text))
    if set(scripts) == {"el"} and not _GREEK_WORD.search(text):
        scripts.clear()  # symbols of a formula
    if scripts and 3 * sum(scripts.values()) > letters:
        # Japanese uses Chinese characters too; kana identify it.
        name = "ja" if scripts["ja"] else scripts.most_common(1)[0][0]
        return name, sum(scripts.values())
    words = [word for word in _WORD.findall(text) if not (len(word) > 1 and word.isupper())]
    found = {language: _evidence(language, words, text) for language in _WORDS}
    english = found.pop("en")
    best = max(found, key=lambda language: found[language])  # the first of equals
    if found[best] > english:
        return best, found[best]
    return ("en", english) if english else ("", 0)


def _evidence(language: str, words: list[str], text: str) -> int:
    """Return how much a text looks like a language, 0 if too little.

    Weak words count only in small letters, and letters of the language only with a common word.
    """
    common = [word for word in words if word.lower() in _WORDS[language]]
    if language == "en":
        return _STRONG * len(common)
    strong = sum(word.lower() not in _WEAK for word in common)
    weak = sum(word in _WEAK for word in common)
    marks = sum(any(c in _LETTERS.get(language, "") for c in word.lower()) for word in words)
    marks += any(c in _LETTERS.get(language, "") for c in text if not c.isalpha())
    total = _STRONG * strong + weak + (marks if strong or weak else 0)
    return total if total >= (_ENOUGH if strong or marks else _ENOUGH_WEAK) else 0


def foreign_language(texts: Iterable[str]) -> str:
    """Return the most common language of texts other than English, empty if they are English.

    :param texts: points of the notes.
    """
    texts = list(texts)
    found = Counter(filter(None, map(guess_language, texts)))
    known = sum(found.values())
    del found["en"]
    if known < _LEAST_KNOWN:  # few or short points: together they may say more
        language, evidence = _guess(" ".join(texts))
        return language if language != "en" and evidence >= _LEAST_TOGETHER else ""
    if sum(found.values()) < _FOREIGN_SHARE * known:
        return ""
    return found.most_common(1)[0][0]


def _script(letter: str) -> str:
    """Return the language of a letter's script, empty for Latin letters and non-letters."""
    if letter < "\u0370" or not letter.isalpha():
        return ""
    name = unicodedata.name(letter, "")
    return next((language for script, language in _SCRIPTS if name.startswith(script)), "")

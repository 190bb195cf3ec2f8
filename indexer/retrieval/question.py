"""Read a question: correct typos, expand acronyms, complete a half-typed last word.

The notes are the dictionary. A word that neither the notes nor the encoder know is replaced by the
nearest word of the notes. A phrase of the notes with the initials of an acronym is added to it. The
answer reports both.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from indexer.errors import QueryError
from indexer.notes.folder import TextMeasure
from indexer.records import NoteFilter
from indexer.retrieval.characters import is_east_asian, with_lone_characters
from indexer.retrieval.completion import half_typed, terms_of_words
from indexer.retrieval.languages import ENGLISH, language_of
from indexer.retrieval.sounds import heard_as
from indexer.retrieval.word_forms import in_known_numbers, in_two_words
from indexer.store.protocol import View
from indexer.text.addresses import address_words
from indexer.text.terms import (
    find_terms,
    initials_of,
    is_stop_word,
    query_terms,
    terms_of,
    without_plural,
    words_of,
)

_MAX_QUESTION_CHARS = 10_000
_MIN_TYPO_CHARS = 4
_DOUBLE = re.compile(r"(.)\1")
_MEDIUM_WORD_CHARS = 5  # from this length on any letter may be wrong
_LONG_WORD_CHARS = 10  # from this length on two letters may be wrong
_MAX_ACRONYM_CHARS = 5
# The most common word of each language; English notes have the first more often than the others.
_COMMON_WORDS = "the", "und", "que", "les", "het", "che", "não", "nie", "и"
_MAX_REPAIRS = 8  # per question; more of them are not typos
_MAX_ATTEMPTS = 24  # words of one question that are compared with those of the notes, 7 ms each
_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MATH = re.compile(r"\$[^$]*\$|\\\w+")
_ACRONYM_POINTS = 50
_MAX_PHRASES = 4  # phrases per acronym that are searched in the notes
_MIN_EVIDENCE = 2  # distinct texts that must contain the phrase of a two-letter acronym
_MIN_STEM_CHARS = 3
_MAX_MENDS = 12  # the most nearest terms to examine
# The model does not know a word with fewer letters per piece.
_LETTERS_A_PIECE = 1.6
_LETTERS_OF_STRANGE = 4
_STOP_WEIGHT = 0.5  # weight of a stop word
_SURFACE_POINTS = 10  # points in which the spelling of a term is searched


class Question(NamedTuple):
    """A question after reading.

    ``text`` is what the encoder reads, ``terms`` are the search terms, with repeats;
    ``reads`` lists the corrections: (word as typed, words of the notes). ``phrases`` says where in
    the text an acronym starts, where it ends, and where the phrase after it ends. ``added`` are the
    terms of these phrases: they find points, and do not weigh them, since the index has the
    initials of a phrase as a term of its points.
    """

    text: str
    terms: tuple[str, ...]
    reads: tuple[tuple[str, str], ...] = ()
    phrases: tuple[tuple[int, int, int], ...] = ()
    added: tuple[str, ...] = ()

    @property
    def own_terms(self) -> tuple[str, ...]:
        """Return the terms that points are weighed by: those typed, and corrections of them."""
        return self.terms[: len(self.terms) - len(self.added)]


def check_question(question: str) -> str:
    """Return a valid question on one line.

    :param question: as typed; if it is too long, only the first words are used.
    :raises QueryError: if it is empty.
    """
    text = " ".join(question.split())
    if not text:
        raise QueryError(
            "the question is empty", 'ask something: notepoint query "what did I write on ...?"'
        )
    return cut_question(text).encode("utf-8", "replace").decode("utf-8")


def cut_question(text: str) -> str:
    """Return the words of a question to read: all, or the first of a long text."""
    if len(text) <= _MAX_QUESTION_CHARS:
        return text
    return text[:_MAX_QUESTION_CHARS].rpartition(" ")[0] or text[:_MAX_QUESTION_CHARS]


def read_question(question: str, view: View, encoder: TextMeasure) -> Question:
    """Read a question with the notes as the dictionary.

    :param question: as typed.
    :param view: the index.
    :param encoder: knows common words as one word piece.
    :raises QueryError: if it is empty or too long.
    """
    text = check_question(question)
    if _ADDRESS.fullmatch(text):  # a pasted address: the parts that all addresses share say nothing
        return Question(text, tuple(query_terms(address_words(text) or text)))
    return _read_words(in_known_numbers(text, view), view, encoder)


def _read_words(text: str, view: View, encoder: TextMeasure) -> Question:
    typed, terms = text, query_terms(text)
    counts = view.term_counts(set(terms))
    terms = with_lone_characters(text, terms, counts, view)
    may_correct = _is_english(text, view) or not counts
    reads: dict[tuple[int, int], str] = {}
    corrected, attempts = set[str](), 0
    half = half_typed(text, counts, view, encoder)
    for start, end, own in words_of(text):
        word = text[start:end]
        if len(reads) == _MAX_REPAIRS or attempts == _MAX_ATTEMPTS:
            break
        if not own or is_stop_word(word) or (half and start == half.start):
            continue
        read = ""
        if _is_acronym(word):
            attempts += 1
            read = _spell_out(word, view)
        elif (
            may_correct
            and not any(counts.get(term) for term in own)
            and _may_be_typo(word, encoder)
        ):
            attempts += 1
            read = in_two_words(word, view) or _corrected(word, own[0], view)
            read = read or heard_as(word, view, _surfaces, attempts)
            corrected.update(own if read else ())
        if read:
            reads[start, end] = read
    if half and not half.is_known:
        text = text[: half.start] + half.words[0]
    text, phrases = _with_reads(text, reads)
    terms = [term for term in terms if term not in corrected]
    added: list[str] = []
    for (start, end), read in reads.items():
        word = typed[start:end]
        (added if _is_acronym(word) else terms).extend(terms_of(read))
    shown = [(typed[start:end], read) for (start, end), read in reads.items()]
    if half:
        terms += terms_of_words(half.words)
        shown.append((typed[half.start :], " or ".join(half.words)))
    return Question(text, (*terms, *added), tuple(shown), phrases, tuple(added))


def _with_reads(
    typed: str, reads: Mapping[tuple[int, int], str]
) -> tuple[str, tuple[tuple[int, int, int], ...]]:
    """Return a question with its corrections, and the places of acronyms with their phrases."""
    text, last = "", 0
    # A word that is read as two stays if there are others, since two weigh more than one.
    spans = [(start, end) for start, end, _ in words_of(typed)]
    is_whole = all(span in reads or is_stop_word(typed[slice(*span)]) for span in spans)
    phrases = []
    for (start, end), read in sorted(reads.items()):
        text += typed[last:start]
        if _is_acronym(typed[start:end]):
            begin, middle = len(text), len(text) + end - start
            text += f"{typed[start:end]} ({read})"
            phrases.append((begin, middle, len(text)))
        else:
            text += typed[start:end] if " " in read and not is_whole else read
        last = end
    return text + typed[last:], tuple(phrases)


def _is_english(text: str, view: View) -> bool:
    """Return whether a question is English: only there, an unknown word is probably a typo."""
    language = language_of(text)
    if language is not None:
        return language == ENGLISH
    english, *others = (terms_of(word)[0] for word in _COMMON_WORDS)
    counts = view.term_counts({english, *others})
    return counts.get(english, 0) >= max(counts.get(other, 0) for other in others)


def _is_acronym(word: str) -> bool:
    return 2 <= len(word) <= _MAX_ACRONYM_CHARS and sum(map(str.isupper, word)) >= 2


def _spell_out(word: str, view: View) -> str:
    """Return the phrase of the notes for an acronym, or an empty text.

    Among the phrases with these initials, one defined next to the acronym comes first, as in
    "Intersection over Union (IoU)", then the one in the most distinct texts, then one that is a
    heading or has items under it.
    """
    short = without_plural(word).casefold()
    found: dict[str, _Phrase] = {}
    for text, is_topic in _texts_with([short], view).items():
        for initials, phrase in initials_of(_MATH.sub(" ", text)):
            if initials == short and _is_phrase(phrase, short):
                known = found.setdefault(phrase.casefold(), _Phrase(phrase))
                known.definitions += _is_defined(phrase, short, text)
                known.topics += is_topic
    likely = sorted(found.values(), key=_Phrase.rank)[:_MAX_PHRASES]
    for one in likely:
        texts = _texts_with(terms_of(one.written), view)
        one.texts = sum(_has_phrase(text, one.written.casefold()) for text in texts)
    best = min(likely, key=_Phrase.rank, default=None)
    return best.written if best and _is_likely(best, short) else ""


def _is_likely(phrase: _Phrase, short: str) -> bool:
    """Return whether there is enough evidence for a phrase: many phrases fit two letters."""
    likely = phrase.definitions or phrase.topics or phrase.texts >= _MIN_EVIDENCE
    return phrase.texts > 0 and bool(likely or len(short) > 2)


@dataclass(slots=True)
class _Phrase:
    """A phrase as first written, and the number of distinct texts of each kind that contain it."""

    written: str
    definitions: int = 0
    texts: int = 0
    topics: int = 0

    def rank(self) -> tuple[int, int, int, int, str]:
        """Return the sort key; the smallest is the best."""
        counts = -min(self.definitions, 1), -self.texts, -self.topics
        return *counts, len(self.written), self.written


def _texts_with(terms: Sequence[str], view: View) -> dict[str, bool]:
    """Return distinct texts of points with these terms; True for those with points under them."""
    found = view.lexical(terms, _ACRONYM_POINTS, NoteFilter())
    texts: dict[str, bool] = {}
    for stored in view.read_points([point_id for point_id, _ in found], links=False).values():
        above = (stored.note.title, *stored.point.heading_path, *stored.point.parents)
        texts |= dict.fromkeys(above, True)
        texts.setdefault(stored.point.text, False)
    return texts


def _has_phrase(text: str, phrase: str) -> bool:
    words = _WORD.findall(text.casefold())
    return f" {phrase} " in f" {' '.join(words)} "


def _is_phrase(phrase: str, short: str) -> bool:
    """Return whether a phrase is possible for an acronym: two-letter words, the first a name."""
    words = phrase.split()
    long = all(len(word) > 1 for word in words) and not is_stop_word(words[0])
    return long and phrase.casefold() != short


def _is_defined(phrase: str, short: str, text: str) -> bool:
    """Return whether a text has a phrase and its acronym next to each other."""
    long = r"\W+".join(map(re.escape, phrase.casefold().split()))
    short = rf"\b{re.escape(short)}\b"
    pair = rf"{long}\W{{1,3}}{short}|{short}\W{{1,3}}{long}"
    return re.search(pair, text.casefold()) is not None


def _may_be_typo(word: str, encoder: TextMeasure) -> bool:
    """Return whether a word that the notes lack may be a typo, not a word of the language."""
    if len(word) < _MIN_TYPO_CHARS or not word.isalpha() or not word.isascii():
        return False
    return encoder.count_tokens([word])[0] >= 2


def _corrected(word: str, term: str, view: View) -> str:
    """Return the word of the notes that an unknown word probably means, or an empty text."""
    from rapidfuzz.distance import OSA  # only needed for typos

    word = word.lower()
    limit = 2 if len(word) >= _LONG_WORD_CHARS else 1

    def distance(stem: str) -> float:
        """Estimate the distance to the nearest word with a stem, from their common start."""
        begins = word[: len(stem)]
        edits = min(OSA.distance(one, stem, score_cutoff=limit) for one in (begins, term))
        return edits + (len(word) - len(begins)) / 2 if edits <= limit else math.inf

    near = [
        (distance(stem), -points, stem)
        for first in dict.fromkeys(word[:2])
        for stem, points in view.terms_like(first, _MIN_STEM_CHARS, len(word) + limit)
    ]
    # Among equally near words, prefer lower case, since a capital may start a name or a sentence.
    found = [
        (OSA.distance(word, one.lower()), not one.islower(), place, one)
        for place, (far, _, stem) in enumerate(sorted(near)[:_MAX_MENDS])
        for one in (_surfaces(stem, view) if far < math.inf else ())
        if not _is_other_word(word, one.lower())
    ]
    edits, *_, best = min(found, default=(math.inf, ""))
    return str(best) if edits <= limit else ""


def _is_other_word(word: str, other: str) -> bool:
    """Return whether two words are probably different words, not a typo of one.

    They are different if one begins with the other, like forms of a word, or if only the last
    letter differs ("tagger" and "tagged"). Short words ("docs" and "dots") are different unless
    only the order of letters or a double letter differs.
    """
    if (
        len(word) < _MEDIUM_WORD_CHARS
        and sorted(word) != sorted(other)
        and _DOUBLE.sub(r"\1", word) != _DOUBLE.sub(r"\1", other)
    ):
        return True
    if _DOUBLE.sub(r"\1", word) == _DOUBLE.sub(r"\1", other):
        return False
    if word.startswith(other) or other.startswith(word):
        return True
    from rapidfuzz.distance import Prefix

    return bool(Prefix.similarity(word, other) >= max(len(word), len(other)) - 1)


def _surfaces(term: str, view: View) -> set[str]:
    """Return words of the notes that have a term, as written."""
    found = view.lexical([term], _SURFACE_POINTS, NoteFilter())
    return {
        text[start:end]
        for stored in view.read_points([i for i, _ in found], links=False).values()
        for text in (stored.point.text, *stored.point.parents, *stored.point.heading_path)
        for start, end in find_terms(text, frozenset({term}))
    }


def share_unknown(
    question: Question,
    spans: Sequence[tuple[int, int]],
    known: Sequence[bool],
    weights: Sequence[float],
) -> float:
    """Return the weighted share of a question's words that the model does not know.

    A word is unknown if a piece of it is not in the vocabulary, or if the model spells it letter by
    letter, as the default model does in most non-Latin scripts.

    :param question: after reading.
    :param spans: the positions of its word pieces.
    :param known: whether each is in the model's vocabulary; empty if all are.
    :param weights: of its word pieces.
    """
    if not any(weights):  # one unknown piece for several words, as for a family of emoji
        return 0.0 if all(known) else 1.0
    unknown = 0.0
    short_words = _knows_short_words(question.text, spans)
    for begin, finish, _ in words_of(question.text):
        pieces = _pieces_within(spans, begin, finish)
        word = question.text[begin:finish]
        spelled = len(pieces) * _LETTERS_A_PIECE >= len(word) or word.isdecimal()
        spelled = spelled and not _is_short_latin(word)
        spelled = spelled and not (short_words and is_east_asian(word))
        if spelled or (known and not all(known[place] for place in pieces)):
            unknown += sum(weights[place] for place in pieces)
    return unknown


def is_gibberish(
    question: Question, spans: Sequence[tuple[int, int]], counts: Mapping[str, int]
) -> bool:
    """Return whether neither the notes nor the model know a word of the question's subject.

    The model does not know a word that it cuts into pieces of at most four letters on average.

    :param question: after reading.
    :param spans: the positions of its word pieces.
    :param counts: term to the number of points that have it.
    """
    strange = []
    short_words = _knows_short_words(question.text, spans)
    for begin, finish, terms in words_of(question.text):
        word = question.text[begin:finish]
        if is_stop_word(word) or (short_words and is_east_asian(word)):
            continue
        pieces = len(_pieces_within(spans, begin, finish))
        spelled = pieces > 1 and pieces * _LETTERS_OF_STRANGE >= len(word)
        strange.append(spelled and not any(counts.get(term) for term in terms))
    return bool(strange) and all(strange)


def _knows_short_words(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Return whether a model knows words in Chinese, Japanese or Korean.

    They are one to three letters long; a model without them cuts a text into single letters.
    """
    return any(finish - begin > 1 and is_east_asian(text[begin:finish]) for begin, finish in spans)


def _pieces_within(spans: Sequence[tuple[int, int]], begin: int, finish: int) -> list[int]:
    """Return the positions of the word pieces within a word."""
    found = []
    for place in range(bisect.bisect_left(spans, (begin, begin)), len(spans)):
        start, end = spans[place]
        if start >= finish:
            break
        if end <= finish:
            found.append(place)
    return found


def _is_short_latin(word: str) -> bool:
    """Return whether a word may be known although its pieces are short; never for a number."""
    if word.isdecimal():
        return len(word) == 1
    return word.isascii() and (len(word) < _MIN_TYPO_CHARS or not word.isalpha())


def word_weights(
    question: Question, spans: tuple[tuple[int, int], ...], idf: Mapping[str, float]
) -> list[float]:
    """Return the weight of each word piece of a question: its share of its word's rarity.

    A word counts once, however many pieces the encoder cuts it into, and the phrase of an acronym
    no more than the acronym: it says the same again.

    :param question: after reading.
    :param spans: start and end of its word pieces.
    :param idf: term to inverse document frequency.
    :return: weights that sum to 1, or only zeros; stop words count half.
    """
    weights = [0.0] * len(spans)
    for begin, finish, terms in words_of(question.text):
        pieces = _pieces_within(spans, begin, finish)
        rarity = max((idf.get(term, 0.0) for term in terms), default=0.0)
        stop = is_stop_word(question.text[begin:finish])
        for place in pieces:
            weights[place] = rarity * (_STOP_WEIGHT if stop else 1.0) / len(pieces)
    for start, middle, end in question.phrases:
        own = sum(weights[place] for place in _pieces_within(spans, start, middle))
        phrase = _pieces_within(spans, middle, end)
        whole = sum(weights[place] for place in phrase)
        for place in phrase if whole > own else ():
            weights[place] *= own / whole
    total = sum(weights)
    return [weight / total for weight in weights] if total else weights

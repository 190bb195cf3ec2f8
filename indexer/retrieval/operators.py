"""Read the operators of a question: exact phrases, and included or excluded words and notes.

    "exact phrase"   -word   -"two words"   NOT word   tag:x   -tag:x   path:x   -path:x

Everything else is text. A possible operator counts only if the question also has other words:
``-DEC`` alone searches for DEC. A quote in a whole sentence is a mention: 'why do I get "no such
file"?' searches for all its words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import NamedTuple

from indexer.records import NoteFilter
from indexer.store.protocol import View
from indexer.store.records import StoredPoint
from indexer.text.folding import simplify_han
from indexer.text.terms import terms_of

# The most operators of one question; a text with more was pasted.
_MAX_OPERATORS = 32
# With more quotes than this, each of which may have no end, a text is not searched for operators.
_MAX_QUOTES = 200
# A question with at least this number of words outside of quotes is a sentence.
_MIN_SENTENCE_WORDS = 3
_ASKING = frozenset(
    "how what when where which who whose why is are was were do does did can could should will "
    "would has have i".split()
)
# The most points with all words of a phrase that are searched for the phrase itself.
_MAX_LOOKED_AT = 5_000
_MAX_EXCLUDED = 50_000

_QUOTED = r'"([^"]+)"|\u201c([^\u201d]+)\u201d|\u201e([^\u201c\u201d]+)[\u201c\u201d]'
_OPERATOR = re.compile(
    rf'(?:(?<=\s)|^)(?:(?P<sign>-?)(?P<key>tag|path):(?:"(?P<long>[^"]+)"|(?P<value>[^\s"]+))'
    rf'|(?:-(?=["\u201c\u201e])|NOT\s+(?=["\u201c\u201e]))(?P<no_phrase>{_QUOTED})'
    rf"|(?P<phrase>{_QUOTED})"
    r"|(?:-(?=[^\W_])|NOT\s+)(?P<word>[^\W_][^\s\"]*))(?=[\s.,;?!]|$)"
)
# A flag of one letter, or a number below a hundred, has its minus for another reason.
_NO_EXCLUSION = re.compile(r"(?:[A-Za-z]|\d{1,2}(?:[.,]\d+)?%?)$")
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u201e", '\'\'"""')


class Operators(NamedTuple):
    """A question without its operators, and their values.

    A point must have all ``phrases`` in its text, and none of ``without`` in its text and headings.
    """

    text: str
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    without_paths: tuple[str, ...] = ()

    def added_to(self, where: NoteFilter) -> NoteFilter:
        """Return a filter extended by the notes that these operators include and exclude."""
        return where._replace(
            tags=(*where.tags, *self.tags),
            paths=(*where.paths, *self.paths),
            without_tags=(*where.without_tags, *self.without_tags),
            without_paths=(*where.without_paths, *self.without_paths),
        )

    def said(self) -> list[str]:
        """Return a line that lists what was read as an operator, if anything."""
        parts = [
            *(f'with the phrase "{phrase}"' for phrase in self.phrases),
            *(f"without {words}" for words in self.without),
            *(f"of notes with the tag {tag}" for tag in self.tags),
            *(f"of notes with {path} in their path" for path in self.paths),
            *(f"of notes without the tag {tag}" for tag in self.without_tags),
            *(f"of notes without {path} in their path" for path in self.without_paths),
        ]
        return [f"only points {', '.join(parts)}"] if parts else []


def read_operators(question: str) -> Operators:
    """Return a question without its operators, and their values.

    :param question: as typed.
    """
    if not any(sign in question for sign in '"\u201c\u201e:-') and "NOT " not in question:
        return Operators(question)
    if sum(map(question.count, '"\u201c\u201e')) > _MAX_QUOTES:
        return Operators(question)
    found: dict[str, list[str]] = {}
    kept: list[str] = []
    end = count = 0
    mentions = _is_sentence(question)
    for match in _OPERATOR.finditer(question):
        field, value = _meaning(match)
        if not field or count == _MAX_OPERATORS or (mentions and field == "phrases"):
            continue
        count += 1
        found.setdefault(field, []).append(value)
        # The words of a phrase also rank; a tag or path alone is searched by its name.
        kept += [question[end : match.start()], f" {value} " if field == "phrases" else " "]
        end = match.end()
    text = " ".join("".join([*kept, question[end:]]).split())
    asked = {field: tuple(dict.fromkeys(values)) for field, values in found.items()}
    if not text:
        text = " ".join([*asked.get("tags", ()), *asked.get("paths", ())]).replace("/", " ")
    if not text:  # a question of exclusions only searches for their words
        return Operators(question)
    return Operators(text, **asked)


def _is_sentence(question: str) -> bool:
    """Return whether a question is a sentence, in which a quote is a mention, not an operator.

    Of 1,089 questions that people asked about 60 folders, 32 have a quote. For most of them, the
    lines that answer do not contain the phrase.
    """
    outside = re.sub(_QUOTED, " ", question).split()
    if len(outside) < _MIN_SENTENCE_WORDS:
        return False
    return question.rstrip().endswith("?") or outside[0].casefold() in _ASKING


def _meaning(match: re.Match[str]) -> tuple[str, str]:
    """Return the field of ``Operators`` and its value; an empty field for text."""
    key = match.group("key")
    if key:
        field = f"{'without_' if match.group('sign') else ''}{key}s"
        return field, (match.group("long") or match.group("value")).strip("/,;")
    for group, field in (("phrase", "phrases"), ("no_phrase", "without")):
        if match.group(group):
            words = match.group(group).strip('"\u201c\u201d\u201e ')
            return (field, " ".join(words.split())) if terms_of(words) else ("", "")
    word = match.group("word").rstrip(".,;?!")
    return ("", "") if _NO_EXCLUSION.match(word) or not terms_of(word) else ("without", word)


class Allowed(NamedTuple):
    """The points that may answer: only these, or all except those; None means no limit."""

    only: frozenset[int] | None = None
    without: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        """Return whether any point is excluded."""
        return self.only is not None or bool(self.without)

    def filter(self, point_ids: Collection[int]) -> list[int]:
        """Return the given points that may answer."""
        return [
            i for i in point_ids if (self.only is None or i in self.only) and i not in self.without
        ]


def allowed_points(view: View, operators: Operators, where: NoteFilter) -> Allowed:
    """Return the points that fit the phrases and excluded words of a question.

    :param view: the index.
    :param operators: of the question.
    :param where: only points of notes that pass this filter.
    """
    only: frozenset[int] | None = None
    for phrase in operators.phrases:
        found = _points_with_phrase(view, phrase, where)
        only = found if only is None else only & found
    without: set[int] = set()
    for words in operators.without:
        terms = terms_of(words)
        ids = view.points_with(terms, _MAX_EXCLUDED, where)
        without |= _with_phrase(view, ids, words, above=True) if len(terms) > 1 else set(ids)
    return Allowed(only, frozenset(without))


def _points_with_phrase(view: View, phrase: str, where: NoteFilter) -> frozenset[int]:
    ids = view.points_with(terms_of(phrase), _MAX_LOOKED_AT, where)
    return frozenset(_with_phrase(view, ids, phrase) or _with_phrase(view, ids, phrase, above=True))


def _with_phrase(
    view: View, point_ids: Sequence[int], phrase: str, *, above: bool = False
) -> set[int]:
    wanted = _phrase_pattern(phrase)
    points = view.read_points(point_ids, links=False)
    return {i for i, stored in points.items() if any(map(wanted.search, _texts(stored, above)))}


def _texts(stored: StoredPoint, above: bool) -> list[str]:
    point = stored.point
    texts = [point.text]
    if above:
        texts += [stored.note.title, *point.heading_path, *point.parents]
    return [_plain(text) for text in texts]


def _phrase_pattern(phrase: str) -> re.Pattern[str]:
    words = re.escape(_plain(phrase))
    start = r"(?<!\w)" if re.match(r"\w", _plain(phrase)) and phrase[:1].isascii() else ""
    end = r"(?!\w)" if re.search(r"\w$", _plain(phrase)) and phrase[-1:].isascii() else ""
    return re.compile(f"{start}{words}{end}")


def _plain(text: str) -> str:
    """Return a text in the form used to compare phrases: case folded, with single blanks."""
    folded = simplify_han(unicodedata.normalize("NFKC", text.casefold())).translate(_QUOTES)
    return " ".join(folded.split())

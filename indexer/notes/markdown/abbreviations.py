"""Abbreviations for display: ``*[HTML]: Hyper Text Markup Language``.

A definition is not drawn where its word is used: each use has the meaning as a title, and the first
one has the line of the definition, so that a hit of that line is shown. Emoji short codes
(``:smile:``) stay text: GitHub draws them, but Obsidian, Logseq and Hugo's default do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from indexer.notes.markdown.tables import ROW, inline_tokens, mark_cells

_DEFINITION = re.compile(r"[ ]{0,3}\*\[([^\[\]\n]{1,100})\]:[ \t]*(\S.*)$")
_NAME = "abbreviations"
_MOST = 500
# Of lines with definitions, each of which searches the note for its word.
_MAX_SEARCHED_CHARS, _LEAST_SEARCHES = 50_000_000, 100
_MAX_MEANING_CHARS = 300


def with_abbreviations(parser: MarkdownIt) -> None:
    """Add the rules to a parser.

    :param parser: of the page.
    """
    parser.core.ruler.before("inline", _NAME, _take_definitions)
    parser.core.ruler.after("inline", "abbreviated", _mark_words)


class _Meaning(NamedTuple):
    text: str
    line: int


def _take_definitions(state: StateCore) -> None:
    """Take the definitions out of the paragraphs, before these are read."""
    found: dict[str, _Meaning] = {}
    state.env[_NAME] = found
    if "*[" not in state.src:
        return
    left = min(max(_LEAST_SEARCHES, _MAX_SEARCHED_CHARS // len(state.src)), 2 * _MOST)
    for i, opening in enumerate(state.tokens):
        if left <= 0:
            return
        if opening.type != "paragraph_open" or "*[" not in state.tokens[i + 1].content:
            continue
        token, first = state.tokens[i + 1], (opening.map or [0])[0] + 1
        lines = token.content.split("\n")
        read = lines[:left]
        left -= sum(line.lstrip().startswith("*[") for line in read)
        kept = [one for n, one in enumerate(read, first) if not _is_taken(one, n, state.src, found)]
        kept += lines[len(read) :]
        token.content = "\n".join(kept)
        if not kept:
            opening.hidden = state.tokens[i + 2].hidden = True


def _is_taken(line: str, number: int, source: str, found: dict[str, _Meaning]) -> bool:
    one = _DEFINITION.match(line)
    if one is None or len(found) == _MOST or not one[1].strip():
        return False
    word = one[1].strip()
    if not re.search(rf"(?<!\*\[)(?<!\w){re.escape(word)}(?!\w)", source):
        return False  # nothing would show it
    found.setdefault(word, _Meaning(one[2].strip()[:_MAX_MEANING_CHARS], number))
    return True


def _mark_words(state: StateCore) -> None:
    """Put the words that have a meaning into elements of their own; not those of code."""
    meanings: dict[str, _Meaning] = state.env[_NAME]
    if not meanings:
        return
    longest = sorted(meanings, key=len, reverse=True)
    words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    used: set[str] = set()
    for row in state.tokens:
        if row.type == ROW:
            mark_cells(row, words.search)
    for token in inline_tokens(state.tokens):
        if token.children and words.search(token.content):
            token.children = list(_marked(token.children, words, meanings, used))


def _marked(
    tokens: Sequence[Token],
    words: re.Pattern[str],
    meanings: dict[str, _Meaning],
    used: set[str],
) -> Iterator[Token]:
    for token in tokens:
        if token.type != "text":
            yield token
            continue
        last = 0
        for one in words.finditer(token.content):
            yield Token("text", "", 0, content=token.content[last : one.start()])
            meaning = meanings[one[0]]
            attributes: dict[str, str | int | float] = {"title": meaning.text}
            if one[0] not in used:
                used.add(one[0])
                attributes |= dict.fromkeys(("data-line-start", "data-line-end"), meaning.line)
            yield Token("abbr_open", "abbr", 1, attrs=attributes)
            yield Token("text", "", 0, content=one[0])
            yield Token("abbr_close", "abbr", -1)
            last = one.end()
        yield Token("text", "", 0, content=token.content[last:])

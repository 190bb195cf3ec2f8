"""The parser of blocks, which asks only the rules that can begin with a character.

markdown-it-py asks each of its rules at each line, often twice: two thirds of the time of a note
with 50,000 short lines. A rule that this module does not know is asked at every line. Tokens are
made in half the time too: a note of 200 KB can have 300,000 of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from markdown_it.parser_block import ParserBlock
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

_BlockRule = Callable[[StateBlock, int, int, bool], bool]

# The first characters of the blocks of a rule, without the blanks before them.
_FIRST = {
    "math_block": "$",
    "dialects": "%{$\\:!?=ie",
    "fence": "`~",
    "blockquote": ">",
    "hr": "*-_",
    "list": "*-+0123456789",
    "footnote_def": "[",
    "reference": "[",
    "html_block": "<",
    "heading": "#",
}
# The same for rules that are asked whether they end another block.
_FIRST_AT_END = {**_FIRST, "deflist": ":~"}


class BlockParser(ParserBlock):
    """A parser of blocks with the rules of another one, listed for each character."""

    def __init__(self, ruler: Ruler[Any]) -> None:
        """Take the rules of another parser; rules may still be added."""
        super().__init__()
        self.ruler = _Ruler(ruler)

    def parse(self, src: str, md: Any, env: Any, outTokens: list[Token]) -> list[Token] | None:
        """Add the block tokens of a text to a list, and return it."""
        if not src:
            return None
        state = _State(src, md, env, outTokens)
        self.tokenize(state, state.line, state.lineMax)
        return state.tokens


class _Ruler(Ruler[Any]):
    """The rules of another ruler; each chain of rules is one rule, which knows first characters."""

    def __init__(self, other: Ruler[Any]) -> None:
        super().__init__()
        self.__rules__ = other.__rules__

    def __compile__(self) -> None:
        super().__compile__()
        names = {id(rule.fn): rule.name for rule in self.__rules__}
        self.__cache__ = {
            chain: [_by_first(rules, names, _FIRST_AT_END if chain else _FIRST)]
            for chain, rules in (self.__cache__ or {}).items()
        }


def _by_first(rules: list[_BlockRule], names: dict[int, str], first: dict[str, str]) -> _BlockRule:
    """Return a rule that asks those of several that can begin with the character of a line."""

    def list_for(character: str) -> list[_BlockRule]:
        return [rule for rule in rules if character in first.get(names[id(rule)], character)]

    characters = {character for known in first.values() for character in known}
    lists = {character: list_for(character) for character in characters}
    others = [rule for rule in rules if names[id(rule)] not in first]

    def ask(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
        begin = state.bMarks[startLine] + state.tShift[startLine]
        for rule in lists.get(state.src[begin : begin + 1], others):
            if rule(state, startLine, endLine, silent):
                return True
        return False

    return ask


class _State(StateBlock):
    quotes = 0  # open quotes around the current line

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Add a token."""
        token = new_token(ttype, tag, nesting)
        level = self.level
        if nesting > 0:
            self.level = level + 1
        elif nesting < 0:
            self.level = level = level - 1
        token.level = level
        self.tokens.append(token)
        return token


_new = object.__new__


def new_token(kind: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
    """Return a token of a block, for which a constructor takes three times as long.

    :param kind: its type.
    :param tag: the element of HTML.
    :param nesting: 1 if it opens an element, -1 if it closes one.
    """
    token = _new(Token)
    token.type, token.tag, token.nesting = kind, tag, nesting
    token.content = token.markup = token.info = ""
    token.attrs, token.meta, token.map, token.children = {}, {}, None, None
    token.block, token.hidden, token.level = True, False, 0
    return token

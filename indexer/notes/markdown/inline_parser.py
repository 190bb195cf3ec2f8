"""An inline parser that asks only the rules that can begin with a character.

markdown-it-py asks each of its rules at each character that may be markup, twice inside a link:
200 KB of open braces took 3 s. A rule that this module does not know is asked at every character.
"""

from __future__ import annotations

import re
from typing import Any

from markdown_it.parser_inline import ParserInline
from markdown_it.ruler import Ruler
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# The characters a rule looks for first; those of plug-ins and of dialects are found in their code.
_FIRST = {
    "linkify": ":",
    "newline": "\n",
    "math_inline": "$",
    "bracket_math": "\\",
    "block_reference": "{",
    "highlight": "=",
    "note_comment": "%",
    "icon": ":",
    "attributes": "{",
    "shortcode": "{",
    "inline_footnote": "^",
    "small_text": "~^",
    "inserted": "+",
    "liquid": "{",
    "escape": "\\",
    "backticks": "`",
    "strikethrough": "~",
    "emphasis": "*_",
    "templater": "<",
    "tag": "#",
    "wikilink": "[!",
    "link": "[",
    "odd_link": "[",
    "image": "!",
    "footnote_ref": "[",
    "autolink": "<",
    "html_inline": "<",
    "entity": "&",
}
# Text without any of these is plain. Signs that only end markup ("]") begin nothing.
_MARKUP = re.compile(r"[\n:\\`~*_\[<&#{%=$^]|\+\+")
# The same for a short text, in which signs that need another one after them are plain without it.
_PAIRED_MARKUP = re.compile(
    r"[\n\\]|://|:[^:]+:|`[^`]+`|~.*~|\*.*\*|_.*_|\[.*\]|<.*>|&.*;|#\S|\{.*\}|%%.*%%|==.*=="
    r"|\$.*\$|\^.*\^|\+\+.*\+\+"
)
_MAX_SHORT_CHARS = 64  # the time for a search grows with the square
# Other characters have a list as well; a note in Chinese has thousands.
_MAX_CHARACTERS = 1_000


def is_plain(text: str) -> bool:
    """Return whether no rule for inline content can begin in a text."""
    if len(text) <= _MAX_SHORT_CHARS:
        return not _PAIRED_MARKUP.search(text)
    return not _MARKUP.search(text)


class InlineParser(ParserInline):
    """A parser of inline content with a list of rules for each character."""

    def __init__(self, ruler: Ruler[Any], ruler2: Ruler[Any]) -> None:
        """Take the rules of another parser; rules may still be added.

        :param ruler: the rules that make tokens.
        :param ruler2: the rules that go over the tokens at the end of a block.
        """
        super().__init__()
        self.ruler, self.ruler2 = ruler, ruler2
        self._known: Any = None
        self._rules: dict[str, list[Any]] = {}
        self._names: dict[int, str] = {}

    def _rules_at(self, character: str) -> list[Any]:
        rules = self.ruler.getRules("")
        if rules is not self._known:  # a rule was added, or switched
            self._known, self._rules = rules, {}
            self._names = {id(rule.fn): rule.name for rule in self.ruler.__rules__}
        found = self._rules.get(character)
        if found is None:
            found = [
                rule
                for rule in rules
                if character in _FIRST.get(self._names.get(id(rule), ""), character)
            ]
            if len(self._rules) < _MAX_CHARACTERS:
                self._rules[character] = found
        return found

    def parse(self, src: str, md: Any, env: Any, tokens: list[Token]) -> list[Token]:
        """Return the tokens of a text; plain text is one token without asking any rule."""
        if not is_plain(src):
            return super().parse(src, md, env, tokens)
        if src:
            tokens.append(Token("text", "", 0, content=src))
        return tokens

    def skipToken(self, state: StateInline) -> None:
        """Move behind one token without making it."""
        start = state.pos
        known = state.cache.get(start)
        if known is not None:
            state.pos = known
            return
        matched = False
        if state.level < state.md.options["maxNesting"]:
            for rule in self._rules_at(state.src[start]):
                state.level += 1  # bounds the recursion: no tokens are made here
                matched = rule(state, True)
                state.level -= 1
                if matched:
                    break
        else:
            state.pos = state.posMax
        if not matched:
            state.pos += 1
        state.cache[start] = state.pos

    def tokenize(self, state: StateInline) -> None:
        """Make the tokens of what is between the position of a state and its end."""
        deepest = state.md.options["maxNesting"]
        while state.pos < state.posMax:
            matched = False
            if state.level < deepest:
                for rule in self._rules_at(state.src[state.pos]):
                    matched = rule(state, False)
                    if matched:
                        break
            if not matched:
                state.append_pending(state.src[state.pos])
                state.pos += 1
        if state.pending:
            state.pushPending()

"""The parser of notes: CommonMark, the rules of other dialects, and budgets for hostile input.

With ``markdown.py`` the only importer of markdown-it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from linkify_it import LinkifyIt
from markdown_it import MarkdownIt, helpers
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from indexer.notes.links import (
    escape_alias_pipes,
    read_block_reference,
    read_odd_link,
    read_wikilink,
)
from indexer.notes.markdown import tables, time_budget
from indexer.notes.markdown.block_parser import BlockParser
from indexer.notes.markdown.closings import is_closed
from indexer.notes.markdown.inline_parser import InlineParser
from indexer.records import RawLink

# markdown-it silently drops deeper content; each level needs a few stack frames.
_MAX_NESTING = 100
_MAX_QUOTES = 12
_QUOTE_MARKS = re.compile(r">[> \t]*")
# A Liquid tag, a kramdown attribute list, or code of a template of Go: no text.
LIQUID = re.compile(r"\{%.{0,500}?%\}|\{:[^{}\n]*\}|\{\{-?\s*[$.(][^{}\n]*\}\}")
_MAX_LIQUID = 504

_InlineRule = Callable[[StateInline, bool], bool]


@functools.cache
def make_parser(*, html: bool) -> MarkdownIt:
    """Return the parser of notes, created once.

    :param html: True to recognise HTML, to extract its text; False to keep it as text.
    """
    return new_parser(html=html)


def new_parser(*, html: bool) -> MarkdownIt:
    """Return a new parser of notes, to which rules can be added.

    :param html: as for ``make_parser``.
    """
    options = {
        "html": html,
        "maxNesting": _MAX_NESTING,
        "linkify": True,
        "tasklists": True,
        "inline_definitions": True,
    }
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"])
    parser.inline = InlineParser(parser.inline.ruler, parser.inline.ruler2)
    parser.block = BlockParser(parser.block.ruler)
    if parser.linkify is not None:  # only addresses with a scheme are links
        parser.linkify = _BoundedLinkify()
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # links.py checks them
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]  # kept as written
    dollarmath_plugin(
        parser,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    formulas = next(rule for rule in parser.block.ruler.__rules__ if rule.name == "math_block")
    formulas.fn = _one_formula(formulas.fn)
    quote = next(rule for rule in parser.block.ruler.__rules__ if rule.name == "blockquote")
    quote.fn = _bounded_quote(quote.fn)
    footnote_plugin(parser, inline=False, move_to_end=False)
    inline = parser.inline.ruler
    parser.core.ruler.after("normalize", "alias_pipes", _alias_pipes_rule)
    inline.before("link", "wikilink", _own_link_rule(read_wikilink))
    inline.before("escape", "block_reference", _own_link_rule(read_block_reference))
    inline.after("image", "odd_link", _own_link_rule(read_odd_link))
    inline.before("escape", "liquid", _liquid_rule)
    inline.at("linkify", _bounded_linkify(find_rule(inline, "linkify")))
    inline.at("footnote_ref", _bounded_footnote(find_rule(inline, "footnote_ref")))
    parser.helpers = _BoundedHelpers()  # type: ignore[assignment]
    tables.install(parser)
    time_budget.install(parser)
    for name in ("backticks", "link", "image", "html_inline", "math_inline"):
        inline.at(name, _keeping_source(find_rule(inline, name)))
    return parser


def find_rule(ruler: Any, name: str) -> Any:
    """Return the function of a rule by its name."""
    rule: Any = next(rule.fn for rule in ruler.__rules__ if rule.name == name)
    return rule


class _BoundedHelpers:
    """The parser's helpers, with a budget for the search of the end of a link's text.

    For each opening bracket, markdown-it-py 4.3 searches the closing one to the end of the block:
    100 KB of brackets took 9 s. When a block has used its budget, it gets no more links, but keeps
    its text.
    """

    parseLinkTitle = staticmethod(helpers.parseLinkTitle)

    @staticmethod
    def parseLinkDestination(string: str, pos: int, maximum: int) -> Any:
        """Return the end of a link's target, quickly even with too many brackets."""
        if _TOO_MANY_BRACKETS.match(string, pos, maximum):
            return helpers.parseLinkDestination("", 0, 0)
        return helpers.parseLinkDestination(string, pos, maximum)

    @staticmethod
    def parseLinkLabel(
        state: StateInline,
        start: int,
        disableNested: bool = False,
    ) -> int:
        """Return the end of a link's text, -1 if there is none."""
        if not _spend(state, _LABEL_BUDGET, 0):
            return -1
        end = helpers.parseLinkLabel(state, start, disableNested)
        _spend(state, _LABEL_BUDGET, (end if end >= 0 else state.posMax) - start)
        return end


# markdown-it gives up at this depth of brackets in a target (CommonMark requires at least 3).
_MAX_BRACKETS = 32
_TOO_MANY_BRACKETS = re.compile(
    rf"(?:(?:[^\x00-\x20\x7f()\\]++|\\[^ ])*+\(){{{_MAX_BRACKETS + 1}}}"
)


# The key of a block's remaining search budget in characters; other keys are positions.
_LABEL_BUDGET, _ADDRESS_BUDGET = -1, -2
_MIN_BUDGET, _BUDGET_PER_CHAR = 100_000, 32


def _spend(state: StateInline, budget: int, chars: int) -> bool:
    """Use a part of a block's budget, and return whether any budget was left."""
    left = state.cache.get(budget, _MIN_BUDGET + _BUDGET_PER_CHAR * state.posMax)
    state.cache[budget] = left - chars
    return left > 0


# Longer addresses and footnote labels are not recognised.
_MAX_ADDRESS_CHARS, _MAX_FOOTNOTE_CHARS = 2_000, 200
_TOO_LONG = re.compile(rf"(?<!\S)\S{{{_MAX_ADDRESS_CHARS + 1},}}+")
_NO_BLANK = re.compile(rf"\S{{0,{_MAX_ADDRESS_CHARS + 1}}}+")


def _bounded_linkify(rule: _InlineRule) -> _InlineRule:
    """Wrap the rule for bare addresses with a search budget.

    The rule searches all text before an address, and the end of each bracket in it.
    """

    def bounded(state: StateInline, silent: bool) -> bool:
        if not state.src.startswith("://", state.pos):
            return False
        found = _NO_BLANK.match(state.src, state.pos)
        chars = found.end() - state.pos if found else 0
        if not _spend(state, _ADDRESS_BUDGET, len(state.pending) + chars):
            return False
        return chars <= _MAX_ADDRESS_CHARS and rule(state, silent)

    return bounded


class _BoundedLinkify(LinkifyIt):  # type: ignore[misc]
    """Finds bare addresses in text, except those that are too long."""

    def pretest(self, text: str) -> bool:
        """Return whether a text may hold an address: the usual test takes a quarter of reading."""
        return "//" in text or "mailto:" in text.lower()

    def test(self, text: str) -> bool:
        """Return whether a text holds an address."""
        return self.pretest(text) and bool(super().test(text))

    def match(self, text: str) -> list[Any] | None:
        """Return the addresses in a text."""
        blanked = _TOO_LONG.sub(lambda found: " " * len(found[0]), text)
        found: list[Any] | None = super().match(blanked)
        return found


def _bounded_footnote(rule: _InlineRule) -> _InlineRule:
    """Wrap the rule for footnotes with a limited search for the end of a label."""

    def bounded(state: StateInline, silent: bool) -> bool:
        start = state.pos + 2
        if not state.src.startswith("[^", state.pos):
            return False
        return state.src.find("]", start, start + _MAX_FOOTNOTE_CHARS) >= 0 and rule(state, silent)

    return bounded


def _keeping_source(rule: _InlineRule) -> _InlineRule:
    """Wrap a rule to store the source of its last token, since tokens have no inline positions."""

    def keeping(state: StateInline, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        matched = rule(state, silent)
        if matched and len(state.tokens) > before:
            state.tokens[-1].meta["source"] = state.src[start : state.pos]
        return matched

    return keeping


def _one_formula(rule: Any) -> Any:
    """Return the rule of formulas on their own lines without lines that hold several of them.

    mdit-py-plugins 0.7.0 takes ``$$a$$, and $$b$$`` for one formula.
    """

    def checked(state: Any, start: int, end: int, silent: bool) -> bool:
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].rstrip()
        if line.startswith("$$") and "$$" in line[2:].removesuffix("$$"):
            return False
        return bool(rule(state, start, end, silent))

    return checked


def _bounded_quote(rule: Any) -> Any:
    """Return the rule of quotes with a limit of quotes in each other: deeper marks are skipped.

    A line below a quote may continue a paragraph in it, so each quote around it asks all rules.
    """

    def bounded(state: Any, start: int, end: int, silent: bool) -> bool:
        if state.quotes >= _MAX_QUOTES:
            _skip_marks(state, start)
            return False
        state.quotes += 1
        try:
            return bool(rule(state, start, end, silent))
        finally:
            state.quotes -= 1

    return bounded


def _skip_marks(state: Any, line: int) -> None:
    """Let a line begin behind its marks of quotes, if something follows them."""
    begin, end = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    found = _QUOTE_MARKS.match(state.src, begin, end)
    if found and found.end() < end and not state.is_code_block(line):
        state.bMarks[line], state.tShift[line] = found.end(), 0


def _alias_pipes_rule(state: StateCore) -> None:
    state.src = escape_alias_pipes(state.src)


def _own_link_rule(read: Callable[[str, int, int], tuple[RawLink, int] | None]) -> _InlineRule:
    """Return a rule that creates one token for a link CommonMark does not know."""

    def rule(state: StateInline, silent: bool) -> bool:
        found = read(state.src, state.pos, state.posMax)
        if found is None:
            return False
        if not silent:
            token = state.push("own_link", "", 0)
            token.content, token.meta["link"] = found[0].text, found[0]
            token.meta["source"] = state.src[state.pos : found[1]]
        state.pos = found[1]
        return True

    return rule


def _liquid_rule(state: StateInline, silent: bool) -> bool:
    """Skip a Liquid tag or a kramdown attribute list, which are not text."""
    here = state.pos
    if state.src.startswith("{%", here) and not is_closed(state, "%}", here + 2, _MAX_LIQUID):
        return False
    found = state.src[here] == "{" and LIQUID.match(state.src, here, state.posMax)
    if not found:
        return False
    state.pos = found.end()
    return True

"""The parser for reading, which separates text from marks for programs in every dialect.

It uses the dialect rules of the page (``display``) and adds rules for tags, definition lists, and
marks that are not text.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.deflist import deflist_plugin

from indexer.notes.markdown.closings import is_closed
from indexer.notes.markdown.display import with_dialects
from indexer.notes.markdown.parser import new_parser
from indexer.notes.tags import read_tag_at

_TEMPLATER = re.compile(r"<%.{0,4000}?%>", re.DOTALL)
_MAX_TEMPLATER = 4_004
_MODULE_LINE = re.compile(
    r"import\s+(?:[\w*{][^'\"\n]*?\s+from\s+)?['\"][^'\"\n]+['\"];?\s*$"
    r"|import\s+\{\s*$|export\s+(?:const|let|var|default|function|async)\s"
)
_MODULE_OPEN = re.compile(r"import\s+(?:[\w*]+\s*,\s*)?\{[^}]*$")
# {.class #id key="value"} after its element, and {max-width: 100px} of Dendron.
# Without giving back: the ways to cut ".a.a.a" grow with a power of its length.
_ATTRIBUTES = re.compile(
    r"\{:?(?:\s*+(?:[.#][\w:.-]++|[\w-]++=(?:\"[^\"\n]*+\"|'[^'\n]*+'|[^\s{}\"']++)"
    r"|[\w-]++:\s*+(?:[.%# ]++|[\w-]++(?!\s*+[:=]))++[;,]?))++\s*+\}"
)
_ATTRIBUTES_FOLLOW = frozenset(')]*_`:}"~')
_ICON = re.compile(r":(?:material|fontawesome|octicons|simple|fas?|far|fab|bi|mdi)-[\w-]+:")


@functools.cache
def reading_parser() -> MarkdownIt:
    """Return the parser for reading, created once."""
    parser = with_dialects(new_parser(html=True), {"i": _module, "e": _module})
    deflist_plugin(parser)
    inline = parser.inline.ruler
    inline.disable("bracket_math")  # keep the source, which users can type
    inline.before("wikilink", "tag", _tag)
    inline.before("tag", "templater", read_templater)
    inline.before("shortcode", "attributes", read_attributes)
    inline.before("attributes", "icon", read_icon)
    return parser


def _tag(state: StateInline, silent: bool) -> bool:
    """Create a token for a tag; code and addresses contain no tags."""
    if state.src[state.pos] != "#" or _is_attribute(state):
        return False
    found = read_tag_at(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("tag", "", 0)
        token.content, token.meta["tag"] = f"#{found[0]}", found[0]
    state.pos = found[1]
    return True


def _is_attribute(state: StateInline) -> bool:
    """Return whether a position is within attributes: the id of a heading is no tag."""
    cache: dict[Any, Any] = state.cache  # a line may have thousands of tags behind one brace
    searched, end = cache.get("{", (0, -1))
    if state.pos < searched:
        searched, end = 0, -1
    start = state.src.rfind("{", searched, state.pos)
    if start >= 0:
        found = _ATTRIBUTES.match(state.src, start)
        end = found.end() if found else -1
    cache["{"] = state.pos, end
    return bool(end > state.pos)


def read_templater(state: StateInline, silent: bool) -> bool:
    """Skip a template command: ``<% tp.date.now() %>``."""
    here = state.pos
    return (
        state.src.startswith("<%", here)
        and is_closed(state, "%>", here + 2, _MAX_TEMPLATER)
        and _pass(state, _TEMPLATER)
    )


def read_attributes(state: StateInline, silent: bool) -> bool:
    """Skip attributes right after their element."""
    if state.src[state.pos] != "{" or not state.pos:
        return False
    before, start = state.src[state.pos - 1], state.pos
    found = _ATTRIBUTES.match(state.src, start, state.posMax)
    if not found or before not in _ATTRIBUTES_FOLLOW:
        return False
    if before == "]" and not silent and "[" in state.pending:  # a span of Pandoc
        words, _, span = state.pending.rpartition("[")
        state.pending = words + span[:-1]
    state.pos = found.end()
    return True


def read_icon(state: StateInline, silent: bool) -> bool:
    """Skip the name of an icon: ``:material-check:``."""
    return state.src[state.pos] == ":" and _pass(state, _ICON)


def _pass(state: StateInline, pattern: re.Pattern[str]) -> bool:
    found = pattern.match(state.src, state.pos, state.posMax)
    if found:
        state.pos = found.end()
    return bool(found)


def _module(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """Skip the ``import`` and ``export`` statements of MDX, to their last line."""
    if state.blkIndent or state.sCount[startLine] or state.parentType not in ("root", "paragraph"):
        return False
    text = state.src[state.bMarks[startLine] : state.eMarks[startLine]]
    if not _MODULE_LINE.match(text) and not _MODULE_OPEN.match(text):
        return False
    if silent:
        return True
    line, depth = startLine, _open_braces(text)
    while depth > 0 and line + 1 < endLine:
        line += 1
        depth += _open_braces(state.src[state.bMarks[line] : state.eMarks[line]])
    token = state.push("module", "", 0)
    token.map = [startLine, line + 1]
    state.line = line + 1
    return True


def _open_braces(text: str) -> int:
    return sum(text.count(c) for c in "{[(") - sum(text.count(c) for c in "}])")

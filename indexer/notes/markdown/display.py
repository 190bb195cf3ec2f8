"""The parser for display, with the syntax that note editors draw and CommonMark lacks.

Its rules make tokens, which `render` draws. Line numbers stay those of the note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.container import container_plugin

from indexer.notes.markdown.closings import is_closed
from indexer.notes.markdown.parser import find_rule
from indexer.notes.markdown.shortcodes import (
    CLOSINGS,
    MAX_CHARS,
    Meaning,
    Shortcode,
    read_shortcode,
)

BlockRule = Callable[[StateBlock, int, int, bool], bool]
"""A rule for blocks: state, first line, line behind the last, and whether it is only a question."""
_COMMENT = re.compile(r"%%.*?%%", re.DOTALL)
_MARKED = re.compile(r"==(?![=\s])((?:[^=\n]|=(?!=)){1,500}?)(?<!\s)==(?!=)")
_BRACKETS = re.compile(r"\\\((.{1,2000}?)\\\)|\\\[(.{1,2000}?)\\\]", re.DOTALL)
_CLOSING_BRACKET = {"\\(": "\\)", "\\[": "\\]"}
_MAX_BRACKETS = 2_004
_IS_MATH = re.compile(r"[\\^_={}<>+]|^\s*[A-Za-z]\s*$")
_ADMONITION = re.compile(
    r"(!!!|\?\?\?\+?|===[!+]*)[ \t]+((?:[\w-]+(?:[ \t]+[\w-]+)*)?(?:[ \t]*\".*\")?)[ \t]*$"
)
_CODE_INDENT = 4
_MAX_FORMULA_LINES = 300
_MAX_CONTAINERS = 24


def with_dialects(parser: MarkdownIt, more: Mapping[str, BlockRule] | None = None) -> MarkdownIt:
    """Return a parser with the rules of all dialects added.

    :param parser: from ``new_parser``.
    :param more: further rules for blocks, each by the first character of its blocks.
    """
    amsmath_plugin(parser)
    container_plugin(parser, "callout", validate=lambda params, *rest: bool(params.strip()))
    inline = parser.inline.ruler
    inline.before("liquid", "bracket_math", _bracket_math)
    inline.before("bracket_math", "shortcode", _shortcode)
    inline.before("shortcode", "note_comment", _comment)
    inline.before("note_comment", "highlight", _highlight)
    _add_block_rules(parser, more or {})
    return parser


def _add_block_rules(parser: MarkdownIt, more: Mapping[str, BlockRule]) -> None:
    """Add the rules for blocks as one, which knows them by their first character.

    Each line of a note asks each rule, often twice: eight more rules took a fifth of reading.
    """
    ruler = parser.block.ruler
    plugins = ("amsmath", "container_callout")
    environment, container = (find_rule(ruler, name) for name in plugins)
    ruler.disable(plugins)
    by_first: dict[str, tuple[BlockRule, ...]] = {
        "%": (_comment_block,),
        "{": (_shortcode_block,),
        "$": (_formula_block,),
        "\\": (_environment_rule(environment),),
        ":": (_bounded_container(container),),
        **dict.fromkeys("!?=", (_admonition,)),
        **{first: (rule,) for first, rule in more.items()},
    }

    def rule(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
        begin = state.bMarks[startLine] + state.tShift[startLine]
        for one in by_first.get(state.src[begin : begin + 1], ()):
            if one(state, startLine, endLine, silent):
                return True
        return False

    interrupting: Any = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    ruler.before("fence", "dialects", rule, interrupting)


def _environment_rule(rule: BlockRule) -> BlockRule:
    """Return the rule of LaTeX environments, asked only where one can begin."""

    def checked(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
        begin = state.bMarks[startLine] + state.tShift[startLine]
        can_begin = state.src.startswith("\\begin{", begin)
        return can_begin and rule(state, startLine, endLine, silent)

    return checked


def _bounded_container(rule: BlockRule) -> BlockRule:
    """Return the rule of containers; one that is nested too deep is text.

    Each is searched for its end.
    """

    def bounded(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
        return state.level < _MAX_CONTAINERS and rule(state, startLine, endLine, silent)

    return bounded


# --- inline -------------------------------------------------------------------------------------


def _comment(state: StateInline, silent: bool) -> bool:
    found = state.src[state.pos] == "%" and _COMMENT.match(state.src, state.pos, state.posMax)
    if not found or (state.pos and state.src[state.pos - 1].isalnum()):  # "5%% and 7%%"
        return False
    if not silent:
        token = state.push("note_comment", "", 0)
        token.hidden, token.meta["source"] = True, found.group()
    state.pos = found.end()
    return True


def _highlight(state: StateInline, silent: bool) -> bool:
    found = state.src[state.pos] == "=" and _MARKED.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        end, state.posMax = state.posMax, found.end(1)
        state.pos = found.start(1)
        state.push("mark_open", "mark", 1)
        state.md.inline.tokenize(state)
        state.push("mark_close", "mark", -1)
        state.posMax = end
    state.pos = found.end()
    return True


def _bracket_math(state: StateInline, silent: bool) -> bool:
    r"""Read ``\(x\)`` and ``\[x\]`` if the text between them looks like mathematics."""
    closing = _CLOSING_BRACKET.get(state.src[state.pos : state.pos + 2])
    # The search is far quicker than the pattern, which decides.
    if not closing or not is_closed(state, closing, state.pos, _MAX_BRACKETS):
        return False
    found = _BRACKETS.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    inner = found.group(1) or found.group(2)
    if not _IS_MATH.search(inner):
        return False
    if not silent:
        kind = "math_inline" if found.group(1) else "math_inline_double"
        token = state.push(kind, "math", 0)
        token.content, token.markup = inner, "$" if found.group(1) else "$$"
    state.pos = found.end()
    return True


def _shortcode(state: StateInline, silent: bool) -> bool:
    closing = CLOSINGS.get(state.src[state.pos : state.pos + 2])
    if not closing or not is_closed(state, closing, state.pos + 2, MAX_CHARS):
        return False
    found = read_shortcode(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("shortcode", "", 0).meta["shortcode"] = found
    state.pos += len(found.source)
    return True


# --- blocks -------------------------------------------------------------------------------------


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _is_code(state: StateBlock, line: int) -> bool:
    return bool(state.sCount[line] - state.blkIndent >= _CODE_INDENT)


def _comment_block(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """Skip an Obsidian comment of several lines."""
    text = _line(state, startLine)
    if not text.startswith("%%") or "%%" in text[2:] or _is_code(state, startLine):
        return False
    line = _first_below(
        state, "comment", startLine, endLine, lambda at: _line(state, at).rstrip().endswith("%%")
    )
    if line is None:
        return False
    if not silent:
        token = state.push("note_comment", "", 0)
        token.hidden, token.map = True, [startLine, line + 1]
        state.line = line + 1
    return True


def _first_below(
    state: StateBlock, what: str, start: int, end: int, is_wanted: Callable[[int], bool]
) -> int | None:
    """Return the first wanted line below another, None if there is none.

    A search that found none is not made again from a line below: many things may be opened and
    never closed.
    """
    vain: dict[tuple[str, int, int], int] = state.env.setdefault("searched_in_vain", {})
    key = what, state.level, end
    if vain.get(key, end) <= start:
        return None
    for line in range(start + 1, end):
        if is_wanted(line):
            return line
    vain[key] = start
    return None


def _shortcode_block(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """Read a shortcode on its own lines; code in it is kept as written."""
    begin = state.bMarks[startLine] + state.tShift[startLine]
    if state.src[begin : begin + 1] != "{" or _is_code(state, startLine):
        return False
    end = state.eMarks[endLine - 1]
    found = read_shortcode(state.src, begin, end)
    if found is None:
        return False
    stop = begin + len(found.source)
    last = next(line for line in range(startLine, endLine) if stop <= state.eMarks[line])
    if state.src[stop : state.eMarks[last]].strip():
        return False
    if silent:
        return True
    below = _line(state, last + 1).lstrip() if last + 1 < endLine else ""
    fenced = below.startswith(("```", "~~~"))  # GitBook: the code has its own marks
    if found.meaning is Meaning.VERBATIM and not found.closes and not fenced:
        closed = _find_close(state, found, last + 1, endLine)
        if closed is not None:
            token = state.push("fence", "code", 0)
            token.info = "math" if found.name in ("katex", "math", "latex") else found.first
            token.info = "mermaid" if found.name == "mermaid" else token.info
            token.content = state.getLines(last + 1, closed, state.blkIndent, True)
            token.map = [startLine, closed + 1]
            state.line = closed + 1
            return True
    token = state.push("shortcode_block", "", 0)
    token.meta["shortcode"] = found
    token.map = [startLine, last + 1]
    state.line = last + 1
    return True


def _find_close(state: StateBlock, code: Shortcode, start: int, end: int) -> int | None:
    def closes(line: int) -> bool:
        begin = state.bMarks[line] + state.tShift[line]
        found = read_shortcode(state.src, begin, state.eMarks[line])
        return found is not None and found.closes and found.name == code.name

    return _first_below(state, f"end of {code.name}", start - 1, end, closes)


def _formula_block(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """Read ``$$ ... $$`` on its own lines; it may contain blank lines and end a paragraph."""
    text = _line(state, startLine).rstrip()
    if not text.startswith("$$") or _is_code(state, startLine):
        return False
    if "$$" in text[2:]:
        if not text.endswith("$$") or "$$" in text[2:-2] or len(text) < 5:
            return False
        last, content = startLine, text[2:-2]
    else:
        last = startLine + 1
        limit = min(endLine, startLine + _MAX_FORMULA_LINES)
        while last < limit and "$$" not in _line(state, last):
            last += 1
        if last == limit or not _line(state, last).rstrip().endswith("$$"):
            return False
        rows = [text[2:], *(_line(state, line) for line in range(startLine + 1, last + 1))]
        content = "\n".join(rows).rstrip().removesuffix("$$")
    if "$$" in content:
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.content, token.markup, token.block = content.strip(), "$$", True
        token.map = [startLine, last + 1]
        state.line = last + 1
    return True


def _admonition(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """Read an admonition or a tab of MkDocs: an opening line, then indented lines."""
    found = not _is_code(state, startLine) and _ADMONITION.match(_line(state, startLine))
    named = found and found.group(2)
    if not found or not named or (found.group(1).startswith("=") and '"' not in named):
        return False
    if silent:
        return True
    indent, last, line = state.sCount[startLine] + _CODE_INDENT, startLine, startLine + 1
    while line < endLine and (state.isEmpty(line) or state.sCount[line] >= indent):
        last = line if not state.isEmpty(line) else last
        line += 1
    token = state.push("admonition_open", "div", 1)
    token.markup, token.info, token.block = found.group(1), found.group(2).strip(), True
    token.map = [startLine, last + 1]
    kept: tuple[Any, ...] = (state.lineMax, state.blkIndent, state.parentType)
    state.lineMax, state.blkIndent, state.parentType = last + 1, indent, "root"
    state.md.block.tokenize(state, startLine + 1, last + 1)
    state.lineMax, state.blkIndent, state.parentType = kept
    close = state.push("admonition_close", "div", -1)
    close.markup, close.block = found.group(1), True
    state.line = last + 1
    return True

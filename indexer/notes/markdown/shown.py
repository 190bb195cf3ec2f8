"""What only the page draws: blocks of org, admonitions in fences, references to blocks.

The lines that other tools write in their own way become lines that the display parser draws. A line
stays where it is, so line numbers are those of the note.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.deflist import deflist_plugin

from indexer.notes.markdown.abbreviations import with_abbreviations
from indexer.notes.markdown.callouts import fenced_callout
from indexer.notes.markdown.closings import LineSearch
from indexer.notes.markdown.display import with_dialects
from indexer.notes.markdown.parser import new_parser
from indexer.notes.markdown.reading import read_attributes, read_icon, read_templater
from indexer.notes.markdown.source import clean_source, next_fence
from indexer.notes.markdown.tables import ROW, html_of_row

_FENCE = re.compile(r"[\s>]*(?:(?:[-*+]|\d+[.)])\s+)*(`{3,}|~{3,})(.*)$")
_ORG = re.compile(r"^(\s*(?:[-*+]\s+)?)#\+BEGIN_([A-Z]+)\b[ \t]*(.*)$", re.IGNORECASE)
_ORG_LINE = re.compile(r"^\s*#\+(?:TITLE|AUTHOR|DATE|FILETAGS|STARTUP|OPTIONS|PROPERTY):")
_QUERY_TITLE = re.compile(r':title\s+"([^"\n]*)"')
# The admonition plugin of Obsidian, and MyST: ```ad-note, ```{warning} Title
_CALLOUT_FENCE = re.compile(
    r"^(\s*(?:[-*+]\s+)?)(`{3,}|~{3,})\s*(?:ad-([\w-]+)|\{([A-Za-z][\w-]*)\}[ \t]*+(.*\S|))\s*$"
)
_FENCE_OPTION = re.compile(
    r"^\s*(?:(title|collapse|icon|color)|:(class|name|open)):\s*+(.*\S|)\s*$"
)
# Just the Docs writes the kind above a quote or a paragraph, Chirpy below the quote.
_KIND_LINE = re.compile(r"^\{:\s*\.(?:prompt-)?([a-z]+)(?:-title)?\s*\}\s*$")
_KRAMDOWN_KINDS = frozenset("note tip info warning danger important caution highlight".split())
# A block of any note, which Logseq shows in its place; code keeps it.
_REFERENCE = re.compile(
    r"(?<!embed )(?<!`)\(\([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\)\)"
)
_FOOTNOTE = re.compile(r"\^\[((?:[^\[\]\n]|\[[^\[\]\n]*\]){1,1000})\]")
# H~2~O, 10^th^, and ++inserted words++ or ++ctrl+c++ (pymdownx).
_SMALL = re.compile(r"([~^])([^\s~^\[\]]{1,30})\1(?![~^])")
_INSERTED = re.compile(r"\+\+(?![\s+])([^+\n]{1,500}?)(?<!\s)\+\+(?!\+)")
_KEYS = re.compile(
    r"\+\+((?:ctrl|alt|shift|cmd|meta|win|option|enter|esc|escape|tab|space|del|delete|home|end|insert"
    r"|backspace|page-(?:up|down)|arrow-\w+|up|down|left|right|f\d\d?)(?:\+[\w-]+)*)\+\+(?!\+)"
)
_MAX_BLOCK_LINES = 500
# An id at the end of a block (^name) or of a heading ({#name}), which only links read.
_MAX_ID_CHARS = 120
_ID = re.compile(r"(?:^|\s)\s*(?:\^[A-Za-z0-9-]+|\{:?\s*#[\w:.-]+\s*\})\s*$")


@functools.cache
def shown_parser() -> MarkdownIt:
    """Return the parser of the page, created once."""
    parser = with_dialects(new_parser(html=True))
    deflist_plugin(parser)
    inline = parser.inline.ruler
    inline.before("shortcode", "attributes", read_attributes)
    inline.before("attributes", "icon", read_icon)
    inline.before("icon", "templater", read_templater)
    inline.before("templater", "inline_footnote", _footnote)
    inline.before("strikethrough", "small_text", _small_text)
    inline.before("small_text", "inserted", _inserted)
    with_abbreviations(parser)
    rules: Any = parser.renderer.rules  # type: ignore[attr-defined]
    rules[ROW] = functools.partial(_draw_row, parser.renderer)
    return parser


def _draw_row(renderer: Any, tokens: Any, position: int, options: Any, env: Any) -> str:
    return html_of_row(
        tokens[position],
        _without_id,
        lambda cell: str(renderer.renderInline(cell.children or [], options, env)),
    )


# --- inline -------------------------------------------------------------------------------------


def _footnote(state: StateInline, silent: bool) -> bool:
    """Read ``^[words]``, which is drawn as an aside."""
    found = state.src[state.pos] == "^" and _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("inline_footnote", "", 0).content = found.group(1)
    state.pos = found.end()
    return True


def _small_text(state: StateInline, silent: bool) -> bool:
    """Read ``H~2~O`` and ``10^th^``, which follow a word."""
    found = state.src[state.pos] in "~^" and _SMALL.match(state.src, state.pos, state.posMax)
    if not found or not _follows(state, _ends_word):
        return False
    if not silent:
        _push(state, "sub" if found[1] == "~" else "sup", found[2])
    state.pos = found.end()
    return True


def _inserted(state: StateInline, silent: bool) -> bool:
    """Read ``++inserted words++``, and keys such as ``++ctrl+c++``; both follow no word."""
    if not state.src.startswith("++", state.pos) or _follows(state, _ends_plus):
        return False
    keys = _KEYS.match(state.src, state.pos, state.posMax)
    found = keys or _INSERTED.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        for i, text in enumerate(found[1].split("+") if keys else [found[1]]):
            if i:
                state.push("text", "", 0).content = "+"
            _push(state, "kbd" if keys else "ins", text)
    state.pos = found.end()
    return True


def _follows(state: StateInline, test: Callable[[str], bool]) -> bool:
    return state.pos > 0 and test(state.src[state.pos - 1])


def _ends_word(character: str) -> bool:
    return character.isalnum() or character in ")]"


def _ends_plus(character: str) -> bool:
    return character.isalnum() or character in "+_"


def _push(state: StateInline, name: str, text: str) -> None:
    state.push(f"{name}_open", name, 1)
    state.push("text", "", 0).content = text
    state.push(f"{name}_close", name, -1)


def hide_id(children: list[Any]) -> None:
    """Remove the id at the end of a block from its text.

    :param children: the inline tokens of the block.
    """
    last = children[-1]
    if last.type == "text" and last.content:
        last.content = _without_id(last.content)


def _without_id(text: str) -> str:
    if "^" not in text and "{" not in text:
        return text
    return text[:-_MAX_ID_CHARS] + _ID.sub("", text[-_MAX_ID_CHARS:])


# --- lines --------------------------------------------------------------------------------------


def shown_source(body: str, *, drawing: bool = False) -> str:
    r"""Return the body of a note with the lines of other tools as the display parser draws them.

    :param body: Markdown, lines ended by ``\n``; their number does not change.
    :param drawing: True for an Excalidraw drawing.
    """
    lines = body.split("\n")
    fence, at, search = "", 0, LineSearch(lines)
    while at < len(lines):
        line = lines[at]
        next_line = 0 if fence else _rewrite(lines, at, search)
        if not next_line and (marks := _FENCE.match(line)):
            fence = next_fence(fence, marks.group(1), marks.group(2))
        at = next_line or at + 1
    return clean_source("\n".join(lines), drawing=drawing, shown=True)


def _rewrite(lines: list[str], at: int, search: LineSearch) -> int:
    """Rewrite the block that begins on a line; return the line to go on with, 0 for no block."""
    line = lines[at]
    if "#+" in line:
        if found := _ORG.match(line):
            return _org_block(lines, at, found, search)
        if _ORG_LINE.match(line):
            lines[at] = ""
    elif ("`" in line or "~" in line) and (found := _CALLOUT_FENCE.match(line)):
        return _callout_fence(lines, at, found, search)
    elif "((" in line:
        lines[at] = _REFERENCE.sub(r"{{embed \g<0>}}", line)
    elif line.startswith("{:") and (found := _KIND_LINE.match(line)):
        _kramdown_callout(lines, at, found.group(1))
    return 0


def _org_block(lines: list[str], at: int, found: re.Match[str], search: LineSearch) -> int:
    before, kind, rest = found[1], found[2].upper(), found[3].strip()
    close = re.compile(rf"^(\s*)#\+END_{kind}\b", re.IGNORECASE)
    end = search.find(kind, at + 1, at + 1 + _MAX_BLOCK_LINES, close.match)
    if end < 0:
        return 0
    indent = " " * len(before.expandtabs(4))
    inner = lines[at + 1 : end]
    if kind in ("SRC", "EXAMPLE", "EXPORT"):
        lines[at], lines[end] = f"{before}```{rest.split(' ')[0]}", f"{indent}```"
        return end + 1
    if kind == "COMMENT":
        lines[at : end + 1] = [before.rstrip(), *[""] * (end - at)]
    elif kind == "QUERY":
        title = _QUERY_TITLE.search("\n".join(inner))
        shown = f' title="{title[1]}"' if title else ""
        lines[at : end + 1] = [f"{before}{{{{query{shown}}}}}", *[""] * (end - at)]
    elif kind in ("QUOTE", "VERSE"):
        kept = "  " if kind == "VERSE" else ""  # where the lines of a poem break
        quoted = [f"{indent}> {line.strip()}{kept}" for line in inner]
        lines[at : end + 1] = [f"{before}>", *quoted, f"{indent}>"]
    else:
        name = kind.lower() if fenced_callout(kind.lower()) else "note"
        shown = "center" if kind == "CENTER" else f"{name} {kind.capitalize()}"
        lines[at], lines[end] = f"{before}::: {shown}", f"{indent}:::"
        return at + 1  # what is within may hold further blocks
    return end + 1


def _callout_fence(lines: list[str], at: int, found: re.Match[str], search: LineSearch) -> int:
    before, marks, plugin, directive, title = found.groups()
    name = (plugin or directive).lower()
    if not plugin and fenced_callout(name) is None:
        return 0  # ```{code-cell}, ```{figure}
    stop = at + 1 + _MAX_BLOCK_LINES
    end = search.find(marks, at + 1, stop, lambda line: line.strip() == marks)
    if end < 0:
        return 0
    kind = name if fenced_callout(name) else "note"
    title = title or ("" if kind == name else name.replace("-", " ").capitalize())
    row = at + 1
    while row < end and (option := _FENCE_OPTION.match(lines[row])):
        title = option[3] if option[1] == "title" else title
        lines[row] = ""
        row += 1
    colons = ":" * len(marks)
    lines[at] = f"{before}{colons} {kind} {title or ''}".rstrip()
    lines[end] = " " * len(before.expandtabs(4)) + colons
    return row


def _kramdown_callout(lines: list[str], at: int, kind: str) -> None:
    """Make a callout of the quote or the paragraph that ``{: .note }`` is written at."""
    if kind not in _KRAMDOWN_KINDS:
        return
    below = at + 1
    if below < len(lines) and lines[below].strip():
        lines[at] = f"> [!{kind}]"
        while below < len(lines) and lines[below].strip() and below - at < _MAX_BLOCK_LINES:
            if not lines[below].startswith(">"):
                lines[below] = f"> {lines[below]}"
            below += 1
        return
    above = at
    while above and lines[above - 1].startswith(">") and at - above < _MAX_BLOCK_LINES:
        above -= 1
    if above < at and not lines[above].startswith("> [!"):
        lines[above : at + 1] = [f"> [!{kind}]", *lines[above:at]]

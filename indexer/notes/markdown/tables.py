"""Read tables with one token for each row.

markdown-it makes three tokens for each cell. A table of 200 KB can have 130,000 cells, many of them
empty, so these tokens took most of the time of such a note.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml, mdTrim
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from indexer.notes.markdown.block_parser import new_token
from indexer.notes.markdown.inline_parser import is_plain

ROW = "table_row"
"""The type of a token for a row.

``meta["cells"]`` has its cells: a string for plain text, or else a token of type ``inline``, which
is in ``meta["marked"]`` too. ``meta["align"]`` has the alignment of each column. ``tag`` is ``th``
in the header row, ``td`` in others.
"""
Cell = str | Token

# Cells that are added to short rows, as in markdown-it: a table ends with more of them.
_MAX_ADDED_CELLS = 65_536
_IN_RULE = "|-: \t"
_RULE_CELL = re.compile(r":?-+:?")
_CELL_END = re.compile(r"(?<!\\)\|")
_ADDRESS = re.compile(r"//|mailto:", re.IGNORECASE)


def install(parser: MarkdownIt) -> None:
    """Make a parser read tables with one token for each row.

    :param parser: of markdown-it; the rules that follow find inline tokens by ``inline_tokens``.
    """
    interrupting: Any = {"alt": ["paragraph", "reference"]}
    parser.block.ruler.at("table", _table, interrupting)
    core = parser.core.ruler
    for rule in core.__rules__:
        if rule.name in ("linkify", "text_join"):
            core.at(rule.name, _on_inline_tokens(rule.fn))


def inline_tokens(tokens: Iterable[Token]) -> Iterator[Token]:
    """Return the tokens with inline content, also those in cells, in the order of the note.

    :param tokens: of a parsed note.
    """
    for token in tokens:
        if token.type == "inline":
            yield token
        elif token.type == ROW:
            yield from token.meta["marked"]


def mark_cells(row: Token, is_wanted: Callable[[str], object]) -> None:
    """Turn cells of plain text into inline tokens.

    :param row: the token of a row.
    :param is_wanted: returns for the text of a cell whether to turn it.
    """
    cells = row.meta["cells"]
    for i, cell in enumerate(cells):
        if isinstance(cell, str) and cell and is_wanted(cell):
            text = new_token("text", "", 0)
            text.content, text.block = cell, False
            cells[i] = _inline_token(cell, row)
            cells[i].children = [text]
    row.meta["marked"] = [cell for cell in cells if not isinstance(cell, str)]


def html_of_row(row: Token, text: Callable[[str], str], inline: Callable[[Token], str]) -> str:
    """Return a row as HTML.

    :param row: its token.
    :param text: returns what is shown of a cell of plain text.
    :param inline: returns the HTML of other cells.
    """
    line = row.map[0] + 1 if row.map else 1
    tag, opened = row.tag, _opening_tags(row.tag, row.meta["align"])
    cells = (
        (escapeHtml(text(cell)) if cell else "") if isinstance(cell, str) else inline(cell)
        for cell in row.meta["cells"]
    )
    shown = "".join(f"{start}{cell}</{tag}>\n" for start, cell in zip(opened, cells, strict=True))
    return f'<tr data-line-start="{line}" data-line-end="{line}">\n{shown}</tr>\n'


@functools.lru_cache(maxsize=8)
def _opening_tags(tag: str, align: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f'<{tag} data-align="{side}">' if side else f"<{tag}>" for side in align)


def _on_inline_tokens(rule: Callable[[StateCore], None]) -> Callable[[StateCore], None]:
    """Return a rule of the core that gets only the inline tokens, also those in cells."""

    def run(state: StateCore) -> None:
        tokens, state.tokens = state.tokens, list(inline_tokens(state.tokens))
        try:
            rule(state)
        finally:
            state.tokens = tokens

    return run


# --- the rule -----------------------------------------------------------------------------------


def _table(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """Read a table: a header row, a row of hyphens, and rows below them."""
    if startLine + 2 > endLine or not _may_be_rule(state, startLine + 1):
        return False
    align = _alignments(_line(state, startLine + 1))
    header = mdTrim(_line(state, startLine)) if align else ""
    if "|" not in header or state.is_code_block(startLine):
        return False
    cells = _cells(header)
    if len(cells) != len(align):
        return False
    if silent:
        return True
    kept, state.parentType = state.parentType, "table"
    table = state.push("table_open", "table", 1)
    head = state.push("thead_open", "thead", 1)
    head.map = [startLine, startLine + 1]
    _push_row(state, startLine, "th", cells, align)
    state.push("thead_close", "thead", -1)
    end = _read_rows(state, startLine + 2, endLine, align)
    state.push("table_close", "table", -1)
    table.map = [startLine, end]
    state.parentType, state.line = kept, end
    return True


def _may_be_rule(state: StateBlock, line: int) -> bool:
    start = state.bMarks[line] + state.tShift[line]
    return (
        state.src[start : start + 1] in ("|", "-", ":")
        and state.sCount[line] >= state.blkIndent
        and not state.is_code_block(line)
    )


def _read_rows(state: StateBlock, first: int, end: int, align: tuple[str, ...]) -> int:
    """Add the rows of a table, and return the line after the last one."""
    ending = state.md.block.ruler.getRules("blockquote")
    body: Token | None = None
    added = 0
    line = first
    while line < end and state.sCount[line] >= state.blkIndent:
        if any(rule(state, line, end, True) for rule in ending):
            break
        source = mdTrim(_line(state, line))
        if not source or state.is_code_block(line):
            break
        cells = _cells(source)
        added += len(align) - len(cells)
        if added > _MAX_ADDED_CELLS:
            break
        if body is None:
            body = state.push("tbody_open", "tbody", 1)
        _push_row(state, line, "td", cells, align)
        line += 1
    if body is not None:
        body.map = [first, line]
        state.push("tbody_close", "tbody", -1)
    return line


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _alignments(line: str) -> tuple[str, ...]:
    """Return the side of each column that a row of hyphens gives, nothing for other lines."""
    if len(line) < 2 or line.strip(_IN_RULE) or (line[0] == "-" and line[1] in " \t"):
        return ()
    names = _without_edges([name.strip(" \t") for name in line.split("|")])
    if not all(map(_RULE_CELL.fullmatch, names)):
        return ()
    return tuple(_side(name) for name in names)


def _side(name: str) -> str:
    if name.endswith(":"):
        return "center" if name.startswith(":") else "right"
    return "left" if name.startswith(":") else ""


def _cells(line: str) -> list[str]:
    """Return the cells of a trimmed row; an escaped pipe is text."""
    if "\\" not in line:
        return _without_edges(line.split("|"))
    return _without_edges([cell.replace("\\|", "|") for cell in _CELL_END.split(line)])


def _without_edges(cells: list[str]) -> list[str]:
    """Return cells without the empty ones that pipes at both edges of a row make."""
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return cells


def _push_row(
    state: StateBlock, line: int, tag: str, texts: list[str], align: tuple[str, ...]
) -> None:
    row = state.push(ROW, tag, 0)
    row.map = [line, line + 1]
    cells: list[Cell] = [_cell(mdTrim(text), row) if text else "" for text in texts[: len(align)]]
    if len(cells) < len(align):
        cells += [""] * (len(align) - len(cells))
    marked = [cell for cell in cells if not isinstance(cell, str)]
    row.meta.update(cells=cells, marked=marked, align=align)


def _cell(text: str, row: Token) -> Cell:
    return text if is_plain(text) and not _ADDRESS.search(text) else _inline_token(text, row)


def _inline_token(text: str, row: Token) -> Token:
    token = new_token("inline", "", 0)
    token.content, token.map, token.level = text, row.map, row.level + 2
    return token

"""Clean the lines of a note before parsing: remove data of programs, line by line.

A line without text becomes empty but is kept, so line numbers stay right.
"""

from __future__ import annotations

import re

from indexer.notes.markdown.closings import LineSearch
from indexer.notes.markdown.components import read_components
from indexer.notes.markdown.containers import with_containers
from indexer.notes.markdown.hidden import without_comments
from indexer.notes.markdown.marks import cells_of_grid, clean_marks, is_rule
from indexer.notes.markdown.noise import MIN_CODED_CHARS, coded_rows
from indexer.notes.markdown.other_marks import with_other_marks

_FENCE = re.compile(r"[\s>]*(?:(?:[-*+]|\d+[.)])\s+)*(`{3,}|~{3,})(.*)$")
# Metadata lines of Logseq and org, in a block or below it.
_BLOCK_PROPERTY = re.compile(
    r"(\s*[-*+])?\s+(?:id|collapsed|heading|background-color|ls-type|hl-\w+|logseq\.[\w.-]+|card-[\w-]+|template"
    r"|template-including-parent|created-at|updated-at|query-[\w-]+)::(?:\s+(.*))?$"
)
_PLANNING = re.compile(r"\s*(?:SCHEDULED|DEADLINE|CLOSED):\s*[<\[][^>\]]*[>\]]\s*$|\s*CLOCK:\s*\[")
_DRAWER = re.compile(r"\s*:(?:LOGBOOK|PROPERTIES):\s*$", re.IGNORECASE)
_DRAWER_END = re.compile(r"\s*:END:\s*$", re.IGNORECASE)
_MAX_DRAWER_LINES = 200
_ORG_BLOCK = re.compile(r"^(\s*(?:[-*+]\s+)?)#\+(?:BEGIN|END)_[A-Z]+.*$", re.IGNORECASE)
# Of these what stands within is code, or a query whose results are shown.
_ORG_CODE = re.compile(
    r"^(\s*(?:[-*+]\s+)?)#\+BEGIN_(SRC|EXAMPLE|EXPORT|QUERY)\b[ \t]*(\S*)", re.IGNORECASE
)
_MAX_ORG_LINES = 500
_CONTENTS_MARK = re.compile(
    r"\s*(?:\[\[?_?TOC_?\]?\]|\{:\s*toc.*\}|\$\{toc\}|@\[toc\].*|\{\{\s*toc\s*\}\})\s*$",
    re.IGNORECASE,
)
# An expression of MDX on a line of its own.
_JSX_VALUE = re.compile(r"\s*\{[A-Za-z]\w*(?:\.\w+)+\}\s*$")
_COMPONENT = re.compile(r"^[ \t]*</?[A-Z][\w.]*(?:[\s/>]|$)", re.MULTILINE)
_SIGNS_OF_COMMENTS = ("{/*", "/*", "comment", "{#", "raw")
_LABEL_OF_FORMULA = re.compile(r"(\$\$)\s*\{#[^{}\n]+\}\s*$")  # Quarto
# Kramdown makes a table of contents of a list with any one item.
_CONTENTS_LIST = re.compile(r"\s*\{:\s*toc\b.*\}\s*$", re.IGNORECASE)
_CONTENTS_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
# Pipes of a wikilink, a formula or code in a row of a table cut no cell.
_WHOLE_CELL_PART = re.compile(
    r"!?\[\[[^\[\]\n]*\]\]|(?<![\\$])\$[^$\n]+\$|(?<![\\`])`[^`\n]+`(?!`)"
)
_BARE_ALIAS = re.compile(r"\[\[([^\[\]|\\\n]+)\|([^\[\]|\n]+)\]\]")
_BARE_PIPE = re.compile(r"(?<!\\)\|")
# Excalidraw's headings, and its notice to open another view.
_DRAWING_PART = re.compile(
    r"(?:%%\s*)?#{1,2} (Excalidraw Data|Text Elements|Element Links|"
    r"Embedded Files|Drawing)\s*$"
)
_CONTENTS_STARTS = ("[", "{", "$", "@")
_RULE_STARTS = ("+", "|", "=", "-", ":")
_DRAWING_LINKS = ("Element Links", "Embedded Files")
_WIKILINK = re.compile(r"\[\[([^\[\]\n]+)\]\]")
_DRAWING_NOTICE = re.compile(r"==.{0,3}\s*Switch to EXCALIDRAW VIEW")
_DRAWING_MARK = re.compile(r"(?:%%)?\s*+(?:\^[\w-]++)?\s*+(?:%%)?$")
_JOPLIN_LINE = re.compile(r"[a-z_]+:(?: .*)?$")


def clean_source(body: str, *, drawing: bool = False, shown: bool = False) -> str:
    r"""Return a body without the lines that only programs read.

    :param body: Markdown, lines ended by ``\n``.
    :param drawing: True for an Excalidraw drawing.
    :param shown: True for the page, which draws components, containers and marks itself.
    """
    lines = body.split("\n")
    if drawing:
        lines = _words_of_drawing(lines)
    lines = _without_export_data(lines)
    if "#+" in body:
        lines = _with_fences(lines)
    if not shown and (":::" in body or "{" in body or "///" in body):
        lines = with_containers(lines)
    code = _code_lines(lines)
    lines = with_other_marks(lines, body, code.__getitem__, shown=shown)
    if "{" in body and any(sign in body for sign in _SIGNS_OF_COMMENTS):
        lines = without_comments(lines, code.__getitem__)
    if not shown and "<" in body and _COMPONENT.search(body):
        lines = read_components(lines, code.__getitem__)
    return "\n".join(_clean_lines(lines, code, shown=shown))


def _code_lines(lines: list[str]) -> list[bool]:
    """Return for each line whether it is a fence or in one."""
    code = [False] * len(lines)
    fence = ""
    for index, line in enumerate(lines):
        found = _FENCE.match(line) if "```" in line or "~~~" in line else None
        code[index] = bool(found or fence)
        if found:
            fence = next_fence(fence, found.group(1), found.group(2))
    return code


def _clean_lines(lines: list[str], code: list[bool], *, shown: bool) -> list[str]:
    """Return lines without drawers, data, rules of tables and marks of programs."""
    drawer, grid, search = 0, False, LineSearch(lines)
    long = any(len(line) >= MIN_CODED_CHARS and " " not in line for line in lines)
    data = coded_rows(lines) if long else ()
    for index, line in enumerate(lines):
        if (
            index
            and "{:" in line
            and _CONTENTS_LIST.match(line)
            and _CONTENTS_ITEM.match(lines[index - 1])
        ):
            lines[index - 1] = ""
        if code[index] or not line:
            grid = False
            continue
        if drawer:
            lines[index], drawer = "", 0 if _DRAWER_END.match(line) else drawer - 1
            continue
        if line[-1] == ":" and _DRAWER.match(line) and _has_end(search, index):
            lines[index], drawer = "", _MAX_DRAWER_LINES
            continue
        if shown:
            lines[index] = _clean_line(line, shown=True)
            continue
        if line.lstrip()[:1] in _RULE_STARTS and is_rule(line, lines[index - 1] if index else ""):
            lines[index], grid = "", "+" in line
            continue
        grid = grid and line.lstrip().startswith("|")
        if grid:
            lines[index] = cells_of_grid(line)
        elif index in data:
            lines[index] = ""
        else:
            lines[index] = _clean_line(line, shown=False)
    return lines


def _with_fences(lines: list[str]) -> list[str]:
    """Return lines with code between org's marks as a fence, and queries left out."""
    kept = list(lines)
    end = -1
    fence = ""
    search = LineSearch(lines)
    for index, line in enumerate(lines):
        marks = _FENCE.match(line)
        fence = next_fence(fence, marks.group(1), marks.group(2)) if marks else fence
        found = None if fence or index <= end else _ORG_CODE.match(line)
        if not found:
            continue
        before, kind, language = found.groups()
        close = re.compile(rf"\s*#\+END_{kind}\b", re.IGNORECASE)
        end = search.find(kind.upper(), index + 1, index + _MAX_ORG_LINES, close.match)
        if end < 0:
            continue
        kept[index], kept[end] = (
            f"{before}```{language}",
            f"{_indent_of_end(lines[end], before)}```",
        )
        if kind.upper() == "QUERY":
            kept[index : end + 1] = [before.rstrip(), *[""] * (end - index)]
    return kept


def _indent_of_end(line: str, before: str) -> str:
    """Return the blanks before the end of a block: its own, but at least those of its text."""
    own, least = line[: len(line) - len(line.lstrip())], before.expandtabs(4)
    return own if len(own.expandtabs(4)) >= len(least) else " " * len(least)


def next_fence(fence: str, marks: str, info: str) -> str:
    """Return the fence that is open after a line of marks, empty if none is.

    :param fence: the fence that was open before, or empty.
    :param marks: the backticks or tildes of the line.
    :param info: the text after them.
    """
    if not fence:
        return "" if marks[0] == "`" and "`" in info else marks
    return "" if marks.startswith(fence) and not info.strip() else fence


def _has_end(search: LineSearch, index: int) -> bool:
    return search.find(":END:", index + 1, index + _MAX_DRAWER_LINES, _DRAWER_END.match) >= 0


def _clean_line(line: str, *, shown: bool) -> str:
    """Return a cleaned line that is not code."""
    if "::" in line and (found := _BLOCK_PROPERTY.match(line)):
        return found.group(1) or ""
    if not shown and "{" in line and _JSX_VALUE.match(line):
        return ""
    if "$$" in line:
        line = _LABEL_OF_FORMULA.sub(r"\1", line)
    if "#+" in line:
        line = _ORG_BLOCK.sub(r"\1", line)
    if _is_setting(line):
        return ""
    if line.count("|") > 1 and line.lstrip().startswith("|"):
        return _WHOLE_CELL_PART.sub(_escape_pipes if shown else _cell_part, line)
    return line if shown else clean_marks(line)


def _is_setting(line: str) -> bool:
    """Return whether a line plans a task (``SCHEDULED:``) or stands for a table of contents."""
    if "ED:" in line or "LINE:" in line or "LOCK:" in line:
        return bool(_PLANNING.match(line))
    start = line.lstrip()[:1]
    return start in _CONTENTS_STARTS and bool(_CONTENTS_MARK.match(line))


def _cell_part(found: re.Match[str]) -> str:
    """Return a part of a cell with its pipes escaped.

    Obsidian cuts a wikilink at a pipe that is not escaped and shows both halves, so both are text.
    """
    part = found.group()
    link = _BARE_ALIAS.fullmatch(part)
    if link:
        name, alias = (half.strip() for half in link.groups())
        shown = name.partition("#")[0].rpartition("/")[2].removesuffix(".md")
        if shown.casefold() not in alias.casefold():
            return rf"[[{name}\|{alias}]] ({shown})"
    return _escape_pipes(found)


def _escape_pipes(found: re.Match[str]) -> str:
    return _BARE_PIPE.sub(r"\\|", found.group())


def _words_of_drawing(lines: list[str]) -> list[str]:
    """Return the lines of a drawing with only its text; data and marks are removed."""
    kept: list[str] = []
    part = ""
    for line in lines:
        found = _DRAWING_PART.match(line)
        part = found.group(1) if found else part
        words = part in ("", "Text Elements") and not found and not _DRAWING_NOTICE.match(line)
        linked = _WIKILINK.findall(line) if part in _DRAWING_LINKS else []
        if linked:
            kept.append(" ".join(f"![[{target}]]" for target in linked))
        else:
            kept.append(line if words and not _DRAWING_MARK.fullmatch(line) else "")
    # An element ends with its id; the next one is a new paragraph.
    return kept


def _without_export_data(lines: list[str]) -> list[str]:
    """Return lines without the values that Joplin writes at the end of a note."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    start = end
    while start and _JOPLIN_LINE.match(lines[start - 1]):
        start -= 1
    values = lines[start:end]
    if not any(line.startswith("type_: ") for line in values):
        return lines
    if not any(re.match(r"id: [0-9a-f]{32}$", line) for line in values):
        return lines
    return [*lines[:start], *[""] * (len(lines) - start)]

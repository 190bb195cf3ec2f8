"""Clean the lines of a note before parsing: remove data of programs, line by line.

A line without text becomes empty but is kept, so line numbers stay right.
"""

from __future__ import annotations

import re

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
# What a component is given in braces is code, and so is an expression on a line of its own.
_JSX_LINE = re.compile(r"\s*(?:<[A-Z][\w.]*\s|\{[A-Za-z]\w*(?:\.\w+)+\}\s*$)")
_JSX_VALUE = re.compile(r"\s[\w-]+=\{(?:[^{}\n]|\{[^{}\n]*\})*\}|^\s*\{[A-Za-z]\w*(?:\.\w+)+\}\s*$")
# A component without content, alone on its line.
_JSX_WHOLE = re.compile(
    r"\s*<[A-Z][\w.]*(?:\s+[\w-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{.*\}))?)*\s*/>\s*$"
)
_MAX_JSX_CHARS = 2_000
_MDX_COMMENT = re.compile(r"[ \t]*\{/\*.*?\*/\}")
_LABEL_OF_FORMULA = re.compile(r"(\$\$)\s*\{#[^{}\n]+\}\s*$")  # Quarto
# Kramdown makes a table of contents of a list with any one item.
_CONTENTS_LIST = re.compile(r"\s*\{:\s*toc\b.*\}\s*$", re.IGNORECASE)
_CONTENTS_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
# Pipes of a wikilink, a formula or code in a row of a table cut no cell.
_WHOLE_CELL_PART = re.compile(
    r"!?\[\[[^\[\]\n]*\]\]|(?<![\\$])\$[^$\n]+\$|(?<![\\`])`[^`\n]+`(?!`)"
)
_BARE_PIPE = re.compile(r"(?<!\\)\|")
# Excalidraw's headings, and its notice to open another view.
_DRAWING_PART = re.compile(
    r"(?:%%\s*)?#{1,2} (Excalidraw Data|Text Elements|Element Links|"
    r"Embedded Files|Drawing)\s*$"
)
_DRAWING_NOTICE = re.compile(r"==.{0,3}\s*Switch to EXCALIDRAW VIEW")
_DRAWING_MARK = re.compile(r"(?:%%)?\s*(?:\^[\w-]+)?\s*(?:%%)?$")
_JOPLIN_LINE = re.compile(r"[a-z_]+:(?: .*)?$")


def clean_source(body: str, *, drawing: bool = False, shown: bool = False) -> str:
    r"""Return a body without the lines that only programs read.

    :param body: Markdown, lines ended by ``\n``.
    :param drawing: True for an Excalidraw drawing.
    :param shown: True for the page, which shows components as chips.
    """
    lines = body.split("\n")
    if drawing:
        lines = _words_of_drawing(lines)
    lines = _without_export_data(lines)
    if any("#+" in line for line in lines):
        lines = _with_fences(lines)
    fence, drawer = "", 0
    for index, line in enumerate(lines):
        if index and _CONTENTS_LIST.match(line) and _CONTENTS_ITEM.match(lines[index - 1]):
            lines[index - 1] = ""
        found = _FENCE.match(line)
        if found:
            fence = next_fence(fence, found.group(1), found.group(2))
            continue
        if fence:
            continue
        if drawer:
            lines[index], drawer = "", 0 if _DRAWER_END.match(line) else drawer - 1
            continue
        if _DRAWER.match(line) and _has_end(lines, index):
            lines[index], drawer = "", _MAX_DRAWER_LINES
        else:
            lines[index] = _clean_line(line, shown=shown)
    return "\n".join(lines)


def _with_fences(lines: list[str]) -> list[str]:
    """Return lines with code between org's marks as a fence, and queries left out."""
    kept = list(lines)
    end = -1
    fence = ""
    for index, line in enumerate(lines):
        marks = _FENCE.match(line)
        fence = next_fence(fence, marks.group(1), marks.group(2)) if marks else fence
        found = None if fence or index <= end else _ORG_CODE.match(line)
        if not found:
            continue
        before, kind, language = found.groups()
        close = re.compile(rf"\s*#\+END_{kind}\b", re.IGNORECASE)
        ends = (i for i in range(index + 1, min(index + _MAX_ORG_LINES, len(lines))))
        end = next((i for i in ends if close.match(lines[i])), -1)
        if end < 0:
            continue
        kept[index], kept[end] = f"{before}```{language}", f"{' ' * len(before)}```"
        if kind.upper() == "QUERY":
            kept[index : end + 1] = [before.rstrip(), *[""] * (end - index)]
    return kept


def next_fence(fence: str, marks: str, info: str) -> str:
    """Return the fence that is open after a line of marks, empty if none is.

    :param fence: the fence that was open before, or empty.
    :param marks: the backticks or tildes of the line.
    :param info: the text after them.
    """
    if not fence:
        return "" if marks[0] == "`" and "`" in info else marks
    return "" if marks.startswith(fence) and not info.strip() else fence


def _has_end(lines: list[str], index: int) -> bool:
    return any(map(_DRAWER_END.match, lines[index + 1 : index + _MAX_DRAWER_LINES]))


def _clean_line(line: str, *, shown: bool) -> str:
    """Return a cleaned line that is not code."""
    if "::" in line and (found := _BLOCK_PROPERTY.match(line)):
        return found.group(1) or ""
    if not shown and "{" in line and _JSX_LINE.match(line):
        line = _JSX_VALUE.sub("", line)
    if (
        not shown
        and line.rstrip().endswith("/>")
        and len(line) < _MAX_JSX_CHARS
        and _JSX_WHOLE.match(line)
    ):
        return ""
    if "{/*" in line or "$$" in line:
        line = _MDX_COMMENT.sub("", _LABEL_OF_FORMULA.sub(r"\1", line))
    if "#+" in line:
        line = _ORG_BLOCK.sub(r"\1", line)
    if _PLANNING.match(line) or _CONTENTS_MARK.match(line):
        return ""
    if line.count("|") > 1 and line.lstrip().startswith("|"):
        return _WHOLE_CELL_PART.sub(lambda part: _BARE_PIPE.sub(r"\\|", part.group()), line)
    return line


def _words_of_drawing(lines: list[str]) -> list[str]:
    """Return the lines of a drawing with only its text; data and marks are removed."""
    kept: list[str] = []
    part = ""
    for line in lines:
        found = _DRAWING_PART.match(line)
        part = found.group(1) if found else part
        words = part in ("", "Text Elements") and not found and not _DRAWING_NOTICE.match(line)
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

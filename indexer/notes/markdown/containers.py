"""Write the containers of other dialects as ``:::``, which the parser knows.

These are blocks of PyMdown (``/// note | Title``), directives of MyST in fences (````{note}``) and
the headings that Quarto takes for the titles of callouts. Lines keep their number.
"""

from __future__ import annotations

import re

from indexer.notes.markdown.closings import LineSearch

_BLOCK = re.compile(r"(\s*)(/{3,})\s*([a-z][\w-]*)(?:\s*\|\s*(.*))?\s*$")
_BLOCK_END = re.compile(r"\s*/{3,}\s*$")
_BLOCK_OPTION = re.compile(r"\s{4,}[\w-]+:\s")
_DIRECTIVE = re.compile(r"(\s*)(`{3,}|:{3,})\{([a-z][\w-]*)\}[ \t]*(.*)$")
_DIRECTIVE_OPTION = re.compile(r"\s*:[\w-]+:(?:\s.*)?$")
_KINDS = frozenset(
    "note tip hint important warning attention caution danger error info seealso example "
    "quote".split()
)
_NAMED = frozenset(
    "admonition topic sidebar margin card tab-item dropdown details epigraph exercise solution "
    "proof theorem lemma definition versionadded versionchanged deprecated tab".split()
)
_HIDDEN = frozenset("toctree tableofcontents bibliography contents".split())
# Directives of MyST that are drawn as Markdown has it: images, lists, tables, formulas.
_DRAWN = frozenset("figure image glossary math table list-table include".split())
_CODE = frozenset("code-cell code-block code sourcecode literalinclude".split())
_SAID_OPTION = re.compile(r"\s*:(?:alt|caption):\s+(\S.*)$")
_QUARTO = re.compile(r"(\s*:{3,}\s*)\{([^}]*+)\}\s*$")
_QUARTO_KIND = re.compile(r".*\.callout-(\w+)", re.DOTALL)
_QUARTO_TITLE = re.compile(r"title=(?:\"([^\"]*)\"|'([^']*)')")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*)$")


def with_containers(lines: list[str]) -> list[str]:
    """Return lines with the containers of other dialects written with colons."""
    kept = list(lines)
    ends_blocks = any(map(_BLOCK_END.match, kept))
    ends = LineSearch(kept)
    fence = ""
    for index, line in enumerate(kept):
        start = line.lstrip()
        if start.startswith(("```", "~~~")):
            fence = _after_fence(kept, index, fence, ends)
        elif fence:
            continue
        elif start.startswith(":::"):
            _read_colons(kept, index, ends)
        elif ends_blocks and start.startswith("///"):
            _read_block(kept, index)
    return kept


def _after_fence(lines: list[str], index: int, fence: str, ends: LineSearch) -> str:
    """Rewrite a directive that begins at a fence, and return the fence that is open below it."""
    start = lines[index].lstrip()
    marks = start[: len(start) - len(start.lstrip(start[0]))]
    if fence:
        return "" if start.strip() == marks and marks.startswith(fence) else fence
    found = _DIRECTIVE.match(lines[index])
    if found and _read_directive(lines, index, found, ends):
        return ""
    return marks


def _read_directive(lines: list[str], index: int, found: re.Match[str], ends: LineSearch) -> bool:
    """Rewrite a directive of MyST as a container; return False for others, which are code."""
    indent, marks, name, title = found.groups()
    known = name in _KINDS or name in _NAMED or name in _DRAWN
    if not known and name not in _HIDDEN and name not in _CODE:
        return False
    close = re.compile(rf"\s*{re.escape(marks[0])}{{{len(marks)}}}\s*$")
    end = ends.find(marks, index + 1, len(lines), close.match)
    if end < 0:
        return False
    if name in _HIDDEN:
        lines[index : end + 1] = [""] * (end + 1 - index)
        return True
    said = _read_options(lines, index, end)
    if name in _CODE:
        lines[index] = f"{indent}{marks.replace(':', '`')}{title.strip()}"
        lines[end] = lines[end].replace(":", "`")
        return False
    if name in _DRAWN:
        _draw(lines, index, end, name, said or title.strip())
        return True
    lines[index] = _opening(indent + ":" * len(marks), name, title)
    lines[end] = indent + ":" * len(marks)
    return True


def _read_options(lines: list[str], index: int, end: int) -> str:
    """Remove the options of a directive, and return its alternative text or caption.

    A caption of code stays where it is, as a line of the code.
    """
    code = _is_code_directive(lines[index])
    said, option = "", index + 1
    while option < end and _DIRECTIVE_OPTION.match(lines[option]):
        found = _SAID_OPTION.match(lines[option])
        said = found.group(1).strip() if found else said
        lines[option] = found.group(1).strip() if found and code else ""
        option += 1
    return said


def _is_code_directive(line: str) -> bool:
    found = _DIRECTIVE.match(line)
    return found is not None and found.group(3) in _CODE


def _draw(lines: list[str], index: int, end: int, name: str, words: str) -> None:
    """Write a directive as the Markdown that draws the same.

    The words are its alternative text, caption or argument.
    """
    found = _DIRECTIVE.match(lines[index])
    given = found.group(4).strip() if found else ""
    first = last = ""
    if name in ("figure", "image"):
        first = f"![{'' if words == given else words}](<{given}>)"
    elif name == "math":
        first = last = "$$"
    elif name == "include":
        first = f"![[{given}]]"
    elif name != "glossary":
        first = words
    lines[index], lines[end] = first, last
    if name == "glossary":
        for place in range(index + 1, end):
            if lines[place].startswith((" ", "\t")) and lines[place].strip():
                above = lines[place - 1]
                starts = above.strip() and not above.startswith((" ", "\t", ":"))
                lines[place] = (": " if starts else "  ") + lines[place].strip()


def _opening(marks: str, name: str, title: str | None) -> str:
    kind = name if name in _KINDS or name == "details" else "note"
    return f"{marks} {kind} {(title or '').strip()}".rstrip()


def _read_colons(lines: list[str], index: int, ends: LineSearch) -> None:
    """Give a callout its title in the form that the parser knows."""
    found = _DIRECTIVE.match(lines[index])
    if found:
        _read_directive(lines, index, found, ends)
        return
    found = _QUARTO.match(lines[index])
    named_kind = found and _QUARTO_KIND.match(found.group(2))
    if not found or not named_kind:
        return
    marks, kind, given = found[1], named_kind[1], found[2][named_kind.end() :]
    named = _QUARTO_TITLE.search(given)
    title = next(filter(None, named.groups()), "") if named else ""
    below = next((i for i in range(index + 1, len(lines)) if lines[i].strip()), len(lines))
    heading = _HEADING.match(lines[below]) if below < len(lines) and not title else None
    if heading:
        title, lines[below] = heading.group(1).rstrip("#").rstrip(), ""
    lines[index] = f"{marks}{kind} {title}".rstrip()


def _read_block(lines: list[str], index: int) -> None:
    """Rewrite the line that opens or closes a block of PyMdown."""
    if _BLOCK_END.match(lines[index]):
        lines[index] = lines[index].replace("/", ":")
        return
    found = _BLOCK.match(lines[index])
    if not found:
        return
    indent, marks, name, title = found.groups()
    lines[index] = _opening(indent + ":" * len(marks), name, title)
    option = index + 1
    while option < len(lines) and _BLOCK_OPTION.match(lines[option]):
        lines[option], option = "", option + 1

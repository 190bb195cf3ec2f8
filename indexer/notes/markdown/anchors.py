"""Link targets in a Markdown note, other than the text of its headings."""

from __future__ import annotations

import re

_HTML_ID = re.compile(r"""<[A-Za-z][^<>]*?\s(?:id|name)\s*=\s*["']?([^"'\s<>]+)""")
# {#id}, {: #id }, { #id .class key=value }: Pandoc, kramdown, Python-Markdown, Docusaurus.
_ATTRIBUTES = re.compile(r"\{(?::|/\*)?\s*(?:[^{}\n#]*\s)?(?:#|id=[\"']?)([^\s{}\"']+)[^{}\n]*\}")
_BLOCK_ID = re.compile(r"(?:^|\s)\^([A-Za-z0-9-]+)\s*$")
_LOGSEQ_ID = re.compile(r"^\s*(?:[-*+]\s+)?id::\s*([0-9A-Fa-f-]{36})\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*)$")
# Material for MkDocs makes a heading of the name of a setting in a comment, a label of an option.
_SETTING = re.compile(r"^\s*(?:#{1,6}\s+<!--\s*md:\w+|<!--\s*md:option)\s+(\S+)\s*-->\s*$")


def written_anchors(lines: list[str]) -> list[tuple[str, int]]:
    """Return the ids written in a note, each with the line of its place.

    An id on its own line, as Obsidian writes it after lists, tables and quotes, names the block
    above. ``id::`` of Logseq names its bullet. For a heading with a wikilink, its text as written
    is also a target.

    :param lines: of the note.
    """
    found: list[tuple[str, int]] = []
    for number, line in enumerate(lines, 1):
        if "^" in line and (block := _BLOCK_ID.search(line)):
            place = number if line[: block.start()].strip() else _block_above(lines, number)
            found.append((f"^{block.group(1)}", place))
        if "<" in line:
            found += [(given, number) for given in _HTML_ID.findall(line)]
        if "#" in line or "{" in line or "<!--" in line:
            found += [(given, number) for given in _ids_given(line)]
        if "::" in line and (own := _LOGSEQ_ID.match(line)):
            found.append((f"^{own.group(1)}", _bullet_above(lines, number)))
    return found


def _ids_given(line: str) -> list[str]:
    found = _ATTRIBUTES.findall(line) if "{" in line else []
    heading = _HEADING.match(line) if "[[" in line else None
    if heading:
        found.append(heading.group(1))
    setting = _SETTING.match(line)
    return [*found, setting.group(1)] if setting else found


def _block_above(lines: list[str], number: int) -> int:
    """Return the first line of the block above a line, or the line itself if there is none."""
    end = number - 1
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    start = end
    while start > 1 and lines[start - 2].strip():
        start -= 1
    return start or number


def _bullet_above(lines: list[str], number: int) -> int:
    for above in range(number, 0, -1):
        if _BULLET.match(lines[above - 1]):
            return above
    return number

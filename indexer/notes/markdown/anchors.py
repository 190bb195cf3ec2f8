"""Link targets in a Markdown note, other than the text of its headings."""

from __future__ import annotations

import re

from indexer.notes.markdown.other_marks import label_at

_HTML_ID = re.compile(r"""<[A-Za-z][^<>]*?\s(?:id|name)\s*=\s*["']?([^"'\s<>]+)""")
# {#id}, {: #id }, { #id .class key=value }: Pandoc, kramdown, Python-Markdown, Docusaurus.
_BRACES = re.compile(r"\{([^{}\n]*+)\}")
_GIVEN_ID = re.compile(r"(?::|/\*)?(?:[^#]*\s)?(?:#|id=[\"']?)([^\s\"']+)")
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
    label = ""
    above = _Above(bullets=any("::" in line for line in lines))
    for number, line in enumerate(lines, 1):
        if "^" in line and (block := _BLOCK_ID.search(line)):
            own = line[: block.start()].strip()
            found.append((f"^{block.group(1)}", number if own else above.block or number))
        if "<" in line:
            found += [(given, number) for given in _HTML_ID.findall(line)]
        if "#" in line or "{" in line or "<!--" in line:
            found += [(given, number) for given in _ids_given(line)]
        if label and line.strip():
            found += [(label, number), (f"={label.casefold()}", number)]
        label = label_at(line) or ("" if line.strip() else label)
        above.add(number, line)
        if "::" in line and (logseq := _LOGSEQ_ID.match(line)):
            found.append((f"^{logseq.group(1)}", above.bullet or number))
    return found


class _Above:
    """What the lines so far end with: the work for all lines grows with their number.

    ``block`` is the first line of the last block, ``bullet`` that of the last bullet; 0 for none.
    """

    def __init__(self, *, bullets: bool) -> None:
        self.block = self.bullet = 0
        self._inside = False
        self._bullets = bullets

    def add(self, number: int, line: str) -> None:
        """Read one more line."""
        inside = bool(line.strip())
        if inside and not self._inside:
            self.block = number
        self._inside = inside
        if self._bullets and _BULLET.match(line):
            self.bullet = number


def _ids_given(line: str) -> list[str]:
    braces = _BRACES.findall(line) if "{" in line else []
    found = [given[1] for inner in braces if (given := _GIVEN_ID.match(inner))]
    heading = _HEADING.match(line) if "[[" in line else None
    if heading:
        found.append(heading.group(1))
    setting = _SETTING.match(line)
    return [*found, setting.group(1)] if setting else found

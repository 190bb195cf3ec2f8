"""The format of plain text: paragraphs between blank lines, bulleted lines, bare addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.notes.formats import Document, FindImage
from indexer.records import Block, BlockKind, Link, RawLink, Row

_BULLET = re.compile(r"\s*(?:[-*+•]|\d{1,9}[.)])\s+(?=\S)")
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}]")
_WORD = re.compile(r"[^\W_]")


class PlainTextFormat:
    """Text without markup, shown as written."""

    name = "text"
    suffixes: tuple[str, ...] = (".txt",)
    version = 1

    def read(self, text: str, note_id: str) -> Document:
        r"""Return the paragraphs and bulleted lines of a text.

        :param text: the whole note, lines ended by ``\n``.
        :param note_id: its path relative to the notes folder.
        """
        blocks = [_block(lines) for lines in _groups(text)]
        return Document(blocks=[block for block in blocks if _WORD.search(block.text)])

    def render(
        self, text: str, links: Sequence[Link], find_image: FindImage = lambda target: None
    ) -> str:
        r"""Return a text as HTML: paragraphs with their lines, and addresses as links.

        :param text: the whole note, lines ended by ``\n``.
        :param links: its links, resolved.
        :param find_image: not used, since plain text has no images.
        """
        allowed = {link.target for link in links if link.ok}
        return "\n".join(
            f'<p data-line-start="{lines[0][0]}" data-line-end="{lines[-1][0]}">'
            f"{'<br>'.join(_shown(line, allowed) for _, line in lines)}</p>"
            for lines in _groups(text)
        )


def _groups(text: str) -> list[list[tuple[int, str]]]:
    """Return the paragraphs as lists of (line number, line); a bullet starts a new one."""
    groups: list[list[tuple[int, str]]] = []
    after_blank = True
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            after_blank = True
            continue
        if after_blank or _BULLET.match(line):
            groups.append([])
        groups[-1].append((number, line))
        after_blank = False
    return groups


def _block(lines: list[tuple[int, str]]) -> Block:
    bullet = _BULLET.match(lines[0][1])
    kind = BlockKind.ITEM if bullet else BlockKind.PARAGRAPH
    first = lines[0][1][bullet.end() if bullet else 0 :]
    texts = [(lines[0][0], first), *lines[1:]]
    rows = tuple(Row(number, " ".join(line.split())) for number, line in texts)
    links = tuple(
        RawLink(number, found, found) for number, line in lines for found in _ADDRESS.findall(line)
    )
    return Block(kind, rows, lines[0][0], lines[-1][0], links=links)


def _shown(line: str, allowed: set[str]) -> str:
    from html import escape  # questions do not need it

    parts, end = [], 0
    for found in _ADDRESS.finditer(line):
        if found.group() in allowed:
            address = escape(found.group())
            parts += [escape(line[end : found.start()]), f'<a href="{address}">{address}</a>']
            end = found.end()
    return "".join([*parts, escape(line[end:])])

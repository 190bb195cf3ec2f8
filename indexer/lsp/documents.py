"""Find things in a document: its note, links, headings and sentences.

Lines and columns count from 0, columns in characters; the server converts them to the units of the
client.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pygls import uris

# A wikilink, or the end of an inline link from its "](", as a person writes it.
_LINK = re.compile(
    r"!?\[\[(?P<wiki>[^\[\]\n]+)\]\]|!?\[(?P<text>[^\[\]\n]*)\]\((?P<target>[^()\n]*)\)"
)
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")


class Span(NamedTuple):
    """A part of one line: ``start`` inclusive, ``end`` exclusive."""

    line: int
    start: int
    end: int


class WrittenLink(NamedTuple):
    """A link as written: the span of all of it, and of its target."""

    span: Span
    target_span: Span
    target: str
    wiki: bool


class Heading(NamedTuple):
    """A heading and the last line of its section."""

    level: int
    text: str
    line: int
    last_line: int


def note_of(uri: str, folder: Path) -> str | None:
    """Return the note of a document, None if it is outside the notes folder.

    :param uri: of the document.
    :param folder: the notes folder.
    """
    path = uris.to_fs_path(uri)
    if path is None:
        return None
    for root, place in ((folder, Path(path)), (folder.resolve(), Path(path).resolve())):
        if place.is_relative_to(root):
            return place.relative_to(root).as_posix()
    return None


def uri_of(note_id: str, folder: Path) -> str:
    """Return the URI of a note.

    :param note_id: the note.
    :param folder: the notes folder.
    """
    return uris.from_fs_path(str(folder / note_id)) or ""


def links_on(line: int, text: str) -> list[WrittenLink]:
    """Return the links on a line.

    :param line: its number.
    :param text: its text.
    """
    found = []
    for match in _LINK.finditer(text):
        wiki = match["wiki"] is not None
        start, end = match.span("wiki" if wiki else "target")
        target = match[0][start - match.start() : end - match.start()]
        if wiki and "|" in target:
            target = target.partition("|")[0].removesuffix("\\")
            end = start + len(target)
        found.append(
            WrittenLink(
                span=Span(line, *match.span()),
                target_span=Span(line, start, end),
                target=target,
                wiki=wiki,
            )
        )
    return found


def link_at(lines: Sequence[str], line: int, column: int) -> WrittenLink | None:
    """Return the link at a place, None if there is none.

    :param lines: of the document.
    :param line: of the place.
    :param column: of the place.
    """
    if line >= len(lines):
        return None
    links = links_on(line, lines[line])
    return next((link for link in links if link.span.start <= column <= link.span.end), None)


def headings_of(lines: Sequence[str]) -> list[Heading]:
    """Return the headings of a document that begin with number signs, in order.

    :param lines: of the document.
    """
    found: list[tuple[int, str, int]] = []
    fence = ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
            continue
        heading = None if fence else _HEADING.match(line)
        if heading and heading[2]:
            found.append((len(heading[1]), heading[2], number))
    last = max(0, len(lines) - 1)
    return [
        Heading(
            level=level,
            text=text,
            line=number,
            last_line=next(
                (later - 1 for other, _, later in found[i + 1 :] if other <= level), last
            ),
        )
        for i, (level, text, number) in enumerate(found)
    ]


def sentence_before(lines: Sequence[str], line: int, column: int) -> str:
    """Return the sentence that ends at a place, without its bullet and link marks.

    If it is short, the previous line is added.

    :param lines: of the document.
    :param line: of the place.
    :param column: of the place.
    """
    before = _BULLET.sub("", lines[line][:column])
    sentence = _SENTENCE_END.split(before)[-1]
    if len(sentence.split()) < 4 and line and lines[line - 1].strip():
        sentence = f"{_BULLET.sub('', lines[line - 1]).strip()} {sentence}"
    return re.sub(r"[\[\]()#*_`>|]+", " ", sentence).strip()

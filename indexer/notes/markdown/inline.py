"""Turn inline tokens into visible text, row by row, and links.

The tokens are those of markdown-it, distinguished by ``type``; this module does not import it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from indexer.notes.links import fixed_link, take_block_references
from indexer.notes.markdown.html import is_element, read_tag
from indexer.notes.markdown.shortcodes import Shortcode
from indexer.records import RawLink, Row

# Inline queries of Dataview, which show their results, not their source.
_QUERY_STARTS = ("= ", "$= ", "=this.", "$=dv.", "INPUT[", "BUTTON[", "VIEW[")

_IMAGE_SIZE = re.compile(r"\|\d+(?:x\d+)?$")  # Obsidian: ![text|100x200](image)
_CODE_LANGUAGE = re.compile(r"#![A-Za-z][\w+-]* +(?=\S)")


class InlineToken(Protocol):
    """The used parts of a token; ``meta["source"]`` is the source of one that can span lines."""

    type: str
    content: str
    markup: str
    meta: dict[Any, Any]
    attrs: dict[str, str | int | float]


@dataclass(slots=True)
class InlineText:
    """Visible text by rows, with its links; ``bold`` is True if all of it is strong.

    ``breaks`` says whether a line end is intended: True for a hard break, False inside a link; all
    others are unknown.
    """

    rows: list[Row] = field(default_factory=list)
    links: list[RawLink] = field(default_factory=list)
    breaks: dict[int, bool] = field(default_factory=dict)
    bold: bool = False
    tags: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All rows on one line."""
        return " ".join(row.text for row in self.rows)


class _Collector:
    """Walks inline tokens and counts lines."""

    def __init__(self, line: int, closed: frozenset[str]) -> None:
        self.line = line
        self.closed = closed
        self.pieces: list[tuple[int, str]] = []
        self.result = InlineText()
        self.open_links: list[tuple[str, int, int]] = []  # target, line, pieces before it

    def take(self, token: InlineToken) -> None:
        match token.type:
            case "softbreak" | "hardbreak":
                self._end_line(hard=token.type == "hardbreak")
                return
            case "own_link":
                self.pieces.append((self.line, token.content))
                self.result.links.append(token.meta["link"]._replace(line=self.line))
            case "link_open":
                self.open_links.append(
                    (str(token.attrs.get("href", "")), self.line, len(self.pieces))
                )
            case "link_close":
                self._close_link(_line_ends(token))
                return
            case "image":
                self._take_image(token)
            case "html_inline":
                self._take_tag(token.content)
            case "math_inline" | "math_inline_double" | "code_inline":
                self._take_rows(_source(token))
            case "shortcode":
                self._take_shortcode(token.meta["shortcode"], token.meta)
            case "text" | "text_special" | "tag":
                self._take_text(token.content)
        self._pass_line_ends(_line_ends(token))

    def _pass_line_ends(self, count: int) -> None:
        for line in range(self.line, self.line + count):
            self.result.breaks[line] = False  # inside code, math or a tag: never intended
        self.line += count

    def _end_line(self, *, hard: bool) -> None:
        if self.open_links or hard:
            self.result.breaks[self.line] = not self.open_links
        self.pieces.append((self.line, " "))
        self.line += 1

    def _close_link(self, line_ends: int) -> None:
        if not self.open_links:
            return
        target, line, before = self.open_links.pop()
        label = " ".join("".join(piece for _, piece in self.pieces[before:]).split())
        link = fixed_link(label, target)
        if link.text != label:
            self.pieces[before:] = [(line, link.text)]
        self.result.links.append(link._replace(line=line))
        self.line = max(self.line, line + line_ends)

    def _take_text(self, content: str) -> None:
        text, references = take_block_references(content)
        self.pieces.append((self.line, text))
        self.result.links += [RawLink(self.line, "", target) for target in references]

    def _take_rows(self, text: str) -> None:
        for offset, row in enumerate(text.split("\n")):
            self.pieces.append((self.line + offset, f" {row}" if offset else row))

    def _take_image(self, token: InlineToken) -> None:
        text = _IMAGE_SIZE.sub("", " ".join(token.content.split()))
        self.pieces.append((self.line, text))
        self.result.links.append(RawLink(self.line, text, str(token.attrs.get("src", ""))))

    def _take_shortcode(self, code: Shortcode, read: dict[Any, Any]) -> None:
        said = read.get("said", code.said)
        self.pieces.append((self.line, f" {said} " if said else ""))
        self.result.links += [link._replace(line=self.line) for link in read.get("links", ())]
        if code.reference:
            self.result.links.append(RawLink(self.line, "", code.reference))
        if code.embedded:
            self.result.links.append(RawLink(self.line, said or code.embedded, code.embedded))
        if code.picture and not code.closes:
            self.result.links.append(RawLink(self.line, said, code.picture))
        self.line += code.source.count("\n")

    def _take_tag(self, source: str) -> None:
        before = self.pieces[-1][1][-1:] if self.pieces else ""
        instruction = source.startswith(("<?", "<!")) and not source.startswith("<!--")
        if instruction or not is_element(source, self.closed, after_word=before.isalnum()):
            self._take_rows(source)
            return
        name, attributes = read_tag(source)
        if name == "br":
            self.pieces.append((self.line, " "))
        elif name == "img":
            self.pieces.append((self.line, attributes.get("alt", "")))
        elif name == "a" and attributes.get("href"):
            self.open_links.append((attributes["href"], self.line, len(self.pieces)))
        elif name == "/a":
            self._close_link(0)


def _source(token: InlineToken) -> str:
    """Return a formula with its dollar signs, or the text of a code span."""
    if token.type == "code_inline":
        return _code(token)
    return f"{token.markup}{token.content}{token.markup}"


def _code(token: InlineToken) -> str:
    """Return the text of a code span with its line ends, which the parser turns into blanks.

    A query of Dataview has no text, since it shows its results.
    """
    if token.content.startswith(_QUERY_STARTS):
        return ""
    if token.content.startswith("#!"):  # the language of code in PyMdown: `#!css color`
        return _CODE_LANGUAGE.sub("", token.content)
    source = str(token.meta.get("source", ""))
    return source.strip(token.markup) if "\n" in source else token.content


def _line_ends(token: InlineToken) -> int:
    return str(token.meta.get("source", "")).count("\n")


def read_inline(
    tokens: Sequence[InlineToken], line: int, closed: frozenset[str] = frozenset()
) -> InlineText:
    """Return the visible text of inline tokens.

    :param tokens: the children of an ``inline`` token.
    :param line: the 1-based line of the first one.
    :param closed: the elements that have an end tag somewhere in the note.
    :return: one row per source line with text; images become their alternative text, math keeps its
        dollar signs.
    """
    if len(tokens) == 1 and tokens[0].type == "text":
        text, links = read_plain(tokens[0].content, line)
        return InlineText([Row(line, text)] if text else [], links)
    collector = _Collector(line, closed)
    for token in tokens:
        collector.take(token)
    result = collector.result
    by_line: dict[int, list[str]] = {}
    for number, piece in collector.pieces:
        by_line.setdefault(number, []).append(piece)
    for number in sorted(by_line):
        text = " ".join("".join(by_line[number]).split())
        if text:
            result.rows.append(Row(number, text))
    result.bold = _is_all_strong(tokens)
    result.tags = [token.meta["tag"] for token in tokens if token.type == "tag"]
    return result


def read_plain(content: str, line: int) -> tuple[str, list[RawLink]]:
    """Return the visible text and the links of a text without markup.

    :param content: the text.
    :param line: its 1-based line.
    """
    text, references = take_block_references(content)
    return " ".join(text.split()), [RawLink(line, "", target) for target in references]


def _is_all_strong(tokens: Sequence[InlineToken]) -> bool:
    depth = strong = 0
    for token in tokens:
        depth += (token.type == "strong_open") - (token.type == "strong_close")
        strong += depth > 0
        if depth == 0 and token.type != "strong_close" and token.content.strip(" :"):
            return False
    return strong > 0

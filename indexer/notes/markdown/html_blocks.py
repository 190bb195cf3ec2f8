"""Write the blocks of HTML in a note: its text, its headings, and what ``<details>`` folds."""

from __future__ import annotations

import re
from collections import defaultdict

from markdown_it.token import Token

from indexer.notes.markdown.block_writer import BlockWriter, Frame, heading_block
from indexer.notes.markdown.html import read_html
from indexer.notes.markdown.inline import read_inline
from indexer.notes.markdown.noise import is_fence_mark
from indexer.notes.markdown.reading import reading_parser
from indexer.records import RawLink, Row

MARKDOWN_SIGN = re.compile(r"\[|`|\*\w|\*\*|(?<!\w)_\w|#\w")
_AS_WRITTEN = re.compile(r"<(?:pre|textarea|code)\b", re.IGNORECASE)
_FOLD = re.compile(r"<(/?)(details|summary)\b[^<>]*>", re.IGNORECASE)
_SUMMARY_FOLLOWS = re.compile(r"\s*<summary\b", re.IGNORECASE)
_AROUND = r"\s*(?:</?(?:div|p|center|a|br|section|header)\b[^<>]*>\s*)*"
_HEADING = re.compile(
    rf"{_AROUND}<h([1-6])\b[^<>]*>((?:(?!<h[1-6]\b).)*?)</h\1\s*>{_AROUND}$",
    re.IGNORECASE | re.DOTALL,
)
_MAX_HEADING_CHARS = 1_000


class HtmlWriter(BlockWriter):
    """Adds blocks of HTML to those of a body."""

    def _write_html(self, token: Token) -> None:
        """Add the text of a block of HTML; what ``<details>`` folds is below its summary."""
        self._cover(token)
        source, line = token.content, self._line(token)
        here = 0
        for found in _FOLD.finditer(source):
            closes, name = bool(found.group(1)), found.group(2).lower()
            if name == "summary" and not closes:
                continue
            first = self._write_part(source, here, found.end(), token)
            here = found.end()
            if name == "summary":
                self._take_summary(first)
            elif not closes:
                if not _SUMMARY_FOLLOWS.match(source, found.end()):
                    self._frames.append(Frame(details=True))
            elif self._frames and self._frames[-1].details:
                self._frames.pop()
        if here < len(source) or not line:
            self._write_part(source, here, len(source), token)

    def _take_summary(self, first: int) -> None:
        """Make the blocks from a position on, if there are any, the parent of what follows."""
        summary = first if len(self.document.blocks) > first else None
        if self._frames and self._frames[-1].details and self._frames[-1].block is None:
            self._frames[-1].block = summary
        else:
            self._frames.append(Frame(summary, details=True))

    def _close_details(self) -> None:
        """Close an open ``<details>`` at the end of its frame."""
        while self._frames and self._frames[-1].details:
            self._frames.pop()

    def _write_part(self, source: str, start: int, end: int, token: Token) -> int:
        """Add the text of a part of HTML; return the position of its first block."""
        first = len(self.document.blocks)
        part = source[start:end]
        if not part.strip():
            return first
        line = self._line(token) + source.count("\n", 0, start)
        last = line + part.rstrip("\n").count("\n") if end < len(source) else self._last_line(token)
        group = part.lstrip()[1:2].isupper()  # a component
        visible = read_html(part, self._closed)
        by_row: defaultdict[int, list[str]] = defaultdict(list)
        for row, piece in visible.pieces:
            by_row[row].append(piece)
        rows = [
            Row(line + row, " ".join(text.split()))
            for row, text in ((row, "".join(by_row[row])) for row in sorted(by_row))
            if text.strip() and not (group and is_fence_mark(text))
        ]
        links = [RawLink(line + row, text, target) for row, text, target in visible.links]
        if not _AS_WRITTEN.search(part):
            rows, links = self._read_markdown_rows(rows, links)
        self._add_html_rows(part, rows, links, line, last)
        return first

    def _add_html_rows(
        self, part: str, rows: list[Row], links: list[RawLink], line: int, last: int
    ) -> None:
        item = self._own_item()
        level = 0 if self._frames or not rows else _heading_level(part)
        if level:
            self._add(heading_block(rows, (line, last), level, links))
        elif rows and item is not None:
            self._extend(item, rows, last, links)
        elif rows:
            self._add_runs(rows, links, {}, self._parent(), last)
        else:
            self.document.loose_links += links

    def _read_markdown_rows(
        self, rows: list[Row], links: list[RawLink]
    ) -> tuple[list[Row], list[RawLink]]:
        """Return rows of HTML with Markdown inside interpreted, as note editors do."""
        read, links = list[Row](), list(links)
        for row in rows:
            if not MARKDOWN_SIGN.search(row.text):
                read.append(row)
                continue
            children = reading_parser().parseInline(row.text)[0].children or []
            text = read_inline(children, row.line, self._closed)
            self.document.tags += text.tags
            links += text.links
            read += [Row(row.line, text.text)] if text.rows else []
        return read, links


def _heading_level(part: str) -> int:
    """Return the level of a heading in HTML that stands alone, 0 for other HTML."""
    if len(part) > _MAX_HEADING_CHARS or "<h" not in part.lower():
        return 0
    found = _HEADING.match(part)
    return int(found.group(1)) if found else 0

"""The state of the reader of a note, and the blocks written so far: text, items, headings.

``reader`` walks the tokens and calls this module, which does not depend on the next token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from indexer.notes.markdown.body import Body
from indexer.notes.markdown.html import closed_elements
from indexer.notes.markdown.inline import InlineText
from indexer.notes.markdown.lines import cut_runs, was_broken
from indexer.notes.markdown.noise import is_navigation
from indexer.records import Block, BlockKind, NoteWarning, RawLink, Row

_PSEUDO_HEADING_LEVEL = 7
_MAX_PSEUDO_HEADING_CHARS = 80
CALLOUT = re.compile(r"\[![\w-]+(?:\|[^\]\n]*)?\][+-]?[ \t]*")
_BLOCK_ID = re.compile(r"(?:^|\s)\^([A-Za-z0-9-]+)$")
_ATTRIBUTE = r"(?:-|[.#][^\s{}]+|[\w-]+=(?:\"[^\"]*\"|[^\s{}\"]+))"
_HEADING_ATTRIBUTES = re.compile(rf"\s*\{{:?\s*{_ATTRIBUTE}(?:\s+{_ATTRIBUTE})*\s*\}}$")
_GIVEN_ID = re.compile(r"(?:#|\bid=[\"']?)([^\s{}\"']+)")
_CELL_END = re.compile(r"(?<!\\)\|")
_DEFINITION = re.compile(r":\s+(?=\S)")
_FOOTNOTE_LABEL = re.compile(r"[\s>]*\[\^[^\]]+\]:\s*")
# Marks before the text of a line: of quotes, items and headings.
MARKERS = re.compile(r"(?:\s|>|[-*+](?=\s|$)|\d{1,9}[.)](?=\s|$)|#{1,6}(?=\s|$))+")


def is_callout(text: InlineText) -> bool:
    """Return whether a paragraph of a quote opens a callout."""
    return bool(text.rows and CALLOUT.match(text.rows[0].text))


@dataclass(slots=True)
class Frame:
    """An open list item, quote or footnote, and the block that is the parent of its content.

    ``takes_text`` is True while text still belongs to the item itself, before its first list, quote
    or table. ``quote`` is the number of the quote, 0 outside of quotes. ``details`` is True for an
    open ``<details>``, which no token closes.
    """

    block: int | None = None
    takes_text: bool = False
    quote: int = 0
    details: bool = False


# The rows of a table together repeat this number of characters of its header, plus a multiple of
# their own. Thousands of short rows below a header of a thousand characters would repeat more: then
# the later rows are without it.
_MIN_REPEATED_CHARS, _REPEATED_PER_CHAR = 30_000, 4


@dataclass(slots=True)
class Table:
    """An open table: its first line, its header row and which header cells a row shows.

    ``spare`` is how many characters of header cells its rows may still repeat.
    """

    line: int
    position: int
    spare: int = _MIN_REPEATED_CHARS
    header: tuple[str, ...] | None = None
    links: tuple[RawLink, ...] = ()
    shown: set[int] = field(default_factory=set)


def heading_block(
    rows: Sequence[Row], lines: tuple[int, int], level: int, links: Sequence[RawLink]
) -> Block:
    """Return the block of a heading.

    :param rows: its text.
    :param lines: its first and last line.
    :param level: 1 for the highest.
    :param links: in its text.
    """
    return Block(
        kind=BlockKind.HEADING,
        rows=tuple(rows),
        line_start=lines[0],
        line_end=lines[1],
        parent=None,
        level=level,
        links=tuple(links),
    )


def _is_left_over(rows: Sequence[Row]) -> bool:
    """Return whether a paragraph is the end of a container that was closed before (``:::``)."""
    return len(rows) == 1 and rows[0].text.startswith(":::") and not rows[0].text.strip(":")


class BlockWriter:
    """The blocks of a body so far, and the open containers of the next one."""

    def __init__(self, body: str, first_line: int = 1) -> None:
        r"""Start a body.

        :param body: Markdown, lines ended by ``\n``.
        :param first_line: the 1-based line of its first line in the note.
        """
        self.document = Body()
        self._lines = body.split("\n")
        self._first_line = first_line
        self._covered: set[int] = set()
        self._frames: list[Frame] = []
        self._table = Table(0, 0)
        self._closed = closed_elements(body) if "</" in body else frozenset()

    # where things stand
    def _line(self, token: Token) -> int:
        return (token.map[0] if token.map else 0) + self._first_line

    def _last_line(self, token: Token) -> int:
        # The term of a definition list ends where it begins (mdit-py-plugins 0.5).
        start, end = token.map or (0, 0)
        return max(end - 1, start) + self._first_line

    def _cover(self, token: Token) -> None:
        if token.map:
            start, end = token.map
            self._covered.update(range(start, max(end, start + 1)))

    def _cover_label(self, index: int) -> None:
        if _FOOTNOTE_LABEL.fullmatch(self._lines[index]):
            self._covered.add(index)

    def _parent(self) -> int | None:
        return next((f.block for f in reversed(self._frames) if f.block is not None), None)

    def _own_item(self) -> int | None:
        """Return the item to which text at this place belongs, None if there is none."""
        frame = self._frames[-1] if self._frames else None
        return frame.block if frame is not None and frame.takes_text else None

    def _add(self, block: Block) -> int:
        quote = next((f.quote for f in reversed(self._frames) if f.quote), 0)
        self.document.blocks.append(block._replace(quote=quote) if quote else block)
        return len(self.document.blocks) - 1

    def _extend(self, position: int, rows: list[Row], end: int, links: list[RawLink]) -> None:
        block = self.document.blocks[position]
        self.document.blocks[position] = block._replace(
            rows=block.rows + tuple(rows),
            line_end=max(block.line_end, end),
            links=block.links + tuple(links),
        )

    def _warn(self, message: str, line: int, hint: str) -> None:
        self.document.warnings.append(NoteWarning(message, line, hint))

    # text
    def _add_heading(self, text: InlineText, level: int, token: Token) -> None:
        rows, line = self._take_block_id(text.rows), self._line(token)
        given = _HEADING_ATTRIBUTES.search(rows[-1].text) if rows else None
        if given:
            found = _GIVEN_ID.findall(given.group())
            self.document.anchors += [(name, line) for name in found]
            last = rows[-1]._replace(text=rows[-1].text[: given.start()].strip())
            rows = [*rows[:-1], last] if last.text else rows[:-1]
        end = self._last_line(token)
        if self._frames:
            self.document.inner_headings.add(len(self.document.blocks))
        self._add(heading_block(rows, (line, end), level, text.links))

    def _add_item_text(self, item: int, text: InlineText, token: Token) -> None:
        """Set the text of an item; lazy continuation lines become separate blocks."""
        first = self.document.blocks[item]
        rows, breaks = self._take_block_id(text.rows), text.breaks
        keep = len(rows)
        for i in range(1, len(rows)):
            if (
                not first.rows
                and self._is_lazy(rows[i].line, first)
                and was_broken(rows[i - 1], rows[i], breaks)
            ):
                keep = i
                break
        own = [link for link in text.links if keep == len(rows) or link.line < rows[keep].line]
        end = self._last_line(token) if keep == len(rows) else rows[keep - 1].line
        self._extend(item, rows[:keep], end, own)
        if keep < len(rows):
            rest = [link for link in text.links if link.line >= rows[keep].line]
            self._add_runs(rows[keep:], rest, breaks, first.parent, self._last_line(token))

    def _is_lazy(self, line: int, item: Block) -> bool:
        """Return whether a line of an item is indented no more than the marker of the item."""
        here, marker = self._indent(line), self._indent(item.line_start)
        return here <= marker

    def _indent(self, line: int) -> int:
        source = self._lines[line - self._first_line].expandtabs(4)
        return len(source) - len(source.lstrip(" >"))

    def _add_callout(self, text: InlineText, token: Token) -> None:
        """Add the title of a callout as the parent of its content."""
        title = CALLOUT.sub("", text.rows[0].text, count=1).strip()
        line = text.rows[0].line
        if title:
            links = tuple(link for link in text.links if link.line == line)
            block = Block(
                kind=BlockKind.PARAGRAPH,
                rows=(Row(line, title),),
                line_start=line,
                line_end=line,
                parent=self._parent(),
                level=0,
                links=links,
            )
            self._frames[-1].block = self._add(block)
        rest = [link for link in text.links if link.line > line]
        if text.rows[1:]:
            self._add_runs(text.rows[1:], rest, text.breaks, self._parent(), self._last_line(token))

    def _add_paragraph(self, text: InlineText, line: int, last: int) -> None:
        rows = self._take_block_id(text.rows)
        caption = _DEFINITION.match(rows[0].text) if rows and not self._frames else None
        if caption:  # of a table, as Pandoc writes it
            rows = [rows[0]._replace(text=rows[0].text[caption.end() :]), *rows[1:]]
            given = _HEADING_ATTRIBUTES.sub("", rows[-1].text)
            rows = [*rows[:-1], rows[-1]._replace(text=given)]
        if not rows or _is_left_over(rows) or is_navigation(rows, text.links):
            self.document.loose_links += text.links
        elif (
            text.bold
            and len(rows) == 1
            and not self._frames
            and len(rows[0].text) <= _MAX_PSEUDO_HEADING_CHARS
        ):
            self._add(heading_block(rows, (line, last), _PSEUDO_HEADING_LEVEL, text.links))
        elif any(_DEFINITION.match(row.text) for row in rows[1:]):
            self._add_definitions(rows, text, last)
        else:
            self._add_runs(rows, text.links, text.breaks, self._parent(), last)

    def _add_definitions(self, rows: list[Row], text: InlineText, last: int) -> None:
        """Add several terms and what they mean: a line that begins with a colon is of the last."""
        parent = self._parent()
        for place, row in enumerate(rows):
            end = rows[place + 1].line - 1 if place + 1 < len(rows) else last
            links = [link for link in text.links if row.line <= link.line <= end]
            meaning = _DEFINITION.match(row.text) if place else None
            if not meaning:
                parent = self._parent()
            own = row._replace(text=row.text[meaning.end() :]) if meaning else row
            self._add_runs([own], links, {}, parent, end)
            if not meaning:
                parent = len(self.document.blocks) - 1

    def _add_runs(
        self,
        rows: list[Row],
        links: list[RawLink],
        breaks: dict[int, bool],
        parent: int | None,
        last: int,
    ) -> None:
        """Add a paragraph, line by line if its author broke the lines on purpose."""
        runs = cut_runs(rows, breaks)
        for i, run in enumerate(runs):
            end = runs[i + 1][0].line - 1 if i + 1 < len(runs) else last
            own = tuple(link for link in links if run[0].line <= link.line <= end)
            self._add(
                Block(
                    kind=BlockKind.PARAGRAPH,
                    rows=tuple(run),
                    line_start=run[0].line,
                    line_end=end,
                    parent=parent,
                    level=0,
                    links=own,
                )
            )

    def _take_block_id(self, rows: list[Row]) -> list[Row]:
        """Register ``^id`` at the end of a block as a link target, and remove it."""
        found = _BLOCK_ID.search(rows[-1].text) if rows and "^" in rows[-1].text else None
        if not found:
            return rows
        self.document.anchors.append((f"^{found.group(1)}", rows[0].line))
        last = rows[-1]._replace(text=rows[-1].text[: found.start()].rstrip())
        return [*rows[:-1], last] if last.text else rows[:-1]

    # tables
    def _end_table_row(self, line: int, cells: list[str], links: tuple[RawLink, ...]) -> None:
        table = self._table
        if table.header is None:  # context of the rows below it
            table.header, table.links = tuple(cells), links
            return
        self._add_row(self._row_text(cells, table, line), line, links)

    def _end_table(self) -> None:
        """Add the header row as a separate row if no row below shows all of it."""
        table = self._table
        header = table.header or ()
        self._covered.add(table.line + 1 - self._first_line)  # the line of dashes
        if all(i in table.shown for i, name in enumerate(header) if name):
            self.document.loose_links += table.links
            return
        self._add_row(" | ".join(name for name in header if name), table.line, table.links)
        row = self.document.blocks.pop()
        self.document.blocks.insert(table.position, row)

    def _add_row(self, text: str, line: int, links: tuple[RawLink, ...]) -> None:
        if not text:
            self.document.loose_links += links
            return
        rows = (Row(line, text),)
        self._add(
            Block(
                kind=BlockKind.ROW,
                rows=rows,
                line_start=line,
                line_end=line,
                parent=self._parent(),
                level=0,
                links=links,
            )
        )

    def _row_text(self, cells: list[str], table: Table, line: int) -> str:
        """Return "header: cell" pairs, or the source of a row with more cells than headers."""
        source = self._lines[line - self._first_line]
        markers = MARKERS.match(source)
        source = source[markers.end() if markers else 0 :].strip().strip("|")
        if len(_CELL_END.findall(source)) >= len(cells) > 0:
            parts = (part.strip().replace("\\|", "|") for part in _CELL_END.split(source))
            return " | ".join(part for part in parts if part)
        header = table.header or ()
        table.spare += _REPEATED_PER_CHAR * len(source) - sum(map(len, header))
        if table.spare < 0:
            header = ("",) * len(header)
        else:
            table.shown.update(i for i, cell in enumerate(cells) if cell)
        pairs = zip(header, cells, strict=False)
        return " | ".join(
            f"{name}: {cell}" if name and name != cell else cell for name, cell in pairs if cell
        )

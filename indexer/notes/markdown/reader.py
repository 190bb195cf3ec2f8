"""The body of a note to blocks with true line ranges.

A block keeps its text row by row, each row with its line, so that a part of it can be found again.
What the parser would drop (nesting beyond its limit, surplus table cells) is taken from the source
lines instead: no visible word is lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it.token import Token

from indexer.notes.markdown.callouts import fenced_callout, indented_callout
from indexer.notes.markdown.html import closed_elements, read_html
from indexer.notes.markdown.inline import InlineText, read_inline
from indexer.notes.markdown.lines import cut_runs, was_broken
from indexer.notes.markdown.noise import is_data, is_navigation, is_query
from indexer.notes.markdown.parser import LIQUID
from indexer.notes.markdown.reading import reading_parser
from indexer.notes.markdown.source import clean_source
from indexer.records import Block, BlockKind, NoteWarning, RawLink, Row

_PSEUDO_HEADING_LEVEL = 7
_MAX_PSEUDO_HEADING_CHARS = 80
_CALLOUT = re.compile(r"\[![\w-]+\][+-]?[ \t]*")
_BLOCK_ID = re.compile(r"(?:^|\s)\^([A-Za-z0-9-]+)$")
_ATTRIBUTE = r"(?:[.#][^\s{}]+|[\w-]+=(?:\"[^\"]*\"|[^\s{}\"]+))"
_HEADING_ATTRIBUTES = re.compile(rf"\s*\{{:?\s*{_ATTRIBUTE}(?:\s+{_ATTRIBUTE})*\s*\}}$")
_GIVEN_ID = re.compile(r"#([^\s{}]+)")
# A line above a rule of hyphens that reads as a sentence is one, not a heading.
_SENTENCE = re.compile(r".*[.!?:;,\u3002]$|.{100,}", re.DOTALL)
_ADMONITION_PLUGIN = "ad-"
_PLUGIN_SETTING = re.compile(r"(title|collapse|icon|color|metadata):(.*)$")
_AS_WRITTEN = re.compile(r"<(?:pre|textarea|code)\b", re.IGNORECASE)
_MARKDOWN_SIGN = re.compile(r"\[|`|\*\*|(?<!\w)_\w|#\w")
_DETAILS = re.compile(r"<(/?)details\b", re.IGNORECASE)
_FOOTNOTE_LABEL = re.compile(r"[\s>]*\[\^[^\]]+\]:\s*")
_MARKERS = re.compile(r"(?:\s|>|[-*+](?=\s|$)|\d{1,9}[.)](?=\s|$)|#{1,6}(?=\s|$))+")
_WORD = re.compile(r"\w")
_TAG = re.compile(r"(?:^|\s)#[^\s#]+")
_TRAILING_TAGS = re.compile(r"(?<=\S)(?:\s+#[^\s#]+)+$")


@dataclass(slots=True)
class Body:
    """What a body holds: blocks in reading order, places links can point at, and warnings."""

    blocks: list[Block] = field(default_factory=list)
    anchors: list[tuple[str, int]] = field(default_factory=list)
    loose_links: list[RawLink] = field(default_factory=list)
    warnings: list[NoteWarning] = field(default_factory=list)

    tags: list[str] = field(default_factory=list)

    def leading_heading(self) -> str | None:
        """Return the first heading if it is of level 1 and nothing but images or links precede it.

        Tags at its end are no part of it.
        """
        for block in self.blocks:
            if block.kind is BlockKind.HEADING and block.rows:
                return _TRAILING_TAGS.sub("", block.text) if block.level == 1 else None
            if not _is_links_only(block):
                return None
        return None

    def blocks_after(self, count: int) -> list[Block]:
        """Return the blocks as they are behind so many others: with their parents' positions."""
        if not count:
            return self.blocks
        return [b if b.parent is None else b._replace(parent=b.parent + count) for b in self.blocks]


def _is_sentence(text: InlineText, opener: Token) -> bool:
    """Return whether the text above a rule of hyphens is a sentence, not a heading."""
    return opener.markup == "-" and bool(_SENTENCE.match(text.text))


def _is_links_only(block: Block) -> bool:
    """Return whether a block shows nothing but links and images."""
    rest = block.text
    for link in block.links:
        rest = rest.replace(link.text, "", 1)
    return not _WORD.search(_TAG.sub("", rest))


def read_blocks(body: str, *, drawing: bool = False) -> Body:
    r"""Cut a body into blocks.

    :param body: Markdown, lines ended by ``\n``.
    :param drawing: True for a drawing of Excalidraw, of which only the words are read.
    :return: blocks in reading order; ``parent`` names the item or callout around a block. Links
        that stand in no block (those of a table of contents) are in ``loose_links``.
    """
    return _Reader(clean_source(body, drawing=drawing)).document


# --- tokens to blocks ---------------------------------------------------------------------------


_OPENING = frozenset(
    {
        "bullet_list_open",
        "ordered_list_open",
        "list_item_open",
        "blockquote_open",
        "footnote_reference_open",
        "table_open",
        "admonition_open",
        "container_callout_open",
        "dd_open",
    }
)
# Lists and tables have no frame of their own: items do.
_CLOSING = frozenset(
    {
        *("list_item_close", "blockquote_close", "footnote_reference_close"),
        *("admonition_close", "container_callout_close", "dd_close"),
    }
)
_OF_CONTENTS_TABLES = frozenset(
    f"{name}_{edge}"
    for name in ("bullet_list", "ordered_list", "list_item", "paragraph")
    for edge in ("open", "close")
) | {"inline"}


@dataclass(slots=True)
class _Frame:
    """An open list item, quote or footnote: the block that parents what is inside, if any.

    ``takes_text`` is True while text still belongs to the item itself, that is before its first
    list, quote or table. ``quote`` tells one quote from another, 0 where there is none.
    ``details`` is True for an open ``<details>``, which no token closes.
    """

    block: int | None = None
    takes_text: bool = False
    quote: int = 0
    details: bool = False


@dataclass(slots=True)
class _Table:
    """An open table: where it begins, its header row and which cells of it some row shows."""

    line: int
    position: int
    header: tuple[str, ...] | None = None
    links: tuple[RawLink, ...] = ()
    shown: set[int] = field(default_factory=set)


class _Reader:
    """Walks the tokens of one body and gathers its blocks."""

    def __init__(self, body: str, first_line: int = 1) -> None:
        self.document = Body()
        self._lines = body.split("\n")
        self._first_line = first_line
        self._covered: set[int] = set()
        self._frames: list[_Frame] = []
        self._quotes = 0
        self._table = _Table(0, 0)
        self._row_line = 0
        self._cells: list[InlineText] = []
        self._closed = closed_elements(body) if "</" in body else frozenset()
        self._term: int | None = None
        tokens = reading_parser().parse(body)
        self._read(tokens)
        self._keep_uncovered_lines()

    def _read(self, tokens: list[Token]) -> None:
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.type in _OPENING:
                position = self._open(tokens, position)
                continue
            if token.type in _CLOSING:
                self._close_details()
                self._frames.pop()
            elif token.type == "inline":
                self._read_text(token, tokens[position - 1])
            else:
                self._read_leaf(token)
            position += 1

    def _open(self, tokens: list[Token], position: int) -> int:
        """Open a list, item, quote, footnote or table; return where to go on."""
        token = tokens[position]
        if token.type == "list_item_open":
            line = self._line(token)
            block = Block(BlockKind.ITEM, (), line, line, self._parent())
            self._frames.append(_Frame(self._add(block), takes_text=True))
            return position + 1
        if self._frames:  # what comes now is a child of the item, its own text is over
            self._frames[-1].takes_text = False
        if token.type in ("bullet_list_open", "ordered_list_open"):
            return self._skip_contents_table(tokens, position) or position + 1
        if token.type == "table_open":
            self._table = _Table(self._line(token), len(self.document.blocks))
        elif token.type == "blockquote_open":
            self._quotes += 1
            self._frames.append(_Frame(quote=self._quotes))
        elif token.type == "dd_open":
            self._frames.append(_Frame(self._term))
        elif token.type in ("admonition_open", "container_callout_open"):
            self._frames.append(_Frame(self._add_title(token)))
        else:
            self._cover_label(self._line(token) - self._first_line)
            self._frames.append(_Frame())
        return position + 1

    def _read_leaf(self, token: Token) -> None:
        match token.type:
            case "fence":
                self._add_fence(token)
            case "code_block":
                self._add_code(token, self._line(token))
            case "math_block" | "math_block_label" | "amsmath":
                self._add_math(token)
            case "html_block":
                self._add_html(token)
            case "tr_open":
                self._cover(token)
                self._cells, self._row_line = [], self._line(token)
            case "tr_close":
                self._end_table_row()
            case "table_close":
                self._end_table()
            case "shortcode_block":
                self._add_shortcode(token)
            case "hr" | "definition" | "heading_open" | "module" | "note_comment":
                self._cover(token)

    # where things stand
    def _line(self, token: Token) -> int:
        return (token.map[0] if token.map else 0) + self._first_line

    def _last_line(self, token: Token) -> int:
        return (token.map[1] - 1 if token.map else 0) + self._first_line

    def _cover(self, token: Token) -> None:
        if token.map:
            self._covered.update(range(*token.map))

    def _cover_label(self, index: int) -> None:
        if _FOOTNOTE_LABEL.fullmatch(self._lines[index]):
            self._covered.add(index)

    def _parent(self) -> int | None:
        return next((f.block for f in reversed(self._frames) if f.block is not None), None)

    def _own_item(self) -> int | None:
        """Return the item that text found here belongs to, None where it stands for itself."""
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
    def _read_text(self, token: Token, opener: Token) -> None:
        text = read_inline(token.children or [], self._line(token), self._closed)
        self.document.tags += text.tags
        if opener.type in ("th_open", "td_open"):
            self._cells.append(text)
            return
        self._cover(token)
        if opener.type == "paragraph_open" and _shows_other_notes(token):
            self.document.loose_links += text.links
        elif opener.type == "dt_open":
            self._term = len(self.document.blocks)
            self._add_paragraph(text, self._line(token), self._last_line(token))
        elif opener.type == "heading_open" and not _is_sentence(text, opener):
            self._add_heading(text, int(opener.tag[1:]), token)
        elif (item := self._own_item()) is not None:
            self._add_item_text(item, text, token)
        elif self._frames and text.rows and _CALLOUT.match(text.rows[0].text):
            self._add_callout(text, token)
        else:
            self._add_paragraph(text, self._line(token), self._last_line(token))

    def _add_heading(self, text: InlineText, level: int, token: Token) -> None:
        rows, line = text.rows, self._line(token)
        given = _HEADING_ATTRIBUTES.search(rows[-1].text) if rows else None
        if given:
            found = _GIVEN_ID.findall(given.group())
            self.document.anchors += [(name, line) for name in found]
            last = rows[-1]._replace(text=rows[-1].text[: given.start()].strip())
            rows = [*rows[:-1], last] if last.text else rows[:-1]
        end, links = self._last_line(token), tuple(text.links)
        self._add(Block(BlockKind.HEADING, tuple(rows), line, end, None, level, links))

    def _add_item_text(self, item: int, text: InlineText, token: Token) -> None:
        """Give an item its text; lines that are its own by laziness alone become blocks."""
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
        """Tell whether a line of an item starts no further right than the item's own marker."""
        here, marker = self._indent(line), self._indent(item.line_start)
        return here <= marker

    def _indent(self, line: int) -> int:
        source = self._lines[line - self._first_line].expandtabs(4)
        return len(source) - len(source.lstrip(" >"))

    def _add_callout(self, text: InlineText, token: Token) -> None:
        """Add the title of a callout, which parents the rest of it."""
        title = _CALLOUT.sub("", text.rows[0].text, count=1).strip()
        line = text.rows[0].line
        if title:
            links = tuple(link for link in text.links if link.line == line)
            block = Block(
                BlockKind.PARAGRAPH, (Row(line, title),), line, line, self._parent(), 0, links
            )
            self._frames[-1].block = self._add(block)
        rest = [link for link in text.links if link.line > line]
        if text.rows[1:]:
            self._add_runs(text.rows[1:], rest, text.breaks, self._parent(), self._last_line(token))

    def _add_paragraph(self, text: InlineText, line: int, last: int) -> None:
        rows = self._take_block_id(text.rows)
        if not rows or is_navigation(rows, text.links):
            self.document.loose_links += text.links
        elif (
            text.bold
            and len(rows) == 1
            and not self._frames
            and len(rows[0].text) <= _MAX_PSEUDO_HEADING_CHARS
        ):
            links = tuple(text.links)
            self._add(
                Block(
                    BlockKind.HEADING, tuple(rows), line, last, None, _PSEUDO_HEADING_LEVEL, links
                )
            )
        else:
            self._add_runs(rows, text.links, text.breaks, self._parent(), last)

    def _add_runs(
        self,
        rows: list[Row],
        links: list[RawLink],
        breaks: dict[int, bool],
        parent: int | None,
        last: int,
    ) -> None:
        """Add a paragraph; one whose lines were each broken on purpose is added line by line."""
        runs = cut_runs(rows, breaks)
        for i, run in enumerate(runs):
            end = runs[i + 1][0].line - 1 if i + 1 < len(runs) else last
            own = tuple(link for link in links if run[0].line <= link.line <= end)
            self._add(Block(BlockKind.PARAGRAPH, tuple(run), run[0].line, end, parent, 0, own))

    def _take_block_id(self, rows: list[Row]) -> list[Row]:
        """Register ``^id`` at the end of a block as a place to link to, and take it off."""
        found = _BLOCK_ID.search(rows[-1].text) if rows else None
        if not found:
            return rows
        self.document.anchors.append((f"^{found.group(1)}", rows[0].line))
        last = rows[-1]._replace(text=rows[-1].text[: found.start()].rstrip())
        return [*rows[:-1], last] if last.text else rows[:-1]

    # containers
    def _add_title(self, token: Token) -> int | None:
        """Add the title of an admonition or container, which parents what is in it."""
        line = self._line(token)
        self._covered.add(line - self._first_line)
        if token.type == "admonition_open":
            callout = indented_callout(token.markup, token.info)
            named = '"' in token.info and not token.markup.startswith("=")
        else:
            found = fenced_callout(token.info)
            if found is None:
                return None
            callout = found
            named = callout.title.lower() not in token.info.lower().split()[:1]
            self._covered.add(self._last_line(token) - self._first_line)
        if not callout.title:
            return None
        # A title that only says the kind is context, and no point.
        kind = BlockKind.PARAGRAPH if named else BlockKind.LABEL
        children = reading_parser().parseInline(callout.title)[0].children or []
        text = read_inline(children, line, self._closed)
        rows = tuple(text.rows)
        block = Block(kind, rows, line, line, self._parent(), 0, tuple(text.links))
        return self._add(block) if rows else None

    def _add_shortcode(self, token: Token) -> None:
        self._cover(token)
        code, line = token.meta["shortcode"], self._line(token)
        links = [RawLink(line, code.said, code.picture)] if code.picture else []
        if code.said and not code.closes:
            self._add_runs(
                [Row(line, code.said)], links, {}, self._parent(), self._last_line(token)
            )
        else:
            self.document.loose_links += links

    def _close_details(self) -> None:
        """Close what ``<details>`` opened and nothing closed within the frame that ends."""
        while self._frames and self._frames[-1].details:
            self._frames.pop()

    def _follow_details(self, source: str, first: int) -> None:
        """Let the summary of an open ``<details>`` parent what follows, until it closes.

        :param source: the HTML.
        :param first: the position of its first block.
        """
        for found in _DETAILS.finditer(source):
            if not found.group(1):
                summary = first if len(self.document.blocks) > first else None
                self._frames.append(_Frame(summary, details=True))
            elif self._frames and self._frames[-1].details:
                self._frames.pop()

    # code, math, HTML
    def _add_fence(self, token: Token) -> None:
        self._warn_of_open_fence(token)
        language = token.info.split()[0].strip("{}.,") if token.info.strip() else ""
        if is_query(language):
            self._cover(token)
        elif language.startswith(_ADMONITION_PLUGIN):
            self._add_plugin_admonition(token)
        else:
            self._add_code(token, self._line(token) + 1)

    def _add_code(self, token: Token, first: int) -> None:
        source = token.content.split("\n")
        rows = [
            Row(first + i, row.rstrip(), True)
            for i, row in enumerate(source)
            if row.strip() and not is_data(row)
        ]
        self._add_leaf(BlockKind.CODE, rows, token)

    def _add_math(self, token: Token) -> None:
        first = self._line(token)
        around = "" if token.type == "amsmath" else "$$"
        source = f"{around}{token.content}{around}".split("\n")
        opening = self._lines[first - self._first_line].strip().lstrip("> ")
        first += opening == "$$" and source[0] != "$$"  # the first row is below its dollars
        rows = [Row(first + i, row.strip(), True) for i, row in enumerate(source) if row.strip()]
        self._add_leaf(BlockKind.MATH, rows, token)

    def _add_leaf(self, kind: BlockKind, rows: list[Row], token: Token) -> None:
        self._cover(token)
        item = self._own_item()
        if item is not None:
            self._extend(item, rows, self._last_line(token), [])
        elif rows:
            self._add(
                Block(kind, tuple(rows), self._line(token), self._last_line(token), self._parent())
            )

    def _add_plugin_admonition(self, token: Token) -> None:
        """Add the prose in a fence of the Admonition plugin, below its title."""
        self._cover(token)
        line, title = self._line(token) + 1, ""
        lines = token.content.split("\n")
        for index, text in enumerate(lines):
            found = _PLUGIN_SETTING.match(text)
            if not found:
                break
            title = found.group(2).strip() if found.group(1) == "title" else title
            lines[index] = ""
        rows = (Row(line, title),)
        block = Block(BlockKind.PARAGRAPH, rows, line, line, self._parent())
        self._frames.append(_Frame(self._add(block) if title else None))
        self._add_inner(_Reader("\n".join(lines), line))
        self._frames.pop()

    def _warn_of_open_fence(self, token: Token) -> None:
        start, end = token.map or [0, 0]
        if not token.markup:  # a shortcode
            return
        fence_end = rf"[\s>]*{token.markup[0]}{{{len(token.markup)},}}\s*"
        if end - 1 == start or not re.fullmatch(fence_end, self._lines[end - 1]):
            hint = "end it with a line of the same characters"
            self._warn("a code fence is opened and never closed", self._line(token), hint)

    def _add_html(self, token: Token) -> None:
        source, line = token.content, self._line(token)
        opened = source.find("<!--", source.rfind("-->") + 1)
        if opened >= 0:
            rest = source[opened:].replace("<!--", " ")
            self._read_open_comment(token, source[:opened] + rest, opened)
            return
        self._cover(token)
        first = len(self.document.blocks)
        visible = read_html(source, self._closed)
        by_row: dict[int, str] = {}
        for row, piece in visible.pieces:
            by_row[row] = by_row.get(row, "") + piece
        rows = [
            Row(line + row, " ".join(by_row[row].split()))
            for row in sorted(by_row)
            if by_row[row].strip()
        ]
        links = [RawLink(line + row, text, target) for row, text, target in visible.links]
        if not _AS_WRITTEN.search(source):
            rows, links = self._read_markdown_rows(rows, links)
        item = self._own_item()
        if rows and item is not None:
            self._extend(item, rows, self._last_line(token), links)
        elif rows:
            self._add_runs(rows, links, {}, self._parent(), self._last_line(token))
        else:
            self.document.loose_links += links
        self._follow_details(source, first)

    def _read_markdown_rows(
        self, rows: list[Row], links: list[RawLink]
    ) -> tuple[list[Row], list[RawLink]]:
        """Return rows of HTML with the Markdown in them read, as editors of notes do."""
        read: list[Row] = []
        for row in rows:
            if not _MARKDOWN_SIGN.search(row.text):
                read.append(row)
                continue
            children = reading_parser().parseInline(row.text)[0].children or []
            text = read_inline(children, row.line, self._closed)
            self.document.tags += text.tags
            links = [*links, *text.links]
            read += [Row(row.line, text.text)] if text.rows else []
        return read, links

    def _read_open_comment(self, token: Token, source: str, opened: int) -> None:
        """Read what follows a comment that is never closed: it may not vanish in silence."""
        line = self._line(token) + token.content.count("\n", 0, opened)
        self._warn(
            "a comment is opened and never closed; what follows is read as text",
            line,
            "end it with -->",
        )
        self._cover(token)
        self._add_inner(_Reader(source, self._line(token)))

    def _add_inner(self, reader: _Reader) -> None:
        """Add what a reader of a part found."""
        inner = reader.document
        shift, parent = len(self.document.blocks), self._parent()
        for block in inner.blocks:
            self._add(
                block._replace(parent=parent if block.parent is None else block.parent + shift)
            )
        self.document.anchors += inner.anchors
        self.document.tags += inner.tags
        self.document.loose_links += inner.loose_links
        self.document.warnings += inner.warnings

    # tables
    def _end_table_row(self) -> None:
        table, line = self._table, self._row_line
        cells = [cell.text for cell in self._cells]
        links = tuple(link for cell in self._cells for link in cell.links)
        if table.header is None:  # context of the rows below it
            table.header, table.links = tuple(cells), links
            return
        self._add_row(self._row_text(cells, table, line), line, links)

    def _end_table(self) -> None:
        """Keep a header row as a row of its own where no row below shows all of it."""
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
        self._add(Block(BlockKind.ROW, rows, line, line, self._parent(), 0, links))

    def _row_text(self, cells: list[str], table: _Table, line: int) -> str:
        """Return "header: cell" pairs, or the source of a row with more cells than headers."""
        source = self._lines[line - self._first_line]
        markers = _MARKERS.match(source)
        source = source[markers.end() if markers else 0 :].strip().strip("|")
        if len(re.findall(r"(?<!\\)\|", source)) >= len(cells) > 0:
            return " | ".join(part.strip() for part in source.split("|") if part.strip())
        header = table.header or ()
        table.shown.update(i for i, cell in enumerate(cells) if cell)
        pairs = zip(header, cells, strict=False)
        return " | ".join(
            f"{name}: {cell}" if name and name != cell else cell for name, cell in pairs if cell
        )

    # what is left out, and what was dropped
    def _skip_contents_table(self, tokens: list[Token], position: int) -> int:
        """Return the position behind a list that is a table of contents, 0 for any other."""
        level, end = tokens[position].level, position + 1
        while end < len(tokens) and not (tokens[end].level == level and tokens[end].nesting == -1):
            end += 1
        inlines = [token for token in tokens[position:end] if token.type == "inline"]
        if len(inlines) < 3 or any(
            token.type not in _OF_CONTENTS_TABLES for token in tokens[position:end]
        ):
            return 0
        links = []
        for token in inlines:
            text = read_inline(token.children or [], self._line(token))
            if (
                len(text.links) != 1
                or not text.links[0].target.startswith("#")
                or text.text != text.links[0].text
            ):
                return 0
            links += text.links
        self.document.loose_links += links
        self._cover(tokens[position])
        return end + 1

    def _keep_uncovered_lines(self) -> None:
        """Add the lines that no token covers as paragraphs of their source, where they stand."""
        dropped = []
        for index, source in enumerate(self._lines):
            found = _MARKERS.match(source)
            text = source[found.end() :].strip() if found else source.strip()
            if index not in self._covered and _WORD.search(LIQUID.sub("", text)):
                line = index + self._first_line
                dropped.append(Block(BlockKind.PARAGRAPH, (Row(line, text),), line, line))
        if dropped:
            blocks = self.document.blocks + dropped
            order = sorted(range(len(blocks)), key=lambda i: (blocks[i].line_start, i))
            place: dict[int | None, int] = {old: new for new, old in enumerate(order)}
            self.document.blocks = [
                blocks[i]._replace(parent=place.get(blocks[i].parent)) for i in order
            ]


def _shows_other_notes(token: Token) -> bool:
    """Return whether a paragraph is embeds alone: its words stand in other notes."""
    children = [child for child in token.children or [] if child.type != "softbreak"]
    embeds = [child for child in children if child.meta.get("source", "").startswith(("!", "{{"))]
    own = [child for child in embeds if child.type == "own_link"]
    return bool(own) and all(child in own or not child.content.strip() for child in children)

"""Read the body of a note as blocks with exact line ranges.

A block keeps its text row by row, each row with its line, so every part of it has a place. Content
that the parser would drop (nesting beyond its limit, surplus table cells) is taken from the source
lines, so no visible word is lost.
"""

from __future__ import annotations

import re

from markdown_it.token import Token

from indexer.notes.markdown import tables
from indexer.notes.markdown.block_writer import MARKERS, Frame, Table, is_callout
from indexer.notes.markdown.body import Body
from indexer.notes.markdown.callouts import fenced_callout, indented_callout
from indexer.notes.markdown.html_blocks import MARKDOWN_SIGN, HtmlWriter
from indexer.notes.markdown.inline import InlineText, read_inline, read_plain
from indexer.notes.markdown.noise import (
    CARDS,
    coded_rows,
    is_data,
    is_query,
    without_option,
    words_of_card,
)
from indexer.notes.markdown.parser import LIQUID
from indexer.notes.markdown.reading import reading_parser
from indexer.notes.markdown.source import clean_source
from indexer.records import Block, BlockKind, RawLink, Row

# A sentence above a rule of hyphens is not a heading.
_SENTENCE = re.compile(r".*[.!?:;,\u3002]$|.{100,}", re.DOTALL)
_CHUNK_CAPTION = re.compile(r"\b(?:fig|tab|tbl)\.cap\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")  # of knitr
_ADMONITION_PLUGIN = "ad-"
_MAX_DEPTH = 16  # of admonitions in each other, which are read again at each level
_PLUGIN_SETTING = re.compile(r"(title|collapse|icon|color|metadata):(.*)$")
_WORD = re.compile(r"\w")
_OUTLINE = re.compile(r"[-*+] \S")


def _is_sentence(text: InlineText, opener: Token) -> bool:
    """Return whether the text above a rule of hyphens is a sentence, not a heading."""
    return opener.markup == "-" and bool(_SENTENCE.match(text.text))


def read_blocks(body: str, *, drawing: bool = False) -> Body:
    r"""Cut a body into blocks.

    :param body: Markdown, lines ended by ``\n``.
    :param drawing: True for an Excalidraw drawing, of which only the text is read.
    :return: blocks in reading order; ``parent`` is the item or callout around a block. Links
        outside of blocks (in a table of contents) are in ``loose_links``.
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
# Lists and tables have no frame; their items do.
_CLOSING = frozenset(
    {
        *("list_item_close", "blockquote_close", "footnote_reference_close"),
        *("admonition_close", "container_callout_close", "dd_close"),
    }
)
# Most tokens of a note are of these kinds, and nothing is done for them.
_SILENT = frozenset(
    f"{name}_{edge}" for name in ("paragraph", "tbody", "thead") for edge in ("open", "close")
)
_OF_CONTENTS_TABLES = frozenset(
    f"{name}_{edge}"
    for name in ("bullet_list", "ordered_list", "list_item", "paragraph")
    for edge in ("open", "close")
) | {"inline"}


class _Reader(HtmlWriter):
    """Walks the tokens of one body and collects its blocks."""

    def __init__(self, body: str, first_line: int = 1, depth: int = 0) -> None:
        super().__init__(body, first_line)
        self._depth = depth  # how many readers it is in
        self._quotes = 0
        self._term: int | None = None
        tokens = reading_parser().parse(body)
        self._read(tokens)
        self._keep_uncovered_lines()

    def _read(self, tokens: list[Token]) -> None:
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.type in _SILENT:
                position += 1
                continue
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
        """Open a list, item, quote, footnote or table; return the next position."""
        token = tokens[position]
        if token.type == "list_item_open":
            line = self._line(token)
            block = Block(BlockKind.ITEM, (), line, line, self._parent())
            self._frames.append(Frame(self._add(block), takes_text=True))
            return position + 1
        if self._frames:  # from here on, content is a child of the item
            self._frames[-1].takes_text = False
        if token.type in ("bullet_list_open", "ordered_list_open"):
            return self._skip_contents_table(tokens, position) or position + 1
        if token.type == "table_open":
            self._table = Table(self._line(token), len(self.document.blocks))
        elif token.type == "blockquote_open":
            self._quotes += 1
            self._frames.append(Frame(quote=self._quotes))
        elif token.type == "dd_open":
            self._frames.append(Frame(self._term))
        elif token.type in ("admonition_open", "container_callout_open"):
            self._frames.append(Frame(self._add_title(token)))
        else:
            self._cover_label(self._line(token) - self._first_line)
            self._frames.append(Frame())
        return position + 1

    def _read_leaf(self, token: Token) -> None:
        match token.type:
            case "fence":
                self._add_fence(token)
            case "code_block":
                self._add_indented(token)
            case "math_block" | "math_block_label" | "amsmath":
                self._add_math(token)
            case "html_block":
                self._add_html(token)
            case tables.ROW:
                self._add_table_row(token)
            case "table_close":
                self._end_table()
            case "shortcode_block":
                self._add_shortcode(token)
            case "hr" | "definition" | "heading_open" | "module" | "note_comment":
                self._cover(token)

    # text
    def _read_text(self, token: Token, opener: Token) -> None:
        text = self._read_words(token)
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
        elif self._frames and is_callout(text):
            self._add_callout(text, token)
        else:
            self._add_paragraph(text, self._line(token), self._last_line(token))

    def _read_words(self, token: Token) -> InlineText:
        for child in token.children or []:
            if child.type == "shortcode":
                self._read_said(child)
        text = read_inline(token.children or [], self._line(token), self._closed)
        self.document.tags += text.tags
        return text

    def _add_table_row(self, row: Token) -> None:
        self._cover(row)
        line = self._line(row)
        cells: list[str] = []
        links: list[RawLink] = []
        for cell in row.meta["cells"]:
            if isinstance(cell, str):
                text, found = read_plain(cell, line)
            else:
                words = self._read_words(cell)
                text, found = words.text, words.links
            cells.append(text)
            links += found
        self._end_table_row(line, cells, tuple(links))

    # containers
    def _add_title(self, token: Token) -> int | None:
        """Add the title of an admonition or container as the parent of its content."""
        line = self._line(token)
        self._covered.add(line - self._first_line)
        if token.type == "admonition_open":
            callout = indented_callout(token.markup, token.info)
            named = '"' in token.info and not token.markup.startswith("=")
            words = token.info.split()[1:]
            if '"' not in token.info and len(words) > 2:  # a title without quotes, not a kind
                callout, named = callout._replace(title=" ".join(words)), True
        else:
            found = fenced_callout(token.info)
            if found is None:
                return None
            callout = found
            named = callout.title.lower() not in token.info.lower().split()[:1]
            self._covered.add(self._last_line(token) - self._first_line)
        if not callout.title:
            return None
        # A title that only names the kind is context, not a point.
        kind = BlockKind.PARAGRAPH if named else BlockKind.LABEL
        children = reading_parser().parseInline(callout.title)[0].children or []
        text = read_inline(children, line, self._closed)
        rows = tuple(text.rows)
        block = Block(
            kind=kind,
            rows=rows,
            line_start=line,
            line_end=line,
            parent=self._parent(),
            level=0,
            links=tuple(text.links),
        )
        return self._add(block) if rows else None

    def _add_shortcode(self, token: Token) -> None:
        self._cover(token)
        code, line = token.meta["shortcode"], self._line(token)
        rows, links = self._read_markdown_rows([Row(line, code.said)], [])
        if code.reference:
            links.append(RawLink(line, "", code.reference))
        if code.embedded:
            links.append(RawLink(line, code.said or code.embedded, code.embedded))
        if code.picture:
            links.insert(0, RawLink(line, rows[0].text if rows else "", code.picture))
        if code.said and not code.closes:
            self._add_runs(rows, links, {}, self._parent(), self._last_line(token))
        else:
            self.document.loose_links += links

    def _read_said(self, token: Token) -> None:
        """Read the Markdown in the words of a shortcode within a line."""
        said = token.meta["shortcode"].said
        if said and MARKDOWN_SIGN.search(said):
            rows, links = self._read_markdown_rows([Row(0, said)], [])
            token.meta["said"] = " ".join(row.text for row in rows)
            token.meta["links"] = links

    # code, math, HTML
    def _add_fence(self, token: Token) -> None:
        self._warn_of_open_fence(token)
        language = token.info.split()[0].strip("{}.,") if token.info.strip() else ""
        if is_query(language):
            self._cover(token)
        elif language.startswith(_ADMONITION_PLUGIN) and self._depth < _MAX_DEPTH:
            self._add_plugin_admonition(token)
        else:
            self._add_code(token, self._line(token) + 1)

    def _add_code(self, token: Token, first: int) -> None:
        source = token.content.split("\n")
        data = coded_rows(source)
        rows = [
            Row(first + i, row.rstrip(), True)
            for i, row in enumerate(source)
            if row.strip() and i not in data and not is_data(row)
        ]
        caption = _CHUNK_CAPTION.search(token.info) if token.info.startswith("{") else None
        if caption:
            rows.insert(0, Row(first - 1, caption.group(1) or caption.group(2)))
        if token.info.startswith("{"):  # a cell of Quarto, with its options in comments
            rows = [row for row in map(without_option, rows) if row.text]
        elif token.info in CARDS:
            rows = words_of_card(rows)
        self._add_leaf(BlockKind.CODE, rows, token)

    def _add_indented(self, token: Token) -> None:
        """Add indented lines: code, or the bullets that outliners indent below a heading."""
        by_tab = self._lines[self._line(token) - self._first_line].startswith("\t")
        by_tab = by_tab and self._depth < _MAX_DEPTH
        if self._frames or not by_tab or not _OUTLINE.match(token.content):
            self._add_code(token, self._line(token))
            return
        self._cover(token)
        self._add_inner(_Reader(token.content, self._line(token), self._depth + 1))

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
        """Add the text of an Admonition plugin fence below its title."""
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
        self._frames.append(Frame(self._add(block) if title else None))
        self._add_inner(_Reader("\n".join(lines), line, self._depth + 1))
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
        source = token.content
        opened = source.find("<!--", source.rfind("-->") + 1)
        if opened >= 0:
            rest = source[opened:].replace("<!--", " ")
            self._read_open_comment(token, source[:opened] + rest, opened)
            return
        self._write_html(token)

    def _read_open_comment(self, token: Token, source: str, opened: int) -> None:
        """Read the text after an unclosed comment, so that it is not lost silently."""
        line = self._line(token) + token.content.count("\n", 0, opened)
        self._warn(
            "a comment is opened and never closed; what follows is read as text",
            line,
            "end it with -->",
        )
        self._cover(token)
        self._add_inner(_Reader(source, self._line(token), self._depth + 1))

    def _add_inner(self, reader: _Reader) -> None:
        """Add the blocks of a reader of a part."""
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

    # what is left out, and what was dropped
    def _skip_contents_table(self, tokens: list[Token], position: int) -> int:
        """Return the position after a list that is a table of contents, 0 for other lists."""
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
        """Add source lines that no token covers as paragraphs, in their places."""
        dropped = []
        for index, source in enumerate(self._lines):
            if not source or index in self._covered:
                continue
            found = MARKERS.match(source)
            text = source[found.end() :].strip() if found else source.strip()
            if _WORD.search(LIQUID.sub("", text)):
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
    """Return whether a paragraph consists of embeds, whose text is in other notes."""
    children = [child for child in token.children or [] if child.type != "softbreak"]
    embeds = [child for child in children if child.meta.get("source", "").startswith(("!", "{{"))]
    own = {id(child) for child in embeds if child.type == "own_link"}
    return bool(own) and all(id(c) in own or not c.content.strip() for c in children)

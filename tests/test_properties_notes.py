"""Properties of reading notes, for generated Markdown and for any bytes."""

from __future__ import annotations

import codecs
import datetime
import itertools
import re
from collections import Counter
from html.parser import HTMLParser

import commonmark
import pytest
import yaml
from fakes import FakeEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.errors import NoteError
from indexer.notes.note import parse_note
from indexer.notes.points import MAX_POINT_CHARS
from indexer.records import Note, Point

pytestmark = pytest.mark.slow

many = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
count_tokens = FakeEncoder().count_tokens

# No word, and no address, has more letters: a longer one may be cut.
WINDOW = 32


def read(content: str | bytes, *, window: int = WINDOW) -> Note:
    data = content.encode() if isinstance(content, str) else content
    return parse_note(data, "note.md", window=window, count_tokens=count_tokens)


# --- Markdown of any shape ----------------------------------------------------------------------
# Every word gets a unique number, so it has only one line in the source. Left out, since a reader
# does not see it or another dialect decides: link destinations, reference definitions, HTML
# comments, Liquid tags and kramdown attributes, block and heading ids, callout and footnote marks,
# info strings of fences, tables of contents. Code, math and pictures over two lines of a paragraph
# are left out until the test of them in test_points.py passes.

PHRASES = ["a¤", "Beg¤", "größer¤ d¤", "D¤ fade¤ B¤", "cabbaged¤ face¤ bag¤", "Egg¤ b¤ ABBA¤ c¤"]
INLINE = [
    *(["{}"] * 8),
    *("*{}*", "**{}**", "_{}_", "`{}`", "``{}``", "~~{}~~", "${}$", '"{}"', "({})", r"\*{}\_"),
    *("<b>{}</b>", "&lt; {} &amp;", "![{}](picture.png)", "[{}](sub/note.md)"),
    *("[{}](<my note.md> 'Title')", "*{}\nC¤*", "[{}\nC¤](note.md)"),
    *("<https://x.yz/e¤> {}", "https://x.yz/e¤ {}"),
]
PIECES = [markup.format(words) for words in PHRASES for markup in INLINE]
ENDED = [piece + end for piece in PIECES for end in ["", ".", "", "?", ":", ",", ";", "!", "…"]]


def one_of_many(texts: list[str]) -> st.SearchStrategy[str]:
    """Return a strategy whose repr is short, unlike that of sampled_from."""
    return st.integers(0, len(texts) - 1).map(lambda number: texts[number])


WORDS, PIECE, END = one_of_many(PHRASES), one_of_many(PIECES), one_of_many(ENDED)
LINE = END | st.tuples(PIECE, END).map(" ".join)
ONE_LINE = LINE.map(lambda line: line.replace("\n", " "))
BREAK = st.sampled_from(["\n", "\n", "  \n", "\\\n"])

Lines = list[str]
PARAGRAPH = st.builds(
    lambda first, more: (first + "".join(end + line for end, line in more)).split("\n"),
    LINE,
    st.lists(st.tuples(BREAK, LINE), max_size=5),
)
HEADING = st.one_of(
    st.builds(lambda level, line: ["#" * level + " " + line], st.integers(1, 6), ONE_LINE),
    WORDS.map(lambda words: [f"## {words} ##"]),
    st.builds(lambda words, rule: ["", words, rule], WORDS, st.sampled_from(["===", "---"])),
    st.builds(lambda first, words: ["", first, words, "==="], ONE_LINE, WORDS),
    st.lists(WORDS, min_size=6, max_size=12).map(lambda words: [f"### {' '.join(words)}"]),
    WORDS.map(lambda words: ["", f"**{words}**", ""]),
)
CODE_LINE = st.sampled_from([a + words for words in PHRASES for a in ["", "# ", "    ", "- "]])
CODE_LINES = st.lists(CODE_LINE, min_size=1, max_size=4)
CODE = st.one_of(
    st.builds(
        lambda mark, lines: [mark, *lines, mark], st.sampled_from(["```", "~~~~"]), CODE_LINES
    ),
    CODE_LINES.map(lambda lines: ["", *(f"    {line}" for line in lines), ""]),
    CODE_LINES.map(lambda lines: ["", "$$", *lines, "$$"]),
)
HTML = WORDS.map(lambda words: ["<div>", f"<p>{words}</p>", words, "</div>", ""])
RULE = st.sampled_from([["***"], ["_ _ _"]])
LEAF = st.one_of(PARAGRAPH, PARAGRAPH, PARAGRAPH, HEADING, CODE, HTML, RULE)


def below(blocks: list[Lines], apart: bool) -> Lines:
    """Return blocks below one another, with or without a blank line between them."""
    lines: Lines = []
    for block in blocks:
        lines += [""] * (apart and bool(lines)) + block
    return lines


def item_of(mark: str, blocks: list[Lines], apart: bool) -> Lines:
    first, *rest = below(blocks, apart)
    return [mark + first, *(" " * len(mark) + line if line else "" for line in rest)]


def lists_of(children: st.SearchStrategy[Lines]) -> st.SearchStrategy[Lines]:
    own = PARAGRAPH | PARAGRAPH | st.sampled_from([["![](picture.png)"], [""]])
    blocks = st.builds(lambda first, more: [first, *more], own, st.lists(children, max_size=2))
    return st.builds(
        lambda mark, items, apart: below([item_of(mark, *item) for item in items], apart),
        st.sampled_from(["- ", "*   ", "+ ", "1. ", "9)  "]),
        st.lists(st.tuples(blocks, st.booleans()), min_size=1, max_size=3),
        st.booleans(),
    )


def quotes_of(children: st.SearchStrategy[Lines]) -> st.SearchStrategy[Lines]:
    return st.builds(
        lambda mark, blocks, apart: [mark + line for line in below(blocks, apart)],
        st.sampled_from([">", "> "]),
        st.lists(children, min_size=1, max_size=2),
        st.booleans(),
    )


BLOCK = st.recursive(
    LEAF, lambda inner: st.one_of(lists_of(inner), lists_of(inner), quotes_of(inner)), max_leaves=4
)


def numbered(text: str) -> str:
    numbers = itertools.count()
    return re.sub("¤", lambda _: str(next(numbers)), text)


DOCUMENT = st.builds(
    lambda blocks, apart, end: numbered("\n".join(below(blocks, apart)) + end),
    st.lists(BLOCK, min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(["", "\n"]),
)
# Read between two readings of a document, to detect state that is kept.
OTHER = "[a1]: u.md 'b2'\n[^c3]: Note\n\n- [d4]\n\n```\n<!-- never closed\n"


# --- an independent reader ----------------------------------------------------------------------


class Visible(HTMLParser):
    """Collects the text that a browser shows for the HTML of commonmark.py."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(commonmark.commonmark(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.text += f" {dict(attrs)['alt']} "

    def handle_data(self, data: str) -> None:
        self.text += data


def words_in(text: str) -> set[str]:
    """Return the numbered words of a text."""
    return set(re.findall(r"[a-zA-Zäöß]+\d+", text))


def words_kept(note: Note) -> set[str]:
    return {
        word
        for point in note.points
        for text in (point.text, *point.heading_path, *point.parents)
        for word in words_in(text)
    }


def words_within(point: Point, source: str) -> set[str]:
    return words_in("\n".join(source.split("\n")[point.line_start - 1 : point.line_end]))


# --- no visible text is lost, and all lines are right -------------------------------------------


@many
@given(DOCUMENT)
def test_every_visible_word_is_in_one_point_or_in_a_context(source):
    note = read(source)
    assert words_in(Visible(source).text) - words_kept(note) == set()
    assert max(Counter(w for p in note.points for w in words_in(p.text)).values(), default=1) == 1


@many
@given(DOCUMENT)
def test_words_and_links_of_a_point_stand_within_its_lines(source):
    for point in read(source).points:
        assert words_in(point.text) - words_within(point, source) == set()
    # With a window that cuts nothing: see test_points.py for links that are cut.
    for point in read(source, window=10_000).points:
        assert all(point.line_start <= link.line <= point.line_end for link in point.links)


@many
@given(DOCUMENT, st.integers(WINDOW, 3 * WINDOW))
def test_no_point_exceeds_the_window(source, window):
    texts = [point.text for point in read(source, window=window).points]
    assert all(count <= window for count in count_tokens(texts))
    assert all(0 < len(text.strip()) <= len(text) <= MAX_POINT_CHARS for text in texts)


CELLS = st.lists(WORDS, min_size=3, max_size=3)


@many
@given(
    CELLS,
    st.lists(st.one_of(CELLS, st.lists(WORDS, min_size=4, max_size=5)), max_size=4),
    CELLS,
    st.sampled_from([("| ", " | ", " |"), ("", "|", "")]),
    st.sampled_from(["", "  "]),
)
def test_every_cell_of_a_table_is_in_the_point_of_its_line(header, rows, last, bars, indent):
    # commonmark.py knows no tables, so the words come from the generator. The last row has no
    # surplus cell: a header that no row shows is a test of its own in test_markdown.py.
    before, between, after = bars
    lines = [before + between.join(cells) + after for cells in [header, *rows, last]]
    lines.insert(1, "|---|---|---|")
    source = numbered("\n".join(indent + line for line in lines))
    note = read(source, window=200)
    assert words_in(source) - words_kept(note) == set()
    for line, text in enumerate(source.split("\n")[2:], 3):
        (point,) = (point for point in note.points if point.line_start == line)
        assert words_in(text) <= words_in(point.text)


# --- the same words, the same points ------------------------------------------------------------


@many
@given(DOCUMENT)
def test_points_depend_neither_on_other_notes_nor_on_line_ends_and_marks(source):
    expected = read(source)
    read(OTHER)
    assert read(source) == expected
    for data in (
        source.replace("\n", "\r\n").encode(),
        source.replace("\n", "\r").encode(),
        codecs.BOM_UTF8 + source.encode(),
        codecs.BOM_UTF16_LE + source.encode("utf-16-le"),
    ):
        note = read(data)
        assert note._replace(content_hash=expected.content_hash, size=expected.size) == expected


# --- any bytes ----------------------------------------------------------------------------------

FRAGMENTS = [
    *(f"{fence}\n".encode() for fence in ("---", "...", "+++", "```", "~~~", "$$", "===", "***")),
    *(b"title: ", b"tags: ", b"date: ", b"a = ", b"2020-04-07", b"&a ", b"*a ", b"<<: ", b"!x "),
    *(b"{", b"}", b"[", b"]", b"? ", b": ", b'"', b"'", b"|\n", b">-\n", b"%YAML 1.1\n", b"!!str "),
    *(b"\n", b"\n\n", b"  ", b"    ", b"\t", b"- ", b"1. ", b"> ", b"# ", b"|", b"- [ ] "),
    *(b"| a | b |\n|---|---|\n", b"*", b"**", b"_", b"~~", b"`", b"``", b"$", b"\\", b"(", b")"),
    *(b"[[", b"]]", b"![", b"](", b"[^1]", b"[^1]: ", b"[a]: ", b"[!note] ", b"^id", b"{#x}"),
    *(b"{% ", b" %}", b"{{", b"}}", b"{: .x}", b"<!--", b"-->", b"<div>", b"</div>", b"<a href=x>"),
    *(b"</a>", b"<br>", b"<script>", b"<?", b"<!X", b"<![CDATA[", b"]]>", b"<", b">", b"&amp;"),
    *(b"&#0;", b"&#xD800;", b"https://x.org/", b"x.md", b"word ", b"Word. ", b"\\u0000"),
    *(b"\xe9", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00", b"\r", b"\x0b"),
    *("é日🙂\u2028\u0085\u200b".encode()[start:] for start in (0, 1, 3)),
]
ANY_BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join),
    st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(
        lambda f: b"---\n%s\n---\n" % b"".join(f)
    ),
    st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(
        lambda f: b"+++\n%s\n+++\n" % b"".join(f)
    ),
)


@many
@given(ANY_BYTES, st.integers(1, 40))
def test_any_bytes_are_a_note_or_a_note_error(content, window):
    try:
        note = read(content, window=window)
    except NoteError as exc:
        assert exc.path == "note.md"
        return
    last = len(re.findall(rb"\r\n?|\n", content)) + 1
    assert all(1 <= p.line_start <= p.line_end <= max(last, 1) for p in note.points)
    assert all(w.line is None or w.line >= 1 for w in note.warnings)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.dates(),
        st.datetimes(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = ["title", "date", "tags", "tag", "categories", "category", "aliases", "permalink"]


@many
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)), st.booleans())
def test_values_of_the_head_are_texts_whatever_was_written(head, flow):
    front = yaml.safe_dump(head, allow_unicode=True, default_flow_style=flow)
    note = read(f"---\n{front}---\nwords\n")
    assert isinstance(note.title, str)
    assert note.title
    assert note.permalink is None or isinstance(note.permalink, str)
    assert note.date is None or type(note.date) is datetime.date
    for values in (note.tags, note.categories, note.aliases):
        assert all(isinstance(value, str) for value in values)
    assert [point.text for point in note.points][-1:] == ["words"]

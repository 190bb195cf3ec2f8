"""Inline Markdown to the words a reader sees, line by line, with the links in it."""

from __future__ import annotations

import pytest

from indexer.notes.markdown.reader import read_blocks
from indexer.records import Block


def paragraph(body: str) -> Block:
    (block,) = read_blocks(body).blocks
    return block


def rows_of(body: str) -> list[tuple[int, str]]:
    return [(row.line, row.text) for row in paragraph(body).rows]


def links_of(body: str) -> list[tuple[int, str, str]]:
    return [(link.line, link.text, link.target) for link in paragraph(body).links]


# --- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("*a* **b** _c_ __d__ ***e*** f", "a b c d e f"),
        ("snake_case and 2*3*4", "snake_case and 234"),
        ("`code` and `` a`b ``", "code and a`b"),
        ("~~struck~~ out", "struck out"),
        ("&amp; &copy; &#x41; &nope;", "& © A &nope;"),
        (r"\*not\* \# \[x\] end", "*not* # [x] end"),
        ("a <b>c</b> <!-- d --> e", "a c e"),
        ("a<br>b<br/>c", "a b c"),
        ("tabs\tand   blanks", "tabs and blanks"),
        ("not a [link and ] this", "not a [link and ] this"),
        ("#tag and @name", "#tag and @name"),
        ("a {{ site.title }} b", "a b"),
        ("==mark== x^2^", "mark x^2^"),
    ],
)
def test_visible_text(source, text):
    assert paragraph(source).text == text


@pytest.mark.parametrize(
    "source",
    [
        "price $5 and $6",
        "so $x_1*y*z$ is math",
        "so $$a_{1}*b*$$ is too",
        r"with $\langle x \rangle$ in it",
        "an unclosed $x_1 here",
    ],
)
def test_math_and_dollars_stay_as_written(source):
    assert paragraph(source).text == source


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% include x.html %} text", "text"),
        ("a {% raw %}b{% endraw %} c", "a b c"),
        ("a{: .cls #id} b", "a b"),
        ("text\n{: .cls}", "text"),
        ("`{% raw %}` stays", "{% raw %} stays"),
        ("{ a } {b} {%c", "{ a } {b} {%c"),
    ],
)
def test_liquid_tags_and_kramdown_attributes_are_no_text(source, text):
    assert paragraph(source).text == text


def test_defined_footnote_mark_is_no_text():
    assert read_blocks("text[^1] more\n\n[^1]: Note.").blocks[0].text == "text more"


def test_brackets_that_name_no_footnote_are_text():
    assert paragraph("the class [^abc] negates").text == "the class [^abc] negates"


# --- lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "  \n", "\\\n"])
def test_each_line_is_a_row(end):
    assert rows_of(f"one *two*{end}three") == [(1, "one two"), (2, "three")]


def test_emphasis_may_span_lines():
    assert rows_of("*one\ntwo* three") == [(1, "one"), (2, "two three")]


def test_line_of_text_behind_a_code_span_over_lines_is_true():
    assert rows_of("a `b\nc\nd` e\nf") == [(1, "a b"), (2, "c"), (3, "d e"), (4, "f")]


@pytest.mark.parametrize(
    "source", ["`one\ntwo`:", "$one\ntwo$:", "![one\ntwo](u):"], ids=["code", "math", "image"]
)
def test_text_that_spans_lines_stands_on_each_of_them(source):
    blocks = read_blocks(source).blocks
    assert [(block.line_start, block.line_end) for block in blocks] == [(1, 2)]


def test_lines_behind_a_link_over_lines_are_true():
    body = "a [b\nc](u\n'ti\ntle') d\ne"
    assert rows_of(body) == [(1, "a b"), (2, "c"), (4, "d"), (5, "e")]


def test_lines_behind_an_image_over_lines_are_true():
    assert rows_of("![b\nc](u\n'title') d\ne")[1:] == [(3, "d"), (4, "e")]


def test_lines_behind_a_comment_over_lines_are_true():
    assert rows_of("a <!-- x\ny\nz --> b\nc") == [(1, "a"), (3, "b"), (4, "c")]


def test_lines_behind_math_over_lines_are_true():
    assert rows_of("a $x\ny$ b\nc") == [(1, "a $x"), (2, "y$ b"), (3, "c")]


def test_code_span_over_lines_within_a_link_is_counted_once():
    assert rows_of("[a `b\nc`](u) d\ne")[-1] == (3, "e")


def test_line_without_text_makes_no_row():
    assert rows_of("a\n![](p.png)\nc") == [(1, "a"), (3, "c")]


# --- links --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text", "target"),
    [
        ("[a *b* `c`](u.md)", "a b c", "u.md"),
        ("[a](<b c.md> 'title')", "a", "b c.md"),
        ("[a](b%20c.md)", "a", "b%20c.md"),
        ("[a](sub/ü.md)", "a", "sub/ü.md"),
        ("<https://x.org/y>", "https://x.org/y", "https://x.org/y"),
        ("https://x.org/a_b_c", "https://x.org/a_b_c", "https://x.org/a_b_c"),
        ("<mailto:a@b.org>", "mailto:a@b.org", "mailto:a@b.org"),
        ("![alt](p.png)", "alt", "p.png"),
        ("[[note]]", "note", "note"),
        ("[[sub/note#Part|alias]]", "alias", "sub/note#Part"),
        ("<a href='u.md'>a <b>b</b></a>", "a b", "u.md"),
        ("[a]({% post_url 2020-04-07-x %})", "a", "{% post_url 2020-04-07-x %}"),
        ("[a](javascript:alert)", "a", "javascript:alert"),
        ("[a](my note.md)", "a", "my note.md"),
        ("[a][r]\n\n[r]: u.md", "a", "u.md"),
        ("[r]\n\n[r]: <u v.md> 'Title'", "r", "u v.md"),
    ],
)
def test_link_has_its_text_and_target(source, text, target):
    assert links_of(source) == [(1, text, target)]
    assert paragraph(source).text == text


def test_address_in_prose_is_a_link_without_the_full_stop():
    assert links_of("see https://x.org/y.") == [(1, "https://x.org/y", "https://x.org/y")]


@pytest.mark.parametrize("source", ["www.x.org", "a@b.org", "x.org", "note.md"])
def test_only_addresses_with_a_scheme_are_links(source):
    assert links_of(source) == []


@pytest.mark.parametrize("source", ["`[a](u)`", "`[[a]]`", "`https://x.org`", r"\[a](u)"])
def test_what_is_code_or_escaped_is_no_link(source):
    assert links_of(source) == []


def test_linked_image_is_two_links():
    assert links_of("[![alt](p.png)](u.md)") == [(1, "alt", "p.png"), (1, "alt", "u.md")]


def test_embedded_picture_shows_nothing():
    block = paragraph("see ![[p.png]] here")
    assert block.text == "see here"
    assert [link.target for link in block.links] == ["p.png"]


def test_links_stand_on_their_lines():
    assert links_of("[a](u)\n[[b]] x\ny [c](v)") == [(1, "a", "u"), (2, "b", "b"), (3, "c", "v")]


@pytest.mark.parametrize("source", ["[two\nwords](u)", "<a href='u'>two\nwords</a> x"])
def test_link_over_two_lines_keeps_the_blank_between_its_words(source):
    assert links_of(source) == [(1, "two words", "u")]


def test_text_of_an_image_link_has_no_line_end():
    assert links_of("![two\nwords](u)") == [(1, "two words", "u")]


@pytest.mark.parametrize(
    ("source", "text", "target", "fix"),
    [
        ("[https://x.org](the words)", "the words", "https://x.org", "[the words](https://x.org)"),
        ("[https://x.org](word)", "word", "https://x.org", "[word](https://x.org)"),
        ("[https://x.org]()", "https://x.org", "https://x.org", "<https://x.org>"),
        ("[n.md](my words)", "my words", "n.md", "[my words](n.md)"),
        ("[a](my note.md)", "a", "my note.md", "[a](my%20note.md)"),
    ],
)
def test_reversed_link_shows_its_meaning_and_its_fix(source, text, target, fix):
    block = paragraph(source)
    (link,) = block.links
    assert (block.text, link.text, link.target, link.fix) == (text, text, target, fix)


def test_link_whose_text_is_an_address_is_not_reversed():
    (link,) = paragraph("[https://x.org](https://y.org/z)").links
    assert (link.target, link.fix) == ("https://y.org/z", None)


def test_empty_target_stays_empty():
    assert links_of("[words]()") == [(1, "words", "")]

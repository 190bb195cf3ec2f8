"""What a reader sees of HTML in a note."""

from __future__ import annotations

import pytest

from indexer.notes.markdown.html import read_html, read_tag
from indexer.notes.markdown.reader import read_blocks


def shown(source: str) -> str:
    rows: dict[int, str] = {}
    for row, piece in read_html(source).pieces:
        rows[row] = rows.get(row, "") + piece
    return "\n".join(" ".join(rows[row].split()) for row in sorted(rows))


def rows_of(body: str) -> list[tuple[int, str]]:
    return [(row.line, row.text) for block in read_blocks(body).blocks for row in block.rows]


def test_tags_are_not_shown_and_their_text_is():
    assert shown("<div class='x'><b>bold</b> and <i>not</i></div>") == "bold and not"


def test_tag_within_a_word_does_not_cut_it():
    assert shown("H<sub>2</sub>O") == "H2O"


@pytest.mark.parametrize("tag", ["br", "p", "div", "li", "td", "tr", "h2"])
def test_tag_that_must_clear_parts_words(tag):
    assert shown(f"one<{tag}>two") == "one two"


@pytest.mark.parametrize(
    "source",
    [
        "<div>one</div>two",
        "<h2>one</h2>two",
        "<summary>one</summary>two",
        "<dt>one</dt><dd>two</dd>",
        "<section>one</section><section>two</section>",
        "one<hr>two",
        "<option>one</option><option>two</option>",
    ],
)
def test_blocks_of_html_part_words(source):
    assert shown(source) == "one two"


@pytest.mark.parametrize("tag", ["script", "style", "template"])
def test_hidden_elements_are_not_shown(tag):
    assert shown(f"one <{tag}>hidden</{tag}>two") == "one two"


def test_hidden_elements_may_be_nested():
    assert shown("<template>a<template>b</template>c</template>d") == "d"


def test_surplus_end_tag_hides_nothing():
    assert shown("</script></template>shown") == "shown"


def test_comment_is_not_shown():
    assert shown("one <!-- two\nthree --> four") == "one\nfour"


def test_references_are_resolved():
    assert shown("a &amp; b &lt;c&gt; &#228; &hearts;") == "a & b <c> ä ♥"


@pytest.mark.parametrize("source", ["<b>open", "open<b", "open <a href='x", "open & <", "</b>open"])
def test_unclosed_tag_keeps_the_text(source):
    assert "open" in shown(source)


def test_picture_stands_by_its_alternative_text():
    assert shown("see <img src='x.png' alt='a cat'> <img src='y.png'>here") == "see a cat here"


def test_pieces_stand_on_their_rows():
    source = "<p>one\ntwo <b\nclass='x'>three</b></p>\nfour"
    assert shown(source) == "one\ntwo\nthree\nfour"


def test_link_has_its_row_text_and_target():
    source = "<p>\nsee <a href='u.md'>the <b>note</b></a>\n</p>"
    assert read_html(source).links == [(1, "the note", "u.md")]


def test_link_without_a_target_is_text():
    assert read_html("<a name='x'>text</a>").links == []


def test_link_over_two_lines_keeps_the_blank_between_its_words():
    assert read_html("<a href='u'>two\nwords</a>").links == [(0, "two words", "u")]


@pytest.mark.parametrize("section", ["<![foo[bar]]>", "<![>", "<![ x ]>"])
def test_marked_section_is_no_crash(section):
    assert "before" in shown(f"<div>before {section}</div>")


@pytest.mark.parametrize(
    ("source", "tag"),
    [
        ('<a href="x&amp;y">', ("a", {"href": "x&y"})),
        ("</A>", ("/a", {})),
        ("<BR/>", ("br", {})),
        ("<input disabled>", ("input", {"disabled": ""})),
        ("<!-- comment -->", ("", {})),
        ("<?php ?>", ("", {})),
        ("text", ("", {})),
    ],
)
def test_single_tag_is_read_by_name_and_attributes(source, tag):
    assert read_tag(source) == tag


def test_quoted_angle_bracket_is_part_of_an_attribute():
    assert read_tag('<a title="x > y" href="u">') == ("a", {"title": "x > y", "href": "u"})
    assert shown('<a title="x > y" href="u">text</a>') == "text"


# --- through the parser -------------------------------------------------------------------------


def test_html_block_is_a_paragraph_with_true_lines():
    body = "text\n\n<div>\n<p>one</p>\n\n</div>\n\n<p>two\nthree</p>\n"
    assert rows_of(body) == [(1, "text"), (4, "one"), (8, "two"), (9, "three")]


def test_link_in_an_html_block_is_found():
    (block,) = read_blocks("<div>\n<a href='u.md'>see</a>\n</div>").blocks
    assert [(link.line, link.text, link.target) for link in block.links] == [(2, "see", "u.md")]


def test_link_without_text_in_an_html_block_is_loose():
    document = read_blocks("<a href='u.md'></a>")
    assert document.blocks == []
    assert [link.target for link in document.loose_links] == ["u.md"]


def test_html_in_an_item_belongs_to_the_item():
    first, second = read_blocks("- <b>a</b>\n  <div>b</div>\n- c").blocks
    assert (first.text, first.line_end, second.text) == ("a b", 2, "c")


def test_comment_in_one_block_hides_only_itself():
    assert rows_of("<!-- one\n\n# two -->\n\nthree") == [(5, "three")]


def test_text_behind_a_comment_is_shown():
    assert rows_of("<!-- hidden --> shown") == [(1, "shown")]


def test_unclosed_comment_warns_and_the_rest_is_read_as_markdown():
    document = read_blocks("before\n\n<!-- open\n## Head\n- item [[x]]\n")
    assert [(b.kind.value, b.line_start, b.text) for b in document.blocks] == [
        ("paragraph", 1, "before"),
        ("paragraph", 3, "open"),
        ("heading", 4, "Head"),
        ("item", 5, "item x"),
    ]
    assert [warning.line for warning in document.warnings] == [3]
    assert document.warnings[0].hint == "end it with -->"
    assert document.blocks[3].links[0].line == 5


def test_unclosed_comment_in_an_item_stays_with_the_item():
    document = read_blocks("- item\n\n  para\n  - x\n\n  <!-- open\n  words")
    (last,) = (block for block in document.blocks if block.line_start == 6)
    assert (last.text, document.blocks[last.parent].line_start) == ("open words", 1)


def test_second_of_two_comments_may_be_the_unclosed_one():
    document = read_blocks("<!-- a --> b\n\n<!-- c <!-- d")
    assert [block.line_start for block in document.blocks] == [1, 3]
    assert "c" in document.blocks[1].text
    assert "d" in document.blocks[1].text


def test_many_unclosed_comments_are_no_crash():
    assert "words" in read_blocks("<!-- " * 1_000 + "words").blocks[-1].text


@pytest.mark.parametrize("tag", ["script", "style"])
def test_unclosed_hidden_element_warns(tag):
    document = read_blocks(f"<{tag}>\n\nthe whole rest of the note")
    assert document.warnings or document.blocks

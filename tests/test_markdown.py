"""Blocks of Markdown: kinds, rows, lines, parents, and no lost visible text."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from indexer.notes.markdown.reader import read_blocks
from indexer.records import Block, BlockKind

HEADING, PARAGRAPH, ITEM, ROW, CODE, MATH, *_ = BlockKind


def blocks_of(body: str) -> list[Block]:
    return read_blocks(body).blocks


def outline(body: str) -> list[tuple[BlockKind, int, int, str]]:
    return [(b.kind, b.line_start, b.line_end, b.text) for b in blocks_of(body)]


def tree(body: str) -> list[tuple[str, str | None]]:
    blocks = blocks_of(body)
    return [(b.text, None if b.parent is None else blocks[b.parent].text) for b in blocks]


def texts(body: str) -> list[str]:
    return [block.text for block in blocks_of(body)]


def warned_lines(body: str) -> list[int | None]:
    return [warning.line for warning in read_blocks(body).warnings]


# --- headings -----------------------------------------------------------------------------------


def test_headings_have_level_and_line():
    body = "# One\n\n### Three ###\n\nSetext\n---\n"
    blocks = blocks_of(body)
    assert [(b.kind, b.level, b.line_start, b.text) for b in blocks] == [
        (HEADING, 1, 1, "One"),
        (HEADING, 3, 3, "Three"),
        (HEADING, 2, 5, "Setext"),
    ]


def test_hash_without_a_blank_is_no_heading():
    assert outline("#tag\n")[0][0] is PARAGRAPH


def test_heading_keeps_the_words_of_its_markup_and_its_links():
    (block,) = blocks_of("# The `code` of [it](u.md) *all*")
    assert block.text == "The code of it all"
    assert [link.target for link in block.links] == ["u.md"]


def test_heading_without_words_has_no_rows():
    (block,) = blocks_of("#")
    assert (block.kind, block.rows) == (HEADING, ())


def test_heading_over_two_lines_has_both_lines():
    assert outline("Two\nlines\n===\n") == [(HEADING, 1, 2, "Two lines")]


@pytest.mark.parametrize("line", ["**Bold**", "__Bold__", "***Bold***", "**Bold:**", "**Bold**:"])
def test_line_that_is_all_bold_is_a_heading_below_all_others(line):
    (first, _) = blocks_of(f"{line}\n\ntext\n")
    assert (first.kind, first.level, first.text.rstrip(":")) == (HEADING, 7, "Bold")


@pytest.mark.parametrize(
    "body",
    ["**Bold** and more", "**two**\n**lines**", "> **quoted**", f"**{'long ' * 20}**", "*light*"],
)
def test_bold_text_that_is_no_line_of_its_own_is_no_heading(body):
    assert [block.kind for block in blocks_of(body)] == [PARAGRAPH]


def test_bold_item_is_an_item():
    assert outline("- **Bold**\n") == [(ITEM, 1, 1, "Bold")]


def test_id_of_a_heading_is_an_anchor_and_no_text():
    document = read_blocks("text\n\n## Part {#my-part .cls}\n")
    assert document.blocks[1].text == "Part"
    assert document.anchors == [("my-part", 3)]


# --- paragraphs ---------------------------------------------------------------------------------

PROSE = """\
Prose that an editor wrapped at a column does not break where the
sentence ends but where the next word would not fit, and therefore
the lines belong together. Nothing in it starts on purpose at the
left edge, so that it is read as one."""


def test_wrapped_prose_is_one_paragraph():
    (block,) = blocks_of(PROSE)
    assert (block.line_start, block.line_end, len(block.rows)) == (1, 4, 4)


def test_four_lines_broken_on_purpose_are_four_paragraphs():
    body = "Buy some milk for the week\nCall mum\nWrite a note\nSleep\n"
    assert outline(body) == [
        (PARAGRAPH, 1, 1, "Buy some milk for the week"),
        (PARAGRAPH, 2, 2, "Call mum"),
        (PARAGRAPH, 3, 3, "Write a note"),
        (PARAGRAPH, 4, 4, "Sleep"),
    ]


def test_hard_breaks_are_breaks_on_purpose():
    assert texts("alpha  \nbeta  \ngamma\\\ndelta") == ["alpha", "beta", "gamma", "delta"]


def test_three_lines_are_one_paragraph():
    assert len(blocks_of("Buy some milk for the week\nCall mum\nWrite it\n")) == 1


def test_lines_that_go_on_with_the_sentence_are_one_paragraph():
    assert len(blocks_of("Buy some milk for the week\ncall mum\nWrite\nSleep\nEat\n")) == 1


def test_link_over_two_lines_is_not_cut_apart():
    assert len(blocks_of("Some longer first line\nB [See\nThis](u)\nC and\nD")) == 1


def test_links_go_with_their_line():
    body = "Buy some [milk](a) for the week\nCall\nWrite [it](b)\nSleep\n"
    assert [[link.target for link in block.links] for block in blocks_of(body)] == [
        ["a"],
        [],
        ["b"],
        [],
    ]


def test_lead_in_at_the_end_of_a_paragraph_is_cut_off():
    body = "A sentence that ended here.\nThings to do:\n- one\n"
    assert texts(body) == ["A sentence that ended here.", "Things to do:", "one"]


def test_rules_are_no_text():
    assert texts("a\n\n***\n\n- - -\n\nb") == ["a", "b"]


def test_reference_definitions_are_no_text():
    document = read_blocks('[a]: https://x.org "Some title"\n\n[b]:\n  y.md\n')
    assert (document.blocks, document.warnings) == ([], [])


# --- lists --------------------------------------------------------------------------------------


def test_nested_items_have_their_item_as_parent():
    body = "- a\n  - b\n    1. c\n  - d\n* e\n"
    assert tree(body) == [("a", None), ("b", "a"), ("c", "b"), ("d", "a"), ("e", None)]
    assert [block.line_start for block in blocks_of(body)] == [1, 2, 3, 4, 5]


def test_tabs_nest_as_well():
    assert tree("- a\n\t- b\n\t\t- c\n") == [("a", None), ("b", "a"), ("c", "b")]


def test_item_has_all_its_own_text_before_its_first_child():
    body = "- one\n  two\n\n  three\n\n  - child\n\n  tail\n"
    assert outline(body) == [
        (ITEM, 1, 4, "one two three"),
        (ITEM, 6, 6, "child"),
        (PARAGRAPH, 8, 8, "tail"),
    ]
    assert tree(body)[2] == ("tail", "one two three")


def test_tasks_lose_their_box():
    assert texts("- [ ] to do\n- [x] done [[n]]\n") == ["to do", "done n"]


def test_items_all_numbered_one_are_items():
    assert [b.kind for b in blocks_of("1. a\n1. b\n1. c\n")] == [ITEM] * 3


def test_empty_item_has_no_rows():
    assert [(b.kind, b.rows == ()) for b in blocks_of("-\n- a\n")] == [(ITEM, True), (ITEM, False)]


def test_lazy_line_that_goes_on_belongs_to_the_item():
    assert outline("- an item that goes\non here\n- next\n") == [
        (ITEM, 1, 2, "an item that goes on here"),
        (ITEM, 3, 3, "next"),
    ]


def test_lazy_line_after_a_sentence_is_a_paragraph():
    assert outline("- an item.\nNot of it [x](u)\n- next\n") == [
        (ITEM, 1, 1, "an item."),
        (PARAGRAPH, 2, 2, "Not of it x"),
        (ITEM, 3, 3, "next"),
    ]
    assert [link.target for link in blocks_of("- an item.\nNot of it [x](u)")[1].links] == ["u"]


def test_lazy_line_of_a_nested_item_has_the_parent_of_that_item():
    assert tree("- a\n  - b ends.\n  Other\n") == [("a", None), ("b ends.", "a"), ("Other", "a")]


def test_indented_line_after_a_sentence_belongs_to_the_item():
    assert outline("- an item.\n  More of it\n") == [(ITEM, 1, 2, "an item. More of it")]


# --- tables of contents -------------------------------------------------------------------------


def test_table_of_contents_is_dropped_and_its_links_are_kept():
    document = read_blocks("# T\n\n- [A](#a)\n  - [B](#b)\n- [C](#c)\n\n## A\n")
    assert [block.text for block in document.blocks] == ["T", "A"]
    assert [(link.line, link.target) for link in document.loose_links] == [
        (3, "#a"),
        (4, "#b"),
        (5, "#c"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "- [A](#a)\n- [B](#b)\n",
        "- [A](#a)\n- [B](#b) and more\n- [C](#c)\n",
        "- [A](#a)\n- [B](b.md)\n- [C](#c)\n",
        "- [A](#a)\n- [B](#b)\n- C\n",
    ],
)
def test_list_with_more_than_own_anchors_is_a_list(body):
    assert len(blocks_of(body)) == body.count("\n")


def test_code_in_a_table_of_contents_is_not_lost():
    body = "- [A](#a)\n- [B](#b)\n- [C](#c)\n\n  ```\n  make it\n  ```\n"
    assert texts(body)[-1] == "C\nmake it"


# --- code ---------------------------------------------------------------------------------------


def test_fence_keeps_its_lines_as_they_stand():
    body = "```py\n# a comment\n\n    x = [1](2)\n```\n"
    (block,) = blocks_of(body)
    assert (block.kind, block.line_start, block.line_end) == (CODE, 1, 5)
    assert [tuple(row) for row in block.rows] == [
        (2, "# a comment", True),
        (4, "    x = [1](2)", True),
    ]
    assert block.links == ()


def test_fence_comment_is_not_a_heading():
    assert [b.kind for b in blocks_of("~~~\n# comment\n- item\n~~~\n")] == [CODE]


def test_indented_code_is_code():
    assert outline("text\n\n    a = 1\n\n      b = 2\n") == [
        (PARAGRAPH, 1, 1, "text"),
        (CODE, 3, 5, "a = 1\n  b = 2"),
    ]


def test_fence_in_an_item_belongs_to_the_item():
    assert outline("- do:\n  ```\n  make\n  ```\n- next\n") == [
        (ITEM, 1, 4, "do:\nmake"),
        (ITEM, 5, 5, "next"),
    ]


def test_fence_on_the_line_of_an_item_ends_with_it():
    assert outline("- ```\n  make\n  ```\n- next\n\ntext\n") == [
        (ITEM, 1, 3, "make"),
        (ITEM, 4, 4, "next"),
        (PARAGRAPH, 6, 6, "text"),
    ]


def test_fence_below_a_nested_list_has_the_item_as_parent():
    assert tree("- a\n  - b\n\n  ```\n  code\n  ```\n") == [("a", None), ("b", "a"), ("code", "a")]


def test_unclosed_fence_warns_at_its_line_and_keeps_the_rest():
    body = "text\n\n```\nnever\n\nclosed\n"
    assert outline(body)[1] == (CODE, 3, 6, "never\nclosed")
    assert warned_lines(body) == [3]


def test_unclosed_fence_in_an_item_ends_with_the_item():
    body = "- ```\n  make\n\ntext\n"
    assert texts(body) == ["make", "text"]
    assert warned_lines(body) == [1]


@pytest.mark.parametrize(
    "body", ["```\na\n```", "> ```\n> a\n> ```", "- ~~~\n  a\n  ~~~\n", "```\n```"]
)
def test_closed_fence_does_not_warn(body):
    assert warned_lines(body) == []


def test_opening_line_alone_is_an_unclosed_fence():
    assert warned_lines("text\n\n```") == [3]


@pytest.mark.parametrize("body", ["````\ncode\n```", "~~~\ncode\n```", "```\ncode\n~~~"])
def test_fence_with_an_end_of_another_kind_is_unclosed(body):
    assert warned_lines(body) == [1]


# --- math ---------------------------------------------------------------------------------------


def test_math_block_is_kept_with_its_lines():
    (block,) = blocks_of("$$\na_1 *b*\n= c\n$$\n")
    assert (block.kind, block.line_start, block.line_end) == (MATH, 1, 4)
    assert [tuple(row) for row in block.rows] == [
        (1, "$$", True),
        (2, "a_1 *b*", True),
        (3, "= c", True),
        (4, "$$", True),
    ]


def test_math_may_hold_a_blank_line():
    assert texts("$$\na\n\nb\n$$\n") == ["$$a\nb$$"]


def test_math_block_in_an_item_belongs_to_the_item():
    assert outline("- so:\n\n  $$x$$\n") == [(ITEM, 1, 3, "so:\n$$x$$")]


def test_unclosed_math_is_text():
    assert texts("$$ never\nclosed") == ["$$ never closed"]


@pytest.mark.parametrize("body", ["$$E = mc^2$$ (energy)", "$$\nE = mc^2\n$$ (energy)\n"])
def test_words_behind_math_are_not_lost(body):
    assert "energy" in " ".join(texts(body))


# --- tables -------------------------------------------------------------------------------------

TABLE = "| Name | Age |\n|------|----:|\n| Ada | 36 |\n| *Bob* | [old](u) |\n"


def test_header_of_a_table_is_context_of_each_row():
    assert outline(TABLE) == [
        (ROW, 3, 3, "Name: Ada | Age: 36"),
        (ROW, 4, 4, "Name: Bob | Age: old"),
    ]


def test_link_of_a_cell_stands_on_its_line():
    assert [(link.line, link.target) for link in blocks_of(TABLE)[1].links] == [(4, "u")]


def test_links_of_a_header_are_loose():
    document = read_blocks("| [A](u) |\n|---|\n| 1 |\n")
    assert [(link.line, link.target) for link in document.loose_links] == [(1, "u")]


def test_table_of_a_header_alone_is_a_row():
    assert outline("| Name | Age |\n|---|---|\n\ntext") == [
        (ROW, 1, 1, "Name | Age"),
        (PARAGRAPH, 4, 4, "text"),
    ]


def test_surplus_cells_are_kept():
    assert texts("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 | 5 |\n") == ["a: 1 | b: 2", "3 | 4 | 5"]


def test_missing_and_empty_cells_are_passed_over():
    assert texts("| a | b | c |\n|---|---|---|\n| 1 |\n|   | x | y |\n") == ["a: 1", "b: x | c: y"]


def test_escaped_bar_is_part_of_a_cell():
    assert texts("| a | b |\n|---|---|\n| x \\| y | [[n\\|z]] |\n") == ["a: x | y | b: z"]


def test_cell_like_its_header_is_said_once():
    assert texts("| a | b |\n|---|---|\n| a | 2 |\n") == ["a | b: 2"]


def test_table_without_outer_bars_is_a_table():
    assert texts("a | b\n--|--\n1 | 2\n") == ["a: 1 | b: 2"]


def test_table_in_an_item_has_the_item_as_parent():
    body = "- item\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n"
    assert tree(body) == [("item", None), ("a: 1 | b: 2", "item")]
    assert blocks_of(body)[1].line_start == 5


def test_table_in_a_quote_has_its_header_as_context():
    assert texts("> | a | b |\n> |---|---|\n> | 1 | 2 |\n") == ["a: 1 | b: 2"]


@pytest.mark.parametrize("row", ["| 1 | |", "| 1 | 2 | 3 |"], ids=["empty cell", "surplus cell"])
def test_header_is_not_lost_where_no_row_shows_it(row):
    assert "notes" in " ".join(texts(f"| a | notes |\n|---|---|\n{row}\n"))


# --- quotes, callouts, footnotes ----------------------------------------------------------------


def test_quote_is_cut_as_its_content():
    body = "> para\n>\n> - a\n>   - b\n"
    assert outline(body) == [(PARAGRAPH, 1, 1, "para"), (ITEM, 3, 3, "a"), (ITEM, 4, 4, "b")]
    assert tree(body)[2] == ("b", "a")


def test_title_of_a_callout_is_the_parent_of_its_content():
    assert tree("> [!tip] Title\n> one\n>\n> - two\n\nafter\n") == [
        ("Title", None),
        ("one", "Title"),
        ("two", "Title"),
        ("after", None),
    ]


@pytest.mark.parametrize("kind", ["[!note]", "[!NOTE]-", "[!my-own]+"])
def test_callout_without_a_title_is_its_content(kind):
    assert tree(f"> {kind}\n> words\n") == [("words", None)]


def test_callouts_may_be_nested():
    assert tree("> [!a] Out\n> > [!b] In\n> > deep\n") == [
        ("Out", None),
        ("In", "Out"),
        ("deep", "In"),
    ]


def test_link_in_the_title_of_a_callout_is_kept():
    assert [link.target for link in blocks_of("> [!a] See [[n]]\n> x")[0].links] == ["n"]


def test_callout_mark_outside_a_quote_is_text():
    assert texts("[!note] words") == ["[!note] words"]


def test_footnote_is_read_where_it_stands():
    body = "text[^1]\n\n[^1]: First\n    on\n\n    second\n\nafter\n"
    assert outline(body) == [
        (PARAGRAPH, 1, 1, "text"),
        (PARAGRAPH, 3, 4, "First on"),
        (PARAGRAPH, 6, 6, "second"),
        (PARAGRAPH, 8, 8, "after"),
    ]


def test_footnote_that_nobody_refers_to_is_read():
    assert texts("[^x]: Words\n") == ["Words"]


def test_label_of_a_footnote_is_no_paragraph():
    assert texts("text[^1]\n\n[^1]:\n    Words\n") == ["text", "Words"]


@pytest.mark.parametrize(
    ("body", "anchor"),
    [
        ("text\n\npara ^my-id\n", ("^my-id", 3)),
        ("- item\n- other ^b2\n", ("^b2", 2)),
        ("two\nlines ^x\n", ("^x", 1)),
    ],
)
def test_block_id_is_an_anchor_and_no_text(body, anchor):
    document = read_blocks(body)
    assert document.anchors == [anchor]
    assert "^" not in " ".join(block.text for block in document.blocks)


def test_block_id_on_a_line_of_its_own_is_no_block():
    document = read_blocks("| a |\n|---|\n| 1 |\n\n^t1\n")
    assert [block.text for block in document.blocks] == ["a: 1"]
    assert document.anchors == [("^t1", 5)]


# --- content left out ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "{% include x.html %}\n",
        "{: .cls}\n",
        "{%- if a -%}\n\n{%- endif -%}\n",
        "<!-- hidden words -->\n",
        "[ref]: https://x.org\n",
        "---\n",
        "\n\n",
        "",
    ],
)
def test_what_a_reader_does_not_see_is_no_block(body):
    assert blocks_of(body) == []


def test_attributes_below_a_heading_are_dropped():
    assert outline("# T\n{: .no_toc}\n\ntext\n{: .x}\n") == [
        (HEADING, 1, 1, "T"),
        (PARAGRAPH, 4, 5, "text"),
    ]


def test_liquid_in_code_is_code():
    assert texts("```\n{% raw %}\n```\n") == ["{% raw %}"]


@pytest.mark.parametrize("body", ["[](u.md)", "![](p.png)"])
def test_link_without_words_is_loose(body):
    document = read_blocks(body)
    assert document.blocks == []
    assert len(document.loose_links) == 1


# --- beyond the limits of the parser ------------------------------------------------------------


def test_items_nested_beyond_the_limit_are_not_lost():
    body = "".join(f"{'  ' * depth}- word{depth}\n" for depth in range(150))
    blocks = blocks_of(body)
    found = {(block.line_start, block.text) for block in blocks if block.rows}
    assert found == {(depth + 1, f"word{depth}") for depth in range(150)}


def test_blocks_stay_in_reading_order_beyond_the_limit():
    body = "".join(f"{'  ' * depth}- word{depth}\n" for depth in range(80)) + "\nafter\n"
    lines = [block.line_start for block in blocks_of(body)]
    assert lines == sorted(lines)
    assert all(b.parent is None or b.parent < i for i, b in enumerate(blocks_of(body)))


def test_quotes_nested_beyond_the_limit_are_not_lost():
    assert texts(">" * 500 + " deep\n\nafter\n") == ["deep", "after"]


def test_footnote_nested_beyond_the_limit_is_not_lost():
    assert "deep" in " ".join(texts("[^1]: " + ">" * 150 + " deep\n"))


@pytest.mark.parametrize("mark", ["[", "![", "*", "**a ", "`", "<b>", "$", "[[", "~~", "(", "{%"])
def test_thousand_open_marks_are_no_crash(mark):
    assert "word" in " ".join(texts("a " + mark * 1_000 + " word"))


def counting(function: Any, calls: list[int]) -> Any:
    def counted(*values: Any) -> Any:
        calls.append(1)
        return function(*values)

    return counted


def test_open_brackets_are_searched_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was searched for its end over the whole block: 9 s for 100 KB."""
    from markdown_it import helpers

    calls: list[int] = []
    monkeypatch.setattr(helpers, "parseLinkLabel", counting(helpers.parseLinkLabel, calls))
    assert texts("[[" * 20_000 + "end")[-1].endswith("end")
    assert 0 < len(calls) < 2_000


def test_broken_addresses_are_searched_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each, the whole text of the block was searched for its scheme: 76 s for 96 KB."""
    module = sys.modules["markdown_it.rules_inline.linkify"]
    calls: list[int] = []
    search = counting(module.SCHEME_RE.search, calls)
    monkeypatch.setattr(module, "SCHEME_RE", SimpleNamespace(search=search))
    assert "".join(texts(("(http://" * 100 + " ") * 50 + "end")).endswith("end")
    assert 0 < len(calls) < 2_000


def test_links_of_a_long_block_stay_links() -> None:
    text = "".join(f"[a](b{i}.md) word [c] https://example.org/{i} " for i in range(2_000))
    assert sum(len(block.links) for block in read_blocks(text).blocks) == 4_000

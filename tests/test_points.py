"""Points from blocks: their text, their context, and the cuts of long texts."""

from __future__ import annotations

import pytest
from fakes import FakeEncoder

from indexer.notes import points as cutting
from indexer.notes.markdown.reader import read_blocks
from indexer.notes.points import MAX_POINT_CHARS, context_of, cut_points
from indexer.records import BlockKind, Point, Row

count_tokens = FakeEncoder().count_tokens


def points_of(body: str, *, window: int = 64) -> list[Point]:
    blocks = read_blocks(body).blocks
    return cut_points(blocks, window=window, count_tokens=count_tokens)


def texts(body: str, *, window: int = 64) -> list[str]:
    return [point.text for point in points_of(body, window=window)]


def lines(body: str, *, window: int = 64) -> list[tuple[int, int]]:
    return [(point.line_start, point.line_end) for point in points_of(body, window=window)]


def parents(body: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(point.text, point.parents) for point in points_of(body)]


def lead_ins(body: str) -> list[str]:
    return [point.text for point in points_of(body) if point.lead_in]


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff\u200d", "\u2800", "\u3164", "\u00ad\ufe0f"])
def test_block_without_a_visible_character_is_no_point(blank: str) -> None:
    assert texts(f"one\n\n{blank}\n\n- {blank}\n- two {blank}\n") == ["one", f"two {blank}"]


@pytest.mark.parametrize("mark", ["🙂", "…", "→", "é", "한", "1"])
def test_block_of_one_visible_character_is_a_point(mark: str) -> None:
    assert texts(f"\u200b{mark}\n") == [f"\u200b{mark}"]


# --- headings -----------------------------------------------------------------------------------


def test_headings_are_the_path_of_what_is_below_them():
    body = "# A\n\none\n\n## B\n\ntwo\n\n### C\n\nthree\n\n## D\n\nfour\n\n# E\n\nfive\n"
    assert [(point.text, point.heading_path) for point in points_of(body)] == [
        ("one", ("A",)),
        ("two", ("A", "B")),
        ("three", ("A", "B", "C")),
        ("four", ("A", "D")),
        ("five", ("E",)),
    ]


def test_heading_of_a_skipped_level_replaces_deeper_ones():
    body = "# A\n\nw\n\n#### B\n\nx\n\n## C\n\ny\n"
    assert [p.heading_path for p in points_of(body)] == [("A",), ("A", "B"), ("A", "C")]


def test_bold_line_is_the_last_of_the_path_until_the_next():
    body = "# A\n\nw\n\n**B**\n\nx\n\n**C**\n\ny\n"
    assert [p.heading_path for p in points_of(body)] == [("A",), ("A", "B"), ("A", "C")]


def test_heading_with_nothing_of_its_own_is_a_point():
    assert [(p.text, p.kind, p.heading_path) for p in points_of("# A\n## B\n\nx\n\n## C\n")] == [
        ("A", BlockKind.HEADING, ()),
        ("x", BlockKind.PARAGRAPH, ("A", "B")),
        ("C", BlockKind.HEADING, ("A",)),
    ]


def test_bare_heading_keeps_its_links():
    (point,) = points_of("## See [[other]]\n")
    assert [link.target for link in point.links] == ["other"]


def test_heading_without_words_is_neither_point_nor_path():
    assert [(p.text, p.heading_path) for p in points_of("#\n\nx\n\n#\n")] == [("x", ())]


@pytest.mark.parametrize(
    "body", ["## Plans\n\n-\n", "## Plans\n\n- ![](p.png)\n", "## Plans\n- # B"]
)
def test_heading_above_an_item_without_words_is_not_lost(body):
    assert "Plans" in {name for p in points_of(body) for name in (p.text, *p.heading_path)}


# --- parents and lead-ins -----------------------------------------------------------------------


def test_parents_of_an_item_are_the_items_around_it_outermost_first():
    assert parents("- a\n  - b\n    - c\n- d\n") == [
        ("a", ()),
        ("b", ("a",)),
        ("c", ("a", "b")),
        ("d", ()),
    ]


def test_item_without_words_is_no_parent():
    assert parents("- - a\n") == [("a", ())]


def test_line_with_a_colon_leads_to_the_list_below_a_blank_line():
    body = "Advice:\n\n- one\n- two\n\nafter\n"
    assert lead_ins(body) == ["Advice:"]
    assert parents(body) == [
        ("Advice:", ()),
        ("one", ("Advice:",)),
        ("two", ("Advice:",)),
        ("after", ()),
    ]


def test_line_right_above_a_list_leads_to_it():
    assert lead_ins("Some advice\n- one\n") == ["Some advice"]


def test_line_apart_from_a_list_without_a_colon_does_not_lead_to_it():
    body = "Some advice\n\n- one\n"
    assert lead_ins(body) == []
    assert parents(body)[1] == ("one", ())


def test_long_paragraph_above_a_list_does_not_lead_to_it():
    body = f"{'word ' * 25}end:\n- one\n"
    assert lead_ins(body) == []


def test_colon_above_a_paragraph_leads_nowhere():
    assert lead_ins("Advice:\n\nwords\n\n- one\n") == []


def test_line_leads_to_the_rows_of_a_table():
    assert parents("Prices:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")[1] == (
        "a: 1 | b: 2",
        ("Prices:",),
    )


def test_heading_ends_what_a_line_leads_to():
    assert parents("Advice:\n- one\n\n# New\n\n- two\n")[2] == ("two", ())


def test_paragraph_ends_what_a_line_leads_to():
    assert parents("Advice:\n- one\n\nwords that end.\n\n- two\n")[-1] == ("two", ())


def test_line_in_a_quote_leads_to_the_list_in_it():
    assert parents("> Advice:\n> - one\n") == [("Advice:", ()), ("one", ("Advice:",))]


def test_line_in_a_quote_does_not_lead_to_a_list_outside():
    assert parents("> Advice:\n> - one\n\n- two\n")[-1] == ("two", ())


def test_title_of_a_callout_leads_to_its_content():
    body = "> [!tip] Title\n> words\n>\n> - one\n"
    assert lead_ins(body) == ["Title"]
    assert parents(body)[1:] == [("words", ("Title",)), ("one", ("Title",))]


def test_line_in_an_item_leads_to_the_list_below_it():
    body = "- a\n\n  > q\n\n  Advice:\n  - b\n"
    assert parents(body)[-1] == ("b", ("a", "Advice:"))


def test_lead_in_is_context_of_nested_items_too():
    assert parents("Advice:\n- one\n  - two\n")[-1] == ("two", ("Advice:", "one"))


def test_long_parent_is_shortened():
    body = f"- {'word ' * 100}\n  - child\n"
    (parent,) = points_of(body, window=200)[-1].parents
    assert len(parent) <= 200
    assert parent.endswith("word…")


# --- code and math ------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["```\nmake\n```", "    make", "$$\nmake\n$$"])
def test_code_and_math_belong_to_the_paragraph_before(code):
    (point,) = points_of(f"Run this:\n\n{code}\n")
    assert point.kind is BlockKind.PARAGRAPH
    assert point.text.startswith("Run this:\n")
    assert "make" in point.text
    assert (point.line_start, point.line_end) == (1, 2 + len(code.split("\n")))


def test_second_code_is_a_point_of_its_own():
    assert texts("Run:\n\n```\na\n```\n\n```\nb\n```\n") == ["Run:\na", "b"]


def test_code_below_a_heading_is_a_point_of_its_own():
    (point,) = points_of("# A\n\n```\nmake\n```\n")
    assert (point.text, point.kind, point.heading_path) == ("make", BlockKind.CODE, ("A",))


def test_code_does_not_join_a_paragraph_of_another_parent():
    assert texts("> [!a] T\n> words\n\n```\nmake\n```\n") == ["T", "words", "make"]


def test_parents_stay_true_behind_joined_code():
    body = "Run:\n\n```\na\n```\n\n- item\n  - child\n"
    assert parents(body)[-1] == ("child", ("item",))


def test_links_of_the_paragraph_stay_with_its_code():
    (point,) = points_of("See [a](u):\n\n```\nmake\n```\n")
    assert [link.target for link in point.links] == ["u"]


# --- cutting at the window ----------------------------------------------------------------------


def test_text_within_the_window_is_one_point():
    assert texts("one two three. Four five six.", window=6) == ["one two three. Four five six."]


def test_long_paragraph_is_cut_at_sentence_ends():
    assert texts("One two three. Four five six! Seven eight? Nine.", window=6) == [
        "One two three. Four five six!",
        "Seven eight? Nine.",
    ]


@pytest.mark.parametrize(
    ("body", "window", "pieces"),
    [
        ('He said "stop it." She did not.', 4, ['He said "stop it."', "She did not."]),
        ("One two (three four.) Five six.", 4, ["One two (three four.)", "Five six."]),
        ("One two three… Four five six.", 4, ["One two three…", "Four five six."]),
        ("Use v1.5 now or never. Then rest.", 6, ["Use v1.5 now or never.", "Then rest."]),
    ],
)
def test_where_a_sentence_ends(body, window, pieces):
    assert texts(body, window=window) == pieces


def test_sentence_of_chinese_ends_without_a_blank():
    assert texts("一 二 三 四。五 六 七 八。", window=4) == ["一 二 三 四。", "五 六 七 八。"]


def test_pieces_have_the_lines_they_stand_on():
    body = "One two three.\nFour five\nsix seven. Eight\nnine ten.\n"
    assert texts(body, window=4) == ["One two three.", "Four five six seven.", "Eight nine ten."]
    assert lines(body, window=4) == [(1, 1), (2, 3), (3, 4)]


def test_pieces_share_kind_path_and_parents():
    points = points_of("# H\n\n- a\n  - One two three. Four five six.\n", window=3)[1:]
    assert [(p.kind, p.heading_path, p.parents) for p in points] == [
        (BlockKind.ITEM, ("H",), ("a",))
    ] * 2


def test_sentence_that_is_too_long_is_cut_between_words():
    body = "one two three four five six seven"
    assert texts(body, window=5) == ["one two three four five", "six seven"]


def test_word_that_is_too_long_is_cut_anywhere():
    pieces = texts("a" * 10_000, window=32)
    assert "".join(pieces).replace(" ", "") == "a" * 10_000
    assert max(map(len, pieces)) <= MAX_POINT_CHARS


def test_text_of_few_tokens_and_many_letters_is_cut_too():
    body = " ".join(["b" * 250] * 40)
    pieces = texts(body, window=256)
    assert " ".join(pieces) == body
    assert max(map(len, pieces)) <= MAX_POINT_CHARS


def test_code_is_cut_between_rows():
    body = "```\none two\nthree four\n\nfive six\n```\n"
    assert texts(body, window=4) == ["one two\nthree four", "five six"]
    assert lines(body, window=4) == [(1, 3), (5, 6)]


def test_sentence_ends_in_code_do_not_cut_it():
    assert texts("```\na. B c. D\ne. F g. H\n```", window=4) == ["a. B c. D", "e. F g. H"]


def test_row_of_code_that_is_too_long_keeps_its_blanks():
    pieces = ["one two three four five", "six seven"]
    assert texts(f"```\n{' '.join(pieces)}\n```\n", window=5) == pieces


def test_joined_code_is_cut_from_its_paragraph_where_both_are_too_long():
    assert texts("One two three:\n\n```\nfour five\nsix\n```\n", window=3) == [
        "One two three:",
        "four five\nsix",
    ]


def test_long_heading_without_content_is_cut():
    pieces = ["one two three four five", "six seven"]
    assert texts(f"# {' '.join(pieces)}", window=5) == pieces


def test_link_stays_with_its_piece():
    body = "See [one](a) now. Then [two](b) there.\nAnd [three](c) at last."
    found = [(p.text, [link.target for link in p.links]) for p in points_of(body, window=4)]
    assert found == [
        ("See one now.", ["a"]),
        ("Then two there.", ["b"]),
        ("And three at last.", ["c"]),
    ]


def test_each_of_equal_links_is_kept_once_at_least():
    body = "See [it](a) now.\nThen words here.\nSee [it](a) again."
    found = [[(x.line, x.target) for x in p.links] for p in points_of(body, window=3)]
    assert found == [[(1, "a")], [], [(3, "a")]]


def test_link_without_words_is_kept_in_some_piece():
    body = "One two three. ![](p.png) Four five six."
    assert sum(len(point.links) for point in points_of(body, window=3)) == 1


def test_link_over_two_lines_stays_with_its_piece():
    body = "See [the\nnote](a) now. Then more words. And still more."
    assert [len(p.links) for p in points_of(body, window=4)] == [1, 0, 0]


def test_piece_that_ends_in_code_over_two_lines_has_both_lines():
    body = "one two `three\nfour five` six seven"
    assert texts(body, window=5) == ["one two three four five", "six seven"]
    assert lines(body, window=5) == [(1, 2), (2, 2)]


def test_link_that_is_cut_itself_stays_where_it_begins():
    body = "one two three [four five six](a) seven.\nEight nine ten.\nOne two three."
    points = points_of(body, window=5)
    assert [p.text for p in points][:2] == ["one two three four five", "six seven. Eight nine ten."]
    assert [len(p.links) for p in points] == [1, 0, 0]


def test_no_blocks_are_no_points():
    assert cut_points([], window=64, count_tokens=count_tokens) == []


# --- context ------------------------------------------------------------------------------------


def point(*headings: str, parents: tuple[str, ...] = ()) -> Point:
    return Point("text", BlockKind.ITEM, 1, 1, headings, parents)


def test_context_of_a_bare_point_is_the_title():
    assert context_of("Title", point()) == "Title:"


def test_context_has_the_last_two_headings_and_all_parents():
    context = context_of("Title", point("A", "B", "C", parents=("p", "q")))
    assert context == "B > C > p > q:"


@pytest.mark.parametrize("heading", ["Title", "TITLE", "title"])
def test_context_says_the_title_once(heading):
    assert context_of("Title", point(heading, "A")) == "Title > A:"
    assert context_of("Title", point(heading)) == "Title:"


def test_context_shortens_parents():
    context = context_of("T", point(parents=("word " * 40, "short")))
    assert context == "T > " + "word " * 11 + "word… > short:"


def test_long_line_is_measured_about_once():
    measured = 0

    def count(texts):
        nonlocal measured
        measured += sum(map(len, texts))
        return FakeEncoder().count_tokens(texts)

    source = " ".join(f"word{i % 50}" for i in range(20_000))
    assert len(cut_points(read_blocks(source).blocks, window=64, count_tokens=count)) > 300
    assert measured < 1.1 * len(source)


class CountedRows(list):
    """Rows that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, place):
        self.looks += 1
        return super().__getitem__(place)

    def __iter__(self):
        for row in super().__iter__():
            self.looks += 1
            yield row


def test_work_of_cutting_sentences_grows_with_the_rows_alone():
    """It grew with their square: a paragraph of 20,000 lines took minutes."""
    rows = CountedRows(Row(line, f"Sentence {line}.", False) for line in range(1, 2_001))
    atoms = cutting._sentences(rows)
    assert [atom.text for atom in atoms] == [f"Sentence {line}." for line in range(1, 2_001)]
    assert rows.looks < 8 * len(rows)


def test_long_heading_is_a_point_and_shortened_above_others() -> None:
    heading = "word " * 2_000
    text = f"# {heading}\n\n" + "- item\n" * 50
    points = points_of(text)
    long = [point for point in points if point.text.startswith("word")]
    assert sum(len(point.text.split()) for point in long) == 2_000
    items = [point for point in points if point.text == "item"]
    assert {len(heading) for point in items for heading in point.heading_path} == {300}

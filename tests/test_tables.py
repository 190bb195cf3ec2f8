"""A table is read as markdown-it reads it, with one token for each row."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from indexer.notes.markdown.block_parser import BlockParser
from indexer.notes.markdown.inline_parser import is_plain
from indexer.notes.markdown.parser import find_rule
from indexer.notes.markdown.reading import reading_parser
from indexer.notes.markdown.render import render_note
from indexer.notes.markdown.shown import shown_parser
from indexer.notes.markdown.tables import ROW, install
from indexer.notes.note import parse_note

PIECES = ["a", "b c", "|", "|", "\\|", "\\\\|", "\\", "-", ":-", "*x*", "`y`", "", " ", "\u00a0"]
RULES = ["-", "---", ":-", "-:", ":-:", " - ", "", "x", ": -", "--:-"]
AROUND = ["", "> ", "- ", "  ", "    ", "\t", "> - ", "1. "]
SIGNS = [*"ab1 *_~`$^=+:#[](){}<>&;%!/\"'-", "++", "==", "%%", "~~", "$$", "://", "é"]

BEGINNINGS = (
    "# h , > q , - i , 1) i , + i , *** , --- , === , ```x , ~~~ , $$ , $$x$$ , [a]: b , text"
    " , [^1]: n , <div> , <!-- c --> , ::: note , ::: , !!! note , %% , {{< x >}} , \\begin{align}"
    " , \\end{align} , 1. i , :  d , ~ d , import x , = a , ? b , %a"
)


def library_parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def our_parser() -> MarkdownIt:
    parser = library_parser()
    parser.block = BlockParser(parser.block.ruler)
    install(parser)
    return parser


def described(token: Token) -> tuple[object, ...]:
    return (
        *(token.type, token.tag, token.nesting, token.attrs, token.map, token.level),
        *(token.content, token.block, token.hidden),
    )


def cells_written_out(tokens: Sequence[Token]) -> Iterator[tuple[object, ...]]:
    """Return tokens with the cells of rows as the library makes them."""
    for token in tokens:
        if token.type != ROW:
            yield described(token)
            continue
        level, tag = token.level, token.tag
        yield ("tr_open", "tr", 1, {}, token.map, level, "", True, False)
        for cell, side in zip(token.meta["cells"], token.meta["align"], strict=True):
            style = {"style": f"text-align:{side}"} if side else {}
            content = cell if isinstance(cell, str) else cell.content
            yield (f"{tag}_open", tag, 1, style, None, level + 1, "", True, False)
            yield ("inline", "", 0, {}, token.map, level + 2, content, True, False)
            yield (f"{tag}_close", tag, -1, {}, None, level + 1, "", True, False)
        yield ("tr_close", "tr", -1, {}, None, level, "", True, False)


def table_of(choose: random.Random) -> str:
    def row(pieces: Sequence[str], most: int) -> str:
        return "".join(choose.choices(pieces, k=choose.randint(1, most)))

    width = choose.randint(1, 3)
    rule = "|".join(choose.choices(RULES[:6] if choose.random() < 0.8 else RULES, k=width))
    header = "|".join(row(PIECES[:2], 2) for _ in range(width))
    rows = [row(PIECES, 5) for _ in range(choose.randint(0, 4))]
    edge = choose.choice(["", "|", "| "])
    around = choose.choice(AROUND)
    lines = [f"{edge}{header}|", f"{edge}{rule}{edge}", *rows]
    return choose.choice(["", "text\n"]) + "\n".join(around + line for line in lines)


def test_random_tables_are_read_as_by_the_library() -> None:
    choose, ours, theirs = random.Random(1), our_parser(), library_parser()
    rows = 0
    for _ in range(3_000):
        text = table_of(choose)
        made = ours.parse(text)
        rows += sum(token.type == ROW for token in made)
        assert list(cells_written_out(made)) == list(map(described, theirs.parse(text))), text
    assert rows > 2_000


def test_long_table_ends_where_the_library_ends_it() -> None:
    text = "|" + "a|" * 400 + "\n|" + "-|" * 400 + "\n" + "b\n" * 200
    ours, theirs = our_parser().parse(text), library_parser().parse(text)
    assert sum(token.type == ROW for token in ours) == 1 + 65_536 // 399
    assert list(cells_written_out(ours)) == list(map(described, theirs))


@pytest.mark.parametrize("row", ["^a", "===", "[[a", "*a", "`a", "a", "", "$5", "a_b", "x|<"])
def test_row_of_plain_text_is_one_token(row: str) -> None:
    text = "|a|b|\n|-|-|\n" + f"|{row}\n" * 1_000
    for parser in (reading_parser(), shown_parser()):
        tokens = parser.parse(text)
        assert len(tokens) == 1_000 + 7
        assert not any(token.meta["marked"] for token in tokens if token.type == ROW)


def test_short_text_without_pairs_is_plain_to_every_rule() -> None:
    """What the shortcut takes for plain text is one token of text without the shortcut."""
    choose = random.Random(2)
    plain = 0
    for parser in (reading_parser(), shown_parser()):
        for _ in range(8_000):
            text = "".join(choose.choices(SIGNS, k=choose.randint(1, 7))).strip()
            if not text or not is_plain(text):
                continue
            plain += 1
            made: list[Token] = []
            ParserInline.parse(parser.inline, text, parser, {}, made)
            joined = [(token.type, token.content, token.level, token.meta) for token in made]
            assert joined == [("text", text, 0, {})], text
    assert plain > 2_000


def test_cells_show_ids_abbreviations_and_addresses_as_paragraphs_do() -> None:
    html = render_note(
        "*[HTML]: Markup\n\n| a | b |\n|--:|---|\n| HTML ^id | mailto:a@b.example |\n| x | ^b |\n",
        (),
    )
    assert '<td data-align="right"><abbr title="Markup"' in html
    assert 'href="mailto:a@b.example"' in html and "^" not in html


def test_links_and_tags_of_cells_are_read_in_order() -> None:
    text = (
        "| a #x | b |\n|-|-|\n| [l](m.md) ((01234567-89ab-cdef-0123-456789abcdef)) | #y [[n]] |\n"
    )
    note = parse_note(text.encode(), "a.md", window=64, count_tokens=lambda texts: [1] * len(texts))
    assert note.tags == ("x", "y")
    assert [link.target for link in note.points[0].links] == [
        *("m.md", "((01234567-89ab-cdef-0123-456789abcdef))", "n")
    ]


def test_lines_ask_only_rules_that_begin_with_their_character() -> None:
    parser = reading_parser()
    asked: Counter[str] = Counter()
    ruler = parser.block.ruler
    kept = {rule.name: rule.fn for rule in ruler.__rules__}

    def counting(name: str, rule):  # type: ignore[no-untyped-def]
        def count(*arguments: object) -> bool:
            asked[name] += 1
            return bool(rule(*arguments))

        return count

    try:
        for rule in ruler.__rules__:
            rule.fn = counting(rule.name, find_rule(ruler, rule.name))
        ruler.__cache__ = None
        parser.parse("word\n" * 500 + "\n" + "- item\n" * 500)
    finally:
        for rule in ruler.__rules__:
            rule.fn = kept[rule.name]
        ruler.__cache__ = None
    assert asked["list"] > 500
    for name in ("fence", "blockquote", "html_block", "heading", "footnote_def", "math_block"):
        assert asked[name] == 0, name


def test_rules_of_blocks_are_asked_where_they_can_begin() -> None:
    """The list of first characters is checked against a parser that asks each rule everywhere."""
    chosen, every = reading_parser.__wrapped__(), reading_parser.__wrapped__()
    every.block.ruler.__class__ = type(library_parser().block.ruler)
    every.block.ruler.__cache__ = None
    lines = [*BEGINNINGS.split(" , "), "|a|b|", "|-|-|", "|x|y|", "    code", "\t"]
    choose = random.Random(3)
    for _ in range(3_000):
        around = choose.choice(AROUND)
        text = "\n".join(
            choose.choice([around, around, ""]) + line
            for line in choose.choices(lines, k=choose.randint(2, 6))
        )
        made, wanted = chosen.parse(text), every.parse(text)
        assert made == wanted, text


def test_state_of_a_plain_text_is_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[str] = Counter()
    before = StateInline.__init__

    def counting(state: StateInline, source: str, *rest: object) -> None:
        made[source] += 1
        before(state, source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(StateInline, "__init__", counting)
    render_note("^a\n\n- *b\n\n# 5$\n\n|x|\n|-|\n|[c|\n\n*d*\n", ())
    assert dict(made) == {"*d*": 1}

"""Constructs that took a small note minutes are read and rendered in bounded time."""

from __future__ import annotations

import gc
import itertools
import random
import time

import pytest
from markdown_it.rules_inline import StateInline

from indexer.notes.markdown import time_budget
from indexer.notes.markdown.closings import LineSearch, is_closed
from indexer.notes.markdown.components import _Tags
from indexer.notes.markdown.display import with_dialects
from indexer.notes.markdown.format import MarkdownFormat
from indexer.notes.markdown.parser import new_parser
from indexer.notes.markdown.render import render_note
from indexer.notes.note import parse_note
from indexer.records import Note, Outcome

SIZE = 60_000
# Before, each of them took more than the limit at this size, growing with the square or worse.
SHAPES = {
    "open footnotes": "[^1]: " + "[^" * (SIZE // 2),
    "open footnotes far from one": "[^1]: x\n\n" + "[^a" * (SIZE // 3),
    "inline footnotes": "x[^1]\n\n[^1]: " + "^[" * (SIZE // 2),
    "addresses in brackets": "http://a.b/[" * (SIZE // 12),
    "pictures in a link": "[[" + "![a](" * (SIZE // 5),
    "dotted key": "+++\n" + "a." * (SIZE // 2) + "a = 1\n+++\nx",
    "names of blocks": "^a\n" * (SIZE // 3),
    "names of blocks of Logseq": f"id:: {'0' * 36}\n" * (SIZE // 42),
    "list in a head that is no YAML": "---\ntags:\n" + "- a\n" * (SIZE // 4) + "b: [\n---\nx",
    "keys of a head": "---\n" + "".join(f"k{i}: v\n" for i in range(SIZE // 9)) + "---\nx",
    "blanks in a head with a placeholder": "---\na: {{x}}\n" + " " * SIZE + "\n---\nx",
    "a name in HTML that never ends": "<div>\n<" + "x" * SIZE,
    "quotes in HTML that are never closed": "<div>\n<a " + "b='" * (SIZE // 3),
    "blanks in a row of bars": "a\n|" + " " * SIZE + "x|b\n-|-\n",
    "braces in a head": "---\n" + "{{" * (SIZE // 2) + "\n---\nx",
    "comments that are never closed": "%%a\n" * (SIZE // 4),
    "shortcodes that are never closed": "{{< highlight a >}}\n" * (SIZE // 20),
    "embeds": "![[x]] " * (SIZE // 7),
    "containers in containers": "::: a\n" * (SIZE // 6),
    "links in one line of HTML": "<p>" + "<a href=b>c</a> [d](e) " * (SIZE // 23),
    "blanks in braces": "a {" + " " * SIZE + "x #",
    "one table": "a|b\n-|-\n" * (SIZE // 8),
    "braces in a link": "[" + "{%" * (SIZE // 2) + "](a)",
    "shortcodes in a link": "[" + "{{" * (SIZE // 2) + "](a)",
    "formulas in a link": "[" + "\\(" * (SIZE // 2) + "](a)",
    "templates in a link": "[" + "<%" * (SIZE // 2) + "](a)",
    "scripts in a footnote": "[^1] x\n\n[^1]: " + "<script>" * (SIZE // 8),
    "items in a callout": "> [!note] " + "- a\n" * (SIZE // 4),
    "underlined rows of a table": "|a|b|\n|-|-|\n|" + "a\n===\n" * (SIZE // 6),
    "open wikilinks in a table": "|a|b|\n|-|-|\n|" + "[[a\n" * (SIZE // 4),
    "names of blocks in a table": "|a|b|\n|-|-|\n|" + "^a\n" * (SIZE // 3),
    "items in a link": "[a](" + "- a\n" * (SIZE // 4),
    "classes in braces": "[x](y){" + ".a" * (SIZE // 2),
    "values in braces": "[x](y){a:" + "bb:" * (SIZE // 3),
    "tags behind a brace": "{.a" + " #a" * (SIZE // 3),
    "field that is never closed": "[a:: " + "a" * SIZE,
    "blanks before a bar": " " * SIZE + "|",
    "blanks before no colour": "[color=a]\n\na" + " " * (4 * SIZE) + "b",
    "critic marks that are never closed": "{>>" * SIZE,
    "deletions that are never closed": "{--" * SIZE,
    "id that is never closed": "{#" + "a" * (4 * SIZE),
    "blanks before no size": "![a](b" + " " * (4 * SIZE) + "=\n",
    "callout of Quarto that is never closed": ":::{" + ".callout-a" * (SIZE // 2),
    "alternative texts in braces": "{" + ' fig-alt="a"' * (SIZE // 2),
    "directives with one end": ":::{note}\n" * (SIZE // 5) + ":::\n",
    "shortcodes that others end": "{{< tabs >}}\n" * (SIZE // 10) + "{{< /a >}}\n" * (SIZE // 10),
    "blanks before no placeholder": "---\na: {{b}}\n" + " " * (2 * SIZE) + "b\n---\nx",
    "admonitions in admonitions": "```ad-a\n" * (SIZE // 4),
    "outlines in outlines": "".join("\t" * i + "- a\n" for i in range(1, 400)),
    "abbreviations that nothing shows": "".join(f"*[w{i}]: b\n" for i in range(SIZE // 3)),
    "tags in a title": "# a" + " #b" * SIZE + " !",
    "escaped quotes in a title": '!!! note "' + '\\"' * SIZE + "\n    a",
    "backticks before a field": "a:: b " + "`" * (2 * SIZE),
    "macro of Roam that is never closed": "{{[[TODO]]" + " " * (SIZE // 6),
    "comments of Handlebars that are never closed": "{{!--" * SIZE,
    "blanks in the title of a fence": "```{note} a" + " " * (2 * SIZE) + "b\n```\n",
    "blanks in a cloze": "{{cloze" + " " * (2 * SIZE),
    "blanks before no comment": "{# raw\n\n" + " " * SIZE + "b",
    "lines below deep quotes": "> " * 100 + "a\n" + "b\n" * (SIZE // 2),
    "environments below deep quotes": "> " * 100 + "a\n" + "\\\n" * (SIZE // 2),
    "blanks behind a break of cells": "+++" + " " * (SIZE // 10) + "!",
    "blanks in a drawing": "---\nexcalidraw-plugin: parsed\n---\n" + " " * (2 * SIZE) + "!",
    "dotted key in a table": "+++\nx = {" + "a." * (SIZE // 2) + "a = 1}\n+++\nx",
}


def parse(text: str) -> Note:
    return parse_note(
        text.encode(), "a.md", window=256, count_tokens=lambda texts: [len(t) // 4 for t in texts]
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_shape_is_read_and_rendered_soon(shape: str) -> None:
    before = time.process_time()
    parse(SHAPES[shape])
    render_note(SHAPES[shape], ())
    assert time.process_time() - before < 8


def test_search_for_cycles_goes_on_after_a_long_note() -> None:
    assert gc.isenabled()
    parse("- a\n" * 10_000)
    render_note("- a\n" * 10_000, ())
    assert gc.isenabled()
    gc.disable()
    try:
        parse("- a\n" * 10_000)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("html", [True, False])
def test_rules_are_asked_where_they_can_begin(html: bool) -> None:
    """The list of first characters is checked against a parser that asks each rule everywhere."""
    chosen, every = new_parser(html=html), new_parser(html=html)
    for parser in (chosen, every):
        with_dialects(parser)
    every.inline._rules_at = lambda character: every.inline.ruler.getRules("")  # type: ignore
    pieces = "{{embed [[a]] }}|((0))|![[b|c]]|[a](b)|(a)[http://b]|==m==|%%c%%|:fa-x:|`c`|$x$|~~s~~"
    pieces += "|plain words, é and 漢|( ) ^ @ + - . ' \" 1|"
    pieces += (
        "*e*|\\(x^2\\)|<b>|<http://a.b>|&amp;|{{< x >}}|{% y %}|http://a.b/c|[^1]|^[n]|#tag|\n"
    )
    for text in itertools.chain.from_iterable(
        (a + b, f"x{a} {b}", f"[{a}{b}](c)") for a in pieces.split("|") for b in pieces.split("|")
    ):
        assert chosen.renderer.render(chosen.parseInline(text), chosen.options, {}) == (
            every.renderer.render(every.parseInline(text), every.options, {})
        )


def test_ends_of_constructs_are_found_from_every_position() -> None:
    parser = with_dialects(new_parser(html=False))
    text = "{{ a }} {{ {{ b }} [{{ c }}](d) {% e {{ f }}" + " x" * 3_000 + " }} {{ g }} <% h"
    state = StateInline(text, parser, {}, [])
    for start in (*range(len(text)), *range(len(text), 0, -7)):
        for closing in ("}}", "%}", "%>"):
            for most in (4, 500, 4_000):
                found = text.find(closing, start, start + most) >= 0
                assert is_closed(state, closing, start, most) == found


def test_ends_of_blocks_are_found_by_searching_each_line_once() -> None:
    choose = random.Random(4)
    for _ in range(200):
        lines = choose.choices(["a", "b", "end a", "end b"], [9, 9, 1, 1], k=60)
        search = LineSearch(lines)
        asked = 0

        def ends(line: str, kind: str) -> bool:
            nonlocal asked
            asked += 1
            return line == f"end {kind}"

        for start in range(0, 60, choose.randint(1, 3)):
            kind, stop = choose.choice("ab"), start + choose.randint(1, 70)
            found = next((i for i in range(start, min(stop, 60)) if ends(lines[i], kind)), -1)
            assert search.find(kind, start, stop, lambda line, k=kind: ends(line, k)) == found
    search, asked = LineSearch(["a"] * 10_000), 0
    for start in range(10_000):
        search.find("a", start, start + 500, lambda line: ends(line, "a"))
    assert asked <= 10_000


def test_open_tags_of_components_search_a_multiple_of_the_note() -> None:
    class Counted(list[str]):
        read = 0

        def __getitem__(self, place):  # type: ignore[no-untyped-def]
            self.read += 1
            return super().__getitem__(place)

    lines = Counted(["<A b={"] * 20_000)
    tags = _Tags(lines)
    for index in range(20_000):
        assert tags.read(index, 0) == (index, 0, "")
    assert lines.read < 12 * 20_000 + 20_000  # 200 lines for each before


def test_key_of_many_parts_makes_the_head_partial() -> None:
    note = parse(SHAPES["dotted key"])
    assert note.outcome is Outcome.PARTIAL
    assert "500 dots" in note.warnings[0].message and note.warnings[0].line == 2


def test_ordinary_footnotes_and_addresses_are_read_as_before() -> None:
    note = parse("A[^long label]\n\nB[^n] https://example.org/a[b]?c=(d)\n\n[^n]: see\n")
    assert "https://example.org/a[b]?c=(d)" in {
        link.target for point in note.points for link in point.links
    }


def test_target_with_many_closed_brackets_is_a_link() -> None:
    target = "a" + "(b)" * 40
    note = parse(f"[x]({target}) and [y](a(b(c)))\n")
    assert [link.target for point in note.points for link in point.links] == [target, "a(b(c))"]


def test_note_that_spends_its_time_is_read_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# Head\n\nfirst *words*\n\nsecond http://a.example/x words\n"
    assert parse(text).outcome is Outcome.INDEXED
    monkeypatch.setattr(time_budget, "LEAST_S", -1.0)
    monkeypatch.setattr(time_budget, "S_PER_CHAR", 0.0)
    note = parse(text)
    assert note.outcome is Outcome.PARTIAL
    assert [point.text for point in note.points] == [
        "# Head",
        "first *words*",
        "second http://a.example/x words",
    ]
    assert note.warnings[0].line == 1 and "plain text" in note.warnings[0].message
    shown = MarkdownFormat().render(text, ())
    assert "first *words*" in shown and "<h1" not in shown
    monkeypatch.undo()
    assert parse(text).outcome is Outcome.INDEXED  # the next note has a new budget


def test_closed_scripts_are_removed_and_open_ones_do_nothing() -> None:
    html = render_note("<div>x<SCRIPT>one</script ><style>two</style><b>x</b><script>y</div>", ())
    assert "one" not in html and "two" not in html
    assert "<script" not in html.lower() and "<b>x</b>" in html

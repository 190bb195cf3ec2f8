"""Suffixes of notes, points of plain text, and the effect of a new format version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.notes import formats
from indexer.notes.formats import (
    Document,
    FindImage,
    format_of,
    is_note_name,
    note_suffixes,
    register_format,
    without_note_suffix,
)
from indexer.notes.markdown.format import MarkdownFormat
from indexer.notes.plain_text import PlainTextFormat
from indexer.records import Block, BlockKind, Link, LinkKind, Row


@pytest.mark.parametrize(
    "name",
    ["a.md", "a.MD", "a.markdown", "a.Markdown", ".md", "a.b.Md", "a.mdx", "a.Rmd", "a.qmd"],
)
def test_markdown_is_known_by_its_suffix_in_any_case(name: str) -> None:
    form = format_of(name)
    assert is_note_name(name)
    assert form is not None
    assert form.name == "markdown"


@pytest.mark.parametrize("name", ["a.csv", "amd", "a.md~", "a.md.bak", "markdown", "", "md"])
def test_other_suffix_is_no_note(name: str) -> None:
    assert not is_note_name(name)
    assert format_of(name) is None


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.md", "a"), ("A.MARKDOWN", "A"), ("a.b.md", "a.b"), ("a.csv", "a.csv"), (".md", "")],
)
def test_only_the_suffix_of_a_note_is_taken_off(name: str, stem: str) -> None:
    assert without_note_suffix(name) == stem


def test_markdown_comes_first_and_text_is_a_note() -> None:
    assert note_suffixes()[0] == ".md"
    assert ".txt" in note_suffixes()


TEXT = """Shopping for the boat

- rope, ten metres
- varnish
  for the tiller

See https://example.org/knots.
Ask Ann <first>.
"""


def test_text_is_read_by_paragraph_and_bullet() -> None:
    blocks = PlainTextFormat().read(TEXT, "boat.txt").blocks
    assert [(b.kind, b.text, b.line_start, b.line_end) for b in blocks] == [
        (BlockKind.PARAGRAPH, "Shopping for the boat", 1, 1),
        (BlockKind.ITEM, "rope, ten metres", 3, 3),
        (BlockKind.ITEM, "varnish for the tiller", 4, 5),
        (BlockKind.PARAGRAPH, "See https://example.org/knots. Ask Ann <first>.", 7, 8),
    ]
    assert [(link.line, link.target) for link in blocks[3].links] == [
        (7, "https://example.org/knots")
    ]


def test_text_is_shown_as_it_is_written() -> None:
    link = Link("boat.txt", 7, "", "https://example.org/knots", LinkKind.URL)
    html = PlainTextFormat().render(TEXT, [link])
    assert '<p data-line-start="4" data-line-end="5">- varnish<br>  for the tiller</p>' in html
    assert '<a href="https://example.org/knots">https://example.org/knots</a>.' in html
    assert "&lt;first&gt;" in html


def test_text_note_is_found_and_keeps_its_lines(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(write_notes({"boat.txt": TEXT, "other.md": "- rope for the tent\n"}))
    notebook.build()
    hit = notebook.search("varnish tiller").hits[0]
    assert (hit.note_id, hit.title, hit.line_start) == ("boat.txt", "boat", 4)
    assert "varnish" in notebook.read_note("boat.txt").html


class _Numbered:
    """A format for tests: each line of a .rows file is a point."""

    name = "rows"
    suffixes: tuple[str, ...] = (".rows",)
    version = 1

    def read(self, text: str, note_id: str) -> Document:
        lines = [line for line in text.split("\n") if line]
        return Document(
            [Block(BlockKind.ROW, (Row(n, line),), n, n) for n, line in enumerate(lines, 1)]
        )

    def render(
        self, text: str, links: Sequence[Link], find_image: FindImage = lambda target: None
    ) -> str:
        return ""


@pytest.fixture
def rows() -> Iterator[_Numbered]:
    by_name, by_suffix = dict(formats._FORMATS), dict(formats._BY_SUFFIX)
    form = _Numbered()
    register_format(form)
    yield form
    for registry, before in ((formats._FORMATS, by_name), (formats._BY_SUFFIX, by_suffix)):
        registry.clear()
        registry.update(before)


def test_new_format_reads_its_notes_and_no_others_again(
    write_notes: WriteNotes,
    open_notebook: OpenNotebook,
    rows: _Numbered,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = write_notes({"a.md": "- one\n- two\n", "t.txt": "three\n", "r.rows": "four\nfive\n"})
    notebook = open_notebook(folder)
    assert notebook.build().points_total == 5
    monkeypatch.setattr(_Numbered, "version", 2)
    report = notebook.build()
    assert (report.notes_changed, report.notes_unchanged, report.embedded) == (1, 2, 0)
    report = notebook.build()
    assert (report.notes_changed, report.notes_unchanged) == (0, 3)
    monkeypatch.setattr(MarkdownFormat, "version", 99)
    assert notebook.build().notes_changed == 1


def test_format_that_is_new_reads_only_its_own_notes(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes({"a.md": "- one\n", "r.rows": "four\nfive\n"})
    notebook = open_notebook(folder)
    notebook.build()
    by_name, by_suffix = dict(formats._FORMATS), dict(formats._BY_SUFFIX)
    register_format(_Numbered())
    try:
        report = notebook.build()
    finally:
        for registry, before in ((formats._FORMATS, by_name), (formats._BY_SUFFIX, by_suffix)):
            registry.clear()
            registry.update(before)
    assert (report.notes_added, report.notes_changed, report.notes_unchanged) == (1, 0, 1)

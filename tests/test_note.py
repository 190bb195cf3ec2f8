"""A file to a note: its title, date, outcome, anchors and warnings."""

from __future__ import annotations

import codecs
import datetime

import pytest
from fakes import FakeEncoder
from limits import no_longer_than

from indexer.errors import NoteError
from indexer.notes.folder import hash_content
from indexer.notes.names import title_of_path
from indexer.notes.note import parse_note
from indexer.records import Note, Outcome


def read(content: str | bytes, note_id: str = "note.md") -> Note:
    data = content.encode() if isinstance(content, str) else content
    return parse_note(data, note_id, window=64, count_tokens=FakeEncoder().count_tokens)


# --- title --------------------------------------------------------------------------------------


def test_title_of_the_head_comes_first():
    assert read("---\ntitle: Head\n---\n# First\n").title == "Head"


@pytest.mark.parametrize(
    "before",
    [
        "",
        "---\ndate: 2020-04-07\n---\n",
        "![a boat](boat.png)\n\n",
        "[up](../map.md) | [[Next one|next]]\n\n",
        "![[cover.jpg]]\n",
        "#sailing #knots\n\n",
    ],
)
def test_leading_heading_comes_second(before):
    assert read(f"{before}# One *more* #harbour\n\n# Other\n").title == "One more"


@pytest.mark.parametrize(
    "content",
    [
        "words",
        "## Two\n",
        "## Two\n\n# One\n",
        "words first\n\n# Sources\n",
        "- an item\n\n# Sources\n",
        "**Bold**\n\nx",
        "#\n\nx",
        "---\n---\nx",
    ],
)
def test_file_name_comes_last(content):
    assert read(content, "sub/My note.md").title == "My note"


def test_first_of_several_sections_is_no_title_of_a_day() -> None:
    sections = "[[2031-05-06]]\n\n# Tides\n\nlow\n\n# Log\n\nhigh\n"
    assert read(sections, "log/2031-05-07.md").title == "2031-05-07"
    assert read(sections, "log/2031_05_07.md").title == "2031_05_07"
    assert read(sections, "log/Tides of May.md").title == "Tides"
    assert read("# Launch day\n\nwords\n", "log/2031-05-07.md").title == "Launch day"


@pytest.mark.parametrize(
    ("note_id", "title"),
    [
        ("sub/README.md", "sub"),
        ("sub/Index.markdown", "sub"),
        ("a/b c/readme.MD", "b c"),
        ("README.md", "README"),
        ("index.md", "index"),
        ("a.b.md", "a.b"),
        ("sub/.md", ".md"),
        ("caf\udce9.md", "caf�"),
        ("trees/_index.md", "trees"),
        ("Plan of the shed.excalidraw.md", "Plan of the shed"),
        ("Pumps c5006330011b4ccb87abe6a6fd94a376.md", "Pumps"),
        ("pages/garden___beds%3F.md", "garden/beds?"),
        ("notes/garden___beds.md", "garden___beds"),
    ],
)
def test_title_of_a_path(note_id, title):
    assert title_of_path(note_id) == title


def test_readme_is_called_like_its_folder():
    assert read("words", "Course 1/Readme.md").title == "Course 1"


def test_huge_title_is_cut():
    assert read(f"# {'a' * 10_000}\n").title == "a" * 300


# --- date ---------------------------------------------------------------------------------------

DAY = datetime.date(2020, 4, 7)


@pytest.mark.parametrize(
    "note_id",
    ["2020-04-07-a.md", "x/2020-04-07.md", "20200407 a.md", "Call 7.4.2020.md", "on-2020-04-07.md"],
)
def test_date_may_stand_in_the_file_name(note_id):
    assert read("words", note_id).date == DAY


def test_date_of_the_head_comes_before_that_of_the_name():
    assert read("---\ndate: 2020-04-07\n---\nx", "2021-01-01-a.md").date == DAY


def test_date_of_the_name_stands_in_for_one_that_cannot_be_read():
    note = read("---\ndate: soon\n---\nx", "2020-04-07-a.md")
    assert note.date == DAY
    assert [warning.line for warning in note.warnings] == [2]


@pytest.mark.parametrize("note_id", ["a.md", "2020-04-07/a.md", "2020-13-01.md", "1984.md"])
def test_note_without_a_date_has_none(note_id):
    assert read("words", note_id).date is None


# --- outcome ------------------------------------------------------------------------------------


def test_valid_note_is_indexed_without_a_warning():
    note = read("---\ntags: [a]\ncategories: [B]\naliases: [C]\npermalink: /p/\n---\n\nwords\n")
    assert (note.outcome, note.warnings) == (Outcome.INDEXED, ())
    assert (note.tags, note.categories, note.aliases, note.permalink) == (
        ("a",),
        ("B",),
        ("C",),
        "/p/",
    )
    assert [(point.text, point.line_start) for point in note.points] == [
        ("Tags: a | Categories: B | Aliases: C", 2),
        ("words", 8),
    ]


@pytest.mark.parametrize(
    "content", [b"", b" \n\t\r\n", codecs.BOM_UTF8, b"\n\x0c\n", b"\x00\n" + b" " * 20]
)
def test_empty_note_is_found_by_its_name(content):
    note = read(content, "sub/README.md")
    assert (note.outcome, note.title) == (Outcome.EMPTY, "sub")
    assert [(point.text, point.line_start) for point in note.points] == [("sub", 1)]
    assert note.warnings[-1].message.startswith("the note is empty")


def test_note_with_a_title_alone_is_found_by_it():
    note = read("---\ntitle: Anchors\ndate: 2020-04-07\ndraft: true\n---\n")
    assert (note.outcome, note.warnings) == (Outcome.INDEXED, ())
    assert [point.text for point in note.points] == ["Anchors"]


def test_note_with_properties_alone_is_found_by_them():
    note = read("---\nauthor: Ann Lee\nmedium: oil on board\nsummary: A harbour at dusk.\n---\n")
    assert [(p.text, p.line_start, p.line_end) for p in note.points] == [
        ("Author: Ann Lee | Medium: oil on board", 2, 3),
        ("A harbour at dusk.", 4, 4),
    ]
    assert note.properties == (
        ("author", "Ann Lee"),
        ("medium", "oil on board"),
        ("summary", "A harbour at dusk."),
    )


def test_file_name_is_the_title_where_the_vault_says_so():
    content = "# Heading\n\nwords\n"
    note = parse_note(
        content.encode(),
        "Name.md",
        window=64,
        count_tokens=FakeEncoder().count_tokens,
        named_by_file=True,
    )
    assert note.title == "Name"
    assert note.points[0].heading_path == ("Heading",)


def test_vault_of_obsidian_names_notes_by_file(write_notes, open_notebook):
    folder = write_notes({"Name.md": "# Heading\n\nwords\n"})
    (folder / ".obsidian").mkdir()
    notebook = open_notebook(folder)
    notebook.build()
    assert [note.title for note in notebook.notes()] == ["Name"]


def test_note_with_a_broken_head_is_partial_and_its_body_read():
    note = read("---\ntitle: a: b\n---\nwords\n")
    assert note.outcome is Outcome.PARTIAL
    assert [warning.line for warning in note.warnings] == [2]
    assert [(point.text, point.line_start) for point in note.points] == [("words", 4)]


def test_note_with_a_bad_date_is_indexed_with_a_warning():
    note = read("---\ndate: soon\n---\nwords\n")
    assert note.outcome is Outcome.INDEXED
    assert len(note.warnings) == 1


def test_note_that_is_no_text_is_an_error():
    with pytest.raises(NoteError) as caught:
        read(b"\x00\x01\x02" * 100, "sub/a.md")
    assert caught.value.path == "sub/a.md"


def test_warnings_of_bytes_head_and_body_come_in_this_order():
    note = read("---\ndate: soon\n---\n\ncaf\xe9\n\n```\ncode\n".encode("latin-1"))
    assert [warning.line for warning in note.warnings] == [5, 2, 7]


def test_letterhead_between_rules_is_read():
    assert [p.text for p in read("---\nDear reader\n---\nwords\n").points] == [
        "Dear reader",
        "words",
    ]


# --- fields of a note ---------------------------------------------------------------------------


def test_anchors_are_headings_blocks_and_given_ids():
    note = read("---\na: b\n---\n# Top Part\n\npara ^b1\n\n## X {#own}\n\n**Bold**\n\nx\n")
    assert dict(note.anchors) == {"toppart": 4, "^b1": 6, "own": 8, "x": 8, "bold": 10}


def test_links_are_with_their_points_and_loose_ones_with_the_note():
    note = read("- [A](#a)\n- [B](#b)\n- [C](#c)\n\nsee [[n]]\n")
    assert [link.target for link in note.links] == ["#a", "#b", "#c"]
    assert [[link.target for link in point.links] for point in note.points] == [["n"]]


@pytest.mark.parametrize(
    ("content", "target"),
    [("## See [[other]]\n\nwords\n", "other"), ("- ![](p.png)\n- text\n", "p.png")],
    ids=["heading", "item without words"],
)
def test_link_of_what_is_no_point_is_not_lost(content, target):
    assert [link.target for link in read(content).links] == [target]


def test_hash_is_of_the_bytes_as_they_are():
    assert read("a\r\n").content_hash == hash_content(b"a\r\n")
    assert hash_content(b"a\r\n") != hash_content(b"a\n")
    assert len(hash_content(b"")) == 16


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "unit"),
    [
        ("", "- item\n"),
        ("", "Word word\n"),
        ("", "[a](b) "),
        ("", "[["),
        ("", "$$5 a\n\n"),
        ("", "<!-- a "),
        ("| a |\n|---|\n", "| x |\n"),
        ("", "{% "),
        ("", "[x]({{ "),
        ("<div>\n", "<a "),
    ],
)
def test_hostile_repetition_ends(head, unit):
    with no_longer_than(60):  # a second or two; the square of the length would be many minutes
        assert read(head + unit * (100_000 // len(unit))).note_id == "note.md"

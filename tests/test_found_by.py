"""What a point is found by besides its own words: addresses, other names, half-typed words."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.notebook import Notebook
from indexer.records import Mode
from indexer.render import answer_json
from indexer.store.embedded.store import DATABASE
from indexer.text.addresses import address_words

pytestmark = pytest.mark.every_store

NOTES = {
    "rigging-2031.md": (
        "---\naliases: [Cordage, Tauwerk]\n---\n# On ropes\n\n"
        "- a splice holds longer than a knot\n"
        "- see [the lesson](https://www.bosun-school.example.org/lessons/fid_work.html?ref=7#top)\n"
        "- ![](drawings/block-and-tackle.png) and [[tar/Stockholm tar|the old way]]\n"
    ),
    "b.md": "# Sails\n\n- canvas shrinks in the rain\n- reef before dusk\n- navigation lights\n",
}


@pytest.fixture
def notebook(open_notebook: OpenNotebook, write_notes: WriteNotes) -> Notebook:
    opened = open_notebook(write_notes(NOTES))
    opened.build()
    return opened


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("https://www.example.org/a/dry-dock_2.html?q=1#part", "example a dry-dock 2"),
        ("http://docs.example.co.uk:8080/x%20y", "docs example x y"),
        ("www.example.org", "example"),
        ("mailto:ann.lee@example.org", "ann lee example"),
        ("../img/keel%20plan.png", "img keel plan"),
        ("zotero://select/items/3_ABCD", ""),
        ("tel:+4912345", ""),
        ("#part", ""),
        ("", ""),
        ("https://example.org/9f86d081884c7d659a2feaa0c55ad015/8f3k2j5h7g6d/123456789", "example"),
    ],
)
def test_words_of_an_address(target: str, words: str) -> None:
    assert address_words(target) == words


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("fid", 7),
        ("bosun-school", 7),
        ("https://www.bosun-school.example.org/lessons/fid_work.html", 7),
        ("tackle", 8),
        ("stockholm", 8),
    ],
)
@pytest.mark.parametrize("mode", [Mode.HYBRID, Mode.LEXICAL])
def test_link_is_found_by_its_address(
    notebook: Notebook, mode: Mode, question: str, line: int
) -> None:
    answer = notebook.search(question, mode=mode, points=True)
    first = answer.hits[0]
    assert (first.note_id, first.line_start, answer.answered) == ("rigging-2031.md", line, True)


@pytest.mark.parametrize("name", ["cordage", "tauwerk", "2031", "rigging"])
def test_every_point_is_found_by_the_names_of_its_note(notebook: Notebook, name: str) -> None:
    hits = notebook.search(f"{name} splice", mode=Mode.LEXICAL, points=True).hits
    assert hits[0].line_start == 6
    found = {hit.line_start for hit in hits if hit.note_id == "rigging-2031.md"}
    assert {6, 7, 8} <= found


def test_change_of_a_link_or_a_name_is_seen_by_the_next_build(
    notebook: Notebook, write_notes: WriteNotes
) -> None:
    changed = NOTES["rigging-2031.md"].replace("fid_work", "whipping")
    write_notes({"rigging-2031.md": changed.replace("Tauwerk", "Jarcia")})
    report = notebook.build()
    assert report.embedded <= 1  # the words of the head; the others have their vectors

    def words(question: str) -> set[int]:
        hits = notebook.search(question, mode=Mode.LEXICAL, points=True).hits
        return {hit.line_start for hit in hits}

    assert words("whipping") == {7}
    assert words("fid") == words("tauwerk") == set()
    assert {6, 7, 8} <= words("jarcia")


def test_deleted_words_are_in_no_file_of_the_index(write_notes: WriteNotes) -> None:
    text = (
        "---\naliases: [qqalias]\nauthor: qqauthor\ntags: [qqtag]\n---\n# qqtitle\n\n"
        "kept words\n\n- qqitem with [qqtext](https://qqhost.org/qqpath)\n- [[qqpage#qqpart]]\n"
        "\n## qqheading\n\nqqbody qqbody #qqinline ^qqblock\n"
    )
    others = {f"b{i}.md": f"# Boat {i}\n\nwords on sails {i}\n" for i in range(9)}
    folder = write_notes({"a.md": text, "qqname.md": "more\n", "qq/c.md": "- x\n", **others})
    index = folder / ".notepoint"

    def found() -> dict[str, int]:
        files = {path.name: path.read_bytes().lower() for path in index.iterdir()}
        return {name: content.count(b"qq") for name, content in files.items() if b"qq" in content}

    with (
        Notebook(folder, encoder=FakeEncoder()) as reader,
        Notebook(folder, encoder=FakeEncoder()) as notebook,
    ):
        notebook.build()
        assert found()
        assert reader.search("sails").hits  # a page that is open meanwhile
        write_notes({"a.md": "# Plain\n\nkept words\n"})
        (folder / "qqname.md").unlink()
        (folder / "qq/c.md").unlink()
        notebook.build(force=True)
        assert found() == {}
        assert reader.search("sails").hits
        write_notes({"a.md": "# Plain\n\nkept words\n\n- qqsecond time\n"})
        notebook.build()
        assert found()
        (folder / "a.md").unlink()
        notebook.build()
    assert found() == {}
    with contextlib.closing(sqlite3.connect(index / DATABASE)) as connection:
        assert connection.execute("SELECT count(*) FROM note").fetchone() == (9,)


class Spelling(FakeEncoder):
    """Knows a few words as one piece, as a model knows those of its language."""

    KNOWN = frozenset({"canvas", "the", "what", "ship", "navigate"})

    def count_tokens(self, texts):  # type: ignore[no-untyped-def]
        return [1 if text.lower() in self.KNOWN else 3 for text in texts]


@pytest.fixture
def read(open_notebook: OpenNotebook, write_notes: WriteNotes) -> Callable[[str], str]:
    opened = open_notebook(write_notes(NOTES), encoder=Spelling())
    opened.build()
    return lambda question: dict(opened.search(question).reads).get(question.split()[-1], "")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("the canv", "canvas"),
        ("when does it shrin", "shrinks"),
        ("navigatio", "navigation"),
        ("splic", "splice"),
    ],
)
def test_half_typed_last_word_is_read_as_what_it_begins(
    read: Callable[[str], str], typed: str, meant: str
) -> None:
    assert read(typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["canvas", "canv?", "canv rain", "the", "NAV", "ca", "zebr", "na7ig", "ship"],
)
def test_finished_or_unknown_word_is_left_as_it_is(read: Callable[[str], str], typed: str) -> None:
    assert read(typed) == ""


def test_deleting_leaves_an_index_of_one_note(tmp_path: Path) -> None:
    (tmp_path / "n").mkdir()
    (tmp_path / "n/a.md").write_text("- [x](https://example.org/keelson)\n", "utf-8")
    with Notebook(tmp_path / "n", encoder=FakeEncoder()) as notebook:
        notebook.build()
        (tmp_path / "n/a.md").write_text("- [x](https://example.org/bowsprit)\n", "utf-8")
        notebook.build()
        assert notebook.check() == []


def test_hits_name_the_aliases_and_properties_of_their_note(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    head = "---\naliases: [Keel, Kiel]\nstatus: in hand\ncrew: [Ann, Bo]\nlength: 12\n---\n"
    opened = open_notebook(write_notes({"a.md": f"{head}- oak beams\n"}))
    opened.build()
    (hit, *_) = answer_json(opened.search("oak beams", points=True))["hits"]
    assert hit["aliases"] == ["Keel", "Kiel"]
    assert hit["properties"] == {"status": ["in hand"], "crew": ["Ann", "Bo"], "length": ["12"]}

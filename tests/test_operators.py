"""Exact phrases, excluded words, tags and paths in a question, and unknown filter values."""

from __future__ import annotations

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.commands.question_words import typed_question
from indexer.errors import QueryError
from indexer.notebook import Notebook
from indexer.records import Mode, NoteFilter
from indexer.retrieval.operators import Operators, read_operators

pytestmark = pytest.mark.every_store

NOTES = {
    "garden/beds.md": "---\ntags: [plan/spring]\nstatus: Done\n---\n# Beds\n\n"
    "- Move the stone wall in May.\n- A wall of stone keeps the heat.\n",
    "garden/archive/old.md": "---\ntags: [plan]\n---\n# 2019\n\n- The stone wall fell down.\n",
    "house.md": "---\nstatus: open\n---\n# House\n\n- Stone, wall, \u201cstone  wall\u201d paint.\n"
    "- Paint the wall of the hall.\n",
}


@pytest.fixture
def notebook(open_notebook: OpenNotebook, write_notes: WriteNotes) -> Notebook:
    opened = open_notebook(write_notes(NOTES))
    opened.build()
    return opened


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("plain words", Operators("plain words")),
        ('"stone wall"', Operators("stone wall", phrases=("stone wall",))),
        ("\u201estone wall\u201c fell", Operators("stone wall fell", phrases=("stone wall",))),
        ("wall -paint", Operators("wall", without=("paint",))),
        ("wall NOT paint", Operators("wall", without=("paint",))),
        ('wall -"stone wall"', Operators("wall", without=("stone wall",))),
        ("wall tag:plan/spring", Operators("wall", tags=("plan/spring",))),
        ('wall path:"my notes"', Operators("wall", paths=("my notes",))),
        ("wall -path:old/ -tag:x", Operators("wall", without_paths=("old",), without_tags=("x",))),
        ("tag:plan/spring", Operators("plan spring", tags=("plan/spring",))),
        # texts that only look like operators
        ("-paint", Operators("-paint")),
        ("a well-known e-mail", Operators("a well-known e-mail")),
        ("git commit -m message", Operators("git commit -m message")),
        ("water at -5 degrees", Operators("water at -5 degrees")),
        ("a path: and a tag:", Operators("a path: and a tag:")),
        ('"unbalanced', Operators('"unbalanced')),
        ('""', Operators('""')),
        ('why is "stone wall" in red?', Operators('why is "stone wall" in red?')),
        ('who built "stone wall"', Operators("who built stone wall", phrases=("stone wall",))),
        ("http://x.org/tag:y", Operators("http://x.org/tag:y")),
    ],
)
def test_operators_of_a_question(question: str, read: Operators) -> None:
    assert read_operators(question) == read


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("question", "texts"),
    [
        (
            '"stone wall"',
            {"Move the stone wall", "The stone wall fell", "Stone, wall, \u201cstone"},
        ),
        ('"stone wall" -paint', {"Move the stone wall", "The stone wall fell"}),
        ('"Stone Wall" -path:archive -paint', {"Move the stone wall"}),
        ('"stone wall" tag:plan', {"Move the stone wall", "The stone wall fell"}),
        ('"stone wall" -2019 path:garden', {"Move the stone wall"}),
        ('"wall stone"', set()),
        ('hall -"stone wall" -status path:house', {"Paint the wall of"}),
    ],
)
def test_points_that_answer(notebook: Notebook, mode: Mode, question: str, texts: set[str]) -> None:
    found = {hit.text for hit in notebook.search(question, mode=mode, points=True).hits}
    assert len(found) == len(texts)
    assert all(any(text.startswith(start) for text in found) for start in texts)


def test_word_left_out_of_many(open_notebook: OpenNotebook, write_notes: WriteNotes) -> None:
    lines = "".join(f"- red apple number {i}\n" for i in range(150))
    notebook = open_notebook(write_notes({"a.md": lines + "- green apple\n"}))
    notebook.build()
    hits = notebook.search("apple -red", mode=Mode.LEXICAL, points=True).hits
    assert [hit.text for hit in hits] == ["green apple"]


def test_what_was_read_is_said(notebook: Notebook) -> None:
    answer = notebook.search('"stone wall" -paint path:garden')
    assert answer.notices == (
        'only points with the phrase "stone wall", without paint, '
        "of notes with garden in their path",
    )
    assert answer.reads == ()


def test_properties_filter(notebook: Notebook) -> None:
    hits = notebook.search("wall", where=NoteFilter(properties=(("Status", "done"),))).hits
    assert {hit.note_id for hit in hits} == {"garden/beds.md"}


@pytest.mark.parametrize(
    ("where", "notice"),
    [
        (NoteFilter(tags=("plam",)), "no note has the tag plam; the nearest is plan"),
        (NoteFilter(folders=("gardn",)), "no note has the folder gardn; the nearest is garden"),
        (NoteFilter(notes=("hous.md",)), "no note has the path hous.md; the nearest is house.md"),
        (NoteFilter(notes=("beds.md",)), "no note has the path beds.md"),
        (NoteFilter(tags=("xyzzy",)), "no note has the tag xyzzy"),
        (NoteFilter(properties=(("status", "dome"),)), "no note has the property status=dome"),
    ],
)
def test_filter_that_nothing_has_names_the_nearest(
    notebook: Notebook, where: NoteFilter, notice: str
) -> None:
    answer = notebook.search("wall", where=where)
    assert answer.hits == ()
    assert len(answer.notices) == 1
    assert answer.notices[0].startswith(notice)


def test_known_filter_says_nothing(notebook: Notebook) -> None:
    assert notebook.search("wall", where=NoteFilter(tags=("PLAN",))).notices == ()


def test_long_question_is_cut_and_says_so(notebook: Notebook) -> None:
    answer = notebook.search("stone wall " * 5_000)
    assert answer.hits
    assert answer.notices[0].startswith("the question has 10,000 words; only the first ")


def test_empty_question_is_still_refused(notebook: Notebook) -> None:
    with pytest.raises(QueryError, match="empty"):
        notebook.search("  ")


def test_words_of_the_command_line_make_a_question() -> None:
    assert typed_question(()) is None
    assert typed_question(("what is dropout",)) == "what is dropout"
    assert typed_question(("what", "is", "dropout")) == "what is dropout"
    assert typed_question(("stone wall", "\x00-paint")) == '"stone wall" -paint'


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["stone", "wall", "fell"], "garden/archive/old.md"),
        (["stone", "wall", "-fell", "-paint"], "garden/beds.md"),
        (["stone", "wall", "--where", "status=open"], "house.md"),
        (["stone", "wall", "fell", "--exclude", "archive", "-k5"], "house.md"),
        (["--", "stone", "-path:beds", "-path:house", "fell"], "garden/archive/old.md"),
    ],
)
def test_terminal_takes_unquoted_words(
    notebook: Notebook, run_cli, arguments: list[str], first: str
) -> None:
    where = ["--notes", str(notebook.settings.notes), "--store", notebook.settings.store]
    _, out, err = run_cli("query", *arguments, "--mode", "lexical", "--points", *where)
    assert err == ""
    shown = [note_id for note_id in NOTES if note_id in out]
    assert min(shown, key=out.index) == first

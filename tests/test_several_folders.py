"""Several notes folders in one index and one question."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fakes import FakeEncoder

from indexer.config import Settings
from indexer.errors import NoteError, SettingsError
from indexer.gathered import folders_of
from indexer.notebook import Notebook
from indexer.notes.folder import NotesFolder
from indexer.records import NoteFilter


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("NOTEPOINT_CACHE", str(tmp_path / "cache"))
    work, home = tmp_path / "work", tmp_path / "deep" / "home"
    for folder, text in ((work, "- the roof plan\n"), (home, "- the roof garden\n")):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub/note.md").write_text(text)
    (work / "a.md").write_text("[here](sub/note.md) [[note]]\n")
    (work / ".notepointignore").write_text("drafts/\n")
    (work / "drafts").mkdir()
    (work / "drafts/x.md").write_text("- the roof draft\n")
    return work, home


def opened(*folders: object) -> Notebook:
    return Notebook([str(folder) for folder in folders], encoder=FakeEncoder())


def test_notes_of_several_folders_answer_one_question(two: tuple[Path, Path]) -> None:
    with opened(*two) as notebook:
        report = notebook.build()
        assert {file.note_id for file in report.files} == {
            "work/a.md",
            "work/sub/note.md",
            "home/sub/note.md",
        }
        hits = notebook.search("roof", points=True).hits
        assert {hit.note_id for hit in hits[:2]} == {"work/sub/note.md", "home/sub/note.md"}
        only = notebook.search("roof", where=NoteFilter(folders=("home",)), points=True).hits
        assert {hit.note_id for hit in only} == {"home/sub/note.md"}
        assert notebook.read_note("home/sub/note.md").html
        assert [link.to for link in notebook.links("work/a.md")] == ["work/sub/note.md"] * 2
        assert not notebook.search("roof").index.stale
        (two[1] / "sub/note.md").write_text("- the roof terrace\n")
        assert notebook.catch_up() == ""
        assert notebook.search("terrace", points=True).hits[0].text == "the roof terrace"
        assert notebook.status().notes_folder == f"home={two[1]}, work={two[0]}"


def test_folders_have_names_of_their_own(two: tuple[Path, Path]) -> None:
    with opened(f"job={two[0]}", f"garden={two[1]}") as notebook:
        notebook.build()
        notes = {file.note_id.split("/")[0] for file in notebook.dump()[0]}
        assert notes == {"job", "garden"}


def test_same_folders_are_the_same_index(two: tuple[Path, Path]) -> None:
    one, other = (Settings.load(notes=[str(f) for f in order]) for order in (two, two[::-1]))
    assert (one.notes, one.store) == (other.notes, other.store)
    listed = os.pathsep.join(map(str, two))
    cache = {"NOTEPOINT_NOTES": listed, "NOTEPOINT_CACHE": os.environ["NOTEPOINT_CACHE"]}
    assert Settings.load(environment=cache).notes == one.notes


def test_one_folder_is_itself(two: tuple[Path, Path]) -> None:
    assert Settings.load(notes=[str(two[0])]).notes == two[0]
    assert folders_of(two[0]) == {}


def test_two_folders_of_one_name_need_another(two: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "other/work").mkdir(parents=True)
    with pytest.raises(SettingsError, match="two notes folders are named 'work'"):
        Settings.load(notes=[str(two[0]), str(tmp_path / "other/work")])
    with pytest.raises(SettingsError, match="no name for a folder"):
        Settings.load(notes=[f"a/b={two[0]}", str(two[1])])


def test_links_are_followed_nowhere_else(two: tuple[Path, Path], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.md").write_text("secret")
    (two[0] / "out").symlink_to(secret)
    folder = NotesFolder(Settings.load(notes=[str(f) for f in two]).notes, 1_000)
    for path in ("work/out/s.md", "work/../../secret/s.md", "work", "other/s.md"):
        with pytest.raises(NoteError):
            folder.read(path)
    assert not folder.has_file("work/out/s.md")
    # A folder of links that was not made here is a plain folder.
    made = tmp_path / "folders" / "0123456789abcdef"
    made.mkdir(parents=True)
    (made / "work").symlink_to(secret)
    plain = NotesFolder(Settings.load(notes=made).notes, 1_000)
    assert [entry.refusal is not None for entry in plain.scan().notes] == [True]
    with pytest.raises(NoteError):
        plain.read("work/s.md")


def test_folder_that_is_gone_is_an_error(two: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(Exception, match="is not there"):
        Settings.load(notes=[str(two[0]), str(tmp_path / "gone")])

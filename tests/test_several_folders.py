"""Several notes folders in one index and one question."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fakes import FakeEncoder

from indexer.config import Settings
from indexer.errors import NoteError, NotesError, SettingsError
from indexer.gathered import folders_of, follow_links_in
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
    with pytest.raises(SettingsError, match="cannot be the name of a folder"):
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


def test_folder_that_is_not_there_is_named_while_the_others_go_on(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    with opened(*two) as notebook:
        notebook.build()
    two[1].rename(tmp_path / "unplugged")
    with opened(*two) as notebook:
        report = notebook.build()
        assert (report.notes_removed, report.points_removed) == (0, 0)
        said = {file.note_id: [w.message for w in file.warnings] for file in report.files}
        assert said["home"] == [
            f"the notes folder {two[1]} is not there; what is known of its notes stays"
        ]
        (two[0] / "new.md").write_text("- the roof beam\n")
        assert notebook.catch_up() == ""
        answer = notebook.search("roof", points=True)
        found = {hit.note_id for hit in answer.hits}
        assert found == {"work/new.md", "work/sub/note.md", "work/a.md"}
        assert answer.notices[0] == (
            f"the notes folder {two[1]} (home) is not there: its notes are left out"
        )
        assert not answer.index.stale
        assert "(not there)" in notebook.status().notes_folder
    (tmp_path / "unplugged").rename(two[1])
    with opened(*two) as notebook:
        report = notebook.build()
        assert (report.notes_added, report.embedded) == (0, 0)
        answer = notebook.search("roof garden", points=True)
        assert (answer.hits[0].note_id, answer.notices) == ("home/sub/note.md", ())


def test_folders_none_of_which_is_there_are_an_error(tmp_path: Path) -> None:
    gone = [str(tmp_path / "gone"), str(tmp_path / "lost")]
    with pytest.raises(NotesError, match="gone does not exist"):
        Settings.load(notes=gone, environment={"NOTEPOINT_CACHE": str(tmp_path)})


def test_all_folders_gone_while_asked(two: tuple[Path, Path], tmp_path: Path) -> None:
    with opened(*two) as notebook:
        notebook.build()
        for folder in two:
            folder.rename(tmp_path / f"away-{folder.name}")
        with pytest.raises(NotesError, match="there is no folder"):
            notebook.build()
        assert len(notebook.search("roof").notices) == 2


def test_links_within_the_folders_are_followed_on_request(two: tuple[Path, Path]) -> None:
    work, home = two
    (work / ".private").mkdir()
    (work / ".private/oak.md").write_text("- oak beams of the roof\n")
    (work / "shown").symlink_to(work / ".private")
    (work / "again").symlink_to(work / "sub")
    (work / "loop").symlink_to(work)
    (work / "README.md").symlink_to(work / ".private/oak.md")
    (work / "other").symlink_to(home / "sub")
    (work / "out").symlink_to(home.parent.parent)
    plain, followed = NotesFolder(work, 1_000), {"shown/oak.md", "a.md", "sub/note.md"}
    assert {e.note_id for e in plain.scan().notes if not e.refusal} == {"a.md", "sub/note.md"}
    with Notebook(str(work), encoder=FakeEncoder(), follow_links=True) as notebook:
        notebook.build()
        found = {e.note_id: e.refusal for e in notebook.folder.scan().notes}
        assert {name for name, refusal in found.items() if not refusal} == followed
        assert {n: r.message for n, r in found.items() if r} == {
            name: "a symbolic link that leads out of the notes folders, which is not followed"
            for name in ("other", "out")
        }
        with pytest.raises(NoteError, match="leads out"):
            notebook.folder.read("other/note.md")
    with Notebook(str(work), encoder=FakeEncoder()) as notebook:  # the index remembers
        assert notebook.catch_up() == ""
        hits = notebook.search("oak beams", points=True).hits
        assert notebook.read_note(hits[0].note_id).html
        assert not notebook.search("oak").index.stale
    with Notebook(str(work), encoder=FakeEncoder(), follow_links=False) as notebook:
        assert notebook.build().notes_removed == len(followed) - 2
    with Notebook(
        [f"w={work}", str(home)], encoder=FakeEncoder(), follow_links=True
    ) as notebook:  # a link into another folder is listed under that folder's name
        notebook.build()
        assert "w/other" not in {e.note_id for e in notebook.folder.scan().notes}


def test_each_of_many_links_is_looked_at_a_few_times(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    work, _ = two
    (work / ".hidden").mkdir()
    for number in range(300):
        (work / f".hidden/{number}.md").write_text("- beam\n")
        (work / f"link{number}.md").symlink_to(work / f".hidden/{number}.md")
    asked: list[str] = []
    is_folder = os.path.isdir
    monkeypatch.setattr("os.path.isdir", lambda path: asked.append(path) or is_folder(path))
    follow_links_in(work, follow=True)
    try:
        found = NotesFolder(work, 1_000).scan().notes
    finally:
        follow_links_in(work, follow=False)
    assert len(found) == 302 and len(asked) < 10 * 300


def test_paths_left_out_and_lowered_by_settings(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    work, _ = two
    for name, text in (("Archive/x.md", "roof tiles"), ("old/y.md", "roof gutter gutter")):
        (work / name).parent.mkdir()
        (work / name).write_text(f"- {text}\n")

    def asked(question: str, where: NoteFilter | None = None) -> list[str]:
        with Notebook(str(work), encoder=FakeEncoder()) as notebook:
            notebook.build()
            hits = notebook.search(question, points=True, where=where).hits
            return [hit.note_id for hit in hits]

    assert asked("roof gutter")[0] == "old/y.md"
    assert asked("roof tiles")[0] == "Archive/x.md"
    monkeypatch.setenv("NOTEPOINT_EXCLUDE", "archive, templates")
    monkeypatch.setenv("NOTEPOINT_LOWER", "OLD")
    assert "Archive/x.md" not in asked("roof tiles")
    assert asked("roof tiles", NoteFilter(folders=("archive",))) == ["Archive/x.md"]
    assert asked("roof tiles path:Archive") == ["Archive/x.md"]
    found = asked("roof")
    assert found.index("sub/note.md") < found.index("old/y.md")
    assert asked("gutter")[0] == "old/y.md"

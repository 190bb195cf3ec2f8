"""Folders of notes that the page offers, and notes found by their names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from indexer.store.records import NoteInfo
from indexer.web.folders import (
    complete_path,
    found_folders,
    recent_folders,
    remember_folder,
    sample_folder,
)
from indexer.web.switcher import NoteNames, completions


def test_folders_opened_before_come_back_newest_first(tmp_path: Path) -> None:
    one, two, gone = (tmp_path / name for name in ("one", "two", "gone"))
    for folder in (one, two, gone):
        folder.mkdir()
        remember_folder(tmp_path / "cache", folder)
    remember_folder(tmp_path / "cache", one)
    gone.rmdir()
    assert [folder.path for folder in recent_folders(tmp_path / "cache")] == [one, two]
    if os.name == "posix":
        assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    (tmp_path / "cache" / "folders.json").write_text("{broken")
    assert recent_folders(tmp_path / "cache") == []


def test_vaults_of_other_programs_are_found(tmp_path: Path) -> None:
    listed, marked = tmp_path / "far" / "Vault", tmp_path / "Documents" / "Graph"
    listed.mkdir(parents=True)
    (marked / "logseq").mkdir(parents=True)
    config = tmp_path / ".config" / "obsidian" / "obsidian.json"
    config.parent.mkdir(parents=True)
    vaults = {"a": {"path": str(listed)}, "b": {"path": str(tmp_path / "none")}}
    config.write_text(json.dumps({"vaults": vaults}))
    found = [(folder.path, folder.why) for folder in found_folders(tmp_path)]
    assert found == [(listed, "Obsidian vault"), (marked, "Logseq graph")]
    config.write_text('{"vaults": [1]}')
    assert [folder.path for folder in found_folders(tmp_path)] == [marked]


def test_typed_path_goes_on(tmp_path: Path) -> None:
    for name in ("notes", "Notebook", ".hidden", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").touch()
    wanted = [str(tmp_path / "Notebook"), str(tmp_path / "notes")]
    assert complete_path(str(tmp_path / "no")) == wanted
    assert complete_path(f"{tmp_path}{os.sep}")[-1] == str(tmp_path / "other")
    assert complete_path("relative") == []
    assert complete_path("/no/such/folder/at/all") == []


def test_sample_is_there_to_try() -> None:
    sample = sample_folder()
    assert sample is not None
    assert list(sample.glob("*.md"))


def note(note_id: str, title: str, *aliases: str) -> NoteInfo:
    return NoteInfo(note_id, title, None, (), (), aliases, "")


NOTES = (
    note("course/transfer.md", "Transfer learning", "Fine tuning"),
    note("course/learning-rate.md", "Learning rate"),
    note("reise/zuerich.md", "Zürich im Winter"),
    note("zebra/one.md", "One"),
)


def test_notes_are_found_by_title_alias_file_name_and_folder() -> None:
    names = NoteNames(NOTES)

    def found(typed: str) -> list[str]:
        return [one.note_id.rpartition("/")[2] for one in names.find(typed, 3)]

    assert found("learning") == ["learning-rate.md", "transfer.md"]  # a beginning comes first
    assert found("rate learn") == ["learning-rate.md"]
    assert found("fine tuning") == ["transfer.md"]
    assert names.find("fine t", 1)[0].by == "Fine tuning"
    assert found("ZURICH") == ["zuerich.md"]
    assert found("zuerich") == ["zuerich.md"]
    assert found("zebra") == ["one.md"]
    assert found("what is the learning rate?") == []
    assert found("") == found("x" * 200) == []


def test_operators_are_completed() -> None:
    tags, folders = ("review", "deep learning", "reading"), ("course", "reise")
    assert completions("ethics tag:re", tags, folders, ()) == [
        ("tag:review", "ethics tag:review "),
        ("tag:reading", "ethics tag:reading "),
    ]
    assert completions("-path:cour", tags, folders, ()) == [("-path:course", "-path:course ")]
    assert completions("tag:deep", tags, folders, ()) == [
        ('tag:"deep learning"', 'tag:"deep learning" ')
    ]
    assert completions("tag:review ethics", tags, folders, ()) == []

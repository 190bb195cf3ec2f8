"""The notes of a folder in order, and the files that are refused unread."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from limits import no_longer_than

from indexer.errors import NoteError, NotesError
from indexer.notes.opening import read_note_bytes, read_stamp
from indexer.notes.walk import scan_folder

LIMIT = 1_000
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs POSIX names and files")


def found(root: Path, *, limit: int = LIMIT) -> list[str]:
    return [entry.note_id for entry in scan_folder(root, size_limit=limit).notes]


def refusals(root: Path, *, limit: int = LIMIT) -> dict[str, str]:
    entries = scan_folder(root, size_limit=limit).notes
    return {entry.note_id: entry.refusal.message for entry in entries if entry.refusal}


# --- scanning -----------------------------------------------------------------------------------


def test_notes_come_in_path_order_whatever_the_order_of_writing(write_notes):
    root = write_notes({"b.md": "", "a/z.md": "", "B.md": "", "a.md": "", "a/y/x.md": ""})
    assert found(root) == ["B.md", "a.md", "a/y/x.md", "a/z.md", "b.md"]


def test_scan_finds_suffixes_in_any_case(write_notes):
    root = write_notes({"a.MD": "", "b.Markdown": "", "c.csv": ""})
    assert found(root) == ["a.MD", "b.Markdown"]


def test_files_that_are_no_notes_are_listed_apart(write_notes):
    root = write_notes({"n.md": "", "pictures/p.png": "", "a.csv": ""})
    assert scan_folder(root, size_limit=LIMIT).files == ("a.csv", "pictures/p.png")


@pytest.mark.parametrize(
    "folder", [".git", ".obsidian", "node_modules", "__pycache__", "site-packages", "_site", "venv"]
)
def test_hidden_and_tool_folders_are_ignored_at_any_depth(write_notes, folder):
    root = write_notes({f"{folder}/a.md": "", f"deep/{folder}/b.md": "", "c.md": ""})
    assert found(root) == ["c.md"]


def test_hidden_file_is_ignored(write_notes):
    assert found(write_notes({".draft.md": "", "a.md": ""})) == ["a.md"]


def test_note_named_like_a_tool_folder_is_found(write_notes):
    assert found(write_notes({"venv.md": "", "node_modules.md": ""})) == [
        "node_modules.md",
        "venv.md",
    ]


def test_folder_named_like_a_note_is_a_folder(write_notes):
    root = write_notes({"x.md/inside.md": "text"})
    assert found(root) == ["x.md/inside.md"]
    assert refusals(root) == {}


def test_empty_folder_has_no_notes(tmp_path):
    scan = scan_folder(tmp_path, size_limit=LIMIT)
    assert (scan.notes, scan.files) == ((), ())


def test_entry_carries_the_stamp_of_the_file(write_notes):
    root = write_notes({"a.md": "four"})
    entry = scan_folder(root, size_limit=LIMIT).notes[0]
    assert entry.stamp == read_stamp(root, "a.md")
    assert entry.stamp is not None
    assert entry.stamp.size == 4


def test_notes_folder_may_be_a_symbolic_link_itself(write_notes, tmp_path):
    root = write_notes({"a.md": "text"})
    door = tmp_path / "door"
    door.symlink_to(root)
    assert found(door) == ["a.md"]
    assert read_note_bytes(door, "a.md", size_limit=LIMIT)[0] == b"text"


@only_linux
def test_name_that_is_no_utf8_is_found_and_read(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/n\xe9.md", "wb") as file:
        file.write(b"text")
    (note_id,) = found(tmp_path)
    assert os.fsencode(note_id) == b"caf\xe9/n\xe9.md"
    assert read_note_bytes(tmp_path, note_id, size_limit=LIMIT)[0] == b"text"


@only_linux
def test_name_with_a_newline_is_found_and_read(write_notes):
    root = write_notes({"two\nlines.md": "text"})
    assert found(root) == ["two\nlines.md"]
    assert read_note_bytes(root, "two\nlines.md", size_limit=LIMIT)[0] == b"text"


# --- the ignore file ----------------------------------------------------------------------------

NAMES = ("a.md", "build.md", "drafts/b.md", "keep/drafts/c.md", "keep/d.md")


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ("drafts/", ["a.md", "build.md", "keep/d.md"]),
        ("/drafts/", ["a.md", "build.md", "keep/d.md", "keep/drafts/c.md"]),
        ("a.md/", sorted(NAMES)),  # a file is not a folder
        ("*.md\n!keep/", []),
        ("*.md\n!a.md", ["a.md"]),
        ("keep/*\n!keep/drafts/", ["a.md", "build.md", "drafts/b.md", "keep/drafts/c.md"]),
        ("keep/\n!keep/d.md", ["a.md", "build.md", "drafts/b.md"]),  # as git: its folder is out
        ("keep/**/c.md", ["a.md", "build.md", "drafts/b.md", "keep/d.md"]),
        ("# a.md\n\n[ab].md", ["build.md", "keep/d.md", "keep/drafts/c.md"]),
        ("\\#x\na.m?", ["build.md", "drafts/b.md", "keep/d.md", "keep/drafts/c.md"]),
    ],
)
def test_ignore_file_speaks_gitignore(write_notes, patterns, left):
    root = write_notes({**dict.fromkeys(NAMES, ""), ".notepointignore": patterns})
    assert found(root) == left


def test_ignore_file_hides_other_files_and_links_too(write_notes):
    root = write_notes({"a.md": "", "p.png": "", ".notepointignore": "*.png\nshortcut\n"})
    (root / "shortcut").symlink_to(root.parent)
    scan = scan_folder(root, size_limit=LIMIT)
    assert scan.files == ()
    assert found(root) == ["a.md"]


def test_ignore_file_with_bytes_that_are_no_utf8_still_counts(write_notes):
    root = write_notes({"a.md": "", "b.md": ""})
    (root / ".notepointignore").write_bytes(b"caf\xe9.md\nb.md\n")
    assert found(root) == ["a.md"]


def test_ignore_file_in_a_folder_below_is_not_read(write_notes):
    root = write_notes({"x/a.md": "", "x/.notepointignore": "*.md"})
    assert found(root) == ["x/a.md"]


@pytest.mark.parametrize("pattern", ["!", "a\\", "[z-a].md"])
def test_impossible_ignore_pattern_costs_itself_only(write_notes, pattern):
    root = write_notes({"a.md": "", "b.md": "", ".notepointignore": f"{pattern}\nb.md\n"})
    assert "b.md" not in found(root)
    assert "a.md" in found(root)


def test_byte_order_mark_of_the_ignore_file_is_skipped(write_notes):
    root = write_notes({"a.md": "", "b.md": "", ".notepointignore": "\ufeffb.md\n"})
    assert found(root) == ["a.md"]


@only_linux
def test_ignore_file_that_is_a_pipe_does_not_block(write_notes):
    root = write_notes({"a.md": ""})
    os.mkfifo(root / ".notepointignore")
    with no_longer_than(20):
        assert list(refusals(root)) == [".notepointignore"]


def test_ignore_file_that_is_not_read_is_reported(write_notes, tmp_path):
    root = write_notes({"a.md": "", "b.md": ""})
    (tmp_path / "rules").write_text("b.md\n", "utf-8")
    (root / ".notepointignore").symlink_to(tmp_path / "rules")
    assert ".notepointignore" in refusals(root)


# --- refused files ------------------------------------------------------------------------------


@only_linux
def test_named_pipe_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    with no_longer_than(20):
        assert refusals(tmp_path) == {"pipe.md": "a named pipe, not a file"}
        with pytest.raises(NoteError, match="not a regular file"):
            read_note_bytes(tmp_path, "pipe.md", size_limit=LIMIT)


@only_linux
def test_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket may have 108 bytes
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s.md")
        assert refusals(tmp_path) == {"s.md": "a socket, not a file"}
        with pytest.raises(NoteError, match="cannot be opened"):
            read_note_bytes(tmp_path, "s.md", size_limit=LIMIT)


def test_symbolic_link_to_a_note_outside_is_refused_unread(write_notes, tmp_path):
    root = write_notes({"a.md": ""})
    (tmp_path / "secret.md").write_text("secret", "utf-8")
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    assert refusals(root) == {"link.md": "a symbolic link, which is not followed"}
    with pytest.raises(NoteError, match="out of the notes folder"):
        read_note_bytes(root, "link.md", size_limit=LIMIT)


def test_symbolic_link_to_a_note_inside_is_refused_too(write_notes):
    root = write_notes({"a.md": "text"})
    (root / "link.md").symlink_to("a.md")
    assert list(refusals(root)) == ["link.md"]
    with pytest.raises(NoteError, match="cannot be opened"):
        read_note_bytes(root, "link.md", size_limit=LIMIT)


def test_symbolic_link_to_a_folder_is_reported_and_not_entered(write_notes, tmp_path):
    root = write_notes({"a.md": ""})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret", "utf-8")
    (root / "door").symlink_to(outside)
    (entry,) = (one for one in scan_folder(root, size_limit=LIMIT).notes if one.refusal)
    assert entry.note_id == "door"
    assert entry.stamp is None
    assert entry.refusal.hint
    assert found(root) == ["a.md", "door"]


def test_loop_of_links_ends(write_notes):
    root = write_notes({"a.md": "", "sub/b.md": ""})
    (root / "sub" / "up").symlink_to(root)
    (root / "self.md").symlink_to("self.md")
    assert found(root) == ["a.md", "self.md", "sub/b.md", "sub/up"]
    assert list(refusals(root)) == ["self.md", "sub/up"]


def test_broken_link_named_like_a_note_is_refused(write_notes):
    root = write_notes({"a.md": ""})
    (root / "gone.md").symlink_to("nowhere.md")
    assert list(refusals(root)) == ["gone.md"]


def test_symbolic_link_that_is_no_note_is_no_file_either(write_notes):
    root = write_notes({"a.md": "", "p.png": ""})
    (root / "q.png").symlink_to("p.png")
    assert scan_folder(root, size_limit=LIMIT).files == ("p.png",)


def test_note_above_the_size_limit_is_refused_unread(tmp_path):
    with open(tmp_path / "huge.md", "wb") as file:
        file.truncate(1 << 34)  # sparse: takes no room, and minutes to read
    with no_longer_than(20):
        assert refusals(tmp_path) == {"huge.md": "17,179,869,184 bytes, above the limit of 1,000"}
        with pytest.raises(NoteError, match="above the limit of 1,000") as caught:
            read_note_bytes(tmp_path, "huge.md", size_limit=LIMIT)
    assert "NOTEPOINT_SIZE_LIMIT" in caught.value.hint
    assert caught.value.path == "huge.md"


def test_note_of_exactly_the_size_limit_is_read(tmp_path):
    (tmp_path / "a.md").write_bytes(b"x" * LIMIT)
    assert refusals(tmp_path) == {}
    assert len(read_note_bytes(tmp_path, "a.md", size_limit=LIMIT)[0]) == LIMIT
    assert list(refusals(tmp_path, limit=LIMIT - 1)) == ["a.md"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list every folder"
)
def test_folder_that_may_not_be_listed_is_reported_and_the_rest_found(write_notes):
    root = write_notes({"a.md": "", "shut/b.md": ""})
    (root / "shut").chmod(0)
    try:
        assert found(root) == ["a.md", "shut"]
        assert "cannot be read" in refusals(root)["shut"]
    finally:
        (root / "shut").chmod(0o700)


# --- reading ------------------------------------------------------------------------------------


def test_content_comes_with_the_stamp_before_reading(write_notes):
    root = write_notes({"sub/a.md": "text"})
    before = read_stamp(root, "sub/a.md")
    assert read_note_bytes(root, "sub/a.md", size_limit=LIMIT) == (b"text", before)


def test_changed_file_has_another_stamp(write_notes):
    root = write_notes({"a.md": "one"})
    before = read_stamp(root, "a.md")
    (root / "a.md").write_text("two!", "utf-8")
    assert read_stamp(root, "a.md") != before


def test_vanished_note_is_a_note_error_with_its_path(write_notes):
    root = write_notes({"a.md": "text"})
    assert found(root) == ["a.md"]
    (root / "a.md").unlink()
    with pytest.raises(NoteError, match="no such file") as caught:
        read_note_bytes(root, "a.md", size_limit=LIMIT)
    assert caught.value.path == "a.md"
    assert read_stamp(root, "a.md") is None


@pytest.mark.parametrize("name", ["folder", "link.md", "a\0.md", "a.md/b.md", "x" * 300])
def test_what_is_no_regular_file_has_no_stamp(write_notes, name):
    root = write_notes({"a.md": "", "folder/b.md": ""})
    (root / "link.md").symlink_to("a.md")
    assert read_stamp(root, name) is None


@pytest.mark.parametrize("name", ["a\0.md", "a.md/b.md", "x" * 300 + ".md"])
def test_impossible_path_is_a_note_error(write_notes, name):
    root = write_notes({"a.md": ""})
    with pytest.raises(NoteError, match="cannot be opened"):
        read_note_bytes(root, name, size_limit=LIMIT)


def test_note_behind_a_symlinked_parent_is_not_read(write_notes, tmp_path):
    root = write_notes({"a.md": ""})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret", "utf-8")
    (root / "door").symlink_to(outside)
    with pytest.raises(NoteError, match="out of the notes folder"):
        read_note_bytes(root, "door/secret.md", size_limit=LIMIT)


def test_symlinked_parent_inside_the_folder_is_not_followed_either(write_notes):
    root = write_notes({"real/a.md": "text"})
    (root / "door").symlink_to("real")
    with pytest.raises(NoteError):
        read_note_bytes(root, "door/a.md", size_limit=LIMIT)


@pytest.mark.parametrize("way", ["../outside.md", "sub/../../outside.md"])
def test_path_with_dots_does_not_lead_out_of_the_folder(write_notes, tmp_path, way):
    root = write_notes({"sub/a.md": ""})
    (tmp_path / "outside.md").write_text("secret", "utf-8")
    with pytest.raises(NoteError, match="out of the notes folder"):
        read_note_bytes(root, way, size_limit=LIMIT)


def test_absolute_path_does_not_lead_out_of_the_folder(write_notes, tmp_path):
    root = write_notes({"a.md": ""})
    (tmp_path / "outside.md").write_text("secret", "utf-8")
    with pytest.raises(NoteError, match="out of the notes folder"):
        read_note_bytes(root, str(tmp_path / "outside.md"), size_limit=LIMIT)


def test_neighbour_whose_name_begins_like_the_folder_is_outside(write_notes, tmp_path):
    root = write_notes({"a.md": ""})
    neighbour = tmp_path / (root.name + "-old")
    neighbour.mkdir()
    (neighbour / "b.md").write_text("secret", "utf-8")
    with pytest.raises(NoteError, match="out of the notes folder"):
        read_note_bytes(root, f"../{neighbour.name}/b.md", size_limit=LIMIT)


def test_folder_in_place_of_a_note_is_a_note_error(write_notes):
    root = write_notes({"x.md/inside.md": ""})
    with pytest.raises(NoteError):
        read_note_bytes(root, "x.md", size_limit=LIMIT)


# --- the folder itself --------------------------------------------------------------------------


def test_missing_folder_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(NotesError, match="there is no folder") as caught:
        scan_folder(tmp_path / "nowhere", size_limit=LIMIT)
    assert not isinstance(caught.value, NoteError)
    assert "--notes" in caught.value.hint


def test_file_in_place_of_the_folder_is_an_error_with_a_hint(tmp_path):
    (tmp_path / "a.md").write_text("text", "utf-8")
    with pytest.raises(NotesError, match="is a file, not a folder") as caught:
        scan_folder(tmp_path / "a.md", size_limit=LIMIT)
    assert caught.value.hint == "name the folder that holds it"

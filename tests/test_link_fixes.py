"""A fix of a broken link changes one line, and only if the file is unchanged."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import WriteNotes
from fakes import FakeEncoder

from indexer.errors import NoteError
from indexer.notebook import Notebook
from indexer.notes.replacing import replace_note
from indexer.web.host import Host
from indexer.web.link_fixes import LinkFix, apply_fix, find_fix

OTHER = "# Other\n\n- text\n"
OpenHost = Callable[[dict[str, str]], Host]


@pytest.fixture
def open_host(write_notes: WriteNotes) -> Iterator[OpenHost]:
    hosts: list[Host] = []

    def open_one(notes: dict[str, str]) -> Host:
        notebook = Notebook(write_notes(notes), encoder=FakeEncoder())
        notebook.build()
        hosts.append(Host(notebook))
        return hosts[-1]

    yield open_one
    for host in hosts:
        host.close()


def only_fix(host: Host) -> LinkFix:
    with host.request() as request:
        links = [link for link in request.snapshot.links() if link.fix]
    assert len(links) == 1
    return find_fix(host, links[0].note_id, links[0].line, links[0].fix or "")


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (
            "see [other.md](the other one) twice",
            "see [the other one](other.md) twice",
        ),
        (
            "[other](other.md) and [https://a.example/x](a page)",
            "[other](other.md) and [a page](https://a.example/x)",
        ),
        ("- a [name](Other.md) in another case", "- a [name](other.md) in another case"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_link_written_the_wrong_way_round_is_turned(
    open_host: OpenHost, line: str, after: str, end: str
) -> None:
    host = open_host({"other.md": OTHER})
    text = end.join(["# Note", "", line, "", "last line without an end"])
    (host.settings.notes / "a.md").write_bytes(b"\xef\xbb\xbf" + text.encode())
    host.notebook.build()
    fix = only_fix(host)
    assert (fix.line, fix.before, fix.after) == (3, line, after)
    apply_fix(host.settings.notes, fix)
    written = (host.settings.notes / "a.md").read_bytes()
    assert written == b"\xef\xbb\xbf" + text.replace(line, after).encode()
    host.notebook.build()
    with host.request() as request:
        assert all(link.ok and not link.fix for link in request.snapshot.links())


def test_file_that_changed_since_is_refused_and_stays(open_host: OpenHost) -> None:
    host = open_host({"other.md": OTHER, "a.md": "see [other.md](the other one)\n"})
    fix = only_fix(host)
    path = host.settings.notes / "a.md"
    path.write_text("see [other.md](the other one), and more\n")
    with pytest.raises(NoteError, match="changed in the meantime"):
        apply_fix(host.settings.notes, fix)
    assert path.read_text() == "see [other.md](the other one), and more\n"
    path.write_text("nothing left of it\n")
    with pytest.raises(NoteError, match="no longer has this link"):
        find_fix(host, "a.md", 1, fix.after)
    assert sorted(os.listdir(path.parent)) == [".notepoint", "a.md", "other.md"]


def test_file_in_another_encoding_is_left_alone(open_host: OpenHost) -> None:
    host = open_host({"other.md": OTHER})
    path = host.settings.notes / "a.md"
    path.write_bytes("Grüße, see [other.md](the other one) für alle Köche\n".encode("latin-1"))
    host.notebook.build()
    with pytest.raises(NoteError, match="not in UTF-8"):
        only_fix(host)


def test_link_across_two_lines_is_left_to_the_editor(open_host: OpenHost) -> None:
    host = open_host({"other.md": OTHER, "a.md": "see [other.md](the\nother one) here\n"})
    with host.request() as request:
        links = [link for link in request.snapshot.links() if link.fix]
    for link in links:
        with pytest.raises(NoteError, match="not sure"):
            find_fix(host, link.note_id, link.line, link.fix or "")


def test_mode_stays_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"old")
    path.chmod(0o640)
    replace_note(tmp_path, "a.md", b"old", b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["a.md"]


def test_note_with_a_second_name_or_behind_a_link_is_refused(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"old")
    os.link(outside, notes / "hard.md")
    (notes / "soft.md").symlink_to(outside)
    for name in ("hard.md", "soft.md", "../outside.md"):
        with pytest.raises(NoteError):
            replace_note(notes, name, b"old", b"new")
    assert outside.read_bytes() == b"old"
    assert sorted(os.listdir(notes)) == ["hard.md", "soft.md"]

"""An index folder from strangers gives no access to other files, and is private."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.config import Settings
from indexer.errors import IndexDamaged, IndexerError
from indexer.store.embedded.folder import exposure, make_folder
from indexer.store.embedded.page_sums import sums_path
from indexer.store.embedded.store import DATABASE
from indexer.web.history import History

NAMES = [
    *("build.pid", "build.lock", ".gitignore", "searches.json"),
    *(DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal"),
    *(sums_path(Path(DATABASE)).name, sums_path(Path(DATABASE)).with_suffix(".sums-new").name),
    *(Path(DATABASE).with_suffix(".new").name, "index-1.db", "index-2.sums"),
    *("vectors-1-0123456789abcdef0123456789abcdef.faiss", f".vectors-{os.getpid()}-1"),
    *(f".searches.json-{os.getpid()}", f".build.pid-{os.getpid()}"),
]
KINDS: dict[str, Callable[[Path, Path], None]] = {
    "link": lambda path, victim: path.symlink_to(victim),
    "dangling link": lambda path, victim: path.symlink_to(victim.with_name("new")),
    "link to a folder": lambda path, victim: path.symlink_to(victim.parent),
    "pipe": lambda path, victim: os.mkfifo(path),
    "folder": lambda path, victim: path.mkdir(),
    "device": lambda path, victim: path.symlink_to("/dev/zero"),
}


@pytest.mark.damages
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_the_place_of_a_file_leads_elsewhere(
    write_notes: WriteNotes, open_notebook: OpenNotebook, tmp_path: Path, name: str, kind: str
) -> None:
    notes = write_notes({"a.md": "- one\n"})
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "victim"
    victim.write_text("precious\n")
    (notes / ".notepoint").mkdir()
    KINDS[kind](notes / ".notepoint" / name, victim)
    notebook = open_notebook(notes)
    notebook.damaged_on_purpose = True  # type: ignore[attr-defined]
    with pytest.raises(IndexDamaged, match="not a file of an index") as refused:
        notebook.build()
    assert name in refused.value.message and "remove it" in (refused.value.hint or "")
    with pytest.raises(IndexerError):
        notebook.search("one")
    history = History(Settings.load(notes=notes))  # neither waits nor writes elsewhere
    history.add("question")
    if kind != "folder":
        (notes / ".notepoint" / "build.lock").unlink(missing_ok=True)
        assert notebook.build(rebuild=True).generation == 1  # links and pipes are removed
        assert notebook.search("one").hits
    assert [path.name for path in outside.iterdir()] == ["victim"]
    assert victim.read_text() == "precious\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs files with holes")
def test_huge_file_of_sums_is_not_read_into_memory(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notes = write_notes({"a.md": "- one\n"})
    open_notebook(notes).build()
    os.truncate(sums_path(notes / ".notepoint" / DATABASE), 1 << 40)
    notebook = open_notebook(notes)
    assert [fault.part for fault in notebook.check()] != []
    assert notebook.build(rebuild=True).points_total == 1
    assert notebook.check() == []


def test_index_folder_that_is_a_link_is_refused(
    write_notes: WriteNotes, open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    notes = write_notes({"a.md": "- one\n"})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (notes / ".notepoint").symlink_to(elsewhere)
    notebook = open_notebook(notes)
    notebook.damaged_on_purpose = True  # type: ignore[attr-defined]
    for rebuild in (False, True):
        with pytest.raises(IndexDamaged, match="symbolic link") as refused:
            notebook.build(rebuild=rebuild)
        assert f"--store {elsewhere}" in (refused.value.hint or "")
    assert list(elsewhere.iterdir()) == []
    assert open_notebook(notes, store=str(elsewhere)).build().generation == 1


def test_second_name_of_a_file_outside_is_not_written_to(
    write_notes: WriteNotes, open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    notes = write_notes({"a.md": "- one\n"})
    victim = tmp_path / "victim"
    victim.write_text("precious\n")
    (notes / ".notepoint").mkdir()
    sums = sums_path(Path(DATABASE))
    for name in ("build.pid", "build.lock", "searches.json", sums.name, f"{sums.name}-new"):
        os.link(victim, notes / ".notepoint" / name)
    open_notebook(notes).build()
    History(Settings.load(notes=notes)).add("question")
    assert victim.read_text() == "precious\n"


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_index_is_private_whatever_the_umask(
    write_notes: WriteNotes, open_notebook: OpenNotebook, umask: int
) -> None:
    notes = write_notes({f"{n}.md": f"- point {n}\n" for n in range(5)})
    before = os.umask(umask)
    try:
        notebook = open_notebook(notes)
        notebook.build()
        History(Settings.load(notes=notes)).add("question")
        notebook.search("point")
    finally:
        os.umask(before)
    folder = notes / ".notepoint"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert {"build.pid", "build.lock", "searches.json", DATABASE} <= modes.keys()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_index_that_others_may_read_is_named_and_made_private(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notes = write_notes({"a.md": "- one\n"})
    open_notebook(notes).build()
    folder = notes / ".notepoint"
    folder.chmod(0o755)
    (folder / DATABASE).chmod(0o644)
    said: list[str] = []
    notebook = open_notebook(notes, say=said.append)
    notebook.search("one")
    notebook.search("one")
    assert [line for line in said if "other users" in line] == [
        f"warning: other users of this machine may read {DATABASE}; "
        "`notepoint build` makes it private"
    ]
    assert [fault.part for fault in notebook.check()] == ["permissions"]
    open_notebook(notes).build()
    assert notebook.check() == []


def test_removed_words_leave_every_file(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notes = write_notes({f"{n}.md": f"- alpha beta gamma{n}\n- delta\n" for n in range(40)})
    (notes / "0.md").write_text(
        "# Zyxwvut\n\n- alpha quetzalcoatl [l](http://mumbojumbo.example)\n"
    )
    notebook = open_notebook(notes)
    notebook.build()
    folder = notes / ".notepoint"
    words = (b"quetzalcoatl", b"Quetzalcoatl", b"zyxwvut", b"mumbojumbo")

    def found() -> list[tuple[str, bytes]]:
        contents = {path.name: path.read_bytes() for path in folder.iterdir()}
        return [(name, word) for name, held in contents.items() for word in words if word in held]

    assert {word for _, word in found()} == {b"quetzalcoatl", b"zyxwvut", b"mumbojumbo"}
    (notes / "0.md").write_text("- alpha\n")
    notebook.build()
    assert found() == []


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_drive_without_permissions_is_named(tmp_path: Path) -> None:
    """As Linux mounts drives of Windows: every file may be read, written and run by all."""
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "build.pid").write_bytes(b"1234")
    (folder / "build.pid").chmod(0o777)
    folder.chmod(0o777)
    assert "its drive keeps no permissions; --store DIR" in (exposure(folder) or "")
    (folder / "build.pid").chmod(0o644)
    assert "`notepoint build` makes it private" in (exposure(folder) or "")


@pytest.mark.parametrize("other", ["creates", "removes"])
def test_another_build_changes_the_folder_at_the_same_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """It creates a file just before ours, or removes one that was just listed."""
    changed = []

    def unlink(path: Path, missing_ok: bool = False) -> None:
        path.write_bytes(b"*\n")
        changed.append(path.name)

    def listed(folder: Path) -> list[str]:
        changed.append("build.pid")
        return ["build.pid"]

    if other == "creates":
        monkeypatch.setattr(Path, "unlink", unlink)
    else:
        (tmp_path / "index").mkdir(0o755)
        monkeypatch.setattr("indexer.store.embedded.folder._our_names", listed)
    make_folder(tmp_path / "index")
    assert changed
    assert (tmp_path / "index" / ".gitignore").read_bytes() == b"*\n"


def test_git_ignores_no_other_files_in_the_folder_of_an_index(tmp_path: Path) -> None:
    others = ("build.gradle", "index.html", "own.txt")
    for name in others:
        (tmp_path / name).write_text("kept in git\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    make_folder(tmp_path)
    for name in NAMES:
        (tmp_path / name).touch()
    listed = ["git", "-C", str(tmp_path), "ls-files", "--others", "--exclude-standard"]
    shown = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
    assert shown.split() == [".gitignore", *others]


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
FOREIGN_SQL = {
    "view in place of the header": (
        "DROP TABLE header",
        f"CREATE VIEW header AS {ENDLESS} x AS key, x AS value FROM n",
    ),
    "view in place of the points": (
        "DROP TABLE point",
        f"CREATE VIEW point AS {ENDLESS} x AS id, 1 AS note, 1 AS vector FROM n",
    ),
    "trigger": (
        "CREATE TRIGGER t AFTER INSERT ON header BEGIN "
        f"INSERT INTO term {ENDLESS} x, x FROM n; END",
    ),
    "another table": ("CREATE TABLE extra (a)",),
    "computed column": (
        "DROP TABLE term",
        "CREATE TABLE term (term TEXT, points INTEGER AS (length(hex(zeroblob(900000000)))))",
    ),
    "condition": (
        "DROP TABLE tombstone",
        "CREATE TABLE tombstone (point INTEGER PRIMARY KEY, generation CHECK (randomblob(9e8)))",
    ),
    "index of an expression": ("CREATE INDEX link_text ON link (hex(zeroblob(900000000)))",),
    "word list of another kind": (
        "DROP TABLE words",
        "CREATE VIRTUAL TABLE words USING fts5 (own, context, content = 'note')",
    ),
}


@pytest.mark.damages
@pytest.mark.parametrize("statements", FOREIGN_SQL.values(), ids=list(FOREIGN_SQL))
def test_database_of_a_stranger_computes_nothing(
    write_notes: WriteNotes, open_notebook: OpenNotebook, statements: tuple[str, ...]
) -> None:
    notes = write_notes({"a.md": "- one\n"})
    open_notebook(notes).build()
    database = notes / ".notepoint" / DATABASE
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    sums_path(database).unlink()  # those of the stranger would fit
    notebook = open_notebook(notes)
    notebook.damaged_on_purpose = True  # type: ignore[attr-defined]
    for act in (lambda: notebook.search("one"), notebook.status, notebook.build):
        with pytest.raises(IndexDamaged, match="Notepoint does not make"):
            act()
    assert notebook.build(rebuild=True).points_total == 1
    assert notebook.search("one").hits and notebook.check() == []

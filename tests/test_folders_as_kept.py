"""Folders as people keep them: conflict copies, placeholders, other markup, the tool they use."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes
from patience import PATIENCE_S

from indexer.notes.names import original_of, placeholder_of
from indexer.notes.tools import _CONFIGS, Tool, find_tool, site_of
from indexer.notes.walk import scan_folder
from indexer.records import Outcome
from indexer.render import build_text, status_json, status_text, warnings_text

pytestmark = pytest.mark.every_store


@pytest.mark.parametrize(
    ("copy", "original"),
    [
        ("a/Plan (Ann's conflicted copy 2024-05-06).md", "a/Plan.md"),
        ("Plan (conflicted copy 2024-05-06 101112).md", "Plan.md"),
        ("Plan.sync-conflict-20240506-101112-ABCDEFG.md", "Plan.md"),
        ("Plan (case conflict).md", "Plan.md"),
        ("Plan_conflict-20240506-101112.md", "Plan.md"),
        ("Plan (2).md", None),
        ("Conflict.md", None),
        ("On conflict (and peace).md", None),
    ],
)
def test_conflict_copies_are_known_by_their_names(copy: str, original: str | None) -> None:
    assert original_of(copy) == original


def test_conflict_copy_is_kept_named_and_below_its_original(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    copy = "Plan.sync-conflict-20240506-101112-ABCDEFG.md"
    text = "# Plan\n\n- Ask the carpenter about oak\n- Order the oak planks\n"
    notebook = open_notebook(write_notes({"Plan.md": text, copy: text + "- oak oil\n"}))
    report = notebook.build()
    assert report.notes_skipped == 0
    said = {file.note_id: [w.message for w in file.warnings] for file in report.files}
    assert said[copy] == ["a conflict copy of Plan.md, ranked below it"]
    hits = notebook.search("oak", points=True).hits
    assert hits[0].note_id == "Plan.md"
    assert copy in {hit.note_id for hit in hits}


def test_equal_copies_with_names_that_sort_first_are_below_their_original(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    copies = ["Plan (Ann's conflicted copy 2024-05-06).md", "Plan (case conflict).md"]
    notebook = open_notebook(write_notes(dict.fromkeys([*copies, "Plan.md"], "Oak planks.\n")))
    notebook.build()
    hits = notebook.search("oak planks", points=True).hits
    assert hits[0].note_id == "Plan.md"
    assert {hit.note_id for hit in hits[1:]} == set(copies)


def test_note_in_icloud_is_named_and_what_is_known_of_it_stays(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    folder = write_notes({"sub/Trip.md": "- pack the tent\n", "b.md": "- words\n"})
    notebook = open_notebook(folder)
    notebook.build()
    Path(folder, "sub/Trip.md").unlink()
    Path(folder, "sub/.Trip.md.icloud").write_bytes(b"bplist00")
    report = notebook.build()
    assert report.notes_removed == 0
    assert len(notebook.points_of("sub/Trip.md")) == 1
    Path(folder, ".New.md.icloud").write_bytes(b"bplist00")
    report = notebook.build()
    assert "New.md: skipped: the note is in iCloud" in warnings_text(report.files)
    Path(folder, "sub/Trip.md").write_text("- pack the tent\n")
    assert [e.note_id for e in scan_folder(folder, size_limit=9).notes].count("sub/Trip.md") == 1


@pytest.mark.parametrize(
    ("name", "behind"),
    [(".a.md.icloud", "a.md"), (".icloud", None), ("a.md.icloud", None), (".a.md", None)],
)
def test_placeholder(name: str, behind: str | None) -> None:
    assert placeholder_of(name) == behind


def test_other_markup_is_counted_and_named_once(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    notes = {"a.md": "x", "old/one.org": "x", "old/two.ORG": "x", "three.rst": "x", "p.png": "x"}
    report = open_notebook(write_notes(notes)).build()
    ignored = [file for file in report.files if file.outcome is Outcome.IGNORED]
    assert [(f.note_id, w.message) for f in ignored for w in f.warnings] == [
        ("old/one.org", "3 files look like notes and are not read (.org, .rst)")
    ]
    assert report.notes_skipped == 0
    assert "1 added" in build_text(report) or "1 note" in build_text(report)


def test_one_file_of_other_markup(open_notebook: OpenNotebook, write_notes: WriteNotes) -> None:
    report = open_notebook(write_notes({"a.md": "x", "b.adoc": "x"})).build()
    assert "1 file looks like a note and is not read (.adoc)" in warnings_text(report.files)


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        ([".obsidian/app.json"], Tool.OBSIDIAN),
        (["logseq/config.edn", "pages/a.md"], Tool.LOGSEQ),
        (["dendron.yml"], Tool.DENDRON),
        ([".foam/templates/x.md"], Tool.FOAM),
        ([".zk/config.toml"], Tool.ZK),
        ([".ztr-directory"], Tool.ZETTLR),
        (["quartz.config.ts", ".obsidian/app.json"], Tool.QUARTZ),
        (["docusaurus.config.ts"], Tool.DOCUSAURUS),
        (["../docusaurus.config.js"], Tool.DOCUSAURUS),
        (["../mkdocs.yml"], Tool.MKDOCS),
        (["_quarto.yml"], Tool.QUARTO),
        (["hugo.toml"], Tool.HUGO),
        (["config.toml", "content/a.md"], Tool.HUGO),
        (["config.toml"], None),
        (["_config.yml"], Tool.JEKYLL),
        (["_posts/2024-01-01-a.md"], Tool.JEKYLL),
        (["../book.toml"], Tool.MDBOOK),
        ([".gitbook/assets/x.png"], Tool.GITBOOK),
        (["_Sidebar.md"], Tool.GOLLUM),
        (["Page 0123456789abcdef0123456789abcdef.md"], Tool.NOTION),
        (["0123456789abcdef0123456789abcdef.md"], Tool.JOPLIN),
        (["a.md"], None),
    ],
)
def test_tool_is_told_by_its_files(tmp_path: Path, files: list[str], tool: Tool | None) -> None:
    root = tmp_path / "notes"
    root.mkdir()
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    note_ids = [name for name in files if name.endswith(".md")]
    assert find_tool(root, note_ids) is tool


def test_foam_is_known_by_the_extension_that_it_recommends(tmp_path: Path) -> None:
    settings = tmp_path / ".vscode" / "extensions.json"
    settings.parent.mkdir()
    settings.write_text('{"recommendations": ["esbenp.prettier"]}')
    assert find_tool(tmp_path) is None
    settings.write_text('{"recommendations": ["foam.foam-vscode"]}')
    assert find_tool(tmp_path) is Tool.FOAM


CONFIGS = [".vscode/extensions.json", *_CONFIGS, *(f"../{name}" for name in _CONFIGS)]


def in_time(act: Callable[[], object]) -> object:
    """Return what a function returns; fail if it waits for ever."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(act()), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert found, "it never ended"
    return found[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of POSIX systems")
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "link outside", "folder", "device"])
@pytest.mark.parametrize("name", CONFIGS)
def test_configuration_that_is_no_file_is_not_opened(tmp_path: Path, name: str, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("base_url: /secret/\nfoam.foam-vscode\n")
    os.mkfifo(tmp_path / "pipe")
    root = tmp_path / "site" / "notes"
    (root / "_posts").mkdir(parents=True)  # a Jekyll site
    place = root / name
    place.parent.mkdir(exist_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case _:
            targets = {"link to a pipe": tmp_path / "pipe", "link outside": outside}
            place.symlink_to(targets.get(kind, Path("/dev/zero")))
    assert in_time(lambda: site_of(root).base_path) == ""
    if name.startswith(".vscode"):
        (root / "_posts").rmdir()
        assert in_time(lambda: find_tool(root)) is None


def test_blank_lines_of_a_configuration_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "_posts").mkdir()
    (tmp_path / "_config.yml").write_text(" \n\t\n" * 20_000 + "baseurl: /blog\n")
    before = time.process_time()
    assert site_of(tmp_path).base_path == "/blog"
    assert time.process_time() - before < 2  # milliseconds; with a rescan for each line minutes


def test_status_says_the_tool(open_notebook: OpenNotebook, write_notes: WriteNotes) -> None:
    notebook = open_notebook(write_notes({".obsidian/app.json": "{}", "a.md": "words"}))
    notebook.build()
    status = notebook.status()
    assert status_json(status)["tool"] == "Obsidian"
    assert "written with Obsidian" in status_text(status)

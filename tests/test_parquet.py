"""An index out of one store and into another: all of it, and the same answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, STORES, OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.errors import IndexDamaged, IndexerError, IndexNotFound
from indexer.notebook import Notebook
from indexer.store.records import StoredPoint

NOTES = {
    "review.md": "---\ntitle: Review\ndate: 2020-04-07\ntags: [a, b]\ncategories: [C]\n---\n"
    "# Week\n\n- no discussion of ethics\n- see [one](sub/one.md#part) and [[none]]\n"
    "- again\n- again\n",
    "sub/one.md": "---\naliases: [uno]\n---\n\n## Part\n\ntext with [a](https://example.org)\n",
    "broken.md": "---\ntitle: Broken: by a colon\n---\n\n- text that is kept\n",
    "empty.md": "",
}


def addresses(request: pytest.FixtureRequest, tmp_path: Path, kind: str, name: str) -> str:
    if kind == "embedded":
        return str(tmp_path / name)
    server = request.getfixturevalue("server")
    return f"{server.url('notes')}?space={name}_{tmp_path.name.lower()[-20:]}"


@pytest.mark.parametrize("source", STORES)
@pytest.mark.parametrize("target", STORES)
def test_index_moves_whole_between_any_two_stores(
    source: str,
    target: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    write_notes: WriteNotes,
) -> None:
    folder = write_notes(NOTES)
    (folder / "caf\udce9.md").write_text("- a name that is no UTF-8\n")
    places = [addresses(request, tmp_path, kind, n) for kind, n in ((source, "a"), (target, "b"))]
    with Notebook(folder, store=places[0], encoder=FakeEncoder()) as one:
        one.build()
        sent = one.export_index(tmp_path / "out")
        dump, links, labels = one.dump(), one.links(), one.labels()
        answer = one.search("discussion of ethics")
    encoder = FakeEncoder()
    with Notebook(folder, store=places[1], encoder=encoder) as other:
        assert other.import_index(tmp_path / "out") == sent
        assert other.check() == []
        files, points = other.dump()
        assert files == dump[0]
        assert [(p.note_id, plain(p.stored)) for p in points] == [
            (p.note_id, plain(p.stored)) for p in dump[1]
        ]
        assert (other.links(), other.labels()) == (links, labels)
        found = other.search("discussion of ethics")
        assert [(h.note_id, h.line_start, round(h.score, 5)) for h in found.hits] == [
            (h.note_id, h.line_start, round(h.score, 5)) for h in answer.hits
        ]
        report = other.build()
        assert (report.embedded, report.notes_added, report.notes_changed) == (0, 0, 0)
        (folder / "sub/two.md").write_text("- see [[Review]]\n")
        other.build()
        assert [link.note_id for link in other.backlinks("review.md")] == ["sub/two.md"]
        again = other.export_index(tmp_path / "again")
    assert encoder.encoded == ["see Review"]
    assert again.points == sent.points + 1
    assert again.digest != sent.digest


def plain(stored: StoredPoint) -> StoredPoint:
    return stored._replace(point_id=0)


def test_sample_notes_move_and_come_back(tmp_path: Path) -> None:
    stores = [str(tmp_path / name) for name in ("a", "b", "c")]
    with Notebook(ROOT / "corpus", store=stores[0], encoder=FakeEncoder()) as notebook:
        notebook.build()
        first = notebook.export_index(tmp_path / "first")
    with Notebook(ROOT / "corpus", store=stores[1], encoder=FakeEncoder()) as notebook:
        notebook.import_index(tmp_path / "first")
        assert notebook.export_index(tmp_path / "second") == first


def test_many_notes_with_few_links_keep_them(tmp_path: Path, write_notes: WriteNotes) -> None:
    notes = {f"{n:03}.md": f"- point {n}\n" for n in range(450)}
    folder = write_notes({**notes, "210.md": "", "449.md": "- see [[000]]\n"})
    with Notebook(folder, store=str(tmp_path / "a"), encoder=FakeEncoder()) as one:
        one.build()
        sent = one.export_index(tmp_path / "out")
    with Notebook(folder, store=str(tmp_path / "b"), encoder=FakeEncoder()) as other:
        assert other.import_index(tmp_path / "out") == sent
        assert [link.to for link in other.links()] == ["000.md"]


@pytest.fixture
def exported(write_notes: WriteNotes, open_notebook: OpenNotebook, tmp_path: Path) -> Path:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    notebook.export_index(tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_export_is_private_whatever_the_umask(
    write_notes: WriteNotes, open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    before = os.umask(0)
    try:
        notebook.export_index(tmp_path / "deep" / "out")
    finally:
        os.umask(before)
    files = list((tmp_path / "deep" / "out").iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "deep" / "out").stat().st_mode & 0o777 == 0o700


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("part", ["notes", "points", "links", "vectors"])
@pytest.mark.parametrize("harm", [spoil, Path.unlink])
def test_damaged_files_are_refused_and_the_index_stays(
    exported: Path,
    part: str,
    harm: Callable[[Path], None],
    open_notebook: OpenNotebook,
    tmp_path: Path,
) -> None:
    harm(exported / f"{part}.parquet")
    target = open_notebook(tmp_path / "notes", place="target")
    target.build()
    before = target.dump()
    with pytest.raises(IndexDamaged, match=f"{part}.parquet has changed since it was written"):
        target.import_index(exported, force=True)
    assert target.dump() == before


def test_index_that_is_there_is_replaced_only_by_force(
    exported: Path, open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    target = open_notebook(tmp_path / "notes", place="target")
    target.build()
    with pytest.raises(IndexerError, match="this store already contains an index") as caught:
        target.import_index(exported)
    assert "--force" in str(caught.value.hint)
    target.import_index(exported, force=True)
    assert target.status().generation == 2


def test_folder_in_use_is_not_written_to(exported: Path, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(exported.parent / "notes")
    with pytest.raises(IndexerError, match="is not empty"):
        notebook.export_index(exported)


def test_folder_without_an_export_is_said(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(IndexNotFound, match="no exported index"):
        open_notebook(tmp_path / "notes").import_index(tmp_path)


def test_commands_say_what_was_moved(
    run_cli: Callable[..., tuple[int, str, str]], write_notes: WriteNotes, tmp_path: Path
) -> None:
    notes = ["--notes", str(write_notes(NOTES))]
    run_cli("build", *notes, "-q")
    status, out, _ = run_cli("export", str(tmp_path / "out"), *notes)
    assert status == 0
    assert out.startswith("4 notes, 9 points, 3 links\ndigest ")
    target = ["--store", str(tmp_path / "target")]
    assert run_cli("import", str(tmp_path / "out"), *notes, *target) == (0, out, "")

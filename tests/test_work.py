"""How much work is done: texts encoded, files opened, statements run, bytes read, modules loaded.

Times depend on the machine and are measured in benchmarks/; work does not, and is held here.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.records import Link
from indexer.retrieval.ranking import Weights
from indexer.store.embedded import faiss_snapshots, vector_search, view
from indexer.store.embedded.connections import Connections

_opened: list[str] | None = None


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _opened is not None and str(arguments[0]).endswith(".md"):
        _opened.append(Path(str(arguments[0])).name)


sys.addaudithook(_hear)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Return the notes that are opened during a test."""
    global _opened
    _opened = []
    yield _opened
    _opened = None


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements that are run during a test."""
    run: list[str] = []
    connect = Connections._connect_to_write

    def listening(connections: Connections):  # type: ignore[no-untyped-def]
        connection = connect(connections)
        connection.set_trace_callback(run.append)
        return connection

    monkeypatch.setattr(Connections, "_connect_to_write", listening)
    return run


def notes_of(count: int) -> dict[str, str]:
    return {
        f"{i}.md": f"# Note {i}\n\n- point {i} of ethics\n- another {i}\n" for i in range(count)
    }


def settle(folder: Path) -> None:
    """Wait until the files are old enough to be trusted by their stamps."""
    newest = max(path.stat().st_ctime for path in folder.rglob("*.md"))
    time.sleep(max(0.0, newest + 0.1 - time.time()))


def test_second_build_encodes_opens_and_writes_nothing(
    write_notes: WriteNotes,
    open_notebook: OpenNotebook,
    opened: list[str],
    statements: list[str],
) -> None:
    folder, encoder = write_notes(notes_of(12)), FakeEncoder()
    settle(folder)
    notebook = open_notebook(folder, encoder=encoder)
    notebook.build()
    assert len(encoder.encoded) == 24
    opened.clear()
    statements.clear()
    notebook.build()
    assert len(encoder.encoded) == 24
    assert opened == []
    written = [s for s in statements if s.startswith(("INSERT", "UPDATE", "DELETE", "REPLACE"))]
    assert written == []


def test_edit_encodes_its_points_and_opens_its_note(
    write_notes: WriteNotes, open_notebook: OpenNotebook, opened: list[str]
) -> None:
    folder, encoder = write_notes(notes_of(12)), FakeEncoder()
    settle(folder)
    notebook = open_notebook(folder, encoder=encoder)
    notebook.build()
    encoder.encoded.clear()
    with (folder / "7.md").open("a") as file:
        file.write("- and a new one\n")
    opened.clear()
    notebook.build()
    assert encoder.encoded == ["and a new one"]
    assert set(opened) == {"7.md"}


def test_same_texts_are_encoded_once(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    encoder = FakeEncoder()
    same = "---\ntitle: Same\n---\n\n- the same words\n"
    folder = write_notes({f"{i}.md": same for i in range(5)})
    notebook = open_notebook(folder, encoder=encoder)
    assert notebook.build().points_added == 5
    assert encoder.encoded == ["the same words"]


def test_edit_costs_as_many_statements_in_a_large_index_as_in_a_small_one(
    tmp_path: Path, open_notebook: OpenNotebook, statements: list[str]
) -> None:
    counts = []
    for size in (5, 150):
        folder = tmp_path / str(size)
        folder.mkdir()
        for name, text in notes_of(size).items():
            (folder / name).write_text(text)
        settle(folder)
        notebook = open_notebook(folder)
        notebook.build()
        (folder / "3.md").write_text("# Note 3\n\n- changed\n")
        settle(folder)
        statements.clear()
        notebook.build()
        counts.append(len(statements))
    # The words of a larger index have a few more parts to join, so that removed ones leave.
    assert counts[0] <= counts[1] <= counts[0] + 10 < 170


def test_question_opens_no_note(
    write_notes: WriteNotes, open_notebook: OpenNotebook, opened: list[str]
) -> None:
    folder = write_notes(notes_of(12))
    settle(folder)
    notebook = open_notebook(folder)
    notebook.build()
    opened.clear()
    assert notebook.search("ethics", 5).hits
    assert opened == []
    with (folder / "3.md").open("a") as file:
        file.write("- ethics once more\n")
    opened.clear()
    shown = {hit.note_id for hit in notebook.search("ethics", 5).hits}
    # A changed note is read, because it is shown or to decide whether the index is stale.
    assert set(opened) <= shown | {"3.md"}


def test_snapshot_is_hashed_when_it_is_written_and_not_again(
    write_notes: WriteNotes, open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:

    hashed: list[str] = []
    original = faiss_snapshots._hash

    def counting(path: str, identity: str, generation: int) -> str:
        hashed.append(path)
        return original(path, identity, generation)

    monkeypatch.setattr(faiss_snapshots, "_hash", counting)
    folder = write_notes(notes_of(12))
    notebook = open_notebook(folder)
    notebook.build()
    assert len(hashed) == 1
    notebook.close()
    assert notebook.search("ethics").hits
    assert len(hashed) == 1
    (path,) = Path(notebook.settings.store).glob("vectors-*")
    path.touch()
    notebook.close()
    assert notebook.search("ethics").hits
    assert len(hashed) == 2


def test_question_runs_as_many_statements_and_reads_few_links_in_a_large_index(
    tmp_path: Path,
    open_notebook: OpenNotebook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run: list[str] = []
    links: list[int] = []
    connect, from_row = Connections._connect_to_read, view.link_from_row

    def listening(connections: Connections):  # type: ignore[no-untyped-def]
        connection = connect(connections)
        connection.set_trace_callback(run.append)
        return connection

    def counting(*arguments: Any) -> Link:
        links.append(1)
        return from_row(*arguments)

    monkeypatch.setattr(Connections, "_connect_to_read", listening)
    monkeypatch.setattr(view, "link_from_row", counting)
    counts = []
    for size in (10, 50):
        folder = tmp_path / str(size)
        folder.mkdir()
        for i in range(size):
            name = f"{i:03}".translate(str.maketrans("0123456789", "abcdefghij"))  # no copies
            addresses = "".join(
                f"- [elsewhere {name}{j}](https://example.org/{j})\n" for j in range(3 * size)
            )
            text = f"# Note {i}\n\nabout ethics in {name}\n\n{addresses}"
            (folder / f"{i}.md").write_text(text)
        settle(folder)
        notebook = open_notebook(folder)
        notebook.build()
        notebook.search("ethics", 5)
        run.clear()
        links.clear()
        assert len(notebook.search("ethics", 5).hits) == 5
        own = [statement for statement in run if not statement.startswith("--")]  # not FTS5's
        counts.append((len(own), len(links)))
    assert counts[0][0] == counts[1][0] < 30
    assert max(read for _, read in counts) < 5 * 2 * 12  # those of shown notes and short candidates


def test_change_maps_no_vectors_and_questions_map_them_once(
    write_notes: WriteNotes, open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:

    mapped: list[Path] = []
    original = vector_search._open_base

    def counting(path: Path, dimension: int) -> object:
        mapped.append(path)
        return original(path, dimension)

    monkeypatch.setattr(vector_search, "_open_base", counting)
    # It asks the new index questions.
    monkeypatch.setattr("indexer.indexing.build._Build._measure_chance", lambda build: None)
    folder = write_notes(notes_of(12))
    building, asking = open_notebook(folder), open_notebook(folder)
    building.build()
    assert mapped == []
    for number in range(3):
        (folder / "new.md").write_text(f"# New\n\nnumber {number} of zebras\n")
        building.build()
        assert asking.search("zebras", 1).hits[0].text == f"number {number} of zebras"
    assert len(mapped) == 1


def test_word_pieces_are_not_read_where_they_count_nothing(
    write_notes: WriteNotes, open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    original = view.SqlView.pieces

    def counting(self: view.SqlView, point_ids: Sequence[int]) -> dict[int, bytes]:
        read.append(len(point_ids))
        return original(self, point_ids)

    monkeypatch.setattr(view.SqlView, "pieces", counting)
    notebook = open_notebook(write_notes(notes_of(12)))
    notebook.build()
    assert notebook.search("ethics").hits
    assert read == [24]
    assert notebook.search("ethics", weights=Weights(pieces=0)).hits
    assert read == [24]


@pytest.mark.slow
def test_question_loads_nothing_it_does_not_need() -> None:
    code = """
import sys
from indexer.commands.main import main
def run(*arguments):
    sys.argv = ["notepoint", *arguments]
    try:
        main()
    except SystemExit as exc:
        assert exc.code in (0, 1), exc.code
def loaded(*names):
    print("loaded:", *(name for name in names if name in sys.modules))
run("query", "does it talk about ethics?", "--notes", sys.argv[1], "--store", sys.argv[2])
loaded("faiss", "filelock", "markdown_it", "yaml", "frontmatter", "openvino", "torch", "streamlit",
       "transformers", "sentence_transformers", "tqdm", "watchfiles", "logging.config", "asyncio")
"""
    import tempfile

    with tempfile.TemporaryDirectory() as store:
        build = [sys.executable, "-m", "indexer", "build", "-q", "--notes", "corpus", "--store"]
        subprocess.run([*build, store], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run(
            [sys.executable, "-c", code, "corpus", store], cwd=ROOT, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["loaded:"]

"""A server that dies, fills up, is cut off or copied: old or new state, and a clear message.

FAULTS_KILLS=100 makes the loops of kills so long; ``make faults-server`` does.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import ROOT
from fakes import FakeEncoder
from limits import no_longer_than
from servers import Server, running_server

from indexer.errors import IndexerError
from indexer.notebook import Notebook
from indexer.records import BuildReport
from indexer.store.opening import open_store

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("FAULTS_KILLS", "4"))
Contents = list[tuple[str, int, str]]


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """Return a server to be killed."""
    with running_server() as server:
        yield server


@pytest.fixture
def address(own_server: Server) -> str:
    return f"{own_server.url('notes')}?space=test_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    notes = tmp_path / "notes"
    notes.mkdir()
    write_version(notes, 1)
    return notes


def write_version(folder: Path, version: int, *, notes: int = 40) -> None:
    """Write notes in which every point says the version."""
    for n in range(notes):
        lines = [f"- point {i} of note {n} version {version}\n" for i in range(10)]
        (folder / f"n{n}.md").write_text(f"# Version {version}\n\n" + "".join(lines))


def contents(notebook: Notebook) -> Contents:
    """Return all points, in every way they can be read."""
    _, points = notebook.dump()
    found = [(p.note_id, p.stored.point.line_start, p.stored.point.text) for p in points]
    assert notebook.check() == []
    return sorted(found)


def versions(notebook: Notebook) -> set[str]:
    return {text.rpartition(" ")[2] for _, _, text in contents(notebook)}


@pytest.fixture
def notebook(folder: Path, address: str) -> Iterator[Notebook]:
    with Notebook(folder, store=address, encoder=FakeEncoder()) as opened:
        opened.build()
        yield opened


class After:
    """A reporter that does something in the middle of a phase, once."""

    def __init__(self, phase: str, steps: int, action: Callable[[], None]) -> None:
        self._phase, self._steps, self._action = phase, steps, action
        self._current = ""

    def begin(self, phase: str, total: int) -> None:
        self._current = phase

    def advance(self, steps: int) -> None:
        if self._current == self._phase:
            self._steps -= steps
            if self._steps < 0:
                self._steps = sys.maxsize
                self._action()


@pytest.mark.parametrize("phase", ["encoding", "writing"])
def test_server_killed_during_a_build(
    own_server: Server, folder: Path, notebook: Notebook, phase: str
) -> None:
    write_version(folder, 2)
    with no_longer_than(60), pytest.raises(IndexerError, match="cannot be reached"):
        notebook.build(reporter=After(phase, 5, own_server.kill))
    own_server.start()
    assert versions(notebook) == {"1"}
    report: BuildReport = notebook.build()
    assert report.generation == 2
    assert versions(notebook) == {"2"}


def test_server_killed_at_any_moment_of_builds(
    own_server: Server, folder: Path, notebook: Notebook
) -> None:
    rng = random.Random(3)
    started = time.monotonic()
    write_version(folder, 2)
    notebook.build()
    usual_s = time.monotonic() - started
    for version in range(3, 3 + KILLS):
        before = versions(notebook)
        notebook.close()
        write_version(folder, version)
        timer = threading.Timer(rng.uniform(0, usual_s), own_server.kill)
        timer.start()
        try:
            notebook.build()
        except IndexerError as exc:
            assert "cannot be reached" in exc.message or "was lost" in exc.message
        timer.join()
        own_server.start()
        assert versions(notebook) in (before, {str(version)})
    notebook.build()
    assert versions(notebook) == {str(2 + KILLS)}


def test_builder_killed_at_any_moment(folder: Path, notebook: Notebook, address: str) -> None:
    """The server rolls back and takes the lock back from a client that died."""
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from fakes import FakeEncoder; from indexer.notebook import Notebook\n"
        "Notebook(sys.argv[1], store=sys.argv[2], encoder=FakeEncoder()).build()"
    )
    command = [sys.executable, "-c", code, str(folder), address, str(ROOT / "tests"), str(ROOT)]
    rng = random.Random(4)
    for version in range(2, 2 + KILLS):
        before = versions(notebook)
        write_version(folder, version)
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0.3, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert versions(notebook) in (before, {str(version)})
    with no_longer_than(60):
        notebook.build()
    assert versions(notebook) == {str(1 + KILLS)}


def test_server_killed_during_questions(own_server: Server, notebook: Notebook) -> None:
    expected = notebook.search("point 3 note 7").hits
    threading.Timer(0.3, own_server.kill).start()
    with no_longer_than(30), pytest.raises(IndexerError) as caught:
        while True:
            notebook.search("point 3 note 7")
    assert "cannot be reached" in caught.value.message
    assert "try again" in str(caught.value.hint)
    with no_longer_than(30), pytest.raises(IndexerError, match="cannot be reached"):
        notebook.search("point 3 note 7")
    own_server.start()
    assert notebook.search("point 3 note 7").hits == expected


def cut_connections(server: Server) -> None:
    server.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'notes'",
    )


def test_idle_connection_that_was_cut_is_replaced(own_server: Server, notebook: Notebook) -> None:
    assert notebook.search("point 3 note 7").hits
    cut_connections(own_server)
    assert notebook.search("point 3 note 7").hits


@pytest.mark.parametrize("phase", ["encoding", "writing"])
def test_connection_cut_during_a_build(
    own_server: Server, folder: Path, notebook: Notebook, phase: str
) -> None:
    write_version(folder, 2)
    with pytest.raises(IndexerError) as caught:
        notebook.build(reporter=After(phase, 5, lambda: cut_connections(own_server)))
    assert "again" in str(caught.value.hint)
    assert versions(notebook) == {"1"}
    notebook.build()
    assert versions(notebook) == {"2"}


def test_connection_cut_within_a_view_is_an_error_and_the_next_view_works(
    own_server: Server, notebook: Notebook, address: str
) -> None:
    store = open_store(address, read_only=True)
    with pytest.raises(IndexerError, match="cannot be reached"), store.view() as view:
        view.header()
        cut_connections(own_server)
        view.notes()
    with store.view() as view:
        assert len(view.notes()) == 40
    store.close()


def test_statement_timeout_is_clear(notebook: Notebook, folder: Path, address: str) -> None:
    url = f"{address}&options=-c%20statement_timeout%3D100"
    store = open_store(url, read_only=True)
    with (
        pytest.raises(IndexerError, match="gave up on a statement") as caught,
        store.view() as view,
    ):
        view._run("SELECT pg_sleep(5)")  # type: ignore[attr-defined]
    assert "statement_timeout" in str(caught.value.hint)
    with store.view() as view:
        assert len(view.notes()) == 40
    store.close()


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="only root may give a server a small disk of its own",
)
def test_full_disk_is_clear_and_costs_nothing(folder: Path) -> None:
    with running_server(small_disk_mb=24) as server:
        place = server.folder / "small"
        server.sql("notes", f"CREATE TABLESPACE small LOCATION '{place}'")
        server.sql("notes", "ALTER DATABASE notes SET default_tablespace = 'small'")
        with Notebook(folder, store=server.url("notes"), encoder=FakeEncoder()) as notebook:
            notebook.build()
            server.sql("notes", "CREATE TABLE ballast AS SELECT 1 AS one")
            with pytest.raises(psycopg.errors.DiskFull):
                server.sql("notes", "INSERT INTO ballast SELECT generate_series(1, 10000000)")
            write_version(folder, 2, notes=600)
            with pytest.raises(IndexerError, match=r"disk of .* is full") as caught:
                notebook.build()
            assert "free space" in str(caught.value.hint)
            assert {p.stored.point.text[-1] for p in notebook.dump()[1]} == {"1"}
            notebook.close()
            server.sql("notes", "DROP TABLE ballast")
            assert versions(notebook) == {"1"}
            write_version(folder, 3)
            for n in range(40, 600):
                (folder / f"n{n}.md").unlink()
            notebook.build()
            assert versions(notebook) == {"3"}


def test_replica_answers_when_the_primary_is_killed(folder: Path, own_server: Server) -> None:
    primary = own_server
    space = f"space=test_{uuid.uuid4().hex[:12]}"
    with running_server(replica_of=primary) as replica:
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{replica.port}"
        both = f"postgresql://owner@{hosts}/notes?{space}"
        alone = f"{replica.url('notes')}?{space}"
        with Notebook(folder, store=both, encoder=FakeEncoder()) as notebook:
            notebook.build()
            expected = contents(notebook)
            wait_for(lambda: generation(alone) == 1)
            with Notebook(folder, store=alone, encoder=FakeEncoder()) as reader:
                assert contents(reader) == expected
                assert (
                    reader.search("point 3 note 7").hits == notebook.search("point 3 note 7").hits
                )
                with pytest.raises(IndexerError, match="session is read-only") as caught:
                    reader.build()
                assert "primary" in str(caught.value.hint)
            primary.kill()
            with no_longer_than(20):
                assert notebook.search("point 3 note 7").hits[0].text.endswith("version 1")
            write_version(folder, 2)
            with pytest.raises(IndexerError) as caught:
                notebook.build()
            assert "primary" in str(caught.value.hint)
            assert contents(notebook) == expected  # 0 rows lost, read on the replica
            primary.start()
            notebook.close()
            with Notebook(
                folder, store=f"{primary.url('notes')}?{space}", encoder=FakeEncoder()
            ) as again:
                assert contents(again) == expected  # and on the primary
            notebook.build()
            wait_for(lambda: generation(alone) == 2)
            with Notebook(folder, store=alone, encoder=FakeEncoder()) as reader:
                assert versions(reader) == {"2"}


def generation(address: str) -> int:
    try:
        store = open_store(address, read_only=True)
    except IndexerError:
        return -1
    try:
        with store.view() as view:
            return view.header().generation
    finally:
        store.close()


def wait_for(condition: Callable[[], bool]) -> None:
    with no_longer_than(30):
        while not condition():
            time.sleep(0.02)

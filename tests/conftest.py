"""Shared fixtures: notes in a temporary folder, a fake encoder, a clean environment."""

from __future__ import annotations

import os
import re
import socket
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes import FakeEncoder

if TYPE_CHECKING:
    from servers import Server
    from stores import Place

    from indexer.notebook import Notebook
    from indexer.service import Service
    from indexer.store.protocol import Store

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

# Settings of the user, of a hook of git or of a proxy, removed before any fixture starts a process.
_FOREIGN = re.compile(
    "NOTEPOINT_.*|STREAMLIT_.*|GIT_.*|PG[A-Z]+|(https?|all|no)_proxy|VISUAL|EDITOR|COLUMNS|LINES"
    "|NO_COLOR|FORCE_COLOR",
    re.IGNORECASE,
)
for _name in list(os.environ):
    if _FOREIGN.fullmatch(_name) and _name != "NOTEPOINT_FAULTS":
        del os.environ[_name]

WriteNotes = Callable[[Mapping[str, str]], Path]
OpenNotebook = Callable[..., "Notebook"]


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Remove all settings of the user who runs the tests."""
    for name in os.environ:
        if name.startswith("NOTEPOINT_"):
            monkeypatch.delenv(name)
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    # Converted models stay in the checkout, so that the second run is quick.
    monkeypatch.setenv("NOTEPOINT_CACHE", str(ROOT / ".cache"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections of tests to other machines."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and host not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def write_notes(tmp_path: Path) -> WriteNotes:
    """Return a function that writes notes into a folder and returns the folder."""

    def write(notes: Mapping[str, str]) -> Path:
        folder = tmp_path / "notes"
        for name, text in notes.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return folder

    return write


@pytest.fixture
def folder(write_notes: WriteNotes) -> Path:
    """Return an indexed folder with the notes that the tests of surfaces share."""
    from surfaces import NOTES, build

    made = write_notes(NOTES)
    build(made)
    return made


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    """Yield a started service over that folder."""
    from surfaces import started

    with started(folder) as found:
        yield found


@pytest.fixture(autouse=True)
def closed_databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the databases that a test leaves open; Python 3.13 and later warn about them."""
    from indexer.store.embedded.connections import Connections

    opened: list[Connections] = []
    begin = Connections.__init__

    def remembered(self: Connections, *paths: Path, **options: bool) -> None:
        begin(self, *paths, **options)
        opened.append(self)

    monkeypatch.setattr(Connections, "__init__", remembered)
    yield
    for connections in opened:
        connections.close()


@pytest.fixture(autouse=True)
def sound_index(request: pytest.FixtureRequest, closed_databases: None) -> Iterator[None]:
    """Check every byte of each index a test leaves, except in tests marked ``damages``."""
    uses = "tmp_path" in request.fixturenames
    folder: Path | None = request.getfixturevalue("tmp_path") if uses else None
    yield
    if folder is None or request.node.get_closest_marker("damages"):
        return
    from indexer.store.embedded.page_sums import sums_path
    from indexer.store.embedded.store import DATABASE, EmbeddedStore

    for path in folder.rglob(DATABASE):
        if path.is_file() and path.stat().st_size:
            store = EmbeddedStore(path.parent, read_only=True)
            try:
                # The end of a build writes the sums of the pages; tests of only a store have no
                # build.
                unsealed = not sums_path(path).exists()
                faults = [f for f in store.verify() if not (unsealed and "sums" in f.message)]
                assert faults == [], path
            finally:
                store.close()


STORES = ["embedded", pytest.param("server", marks=pytest.mark.slow)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser last: its driver keeps an event loop in the thread of the tests."""
    items.sort(key=lambda item: "browser" in item.path.parts)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with the mark ``every_store`` on each store."""
    given = metafunc.definition.get_closest_marker("parametrize")
    chosen = given is not None and "open_notebook" in given.args[0]
    wanted = metafunc.definition.get_closest_marker("every_store") and not chosen
    if wanted and "open_notebook" in metafunc.fixturenames:
        metafunc.parametrize("open_notebook", STORES, indirect=True)


@pytest.fixture
def open_notebook(request: pytest.FixtureRequest) -> Iterator[OpenNotebook]:
    """Return a function that opens a notebook with the fake encoder.

    At the end of the test, every byte of its index is checked.
    """
    from indexer.notebook import Notebook

    opened: list[Notebook] = []
    on_server = getattr(request, "param", "embedded") == "server"
    address = request.getfixturevalue("server").url("notes") if on_server else None
    run = uuid.uuid4().hex[:12]

    def open_one(folder: Path, *, place: str = "", **options: object) -> Notebook:
        """Open a notebook; ``place`` names an index other than the folder's own."""
        options.setdefault("encoder", FakeEncoder())
        if place:
            options["store"] = (
                f"{address}?space={place}_{run}" if on_server else str(folder.parent / place)
            )
        options.setdefault("store", address)
        notebook = Notebook(folder, **options)  # type: ignore[arg-type]
        opened.append(notebook)
        return notebook

    yield open_one
    for notebook in opened:
        if not getattr(notebook, "damaged_on_purpose", False) and _is_there(notebook):
            assert notebook.check() == []
        notebook.close()


def _is_there(notebook: Notebook) -> bool:
    from indexer.errors import IndexNotFound

    try:
        notebook.dump()
    except IndexNotFound:
        return False
    return True


@pytest.fixture
def run_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs one command with the fake encoder: status, stdout, stderr."""

    from indexer.commands import main as cli

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: FakeEncoder())

    def run_one(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["notepoint", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return run_one


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Return a real PostgreSQL server; one that does not start is a failure."""
    from servers import running_server

    with running_server() as started:
        yield started


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place for a store of each kind in turn."""
    from stores import Folder, Space

    if request.param == "embedded":
        return Folder(tmp_path / "index")
    return Space(request.getfixturevalue("server"), f"test_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """Return an empty store of each kind in turn, and check every byte of it at the end."""
    opened = place.open(lock_timeout_s=0.1)
    yield opened
    assert opened.verify() == []
    opened.close()


@pytest.fixture
def held(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Return a list for lines about a fault test, which are printed at the end of the run."""
    lines: list[str] = []
    yield lines
    name = request.node.name.removeprefix("test_")
    request.node.user_properties += [("held", f"{name}: {line}") for line in lines]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines of the fault tests."""
    if os.environ.get("NOTEPOINT_FAULTS") != "full":
        return
    reports = (report for reports in terminalreporter.stats.values() for report in reports)
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "held" and report.when == "teardown":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of evaluation data; without it, skip the test with a message."""
    if not SHARED.is_dir():
        pytest.skip("the evaluation data next to the checkout (../shared) is missing")
    return SHARED

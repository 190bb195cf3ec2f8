"""What tests share: notes in a temporary folder, a fake encoder, a clean environment."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes import FakeEncoder

if TYPE_CHECKING:
    from indexer.notebook import Notebook

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

WriteNotes = Callable[[Mapping[str, str]], Path]
OpenNotebook = Callable[..., "Notebook"]


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Take every setting of the person who runs the tests out of the way."""
    for name in os.environ:
        if name.startswith("NOTEPOINT_"):
            monkeypatch.delenv(name)
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    # Converted models stay in the checkout, so that the second run is quick.
    monkeypatch.setenv("NOTEPOINT_CACHE", str(ROOT / ".cache"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test leave this machine."""
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
def open_notebook() -> Iterator[OpenNotebook]:
    """Return a function that opens a notebook with the fake encoder.

    Whatever a test did to its index, every byte of it is checked at the end.
    """
    from indexer.notebook import Notebook

    opened: list[Notebook] = []

    def open_one(folder: Path, **options: object) -> Notebook:
        options.setdefault("encoder", FakeEncoder())
        notebook = Notebook(folder, **options)  # type: ignore[arg-type]
        opened.append(notebook)
        return notebook

    yield open_one
    for notebook in opened:
        if Path(notebook.settings.store).is_dir() and not getattr(
            notebook, "damaged_on_purpose", False
        ):
            assert notebook.check() == []
        notebook.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of evaluation data; without it the test is skipped, loudly."""
    if not SHARED.is_dir():
        pytest.skip("the evaluation data beside the checkout (../shared) is not there")
    return SHARED

"""What the tests of surfaces share: notes, a started service, a server in a thread."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fakes import FakeEncoder
from patience import PATIENCE_S

from indexer.loopback import LOOPBACK, listen, make_server
from indexer.notebook import Notebook
from indexer.service import Model, Service

NOTES = {
    "review.md": "---\ntitle: Review\ndate: 2020-04-07\ntags: [review]\n---\n# What is missing\n\n"
    "- no discussion of ethics, see [one](courses/one.md)\n- volume of videos changes a lot\n",
    "courses/one.md": "---\ntags: [dl]\n---\n# Course one\n\n- ethics of data, by law\n",
    "other.md": "# Other\n\n- ethics of the videos, in short\n- zebra crossings in town\n",
}
# What a server of the tests runs on: no model, and the notes of the first argument.
STDIO_SERVER = (
    f"import sys; sys.path[:0] = {[str(Path(__file__).parents[i]) for i in (0, 1)]}\n"
    "from fakes import FakeEncoder\n"
    "from indexer.mcp.server import run_stdio\n"
    "from indexer.notebook import Notebook\n"
    "from indexer.service import Service\n"
    "service = Service(Notebook(sys.argv[1], encoder=FakeEncoder()))\n"
    "run_stdio(service, 'test')\n"
    "service.close()\n"
)


def stdio_command(folder: Path) -> tuple[str, list[str]]:
    """Return the program and arguments of a server over stdio."""
    return sys.executable, ["-c", STDIO_SERVER, str(folder)]


def build(folder: Path) -> None:
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build()


@contextlib.contextmanager
def started(folder: Path, *, watch: bool = False) -> Iterator[Service]:
    """Start a service whose model is open."""
    service = Service(Notebook(folder, encoder=FakeEncoder()))
    service.start(watch=watch)
    end = time.monotonic() + PATIENCE_S
    while service.state.model is not Model.READY:
        assert time.monotonic() < end
        time.sleep(0.01)
    try:
        yield service
    finally:
        service.close()


@contextlib.contextmanager
def served(app: Any) -> Iterator[int]:
    """Serve an application from a thread; yields the port."""
    listening = listen(LOOPBACK, 0, "")
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    end = time.monotonic() + PATIENCE_S
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listening.close()

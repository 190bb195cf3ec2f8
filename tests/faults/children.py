"""What the processes of the kill tests do; imported by the server that they are forked from."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from fakes import FakeEncoder
from harness import QUESTIONS, worker, worker_environment

from indexer.indexing.watch import watch
from indexer.notebook import Notebook
from indexer.service import Service


def lead_group(begun: Connection, target: Callable[..., None], *arguments: object) -> None:
    """Lead a group of processes, say so, and run a function without messages."""
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    begun.send(True)
    target(*arguments)


def build_in_child(notes: Path, store: Path, rebuild: bool = False) -> None:
    """Build as the command does."""
    with Notebook(notes, store=str(store), encoder=FakeEncoder()) as notebook:
        notebook.build(rebuild=rebuild)


def watch_in_child(notes: Path, store: Path) -> None:
    """Follow the notes until the process is ended."""
    notebook = Notebook(notes, store=str(store), encoder=FakeEncoder())
    watch(notebook, threading.Event(), built=lambda _: None, failed=lambda _: None)


def serve_in_child(notes: Path, store: Path) -> None:
    """Answer questions and follow the folder as the page does, with builds in other processes."""
    os.environ.update(worker_environment())
    service = Service(Notebook(notes, store=str(store), encoder=FakeEncoder()))
    build = worker("build", "--progress-json", "--notes", str(notes))
    service.rebuilder._command = lambda rebuild: build  # type: ignore[method-assign]
    service.start()
    for number in range(1_000_000):
        with service.request() as request, contextlib.suppress(Exception):
            request.ask(QUESTIONS[number % len(QUESTIONS)], 3)
        time.sleep(0.02)

"""A build in a process of its own, and how it comes along; searches are not held up by it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexer.config import Settings


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is; ``message`` says how the last one ended, empty while one runs."""

    running: bool = False
    phase: str = ""
    done: int = 0
    total: int = 0
    failed: bool = False
    message: str = ""


class Rebuilder:
    """Starts one build at a time for all visitors of the page."""

    def __init__(self, settings: Settings) -> None:
        """Keep what is to be built."""
        self._settings = settings
        self._lock = threading.Lock()
        self._progress = Progress()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    @property
    def progress(self) -> Progress:
        """How far the build is."""
        with self._lock:
            return self._progress

    def start(self, *, anew: bool = False) -> None:
        """Start a build unless one is running.

        :param anew: True to begin from nothing.
        """
        with self._lock:
            if self._progress.running:
                return
            self._progress = Progress(running=True, phase="starting")
            self._process = subprocess.Popen(
                self._command(anew),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                # Not among the arguments, which every user of the machine can read: an address
                # may hold a password.
                env=os.environ
                | {
                    "PYTHONPATH": os.pathsep.join(sys.path),
                    "NOTEPOINT_STORE": self._settings.store,
                },
            )
            _leave_a_core(self._process.pid)
            self._thread = threading.Thread(target=self._follow, args=(self._process,), daemon=True)
            self._thread.start()

    def wait(self) -> Progress:
        """Return how the build ended, once none runs any more."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
        return self.progress

    def cancel(self) -> None:
        """End a running build; the index stays as it was."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()

    def _command(self, anew: bool) -> Sequence[str]:
        settings = self._settings
        command = [sys.executable, "-m", "indexer", "build", "--progress-json"]
        command += [
            "--notes",
            str(settings.notes),
            "--model",
            settings.model,
        ]
        command += ["--site-url", settings.site_url] if settings.site_url else []
        command += ["--rebuild"] if anew else []
        nice = shutil.which("nice")
        return [nice, "-n", "10", *command] if nice else command

    def _follow(self, process: subprocess.Popen[str]) -> None:
        """Read how the build comes along until it ends."""
        said: list[str] = []
        with process:
            for line in process.stderr or ():
                step = _step_of(line)
                if step is None:
                    said.append(line.strip())
                    continue
                with self._lock:
                    self._progress = Progress(True, step["phase"], step["done"], step["total"])
            report = process.stdout.read() if process.stdout else ""
        cancelled = process.returncode == -signal.SIGTERM
        failed = process.returncode not in (0, 1) and not cancelled
        message = " ".join(said[-2:]) if failed else report.partition("\n")[0]
        if cancelled:
            message = "cancelled; the index is as it was"
        with self._lock:
            self._progress = Progress(failed=failed, message=message)


def _leave_a_core(process: int) -> None:
    """Keep a process off one core of this one's, where there are several: the page answers there.

    :param process: its number; it has begun no thread yet, and those it begins keep to the same.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.suppress(OSError):  # it may have ended, or the system may forbid it
        os.sched_setaffinity(process, cores[1:] or cores)


def _step_of(line: str) -> dict[str, Any] | None:
    try:
        step = json.loads(line)
    except ValueError:
        return None
    return step if isinstance(step, dict) and {"phase", "done", "total"} <= step.keys() else None

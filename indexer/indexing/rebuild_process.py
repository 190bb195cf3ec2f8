"""Build in another process and report the progress; searches do not wait for it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from indexer.config import Settings
from indexer.import_path import child_environment, find_program, python_command

# A process that is kept ready waits this long for the next build.
_STANDBY_S = 300.0


class Progress(NamedTuple):
    """The progress of a build; ``message`` is its outcome, empty while it runs."""

    running: bool = False
    phase: str = ""
    done: int = 0
    total: int = 0
    failed: bool = False
    message: str = ""


class Rebuilder:
    """Runs one build at a time, for all users of a server."""

    def __init__(self, settings: Settings) -> None:
        """Store the settings; start nothing.

        :param settings: which notes to build, and where the index is.
        """
        self._settings = settings
        self._lock = threading.Lock()
        self._progress = Progress()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._standby: subprocess.Popen[str] | None = None
        self._cancelled: subprocess.Popen[str] | None = None

    @property
    def progress(self) -> Progress:
        """The progress of the current or last build."""
        with self._lock:
            return self._progress

    def start(self, *, rebuild: bool = False, again_soon: bool = False) -> None:
        """Start a build unless one is running.

        :param rebuild: True to build from nothing.
        :param again_soon: True to keep a process ready for the next build, with modules loaded and
            the model open, which takes half of the time of a small build.
        """
        with self._lock:
            if self._progress.running:
                return
            self._progress = Progress(running=True, phase="starting")
            self._process = (None if rebuild else self._wake()) or self._spawn(
                self._command(rebuild)
            )
            self._thread = threading.Thread(
                target=self._follow, args=(self._process, again_soon), daemon=True
            )
            self._thread.start()

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[str]:
        # The address of the index may contain a password, so it is not among the arguments, which
        # every user of the machine can read.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",  # as every command writes, whatever the system uses
            errors="replace",
            env=child_environment(NOTEPOINT_STORE=self._settings.store),
        )
        _leave_a_core(process.pid)
        return process

    def _wake(self) -> subprocess.Popen[str] | None:
        """Tell the waiting process to build and return it; None if there is none."""
        process, self._standby = self._standby, None
        if process is None or process.stdin is None:
            return None
        try:
            process.stdin.write("\n")
            process.stdin.flush()
        except OSError:  # it has ended
            _dismiss(process)
            return None
        return process

    def _stand_by(self) -> None:
        """Keep a process ready for the next build, for a limited time; it ends with this one."""
        process = self._spawn([*self._command(rebuild=False), "--standby"])
        with self._lock:
            before, self._standby = self._standby, process
        if before is not None:
            _dismiss(before)
        timer = threading.Timer(_STANDBY_S, self._dismiss, args=(process,))
        timer.daemon = True
        timer.start()

    def _dismiss(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            if self._standby is not process:
                return
            self._standby = None
        _dismiss(process)

    def close(self) -> None:
        """End the waiting process; a running build continues."""
        with self._lock:
            process, self._standby = self._standby, None
        if process is not None:
            _dismiss(process)

    def wait(self) -> Progress:
        """Wait until no build is running, then return the progress of the last one."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
        return self.progress

    def cancel(self) -> None:
        """End a running build; the index does not change."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._cancelled = self._process
                self._process.terminate()

    def _command(self, rebuild: bool) -> Sequence[str]:
        settings = self._settings
        command = python_command("indexer", "build", "--progress-json")
        command += [
            "--notes",
            str(settings.notes),
            "--model",
            settings.model,
        ]
        command += ["--site-url", settings.site_url] if settings.site_url else []
        command += ["--follow-links"] if settings.follow_links else []
        command += ["--rebuild"] if rebuild else []
        nice = find_program("nice")
        return [nice, "-n", "10", *command] if nice else command

    def _follow(self, process: subprocess.Popen[str], again_soon: bool) -> None:
        """Read the progress of the build until it ends."""
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
        # Windows ends a process with the status 1, which also means "notes were skipped".
        ended = self._cancelled is process and process.returncode not in (0, 2)
        cancelled = ended or process.returncode == -signal.SIGTERM
        failed = process.returncode not in (0, 1) and not cancelled
        message = " ".join(said[-2:]) if failed else report.partition("\n")[0]
        if cancelled:
            message = "cancelled; the index is unchanged"
        if again_soon and not failed and not cancelled:
            self._stand_by()
        with self._lock:
            self._progress = Progress(failed=failed, message=message)


def _dismiss(process: subprocess.Popen[str]) -> None:
    """End a waiting process by closing its input."""
    with contextlib.suppress(OSError), process:  # it may have ended
        pass


def _leave_a_core(process: int) -> None:
    """Reserve one core of this process for answering: keep another process off it.

    :param process: its id; it has no threads yet, and later threads inherit the limit.
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

"""Keep an index up to date with its notes: an event only triggers a scan of the folder."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from watchfiles import watch as watch_files

from indexer.config import Settings
from indexer.errors import IndexerError
from indexer.gathered import folders_of
from indexer.notes.walk import IGNORE_FILE, IGNORED_FOLDERS
from indexer.records import BuildReport

# Editors save in several steps; the folder is read this long after the last event.
_QUIET_MS = 80
# How often to scan without an event: network folders send none, and any system can lose some.
_RESCAN_S = 30.0
# How often to check that the notes folder is still the watched one.
_LOOK_S = 1.0


class Buildable(Protocol):
    """Knows its notes folder and builds its index."""

    @property
    def settings(self) -> Settings:
        """The settings with the notes folder and the store."""

    def build(self) -> BuildReport | None:
        """Bring the index up to date; return None if another process built it."""


def watch(
    notebook: Buildable,
    stop: threading.Event,
    *,
    built: Callable[[BuildReport], None],
    failed: Callable[[IndexerError], None],
) -> None:
    """Build now and whenever notes change, until told to stop.

    :param notebook: builds the index.
    :param stop: ends the loop when set.
    :param built: receives the report of the first build, and of each later one with changes.
    :param failed: receives the error of a failed build, once per reason; the next change starts
        another try.
    """
    first, said = True, ""
    for _ in _hints(notebook, stop, failed):
        try:
            report = notebook.build()
        except IndexerError as exc:
            if exc.message != said:
                failed(exc)
            said = exc.message
            continue
        if report is not None and (first or _has_changed(report)):
            built(report)
        first, said = False, ""


def _has_changed(report: BuildReport) -> bool:
    return bool(report.notes_added or report.notes_changed or report.notes_removed)


def _hints(
    notebook: Buildable, stop: threading.Event, failed: Callable[[IndexerError], None]
) -> Iterator[None]:
    """Yield when the folder may have changed: at once, after events, and at intervals."""
    polling = lenient = False
    while not stop.is_set():
        yield
        try:
            yield from _events(notebook, stop, polling=polling, lenient=lenient)
        except FileNotFoundError:
            stop.wait(_LOOK_S)
        except PermissionError:
            # Not from the start: polling makes watchfiles 1.3 ignore the limit of watches as well.
            stop.wait(_LOOK_S if lenient else 0)
            lenient = True
        except OSError as exc:  # the system's limit of watches
            if not polling:
                failed(IndexerError(f"no events from the system ({exc}); looking every second"))
            else:
                stop.wait(_LOOK_S)
            polling = True


def _events(
    notebook: Buildable, stop: threading.Event, *, polling: bool, lenient: bool
) -> Iterator[None]:
    """Yield after changes and on a timer, as long as the folder is the same one.

    The first yield comes soon, because neither the last build nor the watcher saw changes between
    the two. A renamed folder is still watched at its new place, so its name is checked too.
    """
    root = os.fspath(notebook.settings.notes)
    watched = _identity(root)
    roots = [one for one in folders_of(root).values() if os.path.isdir(one)] or [root]
    changes = watch_files(
        *roots,
        watch_filter=None,  # with a filter, irrelevant changes would delay the timer
        stop_event=stop,
        debounce=10 * _QUIET_MS,
        step=_QUIET_MS,
        rust_timeout=int(_LOOK_S * 1000),
        yield_on_timeout=True,
        force_polling=polling,
        poll_delay_ms=1000,
        ignore_permission_denied=lenient,
    )
    matters = _filter(roots, notebook.settings.store)
    due = time.monotonic()
    for found in changes:
        if _identity(root) != watched:
            return
        if any(matters(path) for _, path in found) or time.monotonic() >= due:
            yield
            due = time.monotonic() + _RESCAN_S


def _filter(roots: Sequence[str], store: str) -> Callable[[str], bool]:
    """Return a function that is True for paths that are not hidden, ignored or of the index."""
    index = os.path.join(os.path.abspath(store), "")

    def matters(path: str) -> bool:
        if path.startswith(index):
            return False
        root = next((one for one in roots if path.startswith(os.path.join(one, ""))), roots[0])
        parts = os.path.relpath(path, root).split(os.sep)
        if parts == [IGNORE_FILE]:
            return True
        return not any(part.startswith(".") or part in IGNORED_FOLDERS for part in parts)

    return matters


def _identity(root: str) -> tuple[int, int] | None:
    """Return device and inode of a folder, None if it is missing."""
    try:
        status = os.stat(root)
    except OSError:
        return None
    return status.st_dev, status.st_ino

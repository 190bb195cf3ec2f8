"""Keep an index in line with its notes: events are hints, the rescan is the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from watchfiles import watch as watch_files

from indexer.errors import IndexerError
from indexer.notebook import Notebook
from indexer.notes.folder import is_note_name
from indexer.records import BuildReport

# Editors save in several steps; this long after the last of them the folder is read.
_QUIET_MS = 80
# Network folders give no events, and any system may lose some.
_RESCAN_MS = 30_000


def watch(
    notebook: Notebook,
    stop: threading.Event,
    *,
    built: Callable[[BuildReport], None],
    failed: Callable[[IndexerError], None],
) -> None:
    """Build now and whenever notes change, until told to stop.

    :param notebook: what to keep in line.
    :param stop: set it to end.
    :param built: told of each build that changed something, and of the first.
    :param failed: told of each build that failed; the next change is another try.
    """
    first = True
    for _ in _hints(notebook, stop, failed):
        try:
            report = notebook.build()
        except IndexerError as exc:
            failed(exc)
            continue
        changed = report.notes_added or report.notes_changed or report.notes_removed
        if first or changed:
            built(report)
        first = False


def _hints(
    notebook: Notebook, stop: threading.Event, failed: Callable[[IndexerError], None]
) -> Iterator[None]:
    """Yield when the folder may have changed: at once, after events, and now and then."""
    yield
    polling = None
    while not stop.is_set():
        try:
            yield from _events(notebook, stop, polling)
        except FileNotFoundError:
            failed(
                IndexerError(
                    f"the notes folder {notebook.settings.notes} is gone",
                    "waiting for it to return",
                )
            )
            stop.wait(_RESCAN_MS / 1000)
        except OSError as exc:  # the system's limit of watches
            failed(IndexerError(f"no events from the system ({exc}); looking every second", None))
            polling = True


def _events(notebook: Notebook, stop: threading.Event, polling: bool | None) -> Iterator[None]:
    changes = watch_files(
        notebook.settings.notes,
        watch_filter=lambda change, path: is_note_name(path) or "." not in path.rpartition("/")[2],
        stop_event=stop,
        debounce=10 * _QUIET_MS,
        step=_QUIET_MS,
        rust_timeout=_RESCAN_MS,
        yield_on_timeout=True,
        force_polling=polling,
        poll_delay_ms=1000,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    for _ in changes:
        yield

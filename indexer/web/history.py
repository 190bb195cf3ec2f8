"""What was asked lately and what was starred, in a small file beside the index."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import NamedTuple

from indexer.config import Settings
from indexer.private_files import read_regular, replace_private

_NAME = "searches.json"
_MAX_RECENT = 12
_MAX_STARRED = 50
_MAX_CHARS = 300
_MAX_BYTES = 1 << 20


class Searches(NamedTuple):
    """Questions, newest first."""

    recent: tuple[str, ...] = ()
    starred: tuple[str, ...] = ()


class History:
    """Keeps questions for all visitors of one server."""

    def __init__(self, settings: Settings) -> None:
        """Read what was kept.

        :param settings: say where the index is; a store on a server keeps nothing there.
        """
        folder = settings.cache if "://" in settings.store else Path(settings.store)
        self._path = folder / _NAME
        self._lock = threading.Lock()
        self._searches = _read(self._path)

    @property
    def searches(self) -> Searches:
        """What is kept now."""
        with self._lock:
            return self._searches

    def add(self, question: str) -> None:
        """Keep a question as the newest; of one that grew while it was typed, the last stays."""
        question = " ".join(question.split())[:_MAX_CHARS]
        with self._lock:
            old = self._searches.recent
            if not question or old[:1] == (question,):
                return
            rest = old[1:] if old and question.startswith(old[0]) else old
            recent = (question, *(one for one in rest if one != question))[:_MAX_RECENT]
            self._keep(Searches(recent, self._searches.starred))

    def star(self, question: str) -> None:
        """Star a question, or take its star away."""
        question = " ".join(question.split())[:_MAX_CHARS]
        with self._lock:
            old = self._searches.starred
            rest = tuple(one for one in old if one != question)
            starred = rest if question in old else (question, *rest)[:_MAX_STARRED]
            self._keep(Searches(self._searches.recent, starred))

    def forget(self) -> None:
        """Forget what was asked; stars stay."""
        with self._lock:
            self._keep(Searches((), self._searches.starred))

    def _keep(self, searches: Searches) -> None:
        """Write the file anew beside the old one; where that fails, this server still knows."""
        self._searches = searches
        content = {"recent": searches.recent, "starred": searches.starred}
        with contextlib.suppress(OSError):
            replace_private(self._path, json.dumps(content, indent=1).encode())


def _read(path: Path) -> Searches:
    try:
        content = json.loads(read_regular(path, _MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return Searches()
    if not isinstance(content, dict):
        return Searches()
    return Searches(
        _texts(content.get("recent"), _MAX_RECENT), _texts(content.get("starred"), _MAX_STARRED)
    )


def _texts(value: object, limit: int) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(one[:_MAX_CHARS] for one in value if isinstance(one, str) and one)[:limit]

"""Recent and saved searches, in a small file next to the index."""

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
    """Questions and opened places, newest first; ``names`` are the names of saved questions."""

    recent: tuple[str, ...] = ()
    starred: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()


class History:
    """Keeps searches for all visitors of one server."""

    def __init__(self, settings: Settings) -> None:
        """Read the saved searches.

        :param settings: with the store; a store on a server has no history.
        """
        folder = settings.cache if "://" in settings.store else Path(settings.store)
        self._path = folder / _NAME
        self._lock = threading.Lock()
        self._searches = _read(self._path)

    @property
    def searches(self) -> Searches:
        """The current searches."""
        with self._lock:
            return self._searches

    def add(self, question: str) -> None:
        """Add a question as the newest; it replaces earlier states of the same typing."""
        question = " ".join(question.split())[:_MAX_CHARS]
        with self._lock:
            old = self._searches.recent
            if not question or old[:1] == (question,):
                return
            rest = old[1:] if old and question.startswith(old[0]) else old
            recent = (question, *(one for one in rest if one != question))[:_MAX_RECENT]
            self._keep(self._searches._replace(recent=recent))

    def star(self, question: str) -> None:
        """Save a search, or remove it."""
        question = " ".join(question.split())[:_MAX_CHARS]
        with self._lock:
            old = self._searches
            rest = tuple(one for one in old.starred if one != question)
            starred = rest if question in old.starred else (question, *rest)[:_MAX_STARRED]
            names = tuple(pair for pair in old.names if pair[0] in starred)
            self._keep(old._replace(starred=starred, names=names))

    def name(self, question: str, name: str) -> None:
        """Name a saved question; an empty name removes its name."""
        name = " ".join(name.split())[:_MAX_CHARS]
        with self._lock:
            old = self._searches
            names = dict(old.names) | {question: name}
            kept = tuple((q, n) for q, n in names.items() if n and q in old.starred)
            self._keep(old._replace(names=kept))

    def opened(self, place: str) -> None:
        """Add an opened place; it replaces an earlier place of its note."""
        note = place.rpartition(":")[0] if place.rpartition(":")[2].isdecimal() else place
        with self._lock:
            old = self._searches
            rest = [p for p in old.opened if p != note and not _is_place_of(p, note)]
            self._keep(old._replace(opened=(place, *rest)[:_MAX_RECENT]))

    def forget(self) -> None:
        """Delete recent questions; saved questions and opened notes are kept."""
        with self._lock:
            self._keep(self._searches._replace(recent=()))

    def _keep(self, searches: Searches) -> None:
        """Write a new file and rename it; on a failure, the searches stay in memory."""
        self._searches = searches
        content = searches._asdict() | {"names": dict(searches.names)}
        with contextlib.suppress(OSError):
            replace_private(self._path, json.dumps(content, indent=1).encode())


def _read(path: Path) -> Searches:
    try:
        content = json.loads(read_regular(path, _MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return Searches()
    if not isinstance(content, dict):
        return Searches()
    starred = _texts(content.get("starred"), _MAX_STARRED)
    names = content.get("names")
    named = names.items() if isinstance(names, dict) else ()
    return Searches(
        _texts(content.get("recent"), _MAX_RECENT),
        starred,
        _texts(content.get("opened"), _MAX_RECENT),
        tuple((q, n[:_MAX_CHARS]) for q, n in named if q in starred and isinstance(n, str) and n),
    )


def _is_place_of(place: str, note: str) -> bool:
    return place.startswith(f"{note}:") and place[len(note) + 1 :].isdecimal()


def _texts(value: object, limit: int) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(one[:_MAX_CHARS] for one in value if isinstance(one, str) and one)[:limit]

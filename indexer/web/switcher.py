"""Find notes by name while the user types, and complete operators."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from indexer.store.records import NoteInfo
from indexer.web.host import Host

_MAX_CHARS = 60
_MIN_PATH_CHARS = 3
_WORD = re.compile(r"[^\W_]+")
_OPEN_OPERATOR = re.compile(r'(?:^|\s)(-?)(tag|path|folder|category):("?)([^"]*)$', re.IGNORECASE)


class Named(NamedTuple):
    """A note found by name; ``by`` is the alias or file name, empty if the title matched."""

    note_id: str
    title: str
    by: str


class _Entry(NamedTuple):
    note_id: str
    title: str
    names: tuple[tuple[str, str], ...]  # folded, as written; the title first
    path: str


class NoteNames:
    """The names of all notes of one generation."""

    def __init__(self, notes: Iterable[NoteInfo]) -> None:
        """Read the names.

        :param notes: all notes of the index.
        """
        self._entries = [_entry_of(note) for note in notes]

    def find(self, typed: str, k: int) -> list[Named]:
        """Return the notes whose title, alias, file name or folder matches the typed text.

        Whole names come first, then beginnings of names, words in any order, parts of names, and
        folders.

        :param typed: the text in the box; a question matches no name.
        :param k: the most results.
        """
        wanted = _folded(typed)
        if not wanted or len(wanted) > _MAX_CHARS or typed.rstrip().endswith("?"):
            return []
        words = _WORD.findall(wanted)
        found = []
        for entry in self._entries:
            level, by = _match(entry, wanted, words)
            if level is not None:
                found.append((level, len(entry.title), entry.note_id, entry.title, by))
        return [Named(note_id, title, by) for _, _, note_id, title, by in sorted(found)[:k]]


_kept: WeakKeyDictionary[Host, tuple[int, NoteNames]] = WeakKeyDictionary()


def names_of(host: Host) -> NoteNames:
    """Return the names of the notes of a host, read once per generation.

    :param host: gives access to the notes.
    """
    generation = host.generation()
    kept = _kept.get(host)
    if kept is None or kept[0] != generation:
        kept = (generation, NoteNames(host.reader.notes()))
        _kept[host] = kept
    return kept[1]


def _entry_of(note: NoteInfo) -> _Entry:
    stem = note.note_id.rpartition("/")[2].rpartition(".")[0]
    written = dict.fromkeys((note.title, *note.aliases, stem))
    return _Entry(
        note.note_id,
        note.title,
        tuple((_folded(name), name) for name in written),
        _folded(note.note_id),
    )


def _match(entry: _Entry, wanted: str, words: Sequence[str]) -> tuple[int | None, str]:
    """Return how well an entry matches (0 is best, None no match), and the matching name."""
    best: tuple[int | None, str] = (None, "")
    for folded, written in entry.names:
        level = _level(folded, wanted, words)
        if level is not None and (best[0] is None or level < best[0]):
            best = (level, "" if written == entry.title else written)
    if best[0] is None and len(wanted) >= _MIN_PATH_CHARS and wanted in entry.path:
        return 4, ""
    return best


def _level(name: str, wanted: str, words: Sequence[str]) -> int | None:
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    own = _WORD.findall(name)
    if words and all(any(one.startswith(word) for one in own) for word in words):
        return 2
    return 3 if len(wanted) >= _MIN_PATH_CHARS and wanted in name else None


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", " ".join(text.split()).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def only_operator(typed: str) -> bool:
    """Return whether nothing but the beginning of an operator is typed: it is to be completed."""
    found = _OPEN_OPERATOR.fullmatch(typed)
    return bool(found and not found[4])


def completions(
    typed: str, tags: Sequence[str], folders: Sequence[str], categories: Sequence[str], k: int = 6
) -> list[tuple[str, str]]:
    """Return completions of an operator at the end of the box.

    :param typed: the text in the box.
    :param tags: of all notes.
    :param folders: of all notes.
    :param categories: of all notes.
    :param k: the most results.
    :return: (label, new text of the box) pairs.
    """
    found = _OPEN_OPERATOR.search(typed)
    if not found:
        return []
    minus, name, _, begun = found.groups()
    values = {"tag": tags, "category": categories}.get(name.lower(), folders)
    wanted = _folded(begun)
    fitting = [one for one in values if wanted in _folded(one) and one != begun]
    fitting.sort(key=lambda one: (not _folded(one).startswith(wanted), len(one), one))
    before = typed[: found.start()].rstrip()
    made = []
    for value in fitting[:k]:
        quoted = f'"{value}"' if " " in value else value
        operator = f"{minus}{name.lower()}:{quoted}"
        made.append((operator, f"{before} {operator} ".lstrip()))
    return made

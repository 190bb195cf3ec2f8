"""Find pictures and other files shown in notes, and their types by their first bytes.

Nothing is read here but the first bytes of a file: `pictures` of the page makes them small.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import time
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from indexer.errors import NoteError, NotesError
from indexer.notes.folder import NotesFolder
from indexer.notes.opening import open_inside
from indexer.notes.walk import scan_folder

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_LIQUID = re.compile(r"\{\{.{0,200}?\}\}")
_HEAD_BYTES = 1_024
# A listing of the folder is reused for this long, since a note can name many files.
_LIST_S = 10.0
# How many files of the same name are compared with a link, and how many are opened for it.
_MAX_SAME_NAME = 1_000
_MAX_BY_NAME = 20
# The type of a file by its first bytes; its name is not trusted.
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
)
# Atomic: with backtracking, a comment may end at each of the later ends of comments.
_SVG = re.compile(
    rb"^\s*+(?:(?:<\?xml[^>]*+>|(?><!--.*?-->)|<!DOCTYPE[^>]*+>)\s*+)*+<svg[\s>]", re.DOTALL
)


class NoteFiles:
    """The pictures and files of one note, each looked up once."""

    def __init__(self, notes: NotesFolder, note_id: str) -> None:
        """Store the folder and the note.

        :param notes: the notes folder; no file outside of it is opened.
        :param note_id: the note that shows them.
        """
        self.paths: list[str] = []
        self._root = notes.root
        self._folder = PurePosixPath(note_id).parent
        self._places: dict[str, int | None] = {}
        self._shown: dict[str, bool] = {}

    def find(self, target: str) -> int | None:
        """Return the position of a file in ``paths``, None if it cannot be shown.

        :param target: as written: a name, or a path relative to the note or the notes folder.
        """
        if target not in self._places:
            self._places[target] = self._look_up(target)
        return self._places[target]

    def _look_up(self, target: str) -> int | None:
        target = unquote(_LIQUID.sub("", target), errors="surrogateescape").strip()
        if not target or _SCHEME.match(target):
            return None
        name = target.partition("#")[0].partition("?")[0]
        for path in self._candidates(name):
            if self._can_be_shown(path):
                self.paths.append(path)
                return len(self.paths) - 1
        return None

    def _can_be_shown(self, path: str) -> bool:
        """Return whether a file is a picture or PDF; it is opened once per note."""
        if path not in self._shown:
            self._shown[path] = bool(kind_of(read_head(self._root, path)))
        return self._shown[path]

    def _candidates(self, target: str) -> list[str]:
        """Return the possible paths of a file: next to its note, from the top, or by name."""
        written = PurePosixPath(target.lstrip("/"))
        near = [] if target.startswith("/") else [self._folder / written]
        static = [PurePosixPath(folder) / written for folder in ("static", "assets", "public")]
        found = [path for path in map(_normal, [*near, written, *static]) if path]
        named = _files_by_name(self._root, int(time.monotonic() / _LIST_S))
        tail = f"/{written.as_posix()}".lower()
        same = named.get(written.name.lower(), ())
        by_name = (path for path in same if f"/{path}".lower().endswith(tail))
        return list(dict.fromkeys([*found, *itertools.islice(by_name, _MAX_BY_NAME)]))


@functools.lru_cache(maxsize=4)
def _files_by_name(root: Path, period: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        files = scan_folder(root, size_limit=0).files
    except NotesError:
        return {}
    for path in files:
        same = found.setdefault(path.rpartition("/")[2].lower(), [])
        if len(same) < _MAX_SAME_NAME:
            same.append(path)
    return found


def read_head(root: Path, path: str) -> bytes:
    """Return the first bytes of a file of the notes folder, empty if it cannot be read.

    :param root: the notes folder.
    :param path: relative to it; no symbolic link is followed.
    """
    try:
        handle = open_inside(root, path)
    except NoteError:
        return b""
    try:
        return os.read(handle, _HEAD_BYTES)
    except OSError:
        return b""
    finally:
        os.close(handle)


def kind_of(content: bytes) -> str:
    """Return the media type of a picture or PDF by its first bytes, empty for other files."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    if _SVG.match(content.removeprefix(b"\xef\xbb\xbf")):
        return "image/svg+xml"
    return next((kind for start, kind in _KINDS if content.startswith(start)), "")


def _normal(path: PurePosixPath) -> str:
    """Return a path without dots, empty if it leads out of the notes folder."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)

"""Images that stand inside the notes folder, as data the page can show; no others are ever read."""

from __future__ import annotations

import base64
import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from indexer.errors import NoteError
from indexer.notes.folder import NotesFolder

MAX_IMAGE_BYTES = 2_000_000
MAX_NOTE_BYTES = 6_000_000
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_LIQUID = re.compile(r"\{\{.{0,200}?\}\}")
# What a file is, by how it begins; its name is not believed. SVG is left out: it is a program.
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class NoteImages:
    """The images of one note, each read once, up to a limit of bytes."""

    def __init__(self, notes: NotesFolder, note_id: str) -> None:
        """Keep where to look.

        :param notes: the notes folder; nothing outside of it is read.
        :param note_id: the note the images stand in.
        """
        self.data: list[str] = []
        self._notes = notes
        self._folder = PurePosixPath(note_id).parent
        self._places: dict[str, int | None] = {}
        self._left = MAX_NOTE_BYTES

    def find(self, target: str) -> int | None:
        """Return the position in ``data`` of an image, None for one that cannot be shown.

        :param target: as written: relative to the note, or to the notes folder.
        """
        if target not in self._places:
            self._places[target] = self._load(target)
        return self._places[target]

    def _load(self, target: str) -> int | None:
        target = unquote(_LIQUID.sub("", target)).strip()
        if not target or _SCHEME.match(target):
            return None
        for path in self._candidates(target.partition("#")[0].partition("?")[0]):
            content = self._read(path)
            kind = kind_of(content)
            if kind:
                self._left -= len(content)
                encoded = base64.b64encode(content).decode("ascii")
                self.data.append(f"data:{kind};base64,{encoded}")
                return len(self.data) - 1
        return None

    def _candidates(self, target: str) -> list[str]:
        """Return the paths an image may have: beside its note, or counted from the top."""
        written = PurePosixPath(target.lstrip("/"))
        beside = [] if target.startswith("/") else [self._folder / written]
        return list(dict.fromkeys(p for p in map(_normal, [*beside, written]) if p))

    def _read(self, path: str) -> bytes:
        try:
            limit = min(MAX_IMAGE_BYTES, self._left)
            return self._notes._replace(size_limit=limit).read(path).content
        except NoteError:
            return b""


def kind_of(content: bytes) -> str:
    """Return the media type of an image a browser shows, empty for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS if content.startswith(start)), "")


def _normal(path: PurePosixPath) -> str:
    """Return a path without dots, empty where it leads out of the notes folder."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)

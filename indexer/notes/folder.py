"""A folder of notes: list it, and read its notes as bytes, points and HTML."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from indexer.gathered import folder_inside, folders_of, missing_folders
from indexer.notes.decoding import decode_note, hash_content
from indexer.notes.formats import FindImage, format_of
from indexer.notes.opening import read_note_bytes, read_stamp
from indexer.notes.walk import Scan, scan_folder
from indexer.records import FileStamp, Link, Note

# In a vault with this folder, the file name is the title of a note.
_OBSIDIAN = ".obsidian"


class NoteFile(NamedTuple):
    """The bytes of a note, and the stamp of its file before it was read."""

    note_id: str
    content: bytes
    stamp: FileStamp

    @property
    def content_hash(self) -> bytes:
        """The hash that detects a changed note."""
        return hash_content(self.content)


class TextMeasure(Protocol):
    """The part of an encoder that chunking needs: its window and its count of word pieces."""

    @property
    def window(self) -> int:
        """The most word pieces of a text that the encoder reads."""

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """Return the lengths of texts in word pieces, without special ones."""


class NotesFolder(NamedTuple):
    """A folder of notes; a note larger than ``size_limit`` bytes is refused."""

    root: Path
    size_limit: int

    def scan(self) -> Scan:
        """List the notes without opening them.

        :return: entries sorted by path; refused ones have a reason.
        :raises NotesError: if the folder is missing or cannot be listed.
        """
        return scan_folder(self.root, size_limit=self.size_limit)

    def missing(self) -> list[str]:
        """Return a line for each missing folder of a combined one; empty for a normal folder."""
        return [
            f"the notes folder {path} ({name}) is not there: its notes are left out"
            for name, path in missing_folders(self.root).items()
        ]

    def read(self, note_id: str) -> NoteFile:
        """Read one file without following links in its path.

        :param note_id: its path relative to the folder.
        :raises NoteError: if the file is missing, not a regular file inside the folder, or too
            large.
        """
        content, stamp = read_note_bytes(self.root, note_id, size_limit=self.size_limit)
        return NoteFile(note_id, content, stamp)

    def read_stamp(self, note_id: str) -> FileStamp | None:
        """Return the current stamp of a note, None if it is missing or not a regular file."""
        return read_stamp(self.root, note_id)

    def has_file(self, path: str) -> bool:
        """Return whether the folder has a regular file with this path, without links in the path.

        :param path: relative to the folder, without dots that leave it.
        """
        root, path = folder_inside(self.root, path)
        here = os.path.join(root, path)
        inside = os.path.realpath(here) == os.path.join(os.path.realpath(root), path)
        return inside and os.path.isfile(here)

    def path_of(self, note_id: str) -> Path:
        """Return the path of a note, in its own folder if several are combined."""
        root, path = folder_inside(self.root, note_id)
        return Path(root, path)

    def note_at(self, path: str) -> str | None:
        """Return the note at a path, None if it is outside the folder.

        :param path: absolute; a link in it is followed if it leads into the folder.
        """
        if "\0" in path:
            return None
        written = os.path.normpath(path)
        for name, root in (folders_of(self.root) or {"": os.fspath(self.root)}).items():
            pairs = ((root, written), (os.path.realpath(root), os.path.realpath(path)))
            for above, place in pairs:
                if place.startswith(f"{above.rstrip(os.sep)}{os.sep}"):
                    inside = os.path.relpath(place, above).replace(os.sep, "/")
                    return f"{name}/{inside}" if name else inside
        return None

    def cut(self, file: NoteFile, measure: TextMeasure) -> Note:
        """Return a note with its points.

        :param file: from ``read``.
        :param measure: the encoder, which limits the length of points.
        :raises NoteError: if the content is not text.
        """
        from indexer.notes.note import parse_note  # most questions read no note

        return parse_note(
            file.content,
            file.note_id,
            window=measure.window,
            count_tokens=measure.count_tokens,
            named_by_file=os.path.isdir(os.path.join(self._root_of(file.note_id), _OBSIDIAN)),
        )

    def _root_of(self, note_id: str) -> str:
        return folder_inside(self.root, note_id)[0]

    def render(
        self, file: NoteFile, links: Sequence[Link], find_image: FindImage = lambda target: None
    ) -> str:
        """Return a note as safe HTML.

        :param file: from ``read``.
        :param links: its links, resolved.
        :param find_image: returns the numbers of images that can be shown.
        :raises NoteError: if the content is not text.
        """
        text, _ = decode_note(file.content, file.note_id)
        form = format_of(file.note_id)
        return form.render(text, links, find_image) if form else ""

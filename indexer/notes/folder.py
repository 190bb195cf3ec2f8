"""A folder of notes: what is in it, and its notes as bytes, points and HTML."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from indexer.gathered import folder_inside, missing_folders
from indexer.notes.decoding import decode_note, hash_content
from indexer.notes.formats import FindImage, format_of
from indexer.notes.opening import read_note_bytes, read_stamp
from indexer.notes.walk import Scan, scan_folder
from indexer.records import FileStamp, Link, Note

# Where this folder is, the file name is the title of a note.
_OBSIDIAN = ".obsidian"


class NoteFile(NamedTuple):
    """A note as it was read: its bytes, and the stamp the file had before."""

    note_id: str
    content: bytes
    stamp: FileStamp

    @property
    def content_hash(self) -> bytes:
        """The hash by which a changed note is known."""
        return hash_content(self.content)


class TextMeasure(Protocol):
    """What cutting needs of an encoder: how many word pieces it reads, and their count in texts."""

    @property
    def window(self) -> int:
        """How many word pieces are read of one text."""

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """Return the lengths of texts in word pieces, without the special ones."""


class NotesFolder(NamedTuple):
    """A folder of notes; ``size_limit`` is in bytes, a larger note is refused."""

    root: Path
    size_limit: int

    def scan(self) -> Scan:
        """List the notes without opening one of them.

        :return: entries sorted by path; refused ones carry the reason.
        :raises NotesError: if the folder is missing or cannot be listed.
        """
        return scan_folder(self.root, size_limit=self.size_limit)

    def missing(self) -> list[str]:
        """Return a line for each gathered folder that is not there, none for a plain folder."""
        return [
            f"the notes folder {path} ({name}) is not there: its notes are left out"
            for name, path in missing_folders(self.root).items()
        ]

    def read(self, note_id: str) -> NoteFile:
        """Read one file without following a link on its way.

        :param note_id: its path relative to the folder.
        :raises NoteError: if the file is gone, is no regular file inside the folder, or is too
            large.
        """
        content, stamp = read_note_bytes(self.root, note_id, size_limit=self.size_limit)
        return NoteFile(note_id, content, stamp)

    def read_stamp(self, note_id: str) -> FileStamp | None:
        """Return the stamp of a note as it is now, None if it is gone or no regular file."""
        return read_stamp(self.root, note_id)

    def has_file(self, path: str) -> bool:
        """Return whether a regular file of this path is in the folder, reached through no link.

        :param path: relative to the folder, without dots that lead out of it.
        """
        root, path = folder_inside(self.root, path)
        here = os.path.join(root, path)
        inside = os.path.realpath(here) == os.path.join(os.path.realpath(root), path)
        return inside and os.path.isfile(here)

    def cut(self, file: NoteFile, measure: TextMeasure) -> Note:
        """Return a note that was read, with its points.

        :param file: as ``read`` gives it.
        :param measure: the encoder, which says how long a point may be.
        :raises NoteError: if the content is no text.
        """
        from indexer.notes.note import parse_note  # few questions read a note

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
        """Return a note that was read as safe HTML.

        :param file: as ``read`` gives it.
        :param links: its links, resolved.
        :param find_image: says which images can be shown.
        :raises NoteError: if the content is no text.
        """
        text, _ = decode_note(file.content, file.note_id)
        form = format_of(file.note_id)
        return form.render(text, links, find_image) if form else ""

"""Hits against the files as they are now: nothing is shown that no longer stands in the notes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexer.encoding.encoder import Encoder
from indexer.errors import NoteError, NotesError
from indexer.notes.folder import hash_content, read_note_bytes, read_stamp, scan_folder
from indexer.records import FileStamp, Note
from indexer.store.store import StoredPoint, View

# How long "is the index behind?" is taken as answered, in a process that answers many questions.
_STALE_FOR_S = 1.0
# In a large folder it holds for this many times as long as it took to find out.
_STALE_FOR_TIMES = 20.0
# How many notes are remembered as compared.
_MAX_NOTES = 4_096


class Freshness:
    """Compares an index with the folder it was built from."""

    def __init__(self, root: Path, encoder: Encoder, *, size_limit: int) -> None:
        """Keep what is needed to read a note anew.

        :param root: the notes folder.
        :param encoder: its window and its way of counting word pieces cut the points.
        :param size_limit: bytes above which a note is refused.
        """
        self._root = root
        self._encoder = encoder
        self._size_limit = size_limit
        self._notes: dict[str, tuple[FileStamp, Note | None]] = {}  # as they were last seen
        self._stamps: tuple[int, dict[str, FileStamp | None]] | None = None  # of a generation
        self._judged: tuple[float, int, bool] | None = None  # until when, generation, stale

    def confirm(self, points: Sequence[StoredPoint], view: View) -> list[StoredPoint]:
        """Return the points that still stand in their notes, with their lines as they are now.

        :param points: in any order, which is kept.
        :param view: the index they came from.
        """
        confirmed = []
        for stored in points:
            current = self._now(stored, view)
            if current is not None:
                confirmed.append(current)
        return confirmed

    def is_stale(self, view: View) -> bool:
        """Tell whether a note was added, changed or removed since the index was built."""
        generation, started = view.header().generation, time.monotonic()
        if self._judged and self._judged[1] == generation and started < self._judged[0]:
            return self._judged[2]
        stale = _is_stale(self._root, view, self._stamps_of(view), size_limit=self._size_limit)
        now = time.monotonic()
        holds = max(_STALE_FOR_S, _STALE_FOR_TIMES * (now - started))
        self._judged = (now + holds, generation, stale)
        return stale

    def _now(self, stored: StoredPoint, view: View) -> StoredPoint | None:
        note_id = stored.note.note_id
        stamp = read_stamp(self._root, note_id)
        if stamp is None:
            return None
        seen = self._notes.get(note_id)
        if seen is not None and seen[0] == stamp:
            note = seen[1]
        else:
            if len(self._notes) >= _MAX_NOTES:
                self._notes.clear()
            same = stamp == self._stamps_of(view).get(note_id) or self._is_same(note_id, view)
            note = None if same else self._read(note_id)
            self._notes[note_id] = (stamp, note)
        if note is None:  # as it was when it was indexed
            return stored
        for point in note.points:
            old = stored.point
            if (
                point.text == old.text
                and point.heading_path == old.heading_path
                and point.parents == old.parents
            ):
                moved = old._replace(line_start=point.line_start, line_end=point.line_end)
                return stored._replace(point=moved)
        return None

    def _stamps_of(self, view: View) -> dict[str, FileStamp | None]:
        """Return the stamps of a generation, read from the index once."""
        generation = view.header().generation
        if self._stamps is None or self._stamps[0] != generation:
            self._stamps = (generation, view.stamps())
        return self._stamps[1]

    def _is_same(self, note_id: str, view: View) -> bool:
        return _has_hash(self._root, note_id, view, size_limit=self._size_limit)

    def _read(self, note_id: str) -> Note:
        from indexer.notes.note import parse_note  # reads Markdown, which few questions need

        try:
            content, _ = read_note_bytes(self._root, note_id, size_limit=self._size_limit)
            return parse_note(
                content,
                note_id,
                window=self._encoder.window,
                count_tokens=self._encoder.count_tokens,
            )
        except NoteError:
            return Note(note_id, b"", "")


def is_stale(root: Path, view: View, *, size_limit: int) -> bool:
    """Tell whether a note was added, changed or removed since an index was built.

    Files are read only where their stamps differ.

    :param root: the notes folder.
    :param view: the index.
    :param size_limit: bytes above which a note is refused.
    """
    return _is_stale(root, view, view.stamps(), size_limit=size_limit)


def _is_stale(
    root: Path, view: View, stamps: Mapping[str, FileStamp | None], *, size_limit: int
) -> bool:
    try:
        entries = scan_folder(root, size_limit=size_limit).notes
    except NotesError:
        return True
    if len(entries) != len(stamps):
        return True
    for entry in entries:
        if entry.note_id not in stamps:
            return True
        known = entry.stamp == stamps[entry.note_id]
        if not known and not _has_hash(root, entry.note_id, view, size_limit=size_limit):
            return True
    return False


def _has_hash(root: Path, note_id: str, view: View, *, size_limit: int) -> bool:
    """Tell whether the content of a note is what was indexed."""
    try:
        content, _ = read_note_bytes(root, note_id, size_limit=size_limit)
    except NoteError:
        return False
    return hash_content(content) == view.content_hash(note_id)

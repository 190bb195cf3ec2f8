"""Compare hits with the current files, so that deleted text is never shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indexer.errors import NoteError, NotesError
from indexer.lru import Lru
from indexer.notes.folder import NotesFolder, TextMeasure
from indexer.records import FileStamp, Note, Point
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

# How long the result of a scan is reused, in a process that answers many questions.
_STALE_FOR_S = 1.0
# In a large folder it is reused for this many times the duration of the scan.
_STALE_FOR_TIMES = 20.0
# If the last scan took longer than this, a burst of questions reuses its result while a background
# thread scans again, for at most ten times the usual time.
_LARGE_FOLDER_S = 0.01
_BURST_TIMES = 10.0
# Number of notes whose comparison is cached.
_MAX_NOTES = 4_096


class _Scan(NamedTuple):
    """The result of a scan of the folder, when it ended, and how long it took, in seconds."""

    generation: int
    stale: bool
    ended: float
    took: float

    @classmethod
    def since(cls, started: float, generation: int, stale: bool) -> _Scan:
        """Return the result of a scan that ends now."""
        ended = time.monotonic()
        return cls(generation, stale, ended, ended - started)

    def holds(self, now: float, times: float = 1.0) -> bool:
        """Return whether the result is still valid, within ``times`` lifetimes."""
        return now - self.ended < times * max(_STALE_FOR_S, _STALE_FOR_TIMES * self.took)

    def may_be_reused_once(self, now: float) -> bool:
        """Return whether a question may use this result while the next scan runs."""
        return not self.stale and self.took > _LARGE_FOLDER_S and self.holds(now, _BURST_TIMES)


class Freshness:
    """Compares an index with the folder it was built from."""

    def __init__(self, folder: NotesFolder, measure: TextMeasure) -> None:
        """Store the folder and the measure of texts.

        :param folder: the notes.
        :param measure: cuts notes into points by its window and its count of tokens.
        """
        self._folder = folder
        self._measure = measure
        # The notes read last, by name.
        self._notes: Lru[str, tuple[FileStamp, Note | None]] = Lru(_MAX_NOTES)
        self._stamps: tuple[int, dict[str, FileStamp | None]] | None = (
            None  # the stamps of a generation
        )
        self._scan: _Scan | None = None
        self._scanning = threading.Lock()

    def confirm(self, points: Sequence[StoredPoint], view: View) -> list[StoredPoint]:
        """Return the points that are still in their notes, with their current lines.

        :param points: in any order; the result has the same order.
        :param view: the index they came from.
        """
        confirmed = []
        for stored in points:
            current = self._now(stored, view)
            if current is not None:
                confirmed.append(current)
        return confirmed

    def is_stale(self, view: View) -> bool:
        """Return whether a note was added, changed or removed since the index was built."""
        generation, now = view.header().generation, time.monotonic()
        seen = self._last_scan(generation)
        if seen is not None and seen.holds(now):
            return seen.stale
        if seen is not None and seen.may_be_reused_once(now) and self._scan_in_background(view):
            return False
        with self._scanning:
            seen = self._last_scan(generation)
            if seen is None or not seen.holds(now):  # no other thread scanned in the meantime
                started, stamps = time.monotonic(), self._stamps_of(view)
                stale = _is_stale(self._folder, view, stamps)
                seen = self._scan = _Scan.since(started, generation, stale)
        return seen.stale

    def _last_scan(self, generation: int) -> _Scan | None:
        scan = self._scan
        return scan if scan is not None and scan.generation == generation else None

    def _scan_in_background(self, view: View) -> bool:
        """Start a scan in another thread; return whether one is running."""
        generation, stamps = view.header().generation, self._stamps_of(view)
        if not self._scanning.acquire(blocking=False):
            return True

        def scan() -> None:
            seen = None  # if stamps differ, the next question compares the content
            try:
                started = time.monotonic()
                if _differing(self._folder, stamps) == []:
                    seen = _Scan.since(started, generation, stale=False)
            except MemoryError:
                pass  # the next question scans, and reports it
            finally:
                self._scan = seen
                self._scanning.release()

        try:
            threading.Thread(target=scan, name="rescan", daemon=True).start()
        except RuntimeError:  # no thread can be started
            self._scanning.release()
            return False
        return True

    def missing(self) -> list[str]:
        """Return a line for each missing notes folder."""
        return self._folder.missing()

    def is_there(self, note_id: str, view: View) -> bool:
        """Return whether the file of a note still exists.

        :param note_id: the note.
        :param view: the index.
        """
        return self._note_now(note_id, view)[0]

    def confirm_note(self, points: list[StoredPoint], view: View) -> list[StoredPoint]:
        """Return the points that are still in a note, with their current lines.

        :param points: of one note, in reading order.
        :param view: the index they came from.
        :return: the same list object if the note is unchanged.
        """
        if not points:
            return points
        there, note = self._note_now(points[0].note.note_id, view)
        if there and note is None:
            return points
        now: dict[tuple[object, ...], Point] = {}
        for point in reversed(note.points if note else ()):
            now[_identity(point)] = point
        return [
            _moved(stored, now[_identity(stored.point)])
            for stored in points
            if _identity(stored.point) in now
        ]

    def _now(self, stored: StoredPoint, view: View) -> StoredPoint | None:
        there, note = self._note_now(stored.note.note_id, view)
        if not there:
            return None
        if note is None:  # unchanged since it was indexed
            return stored
        same = _identity(stored.point)
        found = next((point for point in note.points if _identity(point) == same), None)
        return None if found is None else _moved(stored, found)

    def _note_now(self, note_id: str, view: View) -> tuple[bool, Note | None]:
        """Return whether a note exists, and its new content if it changed since it was indexed."""
        stamp = self._folder.read_stamp(note_id)
        if stamp is None:
            return False, None
        seen = self._notes.get(note_id)
        if seen is not None and seen[0] == stamp:
            return True, seen[1]
        same = stamp == self._stamps_of(view).get(note_id) or self._is_same(note_id, view)
        note = None if same else self._read(note_id)
        self._notes.put(note_id, (stamp, note))
        return True, note

    def _stamps_of(self, view: View) -> dict[str, FileStamp | None]:
        """Return the stamps of a generation, read from the index once."""
        generation = view.header().generation
        known = self._stamps
        if known is None or known[0] != generation:  # another thread may replace it in the meantime
            known = self._stamps = (generation, view.stamps())
        return known[1]

    def _is_same(self, note_id: str, view: View) -> bool:
        return _has_hash(self._folder, note_id, view)

    def _read(self, note_id: str) -> Note:
        try:
            return self._folder.cut(self._folder.read(note_id), self._measure)
        except NoteError:
            return Note(note_id, b"", "")


def _identity(point: Point) -> tuple[object, ...]:
    """Return what identifies a point of a note when its lines move."""
    return point.text, point.heading_path, point.parents


def _moved(stored: StoredPoint, now: Point) -> StoredPoint:
    point = stored.point._replace(line_start=now.line_start, line_end=now.line_end)
    return stored._replace(point=point)


def is_stale(folder: NotesFolder, view: View) -> bool:
    """Return whether a note was added, changed or removed since an index was built.

    Files are read only if their stamps differ.

    :param folder: the notes.
    :param view: the index.
    """
    return _is_stale(folder, view, view.stamps())


def _is_stale(folder: NotesFolder, view: View, stamps: Mapping[str, FileStamp | None]) -> bool:
    differing = _differing(folder, stamps)
    return differing is None or not all(_has_hash(folder, note_id, view) for note_id in differing)


def _differing(folder: NotesFolder, stamps: Mapping[str, FileStamp | None]) -> list[str] | None:
    """Return the notes whose stamps differ, None if notes were added or removed."""
    try:
        scan = folder.scan()
    except NotesError:
        return None
    entries = scan.notes
    if scan.missing:
        stamps = {known: stamp for known, stamp in stamps.items() if not scan.is_missing(known)}
    if len(entries) != len(stamps) or any(entry.note_id not in stamps for entry in entries):
        return None
    return [entry.note_id for entry in entries if entry.stamp != stamps[entry.note_id]]


def _has_hash(folder: NotesFolder, note_id: str, view: View) -> bool:
    """Return whether the content of a note is the indexed one."""
    try:
        return folder.read(note_id).content_hash == view.content_hash(note_id)
    except NoteError:
        return False

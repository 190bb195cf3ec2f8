"""Search by words during the first build: read the notes separately, into memory.

It answers until the index is ready, and is dropped then. It has no model and no typo tolerance.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from indexer.encoding.token_counts import EstimatedTokens
from indexer.errors import IndexerError
from indexer.notes.folder import NotesFolder
from indexer.records import Note, Point
from indexer.text.terms import find_terms, query_terms, terms_of
from indexer.web.presenters import formulas_of, href_of, plain

# Robertson & Zaragoza, 2009: the usual constants of BM25.
_K1, _B = 1.2, 0.75
_HEADING_WEIGHT = 0.15
# The most notes to read; more would take as long as the build, and much memory.
_MAX_NOTES = 5_000


class Found(NamedTuple):
    """A point with words of the question, and its note."""

    note: Note
    point: Point


class FirstWords:
    """Reads the notes of a folder in the background and finds points by their words."""

    def __init__(self, folder: NotesFolder) -> None:
        """Start to read.

        :param folder: of the notes.
        """
        self._folder = folder
        self._lock = threading.Lock()  # guards the rest
        self._points: list[Found] = []
        self._lengths: list[int] = []
        self._places: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        self._notes: dict[str, Note] = {}
        self._stop = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()

    @property
    def notes(self) -> int:
        """The number of notes read so far."""
        with self._lock:
            return len(self._notes)

    def note(self, note_id: str) -> Note | None:
        """Return a note already read, or None."""
        with self._lock:
            return self._notes.get(note_id)

    def find(self, question: str, k: int) -> list[Found]:
        """Return the points with words of a question, best first.

        :param question: as typed.
        :param k: the most points.
        """
        with self._lock:
            scores: defaultdict[int, float] = defaultdict(float)
            mean = sum(self._lengths) / max(1, len(self._lengths))
            for term in set(query_terms(question)):
                places = self._places.get(term, ())
                rarity = math.log(1 + (len(self._points) - len(places) + 0.5) / (len(places) + 0.5))
                for at, count in places:
                    length = _K1 * (1 - _B + _B * self._lengths[at] / max(mean, 1))
                    scores[at] += rarity * count * (_K1 + 1) / (count + length)
            best = sorted(scores, key=lambda at: (-scores[at], at))[:k]
            return [self._points[at] for at in best]

    def _read(self) -> None:
        try:
            entries = self._folder.scan().notes[:_MAX_NOTES]
        except IndexerError:
            return  # the build reports the same error
        for entry in entries:
            if self._stop.is_set():
                return
            try:
                note = self._folder.cut(self._folder.read(entry.note_id), EstimatedTokens())
            except IndexerError:
                continue  # the report of the build lists it
            self._keep(note)

    def _keep(self, note: Note) -> None:
        counted = [(point, terms_of(point.text)) for point in note.points]
        with self._lock:
            self._notes[note.note_id] = note
            for point, terms in counted:
                at = len(self._points)
                self._points.append(Found(note, point))
                self._lengths.append(len(terms))
                above = set(terms_of(" ".join((note.title, *point.heading_path))))
                counts = Counter(terms)
                for term in above | counts.keys():
                    weight = counts[term] + (_HEADING_WEIGHT if term in above else 0)
                    self._places[term].append((at, weight))


def rows_of(found: list[Found], question: str) -> list[dict[str, Any]]:
    """Return the data of points found by words, for the page.

    :param found: the points.
    :param question: its words are marked.
    """
    terms = frozenset(query_terms(question))
    rows = []
    for note, point in found:
        place = plain(f"{note.note_id}:{point.line_start}")
        text = plain(point.text)
        rows.append(
            {
                "place": place,
                "href": href_of(place),
                "title": plain(note.title),
                "text": text,
                "marks": [[start, end, "word"] for start, end in find_terms(text, terms)],
                "math": formulas_of(text),
            }
        )
    return rows

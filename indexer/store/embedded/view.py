"""A view of the embedded store: reads one generation."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexDamaged, IndexNotFound
from indexer.records import FileStamp, Link, NoteFilter
from indexer.store.embedded.schema import CHANCE_TRACE, read_header
from indexer.store.embedded.vector_blocks import vectors_of_points
from indexer.store.embedded.vector_search import PointVectors
from indexer.store.filters import COUNT_LABELS, SHOWN_KINDS, compile_filter
from indexer.store.records import (
    Header,
    NoteInfo,
    NoteState,
    Scored,
    Setup,
    StoredPoint,
    Vectors,
    WholeNote,
)
from indexer.store.rows import (
    LINK_COLUMNS,
    NOTE_INFO_COLUMNS,
    NOTE_STATE_COLUMNS,
    POINT_COLUMNS,
    REBUILD,
    checksum_bytes,
    link_from_row,
    note_info_from_row,
    note_state_from_row,
    path_from_row,
    path_to_row,
    point_from_row,
    sound,
)
from indexer.store.term_selection import ChosenTerms, choose_terms
from indexer.store.whole_notes import read_whole_notes
from indexer.text.terms import CONTEXT_WEIGHT

# If a filter passes more points than this, it is applied to each match instead.
_MAX_LISTED = 2_000
_SELECT_LIMIT = 512
# Number of points to find by the rarest words; all words then choose the best of them.
_RATED_FOR_ONE = 4

_NO_LINKS: Mapping[int, list[Link]] = {}

OpenVectors = Callable[[sqlite3.Connection, int, int], PointVectors]


class SqlView:
    """One generation of an index, read within one transaction."""

    def __init__(self, connection: sqlite3.Connection, open_vectors: OpenVectors) -> None:
        """Take a connection with an open transaction.

        :param connection: the caller closes it.
        :param open_vectors: opens the vectors for (connection, generation, dimension).
        """
        self.connection = connection
        self._open_vectors = open_vectors
        self._header: Header | None = None
        self._notes_read: dict[int, NoteInfo] = {}
        self._counted: dict[str, int] = {}  # term to number of points; 0 for unknown terms
        self._vectors_found: PointVectors | None = None

    def header(self) -> Header:
        """Return the header: generation, counts and setup."""
        if self._header is None:
            found = read_header(self.connection)
            setup = None
            if "encoder" in found:
                setup = Setup(
                    encoder=found["encoder"],
                    model=found["model"],
                    dimension=int(found["dimension"]),
                    chunking=found["chunking"],
                    engine=found.get("engine", ""),
                    files=found.get("files", ""),
                )
            generation, notes, points = (
                int(found.get(key, "0")) for key in ("generation", "notes", "points")
            )
            chance = None
            if found.get("chance_of") == str(generation):
                chance = int(found["chance_millionths"]) / 1_000_000
            self._header = Header(generation, setup, notes, points, chance)
        return self._header

    def note_states(self) -> dict[str, NoteState]:
        """Return the state of every file by note id, including files that were not indexed."""
        points = Counter(
            dict(
                self.connection.execute("SELECT note, count(*) FROM point GROUP BY note").fetchall()
            )
        )
        rows = self.connection.execute(f"SELECT {NOTE_STATE_COLUMNS}, id FROM note")
        return {
            path_from_row(row[0]): note_state_from_row(row[:-1], points[row[-1]]) for row in rows
        }

    def stamps(self) -> dict[str, FileStamp | None]:
        """Return the stamp that every file had when it was read."""
        rows = self.connection.execute("SELECT path, size, mtime_ns, ctime_ns, inode FROM note")
        return {
            path_from_row(row[0]): None if row[1] is None else FileStamp(*row[1:]) for row in rows
        }

    def content_hash(self, note_id: str) -> bytes | None:
        """Return the content hash of a note, None if the index has no such note."""
        sql = "SELECT content_hash FROM note WHERE path = ?"
        row = self.connection.execute(sql, (path_to_row(note_id),)).fetchone()
        return row[0] if row else None

    def note(self, note_id: str) -> NoteInfo | None:
        """Return an indexed note, None if there is no such note."""
        sql = f"SELECT {NOTE_INFO_COLUMNS} FROM note WHERE outcome <> 'skipped' AND path = ?"
        row = self.connection.execute(sql, (path_to_row(note_id),)).fetchone()
        return note_info_from_row(row) if row else None

    def notes(self) -> list[NoteInfo]:
        """Return the indexed notes, by path."""
        sql = f"SELECT {NOTE_INFO_COLUMNS} FROM note WHERE outcome <> 'skipped' ORDER BY path"
        return [note_info_from_row(row) for row in self.connection.execute(sql)]

    def labels(self) -> dict[str, dict[str, int]]:
        """Return how many notes carry each label, by kind; see ``View``."""
        found: dict[str, dict[str, int]] = {kind: {} for kind in SHOWN_KINDS}
        for kind, value, count in self.connection.execute(COUNT_LABELS):
            found[kind][value] = count
        return found

    def dense(self, vector: Vectors, k: int, where: NoteFilter) -> Scored:
        """Return the ``k`` points whose vectors have the highest cosine to a question's."""
        return self.begin_dense(vector, k, where)()

    def begin_dense(self, vector: Vectors, k: int, where: NoteFilter) -> Callable[[], Scored]:
        """Start ``dense`` in parallel; the returned function waits for the result."""
        vectors = self._vectors()
        return vectors.begin_search(vector, k, self._allowed(where, vectors) if where else None)

    def cosines(self, vector: Vectors, point_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of given points to a vector."""
        found = self._vectors().cosines(vector, np.array(point_ids, np.int64))
        missing = [point_id for point_id in point_ids if point_id not in found]
        if missing:
            cosines = self.vectors(missing) @ vector
            found |= zip(missing, cosines.tolist(), strict=True)
        return found

    def vectors(self, point_ids: Sequence[int]) -> Vectors:
        """Return the vectors of given points, float32, shape ``(len(point_ids), dimension)``."""
        if self._vectors_found is not None:
            held = self._vectors_found.vectors(np.array(point_ids, np.int64))
            if held is not None:
                return held
        found = dict(self._select("SELECT id, vector FROM point WHERE id IN", point_ids))
        ids = np.array([found[point_id] for point_id in point_ids], np.int64)
        setup = self.header().setup
        dimension = setup.dimension if setup else 1
        return vectors_of_points(self.connection, np.array(point_ids, np.int64), ids, dimension)

    def newest(self, most: int) -> list[int]:
        """Return the ids of the newest points, highest first."""
        sql = "SELECT id FROM point ORDER BY id DESC LIMIT ?"
        return [point_id for (point_id,) in self.connection.execute(sql, (most,))]

    def chance_trace(self) -> bytes:
        """Return the trace of the last measurement; see ``Store.keep_chance``."""
        sql = "SELECT value FROM header WHERE key = ?"
        row = self.connection.execute(sql, (CHANCE_TRACE,)).fetchone()
        return row[0] if row and isinstance(row[0], bytes) else b""

    def pieces(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the packed word pieces of given points."""
        if self._vectors_found is None:
            return self._read_pieces(point_ids)
        return self._vectors_found.rows.pieces(point_ids, self._read_pieces)

    def _read_pieces(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        sql = (
            "SELECT point.id, vector.pieces, vector.pieces_checksum FROM point "
            "JOIN vector ON vector.id = point.vector WHERE point.id IN"
        )
        found: dict[int, bytes] = {}
        for point_id, pieces, check in self._select(sql, point_ids):
            if checksum_bytes(pieces) != check:
                raise IndexDamaged(f"the word pieces of point {point_id} are damaged", REBUILD)
            found[point_id] = pieces
        return found

    def vector_keys(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the keys of the vectors of given points."""
        sql = (
            "SELECT point.id, vector.key FROM point "
            "JOIN vector ON vector.id = point.vector WHERE point.id IN"
        )
        return dict(self._select(sql, point_ids))

    def lexical(
        self, terms: Sequence[str], k: int, where: NoteFilter, *, common: bool = True
    ) -> Scored:
        """Return the ``k`` points with the highest BM25 for a question's terms; see ``View``."""
        chosen = self._asked(terms)
        if chosen.common and not common:
            return []
        if chosen.find == chosen.rate:
            return self._match(chosen.find, k, where, None)
        found = [i for i, _ in self._match(chosen.find, _RATED_FOR_ONE * k, where, None)]
        return self._match(chosen.rate, len(found), NoteFilter(), found)[:k]

    def points_with(self, terms: Sequence[str], k: int, where: NoteFilter) -> list[int]:
        """Return points that have all of the terms; see ``View``."""
        if not terms:
            return []
        quoted = " AND ".join('"' + term.replace('"', '""') + '"' for term in sorted({*terms}))
        sql, values = "SELECT rowid FROM words WHERE words MATCH ?", [quoted]
        if where:
            notes, more = compile_filter(where, "?")
            sql += f" AND (SELECT note FROM point WHERE id = words.rowid) IN ({notes})"
            values += more
        rows = self.connection.execute(f"{sql} ORDER BY rowid LIMIT ?", (*values, k))
        return [row[0] for row in rows]

    def bm25(self, terms: Sequence[str], point_ids: Sequence[int]) -> dict[int, float]:
        """Return the BM25 of given points for the terms of a question, 0 for those with none."""
        chosen = self._asked(terms)
        rate = [] if chosen.commonest else chosen.rate
        found = dict(self._match(rate, len(point_ids), NoteFilter(), point_ids))
        return {point_id: found.get(point_id, 0.0) for point_id in point_ids}

    def _asked(self, terms: Sequence[str]) -> ChosenTerms:
        """Drop terms that no point has, and the most common terms if others remain."""
        return choose_terms(terms, self.term_counts(set(terms)), self.header().points)

    def _match(
        self, terms: Sequence[str], k: int, where: NoteFilter, point_ids: Sequence[int] | None
    ) -> Scored:
        if not terms or k <= 0:
            return []
        quoted = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
        sql = "SELECT rowid, rank FROM words WHERE words MATCH ? AND rank MATCH ?"
        values: list[Any] = [quoted, f"bm25(1.0, {CONTEXT_WEIGHT})"]
        # Without the plus, SQLite queries FTS5 again for every rowid.
        if point_ids is not None:
            sql += f" AND +rowid IN ({','.join('?' * len(point_ids))})"
            return self._ranked(sql, (*values, *point_ids))
        if where:
            notes, more = compile_filter(where, "?")
            values += more
            if len(self._allowed(where, self._vectors())) <= _MAX_LISTED:
                sql += f" AND +rowid IN (SELECT id FROM point WHERE note IN ({notes}))"
            else:
                sql += f" AND (SELECT note FROM point WHERE id = words.rowid) IN ({notes})"
        return self._ranked(f"{sql} ORDER BY rank LIMIT ?", (*values, k))

    def _ranked(self, sql: str, values: Sequence[Any]) -> Scored:
        rows = self.connection.execute(sql, values)
        return sorted(((row[0], -row[1]) for row in rows), key=lambda pair: (-pair[1], pair[0]))

    def read_points(
        self, point_ids: Collection[int], *, links: bool = True
    ) -> dict[int, StoredPoint]:
        """Return points by id, with notes and links; ids that no longer exist are left out."""
        if links or self._vectors_found is None:
            return self._read_points(point_ids, self.links_in(point_ids) if links else {})
        return self._vectors_found.rows.points(point_ids, self._read_points)

    def _read_points(
        self, point_ids: Collection[int], own: Mapping[int, list[Link]] = _NO_LINKS
    ) -> dict[int, StoredPoint]:
        sql = f"SELECT {POINT_COLUMNS}, vector, note, checksum, id FROM point WHERE id IN"
        return self._stored(list(self._select(sql, point_ids)), own)

    def _stored(self, rows: list[Any], own: Mapping[int, list[Link]]) -> dict[int, StoredPoint]:
        """Return the points in rows of their columns, vector, note, checksum and id."""
        width = len(POINT_COLUMNS.split(", "))
        notes = self._notes_by_row({row[width + 1] for row in rows})
        found: dict[int, StoredPoint] = {}
        for row in rows:
            point_id, note = row[-1], notes.get(row[width + 1])
            if note is None:
                continue
            sound(row[:-1], f"point {point_id}")
            ordinal, point = point_from_row(row[:width])
            found[point_id] = StoredPoint(
                point_id, ordinal, note, point, tuple(own.get(point_id, ()))
            )
        return found

    def _notes_by_row(self, rows: Collection[int]) -> dict[int, NoteInfo]:
        """Return notes by row id; each is read once per view."""
        sql = f"SELECT {NOTE_INFO_COLUMNS}, id FROM note WHERE id IN"
        for row in self._select(sql, [i for i in rows if i not in self._notes_read]):
            self._notes_read[row[-1]] = note_info_from_row(row[:-1])
        return self._notes_read

    def points_of(self, note_id: str) -> list[StoredPoint]:
        """Return the points of a note in reading order."""
        sql = (
            "SELECT point.id FROM point JOIN note ON note.id = point.note "
            "WHERE note.path = ? ORDER BY ordinal"
        )
        ids = [row[0] for row in self.connection.execute(sql, (path_to_row(note_id),))]
        found = self.read_points(ids)
        return [found[point_id] for point_id in ids]

    def points_between(self, note_id: str, first: int, last: int) -> list[StoredPoint]:
        """Return the points of a note from one ordinal to another, in reading order, no links."""
        sql = (
            f"SELECT {POINT_COLUMNS}, vector, note, checksum, id FROM point "
            "WHERE note = (SELECT id FROM note WHERE path = ?) AND ordinal BETWEEN ? AND ? "
            "ORDER BY ordinal"
        )
        rows = self.connection.execute(sql, (path_to_row(note_id), first, last)).fetchall()
        return list(self._stored(rows, {}).values())

    def note_sizes(self, note_ids: Collection[str]) -> dict[str, int]:
        """Return the number of points of each note; see ``View``."""
        if self._vectors_found is None:
            return self._read_sizes(note_ids)
        return self._vectors_found.rows.sizes(note_ids, self._read_sizes)

    def _read_sizes(self, note_ids: Collection[str]) -> dict[str, int]:
        sql = (
            "SELECT path, (SELECT max(ordinal) + 1 FROM point WHERE point.note = note.id) "
            "FROM note WHERE path IN"
        )
        rows = self._select(sql, [path_to_row(note_id) for note_id in note_ids])
        return {path_from_row(path): points or 0 for path, points in rows}

    def links_of(self, note_id: str | None = None, most: int | None = None) -> list[Link]:
        """Return the first links of one note or of all, in reading order."""
        if note_id is None:
            return self._links("1", (), most)
        return self._links("source.path = ?", (path_to_row(note_id),), most)

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""
        path = path_to_row(note_id)
        return self._links("target_note.path = ? AND source.path <> ?", (path, path))

    def _links(self, condition: str, values: Sequence[Any], most: int | None = None) -> list[Link]:
        columns = ", ".join(f"link.{column}" for column in LINK_COLUMNS.split(", "))
        rows = self.connection.execute(
            f"SELECT source.path, target_note.path, {columns} FROM link "
            "JOIN note AS source ON source.id = link.note "
            "LEFT JOIN note AS target_note ON target_note.id = link.reached "
            f"WHERE {condition} ORDER BY source.path, link.line, link.id LIMIT ?",
            (*values, -1 if most is None else most),
        )
        return [link_from_row(path_from_row(row[0]), row[1], row[2:]) for row in rows]

    def links_in(self, point_ids: Collection[int]) -> dict[int, list[Link]]:
        """Return the links in given points, by point id; points without links are left out."""
        columns = ", ".join(f"link.{column}" for column in LINK_COLUMNS.split(", "))
        sql = (
            f"SELECT link.point, source.path, target_note.path, {columns} FROM link "
            "JOIN note AS source ON source.id = link.note "
            "LEFT JOIN note AS target_note ON target_note.id = link.reached WHERE link.point IN"
        )
        found: dict[int, list[Link]] = {}
        for row in self._select(sql, point_ids):
            found.setdefault(row[0], []).append(
                link_from_row(path_from_row(row[1]), row[2], row[3:])
            )
        return found

    def terms_like(self, prefix: str, shortest: int, longest: int) -> list[tuple[str, int]]:
        """Return the terms that start with a prefix; see ``View``."""
        sql = (
            "SELECT term, points FROM term "
            "WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?"
        )
        values = (prefix, prefix + "\U0010ffff", shortest, longest)
        return [(row[0], row[1]) for row in self.connection.execute(sql, values)]

    def term_counts(self, terms: Collection[str]) -> dict[str, int]:
        """Return the number of points each term occurs in."""
        wanted = sorted(term for term in terms if term not in self._counted)
        self._counted |= dict.fromkeys(wanted, 0)
        self._counted |= self._select("SELECT term, points FROM term WHERE term IN", wanted)
        return {term: self._counted[term] for term in terms if self._counted[term]}

    def whole_notes(self) -> Iterator[list[WholeNote]]:
        """Yield every file with its points and links, a few hundred at a time."""
        return read_whole_notes(self.connection.execute, "JOIN vector ON vector.id = point.vector")

    def _vectors(self) -> PointVectors:
        if self._vectors_found is None:
            header = self.header()
            if header.setup is None:
                raise IndexNotFound("nothing was built yet", "run `notepoint build`")
            self._vectors_found = self._open_vectors(
                self.connection, header.generation, header.setup.dimension
            )
        return self._vectors_found

    def _allowed(self, where: NoteFilter, vectors: PointVectors) -> NDArray[np.int64]:
        """Return the sorted ids of the points that pass a filter, computed once per generation."""

        def find() -> NDArray[np.int64]:
            notes, values = compile_filter(where, "?")
            sql = f"SELECT id FROM point WHERE note IN ({notes})"
            rows = self.connection.execute(sql, values).fetchall()
            return np.sort(np.array([row[0] for row in rows], np.int64))

        return vectors.allowed(where, find)

    def _select(self, sql: str, values: Collection[Any]) -> Iterator[Any]:
        """Run a statement that ends in IN for any number of values."""
        wanted = list(values)
        for start in range(0, len(wanted), _SELECT_LIMIT):
            part = wanted[start : start + _SELECT_LIMIT]
            # Padded to a power of two, so that few different statements are prepared.
            part += part[-1:] * (_length_of(len(part)) - len(part))
            yield from self.connection.execute(f"{sql} ({','.join('?' * len(part))})", part)


def _length_of(count: int) -> int:
    """Return the next power of two."""
    return 1 << (count - 1).bit_length()

"""A view of the server store: reads one generation within one transaction."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pgvector import HalfVector
from psycopg import Connection

from indexer.errors import IndexDamaged, IndexNotFound
from indexer.records import FileStamp, Link, NoteFilter
from indexer.store.filters import COUNT_LABELS, SHOWN_KINDS, compile_filter
from indexer.store.postgres.schema import lexeme, quote_lexeme
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
    checksum,
    checksum_bytes,
    link_from_row,
    note_info_from_row,
    note_state_from_row,
    point_from_row,
)
from indexer.store.term_selection import ChosenTerms, choose_terms
from indexer.store.whole_notes import read_whole_notes
from indexer.text.terms import CONTEXT_WEIGHT

# As in SQLite's FTS5, so that both stores give the same scores (Robertson & Zaragoza 2009, 3.3).
_K1, _B = 1.2, 0.75
_MIN_IDF = 1e-6
# The server compares vectors with a question rounded to float16; they are rescored here without
# rounding. This number of extra points covers those that rounding put just outside.
_MARGIN = 20
# Up to this number of points that pass a filter, all are compared; above it, the index is used.
_EXACT_UP_TO = 20_000
# The number of occurrences n of a term, from ts_rank, which for one term is
# (1 + 1/4 + ... + 1/n^2) / (pi^2/6). Correct for the 255 positions that PostgreSQL keeps.
_COUNT = "round(0.60793::float8 / (1 - ts_rank('{{{weights}}}', words, %s::tsquery)) - 0.5)"
_OWN, _ALL = _COUNT.format(weights="0, 0, 0, 1"), _COUNT.format(weights="1, 0, 0, 1")

_POINT = ", ".join(f"point.{column}" for column in POINT_COLUMNS.split(", "))
_INFO = ", ".join(f"note.{column}" for column in NOTE_INFO_COLUMNS.split(", "))
_STORED = (
    f"SELECT {_POINT}, point.note, point.checksum, point.id, {_INFO} "
    "FROM point JOIN note ON note.id = point.note"
)
_LINK = ", ".join(f"link.{column}" for column in LINK_COLUMNS.split(", "))
_LINKS_FROM = (
    "FROM link JOIN note AS source ON source.id = link.note "
    "LEFT JOIN note AS target_note ON target_note.id = link.reached"
)


def run(
    connection: Connection, sql: str, values: Sequence[Any] = (), *, binary: bool = False
) -> list[tuple[Any, ...]]:
    """Return the rows of a statement.

    :param connection: runs the statement.
    :param sql: consists of constants, numbers and placeholders only.
    :param values: of its placeholders.
    :param binary: True to receive vectors in binary.
    """
    return connection.execute(sql, values or None, binary=binary).fetchall()


def read_header(connection: Connection) -> tuple[Header, int, int]:
    """Return the header of an index, its era, and the number of terms in its points."""
    ((era, tokens, generation, notes, points, chance, *setup),) = run(
        connection,
        "SELECT era, tokens, generation, notes, points, "
        "CASE WHEN chance_of = generation THEN chance END, "
        "encoder, model, dimension, chunking, engine, files FROM header",
    )
    made_for = None if setup[0] is None else Setup(*setup)
    return Header(generation, made_for, notes, points, chance), era, tokens


class ServerView:
    """One generation of an index on a server."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection in a transaction with one snapshot; the caller ends it."""
        self._connection = connection
        self._found: tuple[Header, int, int] | None = None
        self._counts: dict[str, int] = {}  # counts of terms, once read

    def _run(
        self, sql: str, values: Sequence[Any] = (), *, binary: bool = False
    ) -> list[tuple[Any, ...]]:
        return run(self._connection, sql, values, binary=binary)

    def header(self) -> Header:
        """Return the header: generation, counts and setup."""
        if self._found is None:
            self._found = read_header(self._connection)
        return self._found[0]

    def _era(self) -> int:
        self.header()
        assert self._found is not None
        return self._found[1]

    def _mean_length(self) -> float:
        header = self.header()
        assert self._found is not None
        return self._found[2] / max(1, header.points)

    # notes
    def note_states(self) -> dict[str, NoteState]:
        """Return the state of every file by note id, including files that were not indexed."""
        points = Counter(dict(self._run("SELECT note, count(*) FROM point GROUP BY note")))
        rows = self._run(f"SELECT {NOTE_STATE_COLUMNS}, id FROM note")
        return {row[0]: note_state_from_row(row[:-1], points[row[-1]]) for row in rows}

    def stamps(self) -> dict[str, FileStamp | None]:
        """Return the stamp that every file had when it was read."""
        rows = self._run("SELECT path, size, mtime_ns, ctime_ns, inode FROM note")
        return {row[0]: None if row[1] is None else FileStamp(*row[1:]) for row in rows}

    def content_hash(self, note_id: str) -> bytes | None:
        """Return the content hash of a note, None if the index has no such note."""
        rows = self._run("SELECT content_hash FROM note WHERE path = %s", (note_id,))
        return rows[0][0] if rows else None

    def note(self, note_id: str) -> NoteInfo | None:
        """Return an indexed note, None if there is no such note."""
        sql = f"SELECT {NOTE_INFO_COLUMNS} FROM note WHERE outcome <> 'skipped' AND path = %s"
        rows = self._run(sql, (note_id,))
        return note_info_from_row(rows[0]) if rows else None

    def notes(self) -> list[NoteInfo]:
        """Return the indexed notes, by path."""
        sql = f"SELECT {NOTE_INFO_COLUMNS} FROM note WHERE outcome <> 'skipped' ORDER BY path"
        return [note_info_from_row(row) for row in self._run(sql)]

    def labels(self) -> dict[str, dict[str, int]]:
        """Return how many notes carry each label, by kind; see ``View``."""
        found: dict[str, dict[str, int]] = {kind: {} for kind in SHOWN_KINDS}
        for kind, value, count in self._run(COUNT_LABELS):
            found[kind][value] = count
        return found

    # by meaning
    def dense(self, vector: Vectors, k: int, where: NoteFilter) -> Scored:
        """Return the ``k`` points whose vectors have the highest cosine to a question's."""
        setup = self.header().setup
        if setup is None:
            raise IndexNotFound("nothing was built yet", "run `notepoint build`")
        if k <= 0:
            return []
        conditions = f"era = {self._era()}"
        values: list[Any] = []
        column = f"value::halfvec({setup.dimension})"
        if where:
            notes, values = compile_filter(where, "%s")
            conditions += f" AND note IN ({notes})"
            if self._points_in(notes, values) <= _EXACT_UP_TO:
                column = "value"  # a column without an index
        rows = self._run(
            f"SELECT point, value, checksum FROM embedding WHERE {conditions} "
            f"ORDER BY {column} <#> %s LIMIT %s",
            (*values, HalfVector(vector), k + _MARGIN),
            binary=True,
        )
        if not rows:
            return []
        scores = _stack(rows) @ vector
        found = zip((row[0] for row in rows), scores.tolist(), strict=True)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def begin_dense(self, vector: Vectors, k: int, where: NoteFilter) -> Callable[[], Scored]:
        """Return a function that runs ``dense``: a connection runs one statement at a time."""
        return functools.partial(self.dense, vector, k, where)

    def _points_in(self, notes: str, values: Sequence[Any]) -> float:
        """Estimate the number of points that pass a filter; counting them would take longer."""
        header = self.header()
        if header.points <= _EXACT_UP_TO:
            return header.points
        ((count,),) = self._run(f"SELECT count(*) FROM ({notes}) AS found", values)
        return float(count * header.points / max(1, header.notes))

    def cosines(self, vector: Vectors, point_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of given points to a vector."""
        if not point_ids:
            return {}
        cosines = self.vectors(point_ids) @ vector
        return dict(zip(point_ids, cosines.tolist(), strict=True))

    def vectors(self, point_ids: Sequence[int]) -> Vectors:
        """Return the vectors of given points, float32, shape ``(len(point_ids), dimension)``."""
        sql = "SELECT point, value, checksum FROM embedding WHERE point = ANY(%s)"
        rows = self._run(sql, (list(point_ids),), binary=True)
        place = {row[0]: i for i, row in enumerate(rows)}
        return np.asarray(_stack(rows)[[place[point_id] for point_id in point_ids]])

    def newest(self, most: int) -> list[int]:
        """Return the ids of the newest points, highest first."""
        sql = "SELECT id FROM point WHERE era = %s ORDER BY id DESC LIMIT %s"
        return [point_id for (point_id,) in self._run(sql, (self._era(), most))]

    def chance_trace(self) -> bytes:
        """Return the trace of the last measurement; see ``Store.keep_chance``."""
        ((trace,),) = self._run("SELECT chance_trace FROM header")
        return trace or b""

    def pieces(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the packed word pieces of given points."""
        sql = "SELECT point, pieces, pieces_checksum FROM embedding WHERE point = ANY(%s)"
        found: dict[int, bytes] = {}
        for point_id, pieces, check in self._run(sql, (list(point_ids),), binary=True):
            if checksum_bytes(pieces) != check:
                raise IndexDamaged(f"the word pieces of point {point_id} are damaged", REBUILD)
            found[point_id] = pieces
        return found

    def vector_keys(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the keys of the vectors of given points."""
        sql = "SELECT point, key FROM embedding WHERE point = ANY(%s)"
        rows = self._run(sql, (list(point_ids),), binary=True) if point_ids else []
        return {point_id: bytes(key) for point_id, key in rows}

    # by words
    def lexical(
        self, terms: Sequence[str], k: int, where: NoteFilter, *, common: bool = True
    ) -> Scored:
        """Return the ``k`` points with the highest BM25 for a question's terms; see ``View``."""
        chosen = self._asked(terms)
        if chosen.common and not common:
            return []
        if not chosen.find or k <= 0:
            return []
        score, values = self._score_sql(self._weights(chosen.rate))
        conditions = f"era = {self._era()} AND words @@ %s::tsquery"
        values.append(" | ".join(quote_lexeme(term) for term in sorted({*chosen.find})))
        if where:
            notes, more = compile_filter(where, "%s")
            conditions += f" AND note IN ({notes})"
            values += more
        sql = f"SELECT id, {score} AS score FROM point WHERE {conditions}"
        return self._run(f"{sql} ORDER BY score DESC, id LIMIT %s", (*values, k))

    def points_with(self, terms: Sequence[str], k: int, where: NoteFilter) -> list[int]:
        """Return points that have all of the terms; see ``View``."""
        if not terms:
            return []
        values: list[Any] = [" & ".join(quote_lexeme(term) for term in sorted({*terms}))]
        sql = f"SELECT id FROM point WHERE era = {self._era()} AND words @@ %s::tsquery"
        if where:
            notes, more = compile_filter(where, "%s")
            sql += f" AND note IN ({notes})"
            values += more
        return [row[0] for row in self._run(f"{sql} ORDER BY id LIMIT %s", (*values, k))]

    def bm25(self, terms: Sequence[str], point_ids: Sequence[int]) -> dict[int, float]:
        """Return the BM25 of given points for the terms of a question, 0 for those with none."""
        found: dict[int, float] = {}
        chosen = self._asked(terms)
        if point_ids and not chosen.commonest and (weights := self._weights(chosen.rate)):
            score, values = self._score_sql(weights)
            sql = f"SELECT id, {score} FROM point WHERE id = ANY(%s)"
            found = dict(self._run(sql, (*values, list(point_ids))))
        return {point_id: found.get(point_id, 0.0) for point_id in point_ids}

    def terms_like(self, prefix: str, shortest: int, longest: int) -> list[tuple[str, int]]:
        """Return the terms that start with a prefix; see ``View``."""
        sql = (
            "SELECT term, points FROM term "
            "WHERE term >= %s AND term < %s AND length(term) BETWEEN %s AND %s"
        )
        values = (prefix, prefix + "\U0010ffff", shortest, longest)
        return [(term, points) for term, points in self._run(sql, values)]

    def term_counts(self, terms: Collection[str]) -> dict[str, int]:
        """Return the number of points each term occurs in."""
        asked = {term for term in terms if term not in self._counts}
        if asked:
            whole = {lexeme(term): term for term in asked}
            sql = "SELECT term, points FROM term WHERE term = ANY(%s)"
            found = dict(self._run(sql, (sorted(whole),)))
            self._counts.update({term: found.get(short, 0) for short, term in whole.items()})
        return {term: count for term in terms if (count := self._counts[term])}

    def _asked(self, terms: Sequence[str]) -> ChosenTerms:
        """Drop terms that no point has, and the most common terms if others remain."""
        return choose_terms(terms, self.term_counts(set(terms)), self.header().points)

    def _weights(self, terms: Sequence[str]) -> dict[str, float]:
        """Return the inverse document frequency of terms times their count, the rarest first."""
        points = self.header().points
        counts = self.term_counts(set(terms))
        asked = Counter(terms)
        return {
            term: asked[term]
            * (max(math.log((points - counts[term] + 0.5) / (counts[term] + 0.5)), 0) or _MIN_IDF)
            for term in sorted(asked, key=lambda term: (counts[term], term))
        }

    def _score_sql(self, weights: Mapping[str, float]) -> tuple[str, list[str]]:
        """Return the SQL of BM25 of a point, and the values of its placeholders."""
        length = f"{_K1 * _B / (self._mean_length() or 1.0)!r}::float8 * length"
        norm = f"({_K1 * (1 - _B)!r}::float8 + {length})"
        # A term that occurs n times in a point and m times in its context counts n + 0.4 m.
        count = f"({CONTEXT_WEIGHT}::float8 * {_ALL} + {1 - CONTEXT_WEIGHT}::float8 * {_OWN})"
        parts = [
            f"{(_K1 + 1) * weight!r}::float8 * (1 - {norm} / ({count} + {norm}))"
            for weight in weights.values()
        ]
        return " + ".join(parts), [quote_lexeme(term) for term in weights for _ in range(2)]

    # points and links
    def read_points(
        self, point_ids: Collection[int], *, links: bool = True
    ) -> dict[int, StoredPoint]:
        """Return points by id, with notes and links; ids that no longer exist are left out."""
        ids = list(point_ids)
        rows = self._run(f"{_STORED} WHERE point.id = ANY(%s)", (ids,))
        return self._stored(rows, self.links_in(ids) if links else {})

    def points_between(self, note_id: str, first: int, last: int) -> list[StoredPoint]:
        """Return the points of a note from one ordinal to another, in reading order, no links."""
        sql = f"{_STORED} WHERE note.path = %s AND ordinal BETWEEN %s AND %s ORDER BY ordinal"
        return list(self._stored(self._run(sql, (note_id, first, last)), {}).values())

    def _stored(
        self, rows: list[tuple[Any, ...]], linked: dict[int, list[Link]]
    ) -> dict[int, StoredPoint]:
        """Return the points in rows of ``_STORED``, each with its links."""
        found: dict[int, StoredPoint] = {}
        width = len(POINT_COLUMNS.split(", "))
        for row in rows:
            check, point_id = row[width + 1], row[width + 2]
            if checksum(row[: width + 1]) != check:
                raise IndexDamaged(f"the row of point {point_id} is damaged", REBUILD)
            ordinal, point = point_from_row(row[:width])
            note = note_info_from_row(row[width + 3 :])
            own = tuple(linked.get(point_id, ()))
            found[point_id] = StoredPoint(point_id, ordinal, note, point, own)
        return found

    def points_of(self, note_id: str) -> list[StoredPoint]:
        """Return the points of a note in reading order."""
        sql = (
            "SELECT point.id FROM point JOIN note ON note.id = point.note "
            "WHERE note.path = %s ORDER BY ordinal"
        )
        ids = [row[0] for row in self._run(sql, (note_id,))]
        found = self.read_points(ids)
        return [found[point_id] for point_id in ids]

    def note_sizes(self, note_ids: Collection[str]) -> dict[str, int]:
        """Return the number of points of each note; see ``View``."""
        sql = (
            "SELECT path, (SELECT max(ordinal) + 1 FROM point WHERE point.note = note.id) "
            "FROM note WHERE path = ANY(%s)"
        )
        return {path: points or 0 for path, points in self._run(sql, (list(note_ids),))}

    def links_in(self, point_ids: Collection[int]) -> dict[int, list[Link]]:
        """Return the links in given points, by point id; points without links are left out."""
        sql = f"SELECT link.point, source.path, target_note.path, {_LINK} {_LINKS_FROM} "
        found: dict[int, list[Link]] = {}
        for row in self._run(
            f"{sql} WHERE link.point = ANY(%s) ORDER BY link.id", (list(point_ids),)
        ):
            found.setdefault(row[0], []).append(link_from_row(row[1], row[2], row[3:]))
        return found

    def links_of(self, note_id: str | None = None, most: int | None = None) -> list[Link]:
        """Return the first links of one note or of all, in reading order."""
        if note_id is None:
            return self._links("true", (), most)
        return self._links("source.path = %s", (note_id,), most)

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""
        return self._links("target_note.path = %s AND source.path <> %s", (note_id, note_id))

    def whole_notes(self) -> Iterator[list[WholeNote]]:
        """Yield every file with its points and links, a few hundred at a time."""
        return read_whole_notes(self._run, "JOIN embedding ON embedding.point = point.id")

    def _links(self, condition: str, values: Sequence[Any], most: int | None = None) -> list[Link]:
        rows = self._run(
            f"SELECT source.path, target_note.path, {_LINK} {_LINKS_FROM} "
            f"WHERE {condition} ORDER BY source.path, link.line, link.id LIMIT %s",
            (*values, most),
        )
        return [link_from_row(row[0], row[1], row[2:]) for row in rows]


def _stack(rows: Sequence[tuple[Any, ...]]) -> Vectors:
    """Return the vectors of rows of (point, value, checksum), each checked, as float32."""
    values = []
    for point_id, value, check in rows:
        if checksum_bytes(value) != check:
            raise IndexDamaged(f"the vector of point {point_id} is damaged", REBUILD)
        values.append(value)
    return np.frombuffer(b"".join(values), np.float16).reshape(len(values), -1).astype(np.float32)

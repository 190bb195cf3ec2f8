"""The vectors of the newest generation in memory, and their snapshot files."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from indexer.store.embedded.connections import Connections
from indexer.store.embedded.faiss_snapshots import (
    PointIds,
    Rows,
    Snapshot,
    drop_snapshots,
    has_room_for_faiss,
    list_snapshots,
    write_snapshot,
)
from indexer.store.embedded.schema import read_header
from indexer.store.embedded.vector_blocks import vectors_of_points
from indexer.store.embedded.vector_search import PointVectors
from indexer.store.records import Fault, Vectors

# Write a new snapshot when this number or share of points was added or removed.
MAX_OVERLAY = 2_000
_MAX_OVERLAY_SHARE = 0.05
_ROWS_AT_ONCE = 8_192
# A file has a vector for each point, which the rows have too. In a folder of very short points, as
# nobody writes them, that would be half of the index. So there is no file if it takes such an index
# above this size, and the rows are read quickly: there are few, or many points share each.
_MIN_INDEX_BYTES, _INDEX_BYTES_A_BYTE = 100_000, 30
_SHORT_POINT_BYTES = 40  # on average; in folders of real notes it is 60 to 110
_MAX_ROWS = 10_000
_MIN_POINTS_A_VECTOR = 2
# The number of points when it was found that an index should have no file of vectors.
_WITHOUT_FILE = "points_without_file"
# Identifies a set of vectors: index, generation, dimension.
_State = tuple[str, int, int]


class SnapshotKeeper:
    """The vectors of one index: opened once per generation, written to a file when many change."""

    def __init__(self, folder: Path, connections: Connections) -> None:
        """Keep the parts; nothing is read yet.

        :param folder: of the snapshot files.
        :param connections: to the database.
        """
        self._folder = folder
        self._connections = connections
        self._lock = threading.Lock()
        self._vectors: tuple[_State, PointVectors] | None = None

    def forget(self) -> None:
        """Drop the vectors in memory."""
        with self._lock:
            self._vectors = None

    def vectors_for(
        self, connection: sqlite3.Connection, generation: int, dimension: int
    ) -> PointVectors:
        """Return the vectors of the generation that a transaction sees.

        :param connection: with the transaction.
        :param generation: of it.
        :param dimension: numbers in a vector.
        """
        state = (identity_of(connection), generation, dimension)
        with self._lock:
            if self._vectors is None or self._vectors[0] != state:
                same = self._vectors is not None and self._vectors[0][0] == state[0]
                before = self._vectors[1] if self._vectors and same else None
                vectors = self._open_vectors(connection, generation, dimension, before)
                self._vectors = state, vectors
            return self._vectors[1]

    def _open_vectors(
        self,
        connection: sqlite3.Connection,
        generation: int,
        dimension: int,
        before: PointVectors | None,
    ) -> PointVectors:
        """Map the newest intact snapshot and apply later changes; without one, read all rows."""
        vectors = PointVectors(dimension, None)
        for snapshot in self._sound_snapshots(connection, generation):
            # If a build removes the file at this moment, the rows are read instead.
            with contextlib.suppress(OSError):
                vectors = PointVectors(dimension, snapshot, before)
                break
        since = vectors.generation
        removed = connection.execute("SELECT point FROM tombstone WHERE generation > ?", (since,))
        ids, added, rows = read_vectors(connection, dimension, above=vectors.last_id)
        vectors.lay_over(np.array([row[0] for row in removed], np.int64), ids, added, rows)
        vectors.generation = generation
        return vectors

    def _sound_snapshots(
        self, connection: sqlite3.Connection, generation: int
    ) -> Iterator[Snapshot]:
        """Yield the intact snapshots that fit a generation, newest first."""
        header = read_header(connection)
        oldest, identity = int(header.get("vectors_since", "0")), header["identity"]
        for snapshot in list_snapshots(self._folder):
            if oldest <= snapshot.generation <= generation and (
                snapshot.state() == header.get("snapshot") or snapshot.is_intact(identity)
            ):
                yield snapshot

    def write_if_behind(
        self, connection: sqlite3.Connection, generation: int, dimension: int, points: int
    ) -> None:
        """Write a snapshot if the newest one lacks many points.

        :param connection: with a transaction that sees the generation.
        :param generation: of the vectors.
        :param dimension: numbers in a vector.
        :param points: how many points there are.
        :raises OSError: if the file cannot be written.
        """
        overlay = self._overlay(connection, generation)
        most = min(points - 1, max(MAX_OVERLAY, _MAX_OVERLAY_SHARE * points))
        behind = points and (overlay is None or overlay > most)
        if not behind or not has_room_for_faiss():  # readers take missing points from the rows
            return
        if self._keeps_no_file(connection, points, most):
            return
        if self._would_double(connection, dimension, points):
            self._keep_no_file(connection, generation, points)
            return
        rows = Rows(points, dimension, lambda step: _blocks(connection, dimension, step))
        snapshot = write_snapshot(self._folder, identity_of(connection), generation, rows)
        with self._connections.transaction() as writing:
            # A reader need not hash the file while its name, size and times are unchanged.
            sql = "INSERT OR REPLACE INTO header VALUES ('snapshot', ?)"
            writing.execute(sql, (snapshot.state(),))
            writing.execute(f"DELETE FROM header WHERE key = '{_WITHOUT_FILE}'")
            writing.execute("DELETE FROM tombstone WHERE generation <= ?", (generation,))
        self.forget()

    def _would_double(self, connection: sqlite3.Connection, dimension: int, points: int) -> bool:
        """Return whether a file of vectors would make an index of short points too large."""
        (vectors,) = connection.execute("SELECT count(*) FROM vector").fetchone()
        sql = "SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM point"
        (text,) = connection.execute(sql).fetchone()
        if points < _MIN_POINTS_A_VECTOR * vectors and (
            vectors > _MAX_ROWS or text >= _SHORT_POINT_BYTES * points
        ):
            return False
        pages, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "page_size")
        )
        with_file = pages * size + points * (2 * dimension + 8)
        return bool(with_file > _MIN_INDEX_BYTES + _INDEX_BYTES_A_BYTE * text)

    def _keeps_no_file(self, connection: sqlite3.Connection, points: int, most: float) -> bool:
        """Return whether there is no file on purpose, and about the same points as then."""
        sql = f"SELECT value FROM header WHERE key = '{_WITHOUT_FILE}'"
        row = connection.execute(sql).fetchone()
        if row is None or abs(points - int(row[0])) > most:
            return False
        return bool(connection.execute("SELECT count(*) FROM tombstone").fetchone()[0] <= most)

    def _keep_no_file(self, connection: sqlite3.Connection, generation: int, points: int) -> None:
        """Let vectors be read from the rows alone."""
        with self._connections.transaction() as writing:
            writing.execute("DELETE FROM header WHERE key = 'snapshot'")
            writing.execute("DELETE FROM tombstone WHERE generation <= ?", (generation,))
            values = (("vectors_since", generation + 1), (_WITHOUT_FILE, points))
            writing.executemany("INSERT OR REPLACE INTO header VALUES (?, CAST(? AS TEXT))", values)
        drop_snapshots(self._folder)
        self.forget()

    def _overlay(self, connection: sqlite3.Connection, generation: int) -> int | None:
        """Return how many points were added or removed since the snapshot; None without one."""
        for snapshot in self._sound_snapshots(connection, generation):
            with contextlib.suppress(OSError):
                last = snapshot.last_id()
                sql = "SELECT count(*) FROM tombstone WHERE generation > ? AND point <= ?"
                (removed,) = connection.execute(sql, (snapshot.generation, last)).fetchone()
                sql = "SELECT count(*) FROM point WHERE id > ?"
                return int(removed + connection.execute(sql, (last,)).fetchone()[0])
        return None

    def drop_later(self, connection: sqlite3.Connection) -> None:
        """Remove files of generations later than the database's, for example after a restore.

        :param connection: to the database.
        """
        generation = int(read_header(connection).get("generation", "0"))
        for snapshot in list_snapshots(self._folder):
            if snapshot.generation > generation:
                snapshot.path.unlink(missing_ok=True)

    def faults(self, header: Mapping[str, str]) -> list[Fault]:
        """Return the faults of the files.

        :param header: of the index.
        """
        snapshots = list_snapshots(self._folder)
        generation = int(header.get("generation", "0"))
        faults = [
            Fault(snapshot.path.name, "its content does not fit its name")
            for snapshot in snapshots
            if not snapshot.is_intact(header.get("identity", ""))
        ]
        faults += [
            Fault(snapshot.path.name, "it is of a generation that the database has not reached")
            for snapshot in snapshots
            if snapshot.generation > generation
        ]
        # Without a snapshot, for example before the end of the first build, the rows are read.
        if "snapshot" in header and not snapshots and header.get("points", "0") != "0":
            faults.append(Fault("vectors", "the file of vectors is missing"))
        return faults


def read_vectors(
    connection: sqlite3.Connection, dimension: int, *, above: int = 0
) -> tuple[PointIds, Vectors, PointIds]:
    """Return the vectors of all points with an id above a limit.

    :param connection: to the database.
    :param dimension: numbers in a vector.
    :param above: return only points with an id above this one.
    :return: ids of points, ascending, shape ``(m,)``; vectors, each only once; the row in them of
        each point, shape ``(m,)``.
    :raises IndexDamaged: if a vector differs from what was written.
    """
    sql = "SELECT id, vector FROM point WHERE id > ? ORDER BY id"
    rows = np.array(connection.execute(sql, (above,)).fetchall(), np.int64).reshape(-1, 2)
    distinct, first, places = np.unique(rows[:, 1], return_index=True, return_inverse=True)
    points = rows[:, 0].copy()
    return points, vectors_of_points(connection, points[first], distinct, dimension), places


def _blocks(
    connection: sqlite3.Connection, dimension: int, step: int
) -> Iterator[tuple[PointIds, Vectors]]:
    """Yield ids and vectors of every ``step``-th point, in blocks."""
    sql = "SELECT id, vector FROM point WHERE id % ? = 0 ORDER BY id"
    cursor = connection.execute(sql, (step,))
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        ids, places = np.array(rows, np.int64).T.copy()
        yield ids, vectors_of_points(connection, ids, places, dimension)


def identity_of(connection: sqlite3.Connection) -> str:
    """Return the random name of an index; a rebuild from scratch gets a new one.

    :param connection: to its database.
    """
    row = connection.execute("SELECT value FROM header WHERE key = 'identity'").fetchone()
    return str(row[0]) if row else ""

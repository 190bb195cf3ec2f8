"""The vectors of the newest generation in memory, and their snapshot files."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from indexer.errors import IndexDamaged
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
from indexer.store.embedded.vector_search import PointVectors
from indexer.store.records import Fault, Vectors
from indexer.store.rows import REBUILD, checksum_bytes

# Write a new snapshot when this number or share of points was added or removed.
MAX_OVERLAY = 2_000
_MAX_OVERLAY_SHARE = 0.05
_ROWS_AT_ONCE = 8_192
# A file has a vector for each point. Where points share theirs, as thousands of equal items do,
# that is most of the index. Then they are read from the rows.
_MIN_POINTS_A_VECTOR = 4
_MIN_SHARING_POINTS, _MAX_SHARING_POINTS = 1_000, 50_000
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
        ids, added = read_vectors(connection, dimension, above=vectors.last_id)
        vectors.lay_over(np.array([row[0] for row in removed], np.int64), ids, added)
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
        if self._is_mostly_shared(connection, points):
            self._drop_snapshot(connection, generation)
            return
        rows = Rows(points, dimension, lambda step: _blocks(connection, dimension, step))
        snapshot = write_snapshot(self._folder, identity_of(connection), generation, rows)
        with self._connections.transaction() as writing:
            # A reader need not hash the file while its name, size and times are unchanged.
            sql = "INSERT OR REPLACE INTO header VALUES ('snapshot', ?)"
            writing.execute(sql, (snapshot.state(),))
            writing.execute("DELETE FROM tombstone WHERE generation <= ?", (generation,))
        self.forget()

    def _is_mostly_shared(self, connection: sqlite3.Connection, points: int) -> bool:
        """Return whether few vectors are those of many points."""
        if not _MIN_SHARING_POINTS <= points <= _MAX_SHARING_POINTS:
            return False
        (vectors,) = connection.execute("SELECT count(*) FROM vector").fetchone()
        return bool(points > _MIN_POINTS_A_VECTOR * vectors)

    def _drop_snapshot(self, connection: sqlite3.Connection, generation: int) -> None:
        """Let vectors be read from the rows alone; nothing is written where they are already."""
        removed = connection.execute("SELECT 1 FROM tombstone LIMIT 1").fetchone()
        if removed is None and "snapshot" not in read_header(connection):
            return
        with self._connections.transaction() as writing:
            writing.execute("DELETE FROM header WHERE key = 'snapshot'")
            writing.execute("DELETE FROM tombstone WHERE generation <= ?", (generation,))
            writing.execute(
                "INSERT OR REPLACE INTO header VALUES ('vectors_since', ?)", (str(generation + 1),)
            )
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
) -> tuple[PointIds, Vectors]:
    """Return the ids and vectors of all points with an id above a limit.

    :param connection: to the database.
    :param dimension: numbers in a vector.
    :param above: return only points with an id above this one.
    :raises IndexDamaged: if a vector differs from what was written.
    """
    blocks = list(_blocks(connection, dimension, 1, above))
    ids = [np.zeros(0, np.int64), *(ids for ids, _ in blocks)]
    vectors = [np.zeros((0, dimension), np.float32), *(vectors for _, vectors in blocks)]
    return np.concatenate(ids), np.concatenate(vectors)


def _blocks(
    connection: sqlite3.Connection, dimension: int, step: int, above: int = 0
) -> Iterator[tuple[PointIds, Vectors]]:
    """Yield ids and vectors of every ``step``-th point with an id above a limit, in blocks."""
    cursor = connection.execute(
        "SELECT point.id, vector.value, vector.checksum FROM point "
        "JOIN vector ON vector.id = point.vector "
        "WHERE point.id > ? AND point.id % ? = 0 ORDER BY point.id",
        (above, step),
    )
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        for point_id, value, check in rows:
            if checksum_bytes(value) != check or len(value) != 2 * dimension:
                raise IndexDamaged(f"the vector of point {point_id} is damaged", REBUILD)
        ids = np.array([row[0] for row in rows], np.int64)
        halves = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
        yield ids, halves.reshape(len(rows), dimension).astype(np.float32)


def identity_of(connection: sqlite3.Connection) -> str:
    """Return the random name of an index; a rebuild from scratch gets a new one.

    :param connection: to its database.
    """
    row = connection.execute("SELECT value FROM header WHERE key = 'identity'").fetchone()
    return str(row[0]) if row else ""

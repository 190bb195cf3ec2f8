"""The store for more than one machine: PostgreSQL with pgvector.

Each notes folder has its own schema, so one database can hold many folders with separate rights.
One build is one transaction under an advisory lock. A view is a transaction with a snapshot, on the
primary or on a replica. Readers and writers never wait for each other.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg import Connection, errors
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.string import StrDumper

from indexer.config import shown_store, split_space
from indexer.errors import IndexDamaged, IndexerError, IndexLocked, IndexNotFound, IndexOutdated
from indexer.records import FileStamp
from indexer.store.postgres.change import (
    ServerChange,
    drop_old_indexes,
    free_space,
    make_indexes,
    touch_note,
)
from indexer.store.postgres.errors import no_odd_answers, parse_address, translated
from indexer.store.postgres.patience import connect
from indexer.store.postgres.schema import STEPS, escape_text, unescape_text
from indexer.store.postgres.verify import faults_of
from indexer.store.postgres.view import ServerView, run
from indexer.store.records import Fault, Setup, Vectors
from indexer.store.rows import checksum_bytes

# psycopg's warnings repeat the error that follows.
logging.getLogger("psycopg").setLevel(logging.ERROR)

_PREFIX = "notepoint_"
_LOCK = 0x6E6F7465  # "note": the first half of the key of our locks, the second names the schema
_MIN_PGVECTOR = (0, 8)
_KEYS_AT_ONCE = 10_000
_MAX_SPARE, _MAX_SPARE_SHARE = 2_000, 0.25
# Strict order, and enough candidates if a filter passes few points (pgvector 0.8). Recall of the
# ten nearest among 100,000 synthetic points: .955 with ef_search 200, .971 with 400, .980 with
# 1,000, in 4, 6 and 13 ms of the server's processor (benchmarks/stores.py).
_SESSION = """
SET jit = off; SET hnsw.iterative_scan = strict_order; SET hnsw.ef_search = 400;
SET hnsw.max_scan_tuples = 40000
"""


class _TextDumper(StrDumper):
    """Sends texts escaped for PostgreSQL."""

    def dump(self, obj: str) -> Any:
        return super().dump(escape_text(obj))


class _TextLoader(Loader):
    """Receives texts and undoes the escaping."""

    def load(self, data: Any) -> str:
        return unescape_text(str(data, "utf-8"))


class _BinaryTextLoader(_TextLoader):
    """The same for binary results, where texts have the same form."""

    format = Format.BINARY


class _VectorLoader(Loader):
    """Receives vectors as bytes of float16.

    The server sends two 16-bit numbers (length and unused), then big-endian float16 (halfvec_send
    of pgvector 0.8).
    """

    format = Format.BINARY

    def load(self, data: Any) -> bytes:
        return np.frombuffer(data, ">f2", offset=4).astype("<f2").tobytes()


class PostgresStore:
    """An index in a schema of a PostgreSQL database."""

    def __init__(
        self,
        address: str,
        *,
        read_only: bool = False,
        repair: bool = False,
        lock_timeout_s: float = 60.0,
    ) -> None:
        """Open the index at an address, or create an empty one.

        :param address: ``postgresql://...?space=NAME``.
        :param read_only: True to create and change nothing; a replica is enough.
        :param repair: True to create missing tables again.
        :param lock_timeout_s: how long to wait for another build to end, in seconds.
        :raises IndexNotFound: if ``read_only`` and there is no index.
        :raises IndexOutdated: if it was built by a newer Notepoint.
        :raises IndexerError: if the server cannot be reached or refuses the connection.
        """
        self._conninfo, space = split_space(address)
        self._given = parse_address(self._conninfo)
        self.shown = shown_store(address)
        self._schema = _PREFIX + space
        self._space = space
        self._read_only = read_only
        self._lock_timeout_s = lock_timeout_s
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._writing = threading.RLock()
        self._writer: Connection | None = None
        self._building = False
        try:
            if not read_only:
                with self._changing() as connection:
                    self._make(connection, repair=repair)
            with self._reading() as connection:
                self._check_format(connection)
        except BaseException:
            self.close()
            raise

    # connections
    def _connect(self, *, write: bool) -> Connection:
        """Open a connection with its settings."""
        connection = connect(self._conninfo, self._given, write=write)
        try:
            with no_odd_answers(self.shown):
                self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        if write:
            connection.most_s = None
        return connection

    def _prepare(self, connection: Connection) -> None:
        connection.execute(_SESSION)
        rows = run(
            connection,
            "SELECT nspname, extversion FROM pg_extension "
            "JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'",
        )
        if not rows:
            return  # there may be no schema before the first build; the caller reports it
        place, version = rows[0]
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _MIN_PGVECTOR:
            raise IndexerError(
                f"{self.shown} has pgvector {version}; 0.8 or later is needed",
                "install a newer one and run ALTER EXTENSION vector UPDATE there",
            )
        path = f'"{self._schema}", "{place}"'
        run(connection, "SELECT set_config('search_path', %s, false)", (path,))
        register_vector(connection)
        connection.adapters.register_dumper(str, _TextDumper)
        connection.adapters.register_loader("text", _TextLoader)
        connection.adapters.register_loader("text", _BinaryTextLoader)
        connection.adapters.register_loader("halfvec", _VectorLoader)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Lend a connection in a read-only transaction with one snapshot.

        A connection that was lost while idle is replaced. One that is lost in use raises an error;
        the next question opens another.
        """
        with translated(self.shown):
            connection = self._begin()
            try:
                yield connection
            finally:
                if connection.closed:
                    self._forget_idle()
                else:
                    with contextlib.suppress(psycopg.Error):
                        connection.execute("ROLLBACK")
                    with self._lock:
                        self._idle.append(connection)

    def _begin(self) -> Connection:
        statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                connection.execute(statement)
            except psycopg.OperationalError:
                self._forget_idle()
            else:
                return connection
        connection = self._connect(write=False)
        connection.execute(statement)
        return connection

    def _forget_idle(self) -> None:
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    @contextlib.contextmanager
    def _write_connection(self) -> Iterator[Connection]:
        """Lend the one connection that writes, and that holds the build lock."""
        with self._writing, translated(self.shown):
            if self._writer is None or self._writer.closed:
                if self._building:
                    raise IndexerError(
                        f"the connection to {self.shown} was lost during the build",
                        "the index is unchanged; run `notepoint build` again",
                    )
                self._writer = self._connect(write=True)
            yield self._writer

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Connection]:
        """Lend the connection that writes, in a transaction."""
        with self._write_connection() as connection, connection.transaction():
            timeout = f"{max(1, round(self._lock_timeout_s * 1000))}ms"
            run(connection, "SELECT set_config('lock_timeout', %s, true)", (timeout,))
            try:
                run(connection, "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", self._lock_key)
            except errors.LockNotAvailable as exc:
                raise self._locked(connection) from exc
            yield connection

    @property
    def _lock_key(self) -> tuple[int, str]:
        return _LOCK, self._schema

    def close(self) -> None:
        """Close every connection."""
        self._forget_idle()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # making
    def _make(self, connection: Connection, *, repair: bool) -> None:
        """Create the schema, or upgrade an older one, all or nothing."""
        if not run(connection, "SELECT FROM pg_extension WHERE extname = 'vector'"):
            connection.execute("CREATE EXTENSION vector")
            self._prepare(connection)
        if not run(connection, "SELECT FROM pg_namespace WHERE nspname = %s", (self._schema,)):
            self._check_encoding(connection)
            connection.execute(f'CREATE SCHEMA "{self._schema}"')
        found = self._format(connection)
        if found is not None and found > len(STEPS):
            raise self._newer()
        if repair and found is not None and faults_of(connection, tables_only=True):
            connection.execute(f'DROP SCHEMA "{self._schema}" CASCADE')
            connection.execute(f'CREATE SCHEMA "{self._schema}"')
            found = None
        if found == len(STEPS):
            return
        for step in STEPS[found or 0 :]:
            connection.execute(step)
        connection.execute("UPDATE header SET format = %s", (len(STEPS),))

    def _check_encoding(self, connection: Connection) -> None:
        ((encoding,),) = run(connection, "SHOW server_encoding")
        if encoding != "UTF8":
            raise IndexerError(
                f"the database of {self.shown} holds text as {encoding}, not as UTF-8",
                "create another with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
            )

    def _format(self, connection: Connection) -> int | None:
        """Return the format of the schema, None if it has no tables."""
        rows = run(
            connection,
            "SELECT FROM pg_tables WHERE schemaname = %s AND tablename = 'header'",
            (self._schema,),
        )
        return run(connection, "SELECT format FROM header")[0][0] if rows else None

    def _check_format(self, connection: Connection) -> None:
        with no_odd_answers(self.shown):
            found = self._format(connection)
        if found is None:
            raise IndexNotFound(f"there is no index in {self.shown}", self._where_else(connection))
        if found > len(STEPS):
            raise self._newer()
        if found < len(STEPS):
            raise IndexOutdated(
                f"the index in {self.shown} was built by an older Notepoint",
                "run `notepoint build`, which brings it up to date",
            )

    def _where_else(self, connection: Connection) -> str:
        """Return a hint that names the existing indexes."""
        rows = run(
            connection,
            "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) ORDER BY nspname",
            (_PREFIX,),
        )
        names = ", ".join(row[0].removeprefix(_PREFIX) for row in rows[:10])
        there = f", or name an existing one with ?space=: {names}" if names else ""
        return f"run `notepoint build`{there}"

    def _newer(self) -> IndexOutdated:
        return IndexOutdated(
            f"the index in {self.shown} was built by a newer Notepoint",
            "update Notepoint, or name another place with ?space=NAME",
        )

    # reading
    @contextlib.contextmanager
    def view(self) -> Iterator[ServerView]:
        """Open a view of the newest generation.

        :raises IndexerError: if the server cannot be reached; the next view tries again.
        """
        with self._reading() as connection:
            yield ServerView(connection)

    def known_keys(self, keys: Collection[bytes]) -> set[bytes]:
        """Return the keys whose vectors are stored already."""
        wanted = list(keys)
        known: set[bytes] = set()
        sql = "SELECT key FROM spare WHERE key = ANY(%s) UNION SELECT key FROM embedding WHERE "
        with self._reading() as connection:
            for start in range(0, len(wanted), _KEYS_AT_ONCE):
                part = wanted[start : start + _KEYS_AT_ONCE]
                known.update(
                    row[0] for row in run(connection, f"{sql} key = ANY(%s)", (part, part))
                )
        return known

    # changing
    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of the server into ours; for views that stay open after an error."""
        return translated(self.shown)

    @contextlib.contextmanager
    def change(self, setup: Setup, *, clear: bool = False) -> Iterator[ServerChange]:
        """Begin a change; see ``Store``."""
        with self._changing() as connection:
            change = ServerChange(connection)
            if clear:
                change.drop_everything()
            yield change
            change.finish(setup)

    def add_vectors(self, keys: Sequence[bytes], vectors: Vectors, pieces: Sequence[bytes]) -> None:
        """Save vectors, as float16, and word pieces under their keys."""
        halves = vectors.astype(np.float16)
        rows = [
            (key, HalfVector(half), checksum_bytes(half.tobytes()), packed, checksum_bytes(packed))
            for key, half, packed in zip(keys, halves, pieces, strict=True)
        ]
        with self._changing() as connection:
            connection.cursor().executemany(
                "INSERT INTO spare VALUES (%s, %s, %s, %s, %s) ON CONFLICT (key) DO UPDATE SET "
                "value = excluded.value, checksum = excluded.checksum, "
                "pieces = excluded.pieces, pieces_checksum = excluded.pieces_checksum",
                rows,
            )

    def touch(self, stamps: Mapping[str, FileStamp]) -> None:
        """Save the new stamps of files with unchanged content; the generation does not change."""
        with self._changing() as connection:
            for note_id, stamp in stamps.items():
                touch_note(connection, note_id, stamp)

    def keep_chance(self, generation: int, cosine: float, trace: bytes) -> None:
        """Save the mean cosine of a generation to everyday questions; see ``Store``."""
        with self._changing() as connection:
            connection.execute(
                "UPDATE header SET chance = %s, chance_of = %s, chance_trace = %s",
                (cosine, generation, trace),
            )

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Hold the build lock; see ``Store``. The server releases it when the connection ends."""
        with self._write_connection() as connection:
            with connection.transaction():
                timeout = f"{max(1, round(self._lock_timeout_s * 1000))}ms"
                run(connection, "SELECT set_config('lock_timeout', %s, true)", (timeout,))
                try:
                    run(connection, "SELECT pg_advisory_lock(%s, hashtext(%s))", self._lock_key)
                except errors.LockNotAvailable as exc:
                    raise self._locked(connection) from exc
            self._building = True
            try:
                yield
            finally:
                self._building = False
                if not connection.closed:
                    sql = "SELECT pg_advisory_unlock(%s, hashtext(%s))"
                    run(connection, sql, self._lock_key)

    def _locked(self, connection: Connection) -> IndexLocked:
        """Return the error that names the holder of the lock."""
        with self._connect(write=False) as other:
            rows = run(
                other,
                "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE locktype = 'advisory' AND granted AND classid = %s "
                "AND objid::bigint = hashtext(%s)::bigint & 4294967295 AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())",
                self._lock_key,
            )
        holder = rows[0][0].removeprefix("notepoint ") if rows and rows[0][0] else "another process"
        return IndexLocked(f"{holder} is building this index", "wait for it to end, then try again")

    # housekeeping
    def optimise(self) -> None:
        """Create missing indexes; drop indexes of earlier builds and unused vectors."""
        with self._changing() as connection:
            make_indexes(connection)
            self._drop_unused(connection)
        with self._write_connection() as connection:
            drop_old_indexes(connection)
            free_space(connection)

    def _drop_unused(self, connection: Connection) -> None:
        """Remove unused vectors once there are many; a few are kept for undone edits."""
        ((count,),) = run(connection, "SELECT count(*) FROM spare")
        ((points,),) = run(connection, "SELECT points FROM header")
        if count > max(_MAX_SPARE, _MAX_SPARE_SHARE * (points + count)):
            connection.execute("DELETE FROM spare")

    def exposure(self) -> str | None:
        """Return None: the administrator of the server controls the rights on it."""
        return None

    def verify(self) -> list[Fault]:
        """Read every row and return the faults.

        :raises IndexOutdated: if the index was built by a newer Notepoint.
        """
        try:
            with self._reading() as connection:
                return faults_of(connection)
        except IndexDamaged as exc:
            return [Fault(self.shown, exc.message)]

    def size(self) -> int:
        """Return the bytes of all tables and indexes."""
        with self._reading() as connection:
            ((size,),) = run(
                connection,
                "SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint "
                "FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
                "WHERE nspname = %s AND relkind = 'r'",
                (self._schema,),
            )
        return int(size)

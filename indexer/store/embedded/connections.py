"""Connections to the embedded store, each lent to one thread; SQLite errors become ours."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from indexer.errors import IndexDamaged, IndexerError
from indexer.store.embedded.page_sums import is_at_rest
from indexer.store.embedded.schema import PAGE_SIZE, refuse_foreign_tables
from indexer.store.rows import REBUILD

BUSY_TIMEOUT_S = 30.0


class Connections:
    """The connections of this process to one database."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        """Keep the path; no connection is opened yet.

        :param path: of the database.
        :param read_only: True for connections that cannot change it.
        """
        self._path = path
        self._read_only = read_only
        self._idle: list[sqlite3.Connection] = []
        self._file: tuple[int, int] | None = None  # the database file of idle connections
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; it outlives the threads that Streamlit starts."""
        with translated():
            with self._lock:
                self._let_go_of_replaced()
                connection, file = self._idle.pop() if self._idle else None, self._file
            if connection is None:
                connection = self._connect()
            try:
                yield connection
            finally:
                with self._lock:
                    if file == self._file:
                        self._idle.append(connection)
                    else:  # replaced meanwhile
                        connection.close()

    def _let_go_of_replaced(self) -> None:
        """Close connections to a database file that was replaced by a rebuild from scratch."""
        try:
            status = self._path.stat()
            file = (status.st_dev, status.st_ino)
        except OSError:
            file = None
        if file != self._file:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            self._file = file

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection with a write transaction, which gets a new state token."""
        with self.lend() as connection:
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes
            try:
                yield connection
                if connection.total_changes > before:
                    values = ("state", os.urandom(8).hex())
                    connection.execute("INSERT OR REPLACE INTO header VALUES (?, ?)", values)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def closed_on_error(self) -> contextlib.AbstractContextManager[None]:
        """Return a context that closes every connection if its body fails."""
        return _closed_on_error(self)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _connect(self) -> sqlite3.Connection:
        connection = self._connect_to_read() if self._read_only else self._connect_to_write()
        try:
            refuse_foreign_tables(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_to_write(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        with _closed_on_error(connection):
            if not self._path.stat().st_size:
                connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")  # removed words leave the file
            connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _connect_to_read(self) -> sqlite3.Connection:
        """Open the database read-only.

        In a folder that is not writable, SQLite cannot create the shared-memory file of its log.
        Nobody writes there, so the file is opened as immutable, unless its log is not empty.

        :raises IndexDamaged: if the log is not empty.
        """
        folder = self._path.parent
        connection = self._open_to_read("mode=ro")
        try:
            with _closed_on_error(connection):
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            if os.access(folder, os.W_OK):
                raise
            if not is_at_rest(self._path):
                raise IndexDamaged(
                    "a build of the index was interrupted, and its folder cannot be written",
                    f"make {folder} writable, or copy it and name the copy with --store",
                ) from None
            connection = self._open_to_read("mode=ro&immutable=1")
        return connection

    def _open_to_read(self, mode: str) -> sqlite3.Connection:
        address = f"{self._path.absolute().as_uri()}?{mode}"
        return sqlite3.connect(
            address,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )


@contextlib.contextmanager
def _closed_on_error(opened: sqlite3.Connection | Connections) -> Iterator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn SQLite errors into ours; wrong statements are bugs and keep their traceback."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.OperationalError as exc:
        text = str(exc)
        if "locked" in text or "busy" in text:
            raise IndexerError(
                "the index is being changed by another process", "try again"
            ) from exc
        if any(word in text for word in ("full", "readonly", "disk I/O", "unable to open")):
            raise IndexerError(
                f"the index cannot be read or written: {text}", "check disk space and permissions"
            ) from exc
        raise IndexDamaged(f"the index is damaged: {text}", REBUILD) from exc
    except sqlite3.DatabaseError as exc:
        raise IndexDamaged(f"the index is damaged: {exc}", REBUILD) from exc


def read_setup(path: Path) -> tuple[str, str]:
    """Return the model of an index and the versions it was cut with, empty where none can be read.

    :param path: of its database.
    """
    if not path.is_file():
        return "", ""
    connections = Connections(path, read_only=True)
    try:
        with connections.lend() as connection:
            sql = "SELECT key, value FROM header WHERE key IN ('model', 'chunking')"
            found = dict(connection.execute(sql).fetchall())
    except (sqlite3.Error, IndexerError, OSError):  # opening the index reports what is wrong
        return "", ""
    finally:
        connections.close()
    return str(found.get("model", "")), str(found.get("chunking", ""))

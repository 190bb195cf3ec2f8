"""The store for one machine: SQLite holds everything, FAISS files are derived from it.

One build is one transaction, and a view shows one generation. Point ids are never reused, so the
ids alone show which points to add to a snapshot of the vectors and which to remove.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.errors import IndexDamaged, IndexerError, IndexLocked, IndexNotFound, IndexOutdated
from indexer.private_files import open_private, read_regular, replace_private
from indexer.records import FileStamp
from indexer.store.embedded import vector_blocks
from indexer.store.embedded.connections import BUSY_TIMEOUT_S, Connections, translated
from indexer.store.embedded.faiss_snapshots import drop_snapshots, sync
from indexer.store.embedded.folder import HOLDER, LOCK, exposure, make_folder, refuse_foreign
from indexer.store.embedded.page_sums import (
    NoSums,
    check_pages,
    has_sums,
    is_at_rest,
    known_sums,
    sums_path,
    write_sums,
)
from indexer.store.embedded.schema import (
    CHANCE_TRACE,
    FORMAT_VERSION,
    TABLES,
    read_header,
    row_faults,
)
from indexer.store.embedded.snapshot_keeper import SnapshotKeeper
from indexer.store.embedded.view import SqlView
from indexer.store.records import Fault, Setup, Vectors
from indexer.store.rows import REBUILD

if TYPE_CHECKING:
    from indexer.store.embedded.change import SqlChange

DATABASE = f"index-{FORMAT_VERSION}.db"
_DATABASE_NAME = re.compile(r"index-(\d+)\.db$")
# Unused vectors are removed when there are more than this number and this share of the points.
_MIN_UNUSED = 2_000
_MAX_UNUSED_SHARE = 0.25
# Up to this number of points, word lists are merged after each removal: 0.3 s at 100,000 points.
_MAX_JOINED = 200_000
# If a database up to this size looks changed since its pages were summed, opening reads all pages,
# in about 1 ms per megabyte. Of a larger database only `check` does.
_MAX_OPENING_BYTES = 64 << 20
# How long a build waits for readers before it leaves its log to the next build.
_CHECKPOINT_TIMEOUT_MS = 500


class EmbeddedStore:
    """An index in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        read_only: bool = False,
        repair: bool = False,
        lock_timeout_s: float = 60.0,
    ) -> None:
        """Open the index of a folder, or create an empty one.

        :param folder: of the index.
        :param read_only: True to create and change nothing.
        :param repair: True to replace a damaged index with an empty one.
        :param lock_timeout_s: how long to wait for another build to end, in seconds.
        :raises IndexNotFound: if ``read_only`` and there is no index.
        :raises IndexOutdated: if it was built by a newer Notepoint.
        :raises IndexDamaged: if its pages differ from what was written.
        """
        self.folder = folder
        self._read_only = read_only
        self._lock_timeout_s = lock_timeout_s
        self._path = folder / DATABASE
        self._connections = Connections(self._path, read_only=read_only)
        self._snapshots = SnapshotKeeper(folder, self._connections)
        with self._connections.closed_on_error():
            refuse_foreign(folder, remove=repair)
            self._refuse_newer()
            if not read_only:
                if repair and self._path.is_file():
                    self._start_over_if_damaged()
                self._make()
            elif not self._path.is_file():
                raise self._none_to_read()
            with self._connections.lend() as connection:
                self._refuse_damaged_pages(connection)
                self._refuse_newer_header(connection)

    def _none_to_read(self) -> IndexerError:
        if any(number < FORMAT_VERSION for number in self._formats()):
            return IndexOutdated(
                f"the index in {self.folder} was built by an older Notepoint",
                "run `notepoint build`: it creates a new one from the notes",
            )
        return IndexNotFound(f"there is no index in {self.folder}", "run `notepoint build`")

    def close(self) -> None:
        """Close every connection and drop the vectors."""
        self._connections.close()
        self._snapshots.forget()

    # making
    def _refuse_newer(self) -> None:
        if any(number > FORMAT_VERSION for number in self._formats()):
            raise _newer(self.folder)

    def _formats(self) -> list[int]:
        """Return the formats of the databases in the folder."""
        names = os.listdir(self.folder) if self.folder.is_dir() else []
        return [int(found.group(1)) for found in map(_DATABASE_NAME.match, names) if found]

    def _refuse_newer_header(self, connection: sqlite3.Connection) -> None:
        if int(read_header(connection).get("format", "0")) > FORMAT_VERSION:
            raise _newer(self.folder)

    def _refuse_damaged_pages(self, connection: sqlite3.Connection) -> None:
        """Check every page before the first answer, if the file is small enough."""
        if self._path.stat().st_size <= _MAX_OPENING_BYTES:
            with contextlib.suppress(
                NoSums
            ):  # each row has a checksum too; `check` reports the missing sums
                fault = self._page_fault(connection, trust=True)
                if fault:
                    raise IndexDamaged(f"the index is damaged: {fault}", REBUILD)

    def _page_fault(self, connection: sqlite3.Connection, *, trust: bool) -> str | None:
        """Return the first fault of the pages that a transaction would read now.

        :param connection: without an open transaction.
        :param trust: True to skip a file with unchanged size and times.
        :raises NoSums: if there are no sums for that state.
        """
        connection.execute("BEGIN")
        try:
            # While this view is open and the log is empty, nobody writes to the file.
            token = read_header(connection).get("state", "")
            if not is_at_rest(self._path):
                return None
            return check_pages(self._path, token, trust=trust)
        finally:
            connection.execute("ROLLBACK")

    def _seal(self) -> None:
        """Copy the log into the database and sum its pages, unless a reader still needs the log."""
        with self._connections.lend() as connection:
            token = read_header(connection).get("state", "")
            connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_TIMEOUT_MS}")
            try:
                if is_at_rest(self._path) and has_sums(self._path, token):
                    return  # nothing was changed
                known = known_sums(self._path)
                busy, pages, copied = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
                if not busy and pages == copied:
                    # These sums are not used while the log is not empty.
                    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
                    write_sums(self._path, token, page_size, known)
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except OSError as exc:
                raise _unwritable(self.folder, exc) from exc
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")

    def _make(self) -> None:
        """Create all tables of a new index, or none on an error."""
        try:
            make_folder(self.folder)
        except OSError as exc:
            raise _unwritable(self.folder, exc) from exc
        if not self._is_there():
            with self._locked():
                if not self._is_there():  # only one of several processes creates it
                    self._make_database()

    def _is_there(self) -> bool:
        return self._path.is_file() and self._path.stat().st_size > 0

    def _make_database(self) -> None:
        """Create a database under another name, and rename it when it is complete.

        Several processes cannot switch the same new file to WAL: SQLite does not wait when it
        upgrades a read lock (https://www.sqlite.org/c3ref/busy_handler.html).
        """
        temporary = self._path.with_suffix(".new")
        try:
            for leftover in (
                temporary,
                self._path,
            ):  # left by a killed process; a log without its database
                _remove_database(leftover)
            open_private(temporary).close()
            with contextlib.closing(Connections(temporary, read_only=False)) as connections:
                _make_tables(connections)
            os.replace(temporary, self._path)
            sync(self.folder)
        except OSError as exc:
            raise _unwritable(self.folder, exc) from exc

    def _start_over_if_damaged(self) -> None:
        """Remove a damaged index with all its files, unless another process just did."""
        with self._locked():
            if not self.verify():
                return
            self.close()
            self._remove()

    def _remove(self) -> None:
        _remove_database(self._path)
        sums_path(self._path).unlink(missing_ok=True)
        drop_snapshots(self.folder)

    # reading
    @contextlib.contextmanager
    def view(self) -> Iterator[SqlView]:
        """Open a view of the newest generation.

        :raises IndexDamaged: if a row differs from what was written.
        """
        with self._connections.lend() as connection:
            connection.execute("BEGIN")
            try:
                yield SqlView(connection, self._snapshots.vectors_for)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")  # nothing was changed; this ends the view

    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of SQLite into ours; for views that stay open after an error."""
        return translated()

    # changing
    @contextlib.contextmanager
    def change(self, setup: Setup, *, clear: bool = False) -> Iterator[SqlChange]:
        """Begin a change; see ``Store``."""
        from indexer.store.embedded.change import SqlChange

        with self._connections.transaction() as connection:
            self._snapshots.drop_later(connection)
            change = SqlChange(connection)
            if clear:
                change.drop_everything()
            yield change
            change.finish(setup)

    def known_keys(self, keys: Collection[bytes]) -> set[bytes]:
        """Return the keys whose vectors are stored already and intact."""
        with self._connections.lend() as connection:
            return vector_blocks.known_keys(connection, keys)

    def add_vectors(self, keys: Sequence[bytes], vectors: Vectors, pieces: Sequence[bytes]) -> None:
        """Save vectors, as float16, and word pieces under their keys."""
        with self._connections.transaction() as connection:
            vector_blocks.add_vectors(connection, keys, vectors.astype(np.float16), pieces)

    def touch(self, stamps: Mapping[str, FileStamp]) -> None:
        """Save the new stamps of files with unchanged content; the generation does not change."""
        from indexer.store.embedded.change import touch_note

        with self._connections.transaction() as connection:
            for note_id, stamp in stamps.items():
                touch_note(connection, note_id, stamp)

    def keep_chance(self, generation: int, cosine: float, trace: bytes) -> None:
        """Save the mean cosine of a generation to everyday questions; see ``Store``."""
        values = {
            "chance_of": str(generation),
            "chance_millionths": str(max(0, round(1_000_000 * cosine))),
            CHANCE_TRACE: trace,
        }
        with self._connections.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO header VALUES (?, ?)", values.items())

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Hold the build lock; see ``Store``."""
        with self._locked():
            try:
                yield
            finally:
                self._seal()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the index, which the system releases when a process dies."""
        from filelock import FileLock, Timeout

        refuse_foreign(self.folder)
        holder = self.folder / HOLDER
        lock = FileLock(self.folder / LOCK, mode=0o600)
        try:
            lock.acquire(timeout=self._lock_timeout_s)
        except Timeout as exc:
            raise IndexLocked(
                f"process {_read_pid(holder)} is building this index",
                "wait for it to end, then try again",
            ) from exc
        except OSError as exc:
            raise _unwritable(self.folder, exc) from exc
        try:
            try:
                replace_private(holder, str(os.getpid()).encode())
            except OSError as exc:
                raise _unwritable(self.folder, exc) from exc
            yield
        finally:
            lock.release()

    # housekeeping
    def optimise(self) -> None:
        """Write a new snapshot if the last one lacks many points; drop unused vectors."""
        with self.view() as view:
            header = view.header()
            if header.setup is None:
                return
            total = header.points
            try:
                self._snapshots.write_if_behind(
                    view.connection, header.generation, header.setup.dimension, total
                )
            except OSError as exc:
                raise _unwritable(self.folder, exc) from exc
        self._drop_unused(total)
        self._forget_words(total)
        self._drop_older()

    def _drop_older(self) -> None:
        """Remove the databases of older formats."""
        for number in self._formats():
            if number < FORMAT_VERSION:
                for path in self.folder.glob(f"index-{number}.*"):
                    path.unlink(missing_ok=True)

    def _drop_unused(self, points: int) -> None:
        """Remove unused vectors once there are many; a few are kept for undone edits."""
        with self._connections.lend() as connection:
            released = int(read_header(connection).get("released", "0"))
        if released <= max(_MIN_UNUSED, _MAX_UNUSED_SHARE * points):
            return
        with self._connections.transaction() as connection:
            dimension = int(read_header(connection)["dimension"])
            vector_blocks.drop_unused(connection, dimension)
            connection.execute("INSERT OR REPLACE INTO header VALUES ('released', '0')")
            connection.execute("INSERT OR REPLACE INTO header VALUES ('forgotten', '-1')")
        with self._connections.lend() as connection:
            connection.execute("PRAGMA incremental_vacuum")

    def _forget_words(self, points: int) -> None:
        """Merge the word lists: before that, the file still contains removed words.

        For a large index this takes seconds, so it waits until unused vectors are dropped too.
        """
        from indexer.store.embedded.word_lists import forget_removed_words

        with self._connections.lend() as connection:
            header = read_header(connection)
        removed = header.get("released", "0")
        if removed == header.get("forgotten", "0") or (points > _MAX_JOINED and removed != "0"):
            return
        with self._connections.transaction() as connection:
            forget_removed_words(connection)
            sql = "INSERT OR REPLACE INTO header VALUES ('forgotten', ?)"
            connection.execute(sql, (removed,))

    def verify(self) -> list[Fault]:
        """Read every row and every file, and return the faults.

        :raises IndexOutdated: if the index was built by a newer Notepoint.
        """
        from indexer.store.embedded.audit import derived_faults

        faults: list[Fault] = []
        try:
            with self._connections.lend() as connection:
                faults += self._page_faults(connection)
                faults += [
                    Fault(DATABASE, str(line))
                    for (line,) in connection.execute("PRAGMA integrity_check").fetchall()
                    if line != "ok"
                ]
                self._refuse_newer_header(connection)
                wrong = list(row_faults(connection)) or list(derived_faults(connection))
                faults += [Fault(DATABASE, message) for message in wrong]
                faults += self._snapshots.faults(read_header(connection))
        except IndexDamaged as exc:
            faults.append(Fault(DATABASE, exc.message))
        return faults

    def _page_faults(self, connection: sqlite3.Connection) -> list[Fault]:
        try:
            fault = self._page_fault(connection, trust=False)
        except NoSums as exc:
            built = read_header(connection).get("generation", "0") != "0"
            return [Fault(sums_path(self._path).name, str(exc))] if built else []
        return [Fault(DATABASE, fault)] if fault else []

    def exposure(self) -> str | None:
        """Return a warning if other users of the machine can read the index."""
        return exposure(self.folder)

    def size(self) -> int:
        """Return the bytes of all files of the index."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


def _make_tables(connections: Connections) -> None:
    """Create the tables of an empty index, and leave nothing in the log."""
    header = {"format": str(FORMAT_VERSION), "generation": "0", "identity": os.urandom(8).hex()}
    with connections.transaction() as connection:
        for statement in TABLES.split(";\n"):
            connection.execute(statement)
        connection.executemany("INSERT INTO header VALUES (?, ?)", header.items())
    with connections.lend() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _remove_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _read_pid(path: Path) -> str:
    try:
        return read_regular(path, 20).decode("ascii", "replace").strip() or "unknown"
    except OSError:
        return "unknown"


def _newer(folder: Path) -> IndexOutdated:
    return IndexOutdated(
        f"the index in {folder} was built by a newer Notepoint",
        "update Notepoint, or give another place with --store",
    )


def _unwritable(folder: Path, exc: OSError) -> IndexerError:
    reason = (exc.strerror or str(exc)).lower()
    return IndexerError(
        f"the index in {folder} cannot be written: {reason}",
        "check disk space and permissions, or give another place with --store",
    )

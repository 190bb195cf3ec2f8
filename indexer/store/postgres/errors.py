"""Turn errors of a PostgreSQL server into ours, with a hint on how to fix them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import psycopg
from psycopg import errors

from indexer.errors import IndexDamaged, IndexerError, SettingsError
from indexer.store.rows import REBUILD

_SETUP = "see docs/SCALE.md"
_IS_IT = f"check that it is a PostgreSQL server with pgvector, {_SETUP}"

# (errors, message, hint); the first entry that fits is used.
_KINDS: tuple[tuple[type[psycopg.Error] | tuple[type[psycopg.Error], ...], str, str], ...] = (
    (
        (errors.DiskFull,),
        "the disk of {server} is full; the index is unchanged",
        "free space there, then run the command again",
    ),
    (
        (errors.OutOfMemory, errors.ConfigurationLimitExceeded),
        "{server} is out of memory: {reason}",
        "give it more, or lower maintenance_work_mem and max_parallel_maintenance_workers there",
    ),
    (
        (errors.TooManyConnections,),
        "{server} takes no more connections",
        "try again, or raise max_connections there",
    ),
    (
        (errors.QueryCanceled,),
        "{server} gave up on a statement: {reason}",
        "try again, or raise statement_timeout for this role",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        "{server} is a replica, which takes no changes",
        "name the primary as well: postgresql://user@primary,replica/database",
    ),
    (
        (errors.InsufficientPrivilege,),
        "{server} does not allow this: {reason}",
        f"ask the server's administrator for the right, {_SETUP}",
    ),
    (
        (errors.FeatureNotSupported, errors.UndefinedFile),
        "{server} has no pgvector: {reason}",
        f"install pgvector on the server, {_SETUP}",
    ),
    (
        (errors.SerializationFailure, errors.DeadlockDetected),
        "{server} rolled back a statement: {reason}",
        "try again",
    ),
    (
        (errors.LockNotAvailable,),
        "the index is being changed by another process",
        "try again",
    ),
)
_DAMAGE = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.InvalidSchemaName,
    errors.DataCorrupted,
    errors.IndexCorrupted,
)
# Texts of failed connections, which have no code, and how to fix them.
_REFUSALS = (
    ("password authentication failed", "give the password in PGPASSWORD or ~/.pgpass"),
    ("no password supplied", "give the password in PGPASSWORD or ~/.pgpass"),
    ("no pg_hba.conf entry", "allow this machine in the server's pg_hba.conf"),
    ("does not exist", "create it with createdb or createuser, or name another"),
    (
        "session is read-only",
        "name the primary, postgresql://user@primary,replica/database, and see that it runs",
    ),
)


_WRITING = (
    "write @ : / ? # [ ] % of a password as %40 %3A %2F %3F %23 %5B %5D %25, or use PGPASSWORD"
)


def parse_address(conninfo: str) -> dict[str, object]:
    """Return the parts of an address as the client library reads them.

    :param conninfo: ``postgresql://...``, without the space.
    :raises SettingsError: if it is invalid or ambiguous; the message shows none of its parts.
    """
    try:
        given: dict[str, object] = {**psycopg.conninfo.conninfo_to_dict(conninfo)}
    except (psycopg.Error, ValueError):
        # Without the cause, which repeats the address with its password.
        raise SettingsError("the address of the store cannot be read", _WRITING) from None
    host, database = str(given.get("host")), str(given.get("dbname"))
    doubtful = {"@", "/", "?", "#", "[", "]"} & set(f"{host}{given.get('port')}")
    doubtful = doubtful if not host.startswith("/") else set()
    if conninfo.count("@") > 1 or "@" in database or doubtful:
        raise SettingsError("the parts of the store's address cannot be told apart", _WRITING)
    ports = str(given.get("port") or "5432").split(",")
    if not all(port.isascii() and port.isdigit() and 0 < int(port) < 65536 for port in ports):
        raise SettingsError(
            "the port in the address of the store is not a number from 1 to 65535", _WRITING
        )
    return given


@contextlib.contextmanager
def translated(server: str) -> Iterator[None]:
    """Turn server errors into ours; the cause keeps the original error.

    :param server: its address without a password.
    """
    try:
        yield
    except _DAMAGE as exc:
        raise IndexDamaged(f"the index in {server} is damaged: {_first(exc)}", REBUILD) from exc
    except psycopg.Error as exc:
        for kinds, message, hint in _KINDS:
            if isinstance(exc, kinds):
                raise IndexerError(message.format(server=server, reason=_first(exc)), hint) from exc
        if isinstance(exc, psycopg.OperationalError) or "connection" in str(exc):
            raise _unreachable(server, exc) from exc
        raise IndexerError(f"{server} does not answer as expected: {_first(exc)}", _IS_IT) from exc


@contextlib.contextmanager
def no_odd_answers(server: str) -> Iterator[None]:
    """Turn answers with unexpected types or columns into one error.

    :param server: its address without a password.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as exc:
        raise IndexerError(
            f"{server} does not answer as expected: {type(exc).__name__}", _IS_IT
        ) from exc


def _unreachable(server: str, exc: psycopg.Error) -> IndexerError:
    text = str(exc)
    for part, hint in _REFUSALS:
        if part in text:
            return IndexerError(f"{server} refuses the connection: {_first(exc)}", hint)
    return IndexerError(
        f"{server} cannot be reached: {_first(exc)}",
        "check the address and that the server runs, then try again",
    )


def _first(exc: psycopg.Error) -> str:
    """Return the server's message on one line, without parts that may hold a password."""
    said = exc.diag.message_primary or str(exc).strip() or type(exc).__name__
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = next((line for line in lines if "FATAL" in line or "failed" in line), lines[0])
    told = re.split("FATAL: +|failed: ", told)[-1].strip()
    return re.sub(r"postgres(ql)?://\S*", "the address", told).rstrip(".")

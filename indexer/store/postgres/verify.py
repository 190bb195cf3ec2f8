"""Verify every row of an index on a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from indexer.store.postgres.schema import TABLES
from indexer.store.postgres.view import run
from indexer.store.records import Fault
from indexer.store.rows import NOTE_COLUMNS, POINT_COLUMNS, checksum, checksum_bytes

_ROWS_AT_ONCE = 2_000
_COUNTS = {
    "points without their note": "FROM point WHERE note NOT IN (SELECT id FROM note)",
    "points without their vector": "FROM point WHERE id NOT IN (SELECT point FROM embedding)",
    "vectors without their point": "FROM embedding WHERE point NOT IN (SELECT id FROM point)",
    "points of another build": "FROM point WHERE era <> (SELECT era FROM header)",
    "vectors of another build": "FROM embedding WHERE era <> (SELECT era FROM header)",
    "links without their note": "FROM link WHERE note NOT IN (SELECT id FROM note)",
    "links not resolved": "FROM link WHERE ok IS NULL",
    "words counted wrongly": "FROM (SELECT word, count(*) FROM point, "
    "unnest(tsvector_to_array(words)) AS word GROUP BY word) AS found "
    "FULL JOIN term ON term = word WHERE points IS DISTINCT FROM count",
}


def faults_of(connection: Connection, *, tables_only: bool = False) -> list[Fault]:
    """Return the faults of an index.

    :param connection: in a transaction.
    :param tables_only: True to check only that all tables exist.
    """
    rows = run(connection, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    missing = {*TABLES, "header", "spare"} - {row[0] for row in rows}
    if missing:
        return [Fault(table, "the table is missing") for table in sorted(missing)]
    if tables_only:
        return []
    return [*_row_faults(connection), *_count_faults(connection)]


def _row_faults(connection: Connection) -> Iterator[Fault]:
    for *row, check in _rows(connection, f"SELECT {NOTE_COLUMNS}, checksum FROM note"):
        if checksum(row) != check:
            yield Fault("note", f"the row of the note {row[0]!r} is damaged")
    sql = f"SELECT {POINT_COLUMNS}, note, id, checksum FROM point"
    for *row, point_id, check in _rows(connection, sql):
        if checksum(row) != check:
            yield Fault("point", f"the row of point {point_id} is damaged")
    columns = "value, checksum, pieces, pieces_checksum"
    sql = f"SELECT 'point', point, {columns} FROM embedding"
    spare = f"SELECT 'key', encode(key, 'hex'), {columns} FROM spare"
    for statement in (sql, spare):
        for what, name, value, check, pieces, other in _rows(connection, statement):
            if checksum_bytes(value) != check or checksum_bytes(pieces) != other:
                yield Fault("embedding", f"the vector of {what} {name} is damaged")


def _count_faults(connection: Connection) -> Iterator[Fault]:
    for what, rest in _COUNTS.items():
        ((count,),) = run(connection, f"SELECT count(*) {rest}")
        if count:
            yield Fault("tables", f"{count} {what}")
    ((points, found, tokens, lengths),) = run(
        connection,
        "SELECT points, (SELECT count(*) FROM point), tokens, "
        "(SELECT coalesce(sum(length), 0) FROM point) FROM header",
    )
    if points != found:
        yield Fault("header", f"the header counts {points} points, the table {found}")
    if tokens != lengths:
        yield Fault("header", f"the header counts {tokens} words, the table {lengths}")


def _rows(connection: Connection, sql: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a statement, in batches."""
    with connection.cursor(name="verify") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        yield from cursor.execute(sql, binary=True)

"""The tables of the embedded store."""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
from collections.abc import Iterator

from indexer.errors import IndexDamaged
from indexer.store.embedded.vector_blocks import block_faults
from indexer.store.rows import (
    NOTE_COLUMNS,
    POINT_COLUMNS,
    REBUILD,
    checksum,
    checksum_bytes,
    path_from_row,
)

# Bump when an older index can no longer be read. Each format has its own file name, so the new
# index is built next to the old one.
FORMAT_VERSION = 6
# Each table and each index of SQLite takes a page at least: with pages of 8 KiB, an index of one
# point takes 240 KB, with these 50 KB. At 42,250 points the files have the same size, and builds,
# questions and edits take the same time, with pages of 1, 2, 4 and 8 KiB.
PAGE_SIZE = 1024

TABLES = """
CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path NOT NULL UNIQUE,  -- text, or bytes if the name is not UTF-8
    content_hash BLOB, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,
    outcome TEXT NOT NULL, warnings TEXT NOT NULL,
    title TEXT NOT NULL, date TEXT, tags TEXT NOT NULL, categories TEXT NOT NULL, aliases TEXT NOT
    NULL, published TEXT NOT NULL, properties TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE label (
    kind TEXT NOT NULL, folded TEXT NOT NULL, note INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, folded, note)
) WITHOUT ROWID;
CREATE INDEX label_note ON label (note);
CREATE TABLE name (key TEXT NOT NULL, note INTEGER NOT NULL, PRIMARY KEY (key, note)) WITHOUT ROWID;
CREATE INDEX name_note ON name (note);
CREATE TABLE anchor (
    note INTEGER NOT NULL, anchor TEXT NOT NULL, line INTEGER NOT NULL, PRIMARY KEY (note, anchor)
) WITHOUT ROWID;
CREATE TABLE point (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    note INTEGER NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL, lead_in INTEGER NOT NULL,
    line_start INTEGER NOT NULL, line_end INTEGER NOT NULL,
    text TEXT NOT NULL, heading_path TEXT NOT NULL, parents TEXT NOT NULL,
    vector INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE INDEX point_note ON point (note, ordinal);
CREATE TABLE tombstone (point INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE TABLE vector (
    id INTEGER PRIMARY KEY,  -- its place in the blocks
    key BLOB NOT NULL UNIQUE, pieces BLOB NOT NULL, pieces_checksum INTEGER NOT NULL
);
CREATE TABLE block (
    id INTEGER PRIMARY KEY, dimension INTEGER NOT NULL,
    value BLOB NOT NULL, checksum INTEGER NOT NULL  -- eight vectors
);
CREATE VIRTUAL TABLE words USING fts5 (
    own, context, content = '', tokenize = "ascii tokenchars '_'"
);
CREATE TABLE term (term TEXT PRIMARY KEY, points INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE link (
    id INTEGER PRIMARY KEY, note INTEGER NOT NULL, point INTEGER,
    line INTEGER NOT NULL, text TEXT NOT NULL, target TEXT NOT NULL,
    wiki INTEGER NOT NULL, raw_mend TEXT, key TEXT NOT NULL,
    kind TEXT, reached INTEGER, reached_line INTEGER, ok INTEGER, mend TEXT, missing TEXT
);
CREATE INDEX link_note ON link (note);
CREATE INDEX link_point ON link (point);
CREATE INDEX link_key ON link (key);
CREATE INDEX link_reached ON link (reached);
CREATE INDEX link_open ON link (id) WHERE ok IS NULL
"""


# A long value in the header table, read only when it is needed.
CHANCE_TRACE = "chance_trace"
# Keys of the header whose values are numbers.
_NUMBERS = (
    "format generation dimension notes points released vectors_since points_without_file "
    "chance_millionths chance_of"
).split()


# Comments and white space of a statement, which may differ between versions of a format.
_SPACE = re.compile(r"--[^\n]*|\s+")
_MADE = re.compile(r"\s*CREATE (INDEX)")
# What SQLite 3.40 makes by itself for these tables.
_BY_SQLITE = (
    "CREATE TABLE sqlite_sequence(name,seq)",
    "CREATE TABLE 'words_data'(id INTEGER PRIMARY KEY, block BLOB)",
    "CREATE TABLE 'words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID",
    "CREATE TABLE 'words_docsize'(id INTEGER PRIMARY KEY, sz BLOB)",
    "CREATE TABLE 'words_config'(k PRIMARY KEY, v) WITHOUT ROWID",
)


def refuse_foreign_tables(connection: sqlite3.Connection) -> None:
    """Refuse a database with tables, views or triggers that Notepoint does not make.

    An index can come with notes of strangers. A view in place of a table could compute forever, and
    a trigger could change what a build writes.

    :param connection: to the database, which may still be empty.
    :raises IndexDamaged: if there is anything else than our tables and their indexes.
    """
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql NOT NULL")
    for kind, name, sql in rows.fetchall():
        made = kind, _SPACE.sub("", str(sql))
        if made not in _our_tables() and made not in _tables_of_this_sqlite():
            raise IndexDamaged(
                f"the index is damaged: it has a {str(kind)[:20]} that Notepoint does not make, "
                f"{str(name)[:40]!r}",
                REBUILD,
            )


@functools.cache
def _our_tables() -> frozenset[tuple[str, str]]:
    """Return kind and statement, without white space, of our tables and indexes."""
    found = set()
    for statement in (*TABLES.split(";\n"), *_BY_SQLITE):
        made = _MADE.match(statement)
        kind = made[1].lower() if made else "table"
        found.add((kind, _SPACE.sub("", statement)))
    return frozenset(found)


@functools.cache
def _tables_of_this_sqlite() -> frozenset[tuple[str, str]]:
    """Return the same, as the SQLite of this process writes it; it takes a millisecond."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for statement in TABLES.split(";\n"):
            connection.execute(statement)
        rows = connection.execute("SELECT type, sql FROM sqlite_schema").fetchall()
    return frozenset((kind, _SPACE.sub("", str(sql))) for kind, sql in rows)


def read_header(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the header of an index; empty if it has no tables yet.

    :param connection: to its database.
    :raises IndexDamaged: if a number in it is not a number.
    """
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'header'").fetchone():
        return {}
    sql = "SELECT key, value FROM header WHERE key <> ?"
    header = dict(connection.execute(sql, (CHANCE_TRACE,)).fetchall())
    for key in _NUMBERS:
        if not str(header.get(key, "0")).isdecimal():
            raise IndexDamaged(f"the header of the index is damaged: {key}", REBUILD)
    return header


def row_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the faults of the rows of an index and between its tables."""
    for row in connection.execute(f"SELECT {NOTE_COLUMNS}, checksum FROM note"):
        if checksum(row[:-1]) != row[-1]:
            yield f"the row of the note {path_from_row(row[0])!r} is damaged"
    for row in connection.execute(f"SELECT {POINT_COLUMNS}, vector, note, checksum, id FROM point"):
        if checksum(row[:-2]) != row[-2]:
            yield f"the row of point {row[-1]} is damaged"
    for identity, pieces, check in connection.execute(
        "SELECT id, pieces, pieces_checksum FROM vector"
    ):
        if checksum_bytes(pieces) != check:
            yield f"vector {identity} is damaged"
    yield from block_faults(connection)
    counts = {
        "points without their note": "FROM point WHERE note NOT IN (SELECT id FROM note)",
        "points without their vector": "FROM point WHERE vector NOT IN (SELECT id FROM vector)",
        "points without their words": "FROM point WHERE id NOT IN (SELECT id FROM words_docsize)",
        "words without their point": "FROM words_docsize WHERE id NOT IN (SELECT id FROM point)",
        "links without their note": "FROM link WHERE note NOT IN (SELECT id FROM note)",
        "links without their point": (
            "FROM link WHERE point IS NOT NULL AND point NOT IN (SELECT id FROM point)"
        ),
        "links to a removed note": (
            "FROM link WHERE reached IS NOT NULL AND reached NOT IN (SELECT id FROM note)"
        ),
        "links not resolved": "FROM link WHERE ok IS NULL",
        "names without their note": "FROM name WHERE note NOT IN (SELECT id FROM note)",
        "anchors without their note": "FROM anchor WHERE note NOT IN (SELECT id FROM note)",
        "removed points still present": ("FROM tombstone WHERE point IN (SELECT id FROM point)"),
    }
    for what, rest in counts.items():
        count = connection.execute(f"SELECT count(*) {rest}").fetchone()[0]
        if count:
            yield f"{count} {what}"
    header = read_header(connection)
    points = connection.execute("SELECT count(*) FROM point").fetchone()[0]
    if header.get("points", "0") != str(points):
        yield f"the header counts {header.get('points')} points, the table {points}"

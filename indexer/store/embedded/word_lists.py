"""The word lists of the embedded store: read the words of all points, forget removed words."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator

from indexer.store.point_words import note_names, words_of_point
from indexer.store.rows import POINT_COLUMNS, list_from_row, path_from_row, point_from_row

ADD_WORDS = "INSERT INTO words (rowid, own, context) VALUES (?, ?, ?)"
# FTS5 describes its lists in this row: at least two bytes for each level of merged lists.
_STRUCTURE_ROW = 10
# Each merge adds two levels, and FTS5 takes a list of more than 2,000 levels for damage. So above
# this length, which has at most 1,500 levels, the lists are written from scratch.
_MAX_STRUCTURE_BYTES = 3_000


def words_by_point(connection: sqlite3.Connection) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield the id of each point, its words and the words of its context, as they should be listed.

    :param connection: of the index.
    """
    columns = ", ".join(f"point.{column}" for column in POINT_COLUMNS.split(", "))
    targets: defaultdict[int, list[str]] = defaultdict(list)
    for point_id, target in connection.execute(
        "SELECT point, target FROM link WHERE point IS NOT NULL"
    ):
        targets[point_id].append(target)
    rows = connection.execute(
        f"SELECT point.id, path, title, aliases, {columns} FROM point "
        "JOIN note ON note.id = point.note ORDER BY point.id"
    )
    for point_id, path, title, aliases, *row in rows:
        names = note_names(title, list_from_row(aliases), path_from_row(path))
        yield point_id, *words_of_point(point_from_row(row)[1], names, targets.get(point_id, ()))


def forget_removed_words(connection: sqlite3.Connection) -> None:
    """Merge the word lists, so that they no longer contain removed words.

    :param connection: with an open transaction.
    """
    sql = "SELECT length(block) FROM words_data WHERE id = ?"
    if connection.execute(sql, (_STRUCTURE_ROW,)).fetchone()[0] <= _MAX_STRUCTURE_BYTES:
        connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        return
    connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
    for point_id, own, context in words_by_point(connection):
        connection.execute(ADD_WORDS, (point_id, " ".join(own), " ".join(context)))

"""Compare the derived tables of an index with the rows they come from."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator

from indexer.store.embedded.word_lists import words_by_point
from indexer.store.filters import labels_of
from indexer.store.rows import (
    NOTE_INFO_COLUMNS,
    note_info_from_row,
)

# The tokenizer of FTS5 also cuts here: a ligature of several words is only one of our terms.
_TOKEN = re.compile(r"[0-9A-Z_a-z\x80-\U0010ffff]+")


def derived_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield faults of the word lists, term counts and labels.

    :param connection: to a database whose rows are intact.
    """
    entries, terms = _words_wanted(connection)
    if entries != _words_found(connection):
        yield "the lists of words do not fit the points"
    if terms != Counter(dict(connection.execute("SELECT term, points FROM term"))):
        yield "the counts of words do not fit the points"
    if set(_labels_wanted(connection)) != set(
        connection.execute("SELECT kind, value, folded, note FROM label")
    ):
        yield "the tags and categories do not fit the notes"


def _words_wanted(connection: sqlite3.Connection) -> tuple[tuple[int, int], Counter[str]]:
    """Return the expected number of words, the sum of their hashes, and the points per term."""
    count = total = 0
    terms: Counter[str] = Counter()
    for point_id, own, context in words_by_point(connection):
        terms.update({*own, *context})
        for column, words in (("own", own), ("context", context)):
            for offset, term in enumerate(_TOKEN.findall(" ".join(words))):
                count += 1
                total += _hash(term, point_id, column, offset)
    return (count, total), terms


def _words_found(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the number of words in the lists, and the sum of their hashes."""
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab('main', 'words', 'instance')"
    )
    count = total = 0
    for term, point_id, column, offset in connection.execute(
        "SELECT term, doc, col, offset FROM temp.word"
    ):
        count += 1
        total += _hash(term, point_id, column, offset)
    return count, total


def _hash(term: str, point_id: int, column: str, offset: int) -> int:
    return zlib.crc32(f"{term} {point_id} {column} {offset}".encode("utf-8", "surrogatepass"))


def _labels_wanted(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str, int]]:
    rows = connection.execute(f"SELECT id, {NOTE_INFO_COLUMNS} FROM note")
    for note, *row in rows:
        for label in labels_of(note_info_from_row(row)):
            yield *label, note

"""Read notes with all their points and links, to copy them to another store.

Both stores use the same names of tables and columns, so one set of statements reads both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from indexer.records import RawLink
from indexer.store.records import WholeLink, WholeNote, WholePoint
from indexer.store.rows import (
    LINK_COLUMNS,
    NOTE_INFO_COLUMNS,
    NOTE_STATE_COLUMNS,
    POINT_COLUMNS,
    link_from_row,
    note_info_from_row,
    note_state_from_row,
    path_from_row,
    point_from_row,
)

Rows = Callable[[str], Iterable[Sequence[Any]]]
"""Runs a statement without placeholders."""
_NOTES_AT_ONCE = 200
_STATE_WIDTH = len(NOTE_STATE_COLUMNS.split(", "))
_POINT_WIDTH = len(POINT_COLUMNS.split(", "))


def read_whole_notes(rows: Rows, key: str) -> Iterator[list[WholeNote]]:
    """Yield all notes in the order they were added, a few hundred at a time.

    :param rows: runs a statement within one view.
    :param key: the SQL join that adds ``key``, the key of a point's vector.
    """
    ids = [row[0] for row in rows("SELECT id FROM note ORDER BY id")]
    for start in range(0, len(ids), _NOTES_AT_ONCE):
        yield list(_read(rows, key, ids[start], ids[start : start + _NOTES_AT_ONCE][-1]))


def _read(rows: Rows, key: str, first: int, last: int) -> Iterator[WholeNote]:
    between = f"BETWEEN {first:d} AND {last:d}"
    anchors: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for note, anchor, line in rows(f"SELECT note, anchor, line FROM anchor WHERE note {between}"):
        anchors[note].append((anchor, line))
    points: dict[int, list[WholePoint]] = defaultdict(list)
    places: dict[int, int] = {}
    columns = ", ".join(f"point.{column}" for column in POINT_COLUMNS.split(", "))
    sql = f"SELECT {columns}, point.id, point.note, key FROM point {key} WHERE point.note {between}"
    for row in rows(f"{sql} ORDER BY point.note, point.ordinal"):
        ordinal, point = point_from_row(row[:_POINT_WIDTH])
        point_id, note, name = row[_POINT_WIDTH:]
        points[note].append(WholePoint(point_id, ordinal, point, bytes(name)))
        places[point_id] = ordinal
    links = _links(rows, between, places)
    sql = f"SELECT {NOTE_STATE_COLUMNS}, {NOTE_INFO_COLUMNS}, id FROM note WHERE id {between}"
    for row in rows(f"{sql} ORDER BY id"):
        found = points[row[-1]]
        yield WholeNote(
            note_state_from_row(row[:_STATE_WIDTH], len(found)),
            note_info_from_row(row[_STATE_WIDTH:-1]),
            tuple(sorted(anchors[row[-1]])),
            tuple(found),
            tuple(links[row[-1]]),
        )


def _links(rows: Rows, between: str, places: dict[int, int]) -> dict[int, list[WholeLink]]:
    columns = ", ".join(f"link.{column}" for column in LINK_COLUMNS.split(", "))
    found: dict[int, list[WholeLink]] = defaultdict(list)
    for row in rows(
        f"SELECT link.note, link.point, wiki, raw_mend, source.path, target_note.path, {columns} "
        "FROM link JOIN note AS source ON source.id = link.note "
        "LEFT JOIN note AS target_note ON target_note.id = link.reached "
        f"WHERE link.note {between} ORDER BY link.id"
    ):
        note, point, wiki, fix, path, reached = row[:6]
        link = link_from_row(path_from_row(path), reached, row[6:])
        raw = RawLink(link.line, link.text, link.target, bool(wiki), fix)
        place = None if point is None else places[point]
        found[note].append(WholeLink(place, raw, link))
    return found

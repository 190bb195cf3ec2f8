"""Convert records to rows and back, for both stores.

Every row that can reach an answer carries a checksum: three of four flipped bits in a database pass
SQLite's own integrity check.
"""

from __future__ import annotations

import functools
import json
import os
import zlib
from collections.abc import Sequence
from typing import Any

from indexer.errors import IndexDamaged
from indexer.records import (
    BlockKind,
    FileStamp,
    Link,
    LinkKind,
    Missing,
    NoteWarning,
    Outcome,
    Point,
)
from indexer.store.records import NoteChange, NoteInfo, NoteState

REBUILD = "run `notepoint build --rebuild`"
NOTE_STATE_COLUMNS = "path, content_hash, size, mtime_ns, ctime_ns, inode, outcome, warnings"


NOTE_INFO_COLUMNS = "path, title, date, tags, categories, aliases, published, properties"
NOTE_COLUMNS = (
    "path, content_hash, size, mtime_ns, ctime_ns, inode, outcome, warnings, "
    "title, date, tags, categories, aliases, published, properties"
)
POINT_COLUMNS = "ordinal, kind, lead_in, line_start, line_end, text, heading_path, parents"


LINK_COLUMNS = "line, text, target, kind, reached_line, ok, mend, missing"
# A dictionary is three times as fast as calling the enumeration.
_KINDS = {kind.value: kind for kind in BlockKind}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


_LINK_KINDS = {kind.value: kind for kind in LinkKind}
_MISSING = {missing.value: missing for missing in Missing}
Row = Sequence[Any]


def checksum(values: Row) -> int:
    """Return the CRC-32 of the values of a row, which changes with any single flipped bit."""
    return zlib.crc32(repr(tuple(values)).encode("utf-8", "surrogatepass"))


def checksum_bytes(value: bytes) -> int:
    """Return the CRC-32 of a vector, or of the word pieces of a point."""
    return zlib.crc32(value)


def path_to_row(path: str) -> str | bytes:
    """Return a path as SQLite can store it: bytes if the name is not UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def path_from_row(value: str | bytes) -> str:
    """Return a path in the form of the operating system."""
    return os.fsdecode(value) if isinstance(value, bytes) else value


def warnings_to_row(warnings: Sequence[NoteWarning]) -> str:
    """Return warnings as JSON."""
    return json.dumps([[w.message, w.line, w.hint] for w in warnings])


def list_to_row(values: Sequence[str | tuple[str, str]]) -> str:
    """Return texts, or pairs of texts, as JSON; characters that are not Unicode are escaped."""
    text = json.dumps(list(values), ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(list(values))
    return text


@functools.lru_cache(maxsize=4096)
def stamp_to_row(stamp: FileStamp | None) -> tuple[int | None, ...]:
    """Return the four numbers of a stamp, or four times None."""
    return (stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode) if stamp else (None,) * 4


def note_to_row(change: NoteChange) -> tuple[Any, ...]:
    """Return a note as a row of ``NOTE_COLUMNS``, without its path."""
    note = change.note
    return (
        note.content_hash,
        *stamp_to_row(change.stamp),
        note.outcome.value,
        warnings_to_row(note.warnings),
        note.title,
        note.date.isoformat() if note.date else None,
        *(list_to_row(labels) for labels in (note.tags, note.categories, note.aliases)),
        change.published,
        list_to_row(note.properties),
    )


@functools.lru_cache(maxsize=4096)  # points share their headings and parents
def list_from_row(value: str) -> tuple[str, ...]:
    """Return the texts that ``list_to_row`` made JSON."""
    return tuple(json.loads(value)) if value != "[]" else ()


def _pairs_from_row(value: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, text) for key, text in json.loads(value)) if value != "[]" else ()


def note_state_from_row(row: Row, points: int) -> NoteState:
    """Return the state in a row of ``NOTE_STATE_COLUMNS``, without its path."""
    _, content_hash, size, mtime, ctime, inode, outcome, warnings = row
    stamp = None if size is None else FileStamp(size, mtime, ctime, inode)
    found: tuple[NoteWarning, ...] = ()
    if warnings != "[]":
        found = tuple(NoteWarning(*warning) for warning in json.loads(warnings))
    return NoteState(content_hash, stamp, _OUTCOMES[outcome], found, points)


def note_info_from_row(row: Row) -> NoteInfo:
    """Return the note in a row of ``NOTE_INFO_COLUMNS``."""
    path, title, date, tags, categories, aliases, published, properties = row
    return NoteInfo(
        note_id=path_from_row(path),
        title=title,
        date=date,
        tags=list_from_row(tags),
        categories=list_from_row(categories),
        aliases=list_from_row(aliases),
        published=published,
        properties=_pairs_from_row(properties),
    )


def point_to_row(ordinal: int, point: Point) -> tuple[Any, ...]:
    """Return a point as a row of ``POINT_COLUMNS``."""
    return (
        ordinal,
        point.kind.value,
        int(point.lead_in),
        point.line_start,
        point.line_end,
        point.text,
        list_to_row(point.heading_path),
        list_to_row(point.parents),
    )


def point_from_row(row: Row) -> tuple[int, Point]:
    """Return the ordinal and the point, without its links, of a row of ``POINT_COLUMNS``."""
    ordinal, kind, lead_in, start, end, text, heading_path, parents = row
    path, above = list_from_row(heading_path), list_from_row(parents)
    return ordinal, Point(
        text=text,
        kind=_KINDS[kind],
        line_start=start,
        line_end=end,
        heading_path=path,
        parents=above,
        lead_in=bool(lead_in),
    )


def link_from_row(note_id: str, reached: str | bytes | None, row: Row) -> Link:
    """Return the link in a row of ``LINK_COLUMNS``."""
    line, text, target, kind, reached_line, ok, fix, missing = row
    to = None if reached is None else path_from_row(reached)
    return Link(
        note_id=note_id,
        line=line,
        text=text,
        target=target,
        kind=_LINK_KINDS[kind],
        to=to,
        to_line=reached_line,
        ok=bool(ok),
        fix=fix,
        missing=_MISSING[missing] if missing else None,
    )


def sound(row: Row, what: str) -> Row:
    """Return a row without its last value, the checksum.

    :param row: ends with its checksum.
    :param what: names the row in the error message.
    :raises IndexDamaged: if the checksum does not fit.
    """
    if checksum(row[:-1]) != row[-1]:
        raise IndexDamaged(f"the row of {what} is damaged", REBUILD)
    return row[:-1]

"""A change to the embedded store: the statements of one transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from indexer.errors import IndexDamaged
from indexer.records import FileStamp, Link, Outcome, Point, RawLink
from indexer.store.embedded.schema import read_header
from indexer.store.embedded.word_lists import ADD_WORDS
from indexer.store.filters import labels_of
from indexer.store.point_words import note_names, targets_by_point, words_of_point
from indexer.store.records import NewLink, NewPoint, NoteChange, NoteInfo, Setup, join_engines
from indexer.store.rows import (
    NOTE_COLUMNS,
    NOTE_INFO_COLUMNS,
    POINT_COLUMNS,
    REBUILD,
    checksum,
    list_from_row,
    note_info_from_row,
    note_to_row,
    path_from_row,
    path_to_row,
    point_from_row,
    point_to_row,
    stamp_to_row,
)

_EVERY_TABLE = ("label", "name", "anchor", "point", "tombstone", "term", "link", "note")
_KNOWN = (Outcome.INDEXED, Outcome.PARTIAL, Outcome.EMPTY)


class SqlChange:
    """A transaction in progress; the caller that opened it commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take a connection with an open transaction."""
        self._sql = connection
        self._header = read_header(connection)
        self._generation = int(self._header.get("generation", "0")) + 1
        self._terms: Counter[str] = Counter()
        self._points = int(self._header.get("points", "0"))
        self._notes = int(self._header.get("notes", "0"))
        self._released = int(self._header.get("released", "0"))

    def drop_everything(self) -> None:
        """Remove all notes and their derived rows; snapshots of their vectors become invalid."""
        for table in _EVERY_TABLE:
            self._sql.execute(f"DELETE FROM {table}")
        self._sql.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self._released += self._points
        self._points = self._notes = 0
        self._set_header("vectors_since", self._generation)

    def put(self, change: NoteChange) -> None:
        """Add or replace a note."""
        note = self._note_row(change.note.note_id)
        if note is not None:
            self._forget_names(note[0])
            self._remove_points(change.removed, note[1])
            self._notes -= note[2]
        self._notes += change.note.outcome in _KNOWN
        identity = self._write_note(change, note[0] if note else None)
        names = note_names(change.note.title, change.note.aliases, change.note.note_id)
        targets = targets_by_point(change.links)
        for point_id, ordinal, point in change.kept:
            self._move_point(point_id, ordinal, point)
        owner: dict[int, int] = {ordinal: point_id for point_id, ordinal, _ in change.kept}
        for new in change.added:
            words = words_of_point(new.point, names, targets.get(new.ordinal, ()))
            owner[new.ordinal] = self._add_point(identity, new, words)
        self._write_links(identity, change.links, owner)

    def drop(self, note_id: str) -> None:
        """Remove a note with its points, labels and links."""
        note = self._note_row(note_id)
        if note is None:
            return
        ids = [
            row[0] for row in self._sql.execute("SELECT id FROM point WHERE note = ?", (note[0],))
        ]
        self._forget_names(note[0])
        self._remove_points(ids, note[1])
        self._notes -= note[2]
        self._sql.execute("DELETE FROM link WHERE note = ?", (note[0],))
        self._sql.execute("DELETE FROM note WHERE id = ?", (note[0],))

    def open_links(self) -> Iterable[tuple[int, str, RawLink]]:
        """Return the links to resolve again after this change."""
        rows = self._sql.execute(
            "SELECT link.id, note.path, line, text, target, wiki, raw_mend "
            "FROM link JOIN note ON note.id = link.note WHERE link.ok IS NULL"
        ).fetchall()
        for identity, path, line, text, target, wiki, fix in rows:
            yield identity, path_from_row(path), RawLink(line, text, target, bool(wiki), fix)

    def reopen_links(self) -> None:
        """Mark the links that an added or removed note or file may change."""
        self._sql.execute("UPDATE link SET ok = NULL WHERE ok = 0 OR kind = 'file'")

    def close_link(self, link_id: int, link: Link) -> None:
        """Save where a link leads."""
        note = self._note_row(link.to) if link.to is not None else None
        reached = note[0] if note else None
        self._sql.execute(
            "UPDATE link SET kind = ?, reached = ?, reached_line = ?, ok = ?, mend = ?, "
            "missing = ? WHERE id = ?",
            (
                link.kind.value,
                reached,
                link.to_line,
                int(link.ok),
                link.fix,
                link.missing.value if link.missing else None,
                link_id,
            ),
        )

    def names_for(self, key: str) -> list[NoteInfo]:
        """Return the notes filed under a key of links."""
        columns = ", ".join(f"note.{column}" for column in NOTE_INFO_COLUMNS.split(", "))
        rows = self._sql.execute(
            f"SELECT {columns} FROM name JOIN note ON note.id = name.note "
            "WHERE name.key = ? ORDER BY note.path",
            (key,),
        )
        return [note_info_from_row(row) for row in rows]

    def anchor_line(self, note_id: str, anchor: str) -> int | None:
        """Return the line of a heading or block of a note, None if the note has no such anchor."""
        row = self._sql.execute(
            "SELECT line FROM anchor JOIN note ON note.id = anchor.note "
            "WHERE note.path = ? AND anchor = ?",
            (path_to_row(note_id), anchor),
        ).fetchone()
        return row[0] if row else None

    def finish(self, setup: Setup) -> None:
        """Write the counts and increase the generation; the caller commits."""
        self._sql.executemany(
            "INSERT INTO term VALUES (?, ?) "
            "ON CONFLICT (term) DO UPDATE SET points = points + excluded.points",
            [item for item in self._terms.items() if item[1]],
        )
        self._sql.executemany(
            "DELETE FROM term WHERE term = ? AND points <= 0",
            [(term,) for term, count in self._terms.items() if count < 0],
        )
        values = {
            "generation": self._generation,
            "encoder": setup.encoder,
            "model": setup.model,
            "dimension": setup.dimension,
            "chunking": setup.chunking,
            "engine": join_engines(self._header.get("engine", ""), setup.engine),
            "files": setup.files,
            "notes": self._notes,
            "points": self._points,
            "released": self._released,
        }
        for key, value in values.items():
            self._set_header(key, value)

    def _set_header(self, key: str, value: object) -> None:
        self._sql.execute("INSERT OR REPLACE INTO header VALUES (?, ?)", (key, str(value)))

    def _note_row(self, note_id: str) -> tuple[int, tuple[str, ...], bool] | None:
        """Return the id and the names of a note, and whether it is indexed."""
        sql = "SELECT id, title, aliases, outcome <> 'skipped' FROM note WHERE path = ?"
        row = self._sql.execute(sql, (path_to_row(note_id),)).fetchone()
        if row is None:
            return None
        return row[0], note_names(row[1], list_from_row(row[2]), note_id), row[3]

    def _write_note(self, change: NoteChange, identity: int | None) -> int:
        note = change.note
        values = (path_to_row(note.note_id), *note_to_row(change))
        if identity is None:
            marks = ", ".join("?" * (len(values) + 2))
            row = (None, *values, checksum(values))
            cursor = self._sql.execute(f"INSERT INTO note VALUES ({marks})", row)
            identity = int(cursor.lastrowid or 0)
        else:
            self._sql.execute(
                "UPDATE note SET path = ?, content_hash = ?, size = ?, mtime_ns = ?, ctime_ns = ?, "
                "inode = ?, outcome = ?, warnings = ?, title = ?, date = ?, tags = ?, "
                "categories = ?, aliases = ?, published = ?, properties = ?, checksum = ? "
                "WHERE id = ?",
                (*values, checksum(values), identity),
            )
        labels = [(kind, folded, identity, value) for kind, value, folded in labels_of(note)]
        self._sql.executemany("INSERT INTO label VALUES (?, ?, ?, ?)", labels)
        self._sql.executemany(
            "INSERT INTO name VALUES (?, ?)", [(key, identity) for key in sorted(change.names)]
        )
        self._reopen_links(change.names)
        anchors = [(identity, anchor, line) for anchor, line in note.anchors]
        self._sql.executemany("INSERT OR IGNORE INTO anchor VALUES (?, ?, ?)", anchors)
        return identity

    def _forget_names(self, identity: int) -> None:
        names = [
            row[0] for row in self._sql.execute("SELECT key FROM name WHERE note = ?", (identity,))
        ]
        self._reopen_links(names)
        for table in ("name", "anchor", "label"):
            self._sql.execute(f"DELETE FROM {table} WHERE note = ?", (identity,))

    def _reopen_links(self, names: Iterable[str]) -> None:
        """Mark the links to a changed note, which have to be resolved again."""
        self._sql.executemany(
            "UPDATE link SET ok = NULL WHERE key = ?", [(name,) for name in names]
        )

    def _add_point(self, note: int, new: NewPoint, words: tuple[list[str], list[str]]) -> int:
        found = self._sql.execute("SELECT id FROM vector WHERE key = ?", (new.key,)).fetchone()
        if found is None:
            raise IndexDamaged("a vector was lost while the index was built", REBUILD)
        values = (*point_to_row(new.ordinal, new.point), found[0], note)
        cursor = self._sql.execute(
            f"INSERT INTO point ({POINT_COLUMNS}, vector, note, checksum) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, checksum(values)),
        )
        point_id = int(cursor.lastrowid or 0)
        own, context = words
        self._sql.execute(ADD_WORDS, (point_id, " ".join(own), " ".join(context)))
        self._terms.update({*own, *context})
        self._points += 1
        return point_id

    def _move_point(self, point_id: int, ordinal: int, point: Point) -> None:
        vector, note = self._sql.execute(
            "SELECT vector, note FROM point WHERE id = ?", (point_id,)
        ).fetchone()
        values = (*point_to_row(ordinal, point), vector, note)
        self._sql.execute(
            "UPDATE point SET ordinal = ?, line_start = ?, line_end = ?, checksum = ? WHERE id = ?",
            (ordinal, point.line_start, point.line_end, checksum(values), point_id),
        )

    def _remove_points(self, point_ids: Sequence[int], names: tuple[str, ...]) -> None:
        for point_id in point_ids:
            row = self._sql.execute(
                f"SELECT {POINT_COLUMNS} FROM point WHERE id = ?", (point_id,)
            ).fetchone()
            links = self._sql.execute("SELECT target FROM link WHERE point = ?", (point_id,))
            targets = [target for (target,) in links]
            own, context = words_of_point(point_from_row(row)[1], names, targets)
            # A contentless FTS5 table needs the old words in order to delete them.
            sql = "INSERT INTO words (words, rowid, own, context) VALUES ('delete', ?, ?, ?)"
            self._sql.execute(sql, (point_id, " ".join(own), " ".join(context)))
            self._terms.subtract({*own, *context})
            self._sql.execute("DELETE FROM point WHERE id = ?", (point_id,))
            self._sql.execute("INSERT INTO tombstone VALUES (?, ?)", (point_id, self._generation))
            self._points -= 1
            self._released += 1

    def _write_links(self, note: int, links: Iterable[NewLink], owner: dict[int, int]) -> None:
        self._sql.execute("DELETE FROM link WHERE note = ?", (note,))
        rows = []
        for new in links:
            point = None if new.ordinal is None else owner.get(new.ordinal)
            raw = new.link
            rows.append(
                (note, point, raw.line, raw.text, raw.target, int(raw.wiki), raw.fix, new.key)
            )
        self._sql.executemany(
            "INSERT INTO link (note, point, line, text, target, wiki, raw_mend, key) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def touch_note(connection: sqlite3.Connection, note_id: str, stamp: FileStamp) -> None:
    """Save the new stamp of a file whose content did not change."""
    path = path_to_row(note_id)
    row = connection.execute(f"SELECT {NOTE_COLUMNS} FROM note WHERE path = ?", (path,)).fetchone()
    if row is None:
        return
    values = stamp_to_row(stamp)
    connection.execute(
        "UPDATE note SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, checksum = ? "
        "WHERE path = ?",
        (*values, checksum((*row[:2], *values, *row[6:])), path),
    )

"""A change to the server store: rows are collected and sent in bulk, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import Connection

from indexer.errors import IndexDamaged
from indexer.records import FileStamp, Link, Point, RawLink
from indexer.store.filters import labels_of
from indexer.store.point_words import note_names, targets_by_point, words_of_point
from indexer.store.postgres.schema import TABLES, digest, lexeme, words_to_row
from indexer.store.postgres.view import read_header, run
from indexer.store.records import NewLink, NewPoint, NoteChange, NoteInfo, Setup, join_engines
from indexer.store.rows import (
    NOTE_COLUMNS,
    NOTE_INFO_COLUMNS,
    POINT_COLUMNS,
    REBUILD,
    checksum,
    note_info_from_row,
    note_to_row,
    point_to_row,
    stamp_to_row,
)

_COLUMNS = {
    "note": f"id, {NOTE_COLUMNS}, checksum",
    "label": "note, kind, value, folded",
    "name": "note, key",
    "anchor": "note, anchor, line",
    "point": f"id, note, era, {POINT_COLUMNS}, checksum, length, words",
    "link": "id, note, point, line, text, target, wiki, raw_mend, key",
}
_VECTOR = "key, value, checksum, pieces, pieces_checksum"
# Points are sent in batches of this size, which bounds the memory of a build.
_POINTS_AT_ONCE = 5_000
_IDS_AT_ONCE = 1_000
# Below this number of points, comparing them all takes 10 ms, so no graph is built.
INDEX_ABOVE = 10_000
# Bytes of one point in the graph: its float16 vector and its neighbours (pgvector 0.8, m = 16).
_GRAPH_BYTES_A_POINT = 600
_MAX_GRAPH_MEMORY = 2**31
_MIN_GRAPH_MEMORY = 2**26
# Below this size, the disk space of unused vectors is not freed.
_MAX_SPARE_BYTES = 50_000
_MIN_SHRUNK = 2**22


class ServerChange:
    """A transaction in progress; the caller that opened it commits."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection in a transaction that holds the build lock."""
        self._connection = connection
        header, self._era, self._tokens = read_header(connection)
        self._points, self._setup = header.points, header.setup
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
        self._fresh: list[tuple[int, int, bytes]] = []  # point, note, key of its vector
        self._terms: Counter[str] = Counter()
        self._names: set[bytes] = set()  # links that use one of these names must be resolved again
        self._closed: list[tuple[Any, ...]] = []
        self._ids: list[int] = []
        self._note_ids: dict[str, int] = {}  # ids of the notes written in this change
        self._found: dict[bytes, list[NoteInfo]] = {}
        self._new_era = False
        ((known,),) = run(connection, "SELECT EXISTS (SELECT FROM note)")
        self._has_notes = bool(known)

    def drop_everything(self) -> None:
        """Remove all notes and their derived rows; keep vectors for points with the same text."""
        self._run(
            f"INSERT INTO spare SELECT DISTINCT ON (key) {_VECTOR} FROM embedding "
            "ON CONFLICT (key) DO NOTHING"
        )
        for table in TABLES:
            self._run(f"DELETE FROM {table}")
        self._points = self._tokens = 0
        self._era += 1
        self._new_era, self._has_notes = True, False

    def put(self, change: NoteChange) -> None:
        """Add or replace a note."""
        note = self._note_row(change.note.note_id)
        if note is not None:
            self._forget_names(note)
            self._remove_points(change.removed)
            self._run("DELETE FROM link WHERE note = %s", (note,))
        identity = self._write_note(change, note)
        self._move_points(identity, change.kept)
        owner: dict[int, int] = {ordinal: point_id for point_id, ordinal, _ in change.kept}
        names = note_names(change.note.title, change.note.aliases, change.note.note_id)
        targets = targets_by_point(change.links)
        for new in change.added:
            words = words_of_point(new.point, names, targets.get(new.ordinal, ()))
            owner[new.ordinal] = self._add_point(identity, new, words)
        self._write_links(identity, change.links, owner)
        if len(self._fresh) >= _POINTS_AT_ONCE:
            self._send()

    def drop(self, note_id: str) -> None:
        """Remove a note with its points, labels and links."""
        note = self._note_row(note_id)
        if note is None:
            return
        ids = [row[0] for row in self._rows_of("SELECT id FROM point WHERE note = %s", (note,))]
        self._forget_names(note)
        self._remove_points(ids)
        self._run("DELETE FROM link WHERE note = %s", (note,))
        self._run("DELETE FROM note WHERE id = %s", (note,))

    def open_links(self) -> Iterable[tuple[int, str, RawLink]]:
        """Return the links to resolve again after this change."""
        self._send()
        info = ", ".join(f"note.{column}" for column in NOTE_INFO_COLUMNS.split(", "))
        wanted = self._rows_of("SELECT DISTINCT key FROM link WHERE ok IS NULL")
        self._found = {row[0]: [] for row in wanted}
        named = self._rows_of(
            f"SELECT name.key, {info} FROM name JOIN note ON note.id = name.note "
            "WHERE name.key IN (SELECT key FROM link WHERE ok IS NULL) ORDER BY note.path"
        )
        for key, *row in named:
            self._found[key].append(note_info_from_row(row))
        rows = self._rows_of(
            "SELECT link.id, note.path, line, text, target, wiki, raw_mend "
            "FROM link JOIN note ON note.id = link.note WHERE link.ok IS NULL ORDER BY link.id"
        )
        for identity, path, line, text, target, wiki, fix in rows:
            yield identity, path, RawLink(line, text, target, bool(wiki), fix)

    def reopen_links(self) -> None:
        """Mark the links that an added or removed note or file may change."""
        self._send()
        self._run("UPDATE link SET ok = NULL WHERE ok = 0 OR kind = 'file'")

    def close_link(self, link_id: int, link: Link) -> None:
        """Save where a link leads."""
        missing = link.missing.value if link.missing else None
        self._closed.append(
            (link_id, link.kind.value, link.to, link.to_line, int(link.ok), link.fix, missing)
        )

    def names_for(self, key: str) -> list[NoteInfo]:
        """Return the notes filed under a key of links."""
        short = digest(key)
        if short not in self._found:
            self._send()
            info = ", ".join(f"note.{column}" for column in NOTE_INFO_COLUMNS.split(", "))
            rows = self._rows_of(
                f"SELECT {info} FROM name JOIN note ON note.id = name.note "
                "WHERE name.key = %s ORDER BY note.path",
                (short,),
            )
            self._found[short] = [note_info_from_row(row) for row in rows]
        return self._found[short]

    def anchor_line(self, note_id: str, anchor: str) -> int | None:
        """Return the line of a heading or block of a note, None if the note has no such anchor."""
        self._send()
        rows = self._rows_of(
            "SELECT line FROM anchor JOIN note ON note.id = anchor.note "
            "WHERE note.path = %s AND anchor = %s",
            (note_id, anchor),
        )
        return rows[0][0] if rows else None

    def finish(self, setup: Setup) -> None:
        """Write the counts and increase the generation; the caller commits."""
        self._send()
        self._close_links()
        self._count_terms()
        self._run(
            "UPDATE header SET generation = generation + 1, era = %s, encoder = %s, model = %s, "
            "dimension = %s, chunking = %s, engine = %s, files = %s, points = %s, tokens = %s, "
            "notes = (SELECT count(*) FROM note WHERE outcome <> 'skipped')",
            (
                self._era,
                setup.encoder,
                setup.model,
                setup.dimension,
                setup.chunking,
                join_engines(self._setup.engine if self._setup else "", setup.engine),
                setup.files,
                self._points,
                self._tokens,
            ),
        )
        if self._new_era:
            # Created inside the transaction, so that no reader sees the table without its index.
            make_indexes(self._connection)
            for table in ("note", "point", "embedding", "link", "name", "label"):
                self._run(f"ANALYZE {table}")

    # one note
    def _note_row(self, note_id: str) -> int | None:
        """Return the id of a note in the index."""
        if note_id in self._note_ids:
            self._send()
        elif not self._has_notes:
            return None
        rows = self._rows_of("SELECT id FROM note WHERE path = %s", (note_id,))
        return rows[0][0] if rows else None

    def _write_note(self, change: NoteChange, identity: int | None) -> int:
        note = change.note
        values = (note.note_id, *note_to_row(change))
        if identity is None:
            identity = self._new_id()
            self._rows["note"].append((identity, *values, checksum(values)))
        else:
            columns = ", ".join(f"{column} = %s" for column in NOTE_COLUMNS.split(", "))
            sql = f"UPDATE note SET {columns}, checksum = %s WHERE id = %s"
            self._run(sql, (*values, checksum(values), identity))
        self._note_ids[note.note_id] = identity
        self._rows["label"] += [(identity, *label) for label in labels_of(note)]
        names = {digest(key) for key in change.names}
        self._rows["name"] += [(identity, key) for key in sorted(names)]
        self._names |= names
        once_each = {anchor: line for anchor, line in reversed(note.anchors)}
        self._rows["anchor"] += [(identity, anchor, line) for anchor, line in once_each.items()]
        return identity

    def _forget_names(self, identity: int) -> None:
        rows = self._rows_of("SELECT key FROM name WHERE note = %s", (identity,))
        self._names.update(row[0] for row in rows)
        for table in ("name", "anchor", "label"):
            self._run(f"DELETE FROM {table} WHERE note = %s", (identity,))

    def _add_point(self, note: int, new: NewPoint, words: tuple[list[str], list[str]]) -> int:
        point_id = self._new_id()
        own, context = words
        values = (*point_to_row(new.ordinal, new.point), note)
        self._rows["point"].append(
            (
                point_id,
                note,
                self._era,
                *values[:-1],
                checksum(values),
                len(own) + len(context),
                words_to_row(own, context),
            )
        )
        self._fresh.append((point_id, note, new.key))
        self._terms.update({lexeme(term) for term in (*own, *context)})
        self._tokens += len(own) + len(context)
        self._points += 1
        return point_id

    def _move_points(self, note: int, kept: Sequence[tuple[int, int, Point]]) -> None:
        rows = []
        for point_id, ordinal, point in kept:
            check = checksum((*point_to_row(ordinal, point), note))
            place = (ordinal, point.line_start, point.line_end)
            rows.append((*place, check, point_id, *place))
        if rows:
            self._connection.cursor().executemany(
                "UPDATE point SET ordinal = %s, line_start = %s, line_end = %s, checksum = %s "
                "WHERE id = %s AND (ordinal, line_start, line_end) IS DISTINCT FROM (%s, %s, %s)",
                rows,
            )

    def _remove_points(self, point_ids: Sequence[int]) -> None:
        if not point_ids:
            return
        ids = (list(point_ids),)
        self._run(
            f"INSERT INTO spare SELECT DISTINCT ON (key) {_VECTOR} FROM embedding "
            "WHERE point = ANY(%s) ON CONFLICT (key) DO NOTHING",
            ids,
        )
        self._run("DELETE FROM embedding WHERE point = ANY(%s)", ids)
        gone = self._rows_of(
            "DELETE FROM point WHERE id = ANY(%s) RETURNING length, tsvector_to_array(words)", ids
        )
        for length, terms in gone:
            self._terms.subtract(terms)
            self._tokens -= length
            self._points -= 1

    def _write_links(self, note: int, links: Iterable[NewLink], owner: dict[int, int]) -> None:
        for new in links:
            point = None if new.ordinal is None else owner.get(new.ordinal)
            raw = new.link
            row = (note, point, raw.line, raw.text, raw.target, int(raw.wiki), raw.fix)
            self._rows["link"].append((self._new_id(), *row, digest(new.key)))

    # in bulk
    def _send(self) -> None:
        """Send the collected rows in bulk."""
        for table, rows in self._rows.items():
            if rows:
                sql = f"COPY {table} ({_COLUMNS[table]}) FROM STDIN"
                with self._connection.cursor().copy(sql) as copy:
                    for row in rows:
                        copy.write_row(row)
                rows.clear()
        self._give_vectors()
        if self._names:
            self._run("UPDATE link SET ok = NULL WHERE key = ANY(%s)", (list(self._names),))
            self._names.clear()
            self._found.clear()

    def _give_vectors(self) -> None:
        """Give each new point the vector of its key, from ``spare`` or from another point."""
        if not self._fresh:
            return
        points, notes, keys = zip(*self._fresh, strict=True)
        given = self._run(
            f"INSERT INTO embedding (point, note, era, {_VECTOR}) "
            "SELECT fresh.point, fresh.note, %s, known.* "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS fresh (point, note, key) "
            f"CROSS JOIN LATERAL (SELECT {_VECTOR} FROM spare WHERE key = fresh.key "
            f"UNION ALL SELECT {_VECTOR} FROM embedding WHERE key = fresh.key LIMIT 1) AS known",
            (self._era, list(points), list(notes), list(keys)),
        )
        if given != len(points):
            raise IndexDamaged("a vector was lost while the index was built", REBUILD)
        self._run("DELETE FROM spare WHERE key = ANY(%s)", (list(set(keys)),))
        self._fresh.clear()

    def _close_links(self) -> None:
        if not self._closed:
            return
        paths = {row[2] for row in self._closed if row[2] is not None}
        found = self._rows_of("SELECT path, id FROM note WHERE path = ANY(%s)", (list(paths),))
        ids = dict(found)
        columns = list(zip(*self._closed, strict=True))
        columns[2] = tuple(ids.get(path) for path in columns[2])
        self._run(
            "UPDATE link SET kind = closed.kind, reached = closed.reached, "
            "reached_line = closed.line, ok = closed.ok, mend = closed.mend, "
            "missing = closed.missing "
            "FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::int[], %s::smallint[], "
            "%s::text[], %s::text[]) AS closed (id, kind, reached, line, ok, mend, missing) "
            "WHERE link.id = closed.id",
            [list(column) for column in columns],
        )
        self._closed.clear()

    def _count_terms(self) -> None:
        changed = [(term, count) for term, count in self._terms.items() if count]
        if not changed:
            return
        terms, counts = zip(*changed, strict=True)
        self._run(
            "INSERT INTO term SELECT * FROM unnest(%s::text[], %s::bigint[]) "
            "ON CONFLICT (term) DO UPDATE SET points = term.points + excluded.points",
            (list(terms), list(counts)),
        )
        if min(counts) < 0:
            self._run("DELETE FROM term WHERE points <= 0")

    def _new_id(self) -> int:
        """Return a new number, never reused, not even after a failed change."""
        if not self._ids:
            sql = "SELECT nextval('identity') FROM generate_series(1, %s)"
            self._ids = [row[0] for row in self._rows_of(sql, (_IDS_AT_ONCE,))]
            self._ids.reverse()
        return self._ids.pop()

    def _run(self, sql: str, values: Collection[Any] = ()) -> int:
        """Run a statement and return how many rows it changed."""
        cursor = self._connection.execute(sql, tuple(values) or None)
        return cursor.rowcount

    def _rows_of(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return run(self._connection, sql, values)


def make_indexes(connection: Connection) -> None:
    """Create the missing indexes of the newest era, if it has enough points.

    Each era has its own indexes: a build from nothing need not fill an index row by row, and no
    index mixes the vectors of two models.

    :param connection: in a transaction that holds the build lock.
    """
    header, era, _ = read_header(connection)
    if header.setup is None or not header.points:
        return
    sql = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    there = {row[0] for row in run(connection, sql)}
    wanted = {
        f"words_{era}": f"CREATE INDEX words_{era} ON point USING gin (words) WHERE era = {era}"
    }
    if header.points > INDEX_ABOVE:
        wanted[f"near_{era}"] = (
            f"CREATE INDEX near_{era} ON embedding USING hnsw "
            f"((value::halfvec({header.setup.dimension})) halfvec_ip_ops) WHERE era = {era}"
        )
    memory = header.points * (_GRAPH_BYTES_A_POINT + 2 * header.setup.dimension)
    memory = min(max(memory, _MIN_GRAPH_MEMORY), _MAX_GRAPH_MEMORY)
    for name, statement in wanted.items():
        if name not in there:
            run(
                connection, f"SELECT set_config('maintenance_work_mem', '{memory // 1024}kB', true)"
            )
            connection.execute(statement)


def drop_old_indexes(connection: Connection) -> None:
    """Drop the indexes of former eras without blocking readers.

    :param connection: outside of a transaction.
    """
    _, era, _ = read_header(connection)
    rows = run(
        connection,
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() "
        r"AND indexname ~ '^(words|near)_\d+$'",
    )
    for (name,) in rows:
        if int(name.rpartition("_")[2]) != era:
            statement = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
            connection.execute(statement)


def free_space(connection: Connection) -> None:
    """Free removed rows, and the disk space of vectors that moved from ``spare`` to their points.

    :param connection: outside of a transaction.
    """
    sql = "SELECT pg_table_size('spare'), (SELECT count(*) FROM spare)"
    ((size, count),) = run(connection, sql)
    if count:  # vectors of removed points wait there
        connection.execute("VACUUM note, label, name, anchor, point, link, term")
    if size > _MIN_SHRUNK + _MAX_SPARE_BYTES * count:
        connection.execute("VACUUM spare")


def touch_note(connection: Connection, note_id: str, stamp: FileStamp) -> None:
    """Save the new stamp of a file whose content did not change."""
    rows = run(connection, f"SELECT {NOTE_COLUMNS} FROM note WHERE path = %s", (note_id,))
    if not rows:
        return
    values = stamp_to_row(stamp)
    check = checksum((*rows[0][:2], *values, *rows[0][6:]))
    connection.execute(
        "UPDATE note SET size = %s, mtime_ns = %s, ctime_ns = %s, inode = %s, checksum = %s "
        "WHERE path = %s",
        (*values, check, note_id),
    )

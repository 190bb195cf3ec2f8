"""Move an index from one store to another as Parquet files, without encoding again.

A folder holds ``header``, ``notes``, ``points``, ``links`` and ``vectors``. Row groups correspond:
the n-th group of points holds the points of the notes in the n-th group of notes.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexer.errors import IndexDamaged, IndexerError, IndexNotFound
from indexer.extras import require
from indexer.notes.link_names import NoteName, link_key, name_keys
from indexer.private_files import make_private_folder, open_private
from indexer.records import (
    BlockKind,
    FileStamp,
    Link,
    LinkKind,
    Missing,
    Note,
    NoteWarning,
    Outcome,
    Point,
    RawLink,
)
from indexer.store.protocol import Change, Store, View
from indexer.store.records import (
    NewLink,
    NewPoint,
    NoteChange,
    NoteInfo,
    NoteState,
    Setup,
    WholeLink,
    WholeNote,
    WholePoint,
)

FORMAT = 1
_PARTS = ("notes", "points", "links", "vectors")
_SUM_BITS = 128


class Transfer(NamedTuple):
    """The counts of an index; ``digest`` is equal for equal notes, points, links and vectors."""

    notes: int
    points: int
    links: int
    digest: str


def export_index(store: Store, folder: Path) -> Transfer:
    """Write an index to a folder.

    :param store: contains the index.
    :param folder: created if it is missing; must be empty.
    :return: the counts of what was written.
    :raises MissingPackages: if pyarrow is not installed.
    :raises IndexDamaged: if the index is damaged.
    :raises IndexerError: if the folder is in use, or cannot be written.
    """
    require("parquet", "export", "pyarrow")
    faults = store.verify()
    if faults:
        raise IndexDamaged(
            f"the index is damaged: {faults[0].part}: {faults[0].message}",
            "run `notepoint build --rebuild`",
        )
    try:
        make_private_folder(folder)  # it holds the text of all notes
        if any(folder.iterdir()):
            raise IndexerError(f"the folder {folder} is not empty", "name a new one")
        with store.view() as view:
            return _write(view, folder)
    except OSError as exc:
        raise IndexerError(
            f"the folder {folder} cannot be written: {exc.strerror or exc}",
            "check disk space and permissions",
        ) from exc


def import_index(store: Store, folder: Path, *, force: bool = False) -> Transfer:
    """Read an index from a folder into a store, in one change, and verify the result.

    :param store: receives the index.
    :param folder: written by ``export_index``.
    :param force: True to replace an existing index with notes.
    :return: the counts of what was read.
    :raises MissingPackages: if pyarrow is not installed.
    :raises IndexDamaged: if a file is missing or damaged, or the result differs.
    :raises IndexerError: if the store already contains an index.
    """
    require("parquet", "import", "pyarrow")
    header = _read_header(folder)
    setup = Setup(*(header[key] for key in ("encoder", "model", "dimension", "chunking")))
    with store.building():
        with store.view() as view:
            if view.note_states() and not force:
                raise IndexerError(
                    "this store already contains an index", "replace it with --force"
                )
        for keys, vectors, pieces in _read_vectors(folder, setup.dimension):
            store.add_vectors(keys, vectors, pieces)
        with store.change(setup, clear=True) as change:
            _put(change, folder)
        with store.view() as view:
            found = measure(view)
        store.optimise()
    expected = Transfer(*(header[key] for key in ("notes", "points", "links", "digest")))
    if found != expected:
        raise IndexDamaged(
            f"the imported index differs from the exported one ({found} instead of {expected})",
            "import it again; if that does not help, run `notepoint build --rebuild`",
        )
    return found


def measure(view: View) -> Transfer:
    """Count and hash the content of an index, independent of ids and row order."""
    meter = _Meter()
    for notes in view.whole_notes():
        meter.add(notes, *_encoded_of(view, notes))
    return meter.result()


class _Meter:
    """Adds the hashes of notes, so the result does not depend on their order."""

    def __init__(self) -> None:
        self._notes = self._points = self._links = self._sum = 0

    def add(self, notes: Sequence[WholeNote], vectors: np.ndarray, pieces: Sequence[bytes]) -> None:
        start = 0
        for note in notes:
            end = start + len(note.points)
            parts = (
                [point._replace(point_id=0) for point in note.points],
                sorted(note.links, key=repr),
                note.state,
                note.info,
                note.anchors,
                vectors[start:end].tobytes(),
                pieces[start:end],
            )
            text = repr(parts).encode("utf-8", "surrogatepass")
            digest = hashlib.blake2b(text, digest_size=_SUM_BITS // 8).digest()
            self._sum = (self._sum + int.from_bytes(digest, "big")) % 2**_SUM_BITS
            self._notes += note.state.outcome is not Outcome.SKIPPED
            self._points += len(note.points)
            self._links += len(note.links)
            start = end

    def result(self) -> Transfer:
        digest = f"{self._sum:0{_SUM_BITS // 4}x}"
        return Transfer(self._notes, self._points, self._links, digest)


def _encoded_of(view: View, notes: Sequence[WholeNote]) -> tuple[np.ndarray, list[bytes]]:
    """Return the vectors, as float16, and word pieces of the points of notes, in their order."""
    ids = [point.point_id for note in notes for point in note.points]
    if not ids:
        return np.zeros((0, 0), np.float16), []
    pieces = view.pieces(ids)
    return view.vectors(ids).astype(np.float16), [pieces[point_id] for point_id in ids]


# --- writing ------------------------------------------------------------------------------------


def _write(view: View, folder: Path) -> Transfer:
    header = view.header()
    if header.setup is None:
        raise IndexNotFound("nothing was built yet", "run `notepoint build`")
    schemas = _schemas(header.setup.dimension)
    meter = _Meter()
    with _Writers(folder, schemas) as writers:
        for notes in view.whole_notes():
            vectors, pieces = _encoded_of(view, notes)
            meter.add(notes, vectors, pieces)
            keys = [point.key for note in notes for point in note.points]
            writers.write("notes", [_note_row(note) for note in notes])
            writers.write("points", [row for note in notes for row in _point_rows(note)])
            writers.write("links", [row for note in notes for row in _link_rows(note)])
            writers.write("vectors", _vector_rows(keys, vectors, pieces))
    found = meter.result()
    files = {part: _hash_of(_file(folder, part)) for part in _PARTS}
    row = {
        "format": FORMAT,
        **header.setup._asdict(),
        **found._asdict(),
        "files": json.dumps(files),
    }
    with _Writers(folder, {"header": None}) as writers:
        writers.write("header", [row])
    return found


class _Writers:
    """One Parquet file per part, written in row groups and flushed to disk at the end."""

    def __init__(self, folder: Path, schemas: dict[str, Any]) -> None:
        self._folder = folder
        self._schemas = schemas
        self._files = contextlib.ExitStack()
        self._open: dict[str, tuple[Any, Any]] = {}

    def __enter__(self) -> _Writers:
        return self

    def write(self, part: str, rows: list[dict[str, Any]]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pylist(rows, schema=self._schemas[part])
        if part not in self._open:
            # An open file, since the library takes only paths in UTF-8.
            file = self._files.enter_context(open_private(_file(self._folder, part)))
            self._open[part] = file, pq.ParquetWriter(file, table.schema, compression="zstd")
        self._open[part][1].write_table(table, row_group_size=max(1, len(rows)))

    def __exit__(self, *_: object) -> None:
        with self._files:
            for file, writer in self._open.values():
                writer.close()
                file.flush()
                os.fsync(file.fileno())


def _schemas(dimension: int) -> dict[str, Any]:
    """Return the columns of each part; paths and texts are JSON, which can hold any character."""
    import pyarrow as pa

    text, number, key = pa.string(), pa.int64(), pa.binary(16)
    note = {"state": text, "content_hash": pa.binary(), "info": text, "anchors": text}
    point = {"note": text, "ordinal": number, "key": key, "text": text, "point": text}
    link = {"note": text, "ordinal": number, "raw": text, "link": text}
    vector = {"key": key, "value": pa.binary(2 * dimension), "pieces": pa.binary()}
    columns = {"notes": note, "points": point, "links": link, "vectors": vector}
    return {part: pa.schema(list(fields.items())) for part, fields in columns.items()}


def _vector_rows(
    keys: Sequence[bytes], halves: np.ndarray, pieces: Sequence[bytes]
) -> list[dict[str, Any]]:
    rows = zip(keys, halves, pieces, strict=True)
    unique = {key: (half.tobytes(), packed) for key, half, packed in rows}
    return [{"key": key, "value": v, "pieces": p} for key, (v, p) in unique.items()]


def _note_row(note: WholeNote) -> dict[str, Any]:
    state = note.state._asdict()
    state["outcome"] = note.state.outcome.value
    state["stamp"] = note.state.stamp and note.state.stamp._asdict()
    state["warnings"] = [warning._asdict() for warning in note.state.warnings]
    content_hash = state.pop("content_hash")
    return {
        "state": json.dumps(state),
        "content_hash": content_hash,
        "info": json.dumps(note.info._asdict()),
        "anchors": json.dumps(note.anchors),
    }


def _point_rows(note: WholeNote) -> Iterator[dict[str, Any]]:
    for whole in note.points:
        point = whole.point._asdict()
        point["kind"] = whole.point.kind.value
        yield {
            "note": json.dumps(note.info.note_id),
            "ordinal": whole.ordinal,
            "key": whole.key,
            "text": json.dumps(point.pop("text"), ensure_ascii=False),
            "point": json.dumps(point),
        }


def _link_rows(note: WholeNote) -> Iterator[dict[str, Any]]:
    for whole in note.links:
        link = whole.link._asdict()
        link["kind"] = whole.link.kind.value
        link["missing"] = whole.link.missing.value if whole.link.missing else None
        yield {
            "note": json.dumps(note.info.note_id),
            "ordinal": whole.ordinal,
            "raw": json.dumps(whole.raw._asdict()),
            "link": json.dumps(link),
        }


def write_shard(
    folder: Path, keys: Sequence[bytes], vectors: np.ndarray, pieces: Sequence[bytes]
) -> Path:
    """Write vectors and word pieces to a file named by the hash of its content, all or nothing.

    :param folder: of the shards.
    :param keys: of the vectors.
    :param vectors: float32, shape ``(len(keys), dimension)``; stored as float16.
    :param pieces: the packed word pieces of each.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = _vector_rows(keys, vectors.astype(np.float16), pieces)
    table = pa.Table.from_pylist(rows, schema=_schemas(vectors.shape[1])["vectors"])
    path = folder / f"writing-{os.getpid()}-{keys[0].hex()}"
    with open_private(path) as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    return path.replace(folder / f"vectors-{_hash_of(path)[:32]}.parquet")


def shards_in(folder: Path) -> list[Path]:
    """Return the intact shards of a folder; remove damaged ones."""
    found = []
    for path in sorted(folder.glob("vectors-*.parquet")):
        if path.stem == f"vectors-{_hash_of(path)[:32]}":
            found.append(path)
        else:
            path.unlink()
    return found


def read_shard(path: Path) -> tuple[list[bytes], np.ndarray, list[bytes]]:
    """Return the keys, the vectors (float32) and the word pieces of a shard."""
    rows = _rows_of(path, 0)
    return _encoded_from(rows, len(rows[0]["value"]) // 2)


# --- reading ------------------------------------------------------------------------------------


def _read_header(folder: Path) -> dict[str, Any]:
    path = _file(folder, "header")
    if not path.is_file():
        raise IndexNotFound(f"there is no exported index in {folder}", "run `notepoint export DIR`")
    (header,) = _rows_of(path, 0)
    if header["format"] != FORMAT:
        raise IndexerError(
            f"the files in {folder} were written by another Notepoint", "export them again"
        )
    for part, expected in json.loads(header["files"]).items():
        if not _file(folder, part).is_file() or _hash_of(_file(folder, part)) != expected:
            raise IndexDamaged(
                f"{_file(folder, part)} has changed since it was written", "export it again"
            )
    return header


def _read_vectors(
    folder: Path, dimension: int
) -> Iterator[tuple[list[bytes], np.ndarray, list[bytes]]]:
    for group in range(_groups(_file(folder, "vectors"))):
        rows = _rows_of(_file(folder, "vectors"), group)
        if rows:
            yield _encoded_from(rows, dimension)


def _encoded_from(
    rows: Sequence[dict[str, Any]], dimension: int
) -> tuple[list[bytes], np.ndarray, list[bytes]]:
    values = np.frombuffer(b"".join(row["value"] for row in rows), np.float16)
    vectors = values.reshape(len(rows), dimension).astype(np.float32)
    return [row["key"] for row in rows], vectors, [row["pieces"] for row in rows]


def _put(change: Change, folder: Path) -> None:
    links: dict[tuple[str, RawLink], Link] = {}
    for group in range(_groups(_file(folder, "notes"))):
        for note in _read_notes(folder, group):
            links.update({(note.info.note_id, one.raw): one.link for one in note.links})
            change.put(_change_of(note))
    for link_id, note_id, raw in change.open_links():
        change.close_link(link_id, links[note_id, raw])


def _change_of(note: WholeNote) -> NoteChange:
    info, state = note.info, note.state
    raw = Note(
        note_id=info.note_id,
        content_hash=state.content_hash or b"",
        title=info.title,
        date=datetime.date.fromisoformat(info.date) if info.date else None,
        tags=info.tags,
        categories=info.categories,
        aliases=info.aliases,
        anchors=note.anchors,
        outcome=state.outcome,
        warnings=state.warnings,
        properties=info.properties,
    )
    linkable = state.outcome is not Outcome.SKIPPED
    name = NoteName(info.note_id, info.title, info.aliases, info.published, info.properties)
    return NoteChange(
        raw,
        state.stamp,
        info.published,
        name_keys(name, note.anchors) if linkable else frozenset(),
        added=tuple(NewPoint(one.ordinal, one.point, one.key) for one in note.points),
        links=tuple(
            NewLink(one.ordinal, one.raw, link_key(one.raw, info.note_id)) for one in note.links
        ),
    )


def _read_notes(folder: Path, group: int) -> list[WholeNote]:
    points: dict[str, list[WholePoint]] = {}
    for row in _rows_of(_file(folder, "points"), group):
        fields = {key: _tuples(value) for key, value in json.loads(row["point"]).items()}
        fields["kind"] = BlockKind(fields["kind"])
        point = Point(json.loads(row["text"]), **fields)
        whole = WholePoint(0, row["ordinal"], point, row["key"])
        points.setdefault(json.loads(row["note"]), []).append(whole)
    links: dict[str, list[WholeLink]] = {}
    for row in _rows_of(_file(folder, "links"), group):
        fields = json.loads(row["link"])
        fields["kind"] = LinkKind(fields["kind"])
        fields["missing"] = Missing(fields["missing"]) if fields.get("missing") else None
        raw = RawLink(**json.loads(row["raw"]))
        links.setdefault(json.loads(row["note"]), []).append(
            WholeLink(row["ordinal"], raw, Link(**fields))
        )
    found = []
    for row in _rows_of(_file(folder, "notes"), group):
        info = NoteInfo(**{key: _tuples(v) for key, v in json.loads(row["info"]).items()})
        state = _state_from_row(json.loads(row["state"]), row["content_hash"])
        anchors = tuple((anchor, line) for anchor, line in json.loads(row["anchors"]))
        own = points.get(info.note_id, ()), links.get(info.note_id, ())
        found.append(WholeNote(state, info, anchors, tuple(own[0]), tuple(own[1])))
    return found


def _state_from_row(state: dict[str, Any], content_hash: bytes | None) -> NoteState:
    stamp = state["stamp"] and FileStamp(**state["stamp"])
    warnings = tuple(NoteWarning(**warning) for warning in state["warnings"])
    return NoteState(content_hash, stamp, Outcome(state["outcome"]), warnings, state["points"])


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _groups(path: Path) -> int:
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        return int(pq.ParquetFile(file).num_row_groups)


def _rows_of(path: Path, group: int) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        rows: list[dict[str, Any]] = pq.ParquetFile(file).read_row_group(group).to_pylist()
    return rows


def _file(folder: Path, part: str) -> Path:
    return folder / f"{part}.parquet"


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()

"""What tests of stores share: small notes, random vectors, a place for each kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from servers import Server

from indexer.encoding.encoder import unit_length
from indexer.records import BlockKind, FileStamp, Note, Point
from indexer.store.embedded.store import DATABASE, EmbeddedStore
from indexer.store.protocol import Store
from indexer.store.records import NewPoint, NoteChange, Setup

SETUP = Setup("fake 8", "fake", 8, "1.1")
STAMP = FileStamp(10, 20, 30, 40)


class Place(Protocol):
    """A place for a store of one kind, to open, reopen and damage it."""

    kind: str

    def open(self, **options: Any) -> Store:
        """Open the store that lives here, or make an empty one."""

    def execute(self, statement: str) -> None:
        """Change a row behind the store's back."""

    def forget_vectors_above(self, count: int, patch: Any) -> None:
        """Limit the store to ``count`` unused vectors."""


class Folder:
    """A folder, for the embedded store."""

    kind = "embedded"

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, **options: Any) -> Store:
        return EmbeddedStore(self.path, **options)

    def execute(self, statement: str) -> None:
        with sqlite3.connect(self.path / DATABASE) as connection:
            connection.execute(statement)
        connection.close()

    def forget_vectors_above(self, count: int, patch: Any) -> None:
        patch.setattr("indexer.store.embedded.store._MIN_UNUSED", count)


class Space:
    """A space in a database of a real server."""

    kind = "server"

    def __init__(self, server: Server, name: str, database: str = "notes") -> None:
        self.server = server
        self.name = name
        self.database = database

    @property
    def url(self) -> str:
        return f"{self.server.url(self.database)}?space={self.name}"

    def open(self, **options: Any) -> Store:
        from indexer.store.postgres.store import PostgresStore

        return PostgresStore(self.url, **options)

    def execute(self, statement: str) -> None:
        search_path = f"SET search_path = notepoint_{self.name}, public"
        self.server.sql(self.database, f"{search_path}; {statement}")

    def forget_vectors_above(self, count: int, patch: Any) -> None:
        patch.setattr("indexer.store.postgres.store._MAX_SPARE", count)


def vector_of(text: str) -> np.ndarray:
    generator = np.random.default_rng(sum(map(ord, text)))
    return unit_length(generator.standard_normal(8).astype(np.float32))


def key_of(text: str) -> bytes:
    return text.encode().ljust(16, b"\x00")[:16]


def pieces_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def note_of(note_id: str, texts: Sequence[str], **fields: object) -> Note:
    points = tuple(
        Point(text, BlockKind.ITEM, i, i, ("Heading",)) for i, text in enumerate(texts, 1)
    )
    fields.setdefault("title", "Title")
    return Note(note_id, b"hash", points=points, **fields)  # type: ignore[arg-type]


def put(store: Store, *notes: Note, clear: bool = False, **fields: object) -> None:
    texts = [point.text for note in notes for point in note.points]
    if texts:
        vectors = np.stack([vector_of(t) for t in texts])
        store.add_vectors([key_of(t) for t in texts], vectors, [pieces_of(t) for t in texts])
    with store.change(SETUP, clear=clear) as change:
        for note in notes:
            added = tuple(
                NewPoint(i, point, key_of(point.text)) for i, point in enumerate(note.points)
            )
            change.put(NoteChange(note, STAMP, added=added, **fields))  # type: ignore[arg-type]


def ids_of(store: Store) -> dict[str, int]:
    with store.view() as view:
        return {p.point.text: p.point_id for n in view.notes() for p in view.points_of(n.note_id)}

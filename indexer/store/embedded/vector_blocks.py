"""The vectors of an index, as float16, eight in a row of the database.

A row with one vector of 384 numbers leaves a quarter of its page empty, and reading thousands of
rows takes longer than reading a file. Eight vectors fill their pages. The id of a vector is its
place: block ``id // 8``, position ``id % 8``. All vectors of a block have the same dimension; while
a rebuild with another model is not complete, the blocks of both are there.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexDamaged
from indexer.store.rows import POINT_COLUMNS, REBUILD, checksum, checksum_bytes

Ids = NDArray[np.int64]
Halves = NDArray[np.float16]
BLOCK = 8
_SELECT_LIMIT = 512
_COLUMNS = "dimension, value, checksum"
# If at least this share of the blocks between two is wanted, all of them are read.
_DENSE = 0.25


def read_vectors_at(connection: sqlite3.Connection, ids: Ids, dimension: int) -> tuple[Halves, Ids]:
    """Return the vectors with given ids, and the positions in ``ids`` of those that are damaged.

    :param connection: to the database.
    :param ids: of the vectors, in any order.
    :param dimension: numbers in a vector.
    :return: float16, shape ``(len(ids), dimension)``; damaged and missing vectors are zeros.
    """
    if not len(ids):
        return np.zeros((0, dimension), np.float16), ids
    wanted = np.unique(ids // BLOCK)
    whole = 2 * dimension * BLOCK
    values: list[bytes] = []
    present: list[int] = []  # vectors in each block that is read
    found: list[int] = []
    for block, width, value, check in _rows(connection, wanted):
        if width != dimension or not _is_intact(width, value, check):
            value = b""
        values.append(value.ljust(whole, b"\0"))
        present.append(len(value) // (2 * dimension))
        found.append(block)
    known = np.array([*found, -1], np.int64)  # the last row is for blocks that are missing
    halves = np.frombuffer(b"".join([*values, b"\0" * whole]), np.float16).reshape(-1, dimension)
    places = np.minimum(np.searchsorted(known[:-1], ids // BLOCK), max(0, len(found) - 1))
    places[known[places] != ids // BLOCK] = len(found)
    lost = ids % BLOCK >= np.array([*present, 0], np.int64)[places]
    return halves[places * BLOCK + ids % BLOCK], np.flatnonzero(lost)


def vectors_of_points(
    connection: sqlite3.Connection, points: Ids, ids: Ids, dimension: int
) -> NDArray[np.float32]:
    """Return the vectors with given ids, float32, shape ``(len(ids), dimension)``.

    :param connection: to the database.
    :param points: the id of a point for each vector, for the message.
    :param ids: of the vectors, in any order.
    :param dimension: numbers in a vector.
    :raises IndexDamaged: if a vector differs from what was written.
    """
    halves, lost = read_vectors_at(connection, ids, dimension)
    if len(lost):
        raise IndexDamaged(f"the vector of point {points[lost[0]]} is damaged", REBUILD)
    return halves.astype(np.float32)


def _is_intact(dimension: int, value: bytes, check: int) -> bool:
    return _checksum(dimension, value) == check and 0 < len(value) <= 2 * dimension * BLOCK


def _checksum(dimension: int, value: bytes) -> int:
    return zlib.crc32(value, dimension)


def _rows(connection: sqlite3.Connection, blocks: Ids) -> Iterator[tuple[int, int, bytes, int]]:
    """Yield the rows of blocks in the order of their ids; ``blocks`` is sorted."""
    first, last = int(blocks[0]), int(blocks[-1])
    columns = f"SELECT id, {_COLUMNS} FROM block WHERE id"
    if len(blocks) >= _DENSE * (last - first + 1):
        asked = frozenset(blocks.tolist())
        rows = connection.execute(f"{columns} BETWEEN ? AND ? ORDER BY id", (first, last))
        yield from (row for row in rows if row[0] in asked)
        return
    for start in range(0, len(blocks), _SELECT_LIMIT):
        part = blocks[start : start + _SELECT_LIMIT].tolist()
        marks = ",".join("?" * len(part))
        yield from connection.execute(f"{columns} IN ({marks}) ORDER BY id", part)


def known_keys(connection: sqlite3.Connection, keys: Collection[bytes]) -> set[bytes]:
    """Return the keys whose vectors and word pieces are stored and intact.

    :param connection: to the database.
    :param keys: of the vectors.
    """
    found = [
        (identity, key)
        for identity, key, pieces, check in _with_keys(connection, keys)
        if checksum_bytes(pieces) == check
    ]
    blocks = np.unique(np.array([identity // BLOCK for identity, _ in found], np.int64))
    present: dict[int, int] = {}
    for block, dimension, value, check in _rows(connection, blocks) if found else ():
        if _is_intact(dimension, value, check):
            present[block] = len(value) // (2 * dimension)
    return {key for i, key in found if i % BLOCK < present.get(i // BLOCK, 0)}


def _with_keys(
    connection: sqlite3.Connection, keys: Collection[bytes]
) -> Iterator[tuple[int, bytes, bytes, int]]:
    wanted = list(keys)
    for start in range(0, len(wanted), _SELECT_LIMIT):
        part = wanted[start : start + _SELECT_LIMIT]
        marks = ",".join("?" * len(part))
        sql = f"SELECT id, key, pieces, pieces_checksum FROM vector WHERE key IN ({marks})"
        yield from connection.execute(sql, part)


def add_vectors(
    connection: sqlite3.Connection, keys: Sequence[bytes], halves: Halves, pieces: Sequence[bytes]
) -> None:
    """Save vectors and word pieces under their keys; known keys get the new ones.

    :param connection: with an open transaction.
    :param keys: one for each vector.
    :param halves: float16, shape ``(n, dimension)``.
    :param pieces: the packed word pieces for each vector.
    :raises IndexDamaged: if a block that must change is damaged.
    """
    ids = {key: identity for identity, key, _, _ in _with_keys(connection, keys)}
    next_id = _next_id(connection, halves.shape[1])
    for key in keys:
        if key not in ids:
            ids[key], next_id = next_id, next_id + 1
    _write(connection, {ids[key]: half.tobytes() for key, half in zip(keys, halves, strict=True)})
    connection.executemany(
        "INSERT INTO vector (id, key, pieces, pieces_checksum) VALUES (?, ?, ?, ?) ON CONFLICT "
        "(id) DO UPDATE SET pieces = excluded.pieces, pieces_checksum = excluded.pieces_checksum",
        [(ids[key], key, one, checksum_bytes(one)) for key, one in zip(keys, pieces, strict=True)],
    )


def _next_id(connection: sqlite3.Connection, dimension: int) -> int:
    """Return the id of the next new vector, in a new block if the last one cannot take it."""
    (last,) = connection.execute("SELECT max(id) FROM vector").fetchone()
    if last is None:
        return 0
    row = _row(connection, last // BLOCK)
    fits = row is not None and row[0] == dimension and _is_intact(*row)
    return int(last) + 1 if fits else (int(last) // BLOCK + 1) * BLOCK


def _row(connection: sqlite3.Connection, block: int) -> tuple[int, bytes, int] | None:
    sql = f"SELECT {_COLUMNS} FROM block WHERE id = ?"
    row: tuple[int, bytes, int] | None = connection.execute(sql, (block,)).fetchone()
    return row


def _write(connection: sqlite3.Connection, values: Mapping[int, bytes]) -> None:
    """Put vectors at their places, and leave the others in their blocks as they are."""
    by_block: defaultdict[int, list[int]] = defaultdict(list)
    for identity in values:
        by_block[identity // BLOCK].append(identity)
    for block, ids in by_block.items():
        row = _row(connection, block)
        if row is not None and not _is_intact(*row):
            raise IndexDamaged(f"block {block} of the vectors is damaged", REBUILD)
        width = len(values[ids[0]])
        value = bytearray(row[1] if row else b"")
        for identity in ids:
            start = identity % BLOCK * width
            value[len(value) :] = bytes(max(0, start - len(value)))
            value[start : start + width] = values[identity]
        content = bytes(value)
        one = block, width // 2, content, _checksum(width // 2, content)
        connection.execute("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?)", one)


def drop_unused(connection: sqlite3.Connection, dimension: int) -> None:
    """Remove the vectors of no point, and move the last ones into the places that are free.

    :param connection: with an open transaction.
    :param dimension: numbers in a vector.
    :raises IndexDamaged: if a vector that must be moved is damaged.
    """
    connection.execute("DELETE FROM vector WHERE id NOT IN (SELECT vector FROM point)")
    connection.execute(f"DELETE FROM block WHERE id NOT IN (SELECT id / {BLOCK} FROM vector)")
    ids = [row[0] for row in connection.execute("SELECT id FROM vector ORDER BY id")]
    free = sorted(set(range(len(ids))) - set(ids))
    moved = dict(zip(ids[len(ids) - len(free) :], free, strict=True))
    halves, lost = read_vectors_at(connection, np.array(list(moved), np.int64), dimension)
    if len(lost):
        raise IndexDamaged("a vector is damaged", REBUILD)
    _write(connection, {i: half.tobytes() for i, half in zip(moved.values(), halves, strict=True)})
    connection.executemany(
        "UPDATE vector SET id = ? WHERE id = ?", [(new, old) for old, new in moved.items()]
    )
    _tell_points(connection, moved, above=len(ids))
    connection.execute("DELETE FROM block WHERE id > ?", ((len(ids) - 1) // BLOCK,))


def _tell_points(connection: sqlite3.Connection, moved: Mapping[int, int], *, above: int) -> None:
    """Write the new ids of vectors to their points."""
    sql = f"SELECT {POINT_COLUMNS}, vector, note, checksum, id FROM point WHERE vector >= ?"
    for *values, check, point_id in connection.execute(sql, (above,)).fetchall():
        if checksum(values) != check:
            raise IndexDamaged(f"the row of point {point_id} is damaged", REBUILD)
        values[-2] = moved[values[-2]]
        sql = "UPDATE point SET vector = ?, checksum = ? WHERE id = ?"
        connection.execute(sql, (values[-2], checksum(values), point_id))


def block_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the faults of the blocks, and the vectors that are in none."""
    present: dict[int, int] = {}
    for block, *content in connection.execute(f"SELECT id, {_COLUMNS} FROM block"):
        if not _is_intact(*content):
            yield f"block {block} of the vectors is damaged"
        present[block] = len(content[1]) // max(1, 2 * content[0])
    for (identity,) in connection.execute("SELECT id FROM vector"):
        if present.get(identity // BLOCK, 0) <= identity % BLOCK:
            yield f"vector {identity} is missing"

"""Vectors are kept eight in a row, found by their ids, and moved when others are dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from indexer.errors import IndexDamaged
from indexer.store.embedded import vector_blocks
from indexer.store.embedded.schema import TABLES
from indexer.store.rows import checksum

DIMENSION = 6
Halves = np.ndarray


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    yield connection
    connection.close()


def some(count: int, dimension: int = DIMENSION, seed: int = 1) -> Halves:
    draw = np.random.default_rng(seed)
    return draw.standard_normal((count, dimension)).astype(np.float16)


def keys(count: int, first: int = 0) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(first, first + count)]


def add(database: sqlite3.Connection, names: list[bytes], halves: Halves) -> None:
    vector_blocks.add_vectors(database, names, halves, [name[-2:] for name in names])


def ids_of(database: sqlite3.Connection, names: list[bytes]) -> np.ndarray:
    found = dict(database.execute("SELECT key, id FROM vector").fetchall())
    return np.array([found[name] for name in names], np.int64)


def read(database: sqlite3.Connection, names: list[bytes], dimension: int = DIMENSION) -> Halves:
    halves, lost = vector_blocks.read_vectors_at(database, ids_of(database, names), dimension)
    assert not len(lost)
    return halves


def test_vectors_are_read_back_in_any_order(database: sqlite3.Connection) -> None:
    names, halves = keys(61), some(61)
    for start, end in ((0, 1), (1, 4), (4, 60), (60, 61)):
        add(database, names[start:end], halves[start:end])
    order = np.random.default_rng(3).permutation(61)
    assert np.array_equal(read(database, [names[i] for i in order]), halves[order])
    assert np.array_equal(read(database, [names[50], names[50]]), halves[[50, 50]])
    assert database.execute("SELECT count(*) FROM block").fetchone() == (8,)
    assert list(vector_blocks.block_faults(database)) == []


def test_known_key_gets_its_new_vector_and_no_other_changes(database: sqlite3.Connection) -> None:
    names, halves, other = keys(20), some(20), some(1, seed=2)
    add(database, names, halves)
    add(database, names[3:4], other)
    halves[3] = other[0]
    assert np.array_equal(read(database, names), halves)


def test_vectors_of_two_models_are_in_blocks_of_their_own(database: sqlite3.Connection) -> None:
    add(database, keys(3), some(3))
    add(database, keys(3, 10), some(3, 4))
    assert np.array_equal(read(database, keys(3)), some(3))
    assert np.array_equal(read(database, keys(3, 10), 4), some(3, 4))
    _, lost = vector_blocks.read_vectors_at(database, ids_of(database, keys(3)), 4)
    assert lost.tolist() == [0, 1, 2]
    assert vector_blocks.known_keys(database, [*keys(4), *keys(3, 10)]) == {
        *keys(3),
        *keys(3, 10),
    }


def add_point(database: sqlite3.Connection, vector: int) -> None:
    values = (0, "item", 0, 1, 1, f"text {vector}", "[]", "[]", vector, 1)
    columns = "ordinal, kind, lead_in, line_start, line_end, text, heading_path, parents"
    database.execute(
        f"INSERT INTO point ({columns}, vector, note, checksum) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, checksum(values)),
    )


def test_dropped_vectors_leave_no_holes_and_points_keep_theirs(
    database: sqlite3.Connection,
) -> None:
    names, halves = keys(100), some(100)
    add(database, names, halves)
    kept = sorted(np.random.default_rng(5).permutation(100)[:37].tolist())
    for place in kept:
        add_point(database, int(ids_of(database, [names[place]])[0]))
    vector_blocks.drop_unused(database, DIMENSION)
    left = [names[place] for place in kept]
    assert sorted(ids_of(database, left)) == list(range(37))
    assert np.array_equal(read(database, left), halves[kept])
    assert database.execute("SELECT count(*) FROM block").fetchone() == (5,)
    assert list(vector_blocks.block_faults(database)) == []
    for text, vector in database.execute("SELECT text, vector FROM point"):
        before = int(text.split()[1])
        assert ids_of(database, [names[before]])[0] == vector
    columns = "ordinal, kind, lead_in, line_start, line_end, text, heading_path, parents"
    for *values, check in database.execute(f"SELECT {columns}, vector, note, checksum FROM point"):
        assert checksum(values) == check
    add(database, keys(30, 200), some(30, seed=9))
    assert np.array_equal(read(database, left), halves[kept])
    assert np.array_equal(read(database, keys(30, 200)), some(30, seed=9))


def test_everything_may_be_dropped(database: sqlite3.Connection) -> None:
    add(database, keys(10), some(10))
    vector_blocks.drop_unused(database, DIMENSION)
    assert database.execute("SELECT count(*) FROM block").fetchone() == (0,)
    add(database, keys(10), some(10))
    assert np.array_equal(read(database, keys(10)), some(10))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE block SET value = zeroblob(length(value)) WHERE id = 1",
        "UPDATE block SET dimension = dimension / 2 WHERE id = 1",
        "DELETE FROM block WHERE id = 1",
    ],
)
def test_damaged_block_is_reported_and_never_written_to(
    database: sqlite3.Connection, damage: str
) -> None:
    names, halves = keys(20), some(20)
    add(database, names, halves)
    database.execute(damage)
    _, lost = vector_blocks.read_vectors_at(database, ids_of(database, names), DIMENSION)
    assert lost.tolist() == list(range(8, 16))
    assert vector_blocks.known_keys(database, names) == {*names[:8], *names[16:]}
    assert list(vector_blocks.block_faults(database))
    if "DELETE" not in damage:
        with pytest.raises(IndexDamaged, match="block 1"):
            add(database, names[9:10], halves[9:10])


def test_new_vectors_do_not_go_into_a_damaged_block(database: sqlite3.Connection) -> None:
    add(database, keys(3), some(3))
    database.execute("UPDATE block SET checksum = checksum + 1")
    add(database, keys(3, 50), some(3, seed=4))
    assert np.array_equal(read(database, keys(3, 50)), some(3, seed=4))
    _, lost = vector_blocks.read_vectors_at(database, ids_of(database, keys(3)), DIMENSION)
    assert lost.tolist() == [0, 1, 2]

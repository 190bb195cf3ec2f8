"""Nearest neighbours from files, against a plain numpy product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.encoding.encoder import unit_length
from indexer.store.vectors import (
    PointVectors,
    drop_old_snapshots,
    is_sound,
    list_snapshots,
    write_snapshot,
)

DIMENSION = 32


def some_vectors(count: int, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    vectors = unit_length(generator.standard_normal((count, DIMENSION)).astype(np.float32))
    return vectors.astype(np.float16).astype(np.float32)


def oracle(ids: np.ndarray, vectors: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    cosines = vectors @ query
    return [int(ids[i]) for i in sorted(range(len(ids)), key=lambda i: (-cosines[i], ids[i]))[:k]]


def test_snapshot_answers_as_a_product_does(tmp_path: Path) -> None:
    ids, vectors = np.arange(10, 210, dtype=np.int64), some_vectors(200)
    found = PointVectors(DIMENSION, write_snapshot(tmp_path, 1, ids, vectors))
    for query in some_vectors(5, seed=2):
        hits = found.search(query, 10)
        assert [i for i, _ in hits] == oracle(ids, vectors, query, 10)
        assert [c for _, c in hits] == pytest.approx(
            sorted(vectors @ query, reverse=True)[:10], abs=1e-3
        )


def test_overlay_answers_as_a_product_does(tmp_path: Path) -> None:
    ids, vectors = np.arange(1, 101, dtype=np.int64), some_vectors(100)
    new_ids, new = np.arange(101, 121, dtype=np.int64), some_vectors(20, seed=3)
    removed = ids[::3]
    found = PointVectors(DIMENSION, write_snapshot(tmp_path, 1, ids, vectors))
    found.lay_over(removed, new_ids, new)
    alive = ~np.isin(ids, removed)
    all_ids = np.concatenate([ids[alive], new_ids])
    all_vectors = np.concatenate([vectors[alive], new])
    assert len(found) == len(all_ids)
    for query in some_vectors(5, seed=4):
        hits = [i for i, _ in found.search(query, 15)]
        assert hits == oracle(all_ids, all_vectors, query, 15)


def test_only_allowed_points_are_found(tmp_path: Path) -> None:
    ids, vectors = np.arange(1, 101, dtype=np.int64), some_vectors(100)
    found = PointVectors(DIMENSION, write_snapshot(tmp_path, 1, ids, vectors))
    found.lay_over(np.array([2], np.int64), np.array([101], np.int64), some_vectors(1, seed=5))
    allowed = np.array([2, 4, 101], np.int64)
    assert {i for i, _ in found.search(vectors[0], 10, allowed)} == {4, 101}


def test_without_snapshot_the_overlay_is_all() -> None:
    found = PointVectors(DIMENSION, None)
    vectors = some_vectors(5)
    found.lay_over(np.zeros(0, np.int64), np.arange(5, dtype=np.int64), vectors)
    assert found.search(vectors[3], 1)[0][0] == 3


def test_nothing_is_found_in_nothing() -> None:
    assert PointVectors(DIMENSION, None).search(some_vectors(1)[0], 5) == []


def test_equal_vectors_are_ordered_by_id() -> None:
    found = PointVectors(DIMENSION, None)
    vectors = np.repeat(some_vectors(1), 4, axis=0)
    found.lay_over(np.zeros(0, np.int64), np.array([9, 3, 7, 5], np.int64), vectors)
    assert [i for i, _ in found.search(vectors[0], 3)] == [3, 5, 7]


def test_flipped_bit_is_seen(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path, 1, np.arange(50, dtype=np.int64), some_vectors(50))
    assert is_sound(snapshot)
    content = bytearray(snapshot.path.read_bytes())
    content[len(content) // 2] ^= 1
    snapshot.path.write_bytes(content)
    assert not is_sound(snapshot)


def test_missing_file_is_not_sound(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path, 1, np.arange(5, dtype=np.int64), some_vectors(5))
    snapshot.path.unlink()
    assert not is_sound(snapshot)


def test_only_the_newest_is_kept(tmp_path: Path) -> None:
    for generation in (1, 2, 3):
        write_snapshot(tmp_path, generation, np.arange(5, dtype=np.int64), some_vectors(5))
    assert [snapshot.generation for snapshot in list_snapshots(tmp_path)] == [3]


def test_newest_comes_first(tmp_path: Path) -> None:
    for generation in (9, 10):
        (tmp_path / f"vectors-{generation}-{'0' * 32}.faiss").write_bytes(b"")
    assert [snapshot.generation for snapshot in list_snapshots(tmp_path)] == [10, 9]


def test_leftovers_of_interrupted_writes_go(tmp_path: Path) -> None:
    (tmp_path / ".vectors-abc").write_bytes(b"half")
    drop_old_snapshots(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_has_no_snapshots(tmp_path: Path) -> None:
    assert list_snapshots(tmp_path / "none") == []

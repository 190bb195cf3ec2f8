"""Nearest neighbours from files, against a plain numpy product."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from conftest import ROOT

from indexer import Notebook
from indexer.encoding.encoder import unit_length
from indexer.store.embedded.faiss_snapshots import Rows, Snapshot, drop_snapshots, list_snapshots
from indexer.store.embedded.faiss_snapshots import write_snapshot as write_rows
from indexer.store.embedded.vector_search import PointVectors, _FaissBase
from tests.fakes import FakeEncoder

DIMENSION = 32
IDENTITY = "this index"


def some_vectors(count: int, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    vectors = unit_length(generator.standard_normal((count, DIMENSION)).astype(np.float32))
    return vectors.astype(np.float16).astype(np.float32)


def write_snapshot(
    folder: Path, identity: str, generation: int, ids: np.ndarray, vectors: np.ndarray
) -> Snapshot:
    rows = Rows(len(ids), DIMENSION, lambda step: [(ids[::step], vectors[::step])])
    return write_rows(folder, identity, generation, rows)


def oracle(ids: np.ndarray, vectors: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    cosines = vectors @ query
    return [int(ids[i]) for i in sorted(range(len(ids)), key=lambda i: (-cosines[i], ids[i]))[:k]]


def test_snapshot_answers_as_a_product_does(tmp_path: Path) -> None:
    ids, vectors = np.arange(10, 210, dtype=np.int64), some_vectors(200)
    found = PointVectors(DIMENSION, write_snapshot(tmp_path, IDENTITY, 1, ids, vectors))
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
    found = PointVectors(DIMENSION, write_snapshot(tmp_path, IDENTITY, 1, ids, vectors))
    found.lay_over(removed, new_ids, new)
    alive = ~np.isin(ids, removed)
    all_ids = np.concatenate([ids[alive], new_ids])
    all_vectors = np.concatenate([vectors[alive], new])
    for query in some_vectors(5, seed=4):
        hits = [i for i, _ in found.search(query, 15)]
        assert hits == oracle(all_ids, all_vectors, query, 15)


@pytest.mark.parametrize("most", [0, 5_000])
def test_cosines_of_given_points_are_those_of_a_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("indexer.store.embedded.vector_search.MAX_PRODUCT_POINTS", most)
    ids, vectors = np.arange(1, 101, dtype=np.int64), some_vectors(100)
    new_ids, new = np.arange(101, 121, dtype=np.int64), some_vectors(20, seed=3)
    found = PointVectors(DIMENSION, write_snapshot(tmp_path, IDENTITY, 1, ids, vectors))
    found.lay_over(ids[:0], new_ids, new)
    query = some_vectors(1, seed=4)[0]
    asked = np.array([99, 7, 120, 500], np.int64)
    halves = vectors.astype(np.float16).astype(np.float32)
    assert found.cosines(query, asked) == pytest.approx(
        {99: halves[98] @ query, 7: halves[6] @ query, 120: new[19] @ query}, abs=1e-6
    )


def test_only_allowed_points_are_found(tmp_path: Path) -> None:
    ids, vectors = np.arange(1, 101, dtype=np.int64), some_vectors(100)
    found = PointVectors(DIMENSION, write_snapshot(tmp_path, IDENTITY, 1, ids, vectors))
    found.lay_over(np.array([2], np.int64), np.array([101], np.int64), some_vectors(1, seed=5))
    allowed = np.array([2, 4, 101], np.int64)
    assert {i for i, _ in found.search(vectors[0], 10, allowed)} == {4, 101}


def test_without_snapshot_the_overlay_is_all() -> None:
    found = PointVectors(DIMENSION, None)
    vectors = some_vectors(5)
    found.lay_over(np.zeros(0, np.int64), np.arange(5, dtype=np.int64), vectors)
    assert found.search(vectors[3], 1)[0][0] == 3


def removed_and_added(
    path: Path, ids: np.ndarray, vectors: np.ndarray
) -> tuple[PointVectors, np.ndarray, np.ndarray]:
    """Return a snapshot with a tenth removed and some added, and its content then."""
    found = PointVectors(DIMENSION, write_snapshot(path, IDENTITY, 1, ids, vectors))
    new_ids = np.arange(ids[-1] + 1, ids[-1] + 21, dtype=np.int64)
    new = some_vectors(20, seed=3)
    found.lay_over(ids[::10], new_ids, new)
    alive = np.arange(len(ids)) % 10 != 0
    return found, np.concatenate([ids[alive], new_ids]), np.concatenate([vectors[alive], new])


@pytest.mark.parametrize("library", ["a product", "faiss", "faiss in parts", "no thread"])
@pytest.mark.parametrize("allowed", ["all", "some"])
def test_small_snapshots_are_the_same_to_both_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, allowed: str
) -> None:
    if library != "a product":
        monkeypatch.setattr("indexer.store.embedded.vector_search.MAX_PRODUCT_POINTS", 0)
    scanning: list[str] = []
    if library in ("faiss in parts", "no thread"):
        monkeypatch.setattr("indexer.store.embedded.vector_search._MIN_SCANNED", 120)
    if library == "faiss in parts":
        monkeypatch.setattr("indexer.store.embedded.vector_search.os.cpu_count", lambda: 8)
        parameters = _FaissBase._parameters

        def watched(*args: Any) -> Any:
            scanning.append(threading.current_thread().name)
            return parameters(*args)

        monkeypatch.setattr(_FaissBase, "_parameters", watched)
    if library == "no thread":
        monkeypatch.setattr(
            "indexer.store.embedded.vector_search._scanners", Mock(side_effect=RuntimeError)
        )
    found, ids, vectors = removed_and_added(
        tmp_path, np.arange(5, 1505, 3, dtype=np.int64), some_vectors(500)
    )
    few = ids if allowed == "all" else ids[::7]
    for query in some_vectors(5, seed=4):
        hits = [i for i, _ in found.search(query, 15, None if allowed == "all" else few)]
        assert hits == oracle(few, vectors[np.isin(ids, few)], query, 15)
    if library == "faiss in parts":
        assert len(scanning) == 5 * (500 // 120)
        assert all(name.startswith("scan") for name in scanning)


def test_small_snapshot_is_searched_without_faiss(tmp_path: Path) -> None:
    write_snapshot(tmp_path, IDENTITY, 1, np.arange(50, dtype=np.int64), some_vectors(50))
    code = f"""
import sys
from pathlib import Path
import numpy as np
from indexer.store.embedded.faiss_snapshots import list_snapshots
from indexer.store.embedded.vector_search import PointVectors
vectors = PointVectors({DIMENSION}, list_snapshots(Path({str(tmp_path)!r}))[0])
print(len(vectors.search(np.ones({DIMENSION}, np.float32), 3)), "faiss" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["3", "False"], done.stderr


def test_large_snapshots_are_put_in_cells_and_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.store.embedded.vector_search.MAX_PRODUCT_POINTS", 0)
    monkeypatch.setattr("indexer.store.embedded.faiss_snapshots.MAX_FLAT_POINTS", 1_000)
    ids, vectors = np.arange(7, 6007, dtype=np.int64), some_vectors(6000)
    found, ids, vectors = removed_and_added(tmp_path, ids, vectors)
    exact = hits = 0
    for query in vectors[:200:10] + 0.02 * some_vectors(20, seed=5):
        best = oracle(ids, vectors, query, 10)
        near = found.search(query, 10)
        assert near[0][0] == best[0]
        assert near == sorted(near, key=lambda pair: (-pair[1], pair[0]))
        cosines = dict(zip(ids.tolist(), vectors @ query, strict=True))
        assert all(cosine == pytest.approx(cosines[i], abs=1e-6) for i, cosine in near)
        hits += len({i for i, _ in near} & set(best))
        exact += 10
        few = ids[::100]
        among = [i for i, _ in found.search(query, 10, few)]
        assert among == oracle(few, vectors[::100], query, 10)
    assert hits / exact > 0.3  # vectors without clusters: the worst there is


def test_nothing_is_found_in_nothing() -> None:
    assert PointVectors(DIMENSION, None).search(some_vectors(1)[0], 5) == []


def test_equal_vectors_are_ordered_by_id() -> None:
    found = PointVectors(DIMENSION, None)
    vectors = np.repeat(some_vectors(1), 4, axis=0)
    found.lay_over(np.zeros(0, np.int64), np.array([9, 3, 7, 5], np.int64), vectors)
    assert [i for i, _ in found.search(vectors[0], 3)] == [3, 5, 7]


def test_flipped_bit_is_seen(tmp_path: Path) -> None:
    snapshot = write_snapshot(
        tmp_path, IDENTITY, 1, np.arange(50, dtype=np.int64), some_vectors(50)
    )
    assert snapshot.is_intact(IDENTITY)
    content = bytearray(snapshot.path.read_bytes())
    content[len(content) // 2] ^= 1
    snapshot.path.write_bytes(content)
    assert not snapshot.is_intact(IDENTITY)


def test_file_of_another_index_or_generation_is_not_intact(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path, IDENTITY, 1, np.arange(5, dtype=np.int64), some_vectors(5))
    assert not snapshot.is_intact("another index")
    renamed = tmp_path / f"vectors-2-{snapshot.digest}.faiss"
    snapshot.path.rename(renamed)
    assert not Snapshot(renamed, 2, snapshot.digest).is_intact(IDENTITY)


def test_missing_file_is_not_intact(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path, IDENTITY, 1, np.arange(5, dtype=np.int64), some_vectors(5))
    snapshot.path.unlink()
    assert not snapshot.is_intact(IDENTITY)


def test_only_the_newest_is_kept(tmp_path: Path) -> None:
    for generation in (1, 2, 3):
        write_snapshot(
            tmp_path, IDENTITY, generation, np.arange(5, dtype=np.int64), some_vectors(5)
        )
    assert [snapshot.generation for snapshot in list_snapshots(tmp_path)] == [3]


def test_newest_comes_first(tmp_path: Path) -> None:
    for generation in (9, 10):
        (tmp_path / f"vectors-{generation}-{'0' * 32}.faiss").write_bytes(b"")
    assert [snapshot.generation for snapshot in list_snapshots(tmp_path)] == [10, 9]


def test_leftovers_of_interrupted_writes_go(tmp_path: Path) -> None:
    (tmp_path / ".vectors-abc").write_bytes(b"half")
    drop_snapshots(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_has_no_snapshots(tmp_path: Path) -> None:
    assert list_snapshots(tmp_path / "none") == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8")
def test_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    ids, vectors = np.arange(1, 5_001, dtype=np.int64), some_vectors(5_000)
    snapshot = write_snapshot(folder, IDENTITY, 1, ids, vectors)
    assert [one.name for one in folder.iterdir()] == [snapshot.path.name]
    found = PointVectors(DIMENSION, snapshot)
    query = some_vectors(1, seed=2)[0]
    assert [i for i, _ in found.search(query, 10)] == oracle(ids, vectors, query, 10)
    _FaissBase(snapshot.path, ids, None)


def test_folders_of_ordinary_notes_are_searched_with_faiss(tmp_path: Path) -> None:
    """Only an index of very short points has no file of vectors (tests/test_index_size.py)."""
    store = tmp_path / "index"
    notebook = Notebook(str(ROOT / "corpus"), store=str(store), encoder=FakeEncoder(dimension=384))
    notebook.build()
    notebook.close()
    assert len(list(store.glob("vectors-*.faiss"))) == 1

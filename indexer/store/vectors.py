"""Vectors to nearest neighbours, in immutable FAISS files; the only importer of faiss.

A snapshot file is named by its generation and its hash and is never written to again: a mapped file
that is added to aborts the process (faiss 1.15), one that is cut short ends it by a signal.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
PointIds = NDArray[np.int64]

_NAME = re.compile(r"vectors-(\d+)-([0-9a-f]{32})\.faiss$")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file of vectors and the generation it shows."""

    path: Path
    generation: int
    digest: str


def list_snapshots(folder: Path) -> list[Snapshot]:
    """Return the snapshots of a folder, newest first, unread."""
    found = []
    for name in os.listdir(folder) if folder.is_dir() else []:
        match = _NAME.match(name)
        if match:
            found.append(Snapshot(folder / name, int(match.group(1)), match.group(2)))
    return sorted(found, key=lambda snapshot: (-snapshot.generation, snapshot.digest))


def write_snapshot(
    folder: Path, generation: int, point_ids: PointIds, vectors: Vectors
) -> Snapshot:
    """Write vectors to a new file, durably, and drop the older ones.

    :param folder: where to.
    :param generation: what the vectors are of.
    :param point_ids: int64, shape ``(n,)``.
    :param vectors: float32, shape ``(n, dimension)``; kept as float16.
    :raises OSError: if the file cannot be written; nothing is left of it.
    """
    import faiss

    dimension = vectors.shape[1]
    quantizer = faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    quantizer.train(vectors[:1])
    index = faiss.IndexIDMap2(quantizer)
    index.add_with_ids(np.ascontiguousarray(vectors), np.ascontiguousarray(point_ids))
    temporary = str(folder / f".vectors-{os.getpid()}-{generation}")
    try:
        try:
            faiss.write_index(index, temporary)
        except RuntimeError as exc:
            raise OSError(f"the vectors cannot be written: {str(exc).splitlines()[-1]}") from exc
        digest = _hash(temporary)
        path = folder / f"vectors-{generation}-{digest}.faiss"
        _sync(temporary)
        os.replace(temporary, path)
        _sync(folder)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    drop_old_snapshots(folder)
    return Snapshot(path, generation, digest)


def drop_old_snapshots(folder: Path, *, keep: int = 1) -> None:
    """Remove all but the newest snapshots, and what interrupted writes left.

    A reader that still has an older one mapped keeps it; one that comes too late reads the rows.

    :param folder: where they are.
    :param keep: how many stay.
    """
    for snapshot in list_snapshots(folder)[keep:]:
        snapshot.path.unlink(missing_ok=True)
    for leftover in folder.glob(".vectors-*"):
        leftover.unlink(missing_ok=True)


def is_sound(snapshot: Snapshot) -> bool:
    """Tell whether a file still has the hash it is named by."""
    try:
        return _hash(str(snapshot.path)) == snapshot.digest
    except OSError:
        return False


class PointVectors:
    """The vectors of a generation: a mapped snapshot, less what is gone, plus what was added."""

    def __init__(self, dimension: int, snapshot: Snapshot | None) -> None:
        """Map a snapshot, or start empty.

        :param dimension: numbers in a vector.
        :param snapshot: a sound one (see ``is_sound``), None for none.
        """
        self.dimension = dimension
        self.generation = snapshot.generation if snapshot else 0
        self._base: Any = None
        self._base_ids: PointIds = np.zeros(0, np.int64)
        if snapshot is not None:
            import faiss

            self._base = faiss.read_index(str(snapshot.path), faiss.IO_FLAG_MMAP_IFC)
            self._base_ids = faiss.vector_to_array(self._base.id_map)
        self._removed: PointIds = np.zeros(0, np.int64)
        self._added_ids: PointIds = np.zeros(0, np.int64)
        self._added: Vectors = np.zeros((0, dimension), np.float32)

    @property
    def last_id(self) -> int:
        """The highest point id of the snapshot; ids above it were added since."""
        return int(self._base_ids.max()) if len(self._base_ids) else 0

    @property
    def overlay(self) -> int:
        """How many points were removed or added since the snapshot."""
        return len(self._removed) + len(self._added_ids)

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self._base_ids) + len(self._added_ids) - len(self._removed)

    def lay_over(self, removed: PointIds, added_ids: PointIds, added: Vectors) -> None:
        """Set what changed since the snapshot.

        :param removed: ids of the snapshot that are gone.
        :param added_ids: ids that are new, shape ``(m,)``.
        :param added: their vectors, shape ``(m, dimension)``.
        """
        self._removed = np.intersect1d(removed, self._base_ids)
        self._added_ids, self._added = added_ids, added

    def search(
        self, vector: Vectors, k: int, allowed: PointIds | None = None
    ) -> list[tuple[int, float]]:
        """Return the ``k`` nearest points by inner product.

        :param vector: float32, unit length, shape ``(dimension,)``.
        :param k: how many.
        :param allowed: ids that may be returned, sorted; None for all.
        :return: (point id, cosine) pairs, best first, equal cosines by point id.
        """
        found = self._search_base(vector, k, allowed)
        if len(self._added_ids):
            cosines = self._added @ vector
            keep = np.isin(self._added_ids, allowed) if allowed is not None else slice(None)
            found += zip(self._added_ids[keep].tolist(), cosines[keep].tolist(), strict=True)
        found.sort(key=lambda pair: (-pair[1], pair[0]))
        return found[:k]

    def _search_base(
        self, vector: Vectors, k: int, allowed: PointIds | None
    ) -> list[tuple[int, float]]:
        alive = len(self._base_ids) - len(self._removed)
        if not alive:
            return []
        import faiss  # faiss 1.15 ships types that do not know the arguments of SearchParameters

        parameters: Any = None
        if allowed is not None:
            ids = np.setdiff1d(np.intersect1d(allowed, self._base_ids), self._removed)
            if not len(ids):
                return []
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(ids))  # type: ignore[call-arg]
            alive = len(ids)
        elif len(self._removed):
            selector = faiss.IDSelectorNot(faiss.IDSelectorBatch(self._removed))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, ids = self._base.search(vector[np.newaxis], min(k, alive), params=parameters)
        pairs = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [(point_id, score) for point_id, score in pairs if point_id >= 0]


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        digest = hashlib.blake2b(digest_size=16)
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _sync(path: str | Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Search the vectors of one generation.

They are a mapped snapshot, minus the points removed since, plus the points added since.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.store.embedded.faiss_snapshots import (
    PointIds,
    Snapshot,
    Vectors,
    has_room_for_faiss,
    utf8_path,
)
from indexer.store.embedded.kept_rows import KeptRows

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Mask = NDArray[np.bool_]
_Scan = Callable[[], tuple[PointIds, Vectors]]  # positions and cosines, best first
# Up to this size one matrix product is faster than importing faiss, and takes at most 8 MB.
MAX_PRODUCT_POINTS = 5_000
# Cells are 2 sqrt(n); this share of them holds .98 of the ten nearest (benchmarks/HISTORY.md).
_PROBED_SHARE = 1 / 32
_MIN_PROBES = 32
_MAX_FILTERS = 16
# A scan uses at most this number of threads (more do not read memory faster). Each part has at
# least the second number of points; with fewer, waking a thread takes longer than the scan.
_MAX_SCANNERS = 4
_MIN_SCANNED = 10_000


class PointVectors:
    """The vectors of a generation: a mapped snapshot, minus removed points, plus added ones."""

    def __init__(
        self, dimension: int, snapshot: Snapshot | None, before: PointVectors | None = None
    ) -> None:
        """Map a snapshot, or start empty.

        :param dimension: numbers in a vector.
        :param snapshot: an intact one (see ``Snapshot.is_intact``), or None.
        :param before: vectors of another generation; their mapping of the same snapshot is reused.
        :raises OSError: if it cannot be mapped, for example because it was just removed.
        """
        self.dimension = dimension
        self.generation = snapshot.generation if snapshot else 0
        self._snapshot = snapshot
        self._base: _Base | None = None
        if snapshot is not None and before is not None and before._snapshot == snapshot:
            self._base = before._base
        elif snapshot is not None:
            self._base = _open_base(snapshot.path, dimension)
        self._base_ids: PointIds = self._base.ids if self._base else np.zeros(0, np.int64)
        self._alive: Mask | None = None  # by position in the snapshot; None if no point was removed
        self._allowed: dict[Hashable, PointIds] = {}
        # Keyed by the identity of the allowed ids, which are kept alive here.
        self._masks: dict[int, tuple[PointIds | None, Mask, int]] = {}
        self._added_ids: PointIds = np.zeros(0, np.int64)
        self._added: Vectors = np.zeros((0, dimension), np.float32)
        self._rows: PointIds | None = None  # of each added point in ``_added``; None: in its order
        self.rows = KeptRows()  # of the same generation

    @property
    def last_id(self) -> int:
        """The highest point id of the snapshot; ids above it were added since."""
        return int(self._base_ids[-1]) if len(self._base_ids) else 0

    def lay_over(
        self,
        removed: PointIds,
        added_ids: PointIds,
        added: Vectors,
        rows: PointIds | None = None,
    ) -> None:
        """Set the points that were removed and added since the snapshot.

        :param removed: ids in the snapshot whose points were removed.
        :param added_ids: new ids, shape ``(m,)``, ascending.
        :param added: their vectors, shape ``(n, dimension)``.
        :param rows: the row of each point in ``added``, shape ``(m,)``; None if it has one for each
            point, in the same order.
        """
        gone = _positions(self._base_ids, removed)
        self._alive = None
        if len(gone):
            self._alive = np.ones(len(self._base_ids), bool)
            self._alive[gone] = False
        self._masks.clear()
        self._added_ids, self._added, self._rows = added_ids, added, rows

    def allowed(self, where: Hashable, find: Callable[[], PointIds]) -> PointIds:
        """Return the ids that pass a filter, computed once per filter.

        :param where: the filter.
        :param find: finds the ids in the generation of these vectors.
        """
        ids = self._allowed.get(where)
        if ids is None:  # two threads may both compute them, with the same result
            if len(self._allowed) >= _MAX_FILTERS:
                self._allowed.clear()
            ids = self._allowed[where] = find()
        return ids

    def search(
        self, vector: Vectors, k: int, allowed: PointIds | None = None
    ) -> list[tuple[int, float]]:
        """Return the ``k`` nearest points by inner product.

        :param vector: float32, unit length, shape ``(dimension,)``.
        :param k: how many.
        :param allowed: ids that may be returned, sorted; None for all.
        :return: (point id, cosine) pairs, best first, equal cosines by point id.
        """
        return self.begin_search(vector, k, allowed)()

    def begin_search(
        self, vector: Vectors, k: int, allowed: PointIds | None = None
    ) -> Callable[[], list[tuple[int, float]]]:
        """Start ``search`` in parallel; the returned function waits for the result."""
        scans: Sequence[_Scan] = ()
        mask, share = self._mask(allowed)
        if self._base is not None and share:
            scans = self._base.begin_search(vector, min(k, share), mask, share)

        def end() -> list[tuple[int, float]]:
            found: list[tuple[int, float]] = []
            for scan in scans:
                positions, cosines = scan()
                found += zip(self._base_ids[positions].tolist(), cosines.tolist(), strict=True)
            if len(self._added_ids):
                found += self._nearest_added(vector, k, allowed)
            found.sort(key=lambda pair: (-pair[1], pair[0]))
            return found[:k]

        return end

    def cosines(self, vector: Vectors, point_ids: PointIds) -> dict[int, float]:
        """Return the inner products of the given points that are in memory.

        :param vector: float32, unit length, shape ``(dimension,)``.
        :param point_ids: any ids.
        """
        found: dict[int, float] = {}
        if self._base is not None:
            positions = _positions(self._base_ids, point_ids)
            vectors = self._base.vectors(positions)
            if vectors is not None:
                ids = self._base_ids[positions]
                found = dict(zip(ids.tolist(), (vectors @ vector).tolist(), strict=True))
        positions = _positions(self._added_ids, point_ids)
        cosines = self._added_at(positions) @ vector
        return found | dict(zip(self._added_ids[positions].tolist(), cosines.tolist(), strict=True))

    def vectors(self, point_ids: PointIds) -> Vectors | None:
        """Return the vectors of given points, None if one of them is not in memory.

        :param point_ids: in any order.
        """
        found = np.empty((len(point_ids), self.dimension), np.float32)
        added = _are_in(self._added_ids, point_ids)
        found[added] = self._added_at(_positions(self._added_ids, point_ids[added]))
        if added.all():
            return found
        positions = _positions(self._base_ids, point_ids[~added])
        base = self._base.vectors(positions) if self._base is not None else None
        if base is None or len(base) != len(found) - np.count_nonzero(added):
            return None
        found[~added] = base
        return found

    def _added_at(self, positions: PointIds) -> Vectors:
        return self._added[positions if self._rows is None else self._rows[positions]]

    def _nearest_added(
        self, vector: Vectors, k: int, allowed: PointIds | None
    ) -> Iterator[tuple[int, float]]:
        """Return the nearest added points: at least ``k``, or all that are allowed."""
        cosines = np.vecdot(self._added, vector)
        if self._rows is not None:
            cosines = cosines[self._rows]
        ids = self._added_ids
        if allowed is not None:
            keep = _are_in(allowed, ids)
            ids, cosines = ids[keep], cosines[keep]
        if 0 < k < len(ids):
            keep = cosines >= np.partition(cosines, -k)[-k]  # with all that equal the last one
            ids, cosines = ids[keep], cosines[keep]
        return zip(ids.tolist(), cosines.tolist(), strict=True)

    def _mask(self, allowed: PointIds | None) -> tuple[Mask | None, int]:
        """Return the mask of allowed positions (None for all) and their number."""
        if allowed is None and self._alive is None:
            return None, len(self._base_ids)
        known = self._masks.get(id(allowed))
        if known is None or known[0] is not allowed:
            mask = np.ones(len(self._base_ids), bool) if self._alive is None else self._alive
            if allowed is not None:
                within = np.zeros(len(mask), bool)
                within[_positions(self._base_ids, allowed)] = True
                mask = mask & within
            if len(self._masks) >= _MAX_FILTERS:
                self._masks.clear()
            known = self._masks[id(allowed)] = allowed, mask, int(np.count_nonzero(mask))
        return known[1:]


@functools.cache
def _scanners() -> ThreadPoolExecutor:
    """Return the threads for scans; each tells FAISS to use one thread."""
    from concurrent.futures import ThreadPoolExecutor

    import faiss

    return ThreadPoolExecutor(
        _MAX_SCANNERS, "scan", initializer=faiss.omp_set_num_threads, initargs=(1,)
    )


def _in_parallel(scan: _Scan) -> _Scan:
    """Start a scan in another thread, or run it now if no thread can be started."""
    try:
        return _scanners().submit(scan).result
    except RuntimeError:
        return _at_once(scan)


def _at_once(scan: _Scan) -> _Scan:
    found = scan()
    return lambda: found


def _positions(ids: PointIds, wanted: PointIds) -> PointIds:
    """Return the positions of ids in a sorted list; ids not in the list are left out."""
    places = np.searchsorted(ids, wanted)
    places = np.minimum(places, max(0, len(ids) - 1))
    return places[ids[places] == wanted] if len(ids) else places[:0]


def _are_in(ids: PointIds, wanted: PointIds) -> Mask:
    """Return for each id whether a sorted list contains it."""
    if not len(ids):
        return np.zeros(len(wanted), bool)
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.asarray(ids[places] == wanted)


class _Base(Protocol):
    """An open snapshot; positions number its points in the order of their ids."""

    ids: PointIds

    def begin_search(
        self, vector: Vectors, k: int, mask: Mask | None, alive: int
    ) -> Sequence[_Scan]:
        """Start to search the nearest points within a mask, part by part."""

    def vectors(self, positions: PointIds) -> Vectors | None:
        """Return vectors by position; None if the file is not ordered by point."""


class _ProductBase:
    """A small snapshot: one matrix product, without importing faiss."""

    def __init__(self, ids: PointIds, halves: NDArray[np.float16]) -> None:
        self.ids = ids
        self._matrix = halves.astype(np.float32)

    def begin_search(
        self, vector: Vectors, k: int, mask: Mask | None, alive: int
    ) -> Sequence[_Scan]:
        # One thread: on a busy machine, waking a second one takes far longer than the product
        # (23 ms against 0.4 ms at 3,683 points).
        cosines = np.vecdot(self._matrix, vector)
        if mask is not None:
            cosines[~mask] = -np.inf
        best = np.argpartition(-cosines, k - 1)[:k]
        return [lambda: (best, cosines[best])]

    def vectors(self, positions: PointIds) -> Vectors | None:
        return self._matrix[positions]


class _FaissBase:
    """A snapshot that faiss searches in the mapped file."""

    def __init__(self, path: Path, ids: PointIds, halves: NDArray[np.float16] | None) -> None:
        if not has_room_for_faiss():
            raise MemoryError
        import faiss

        faiss.omp_set_num_threads(1)  # one question is faster without waking threads
        self.ids = ids
        self._halves = halves
        # Owns the index below. (faiss 1.15 ships types of its base class only.)
        try:
            with utf8_path(path) as place:
                whole: Any = faiss.read_index(place, faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as exc:
            raise OSError(f"{path} cannot be mapped") from exc
        self._whole = whole
        self._index: Any = faiss.downcast_index(whole.index)
        self._cells: int = getattr(self._index, "nlist", 0)

    def begin_search(
        self, vector: Vectors, k: int, mask: Mask | None, alive: int
    ) -> Sequence[_Scan]:
        def scan(part: slice | None) -> tuple[PointIds, Vectors]:
            parameters = self._parameters(mask, alive, part)
            scores, positions = self._index.search(vector[np.newaxis], k, params=parameters)
            found = positions[0] >= 0
            return positions[0][found], scores[0][found]

        begin = _at_once if len(self.ids) < _MIN_SCANNED else _in_parallel
        return [begin(functools.partial(scan, part)) for part in self._parts()]

    def _parts(self) -> list[slice | None]:
        """Return the parts to scan in parallel; None means the whole snapshot."""
        count = len(self.ids)
        parts = min(os.cpu_count() or 1, _MAX_SCANNERS, count // _MIN_SCANNED)
        if self._cells or parts < 2:
            return [None]
        ends = [part * count // parts for part in range(parts + 1)]
        return [slice(*span) for span in pairwise(ends)]

    def vectors(self, positions: PointIds) -> Vectors | None:
        return None if self._halves is None else self._halves[positions].astype(np.float32)

    def _parameters(self, mask: Mask | None, alive: int, part: slice | None) -> Any:
        import faiss

        untyped: Any = faiss
        more: dict[str, Any] = {}
        if mask is not None:
            within = mask
            if part is not None:
                within = np.zeros_like(mask)
                within[part] = mask[part]
            more["sel"] = untyped.IDSelectorBitmap(np.packbits(within, bitorder="little"))
        elif part is not None:
            more["sel"] = untyped.IDSelectorRange(part.start, part.stop)
        if not self._cells:
            return untyped.SearchParameters(**more)
        # The fewer points are allowed, the more cells must be searched.
        share = alive / len(self.ids)
        probes = math.ceil(_PROBED_SHARE * self._cells * (1 if share == 1 else 2 / share))
        return untyped.SearchParametersIVF(
            nprobe=min(self._cells, max(_MIN_PROBES, probes)), **more
        )


def _open_base(path: Path, dimension: int) -> _Base:
    """Map a snapshot.

    A faiss file begins with its kind, dimension and number of points. A file with a map of ids ends
    with the ids; in a flat file the codes are before them. Both counts are checked.
    """
    content = np.memmap(path, np.uint8, "r")
    count = int(content[8:16].view("<i8")[0])
    end = len(content) - 8 * count
    ids = content[end:].view("<i8")
    start = end - 8 - 2 * count * dimension
    halves = None
    if start >= 8:
        sizes = content[end - 8 : end].view("<u8")[0], content[start - 8 : start].view("<u8")[0]
        if sizes == (count, 2 * count * dimension):
            halves = content[start : end - 8].view("<f2").reshape(count, dimension)
    if halves is not None and count <= MAX_PRODUCT_POINTS:
        return _ProductBase(ids, halves)
    return _FaissBase(path, ids, halves)

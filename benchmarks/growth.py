"""Measure the growth of time and space with synthetic points in the real store and search.

    python benchmarks/growth.py 10000 100000 [--folder DIR] [--limit AVX2] [--json]

Vectors are drawn in clusters (2,000 of power-law sizes, 48 directions of spread, noise over all
384), texts from a vocabulary with the frequencies of a language, 20 points a note; the notes are
written to disk as well. Only the model is left out: its vectors are looked up. Each phase runs in a
process of its own, so that its memory is its own. Next to the clock is the time of the
processor, which a busy machine changes less. Garbage collection is settled as in every server.

With --limit AVX2 the questions are asked twice, in turn: with all features of the processor, and
with FAISS, OpenBLAS and numpy limited to AVX2.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from indexer.encoding.encoder import EncodedPoints, EncodedQuery, Progress, Vectors, unit_length  # noqa: E402
from indexer.encoding.pieces import pack_pieces  # noqa: E402
from indexer.indexing.build import BuildOptions, build  # noqa: E402
from indexer.notes.folder import NotesFolder, read_stamp  # noqa: E402
from indexer.records import BlockKind, Note, NoteFilter, Point  # noqa: E402
from indexer.retrieval.freshness import Freshness  # noqa: E402
from indexer.retrieval.languages import EVERYDAY  # noqa: E402
from indexer.retrieval.query import Query  # noqa: E402
from indexer.retrieval.search import Searcher  # noqa: E402
from indexer.service import settle_memory  # noqa: E402
from indexer.store.embedded.store import EmbeddedStore  # noqa: E402
from indexer.store.records import NewPoint, NoteChange, Setup  # noqa: E402

DIMENSION, CLUSTERS, OWN_DIRECTIONS = 384, 2_000, 48
POINTS_A_NOTE, WORDS_A_POINT, VOCABULARY = 20, 20, 50_000
BLOCK = 20_000
SIZE_LIMIT = 1 << 20
# What limits the libraries of a question to the features of AVX2.
LIMITS = {
    "": {},
    "AVX2": {
        "FAISS_SIMD_LEVEL": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    },
}
CONSONANTS, VOWELS = "bcdfghjklmnprstvz", "aeiou"


def word(rank: int) -> str:
    """Return the word of a rank: short for the common ones."""
    letters, rest = "", rank + 20
    while rest:
        letters += CONSONANTS[rest % 17] + VOWELS[rest // 17 % 5]
        rest //= 85
    return letters


@dataclass(frozen=True)
class World:
    """Random data that is reproducible from the number of a block."""

    points: int

    def vectors(self, block: int) -> Vectors:
        """Return the vectors of a block of points, unit length, float32."""
        shapes = np.random.default_rng(7)
        centres = shapes.standard_normal((CLUSTERS, DIMENSION)).astype(np.float32)
        bias = 0.3 * shapes.standard_normal(DIMENSION).astype(np.float32)
        frame = shapes.standard_normal((OWN_DIRECTIONS * 4, DIMENSION)).astype(np.float32)
        share = 1 / np.arange(1, CLUSTERS + 1) ** 0.8
        draw = np.random.default_rng([11, block])
        count = min(BLOCK, self.points - block * BLOCK)
        owner = draw.choice(CLUSTERS, count, p=share / share.sum())
        within = draw.standard_normal((count, OWN_DIRECTIONS)).astype(np.float32)
        # Each cluster spreads along its own directions: a window of one frame of many.
        spread = np.empty((count, DIMENSION), np.float32)
        for start in range(4):
            mine = owner % 4 == start
            own = frame[start * OWN_DIRECTIONS : (start + 1) * OWN_DIRECTIONS]
            spread[mine] = within[mine] @ own
        noise = 0.4 * draw.standard_normal((count, DIMENSION)).astype(np.float32)
        return unit_length(bias + centres[owner] + 0.12 * spread + noise)

    def texts(self, block: int) -> list[str]:
        """Return the texts of a block of points."""
        draw = np.random.default_rng([13, block])
        count = min(BLOCK, self.points - block * BLOCK)
        ranks = draw.zipf(1.2, (count, WORDS_A_POINT)) % VOCABULARY
        words = WORDS
        return [" ".join(words[rank] for rank in row) for row in ranks.tolist()]

    @property
    def blocks(self) -> range:
        """The numbers of the blocks."""
        return range((self.points + BLOCK - 1) // BLOCK)


WORDS = [word(rank) for rank in range(VOCABULARY)]


class LookedUp:
    """An encoder with known vectors: those of questions are set, others derive from their text."""

    name, window, dimension = "looked up", 254, DIMENSION
    fingerprint, engine = "looked up", ""

    def __init__(self) -> None:
        self.known: dict[str, Vectors] = {}

    def open_ahead(self, points: int = 0) -> None:
        """There is no file to open."""

    def verify(self) -> None:
        """There is no file to check."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        return self.count_tokens(texts)

    def encode_query(self, text: str) -> EncodedQuery:
        vector = self.vector(text)
        states = np.tile(vector, (len(text.split()), 1))
        ends = np.cumsum([len(part) + 1 for part in text.split()]).tolist()
        spans = zip([0, *ends], [end - 1 for end in ends], strict=False)
        return EncodedQuery(vector, states, tuple(spans))

    def vector(self, text: str) -> Vectors:
        if text not in self.known:
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
            draw = np.random.default_rng(seed).standard_normal(DIMENSION)
            self.known[text] = unit_length(draw.astype(np.float32)[np.newaxis])[0]
        return self.known[text]

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        vectors = np.stack([self.vector(text) for text in texts])
        return EncodedPoints(vectors, _pieces(vectors))


def _pieces(vectors: Vectors) -> list[bytes]:
    """Return the word pieces of points: one a word, and as many again for a title of two words."""
    return [pack_pieces(np.tile(v, (WORDS_A_POINT, 1)), np.tile(v, (2, 1))) for v in vectors]


def note_of(number: int) -> str:
    return f"{number // 1000:03}/note-{number:06}.md"


def title_of(number: int) -> str:
    return f"Note {number}"


def make(points: int, folder: Path, times: int = 1) -> dict[str, Any]:
    """Write the notes and the index, once."""
    world, notes = World(points), folder / "notes"
    store = EmbeddedStore(folder / "index")
    setup = Setup("looked up", "looked up", DIMENSION, _versions())
    started = time.perf_counter()
    with store.building():
        for block in world.blocks:
            vectors = world.vectors(block)
            store.add_vectors(_keys(block, world), vectors, _pieces(vectors))
        with store.change(setup, clear=True) as change:
            for block in world.blocks:
                for one in _notes(block, world, notes):
                    change.put(one)
        stored = time.perf_counter()
        store.optimise()
    snapshot = time.perf_counter() - stored
    kind = _kind(store)
    store.close()
    size = store.size()  # without the log, which went into the database
    return {
        "index": kind,
        "store_s": round(stored - started, 1),
        "snapshot_s": round(snapshot, 1),
        "bytes_a_point": round(size / points),
        "make_mb": round(_peak_mb()),
    }


def _versions() -> str:
    from indexer.indexing.versions import current_versions

    return current_versions()


def _kind(store: EmbeddedStore) -> str:
    with store.view() as view:
        base = view._vectors()._base
    return f"{getattr(base, '_cells', 0)} cells" if getattr(base, "_cells", 0) else "flat"


def _keys(block: int, world: World) -> list[bytes]:
    first = block * BLOCK
    count = min(BLOCK, world.points - first)
    return [(first + i).to_bytes(16, "little") for i in range(count)]


def _notes(block: int, world: World, folder: Path) -> Iterator[NoteChange]:
    texts = world.texts(block)
    keys = _keys(block, world)
    for start in range(0, len(texts), POINTS_A_NOTE):
        number = (block * BLOCK + start) // POINTS_A_NOTE
        note_id, title = note_of(number), title_of(number)
        mine = texts[start : start + POINTS_A_NOTE]
        year = 2000 + number % 20
        head = f"---\ntitle: {title}\ndate: {year}-01-01\ntags: [tag{number % 10}]\n---\n\n"
        content = head + "".join(f"- {text}\n" for text in mine)
        path = folder / note_id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        points = tuple(Point(t, BlockKind.ITEM, 6 + i, 6 + i) for i, t in enumerate(mine))
        added = tuple(NewPoint(i, point, keys[start + i]) for i, point in enumerate(points))
        digest = hashlib.blake2b(content.encode(), digest_size=16).digest()
        note = Note(
            note_id,
            digest,
            title,
            date=datetime.date(year, 1, 1),
            tags=(f"tag{number % 10}",),
            points=points,
        )
        yield NoteChange(note, read_stamp(folder, note_id), added=added)


def ask(points: int, folder: Path, questions: int) -> dict[str, Any]:
    """Open the index and ask: with and without a filter, one after the other and eight at once."""
    world, encoder = World(points), LookedUp()
    draw = np.random.default_rng(5)
    block = int(draw.integers(len(world.blocks)))
    vectors, texts = world.vectors(block), world.texts(block)
    chosen = draw.choice(len(texts), questions, replace=False)
    noise = draw.standard_normal((questions, DIMENSION)).astype(np.float32)
    asked = unit_length(vectors[chosen] + 0.02 * noise)
    # Four words of the point, the commonest word there is among them, as questions have.
    words = [" ".join([*texts[i].split()[:4], WORDS[1], WORDS[2]]) for i in chosen]
    encoder.known.update(zip(words, asked, strict=True))
    before = _memory()
    started, worked = time.perf_counter(), time.process_time()
    store = EmbeddedStore(folder / "index", read_only=True)
    with store.view() as view:
        view._vectors()
    opened, opened_worked = time.perf_counter() - started, time.process_time() - worked
    dense, lexical = [], []
    with store.view() as view:
        from indexer.text.terms import query_terms

        found = [[i for i, _ in view.dense(v, 10, NoteFilter())] for v in asked]
        for vector, question in zip(asked, words, strict=True):
            dense.append(_timed(lambda v=vector: view.dense(v, 100, NoteFilter())))
            terms = query_terms(question)
            lexical.append(_timed(lambda t=terms: view.lexical(t, 100, NoteFilter())))
    freshness = Freshness(NotesFolder(folder / "notes", SIZE_LIMIT), encoder)
    searcher = Searcher(store, encoder, freshness)
    searcher.search(Query(words[0]))  # the first looks at every file; later ones every so often
    # The first question in a language measures chance for it, once per generation.
    first_ones = [_timed(lambda q=q: searcher.search(Query(q[0]))) for q in EVERYDAY.values()]
    settle_memory()  # as every server does once it has its model
    hybrid = [_timed(lambda q=q: searcher.search(Query(q))) for q in words]
    where = NoteFilter(tags=("tag3",))
    searcher.search(Query(words[0], where=where))
    filtered = [_timed(lambda q=q: searcher.search(Query(q, where=where))) for q in words]
    memory = _memory()
    begun = time.perf_counter()
    eight = _at_once(searcher, words)
    together = time.perf_counter() - begun
    recall = _recall(world, asked, found)
    store.close()
    return {
        "open_processor_ms": _ms(opened_worked),
        "open_ms": _ms(opened),
        **_percentiles("dense", dense),
        **_percentiles("lexical", lexical),
        **_percentiles("hybrid", hybrid),
        "hybrid_processor_p99_ms": _ms(_p99(worked for _, worked in hybrid)),
        "first_in_a_language_processor_ms": _ms(_p99(worked for _, worked in first_ones)),
        "first_in_a_language_ms": _ms(_p99(clock for clock, _ in first_ones)),
        **_percentiles("filtered", filtered),
        "one_after_the_other_a_second": round(len(hybrid) / sum(clock for clock, _ in hybrid), 1),
        "eight_at_once_a_second": round(len(eight) / together, 1),
        "eight_at_once_p50_ms": _ms(statistics.median(clock for clock, _ in eight)),
        "eight_at_once_p99_ms": _ms(_p99(clock for clock, _ in eight)),
        "recall_at_10": round(recall, 4),
        "resident_bytes_a_point": round((memory["Rss"] - before["Rss"]) / points),
        "anonymous_bytes_a_point": round((memory["Anonymous"] - before["Anonymous"]) / points),
    }


Times = tuple[float, float]
"""Seconds of the clock, and of the processor: what the clock would show on an idle machine."""


def _timed(job: Any) -> Times:
    begun, worked = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - begun, time.process_time() - worked


def _at_once(searcher: Searcher, words: Sequence[str]) -> list[Times]:
    times: list[Times] = []

    def work(part: Sequence[str]) -> None:
        times.extend(_timed(lambda q=q: searcher.search(Query(q))) for q in part)

    threads = [threading.Thread(target=work, args=(words[i::8],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _recall(world: World, asked: Vectors, found: list[list[int]]) -> float:
    """Return the share of the exact ten nearest that were found; ids count from 1."""
    best = np.full((len(asked), 10), -2.0, np.float32)
    ids = np.zeros((len(asked), 10), np.int64)
    for block in world.blocks:
        halves = world.vectors(block).astype(np.float16).astype(np.float32)
        cosines = np.concatenate([best, asked @ halves.T], axis=1)
        numbers = 1 + block * BLOCK + np.arange(len(halves))
        all_ids = np.concatenate([ids, np.tile(numbers, (len(asked), 1))], axis=1)
        order = np.argpartition(-cosines, 9, axis=1)[:, :10]
        best = np.take_along_axis(cosines, order, 1)
        ids = np.take_along_axis(all_ids, order, 1)
    hits = [len({*near} & {*exact}) for near, exact in zip(found, ids.tolist(), strict=True)]
    return sum(hits) / (10 * len(found))


def unchanged(points: int, folder: Path, times: int) -> dict[str, Any]:
    """Build with nothing to do, several times: the first as in a new process, with its memory."""
    encoder, notes = LookedUp(), NotesFolder(folder / "notes", SIZE_LIMIT)
    before = _peak_mb()
    store = EmbeddedStore(folder / "index")
    builds = [_timed(lambda: build(notes, store, encoder, BuildOptions())) for _ in range(times)]
    store.close()
    return {
        "unchanged_processor_ms": _ms(statistics.median(worked for _, worked in builds)),
        "unchanged_ms": _ms(statistics.median(clock for clock, _ in builds)),
        "unchanged_first_ms": _ms(builds[0][0]),
        "unchanged_mb": round(_peak_mb() - before),
    }


def edit(points: int, folder: Path, times: int) -> dict[str, Any]:
    """Change one note, several times: by `build` over the folder, and in the store alone."""
    encoder = LookedUp()
    before = _peak_mb()
    store = EmbeddedStore(folder / "index")
    notes = NotesFolder(folder / "notes", SIZE_LIMIT)
    path = notes.root / note_of(points // POINTS_A_NOTE // 2)
    builds: list[Times] = []
    alone: list[Times] = []

    def save(text: str) -> None:
        path.write_text(text)
        time.sleep(0.06)  # a file written just now is not trusted
        inner = _StoreTime(store)
        builds.append(_timed(lambda: build(notes, inner, encoder, BuildOptions())))
        alone.append((inner.clock, inner.worked))

    for number in range(times):
        save(f"{path.read_text()}- edit {number} {WORDS[number]}\n")
    removing: list[Times] = []
    for number in range(times):  # the words of a line leave the index
        lines = path.read_text().splitlines()
        save("\n".join([*lines[:-1], f"- another {number} {WORDS[number]}"]) + "\n")
        removing.append(builds.pop())
        alone.pop()
    store.close()
    return {
        "build_one_note_processor_ms": _ms(statistics.median(worked for _, worked in builds)),
        "build_one_note_ms": _ms(statistics.median(clock for clock, _ in builds)),
        "build_changed_line_processor_ms": _ms(statistics.median(w for _, w in removing)),
        "build_changed_line_ms": _ms(statistics.median(clock for clock, _ in removing)),
        "store_one_note_processor_ms": _ms(statistics.median(worked for _, worked in alone)),
        "store_one_note_ms": _ms(statistics.median(clock for clock, _ in alone)),
        "store_one_note_max_ms": _ms(max(clock for clock, _ in alone)),
        "edit_mb": round(_peak_mb() - before),
    }


def _peak_mb() -> float:
    """Return the highest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class _StoreTime:
    """A store that counts the time of what changes it: vectors, the transaction, housekeeping.

    The sums of its pages at the end of a build are among them.
    """

    def __init__(self, store: EmbeddedStore) -> None:
        self._store, self.clock, self.worked = store, 0.0, 0.0

    def count(self, job: Any) -> Any:
        """Run a job, measure its time, and return its result."""
        begun, worked = time.perf_counter(), time.process_time()
        try:
            return job()
        finally:
            self.clock += time.perf_counter() - begun
            self.worked += time.process_time() - worked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def add_vectors(self, *arguments: Any) -> None:
        self.count(lambda: self._store.add_vectors(*arguments))

    def optimise(self) -> None:
        self.count(self._store.optimise)

    def building(self) -> Any:
        return _Counted(self, self._store.building(), whole=False)

    def change(self, *arguments: Any, **options: Any) -> Any:
        return _Counted(self, self._store.change(*arguments, **options), whole=True)


class _Counted:
    """A block whose time is counted: the whole of it, or how it begins and ends."""

    def __init__(self, counter: _StoreTime, inner: Any, *, whole: bool) -> None:
        self._counter, self._inner, self._whole = counter, inner, whole

    def __enter__(self) -> Any:
        entered = self._counter.count(self._inner.__enter__)
        self._begun = time.perf_counter(), time.process_time()
        return entered

    def __exit__(self, *problem: Any) -> Any:
        if self._whole:
            self._counter.clock += time.perf_counter() - self._begun[0]
            self._counter.worked += time.process_time() - self._begun[1]
        return self._counter.count(lambda: self._inner.__exit__(*problem))


def _memory() -> dict[str, int]:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}


def _percentiles(name: str, times: Sequence[Times]) -> dict[str, float]:
    ordered = sorted(clock for clock, _ in times)
    return {
        f"{name}_processor_ms": _ms(statistics.median(worked for _, worked in times)),
        f"{name}_p50_ms": _ms(ordered[len(ordered) // 2]),
        f"{name}_p99_ms": _ms(ordered[int(0.99 * (len(ordered) - 1))]),
    }


def _p99(seconds: Iterable[float]) -> float:
    ordered = sorted(seconds)
    return ordered[int(0.99 * (len(ordered) - 1))]


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)


def measure(
    points: int, folder: Path | None, questions: int, limit: str = "", rounds: int = 1
) -> dict[str, Any]:
    """Run the phases in separate processes.

    :param points: how many.
    :param folder: where the temporary folder is made.
    :param questions: how many.
    :param limit: "AVX2" to ask a second time without newer features, in turn; empty for once.
    :param rounds: how often the questions are asked; figures are medians.
    """
    where = Path(tempfile.mkdtemp(prefix="notepoint-growth-", dir=folder))
    try:
        found: dict[str, Any] = {"points": points, **phase("make", points, where, questions)}
        asked: dict[str, list[dict[str, Any]]] = {name: [] for name in dict.fromkeys(("", limit))}
        for _ in range(rounds):
            for name, rows in asked.items():
                rows.append(phase("ask", points, where, questions, name))
        for name, rows in asked.items():
            before = f"{name.lower()}_" if name else ""
            found |= {before + key: statistics.median(r[key] for r in rows) for key in rows[0]}
        for name in ("unchanged", "edit"):
            found |= phase(name, points, where, questions)
        return found
    finally:
        shutil.rmtree(where)


def phase(name: str, points: int, where: Path, questions: int, limit: str = "") -> dict[str, Any]:
    """Run one phase in a process, print its figures to stderr and return them."""
    command = [sys.executable, __file__, "--phase", name, "--folder", str(where)]
    command += ["--questions", str(questions), str(points)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | LIMITS[limit]
    )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    said = f"{points:,} {name} {limit}".strip()
    print(f"{said} (load {load:.1f}): {done.stdout.strip()}", file=sys.stderr, flush=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("points", nargs="+", type=int)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--limit", choices=[*LIMITS], default="")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--phase", choices=[*PHASES], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        (points,) = options.points
        job, times = PHASES[options.phase]
        print(json.dumps(job(points, options.folder, times or options.questions)))
        return
    found = [
        measure(points, options.folder, options.questions, options.limit, options.rounds)
        for points in options.points
    ]
    if options.json:
        print(json.dumps(found))
        return
    for name in found[0]:
        print(f"{name:>36}" + "".join(f"{figures[name]:>14}" for figures in found))


# Each phase, and how often it repeats what it measures; None: as many times as there are questions.
PHASES: dict[str, tuple[Callable[[int, Path, int], dict[str, Any]], int | None]] = {
    "make": (make, 1),
    "ask": (ask, None),
    "unchanged": (unchanged, 5),
    "edit": (edit, 7),
}


if __name__ == "__main__":
    main()

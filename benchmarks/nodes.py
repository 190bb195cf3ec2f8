"""What a cluster costs: one process beside two Ray nodes on this machine, with the default model.

    python benchmarks/nodes.py NOTES [NOTES ...]

Both encode all notes of the folders, one after the other. The nodes run in a network of their own
that is only the loopback interface, which needs root or user namespaces. Two nodes on the cores of
one machine cannot be faster than one process on them: what counts is how long the start takes, and
how many points a second are encoded after it.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ray_nodes import (  # noqa: E402
    PORT,
    bring_up_loopback,
    start_node,
    wait_for_nodes,
    wait_for_port,
)

from indexer.config import Settings  # noqa: E402
from indexer.encoding.opening import open_encoder, open_node_encoder  # noqa: E402
from indexer.indexing.build import BuildOptions, build  # noqa: E402
from indexer.indexing.parquet import read_shard  # noqa: E402
from indexer.indexing.ray import Job, encode_by_ray  # noqa: E402
from indexer.notes.folder import NotesFolder  # noqa: E402
from indexer.store.opening import open_store  # noqa: E402
from indexer.store.protocol import Store  # noqa: E402

_TEXTS_AT_ONCE = 256
_INSIDE = "NOTEPOINT_BENCHMARK_SESSIONS"


class Clock:
    """Notes when texts were encoded: as a build tells, or as shards appear in a folder."""

    def __init__(self, shards: Path | None = None) -> None:
        self.steps: list[tuple[float, int]] = []
        self._phase = ""
        self._shards = shards
        if shards is not None:
            threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        assert self._shards is not None
        seen: set[Path] = set()
        while self._phase != "loading":
            for path in {*self._shards.glob("vectors-*")} - seen:
                self.steps.append((time.perf_counter(), len(read_shard(path)[0])))
                seen.add(path)
            time.sleep(0.02)

    def begin(self, phase: str, total: int) -> None:
        """Take note of a phase."""
        self._phase = phase

    def advance(self, steps: int) -> None:
        """Take note of texts."""
        if self._shards is None and self._phase == "encoding" and steps:
            self.steps.append((time.perf_counter(), steps))

    def rate(self) -> float:
        """Return the texts a second from the end of the first step to the end of the last."""
        (first, _), (last, _) = self.steps[0], self.steps[-1]
        return sum(steps for _, steps in self.steps[1:]) / (last - first)


def vectors_of(store: Store) -> tuple[list[object], np.ndarray]:
    """Return every point with its place, in the order of places, and the vectors of all."""
    with store.view() as view:
        whole = [note for notes in view.whole_notes() for note in notes]
        points = [(n.info.note_id, p.ordinal, p.point, p.point_id) for n in whole for p in n.points]
        points.sort(key=lambda point: point[:2])
        return [p[:3] for p in points], view.vectors([p[3] for p in points])


def main(notes: Path, scratch: Path) -> None:
    """Measure both, and print what each took."""
    settings = Settings.load(notes=notes)
    folder, options = NotesFolder(notes, settings.size_limit), BuildOptions()

    plain, clock = open_store(str(scratch / "plain")), Clock()
    began = time.perf_counter()
    encoder = open_encoder(settings.model, cache=settings.cache)
    report = build(folder, plain, encoder, options, clock)
    whole = time.perf_counter() - began
    print(f"{report.points_total:,} points, load {os.getloadavg()[0]:.1f}")
    print(
        f"one process: first texts after {clock.steps[0][0] - began:.1f} s, then "
        f"{clock.rate():.0f} a second, {whole:.1f} s in all"
    )

    began = time.perf_counter()
    sessions = f"--temp-dir={os.environ[_INSIDE]}"
    head = start_node(scratch, "--head", f"--port={PORT}", "--include-dashboard=false", sessions)
    wait_for_port()
    node = start_node(scratch, f"--address=127.0.0.1:{PORT}")
    wait_for_nodes(2)
    print(f"two nodes: up after {time.perf_counter() - began:.1f} s")

    shards = scratch / "shards"
    store, clock = open_store(str(scratch / "ray")), Clock(shards)
    make = functools.partial(open_node_encoder, settings.model, settings.cache)
    address = f"127.0.0.1:{PORT}"
    job = Job(
        folder,
        shards,
        make,
        address,
        texts_at_once=_TEXTS_AT_ONCE,
    )
    began = time.perf_counter()
    encoded = encode_by_ray(job, store, clock)
    by_ray = time.perf_counter() - began
    print(
        f"two nodes: first texts after {clock.steps[0][0] - began:.1f} s, then "
        f"{clock.rate():.0f} a second, {by_ray:.1f} s in all for {encoded:,} texts"
    )
    began = time.perf_counter()
    build(folder, store, encoder, BuildOptions(encoded=True))
    print(f"two nodes: cutting and writing {time.perf_counter() - began:.1f} s")
    (points, vectors), (others, again) = vectors_of(plain), vectors_of(store)
    cosines = (vectors * again).sum(axis=1) if points == others else np.zeros(1)
    print(f"the same points: {points == others}, least cosine of their vectors {cosines.min():.5f}")
    for process in (node, head):
        process.terminate()  # what they leave ends with the namespace


def run_inside(folders: list[Path]) -> int:
    """Run this program in namespaces of its own, with copies of the notes."""
    command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command += [] if os.geteuid() == 0 else ["--map-root-user"]
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as scratch:
        for folder in folders:
            shutil.copytree(folder, Path(scratch, "notes", folder.name))
        Path(scratch, "s").mkdir()
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
            "RAY_USAGE_STATS_ENABLED": "0",
            "HOME": scratch,
            _INSIDE: str(Path(scratch, "s")),
        }
        return subprocess.run(
            [*command, sys.executable, __file__, scratch], env=environment
        ).returncode


if __name__ == "__main__":
    if _INSIDE in os.environ:
        bring_up_loopback()
        main(Path(sys.argv[1], "notes"), Path(sys.argv[1]))
    else:
        sys.exit(run_inside([Path(one).resolve() for one in sys.argv[1:]]))

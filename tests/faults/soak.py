"""Hours of edits and questions: check memory, open files, and the index at the end.

Run by `make soak MINUTES=60`; not part of the tests. A watcher updates the index while notes are
written, renamed and deleted and questions are asked, all in one process. The first sixth of the
time is a warm-up; growth is measured after it.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from fakes import FakeEncoder  # noqa: E402
from harness import QUESTIONS, build_at, faults_of, note_text, rows_of, write_notes  # noqa: E402

from indexer.indexing.watch import watch  # noqa: E402
from indexer.notebook import Notebook  # noqa: E402


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def churn(notes: Path, generator: random.Random) -> None:
    path = notes / f"n{generator.randrange(60)}.md"
    what = generator.random()
    if what < 0.2 and path.exists():
        path.replace(notes / f"n{generator.randrange(60)}.md")
    elif what < 0.4:
        path.unlink(missing_ok=True)
    else:
        temporary = path.with_suffix(".tmp")
        temporary.write_text(note_text(generator))
        temporary.replace(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    notes, generator = folder / "notes", random.Random(1)
    write_notes(notes, 60)
    stop, builds, failures = threading.Event(), [0], []
    # The watcher and the page share a process here, so that one count covers both.
    watched = Notebook(notes, encoder=_Forgetful())

    def built(_: object) -> None:
        builds[0] += 1

    follower = threading.Thread(
        target=watch, args=(watched, stop), kwargs={"built": built, "failed": failures.append}
    )
    follower.start()
    while not builds[0]:
        time.sleep(0.1)
    asking = Notebook(notes, encoder=_Forgetful())
    # Laps of more than a second are the process being stopped from outside, and do not count.
    ran, lap, asked, samples = 0.0, time.monotonic(), 0, []
    while ran < minutes * 60:
        ran, lap = ran + min(1.0, time.monotonic() - lap), time.monotonic()
        churn(notes, generator)
        for _ in range(5):
            asking.search(generator.choice(QUESTIONS))
            asked += 1
        time.sleep(0.05)
        if asked % 500 == 0:
            gc.collect()
            samples.append((ran, resident_mb(), open_files()))
            at, memory, files = samples[-1]
            print(f"{at:6.0f} s  {memory:6.1f} MB  {files} files  {builds[0]} builds", flush=True)
    time.sleep(5)
    stop.set()
    follower.join()
    build_at(notes, notes / ".notepoint")
    build_at(notes, folder / "clean")
    warm = [sample for sample in samples if sample[0] > minutes * 10] or samples
    half = len(warm) // 2
    first = sorted(sample[1] for sample in warm[:half])[half // 2]
    last = sorted(sample[1] for sample in warm[half:])[half // 2]
    equal = rows_of(notes / ".notepoint") == rows_of(folder / "clean")
    print(
        f"{minutes:g} minutes, {builds[0]} builds, {asked} questions, {len(failures)} failures: "
        f"memory {first:.1f} to {last:.1f} MB ({(last / first - 1) * 100:+.1f} %, median of each "
        f"half after warming up), open files {min(s[2] for s in warm)} to "
        f"{max(s[2] for s in warm)}, equal to a clean build: {equal}, "
        f"check: {faults_of(notes / '.notepoint') or 'sound'}"
    )
    return 0 if equal else 1


class _Forgetful(FakeEncoder):
    """The fake encoder without its list of encoded texts."""

    def encode_points(self, *values, **options):
        vectors = super().encode_points(*values, **options)
        self.encoded.clear()
        return vectors


if __name__ == "__main__":
    sys.exit(main())

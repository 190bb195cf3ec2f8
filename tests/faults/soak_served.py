"""The page for an hour, asked all the time, while builders and watchers of its index are killed.

Run by hand: `python tests/faults/soak_served.py --minutes 60`; not part of the tests. The page, its
service below `/api`, the builders and the watchers are real processes with the real model. At the
end pages are killed and started again, and the index is compared with that of a clean build.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from urllib.parse import quote

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from harness import QUESTIONS, note_text, worker_environment, write_notes  # noqa: E402
from soak import churn  # noqa: E402

_RUN = [sys.executable, "-P", "-m", "indexer"]
_SAMPLE_S = 60.0
_PAGE_KILLS_SHARE = 0.12


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_RUN, *words], env=worker_environment(), capture_output=True, text=True, timeout=600
    )


def kill_soon(generator: random.Random, longest_s: float, *words: str) -> bool:
    """Start a command, kill it after a random time, and return whether it was still at work."""
    process = subprocess.Popen(
        [*_RUN, *words],
        env=worker_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(generator.uniform(0.05, longest_s))
    running = process.poll() is None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return running


class Page:
    """One page with its service."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "said"
        with self._said.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(*_RUN, "serve", "--api", "--no-browser", "--no-token", "--port", "0"),
                    *("--notes", str(folder / "notes")),
                ],
                env=worker_environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.port = 0

    def wait(self) -> None:
        while not (found := re.search(r"http://[\w.]+:(\d+)", self._said.read_text())):
            assert self.process.poll() is None, self._said.read_text()
            time.sleep(0.1)
        self.port = int(found[1])

    def ask(self, question: str) -> dict:
        address = f"http://127.0.0.1:{self.port}/api/ask?q={quote(question)}"
        with urllib.request.urlopen(address, timeout=120) as answer:
            return json.load(answer)

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    notes, generator, counts = folder / "notes", random.Random(2), Counter()
    write_notes(notes, 60)
    given = ("--notes", str(notes))
    assert run("build", *given).returncode == 0
    page = Page(folder)
    page.wait()
    began, next_sample, samples = time.monotonic(), 0.0, []
    while (at := time.monotonic() - began) < minutes * 60 * (1 - _PAGE_KILLS_SHARE):
        churn(notes, generator)
        (notes / f"n{generator.randrange(60)}.md").write_text(note_text(generator))
        if generator.random() < 0.7:
            counts["builds killed"] += kill_soon(generator, 1.2, "build", "-q", *given)
            counts["builds begun"] += 1
        else:
            counts["watchers killed"] += kill_soon(generator, 3.0, "watch", *given)
            counts["watchers begun"] += 1
        for _ in range(5):
            try:
                hits = page.ask(generator.choice(QUESTIONS))["hits"]
                counts["questions"] += 1
                counts["without a hit"] += not hits
            except OSError as exc:
                counts[f"failed: {exc}"] += 1
        if counts["builds begun"] % 50 == 0:
            counts["checks"] += 1
            counts["unsound"] += run("check", *given).returncode != 0
        if at >= next_sample:
            next_sample += _SAMPLE_S
            samples.append((at, page.memory_mb()))
            print(f"{at:6.0f} s {samples[-1][1]:7.1f} MB {dict(counts)}", flush=True)
    page.kill()
    while time.monotonic() - began < minutes * 60:
        (notes / f"n{generator.randrange(60)}.md").write_text(note_text(generator))
        one = Page(folder)
        time.sleep(generator.uniform(0.5, 12))
        counts["pages killed"] += one.process.poll() is None
        one.kill()
    counts["unsound"] += run("check", *given).returncode not in (0, 1)
    assert run("build", "--force", *given).returncode in (0, 1)
    same = _points(*given) == _points(*given, "--store", str(folder / "clean"), clean=True)
    warm = [memory for at, memory in samples if at > minutes * 10] or [m for _, m in samples]
    half = max(1, len(warm) // 2)
    first, last = sorted(warm[:half])[half // 2], sorted(warm[-half:])[half // 2]
    print(
        f"{minutes:g} minutes: {dict(counts)}; memory of the page {first:.0f} to {last:.0f} MB "
        f"({(last / first - 1) * 100:+.1f} %, median of each half after warming up); equal to a "
        f"clean build: {same}"
    )
    return 0 if same else 1


def _points(*given: str, clean: bool = False) -> object:
    """Return the notes and points of an index."""
    if clean:
        assert run("build", *given).returncode in (0, 1)
    files = json.loads(run("dump", "--json", *given).stdout)["files"]
    return sorted(json.dumps(file, sort_keys=True) for file in files)


if __name__ == "__main__":
    sys.exit(main())

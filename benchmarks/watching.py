"""How long it takes from a saved note to an answer that has it, in a process that watches.

    python benchmarks/watching.py NOTES [--runs 20] [--page] [--json]

A copy of the notes is watched as `notepoint watch` and the page do; a line with a word that stands
nowhere else is added to one note after another. A time ends when a question with that word is
answered by that line. Beside it stands how much of it passed before the build began (the system's
event, and the wait for the editor to finish), the build, and the question. With ``--page`` the host
of the page is asked, which builds in another process.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from indexer.indexing.watch import watch  # noqa: E402
from indexer.notebook import Notebook  # noqa: E402
from indexer.records import BuildReport  # noqa: E402
from indexer.web.host import Host, Model  # noqa: E402

CONSONANTS, VOWELS = "bcdfghjklmnprstvz", "aeiou"


def word(number: int) -> str:
    """Return a word of no language, another for each number."""
    letters = "q"
    for _ in range(4):
        letters += CONSONANTS[number % 17] + VOWELS[number // 17 % 5]
        number = number // 3 + 7
    return letters


def measure(notes: Path, runs: int) -> dict[str, float]:
    """Save, and wait for the answer, ``runs`` times; medians and the largest, in ms."""
    stop, reports = threading.Event(), queue.Queue[tuple[float, BuildReport]]()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "notes"
        shutil.copytree(notes, copy, ignore=shutil.ignore_patterns(".notepoint"))
        store = f"{folder}/index"
        building, asking = Notebook(copy, store=store), Notebook(copy, store=store)

        def built(report: BuildReport) -> None:
            reports.put((time.perf_counter(), report))

        def failed(exc: Exception) -> None:
            raise SystemExit(str(exc))

        job = threading.Thread(
            target=watch, args=(building, stop), kwargs={"built": built, "failed": failed}
        )
        job.start()
        reports.get(timeout=600)
        asking.search("anything")
        time.sleep(2)
        found: dict[str, list[float]] = {"all": [], "event": [], "build": [], "question": []}
        paths = sorted(copy.rglob("*.md"))
        for number in range(runs):
            path, text = paths[number % len(paths)], f"the {word(number)} was saved"
            content = f"{path.read_text('utf-8')}\n\n- {text}\n"
            begun = time.perf_counter()
            path.write_text(content, "utf-8")
            ended, report = reports.get(timeout=60)
            hits = asking.search(word(number), 1).hits
            answered = time.perf_counter()
            if not hits or hits[0].text != text:
                raise SystemExit(f"not found: {text}")
            found["all"].append(answered - begun)
            found["event"].append(ended - begun - report.seconds)
            found["build"].append(report.seconds)
            found["question"].append(answered - ended)
            time.sleep(0.5)
        stop.set()
        job.join()
        building.close()
        asking.close()
    figures = {f"{name}_ms": round(1000 * statistics.median(t)) for name, t in found.items()}
    return {**figures, "all_max_ms": round(1000 * max(found["all"])), "load": os.getloadavg()[0]}


def measure_page(notes: Path, runs: int) -> dict[str, float]:
    """Measure the same through the host of the page, whose first build finds no process ready."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "notes"
        shutil.copytree(notes, copy, ignore=shutil.ignore_patterns(".notepoint"))
        notebook = Notebook(copy, store=f"{folder}/index")
        notebook.build()
        host = Host(notebook)
        host.start()
        while host.model is Model.LOADING or not host.state.watching:
            time.sleep(0.1)
        host.ask("anything", 1)
        time.sleep(4)
        found = []
        paths = sorted(copy.rglob("*.md"))
        for number in range(runs + 1):
            path, text = paths[number % len(paths)], f"the {word(number)} was saved"
            content = f"{path.read_text('utf-8')}\n\n- {text}\n"
            generation = host.generation()
            begun = time.perf_counter()
            path.write_text(content, "utf-8")
            while host.generation() == generation:
                time.sleep(0.002)
            hits = host.ask(word(number), 1).hits
            found.append(time.perf_counter() - begun)
            if not hits or hits[0].text != text:
                raise SystemExit(f"not found: {text}")
            time.sleep(3)
        host.close()
    return {
        "first_ms": round(1000 * found[0]),
        "all_ms": round(1000 * statistics.median(found[1:])),
        "all_max_ms": round(1000 * max(found[1:])),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = (measure_page if options.page else measure)(options.notes, options.runs)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>12}{value:>10}")


if __name__ == "__main__":
    main()

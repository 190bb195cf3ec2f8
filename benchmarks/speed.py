"""How fast and how large: whole processes on real notes, as a user starts them.

    python benchmarks/speed.py NOTES [NOTES ...] [--questions FILE.jsonl] [--runs 7] [--json]

For each notes folder, in a temporary store: a build from nothing, a build with nothing to do, one
after a change to one note (of a copy), a question from process start to printed answer, and
questions in one process. Times are medians; memory is the peak of the process, as the system
counts it. Since a busy machine stretches times, those of the processor are printed too, and, as a
measure of the machine, the time to import numpy, which each of them does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Modules are kept compiled, as they are for every user.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
QUESTIONS = (
    "does it talk about ethics?",
    "how do I choose a learning rate?",
    "what to do when training and test data differ",
    "batch size",
    "why does this work at all?",
)


@dataclass(frozen=True)
class Run:
    """A finished process: seconds of the clock and of the processor, and what it printed."""

    seconds: float
    worked: float
    output: str


@dataclass(frozen=True)
class Figures:
    """What was measured on one notes folder; times in seconds, memory and size in MB.

    ``..._cpu_s`` is time of the processor.
    """

    notes: int
    points: int
    numpy_s: float
    numpy_cpu_s: float
    build_s: float
    build_cpu_s: float
    build_mb: float
    idle_build_s: float
    idle_build_cpu_s: float
    edit_build_s: float
    edit_build_cpu_s: float
    cold_query_s: float
    cold_query_cpu_s: float
    cold_query_mb: float
    warm_query_p50_ms: float
    warm_query_p95_ms: float
    index_mb: float
    bytes_a_point: float
    load: float


def run(*arguments: str) -> Run:
    """Run one command of Notepoint to its end."""
    return run_process([sys.executable, "-m", "indexer", *arguments])


def run_process(command: list[str]) -> Run:
    """Run a process to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
    )
    output, errors = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}: status {process.returncode}\n{errors}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, worked, output)


def peak_of(*command: str) -> float:
    """Return the peak memory, in MB, of one process, measured apart from all others."""
    code = (
        "import resource, subprocess, sys; "
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
        check=True,
    )
    return int(done.stdout) / 1024


def measure(notes: Path, questions: list[str], runs: int) -> Figures:
    """Measure one notes folder."""
    indexer = [sys.executable, "-m", "indexer"]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / notes.name
        shutil.copytree(notes, copy, ignore=shutil.ignore_patterns(".notepoint"))
        where = ["--notes", str(copy), "--store", f"{folder}/index"]
        first = run("build", *where, "--json")
        report = json.loads(first.output)
        build_mb = peak_of(*indexer, "build", "--rebuild", *where)
        note = min(copy.rglob("*.md"))
        idle, edits, cold, base = [], [], [], []
        for i in range(runs):  # side by side, so that the machine is as busy for all
            base.append(run_process([sys.executable, "-c", "import numpy"]))
            idle.append(run("build", *where, "--json"))
            cold.append(run("query", questions[i % len(questions)], *where))
            with note.open("a") as file:
                file.write(f"\n- measured once more, for the {i}th time\n")
            time.sleep(0.1)
            edits.append(run("build", *where, "--json"))
        batch = Path(folder) / "batch.jsonl"
        rows = [{"id": i, "question": question} for i, question in enumerate(questions * 8)]
        batch.write_text("".join(json.dumps(row) + "\n" for row in rows))
        answers = run("query", "--batch", str(batch), *where).output.splitlines()
        warm = sorted(json.loads(answer)["took_ms"] for answer in answers[len(questions) :])
        size = json.loads(run("status", *where, "--json").output)["bytes"]
        points = report["points"]["total"]
        return Figures(
            report["notes"]["added"],
            points,
            *_medians(base),
            round(first.seconds, 2),
            round(first.worked, 2),
            round(build_mb),
            *_medians(idle),
            *_medians(edits),
            *_medians(cold),
            round(peak_of(*indexer, "query", questions[0], *where)),
            round(statistics.median(warm), 2),
            round(warm[int(0.95 * len(warm))], 2),
            round(size / 1e6, 2),
            round(size / max(1, points)),
            os.getloadavg()[0],
        )


def _medians(runs: list[Run]) -> tuple[float, float]:
    seconds = statistics.median(one.seconds for one in runs)
    return round(seconds, 3), round(statistics.median(one.worked for one in runs), 3)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", nargs="+", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    questions = list(QUESTIONS)
    if options.questions:
        lines = options.questions.read_text("utf-8").splitlines()
        questions = [json.loads(line)["question"] for line in lines]
    found = {
        notes.name: asdict(measure(notes.resolve(), questions, options.runs))
        for notes in options.notes
    }
    if options.json:
        print(json.dumps(found))
        return
    names = list(next(iter(found.values())))
    print("".join(f"{name:>20}" for name in ["", *found]))
    for name in names:
        print(f"{name:>20}" + "".join(f"{figures[name]:>20,}" for figures in found.values()))


if __name__ == "__main__":
    main()

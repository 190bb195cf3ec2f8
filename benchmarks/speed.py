"""How fast and how large: whole processes on real notes, as a user starts them.

    python benchmarks/speed.py NOTES [NOTES ...] [--questions FILE.jsonl] [--runs 7] [--json]

For each notes folder, in a temporary store: a build from nothing, a build with nothing to do, a
question from process start to printed answer, and questions in one process. Times are medians;
memory is the peak of the process, as the system counts it.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
QUESTIONS = (
    "does it talk about ethics?",
    "how do I choose a learning rate?",
    "what to do when training and test data differ",
    "batch size",
    "why does this work at all?",
)


@dataclass(frozen=True)
class Run:
    """A finished process: seconds of wall clock, peak memory in MB, what it printed."""

    seconds: float
    megabytes: float
    output: str


@dataclass(frozen=True)
class Figures:
    """What was measured on one notes folder; times in seconds, memory and size in MB."""

    notes: int
    points: int
    build_s: float
    build_mb: float
    idle_build_s: float
    cold_query_s: float
    cold_query_mb: float
    warm_query_p50_ms: float
    warm_query_p95_ms: float
    index_mb: float
    bytes_a_point: float


def run(*arguments: str) -> Run:
    """Run one command of Notepoint to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "indexer", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    output, errors = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: status {process.returncode}\n{errors}")
    # Of all children so far the largest: a build comes before what needs less.
    return Run(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, output)


def peak_of(*arguments: str) -> float:
    """Return the peak memory, in MB, of one command, measured apart from all others."""
    code = (
        "import resource, subprocess, sys; "
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, sys.executable, "-m", "indexer", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    return int(done.stdout) / 1024


def measure(notes: Path, questions: list[str], runs: int) -> Figures:
    """Measure one notes folder."""
    with tempfile.TemporaryDirectory() as folder:
        where = ["--notes", str(notes), "--store", f"{folder}/index"]
        first = run("build", *where, "--json")
        report = json.loads(first.output)
        build_mb = peak_of("build", "--rebuild", *where)
        idle = [run("build", *where, "--json").seconds for _ in range(runs)]
        cold = [run("query", questions[i % len(questions)], *where).seconds for i in range(runs)]
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
            round(first.seconds, 2),
            round(build_mb),
            round(statistics.median(idle), 3),
            round(statistics.median(cold), 3),
            round(peak_of("query", questions[0], *where)),
            round(statistics.median(warm), 2),
            round(warm[int(0.95 * len(warm))], 2),
            round(size / 1e6, 2),
            round(size / max(1, points)),
        )


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

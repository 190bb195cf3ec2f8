"""Print all speed figures in one table, with ratios to plain libraries in the same run.

    python benchmarks/bench.py NOTES [NOTES ...] [--large] [--runs 5] [--out FILE.json] [--plot PNG]

`make bench` runs it over corpus/ (NOTES="..." for others), `make bench-large` with a million
points. The floors are in floors.py, growth in growth.py, the encoder in throughput.py, and the
commands of a user in speed.py.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from speed import QUESTIONS, ROOT, _medians, measure, peak_of, run_process

HERE = Path(__file__).parent
# Processor features that decide the speed of matrix products.
FEATURES = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def machine() -> dict[str, str]:
    """Return a description of the machine and the data."""
    model, flags = "", ""
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "")
        flags = next((line.split(":")[1] for line in lines if line.startswith("flags")), "")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "machine": f"{os.cpu_count()} x {model or platform.processor()}, {platform.system()}",
        "features": " ".join(name for name in FEATURES if name in flags.split()),
        "python": platform.python_version(),
    }


def floors(notes: Path, runs: int) -> dict[str, Any]:
    """Measure the plain libraries on the same notes."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("dense", "words"):
            command = [sys.executable, str(HERE / "floors.py")]
            build = [*command, "build", kind, folder, str(notes)]
            query = [*command, "query", kind, folder, str(notes), QUESTIONS[0]]
            built = run_process(build)
            asked = _medians([run_process(query) for _ in range(runs)])
            found[kind] = {
                "build_s": round(built.seconds, 2),
                "build_cpu_s": round(built.worked, 2),
                "cold_query_s": asked[0],
                "cold_query_cpu_s": asked[1],
                "cold_query_mb": round(peak_of(*query)),
            }
    return found


def script(name: str, *arguments: str) -> Any:
    """Run another benchmark and return its result."""
    command = [sys.executable, str(HERE / name), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def table(found: dict[str, Any]) -> str:
    """Return the figures of a run as text."""
    ours = found["commands"]
    dense, words = found["floors"]["dense"], found["floors"]["words"]
    head = ("", "Notepoint", "plain dense", "ratio", "plain BM25", "ratio")
    lines = [f"{head[0]:<22}" + "".join(f"{name:>13}" for name in head[1:])]
    for name, value in ours.items():
        cells = [value]
        for floor in (dense, words):
            if name in floor:
                cells += [floor[name], round(floor[name] / value, 2) if value else ""]
            else:
                cells += ["", ""]
        lines.append(f"{name:<22}" + "".join(f"{cell:>13}" for cell in cells))
    lines.append("\nencoder: " + json.dumps(found["throughput"], indent=1))
    lines.append("\ngrowth")
    for name in found["growth"][0]:
        lines.append(f"{name:<32}" + "".join(f"{row[name]:>14}" for row in found["growth"]))
    return "\n".join(lines)


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", nargs="+", type=Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    sizes = [*options.sizes, *([1_000_000] if options.large else [])]
    with tempfile.TemporaryDirectory() as folder:
        together = Path(folder) / "notes"
        for notes in options.notes:
            shutil.copytree(notes, together / notes.resolve().name)
        found: dict[str, Any] = {
            **machine(),
            "commands": asdict(measure(together, list(QUESTIONS), options.runs)),
            "floors": floors(together, max(1, options.runs // 2)),
            "throughput": script("throughput.py", str(together)),
        }
    found["growth"] = script("growth.py", "--json", *map(str, sizes))
    found["load_at_the_end"] = os.getloadavg()[0]
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    if options.plot:
        from plot import draw

        draw(found["growth"], options.plot)
    print("{machine}; Python {python}; {date}; commit {commit}".format(**found))
    print(table(found))


if __name__ == "__main__":
    main()

"""Time and memory against the number of points, as a picture.

python benchmarks/plot.py RESULT.json PICTURE.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def draw(growth: list[dict[str, Any]], target: Path) -> None:
    """Draw the figures of ``growth.py``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    points = [row["points"] for row in growth]
    figure, (times, space) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, label in (
        ("hybrid_processor_ms", "question"),
        ("filtered_processor_ms", "filtered question"),
        ("dense_processor_ms", "dense retriever"),
        ("lexical_processor_ms", "lexical retriever"),
        ("open_processor_ms", "opening the index"),
        ("store_one_note_processor_ms", "one note changed, store"),
    ):
        times.plot(points, [row[name] for row in growth], marker="o", label=label)
    times.set(xscale="log", yscale="log", xlabel="points", ylabel="milliseconds of the processor")
    for name, label in (
        ("bytes_a_point", "on disk"),
        ("resident_bytes_a_point", "in memory, mapped files and all"),
        ("anonymous_bytes_a_point", "in memory of its own"),
    ):
        space.plot(points, [row[name] for row in growth], marker="o", label=label)
    space.set(xscale="log", xlabel="points", ylabel="bytes a point", ylim=(0, None))
    for axes in (times, space):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    result = json.loads(Path(sys.argv[1]).read_text())
    draw(result["growth"] if isinstance(result, dict) else result, Path(sys.argv[2]))

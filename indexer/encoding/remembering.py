"""An encoder that remembers the vectors of recent questions."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.encoding.encoder import EncodedPoints, EncodedQuery, Encoder, Progress
from indexer.lru import Lru

_REMEMBERED_VECTORS = 4_096


class RememberingEncoder:
    """Wraps another encoder and encodes each question only once.

    Repeated questions, from a client or while the user types, need no second run of the model.
    """

    def __init__(self, encoder: Encoder) -> None:
        """Wrap an encoder.

        :param encoder: encodes what is not in memory.
        """
        self._encoder = encoder
        self._known: Lru[str, EncodedQuery] = Lru(_REMEMBERED_VECTORS)
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.window = encoder.dimension, encoder.window

    @property
    def engine(self) -> str:
        """The engine that computes the vectors; see ``Encoder``."""
        return self._encoder.engine

    def open_ahead(self, points: int = 0) -> None:
        """Start to open the model; see ``Encoder``."""
        self._encoder.open_ahead(points)

    def verify(self) -> None:
        """Check the files of the model; see ``Encoder``."""
        self._encoder.verify()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in tokens, without special ones."""
        return self._encoder.count_tokens(texts)

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of each text are stored along with its vector."""
        return self._encoder.count_pieces(texts)

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its tokens, from memory if possible."""
        return self._known.get_or_make(text, lambda: self._encoder.encode_query(text))

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and tokens of points; see ``Encoder``."""
        return self._encoder.encode_points(contexts, texts, progress)

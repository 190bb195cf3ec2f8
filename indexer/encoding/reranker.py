"""A cross-encoder that orders the first points of an answer again."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.encoding.transformer import load_model


class CrossEncoderReranker:
    """A model that reads a question and a text together; slower and finer than any vector."""

    def __init__(self, model: str) -> None:
        """Load a model.

        :param model: folder, or name on the hub.
        :raises EncoderError: if it cannot be loaded.
        """
        self._model = load_model("CrossEncoder", model, "--rerank")

    def rate(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers a question; only their order means something.

        :param question: as it is read.
        :param texts: points behind their context.
        """
        if not texts:
            return []
        pairs = [(question, text) for text in texts]
        rated: list[float] = self._model.predict(pairs, show_progress_bar=False).tolist()
        return rated

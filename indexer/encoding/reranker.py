"""A cross-encoder that reranks the first points of an answer."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.encoding.transformer import load_model


class CrossEncoderReranker:
    """A model that reads question and text together: more precise than vectors, and slower."""

    def __init__(self, model: str) -> None:
        """Load a model.

        :param model: folder, or name on the hub.
        :raises EncoderError: if it cannot be loaded.
        """
        self._model = load_model("CrossEncoder", model, "--rerank")

    def rate(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers a question; only the order of the scores has a meaning.

        :param question: as the encoder reads it.
        :param texts: points, each after its context.
        """
        if not texts:
            return []
        pairs = [(question, text) for text in texts]
        rated: list[float] = self._model.predict(pairs, show_progress_bar=False).tolist()
        return rated

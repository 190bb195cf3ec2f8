"""A test suite for the protocol of encoders; every encoder must pass it.

A test class inherits ``EncoderSuite`` and gives a fixture ``encoder``. The texts hold only words
that each tokenizer under test knows.
"""

from __future__ import annotations

import numpy as np

from indexer.encoding.encoder import Encoder
from indexer.encoding.pieces import unpack_pieces

TEXTS = ["no discussion of ethics", "the sound of the video", "a network", "ethics " * 300, ""]
CONTEXTS = ["the course :", "", "the course :", "the network :", "a course"]


class EncoderSuite:
    """Tests of the protocol ``indexer.encoding.encoder.Encoder``."""

    def test_it_names_itself(self, encoder: Encoder) -> None:
        assert encoder.name and encoder.fingerprint
        assert encoder.dimension > 0 and encoder.window > 0
        assert isinstance(encoder.engine, str)

    def test_opening_ahead_and_checking_do_no_harm(self, encoder: Encoder) -> None:
        encoder.open_ahead()
        encoder.open_ahead(points=1_000)
        encoder.verify()

    def test_vectors_have_unit_length(self, encoder: Encoder) -> None:
        vectors = encoder.encode_points(CONTEXTS, TEXTS).vectors
        assert vectors.shape == (len(TEXTS), encoder.dimension)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_text_gives_no_vector(self, encoder: Encoder) -> None:
        encoded = encoder.encode_points([], [])
        assert encoded.vectors.shape == (0, encoder.dimension)
        assert encoded.pieces == []
        assert encoder.count_tokens([]) == encoder.count_pieces([]) == []

    def test_vector_depends_on_its_own_text_and_context_alone(self, encoder: Encoder) -> None:
        together = encoder.encode_points(CONTEXTS, TEXTS).vectors
        alone = encoder.encode_points(CONTEXTS[:1], TEXTS[:1]).vectors[0]
        assert alone @ together[0] > 0.999
        assert encoder.encode_points([""], TEXTS[:1]).vectors[0] @ alone < 0.9999

    def test_pieces_are_counted_as_they_are_kept(self, encoder: Encoder) -> None:
        encoded = encoder.encode_points(CONTEXTS[:3], TEXTS[:3])
        bits, own, above = unpack_pieces(encoded.pieces, encoder.dimension)
        assert own == encoder.count_pieces(TEXTS[:3])
        assert above[1] <= above[0] and min(own) > 0
        assert bits.shape == (sum(own) + sum(above), -(-encoder.dimension // 8))

    def test_spans_of_a_question_are_its_words(self, encoder: Encoder) -> None:
        question = "what is ethics"
        asked = encoder.encode_query(question)
        assert asked.vector.shape == (encoder.dimension,)
        assert np.isclose(np.linalg.norm(asked.vector), 1, atol=1e-5)
        assert asked.pieces.shape == (len(asked.spans), encoder.dimension)
        words = "".join(question[begin:end] for begin, end in asked.spans)
        assert words.replace(" ", "") == question.replace(" ", "")

    def test_the_text_meant_is_nearest(self, encoder: Encoder) -> None:
        vectors = encoder.encode_points(["", "", ""], TEXTS[:3]).vectors
        asked = encoder.encode_query("no discussion of ethics").vector
        assert int(np.argmax(vectors @ asked)) == 0

    def test_words_beyond_the_window_have_no_effect(self, encoder: Encoder) -> None:
        text = "ethics " * (2 * encoder.window)
        one, other = encoder.encode_points(["", ""], [text, text + "video"]).vectors
        assert one @ other > 0.99999

    def test_progress_counts_every_text(self, encoder: Encoder) -> None:
        steps: list[int] = []
        encoder.encode_points([""] * 40, [f"ethics {i}" for i in range(40)], steps.append)
        assert sum(steps) == 40
        assert encoder.count_tokens(["ethics"]) == encoder.count_tokens(["ethics"] * 20)[:1]

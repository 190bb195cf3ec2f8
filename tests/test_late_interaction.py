"""Word by word: the best pairs summed."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.encoding.encoder import unit_length
from indexer.encoding.pieces import pack_pieces
from indexer.retrieval.late_interaction import max_similarities

DIMENSION = 384


def states(count: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return unit_length(found.astype(np.float32))


NOTHING = np.zeros((0, DIMENSION), np.float32)


def test_signs_estimate_the_cosine() -> None:
    query, own = states(4, 1), states(30, 2)
    own[:4] = unit_length(query + 0.8 * states(4, 3))
    exact = (query @ own.T).max(axis=1).mean()
    found, lengths = max_similarities(query, [0.25] * 4, [pack_pieces(own, NOTHING)])
    assert found[0] == pytest.approx(exact, abs=0.05)
    assert lengths == [30]


def test_each_word_counts_by_its_weight() -> None:
    query = states(2, 1)
    packed = [pack_pieces(query[:1], NOTHING), pack_pieces(query[1:], NOTHING)]
    first, _ = max_similarities(query, [0.9, 0.1], packed)
    last, _ = max_similarities(query, [0.1, 0.9], packed)
    assert first[0] > first[1]
    assert last[0] < last[1]


def test_what_stands_above_answers_nearly_as_well() -> None:
    query = states(1, 1)
    packed = [
        pack_pieces(query, NOTHING),
        pack_pieces(states(1, 5), query),
        pack_pieces(states(1, 5), NOTHING),
    ]
    found, _ = max_similarities(query, [1.0], packed)
    assert found[1] == pytest.approx(0.9 * found[0])
    assert found[2] < found[1]


def test_points_without_pieces_answer_nothing() -> None:
    found, lengths = max_similarities(
        states(2, 1), [0.5, 0.5], [b"", pack_pieces(NOTHING, NOTHING)]
    )
    assert found.tolist() == [0.0, 0.0]
    assert lengths == [0, 0]


def test_many_pieces_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = [pack_pieces(states(7, seed), states(3, seed + 50)) for seed in range(9)]
    whole, _ = max_similarities(states(3, 99), [0.2, 0.3, 0.5], packed)
    monkeypatch.setattr("indexer.retrieval.late_interaction._PIECES_AT_ONCE", 4)
    parts, _ = max_similarities(states(3, 99), [0.2, 0.3, 0.5], packed)
    assert parts == pytest.approx(whole)

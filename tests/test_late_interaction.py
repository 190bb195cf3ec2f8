"""Word by word: the best pairs summed."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.encoding.encoder import unit_length
from indexer.encoding.pieces import pack_pieces
from indexer.retrieval.late_interaction import max_similarities, rate_parts

DIMENSION = 384


def states(count: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return unit_length(found.astype(np.float32))


NOTHING = np.zeros((0, DIMENSION), np.float32)


def test_signs_estimate_the_cosine() -> None:
    query, own = states(4, 1), states(30, 2)
    own[:4] = unit_length(query + 0.8 * states(4, 3))
    exact = (query @ own.T).max(axis=1)
    matched, lengths = max_similarities(query, [pack_pieces(own, NOTHING)])
    assert matched.shape == (1, 4)
    assert matched[0] == pytest.approx(exact, abs=0.1)
    assert lengths == [30]


def test_each_point_answers_its_own_words() -> None:
    query = states(2, 1)
    packed = [pack_pieces(query[:1], NOTHING), pack_pieces(query[1:], NOTHING)]
    matched, _ = max_similarities(query, packed)
    assert matched[0, 0] > matched[0, 1]
    assert matched[1, 1] > matched[1, 0]


def test_what_stands_above_answers_nearly_as_well() -> None:
    query = states(1, 1)
    packed = [
        pack_pieces(query, NOTHING),
        pack_pieces(states(1, 5), query),
        pack_pieces(states(1, 5), NOTHING),
    ]
    (own,), (above,), (neither,) = max_similarities(query, packed)[0]
    assert above == pytest.approx(0.9 * own)
    assert neither < above


def test_points_without_pieces_answer_nothing() -> None:
    packed = [b"", pack_pieces(NOTHING, NOTHING)]
    matched, lengths = max_similarities(states(2, 1), packed)
    assert matched.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert lengths == [0, 0]


def test_many_pieces_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = [pack_pieces(states(7, seed), states(3, seed + 50)) for seed in range(9)]
    whole, _ = max_similarities(states(3, 99), packed)
    monkeypatch.setattr("indexer.retrieval.late_interaction._PIECES_AT_ONCE", 4)
    parts, _ = max_similarities(states(3, 99), packed)
    assert parts == pytest.approx(whole)


def test_parts_of_a_point_are_rated_apart() -> None:
    query, own = states(1, 1), states(6, 2)
    own[4] = query[0]
    rated = rate_parts(query, np.ones(1, np.float32), pack_pieces(own, query), [2, 0, 2, 2])
    assert int(np.argmax(rated)) == 3  # the context is not included
    assert rated[1] == 0.0


def test_parts_beyond_the_window_rate_nothing() -> None:
    query = states(1, 1)
    rated = rate_parts(query, np.ones(1, np.float32), pack_pieces(states(3, 2), NOTHING), [2, 9, 4])
    assert rated[2] == 0.0

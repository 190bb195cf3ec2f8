"""Word pieces as bits."""

from __future__ import annotations

import numpy as np

from indexer.encoding.pieces import pack_pieces, unpack_pieces


def states(count: int, dimension: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)


def test_signs_come_back_in_order() -> None:
    own, above = states(3), states(2, seed=1)
    bits, counts, context = unpack_pieces([pack_pieces(own, above), pack_pieces(above, own)], 16)
    assert (counts, context) == ([3, 2], [2, 3])
    signs = np.unpackbits(bits, axis=1, count=16).astype(bool)
    assert np.array_equal(signs, np.concatenate([own, above, above, own]) > 0)


def test_a_piece_takes_a_bit_a_dimension() -> None:
    assert len(pack_pieces(states(3, 384), states(1, 384))) == 2 + 4 * 48


def test_nothing_and_the_least_are_kept_as_they_are() -> None:
    bits, counts, context = unpack_pieces([b"", pack_pieces(states(0), states(1))], 16)
    assert (len(bits), counts, context) == (1, [0, 0], [0, 1])


def test_dimension_need_not_fill_bytes() -> None:
    bits, counts, _ = unpack_pieces([pack_pieces(states(2, 13), states(0, 13))], 13)
    assert (bits.shape, counts) == ((2, 2), [2])


def test_of_a_long_context_the_nearest_is_kept() -> None:
    above = states(40)
    bits, _, context = unpack_pieces([pack_pieces(states(1), above)], 16)
    assert context == [32]
    assert np.array_equal(np.unpackbits(bits[-1]).astype(bool), above[-1] > 0)

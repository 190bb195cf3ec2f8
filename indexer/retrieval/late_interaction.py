"""Late interaction: each word of a question against each word of a point, the best pairs summed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.pieces import unpack_pieces

Vectors = NDArray[np.float32]
# What stands above a point answers for a word of the question nearly as well as the point itself
# (benchmarks/QUALITY.md).
_CONTEXT_WEIGHT = 0.9
_PIECES_AT_ONCE = 16_384


def max_similarities(query: Vectors, packed: Sequence[bytes]) -> tuple[Vectors, list[int]]:
    """Return how well each point answers each word (MaxSim, Khattab & Zaharia 2020).

    :param query: states of the question's word pieces, unit length, shape ``(n, dimension)``.
    :param packed: the word pieces of the points, as a store keeps them.
    :return: the best cosine of each point to each word piece of the question, estimated from signs,
        shape ``(points, n)``; and how many word pieces of its own each point has.
    """
    dimension = query.shape[1]
    bits, own, above = unpack_pieces(packed, dimension)
    # The signs of a state at unit length, over the square root of the dimension, have a cosine of
    # the square root of 2/pi to it; the estimate is unbiased by dividing by that.
    scaled = query.T / np.float32(np.sqrt(dimension) * np.sqrt(2 / np.pi))
    best = np.concatenate(
        [
            _similarities(bits[start : start + _PIECES_AT_ONCE], scaled)
            for start in range(0, len(bits), _PIECES_AT_ONCE)
        ]
        or [np.zeros((0, len(query)), np.float32)]
    )
    matched = np.zeros((len(packed), len(query)), np.float32)
    place = 0
    for i, (count, rest) in enumerate(zip(own, above, strict=True)):
        if count:
            matched[i] = best[place : place + count].max(axis=0)
        if rest:
            of_context = best[place + count : place + count + rest].max(axis=0)
            np.maximum(matched[i], _CONTEXT_WEIGHT * of_context, out=matched[i])
        place += count + rest
    return matched, own


def _similarities(bits: NDArray[np.uint8], scaled: Vectors) -> Vectors:
    """Return the inner products of signs and scaled states, shape ``(pieces, query pieces)``."""
    ones = np.unpackbits(bits, axis=1, count=scaled.shape[0]).astype(np.float32)
    # Each bit stands for -1 or 1: twice the product with the bits, less the sum of the state.
    return np.asarray(2 * (ones @ scaled) - scaled.sum(axis=0), np.float32)

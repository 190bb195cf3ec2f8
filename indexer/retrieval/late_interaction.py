"""Late interaction: compare each word of a question with each word of a point, sum the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.pieces import unpack_pieces

Vectors = NDArray[np.float32]
# A match in the context of a point counts nearly as much as one in its text
# (benchmarks/QUALITY.md).
_CONTEXT_WEIGHT = 0.9
# Unpack in blocks that fit into the cache of a core; all at once takes half as long again.
_PIECES_AT_ONCE = 1_024
# OpenBLAS computes products of fewer multiplications in the calling thread. For larger ones it
# wakes other threads, and waiting for them takes longer than the product (2 ms of work, 17 ms of
# time on a busy machine).
_MOST_ALONE = 1 << 18


def max_similarities(query: Vectors, packed: Sequence[bytes]) -> tuple[Vectors, list[int]]:
    """Return how well each point matches each word (MaxSim, Khattab & Zaharia 2020).

    :param query: states of the question's word pieces, unit length, shape ``(n, dimension)``.
    :param packed: the word pieces of the points, in the form that stores keep.
    :return: the best cosine of each point to each word piece of the question, estimated from signs,
        shape ``(points, n)``, and the number of each point's own word pieces.
    """
    bits, own, above = unpack_pieces(packed, query.shape[1])
    best = _similarities(bits, query)
    counts = np.array([own, above], np.int64).T.ravel()  # own, above, own, above, ...
    parts = _best_of_parts(best, counts).reshape(len(packed), 2, len(query))
    return np.maximum(parts[:, 0], _CONTEXT_WEIGHT * parts[:, 1]), own


def own_similarities(query: Vectors, packed: bytes) -> Vectors:
    """Return how well a point's own words, without its context, match each word.

    :param query: states of the question's word pieces, unit length, shape ``(n, dimension)``.
    :param packed: the word pieces of the point, in the form that stores keep.
    :return: the best cosine to each word piece of the question, shape ``(n,)``.
    """
    bits, (own,), _ = unpack_pieces([packed], query.shape[1])
    best = _similarities(bits[:own], query)
    found: Vectors = _best_of_parts(best, np.array([own], np.int64))[0]
    return found


def rate_parts(
    query: Vectors, weights: Vectors, packed: bytes, counts: Sequence[int]
) -> list[float]:
    """Return how well each part of a point matches a question, word by word.

    :param query: states of the question's word pieces, unit length, shape ``(n, dimension)``.
    :param weights: the weight of each, shape ``(n,)``.
    :param packed: the word pieces of the point, in the form that stores keep.
    :param counts: the number of word pieces of each part, in order.
    """
    bits, (own,), _ = unpack_pieces([packed], query.shape[1])
    best = _similarities(bits[:own], query)
    ends = np.minimum(np.cumsum(counts), own)
    sizes = np.diff(ends, prepend=0)
    rated: list[float] = (_best_of_parts(best, sizes) @ weights).tolist()
    return rated


def _best_of_parts(best: Vectors, sizes: NDArray[np.int64]) -> Vectors:
    """Return the maximum of each column over runs of rows; 0 for empty runs."""
    found = np.zeros((len(sizes), best.shape[1]), np.float32)
    filled = np.flatnonzero(sizes)
    if len(filled):
        starts = (np.cumsum(sizes) - sizes)[filled]
        found[filled] = np.maximum.reduceat(best[: sizes.sum()], starts, axis=0)
    return found


def _similarities(bits: NDArray[np.uint8], query: Vectors) -> Vectors:
    """Return cosines estimated from signs, shape ``(pieces, query pieces)``."""
    dimension = query.shape[1]
    # The signs of a unit state, divided by the square root of the dimension, have a cosine of
    # sqrt(2/pi) to it; dividing by that makes the estimate unbiased.
    scaled = query.T / np.float32(np.sqrt(dimension) * np.sqrt(2 / np.pi))
    shift = scaled.sum(axis=0)
    rows = max(1, min(_MOST_ALONE // max(1, scaled.size), len(bits)))  # per product
    found = np.empty((-(-len(bits) // rows), rows, len(query)), np.float32)
    blocks = min(len(found), max(1, _PIECES_AT_ONCE // rows))
    ones = np.zeros((blocks, rows, dimension), np.float32)
    for start in range(0, len(found), max(1, blocks)):
        part = bits[start * rows : (start + blocks) * rows]
        signs = np.unpackbits(part, axis=1, count=dimension)
        np.copyto(ones.reshape(-1, dimension)[: len(part)], signs, casting="unsafe")
        end = min(start + blocks, len(found))
        np.matmul(ones[: end - start], scaled, out=found[start:end])
    # Each bit means -1 or 1: the result is twice the product with the bits, minus the sum of the
    # state.
    found *= 2
    found -= shift
    return found.reshape(-1, len(query))[: len(bits)]

"""Points on a plane so that those which say similar things lie near each other.

Neighbours in the space of the vectors are found by clusters, drawn together and pushed apart from
others chosen at random, as in UMAP (McInnes, Healy & Melville, 2018). Numpy alone: openTSNE needs
200 MB of scipy and scikit-learn, umap-learn and PaCMAP need 60 MB of LLVM as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""Coordinates, float32, shape ``(n, 2)``."""

_NEIGHBOURS = 8
_DIMENSION = 48
_CLUSTER = 96
_CLUSTERINGS = 3
_PUSHES = 3
_MIN_STEPS, _MAX_STEPS = 16, 150
# Points times steps: what is left for each point shrinks with their number.
_WORK = 400_000
_WIDTH = 20.0
_STEP = 0.25
_MOST = 4.0


def near_neighbours_together(plane: Plane, vectors: NDArray[np.float32]) -> Plane:
    """Return points moved so that neighbours in the space of the vectors lie near each other.

    The same for the same input. Not scaled: the caller fits the result to its plane.

    :param plane: where to begin, within -1 and 1.
    :param vectors: float32, shape ``(n, dimension)``.
    """
    count = len(plane)
    if count < 3:
        return plane
    random = np.random.default_rng(0)
    pairs = _pairs(_reduced(vectors), random)
    made = (plane * (_WIDTH / 2)).astype(np.float32)
    steps = int(np.clip(_WORK / count, _MIN_STEPS, _MAX_STEPS))
    for step in range(steps):
        made += (1 - step / steps) * _STEP * _forces(made, pairs, random)
    return made


def _reduced(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors in the directions in which they differ most, of unit length."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    short = centred @ directions[:, -_DIMENSION:].astype(np.float32)
    lengths = np.linalg.norm(short, axis=1, keepdims=True)
    return np.asarray(short / np.maximum(lengths, 1e-9), np.float32)


def _pairs(vectors: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.int64]:
    """Return pairs of near points, int64, shape ``(2, m)``: most of the true neighbours.

    A point's neighbours are taken from its cluster, of several clusterings by random points: one
    at the edge of a cluster lies inside of another.
    """
    count = len(vectors)
    clusters = max(1, round(count / _CLUSTER))
    found: list[NDArray[np.int64]] = []
    for _ in range(_CLUSTERINGS if clusters > 1 else 1):
        centres = vectors[random.choice(count, clusters, replace=False)]
        place = (vectors @ centres.T).argmax(axis=1) if clusters > 1 else np.zeros(count, np.int64)
        order = np.argsort(place, kind="stable")
        cuts = np.searchsorted(place[order], np.arange(1, clusters))
        found += [_nearest(vectors, group) for group in np.split(order, cuts) if len(group) > 1]
    joined = np.unique(np.concatenate(found, axis=1), axis=1)
    return _best(vectors, joined)


def _nearest(vectors: NDArray[np.float32], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs of each point of a group with its nearest others in the group."""
    own = vectors[group]
    k = min(_NEIGHBOURS, len(group) - 1)
    pairs = []
    for start in range(0, len(group), 1_000):
        cosines = own[start : start + 1_000] @ own.T
        rows = np.arange(len(cosines))
        cosines[rows, rows + start] = -2
        near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        pairs.append(np.stack([np.repeat(group[rows + start], k), group[near].ravel()]))
    return np.concatenate(pairs, axis=1)


def _best(vectors: NDArray[np.float32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each point the pairs with its nearest others alone."""
    first, second = pairs
    cosines = np.einsum("ij,ij->i", vectors[first], vectors[second])
    order = np.lexsort((second, -cosines, first))
    first, second = first[order], second[order]
    starts = np.searchsorted(first, first)  # where the pairs of the same point begin
    kept = np.arange(len(first)) - starts < _NEIGHBOURS
    return np.stack([first[kept], second[kept]])


def _forces(
    plane: Plane, pairs: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.float32]:
    """Return in which direction each point is drawn and pushed, shape ``(n, 2)``."""
    count, (first, second) = len(plane), pairs
    apart = plane[first] - plane[second]
    pull = _bounded(-2 / (1 + (apart**2).sum(axis=1)), apart)
    pushed = np.tile(first, _PUSHES)
    away = plane[pushed] - plane[random.integers(0, count, len(pushed))]
    square = (away**2).sum(axis=1)
    push = _bounded(2 / ((0.01 + square) * (1 + square)), away)
    forces = np.empty((count, 2), np.float32)
    for axis in (0, 1):
        forces[:, axis] = (
            np.bincount(first, pull[:, axis], count)
            - np.bincount(second, pull[:, axis], count)
            + np.bincount(pushed, push[:, axis], count)
        )
    return np.asarray(np.clip(forces, -8, 8), np.float32)


def _bounded(strength: NDArray[np.float32], apart: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.clip(strength[:, np.newaxis] * apart, -_MOST, _MOST), np.float32)

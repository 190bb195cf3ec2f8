"""The word pieces of a text as bits, one per dimension, for late interaction.

The vector of a text says what it is about; the states of its word pieces say what it says, word by
word (ColBERT, Khattab & Zaharia, SIGIR 2020). The store keeps only the signs of each state. Their
inner product with a question's full states orders points as the full states would, at a
thirty-second of the size (RaBitQ, Gao & Long, SIGMOD 2024; measured in benchmarks/QUALITY.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
_COUNT_BYTES = 2
_MAX_OWN = 1_024
# The last word pieces of a point's context are its parents and headings, the nearest last.
_MAX_CONTEXT = 32


def pack_pieces(own: NDArray[np.float32], context: NDArray[np.float32]) -> bytes:
    """Return the word pieces of a point in the form that stores keep.

    :param own: the states of the point's own word pieces, shape ``(n, dimension)``.
    :param context: the states of its context's word pieces, shape ``(m, dimension)``.
    :return: the number of own word pieces, then the signs of all, ``dimension / 8`` bytes each.
    """
    own, context = own[:_MAX_OWN], context[-_MAX_CONTEXT:]
    signs = np.packbits(np.concatenate([own, context]) > 0, axis=1)
    return len(own).to_bytes(_COUNT_BYTES, "little") + signs.tobytes()


def unpack_pieces(packed: Sequence[bytes], dimension: int) -> tuple[Bits, list[int], list[int]]:
    """Return the word pieces of points, in the order of the points.

    :param packed: as ``pack_pieces`` returns them.
    :param dimension: numbers in a state.
    :return: the signs, shape ``(all pieces, dimension / 8)``; how many own pieces each point has,
        and how many pieces of context follow them.
    """
    width = -(-dimension // 8)
    own = [int.from_bytes(one[:_COUNT_BYTES], "little") for one in packed]
    above = [len(one[_COUNT_BYTES:]) // width - n for one, n in zip(packed, own, strict=True)]
    joined = b"".join(one[_COUNT_BYTES:] for one in packed)
    return np.frombuffer(joined, np.uint8).reshape(-1, width), own, above


def limit_pieces(packed: bytes, most: int | None, dimension: int) -> bytes:
    """Return the word pieces of a point with at most ``most`` of them, its own first.

    :param packed: as ``pack_pieces`` returns them.
    :param most: None for all.
    :param dimension: numbers in a state.
    """
    width = -(-dimension // 8)
    if most is None or len(packed) <= _COUNT_BYTES + most * width:
        return packed
    own = min(most, int.from_bytes(packed[:_COUNT_BYTES], "little"))
    above = (most - own) * width  # the nearest are the last
    nearest = packed[len(packed) - above :]
    return own.to_bytes(_COUNT_BYTES, "little") + packed[_COUNT_BYTES:][: own * width] + nearest

"""Measure chance: how near an index is to questions that are unrelated to it.

With more points, and more points about daily life, the nearest point to any question is nearer.
Only a higher cosine is evidence of an answer (benchmarks/QUALITY.md). This module measures the null
distribution of the highest cosine on the index itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from indexer.encoding.encoder import Encoder, quiet_products
from indexer.records import NoteFilter
from indexer.store.protocol import View

# Each question is from another field, so notes of one field answer few of them. Forty questions
# changed the mean by at most .007 on four collections of notes.
EVERYDAY_QUESTIONS = (
    "how long should a turkey roast in the oven?",
    "which bus goes to the airport?",
    "who won the world cup in 1998?",
    "how do I unclog a kitchen sink?",
    "what is the capital of Mongolia?",
    "when do the tomatoes need pruning?",
    "how much does a dentist charge for a filling?",
    "why do cats purr?",
    "what size of bicycle tyre do I need?",
    "how is cheese made?",
    "who painted the ceiling of the chapel?",
    "what is the boiling point of ethanol?",
    "how do I tie a bow tie?",
    "where can I renew my passport?",
    "which trees keep their leaves in winter?",
    "how do tides work?",
    "what should I pack for a ski trip?",
    "how old is the universe?",
    "when was the printing press invented?",
    "how do I change a flat tyre?",
    "what do hedgehogs eat?",
    "which vaccine is given at six months?",
    "how do I get wine out of a carpet?",
    "why is the sky blue?",
)


_DIGEST_BYTES = 16
# With more new points than this, the nearest are searched among all points.
_MOST_NEW = 2_000


class Chance(NamedTuple):
    """How near an index is to each of the everyday questions.

    ``vectors`` are those of the questions, float16, shape ``(n, dimension)``. ``points`` are the
    ids of the nearest points (0 for no point) and ``cosines`` their cosines, shape ``(n,)``.
    ``last`` is the highest point id at that time.
    """

    vectors: NDArray[np.float16]
    points: NDArray[np.int64]
    cosines: NDArray[np.float32]
    last: int

    @property
    def mean(self) -> float:
        """The mean of the highest cosines; 0 for an empty index."""
        return float(self.cosines.mean())

    def pack(self, encoder: Encoder) -> bytes:
        """Return the bytes that ``unpack`` reads.

        :param encoder: the encoder of the vectors.
        """
        parts = self.points, np.array([self.last]), self.cosines, self.vectors
        packed = b"".join(part.tobytes() for part in parts)
        return packed + _seal(packed, encoder)

    @classmethod
    def unpack(cls, packed: bytes, encoder: Encoder) -> Self | None:
        """Return the packed measurement, None if it is damaged or of other questions or vectors.

        :param packed: from ``pack``.
        :param encoder: the encoder of the questions.
        """
        content, seal = packed[:-_DIGEST_BYTES], packed[-_DIGEST_BYTES:]
        if _seal(content, encoder) != seal:
            return None
        count = len(EVERYDAY_QUESTIONS)
        points = np.frombuffer(content, np.int64, count + 1)
        cosines = np.frombuffer(content, np.float32, count, points.nbytes)
        vectors = np.frombuffer(content, np.float16, offset=points.nbytes + cosines.nbytes)
        return cls(vectors.reshape(count, -1), points[:-1], cosines, int(points[-1]))


@quiet_products
def measure_chance(
    view: View,
    encoder: Encoder,
    before: Chance | None = None,
    questions: Sequence[str] = EVERYDAY_QUESTIONS,
) -> Chance:
    """Return how near an index is to the everyday questions.

    :param view: of the index.
    :param encoder: the encoder of the index.
    :param before: a measurement of an earlier generation. Then only new points are compared, and
        the nearest point is searched again only if it was removed.
    :param questions: unrelated to the notes; by default the English ones.
    """
    newest = view.newest(_MOST_NEW + 1)
    last = newest[0] if newest else 0
    if before is None:
        asked = [encoder.encode_query(question).vector for question in questions]
        # Compare the stored precision, so the result does not depend on the generation that saved
        # it.
        return _nearest_to(view, np.stack(asked).astype(np.float16), last)
    new = [point_id for point_id in newest if point_id > before.last]
    if len(new) > _MOST_NEW:
        return _nearest_to(view, before.vectors, last)
    points, cosines = before.points.copy(), before.cosines.copy()
    if new:
        found = before.vectors.astype(np.float32) @ view.vectors(new).T
        best, highest = found.argmax(axis=1), found.max(axis=1)
        nearer = highest > cosines
        points[nearer], cosines[nearer] = np.array(new)[best[nearer]], highest[nearer]
    standing = view.read_points(set(points.tolist()), links=False)
    for i, point_id in enumerate(points.tolist()):
        if point_id not in standing:
            points[i], cosines[i] = _nearest(view, before.vectors[i])
    return Chance(before.vectors, points, cosines, last)


def _nearest_to(view: View, vectors: NDArray[np.float16], last: int) -> Chance:
    nearest = [_nearest(view, vector) for vector in vectors]
    points = np.array([point_id for point_id, _ in nearest], np.int64)
    return Chance(vectors, points, np.array([cosine for _, cosine in nearest], np.float32), last)


def _nearest(view: View, vector: NDArray[np.float16]) -> tuple[int, float]:
    return next(iter(view.dense(vector.astype(np.float32), 1, NoteFilter())), (0, 0.0))


def _seal(content: bytes, encoder: Encoder) -> bytes:
    """Return the digest that binds a measurement to its questions and encoder."""
    digest = hashlib.blake2b(content, digest_size=_DIGEST_BYTES)
    digest.update("\n".join((encoder.fingerprint, *EVERYDAY_QUESTIONS)).encode())
    return digest.digest()

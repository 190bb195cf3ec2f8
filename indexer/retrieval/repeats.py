"""Lines that many notes repeat, as a journal does: they say less than one that stands alone."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Mapping

from indexer.store.records import StoredPoint

# From this number of notes on a line is one of a habit ("worked on the migration").
_MANY = 4
# What such a line costs by the logarithm of their number: 45 of them lose a tenth of a clear lead.
_COST = 0.05
# Of equal lines the best stay where they are, the others follow everything else.
_SHOWN = 3
_STEP = 1e-3


def lower_repeats(
    scores: Mapping[int, float], points: Mapping[int, StoredPoint]
) -> dict[int, float]:
    """Return scores with lines that many notes repeat below others, and most of them at the end.

    :param scores: point id to score.
    :param points: the records of all of them.
    """
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for i in scores:
        alike[_folded(points[i].point.text)].append(i)
    placed = dict(scores)
    if len(alike) > len(placed) - _MANY + 1:  # no line is repeated often enough
        return placed
    last = min(scores.values(), default=0.0)
    for ids in alike.values():
        notes = {points[i].note.note_id for i in ids}
        if len(notes) < _MANY:
            continue
        cost = _COST * math.log(len(notes))
        ids.sort(key=lambda i: (-scores[i], points[i].note.note_id, points[i].ordinal))
        for place, i in enumerate(ids):
            shown = place < _SHOWN
            placed[i] = scores[i] - cost if shown else min(scores[i] - cost, last - _STEP * place)
    return placed


@functools.lru_cache(maxsize=4_096)  # questions share points
def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def count_repeats(points: Mapping[int, StoredPoint]) -> int:
    """Return how many points say what another one says in the same words."""
    return len(points) - len({stored.point.text for stored in points.values()})

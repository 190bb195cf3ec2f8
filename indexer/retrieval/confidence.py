"""Is this answered at all? The probability that the notes hold an answer to a question."""

from __future__ import annotations

import math
from collections.abc import Sequence

from indexer.retrieval.ranking import Evidence

# Logistic regression over the public questions; see benchmarks/QUALITY.md for how it was fitted and
# judged.
_INTERCEPT = -4.2
_COSINE = 8.0
_WORDS = 2.0
# Above it lie nine tenths of the questions that have an answer.
ANSWERED_ABOVE = 0.5


def confidence(candidates: Sequence[Evidence]) -> float:
    """Return the probability, 0 to 1, that the notes answer the question.

    :param candidates: what the legs say of each.
    """
    cosine = max((one.cosine for one in candidates), default=0.0)
    words = max((one.words for one in candidates), default=0.0)
    score = _INTERCEPT + _COSINE * cosine + _WORDS * words
    return 1.0 / (1.0 + math.exp(-score))

"""Is this answered at all? The probability that the notes hold an answer to a question."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Logistic regression over the public questions; see benchmarks/QUALITY.md for how it was fitted and
# judged.
_INTERCEPT = -4.2
_COSINE = 8.0
_LEXICAL = 2.0
# Above it lie nine tenths of the questions that have an answer.
ANSWERED_ABOVE = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a ranking: the cosine and the saturated BM25 of its best points."""

    cosine: float
    lexical: float


def confidence(evidence: Evidence) -> float:
    """Return the probability, 0 to 1, that the notes answer the question."""
    score = _INTERCEPT + _COSINE * evidence.cosine + _LEXICAL * evidence.lexical
    return 1.0 / (1.0 + math.exp(-score))

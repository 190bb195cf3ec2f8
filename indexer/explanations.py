"""Records that explain an answer, for users who report a wrong one (``query --explain``)."""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """Why a hit has its rank.

    ``retrievers`` holds (name, figure, rank among all candidates) for each retriever in use,
    ``joined`` what each of them adds to the first step, ``steps`` the change of the score by each
    rule that applied, in order: their sum is the score. ``words`` holds the words of the question
    with how well the hit matches each, -1 to 1.
    """

    candidates: int
    retrievers: tuple[tuple[str, float, int], ...]
    steps: tuple[tuple[str, float], ...]
    words: tuple[tuple[str, float], ...]
    joined: tuple[tuple[str, float], ...] = ()


class AnswerExplanation(NamedTuple):
    """Why an answer has its verdict, and its first unit its size.

    ``signs`` holds (name, figure, effect) for each sign of the confidence: the logistic function of
    the sum of the effects is the probability before ``rules``. These are (rule, probability after
    it), in order; the last one is the confidence. ``size`` says what decided the size of the first
    unit. ``question`` is the text that was encoded, ``by_words`` is True if words alone decided.
    ``filters`` are the filters in use, as (kind, value).
    """

    signs: tuple[tuple[str, float, float], ...]
    rules: tuple[tuple[str, float], ...]
    maybe_above: float
    sure_above: float
    size: str
    question: str
    by_words: bool = False
    filters: tuple[tuple[str, str], ...] = ()

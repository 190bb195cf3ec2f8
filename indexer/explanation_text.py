"""Explain an answer and its hits, as JSON and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from indexer.explanations import AnswerExplanation, Explanation
from indexer.records import Answer


def explanation_json(why: Explanation) -> dict[str, Any]:
    """Return the explanation of a hit in the shape of ``docs/schemas/query.schema.json``."""
    return {
        "candidates": why.candidates,
        "retrievers": [
            {"name": name, "value": round(value, 4), "rank": rank}
            for name, value, rank in why.retrievers
        ],
        "joined": [{"name": name, "adds": round(share, 6)} for name, share in why.joined],
        "steps": [{"name": name, "change": round(change, 6)} for name, change in why.steps],
        "words": [{"word": word, "match": round(match, 4)} for word, match in why.words],
    }


def explanation_lines(why: Explanation) -> list[str]:
    """Return the explanation of a hit as lines: the retrievers, the rules, the words."""
    found = ", ".join(
        f"{name} {value:.2f} (rank {rank} of {why.candidates})"
        for name, value, rank in why.retrievers
    )
    rules = ", ".join(f"{name} {change:+.3f}" for name, change in why.steps)
    words = ", ".join(f"{word} {match:.2f}" for word, match in why.words)
    joined = ", ".join(f"{name} {share:+.3f}" for name, share in why.joined)
    score = sum(change for _, change in why.steps)
    return [
        f"why: {found}",
        f"score {score:.3f}: {rules}",
        *([f"evidence: {joined}"] if joined else []),
        *([f"words: {words}"] if words else []),
    ]


def verdict_json(why: AnswerExplanation) -> dict[str, Any]:
    """Return why an answer has its verdict, in the shape of ``docs/schemas/query.schema.json``."""
    return {
        "signs": [
            {"name": name, "value": round(value, 4), "effect": round(effect, 6)}
            for name, value, effect in why.signs
        ],
        "rules": [
            {"name": name, "confidence": round(confidence, 6)} for name, confidence in why.rules
        ],
        "maybe_above": why.maybe_above,
        "sure_above": why.sure_above,
        "size": why.size,
        "question": why.question,
        "by_words": why.by_words,
        "filters": [{"field": field, "value": value} for field, value in why.filters],
    }


def verdict_lines(answer: Answer, why: AnswerExplanation) -> list[str]:
    """Return why an answer has its verdict, as lines.

    :param answer: the answer.
    :param why: its explanation.
    """
    limits = f"answered from {why.sure_above:.2f}, maybe from {why.maybe_above:.2f}"
    lines = [f"verdict: {answer.verdict.value}, confidence {answer.confidence:.2f} ({limits})"]
    if why.question != " ".join(answer.question.split()):
        lines.append(f"read as: {why.question}")
    if why.by_words:
        lines.append("words alone decide: the mode says so, or the model does not know the words")
    if why.filters:
        lines.append(f"filters: {_listed(why.filters)}")
    signs = ", ".join(f"{name} {value:.2f} ({effect:+.2f})" for name, value, effect in why.signs)
    if signs:
        whole = sum(effect for _, _, effect in why.signs)
        lines.append(f"signs (log odds): {signs}; sum {whole:+.2f}")
    lines += [f"then: {rule}: {confidence:.2f}" for rule, confidence in why.rules]
    lines.append(f"size of the first answer: {why.size}")
    return lines


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs)

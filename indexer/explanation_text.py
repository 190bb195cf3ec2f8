"""Explain the rank of a hit, as JSON and as lines for a terminal."""

from __future__ import annotations

from typing import Any

from indexer.records import Explanation


def explanation_json(why: Explanation) -> dict[str, Any]:
    """Return an explanation in the shape of ``docs/schemas/query.schema.json``."""
    return {
        "candidates": why.candidates,
        "retrievers": [
            {"name": name, "value": round(value, 4), "rank": rank}
            for name, value, rank in why.retrievers
        ],
        "steps": [{"name": name, "change": round(change, 4)} for name, change in why.steps],
        "words": [{"word": word, "match": round(match, 4)} for word, match in why.words],
    }


def explanation_lines(why: Explanation) -> list[str]:
    """Return an explanation as lines: the retrievers, the rules, the words of the question."""
    found = ", ".join(
        f"{name} {value:.2f} (rank {rank} of {why.candidates})"
        for name, value, rank in why.retrievers
    )
    rules = ", ".join(f"{name} {change:+.3f}" for name, change in why.steps)
    words = ", ".join(f"{word} {match:.2f}" for word, match in why.words)
    return [f"why: {found}", f"score: {rules}", *([f"words: {words}"] if words else [])]

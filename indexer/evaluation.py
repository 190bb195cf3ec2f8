"""Judged questions to figures: hit@k, MRR and how well confidence tells the answerable apart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.errors import QueryError
from indexer.records import Answer

_DEPTH = 10


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """Lines of a note that answer a question."""

    note_id: str
    line_start: int
    line_end: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question and every place that answers it; none where the notes hold no answer."""

    question_id: str
    text: str
    kind: str
    answers: tuple[AnswerPlace, ...]
    min_shared_words: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a group of questions is answered; each figure 0 to 1."""

    count: int
    hit_at_1: float
    hit_at_3: float
    hit_at_5: float
    mrr_at_10: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures by group, and of confidence: its AUROC, the answerable kept, the others rejected."""

    groups: dict[str, Figures]
    auroc: float | None
    kept: float | None
    rejected: float | None


def read_questions(path: Path, vault: str = "") -> list[Question]:
    """Read judged questions.

    :param path: JSON lines: ``{"id", "question", "kind", "answers": [{"file", "line_start",
        "line_end"}]}``; those with ``"dropped": true`` are left out.
    :param vault: name of the notes folder; where some questions name it as their ``"vault"``, those
        of other vaults are left out.
    :raises QueryError: naming the line that cannot be read.
    """
    rows = [(number, row) for number, row in read_json_lines(path) if not row.get("dropped")]
    if any(row.get("vault") == vault for _, row in rows):
        rows = [(number, row) for number, row in rows if row.get("vault") == vault]
    questions = []
    for number, row in rows:
        try:
            places = tuple(
                AnswerPlace(a["file"], a["line_start"], a["line_end"]) for a in row["answers"]
            )
            shared = row.get("min_shared_words")
            questions.append(
                Question(str(row["id"]), row["question"], row.get("kind", ""), places, shared)
            )
        except (KeyError, TypeError) as exc:
            raise QueryError(
                f"{path}:{number}: a question lacks {exc}", "each needs id, question and answers"
            ) from exc
    if not questions:
        raise QueryError(f"there are no questions in {path}", "write one JSON object a line")
    return questions


def read_json_lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the objects of a JSON-lines file with their line numbers.

    :param path: the file, in UTF-8.
    :raises QueryError: if the file cannot be read, or a line is no JSON object.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise QueryError(
            f"the file {path} cannot be read: {exc}", "give a file of JSON lines in UTF-8"
        ) from exc
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as exc:
            raise QueryError(
                f"{path}:{number}: no JSON: {exc}", "write one JSON object a line"
            ) from exc
        if not isinstance(row, dict):
            raise QueryError(f"{path}:{number}: no JSON object", "write one JSON object a line")
        rows.append((number, row))
    return rows


def evaluate(questions: Sequence[Question], ask: Callable[[str], Answer]) -> Evaluation:
    """Ask every question and judge the answers.

    :param questions: with their answers.
    :param ask: question to answer, at least ten hits deep.
    """
    ranks: dict[str, list[int]] = defaultdict(list)
    answerable: list[Answer] = []
    others: list[Answer] = []
    for question in questions:
        answer = ask(question.text)
        if not question.answers:
            others.append(answer)
            continue
        answerable.append(answer)
        rank = first_rank(question, answer)
        for group in _groups(question):
            ranks[group].append(rank)
    return Evaluation(
        {group: _figures(found) for group, found in ranks.items()},
        auroc([a.confidence for a in answerable], [a.confidence for a in others]),
        _mean([answer.answered for answer in answerable]),
        _mean([not answer.answered for answer in others]),
    )


def first_rank(question: Question, answer: Answer) -> int:
    """Return the rank of the first hit that overlaps an answer, 0 for none of the first ten."""
    for hit in answer.hits[:_DEPTH]:
        for place in question.answers:
            overlaps = hit.line_start <= place.line_end and hit.line_end >= place.line_start
            if hit.note_id == place.note_id and overlaps:
                return hit.rank
    return 0


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Return the chance that a positive is above a negative (Hanley & McNeil, Radiology 1982)."""
    if not positive or not negative:
        return None
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


def _groups(question: Question) -> list[str]:
    groups = ["all", question.kind] if question.kind else ["all"]
    return [*groups, "no shared word"] if question.min_shared_words == 0 else groups


def _figures(ranks: Sequence[int]) -> Figures:
    def share(limit: int) -> float:
        return sum(0 < rank <= limit for rank in ranks) / len(ranks)

    mrr = sum(1 / rank for rank in ranks if rank) / len(ranks)
    return Figures(len(ranks), share(1), share(3), share(5), mrr)


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None

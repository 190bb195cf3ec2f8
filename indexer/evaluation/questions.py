"""Compute figures from judged questions: hit@k, MRR, and how well confidence works."""

from __future__ import annotations

import codecs
import json
import os
import stat
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

from indexer.errors import QueryError
from indexer.evaluation.sizes import (
    AnswerPlace,
    Fit,
    LinesOf,
    Sizes,
    fit_of,
    median_cards,
    sizes_of,
)
from indexer.extras import require
from indexer.records import Answer, Mode
from indexer.retrieval.ranking import Weights

_STDIN = Path("-")
_DEPTH = 10
_MAX_STREAM_BYTES = 64 << 20  # of a pipe or device, which may have no end
_Value = TypeVar("_Value")


class Question(NamedTuple):
    """A question and every place that answers it; no place if the notes contain no answer.

    ``whole`` says that all places together are the answer, False that each is one by itself, None
    that the size of the answer is not judged. Lines in ``neutral`` may be shown and need not.
    """

    question_id: str
    text: str
    kind: str
    answers: tuple[AnswerPlace, ...]
    min_shared_words: int | None
    whole: bool | None = None
    neutral: tuple[AnswerPlace, ...] = ()


class Figures(NamedTuple):
    """How well a group of questions is answered; each figure is from 0 to 1."""

    questions: int
    hit_at_1: float
    hit_at_3: float
    hit_at_5: float
    mrr_at_10: float


class Evaluation(NamedTuple):
    """Figures by group; for confidence its AUROC, answerable kept, unanswerable rejected.

    ``whole`` and ``points`` say how well units fit the questions for a whole, and the others;
    ``cards`` is the median number shown for one of the others. None where sizes are not judged.
    """

    groups: dict[str, Figures]
    auroc: float | None
    kept: float | None
    rejected: float | None
    whole: Sizes | None = None
    points: Sizes | None = None
    cards: float | None = None


class Judged(NamedTuple):
    """A question with the rank of its first right hit (0: none) and the answer's confidence.

    ``fit`` says how well the units fit, None where that is not judged.
    """

    question: Question
    rank: int
    confidence: float
    answered: bool
    fit: Fit | None = None


class Comparison(NamedTuple):
    """A second setting compared with a first: mean difference, p-value, ids of wins and losses."""

    difference: float
    p_value: float
    better: tuple[str, ...]
    worse: tuple[str, ...]


def read_questions(path: Path, vault: str = "") -> list[Question]:
    """Read judged questions.

    :param path: JSON lines: ``{"id", "question", "kind", "answers": [{"file", "line_start",
        "line_end"}]}``; lines with ``"dropped": true`` are left out.
    :param vault: name of the notes folder; if some questions name it as their ``"vault"``,
        questions of other vaults are left out.
    :raises QueryError: if a line cannot be read; the message names it.
    """
    rows = [(number, row) for number, row in read_json_lines(path) if not row.get("dropped")]
    if any(row.get("vault") == vault for _, row in rows):
        rows = [(number, row) for number, row in rows if row.get("vault") == vault]
    questions = []
    for number, row in rows:
        try:
            questions.append(_question(row))
        except (KeyError, TypeError) as exc:
            raise QueryError(
                f"{place_of(path, number)}: a question lacks {exc}",
                "each needs id, question and answers",
            ) from exc
    if not questions:
        raise QueryError(f"there are no questions in {path}", "write one JSON object per line")
    return questions


def _question(row: dict[str, Any]) -> Question:
    whole, shared = row.get("whole"), row.get("min_shared_words")
    return Question(
        question_id=str(row["id"]),
        text=typed_value(row, "question", str),
        kind=str(row.get("kind") or ""),
        answers=_places(typed_value(row, "answers", list)),
        min_shared_words=None if shared is None else typed_value(row, "min_shared_words", int),
        whole=None if whole is None else bool(whole),
        neutral=_places(row.get("neutral") or ()),
    )


def typed_value(row: dict[str, Any], key: str, kind: type[_Value]) -> _Value:
    """Return a value of a line of JSON.

    :param row: the line.
    :param key: which value.
    :param kind: the type it must have.
    :raises KeyError: if it is missing.
    :raises TypeError: if it has another type.
    """
    value = row[key]
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} as {key!r}")
    return value


def _places(rows: Sequence[dict[str, Any]]) -> tuple[AnswerPlace, ...]:
    return tuple(
        AnswerPlace(
            typed_value(one, "file", str),
            typed_value(one, "line_start", int),
            typed_value(one, "line_end", int),
        )
        for one in rows
    )


def read_json_lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the objects of a JSON-lines file with their line numbers.

    :param path: the file, in UTF-8.
    :raises QueryError: if the file cannot be read, or a line is not a JSON object.
    """
    return [(n, read_json_object(line, place_of(path, n))) for n, line in lines_of(path)]


def place_of(path: Path, number: int) -> str:
    """Return a line of a file, or of standard input, for messages.

    :param path: as for ``lines_of``.
    :param number: 1-based.
    """
    return f"line {number} of standard input" if path == _STDIN else f"{path}:{number}"


def lines_of(path: Path) -> list[tuple[int, str]]:
    """Return the non-blank lines of a file with their numbers.

    :param path: the file, in UTF-8, or ``-`` for standard input; lines end with a line feed. Bytes
        that are not UTF-8 become lone surrogates.
    :raises QueryError: if the file cannot be read, is UTF-16, or is a device without an end.
    """
    hint = "give a file of JSON lines in UTF-8"
    try:
        with _open(path) as file:
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read() if is_file else file.read(_MAX_STREAM_BYTES + 1)
    except (OSError, ValueError) as exc:
        raise QueryError(f"the file {path} cannot be read: {exc}", hint) from exc
    if not is_file and len(content) > _MAX_STREAM_BYTES:
        raise QueryError(f"{path} gives more than {_MAX_STREAM_BYTES >> 20} MB", hint)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise QueryError(f"the file {path} cannot be read: it is UTF-16", hint)
    lines = content.decode("utf-8-sig", "surrogateescape").split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _open(path: Path) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if path == _STDIN else path.open("rb")


def read_json_object(line: str, place: str) -> dict[str, Any]:
    """Return the object of a line of JSON.

    :param line: the line.
    :param place: the file and the line's number, for messages.
    :raises QueryError: if it is not an object, is not UTF-8, or is nested too deeply.
    """
    try:
        line.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise QueryError(f"{place}: not UTF-8", "save the file as UTF-8") from exc
    try:
        row = json.loads(line)
    except RecursionError as exc:
        raise QueryError(f"{place}: nested too deeply", "write one JSON object per line") from exc
    except ValueError as exc:
        raise QueryError(f"{place}: not JSON: {exc}", "write one JSON object per line") from exc
    if not isinstance(row, dict):
        raise QueryError(f"{place}: not a JSON object", "write one JSON object per line")
    return row


def judge(
    questions: Sequence[Question],
    ask: Callable[[str], Answer],
    lines_of: LinesOf | None = None,
) -> list[Judged]:
    """Ask every question and judge each answer.

    :param questions: with their answers.
    :param ask: returns the answer to a question, with at least ten hits.
    :param lines_of: the lines of a note that count, to judge sizes; None judges ranks alone.
    """
    judged = []
    for question in questions:
        answer = ask(question.text)
        rank = first_rank(question, answer)
        fit = None
        if lines_of is not None and question.whole is not None and question.answers:
            fit = fit_of(
                answer,
                question.answers,
                lines_of,
                whole=question.whole,
                neutral=question.neutral,
            )
        judged.append(Judged(question, rank, answer.confidence, answer.answered, fit))
    return judged


def summarise(judged: Sequence[Judged]) -> Evaluation:
    """Return the figures of judged answers."""
    ranks: dict[str, list[int]] = defaultdict(list)
    for one in judged:
        for group in _groups(one.question) if one.question.answers else ():
            ranks[group].append(one.rank)
    answerable = [one for one in judged if one.question.answers]
    others = [one for one in judged if not one.question.answers]
    wholes = [one.fit for one in judged if one.fit and one.question.whole]
    points = [one.fit for one in judged if one.fit and not one.question.whole]
    return Evaluation(
        {group: _figures(found) for group, found in ranks.items()},
        auroc([one.confidence for one in answerable], [one.confidence for one in others]),
        _mean([one.answered for one in answerable]),
        _mean([not one.answered for one in others]),
        whole=sizes_of(wholes),
        points=sizes_of(points),
        cards=median_cards(points),
    )


def compare(first: Mapping[str, float], second: Mapping[str, float]) -> Comparison:
    """Compare two settings question by question.

    :param first: question id to figure, higher is better.
    :param second: the same for the other setting.
    :raises MissingPackages: if scipy is not installed.
    :return: wins, losses and the p-value of the paired t-test (Student 1908), which is valid for
        means of rank measures (Urbano et al., SIGIR 2019).
    """
    require("eval", "the comparison of two settings", "scipy")
    from scipy.stats import ttest_rel

    better = tuple(name for name in first if second[name] > first[name])
    worse = tuple(name for name in first if second[name] < first[name])
    if not better and not worse:
        return Comparison(0.0, 1.0, (), ())
    names = list(first)
    pairs = [first[name] for name in names], [second[name] for name in names]
    difference = (sum(pairs[1]) - sum(pairs[0])) / len(names)
    chance = float(ttest_rel(pairs[1], pairs[0]).pvalue) if len(names) > 1 else 1.0
    return Comparison(difference, chance, better, worse)


def reciprocal_ranks(judged: Sequence[Judged]) -> dict[str, float]:
    """Return question id to reciprocal rank, for questions that have an answer."""
    return {
        one.question.question_id: 1 / one.rank if one.rank else 0.0
        for one in judged
        if one.question.answers
    }


def read_settings(text: str) -> tuple[Mode, Weights]:
    """Read the setting to compare with: ``mode=dense`` or weights of the ranking.

    :param text: name=value pairs separated by commas, such as ``words=0,pieces=0``.
    :raises QueryError: if a name or value is unknown.
    """
    mode, weights = Mode.HYBRID, Weights()
    names = ["mode", *Weights._fields]
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            if name.strip() == "mode":
                mode = Mode(value.strip())
            else:
                weights = weights._replace(**{name.strip(): float(value)})
        except (TypeError, ValueError) as exc:
            raise QueryError(
                f"not a setting: {part!r}", f"give name=value; names are {', '.join(names)}"
            ) from exc
    return mode, weights


def first_rank(question: Question, answer: Answer) -> int:
    """Return the rank of the first of ten hits that overlaps an answer, 0 if there is none."""
    for hit in answer.hits[:_DEPTH]:
        for place in question.answers:
            overlaps = hit.line_start <= place.line_end and hit.line_end >= place.line_start
            if hit.note_id == place.note_id and overlaps:
                return hit.rank
    return 0


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Return how often a positive is above a negative (Hanley & McNeil, Radiology 1982)."""
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

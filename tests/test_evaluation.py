"""Figures against values worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.errors import QueryError
from indexer.evaluation.questions import (
    auroc,
    compare,
    judge,
    read_questions,
    read_settings,
    reciprocal_ranks,
    summarise,
)
from indexer.records import Mode


def write_questions(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def question(
    number: int, text: str, *places: tuple[str, int, int], **more: object
) -> dict[str, object]:
    answers = [{"file": f, "line_start": a, "line_end": b} for f, a, b in places]
    return {"id": f"q{number}", "question": text, "kind": "keyword", "answers": answers, **more}


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [
        ([0.9, 0.8], [0.1], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5], [0.5], 0.5),
        ([0.9, 0.4], [0.5, 0.1], 0.75),
        ([], [0.1], None),
    ],
)
def test_auroc(positive: list[float], negative: list[float], expected: float | None) -> None:
    assert auroc(positive, negative) == expected


@pytest.mark.parametrize(
    ("vault", "kept"), [("mine", ["q1"]), ("other", ["q2"]), ("third", ["q1", "q2", "q3"])]
)
def test_questions_of_the_vault_are_asked_where_some_name_it(
    tmp_path: Path, vault: str, kept: list[str]
) -> None:
    path = write_questions(
        tmp_path / "q.jsonl",
        question(1, "a", vault="mine"),
        question(2, "b", vault="other"),
        question(3, "c"),
    )
    assert [q.question_id for q in read_questions(path, vault)] == kept


def test_figures_are_those_worked_by_hand(
    tmp_path: Path, write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(write_notes({"a.md": "- apple pie\n- pear pie\n- plum jam\n"}))
    notebook.build()
    path = write_questions(
        tmp_path / "q.jsonl",
        question(1, "apple pie", ("a.md", 1, 1)),  # rank 1
        question(2, "apple pie", ("a.md", 2, 2)),  # rank 2
        question(3, "plum jam", ("b.md", 3, 3)),  # another note: never
        question(4, "zebra crossing"),
        question(5, "left out", dropped=True),
    )
    judged = judge(read_questions(path), notebook.search)
    found = summarise(judged)
    figures = found.groups["all"]
    assert (figures.questions, figures.hit_at_1, figures.hit_at_3) == (3, 1 / 3, 2 / 3)
    assert figures.mrr_at_10 == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert found.auroc == 1.0
    assert "no shared word" not in found.groups
    assert reciprocal_ranks(judged) == {"q1": 1.0, "q2": 0.5, "q3": 0.0}


def test_comparison_counts_wins_and_losses() -> None:
    found = compare({"a": 0.0, "b": 1.0, "c": 0.5}, {"a": 1.0, "b": 0.5, "c": 0.5})
    assert (found.better, found.worse) == (("a",), ("b",))
    assert found.difference == pytest.approx(0.5 / 3)
    assert found.p_value == pytest.approx(0.7418, abs=1e-4)  # t = 0.378 of 2 degrees of freedom
    same = compare({"a": 0.5}, {"a": 0.5})
    assert (same.difference, same.p_value, same.better) == (0.0, 1.0, ())


def test_settings_are_read() -> None:
    mode, weights = read_settings("mode=dense,words=0")
    assert (mode, weights.words) == (Mode.DENSE, 0.0)
    assert read_settings("")[0] is Mode.HYBRID
    for wrong in ("mode=none", "colour=1", "words=many"):
        with pytest.raises(QueryError, match="not a setting"):
            read_settings(wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no questions"),
        ("{", "1: not JSON"),
        ("\n[1]\n", "2: not a JSON object"),
        ('{"id": 1, "question": "x"}', "1: a question lacks 'answers'"),
    ],
)
def test_wrong_file_names_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(text)
    with pytest.raises(QueryError, match=message):
        read_questions(path)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="cannot be read"):
        read_questions(tmp_path / "none.jsonl")

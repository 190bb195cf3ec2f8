"""The language of a text, and the advice for notes and questions that are not English."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT, OpenNotebook, WriteNotes
from fakes import FakeEncoder

from indexer.config import DEFAULT_MODEL, MULTILINGUAL_MODEL
from indexer.notebook import Notebook
from indexer.text.language import NAMES, foreign_language, guess_language

QUESTIONS = ROOT / "benchmarks/questions"


def questions(name: str) -> list[dict[str, str]]:
    lines = (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_languages_of_the_judged_questions_are_told() -> None:
    asked = questions("corpus-languages")
    right = Counter(row["kind"] for row in asked if guess_language(row["question"]) == row["kind"])
    assert sum(right.values()) >= 50  # 56 of 60 when it was written
    for row in asked:
        if guess_language(row["question"]) == "en":
            pytest.fail(f"taken for English: {row['question']}")


def test_english_questions_are_not_taken_for_another_language() -> None:
    rows = questions("corpus") + questions("corpus-held-out") + questions("near-misses")
    foreign = [q for row in rows if guess_language(q := row["question"]) not in ("", "en")]
    assert foreign == []


@pytest.mark.parametrize("text", ["", "AlexNet", "60M", "∑ = 5", "---"])
def test_text_that_tells_nothing_has_no_language(text: str) -> None:
    assert guess_language(text) == ""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        (QUESTIONS / "vaults/german", "de"),
        (QUESTIONS / "vaults/japanese", "ja"),
        (ROOT / "corpus", ""),
    ],
)
def test_language_of_notes_is_told(folder: Path, expected: str) -> None:
    lines = [line for path in folder.glob("*.md") for line in path.read_text("utf-8").splitlines()]
    assert foreign_language(lines) == expected


def test_few_lines_tell_nothing() -> None:
    assert foreign_language(["das ist es"]) == ""
    assert set(NAMES) >= {"de", "ja", "en"}


def named(name: str) -> FakeEncoder:
    return FakeEncoder(name=name)


def test_first_build_offers_the_multilingual_model_once(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = (QUESTIONS / "vaults/german/Garten.md").read_text("utf-8")
    folder = write_notes({"Garten.md": text})
    notebook = open_notebook(folder, encoder=named(DEFAULT_MODEL))
    offer = notebook.build().offer
    assert "German" in offer and "--model multilingual --rebuild" in offer
    (folder / "Garten.md").write_text(text + "\n- die Rosen sind nicht für die Nachbarin\n")
    assert notebook.build().offer == ""


def test_english_notes_and_the_multilingual_model_get_no_offer(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    english = write_notes({"a.md": "- this is the first of the notes\n" * 8})
    assert open_notebook(english, encoder=named(DEFAULT_MODEL)).build().offer == ""


def test_index_is_asked_with_the_model_it_was_built_with(
    write_notes: WriteNotes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_notes({"a.md": "- a point\n"})
    store = str(tmp_path / "index")
    with Notebook(folder, store=store, encoder=named(MULTILINGUAL_MODEL)) as notebook:
        notebook.build()
    assert Notebook(folder, store=store).settings.model == MULTILINGUAL_MODEL
    assert Notebook(folder, store=store, model=DEFAULT_MODEL).settings.model == DEFAULT_MODEL
    monkeypatch.setenv("NOTEPOINT_MODEL", DEFAULT_MODEL)
    assert Notebook(folder, store=store).settings.model == DEFAULT_MODEL

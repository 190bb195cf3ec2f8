"""A pasted text as a question: what is compared and what is read of it have limits."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from conftest import WriteNotes
from fakes import FakeEncoder

from indexer import Notebook
from indexer.retrieval import candidates
from indexer.retrieval.operators import read_operators
from indexer.retrieval.sizing import answer_units
from indexer.retrieval.sizing.question_form import _asks_plural
from indexer.store.embedded.view import SqlView

LONG = {
    "one word": "x" * 9_990,
    "letters": "a b c d " * 1_240,
    "an open quote": '"' + "a b " * 2_400,
    "paths": "word/word.md " * 760,
    "acronyms": "ABC " * 2_490,
    "quotes without an end": "\u201ex" * 4_990,
    "what could be better": "can what could " * 660,
}


@pytest.mark.parametrize("name", LONG)
def test_long_question_is_answered_within_limits(
    name: str, write_notes: WriteNotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    read: list[int] = []
    compare, read_form = candidates.max_similarities, answer_units.read_form

    def counted(pieces: Any, packed: Sequence[bytes]) -> Any:
        compared.append(len(pieces))
        return compare(pieces, packed)

    def read_counted(text: str) -> Any:
        read.append(len(text))
        return read_form(text)

    monkeypatch.setattr(candidates, "max_similarities", counted)
    monkeypatch.setattr(answer_units, "read_form", read_counted)
    folder = write_notes({"a.md": "- a word of ABC\n- another point x\n"})
    with Notebook(str(folder), encoder=FakeEncoder()) as notebook:
        notebook.build()
        assert notebook.search(LONG[name]).hits
    assert 0 < max(compared) <= 256 and 0 < max(read) <= 1_000


def test_terms_are_counted_a_few_times_however_long_the_question(
    write_notes: WriteNotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    count = SqlView.term_counts

    def counted(view: SqlView, terms: Collection[str]) -> dict[str, int]:
        asked.append(len(terms))
        return count(view, terms)

    monkeypatch.setattr(SqlView, "term_counts", counted)
    folder = write_notes({"a.md": "- 中文 a point\n- another point 園\n"})
    with Notebook(str(folder), encoder=FakeEncoder()) as notebook:
        notebook.build()
        rounds = []
        for text in ("中文園", "".join(chr(0x4E00 + 3 * n) for n in range(3_000)) + "園"):
            asked.clear()
            assert notebook.search(text).hits
            rounds.append(len(asked))
    assert rounds[1] <= rounds[0] + 30


@pytest.mark.parametrize("sign", [":", ", ", "\u201e", "\u201c ", "\u201c a \u201e "])
def test_marks_of_a_question_are_read_in_linear_time(sign: str) -> None:
    text = sign * (40_000 // len(sign))
    before = time.process_time()
    read_operators(text)
    _asks_plural(text)
    assert time.process_time() - before < 2  # hundredths; with the square of the length, from 8 s

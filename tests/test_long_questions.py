"""A pasted text as a question: what is compared and what is read of it have limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from conftest import WriteNotes
from fakes import FakeEncoder

from indexer import Notebook
from indexer.retrieval import candidates
from indexer.retrieval.sizing import answer_units

LONG = {
    "one word": "x" * 9_990,
    "letters": "a b c d " * 1_240,
    "an open quote": '"' + "a b " * 2_400,
    "paths": "word/word.md " * 760,
    "acronyms": "ABC " * 2_490,
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

"""The examples of docs/extending.md work without changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, OpenNotebook, WriteNotes
from encoder_suite import EncoderSuite
from fakes import FakeEncoder

from indexer.encoding.encoder import Encoder
from indexer.notebook import Notebook
from indexer.notes import formats
from indexer.store import opening

PAGE = (ROOT / "docs/extending.md").read_text("utf-8")


def example(heading: str) -> dict[str, Any]:
    """Run the example below a heading and return its names."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    code = re.search(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {"__name__": "example"}
    exec(code[1], names)
    return names


@pytest.fixture(autouse=True)
def keep_registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo the registrations of the examples."""
    for module, name in ((formats, "_FORMATS"), (formats, "_BY_SUFFIX"), (opening, "_OPENERS")):
        monkeypatch.setattr(module, name, dict(getattr(module, name)))
    yield


def test_format_is_read_found_and_shown(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    example("A note format")
    folder = write_notes({"books.csv": "title,year\nDune,1965\nUbik,1969\n", "a.md": "- else\n"})
    notebook = open_notebook(folder)
    notebook.build()
    hit = notebook.search("Ubik").hits[0]
    assert (hit.note_id, hit.line_start, hit.text) == ("books.csv", 3, "title: Ubik; year: 1969")
    assert "Ubik,1969" in notebook.read_note("books.csv").html


def test_surface_answers(write_notes: WriteNotes) -> None:
    answer_lines = example("A surface")["answer_lines"]
    folder = write_notes({"a.md": "- no discussion of ethics\n- the sound is quiet\n"})
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build()
    lines = list(answer_lines(folder, ["ethics", "sound"], encoder=FakeEncoder()))
    first = [json.loads(line)["hits"][0]["text"] for line in lines]
    assert first == ["no discussion of ethics", "the sound is quiet"]


def test_store_is_opened_by_its_scheme(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    store = example("A store")["CountingStore"]
    folder = write_notes({"a.md": "- no discussion of ethics\n"})
    notebook = open_notebook(folder, store=f"counting://{folder}/kept")
    notebook.build()
    before = store.views
    assert notebook.search("ethics").hits[0].note_id == "a.md"
    assert store.views == before + 1


class TestEncoderOfThePage(EncoderSuite):
    """The suite of all encoders."""

    @pytest.fixture
    def encoder(self) -> Encoder:
        encoder: Encoder = example("An encoder")["LetterEncoder"]()
        return encoder

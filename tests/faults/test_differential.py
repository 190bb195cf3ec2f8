"""Random edits, each followed by a build, give the same index and answers as a clean build."""

from __future__ import annotations

import functools
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import faiss
import pytest
from fakes import FakeEncoder
from harness import (
    answers_of,
    assert_equal_states,
    build_at,
    faults_of,
    note_text,
    rounds,
    rows_of,
)

import indexer.indexing.build
import indexer.notes.note
from indexer.records import Note

pytestmark = pytest.mark.slow

NAMES = ["n1.md", "n2.md", "N1.md", "sub/n3.md", "sub/deep/n4.md", "über.md", "sub.x/n5.markdown"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder in memory; texts come from a pool, so that each is read once only.

    This tests the updates of the index, not the reading of Markdown.
    """
    parse_note, count = indexer.notes.note.parse_note, FakeEncoder().count_tokens

    @functools.cache
    def parse(content: bytes, note_id: str, window: int, **options: bool) -> Note:
        return parse_note(content, note_id, window=window, count_tokens=count, **options)

    monkeypatch.setattr(
        indexer.notes.note,
        "parse_note",
        lambda content, note_id, *, window, count_tokens, **options: parse(
            content, note_id, window, **options
        ),
    )
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder)
    faiss.omp_set_num_threads(before)


def pool_of_texts() -> list[str]:
    generator = random.Random(0)
    texts = [note_text(generator) for _ in range(60)]
    return [
        *texts,
        "",
        "---\ntitle: [unclosed\n---\n\n- body stays\n",
        "\x00\xff binary",
        "# Only\n",
    ]


def edit(  # noqa: C901 - one branch a kind of edit
    notes: Path, texts: list[str], generator: random.Random, undo: dict[Path, str]
) -> None:
    """Make one change of the kinds people and editors make."""
    path = notes / generator.choice(NAMES)
    there = sorted(p for p in notes.rglob("*") if p.is_file())
    kind = generator.choice(
        ["write", "write", "append", "delete", "rename", "touch", "folder", "undo", "remove folder"]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "write" or not there:
        undo[path] = path.read_text("utf-8") if path.is_file() else ""
        if path.is_dir():
            path.rmdir()
        path.write_text(generator.choice(texts), "utf-8")
    elif kind == "append":
        target = generator.choice(there)
        target.write_text(target.read_text("utf-8") + "\n- one more [[n1]]\n", "utf-8")
    elif kind == "delete":
        generator.choice(there).unlink()
    elif kind == "rename":
        if not path.is_dir():
            generator.choice(there).replace(path)
    elif kind == "touch":
        os.utime(generator.choice(there))
    elif kind == "folder" and not path.exists():
        path.mkdir()
    elif kind == "undo" and undo:
        target, text = undo.popitem()
        if target.parent.is_dir() and not target.is_dir():
            target.write_text(text, "utf-8")
    elif kind == "remove folder":
        shutil.rmtree(notes / "sub", ignore_errors=True)


# Sequences run in the same folder; a new folder for each would take twice as long.
FRESH_EVERY = rounds(25, 1)


def test_edits_one_by_one_equal_a_build_from_nothing(quick: Path, held: list[str]) -> None:
    texts, count, edits, asked = pool_of_texts(), rounds(1_000, 10_000), 0, 0
    notes, store, clean = (quick / name for name in ("notes", "store", "clean"))
    undo: dict[Path, str] = {}
    for number in range(count):
        generator = random.Random(number)
        if number % FRESH_EVERY == 0:
            build_from_nothing(notes, store, generator, texts)
            undo.clear()
        for _ in range(generator.randint(1, 2)):
            for _ in range(generator.randint(1, 4)):
                edit(notes, texts, generator, undo)
                edits += 1
            (notes / "always.md").write_text("- keeps the folder from being empty\n")
            build_at(notes, store)
        build_at(notes, clean)
        assert_equal_states(rows_of(store), rows_of(clean))
        if number % 20 == 0:
            assert faults_of(store) == []
            assert answers_of(notes, store) == answers_of(notes, clean)
            asked += 20
        shutil.rmtree(clean)
    held.append(f"{count} sequences, {edits} edits: equal to a clean build; {asked} questions too")


def build_from_nothing(
    notes: Path, store: Path, generator: random.Random, texts: list[str]
) -> None:
    """Write three notes and build their index."""
    for folder in (notes, store):
        shutil.rmtree(folder, ignore_errors=True)
    notes.mkdir()
    for name in generator.sample(NAMES, 3):
        (notes / name).parent.mkdir(parents=True, exist_ok=True)
        (notes / name).write_text(generator.choice(texts), "utf-8")
    (notes / "always.md").write_text("- keeps the folder from being empty\n")
    build_at(notes, store)

"""The index of a hostile note stays within 30 times the note and 100 KB."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer import Notebook
from tests.fakes import FakeEncoder

NOTE_BYTES = 100_000
WORDS = "amber bridge cedar drift ember fjord grove harbor inlet juniper kelp lantern".split()


def sentence(words: int, seed: int = 0) -> str:
    return " ".join(WORDS[(seed * 7 + i * i + i) % len(WORDS)] for i in range(words))


def six_headings() -> str:
    return "".join(f"{'#' * level} {sentence(45, level)}\n\n" for level in range(1, 7))


def nested(depth: int) -> str:
    return "".join("  " * level + f"- {sentence(30, level)}\n" for level in range(depth))


# The beginning of a note, and what is repeated after it; `{}` is a number.
SHAPES = {
    "heading of half a note": ("# " + sentence(8_000) + "\n\n", "- alpha beta\n"),
    "six long headings": (six_headings(), "- alpha beta\n"),
    "paragraphs above hyphens": ("", sentence(60) + "\n---\n\n- one\n- two\n- three\n\n"),
    "long item above many": (f"- {sentence(30)}\n", "  - yes\n"),
    "long line above a list": (f"{sentence(14)}:\n\n", "- yes\n"),
    "deep list": (nested(80), "  " * 80 + "- x{}\n"),
    "title of a callout": (f"> [!note] {sentence(30)}\n", "> - yes\n"),
    "equal items": ("", "- a\n"),
    "equal headings without words": ("", "word\n---\n"),
    "equal links": ("", "- [a](b)\n"),
    "blocks with names": ("", "- a ^id{}\n"),
    "links": ("", "- [a](b{})\n"),
    "wikilinks": ("", "[[n{}]] "),
    "tags": ("", "#tag{}\n"),
    "tags of the head": ("---\ntags: [", "t{}, "),
    "names of the head": (f"---\naliases: [{sentence(2_000)}]\n---\n\n", "- alpha beta\n"),
    "many names": (f"---\naliases: [{', '.join(f'n{i}' for i in range(3_000))}]\n---\n", "- one\n"),
    "a heading for each item": ("", f"# {sentence(40)} {{}}\n\n- a\n\n"),
    "prose": ("", sentence(30) + " {}.\n\n"),
}


def build(folder: Path, text: str) -> int:
    """Return the bytes of the index of one note."""
    notes, index = folder / "notes", folder / "index"
    notes.mkdir()
    (notes / "a.md").write_text(text)
    notebook = Notebook(str(notes), store=str(index), encoder=FakeEncoder(dimension=384))
    notebook.build()
    notebook.close()
    return sum(file.stat().st_size for file in index.iterdir())


@pytest.mark.parametrize("shape", SHAPES)
def test_index_is_at_most_thirty_times_the_note(tmp_path: Path, shape: str) -> None:
    begin, repeated = SHAPES[shape]
    times = (NOTE_BYTES - len(begin)) // len(repeated)
    note = begin + "".join(repeated.replace("{}", str(number)) for number in range(times))
    assert build(tmp_path, note) <= 30 * len(note) + 100_000


def test_index_of_one_word_is_small(tmp_path: Path) -> None:
    assert build(tmp_path, "- hello\n") < 100_000


# Short points that all differ; each takes two vectors of 768 bytes.
SHORT = {
    "items": "- {}\n",
    "words": "- x{} y{}\n",
    "sentences": "- alpha beta gamma delta {}\n",
    "rows": "| {} | a |\n",
    "headings": "# h{}\n\n",
    "links": "- [a{}](b{}.md)\n",
}


@pytest.mark.parametrize("shape", SHORT)
def test_index_of_short_points_is_bounded_by_their_number(tmp_path: Path, shape: str) -> None:
    count = 2_000
    begin = "| a | b |\n|-|-|\n" if shape == "rows" else ""
    note = begin + "".join(SHORT[shape].replace("{}", str(number)) for number in range(count))
    assert build(tmp_path, note) <= 100_000 + 30 * len(note) + 2_000 * count

"""The 652 examples of the CommonMark specification as notes, judged by the HTML it gives."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fakes import FakeEncoder

from indexer.notes.note import parse_note
from indexer.records import Note

SPECIFICATION = Path(__file__).parent / "data" / "commonmark-0.31.2.json"
EXAMPLES = json.loads(SPECIFICATION.read_text("utf-8"))
count_tokens = FakeEncoder().count_tokens


class Visible(HTMLParser):
    """Collects the text that a browser shows for HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text = ""
        self._hidden = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        if tag == "img":
            self.text += f" {dict(attrs).get('alt') or ''} "

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data


NAME = "a note without text"


def read(source: str) -> Note:
    return parse_note(source.encode(), f"{NAME}.md", window=32, count_tokens=count_tokens)


def words_in(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def letters_of(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def is_within(letters: str, source: str) -> bool:
    """Return whether a source has letters in this order, with markup between them allowed."""
    left = iter(source)
    return all(letter in left for letter in letters)


def test_all_examples_are_there() -> None:
    assert [example["example"] for example in EXAMPLES] == list(range(1, 653))


@pytest.mark.parametrize("part", range(7))
def test_every_visible_word_is_in_a_point_or_its_context(part: int) -> None:
    for example in EXAMPLES[part::7]:
        note = read(example["markdown"])
        kept = {
            word
            for point in note.points
            for text in (point.text, *point.heading_path, *point.parents)
            for word in words_in(text)
        }
        lost = words_in(Visible(example["html"]).text) - kept
        assert not lost, (example["example"], lost)


@pytest.mark.parametrize("part", range(7))
def test_lines_point_at_the_text(part: int) -> None:
    for example in EXAMPLES[part::7]:
        lines = example["markdown"].split("\n")
        for point in read(example["markdown"]).points:
            if point.text == NAME:  # of a note without visible text
                continue
            assert 1 <= point.line_start <= point.line_end <= len(lines)
            source = "\n".join(lines[point.line_start - 1 : point.line_end])
            letters = letters_of(point.text)
            assert is_within(letters, source) or is_within(letters, html.unescape(source)), (
                example["example"],
                point,
            )


def test_same_example_same_points() -> None:
    first = [read(example["markdown"]) for example in EXAMPLES]
    again = [read(example["markdown"]) for example in reversed(EXAMPLES)]
    assert first == again[::-1]
    with_marks = [
        read("\ufeff" + example["markdown"].replace("\n", "\r\n")) for example in EXAMPLES
    ]
    assert [note.points for note in with_marks] == [note.points for note in first]

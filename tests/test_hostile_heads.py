"""No value of a head, no name and no date of a stranger ends a build, or takes long to read."""

from __future__ import annotations

import datetime
import time

import pytest
from conftest import OpenNotebook, WriteNotes
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.notes.note import parse_note
from indexer.notes.placeholders import has_placeholder, is_placeholder
from indexer.records import Note
from indexer.text.dates import date_in_name, parse_day, parse_span

# Digits of Unicode that are no decimal digits, and other numerals.
NUMERALS = "\u1369\u19da\u00b2\u2460\U00011052\U0001f104\u0663\u4e00"
PIECES = [
    *NUMERALS,
    *"0123 -/._:W",
    "9999",
    "0001",
    "March",
    "Q4",
    "W52",
    "W53",
    "weeks ago",
    "last ",
]


def parse(text: str) -> Note:
    return parse_note(
        text.encode(),
        "a.md",
        window=256,
        count_tokens=lambda texts: [len(t.split()) for t in texts],
    )


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.sampled_from([datetime.date(2026, 1, 31), datetime.date(2024, 2, 29)]),
)
def test_any_text_is_a_date_or_none(text: str, today: datetime.date) -> None:
    for found in (parse_span(text), parse_day(text, today)):
        assert found is None or found.first <= found.last
    date_in_name(f"{text}.md")


@pytest.mark.parametrize("text", ["9999-W52", "5 March \u1369", "\u1369 days ago"])
def test_text_that_looks_like_a_date_is_none(text: str) -> None:
    assert parse_span(text) is None


HUGE = {
    "title": "+++\ntitle = 0x" + "f" * 5_000 + "\n+++\n\nbread\n",
    "value": "+++\nsize = 0o" + "7" * 6_000 + "\n+++\n\nbread\n",
    "list": "+++\ntags = [1, 0b" + "1" * 20_000 + "]\n+++\n\nbread\n",
    "date": "+++\ndate = 0x" + "f" * 5_000 + "\n+++\n\nbread\n",
    "inner date": "+++\ndata = {a = 0x" + "f" * 5_000 + "}\n+++\n\nbread\n",
}


@pytest.mark.parametrize("name", HUGE)
def test_number_of_thousands_of_digits_is_a_text(name: str) -> None:
    assert "bread" in [point.text for point in parse(HUGE[name]).points]


def test_build_goes_on_after_such_heads_and_names(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notes = {f"{name}.md": text for name, text in HUGE.items()}
    notes |= {"5 March \u1369.md": "bread\n", "9999-W52.md": "---\ndate: 9999-W52\n---\nbread\n"}
    report = open_notebook(write_notes(notes)).build()
    assert report.notes_added == len(notes)


N = 30_000
SLOW = {
    "placeholders in TOML": '+++\ntitle = "' + "{{" * N + '"\n+++\n\nx\n',
    "slashes in TOML": '+++\nkey = "' + "a/" * N + '"\n+++\n\nx\n',
    "slashes and dots in TOML": '+++\nkey = "' + "/." * N + '"\n+++\n\nx\n',
    "placeholders in JSON": '{\n"title": "' + "{{" * N + '"\n}\n\nx\n',
    "slashes in YAML": "---\n" + "".join(f"k{i}: {'/.' * 2_000}\n" for i in range(50)) + "---\nx\n",
    "blanks before a placeholder": "---\n" + " " * 2 * N + "{{\n---\nx\n",
    "blanks after a key": "---\na:" + " " * 2 * N + "x {{\n---\nx\n",
    "open field": "[key:: " + "a " * N,
    "open field in parentheses": "- (key:: " + "a" * 2 * N,
}


@pytest.mark.parametrize("name", SLOW)
def test_head_is_read_quickly(name: str) -> None:
    before = time.process_time()
    parse(SLOW[name])
    assert time.process_time() - before < 2  # a few hundredths; before, from 3 s to minutes


@pytest.mark.parametrize(
    ("text", "whole", "part"),
    [
        ("{{title}}", True, True),
        ("{{}}", True, True),
        ("a {{title}} b", False, True),
        ("<% tp.date %>", True, True),
        ("{% now %}", True, True),
        ("${x}", True, True),
        ("`r Sys.Date()`", True, True),
        ("`{python} 1`", True, True),
        ("{{title", False, False),
        ("}} {{", False, False),
        ("{{}", False, False),
        ("`r `", True, True),
        ("`r", False, False),
        ("plain", False, False),
    ],
)
def test_placeholder_of_a_template(text: str, whole: bool, part: bool) -> None:
    assert (is_placeholder(text), has_placeholder(text)) == (whole, part)

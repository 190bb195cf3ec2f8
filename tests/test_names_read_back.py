"""A name is read back as it is shown, with signs that the terminal and agents do not show."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.compact import note_json, note_text
from indexer.launchers import FORMATS
from indexer.notes.names import exact_name
from indexer.render import exact_in_line, in_line, safe

RunCli = Callable[..., tuple[int, str, str]]
# A name with any of these, followed by what could be more digits.
UNSEEN = "\t\n\r\x0b\x1b\x7f\x85\u00ad\u034f\u061c\u115f\u180b\u200b\u200d\u2028\u202e\ufeff\ufff0"
FOLLOWING = ["b", "bread", "0000", "1234", "abc"]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs names with control signs")


@settings(deadline=None)
@given(st.text(st.sampled_from([*UNSEEN, *"ab01fx. "]), min_size=1, max_size=6))
def test_any_name_is_read_back(name: str) -> None:
    shown = exact_in_line(name)
    found = exact_name(shown, lambda tried: tried == name)
    # Two signs may be shown as the digits of one: "\x11" and "5f" are shown as U+115F is.
    assert found == name or re.search(r"\\x1[0-9a-f]{3}", shown)


def test_what_unicode_says_to_ignore_is_escaped() -> None:
    for sign in "\ufff0\U0001bca0\u180e\u3164":
        assert safe(f"a{sign}b") == f"a\\x{ord(sign):x}b"
    assert safe("\u200d\ufe0f\u200d\ufe0f") == "\u200d\\xfe0f\u200d\\xfe0f"
    assert safe("ᠠ\u180bᠡ \u2764\ufe0f\u200d\U0001f525") == "ᠠ\u180bᠡ \u2764\ufe0f\u200d\U0001f525"


def test_tab_of_a_text_is_a_blank_and_that_of_a_name_is_not() -> None:
    assert in_line("two\twords") == "two words"
    assert exact_in_line("two\twords") == r"two\x09words"


@on_linux
@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_note_is_found_again_by_its_shown_name(
    sign: str, write_notes: WriteNotes, open_notebook: OpenNotebook, run_cli: RunCli
) -> None:
    names = [f"a{sign}{following}.md" for following in FOLLOWING]
    folder = write_notes({name: f"- sourdough {i}, see [[x]]\n" for i, name in enumerate(names)})
    notebook = open_notebook(folder)
    notebook.build()
    answer = notebook.search("sourdough", 10)
    printed = {name: FORMATS["vimgrep"](answer, Path(folder)) for name in names}
    for name in names:
        shown = exact_in_line(name)
        assert shown in printed[name] and not re.search("[\t\x0b\x1b]", shown)
        for arguments in (
            ("links", shown),
            ("similar", f"{shown}:1"),
            ("query", "sourdough", "--note", shown),
        ):
            status, _, err = run_cli(*arguments, "--notes", os.fspath(folder))
            assert "has no note" not in err and status != 2, (arguments, err)
        with notebook.snapshot() as snapshot:
            read = snapshot.read_lines(f"{shown}:1")
        assert read.info.note_id == name
        assert note_json(read)["note"] == shown
        assert note_text(read).startswith(f"{shown}:1-1")

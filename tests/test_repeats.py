"""Lines that many notes repeat do not hide the one note about their subject."""

from __future__ import annotations

from collections import Counter

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.notebook import Notebook


@pytest.fixture
def journal(open_notebook: OpenNotebook, write_notes: WriteNotes) -> Notebook:
    days = {
        f"log/2031-05-{day:02}.md": f"- oiled the winch\n- sailed {day} miles\n"
        for day in range(1, 31)
    }
    about = {"winch.md": "# The winch\n\n- oiled, the winch drum turns without a squeak\n"}
    opened = open_notebook(write_notes({**days, **about}))
    opened.build()
    return opened


@pytest.mark.parametrize("question", ["winch", "oiled the winch drum", "how is the winch oiled?"])
def test_repeated_line_is_listed_three_times_at_most(journal: Notebook, question: str) -> None:
    hits = journal.search(question, points=True).hits
    assert "winch.md" in {hit.note_id for hit in hits}
    assert Counter(hit.text for hit in hits)["oiled the winch"] <= 3


def test_note_about_it_comes_before_lines_that_are_as_near(journal: Notebook) -> None:
    assert journal.search("winch drum", points=True).hits[0].note_id == "winch.md"


def test_few_equal_lines_stay_where_they_are(
    open_notebook: OpenNotebook, write_notes: WriteNotes
) -> None:
    notebook = open_notebook(write_notes({f"{n}.md": "- spare sail\n- x\n" for n in "abc"}))
    notebook.build()
    hits = notebook.search("spare sail", points=True, k=3).hits
    assert [hit.text for hit in hits] == ["spare sail"] * 3

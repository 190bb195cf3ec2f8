"""Parts that a question names by their place in a row."""

from __future__ import annotations

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.notebook import Notebook
from indexer.records import UnitKind

NOTES = {
    "plan.md": "# Botany\n\nThe courses:\n\n1. [Roots](roots.md)\n2. [Stems](stems.md)\n"
    "3. [Leaves](leaves.md)\n",
    "roots.md": "# Roots\n\n## Week 1\n\n- soil\n- water\n\n## Week 2\n\n- hairs\n- bulbs\n",
    "stems.md": "# Stems\n\n## Week 1\n\n- wood\n- bark\n\n## Week 2\n\n- sap\n- thorns\n\n"
    "## Week 3\n\n- buds\n- knots\n",
    "leaves.md": "# Leaves\n\n## Week 1\n\n- shape\n- veins\n",
}


@pytest.fixture
def notebook(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Notebook:
    made = open_notebook(write_notes(NOTES))
    made.build()
    return made


@pytest.mark.parametrize(
    ("question", "note", "last"),
    [
        ("week 2 of the second course", "stems.md", "thorns"),
        ("first week of the first course", "roots.md", "water"),
        ("notes on week 1 of course 3", "leaves.md", "veins"),
        ("last week of stems", "stems.md", "knots"),
        ("the final week of the roots course", "roots.md", "bulbs"),
    ],
)
def test_section_is_found_by_its_place(
    notebook: Notebook, question: str, note: str, last: str
) -> None:
    unit = notebook.search(question).units[0]
    assert (unit.note_id, unit.points[-1].text) == (note, last)


def test_item_of_a_list_of_links_is_its_note(notebook: Notebook) -> None:
    unit = notebook.search("what did I learn in the second course?").units[0]
    assert unit.kind is UnitKind.NOTE and unit.note_id == "stems.md"


def test_number_in_a_title_comes_first(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(
        write_notes(NOTES | {"fungi.md": "# Course 2: Fungi\n\n- caps\n- spores\n"})
    )
    notebook.build()
    assert notebook.search("the second course").units[0].note_id == "fungi.md"


@pytest.mark.parametrize("question", ["week 9 of the second course", "notes on course 7"])
def test_place_beyond_the_row_names_nothing(notebook: Notebook, question: str) -> None:
    assert not notebook.search(question).answered


def test_question_about_a_part_is_not_the_whole_part(notebook: Notebook) -> None:
    unit = notebook.search("what do thorns do in the second course?").units[0]
    assert unit.kind is not UnitKind.NOTE

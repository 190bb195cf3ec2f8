"""What an author made around a point: items, lists, sections and notes, from hand-made notes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.records import UnitKind
from indexer.retrieval.sizing.units import Outline

NOTE = """---
title: Garden
---

Written in spring.

## Tools

- spade
- rake
  - with iron teeth
  - with wooden teeth
- hose

What I still need:

- gloves
- a second bucket

## Week 2

### Sowing

1. loosen the soil
2. sow
3. water

These are the beds that get the most sun, as far as I could see it over the year,
and all of them drain well enough:

- north
- south

| plant | days |
|---|---|
| radish | 28 |
| carrot | 75 |

### Pests

Snails come at night.
"""
MakeOutline = Callable[[str], Outline]


@pytest.fixture
def outline_of(write_notes: WriteNotes, open_notebook: OpenNotebook) -> MakeOutline:
    def make(text: str) -> Outline:
        notebook = open_notebook(write_notes({"garden.md": text}))
        notebook.build()
        points = notebook.points_of("garden.md")
        return Outline(points[0].note, points)

    return make


@pytest.fixture
def garden(outline_of: MakeOutline) -> Outline:
    return outline_of(NOTE)


def units(outline: Outline, text: str) -> list[tuple[str, list[str]]]:
    """Return kind and texts of each unit around the point with a text."""
    position = next(i for i, p in enumerate(outline.points) if p.text.startswith(text))
    return [
        (span.kind.value, [stored.point.text for stored in outline.parts(span)])
        for span in outline.around(position)
    ]


def test_point_comes_first_and_note_last(garden: Outline) -> None:
    found = units(garden, "spade")
    assert found[0] == ("point", ["spade"])
    assert found[-1] == ("note", [point.text for point in garden.points])


def test_list_holds_its_items_with_their_children(garden: Outline) -> None:
    names = ["spade", "rake", "with iron teeth", "with wooden teeth", "hose"]
    assert ("list", names) in units(garden, "spade")
    assert ("list", names) in units(garden, "with iron teeth")


def test_item_comes_with_its_children(garden: Outline) -> None:
    item = ("item", ["rake", "with iron teeth", "with wooden teeth"])
    assert item in units(garden, "rake")
    assert item in units(garden, "with wooden teeth")
    assert ("list", ["with iron teeth", "with wooden teeth"]) in units(garden, "with iron")


def test_list_comes_with_its_lead_in(garden: Outline) -> None:
    led = ("list", ["What I still need:", "gloves", "a second bucket"])
    assert led in units(garden, "gloves")
    assert led in units(garden, "What I still need:")
    assert "gloves" not in dict(units(garden, "spade"))["list"]


def test_long_paragraph_with_a_colon_introduces_the_list_below_it(garden: Outline) -> None:
    _, texts = next(one for one in units(garden, "north") if one[0] == "list")
    assert texts[0].startswith("These are the beds") and texts[1:] == ["north", "south"]


def test_table_is_a_list_of_its_rows(garden: Outline) -> None:
    rows = [texts for kind, texts in units(garden, "plant: radish") if kind == "list"]
    assert len(rows) == 1 and len(rows[0]) == 2


def test_sections_nest(garden: Outline) -> None:
    sections = [texts for kind, texts in units(garden, "loosen") if kind == "section"]
    assert sections[0][0] == "loosen the soil" and "Snails come at night." not in sections[0]
    assert sections[-1][-1] == "Snails come at night."


def test_section_with_subsections_has_a_text_of_its_own(outline_of: MakeOutline) -> None:
    made = outline_of("# A\n\nown words\n\n- one\n- two\n\n## B\n\nwords below\n\n# C\n\nlast\n")
    sections = [texts for kind, texts in units(made, "own words") if kind == "section"]
    assert sections == [["own words", "one", "two"], ["own words", "one", "two", "words below"]]


def test_heading_with_nothing_under_it_opens_its_section(outline_of: MakeOutline) -> None:
    made = outline_of("intro\n\n## Week 2\n\n### Words\n\n- vectors\n- windows\n")
    path = next(texts for kind, texts in units(made, "Week 2") if kind == "section")
    assert path == ["Week 2", "vectors", "windows"]
    span = next(s for s in made.around(1) if s.kind is UnitKind.SECTION)
    assert made.heading_path(span) == ("Week 2",)


def test_one_section_over_everything_is_the_note(outline_of: MakeOutline) -> None:
    made = outline_of("# All\n\n- one\n\nsecond\n")
    assert [kind for kind, _ in units(made, "one")] == ["point", "note"]


def test_two_sections_of_the_same_name_stay_apart(outline_of: MakeOutline) -> None:
    made = outline_of("## Day 1\n\n### Plan\n\n- a\n- b\n\n## Day 2\n\n### Plan\n\n- c\n- d\n")
    assert ("section", ["c", "d"]) in units(made, "c")


def test_lines_reach_from_the_first_to_the_last_point(garden: Outline) -> None:
    position = next(i for i, p in enumerate(garden.points) if p.text == "gloves")
    led = next(s for s in garden.around(position) if s.kind is UnitKind.LIST)
    assert garden.lines(led) == (15, 18)
    assert garden.heading_path(led) == ("Tools",)
    assert [garden.depth(i) for i in range(led.start, led.end + 1)] == [0, 1, 1]


def test_lines_that_only_name_what_follows_are_told_apart(garden: Outline) -> None:
    telling = [point.text for place, point in enumerate(garden.points) if garden.introduces(place)]
    assert [text[:9] for text in telling] == ["What I st", "These are"]

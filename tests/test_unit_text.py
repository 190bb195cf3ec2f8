"""Units for a terminal and as Markdown."""

from __future__ import annotations

from typing import Any

import click
from conftest import OpenNotebook, WriteNotes

from indexer.records import Answer, IndexState, Mode, Place, Unit, UnitKind, UnitPoint
from indexer.render_markdown import answer_markdown, unit_markdown
from indexer.unit_text import answer_text, unit_lines


def point(number: int, text: str, **options: Any) -> UnitPoint:
    return UnitPoint(number, number, number, text, **options)


def unit(*points: UnitPoint, **options: Any) -> Unit:
    place = Place(
        kind=UnitKind.LIST,
        note_id="tools.md",
        title="Tools",
        date=None,
        heading_path=("Tools", "Wood"),
        line_start=points[0].line_start,
        line_end=points[-1].line_end,
        points=points,
    )
    return Unit(1, UnitKind.LIST, (place,), 0.9, **options)


def shown(one: Unit, *, full: bool = False) -> list[str]:
    return [click.unstyle(line) for line in unit_lines(one, (), full=full)]


def answer(*units: Unit, **options: Any) -> Answer:
    index = IndexState(1, 1, 1, stale=False, model="fake")
    values: dict[str, Any] = {"hits": (), "related_notes": (), "units": units, **options}
    return Answer("what?", True, 0.9, Mode.HYBRID, 1.0, index, **values)


def test_head_says_how_many_points_match() -> None:
    lines = shown(unit(point(3, "saw", matched=True), point(4, "file"), point(5, "vise")))
    assert lines == [
        " 1  Tools > Wood  3 points, 1 matches  tools.md:3-5",
        "  > saw",
        "    file",
        "    vise",
    ]


def test_other_points_are_dim_and_matches_are_not() -> None:
    _, match, other = unit_lines(unit(point(3, "saw", matched=True), point(4, "file")), ())
    assert click.style("file", dim=True) in other and "\x1b" not in match


def test_long_unit_keeps_its_first_line_matches_and_neighbours() -> None:
    points = [point(n, f"tool {n}", depth=1, matched=n in (20, 31)) for n in range(2, 41)]
    lead = point(1, "To bring:", lead_in=True)
    lines = shown(unit(lead, *points))
    assert lines[1] == "    To bring:"
    for number in (19, 20, 21, 30, 31, 32):
        assert any(line.endswith(f" tool {number}") for line in lines)
    assert lines[-1] == "    28 more points: --full"
    assert sum(line == "    ..." for line in lines) == 2
    assert len(shown(unit(lead, *points), full=True)) == 41


def test_headings_within_a_section_are_shown() -> None:
    lines = shown(
        unit(
            point(3, "saw", heading_path=("Tools", "Wood")),
            point(6, "drill", heading_path=("Tools", "Wood", "Power")),
        )
    )
    assert lines[1:] == ["    saw", "    Power", "    drill"]


def test_nothing_in_a_unit_steers_the_terminal() -> None:
    lines = shown(unit(point(3, "a\x1b]0;x\x07b", matched=True), point(4, "\u202ec")))
    assert not any(c in "".join(lines) for c in "\x1b\x07\u202e")


def test_copies_are_counted() -> None:
    assert shown(unit(point(3, "saw"), point(4, "file"), similar=44))[-1] == (
        "    and 44 more like it"
    )


def test_weaker_matches_are_one_line(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    folder = write_notes(
        {"a.md": "The lighthouse keeper feeds seven gulls.\n", "b.md": "- gulls\n\nplain\n"}
    )
    notebook = open_notebook(folder)
    notebook.build()
    found = notebook.search("does the lighthouse keeper feed gulls?")
    text = click.unstyle(answer_text(found))
    assert "weaker match" in text and "\n 2  " not in text
    assert "\n 2  " in click.unstyle(answer_text(found, full=True))


def test_markdown_quotes_the_whole_unit() -> None:
    made = unit(
        point(2, "To bring:", lead_in=True),
        point(3, "saw", depth=1, matched=True),
        point(4, "file", depth=1),
        point(5, "with a handle", depth=2),
    )
    assert unit_markdown(made) == (
        "> To bring:\n>\n>   - saw\n>   - file\n>     - with a handle\n>\n"
        "> -- Tools > Wood (tools.md:2-5)"
    )
    assert unit_markdown(made) in answer_markdown(answer(made))

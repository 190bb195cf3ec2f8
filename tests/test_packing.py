"""A budget of tokens: its content, its cost, and exact lines."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.compact import compact, compact_json, compact_text
from indexer.notebook import Notebook
from indexer.records import NoteFilter, Place
from indexer.retrieval.sizing import packing
from indexer.text.tokens import estimate_tokens

SECTION = "".join(f"- sowing rule {i}: keep row {i} moist for {i} days\n" for i in range(2, 12))
GARDEN = f"""# Garden

## Sowing

What to keep in mind:

- a frost in May kills young beans
{SECTION}
## Harvest

Beans are ripe in August, and the frost comes late.

## Tools

A spade, a rake, a hose.
"""
NOTES = {"garden/beds.md": GARDEN} | {
    f"diary/{day:02}.md": f"# Day {day}\n\nFrost again, number {day}.\n\nLater some sun.\n"
    for day in range(1, 31)
}
BUDGETS = (60, 120, 250, 500, 1_000, 4_000)


@pytest.fixture
def notes(write_notes: WriteNotes) -> Path:
    return write_notes(NOTES)


@pytest.fixture
def notebook(notes: Path, open_notebook: OpenNotebook) -> Notebook:
    opened = open_notebook(notes)
    opened.build()
    return opened


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("question", ["frost in May kills beans", "sowing rule", "quantum physics"])
def test_budget_is_kept_and_every_passage_is_in_its_lines(
    notebook: Notebook, notes: Path, question: str, budget: int
) -> None:
    answer = notebook.search(question, 40, budget=budget)
    found = compact(answer, budget=budget)
    text = compact_text(found)
    assert estimate_tokens(text) <= budget or not found.passages
    seen: set[int] = set()
    for passage in found.passages:
        lines = (notes / passage.note_id).read_text().split("\n")
        there = "\n".join(lines[passage.line_start - 1 : passage.line_end])
        assert words_of(there) == words_of(passage.text)
        assert seen.isdisjoint(passage.points)
        seen |= passage.points
    hits = {hit.point_id for hit in answer.hits}
    assert hits <= seen | {i for one in found.left_out for i in one.points}


@pytest.mark.parametrize("budget", BUDGETS)
def test_what_fits_is_used(notebook: Notebook, budget: int) -> None:
    answer = notebook.search("frost in May kills beans", 100, budget=budget)
    found = compact(answer, budget=budget)
    spent = estimate_tokens(compact_text(found))
    assert spent >= 0.6 * budget or not found.left_out


def test_small_budget_gets_the_point_a_large_one_its_section(notebook: Notebook) -> None:
    question = "a frost in May kills young beans"
    sizes = []
    for budget in (60, 500):
        first = notebook.search(question, 20, budget=budget).passages[0]
        assert "a frost in May kills young beans" in [point.text for point in first.points]
        sizes.append(len(first.points))
    assert sizes[0] < 12 <= sizes[1]


def test_passages_that_touch_are_one(notebook: Notebook) -> None:
    places = notebook.search("sowing rule keep moist", 40, budget=1_000).passages
    beds = [place for place in places if place.note_id == "garden/beds.md"]
    order = [one.point_id for one in notebook.points_of("garden/beds.md")]
    runs = [[order.index(point.point_id) for point in place.points] for place in beds]
    assert all(run == list(range(run[0], run[-1] + 1)) for run in runs)
    ends = {run[-1] + 1 for run in runs}
    assert ends.isdisjoint(run[0] for run in runs)


def test_name_and_headings_of_a_note_are_printed_once(notebook: Notebook) -> None:
    found = compact(notebook.search("beans frost spade", 3, budget=110), budget=110)
    of_beds = [one for one in found.passages if one.note_id == "garden/beds.md"]
    text = compact_text(found)
    assert len(of_beds) > 1
    assert text.count("garden/beds.md") == 1
    assert f"\n:{of_beds[1].lines}  " in text
    assert [one["at"] for one in compact_json(found)["hits"]] == [
        one.place for one in found.passages
    ]
    assert all(one["path"][0] == "Garden" for one in compact_json(found)["hits"][: len(of_beds)])


def test_filter_holds_for_what_is_around_a_hit(notebook: Notebook) -> None:
    where = NoteFilter(folders=("diary",))
    places = notebook.search("frost beans", 40, where=where, budget=2_000).passages
    assert places
    assert {place.note_id.split("/")[0] for place in places} == {"diary"}


def test_single_points_stay_single(notebook: Notebook) -> None:
    answer = notebook.search("sowing rule", 10, points=True, budget=400)
    assert answer.passages == ()
    assert all(len(one.points) == 1 for one in compact(answer, budget=400).passages)


def test_note_that_changed_is_quoted_as_it_is_now(notebook: Notebook, notes: Path) -> None:
    path = notes / "garden/beds.md"
    path.write_text("A new first line.\n\n" + GARDEN.replace("Beans are ripe", "Peas are ripe"))
    answer = notebook.search("a frost in May kills young beans", 20, budget=1_000)
    lines = path.read_text().split("\n")
    for place in answer.passages:
        if place.note_id == "garden/beds.md":
            there = " ".join(lines[place.line_start - 1 : place.line_end])
            assert all(set(words_of(one.text)) <= set(words_of(there)) for one in place.points)
            assert "ripe" not in " ".join(one.text for one in place.points)


def test_doubtful_unit_does_not_take_the_whole_budget(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that just fits is taken first only if it is likely to be the answer."""
    asked: list[Any] = []
    pack = packing.pack

    def record(*given: Any) -> tuple[Place, ...]:
        asked.append(given)
        return pack(*given)

    monkeypatch.setattr(packing, "pack", record)
    notebook.search("what are the sowing rules?", 40, budget=500)
    hits, answer, outline_of, _ = asked[0]
    wanted = {point.point_id for place in answer.units[0].places for point in place.points}
    assert len(wanted) > 5

    def takes_all(budget: int, confidence: float) -> bool:
        unit = answer.units[0]._replace(confidence=confidence)
        places = pack(hits, replace(answer, units=(unit,)), outline_of, budget)
        return wanted <= {point.point_id for place in places for point in place.points}

    least = next(budget for budget in range(60, 1_000) if takes_all(budget, 1.0))
    assert not takes_all(least, 0.3)
    assert takes_all(2 * least, 0.3)

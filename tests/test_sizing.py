"""The size of an answer: a single good point alone, several similar points as their list."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.records import Answer, Unit, UnitKind
from indexer.render import answer_json
from indexer.retrieval.sizing.choosing import Asked, Candidates, Chosen, choose_units
from indexer.retrieval.sizing.naming import share_named
from indexer.retrieval.sizing.question_form import Form, Lean, read_form
from indexer.retrieval.sizing.units import Outline
from indexer.store.records import StoredPoint
from indexer.text.terms import query_terms

NOTES = {
    "trip.md": """# Trip

## What to carry

- water bottle
- sunglasses
- passport
- phone charger

## Evenings

- dinner at eight
- the harbour closes at ten
- cards
""",
    "boat.md": """# Boat

The harbour wall is painted every year.

- check the anchor
- oil the winch
""",
}


class Notes:
    """Hand-made notes with scores given to points by their texts."""

    def __init__(self, outlines: Mapping[str, Outline]) -> None:
        self.outlines = outlines
        self.points = {p.point_id: p for o in outlines.values() for p in o.stored}

    def choose(
        self, scores: Mapping[str, float], lean: Lean = Lean.NEUTRAL, question: str = "", k: int = 5
    ) -> list[Chosen]:
        found = {
            stored.point_id: score
            for text, score in scores.items()
            for stored in self.points.values()
            if stored.point.text.startswith(text)
        }
        form = read_form(question) if question else Form(lean)
        order = sorted(found, key=lambda i: -found[i])
        asked = Asked(form, query_terms(question))
        candidates = Candidates(order, found, self.points, {})
        return choose_units(candidates, asked, self.outline_of, k)

    def outline_of(self, stored: StoredPoint) -> Outline:
        return self.outlines[stored.note.note_id]


@pytest.fixture
def notes(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Notes:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    outlines = {}
    for note in notebook.notes():
        outlines[note.note_id] = Outline(note, notebook.points_of(note.note_id))
    return Notes(outlines)


def texts(chosen: Chosen) -> list[str]:
    return [p.point.text for outline, span in chosen.places for p in outline.parts(span)]


CARRY = ["water bottle", "sunglasses", "passport", "phone charger"]


def test_far_best_point_stays_alone(notes: Notes) -> None:
    first, *_ = notes.choose({"water": 3.0, "sun": 1.9, "passport": 1.8, "phone": 1.8})
    assert texts(first) == ["water bottle"]


def test_near_equal_points_of_a_list_make_the_list(notes: Notes) -> None:
    first, *_ = notes.choose({"water": 2.0, "sun": 1.95, "passport": 1.9, "phone": 1.85})
    assert texts(first) == CARRY
    assert set(first.chances) == {i for i, p in notes.points.items() if p.point.text in CARRY}


def test_crowd_elsewhere_does_not_widen_a_lone_hit(notes: Notes) -> None:
    first, *_ = notes.choose({"water": 2.0, "dinner": 1.0, "cards": 1.0, "check": 1.0})
    assert texts(first) == ["water bottle"]


def test_form_decides_between_the_two(notes: Notes) -> None:
    scores = {"water": 2.0, "sun": 1.75, "passport": 1.7, "phone": 1.7}
    assert texts(notes.choose(scores, Lean.ONE)[0]) == ["water bottle"]
    assert texts(notes.choose(scores, Lean.SEVERAL)[0]) == CARRY


def test_heading_that_the_question_names_opens_its_section(notes: Notes) -> None:
    scores = {"dinner": 1.0, "cards": 0.55}
    assert texts(notes.choose(scores, question="suppers")[0]) == ["dinner at eight"]
    first, *_ = notes.choose(scores, question="evenings")
    assert texts(first) == ["dinner at eight", "the harbour closes at ten", "cards"]


def test_no_point_is_shown_twice(notes: Notes) -> None:
    found = notes.choose({"water": 2.0, "sun": 1.95, "passport": 1.9, "phone": 1.85, "cards": 1.0})
    shown = [text for one in found for text in texts(one)]
    assert len(shown) == len(set(shown)) and len(found) == 2


def test_k_counts_units(notes: Notes) -> None:
    scores = {"water": 3.0, "dinner": 2.0, "check": 1.5, "The harbour wall": 1.4}
    assert len(notes.choose(scores, k=2)) == 2


def search(write_notes: WriteNotes, open_notebook: OpenNotebook, question: str) -> Answer:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    return notebook.search(question)


def test_answer_holds_units_and_hits_know_theirs(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    answer = search(write_notes, open_notebook, "what to carry")
    unit = answer.units[0]
    assert (unit.kind, unit.note_id, unit.heading_path) == (
        UnitKind.SECTION,
        "trip.md",
        ("Trip", "What to carry"),
    )
    assert [point.text for point in unit.points] == CARRY
    assert [u.rank for u in answer.units] == list(range(1, len(answer.units) + 1))
    assert {hit.point_id for hit in answer.hits if hit.unit == 1} <= {
        point.point_id for point in unit.points
    }
    assert {hit.unit for hit in answer.hits} == {u.rank for u in answer.units}


def test_json_names_the_unit_of_each_hit(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    answer = search(write_notes, open_notebook, "what to carry")
    value = answer_json(answer)
    unit, hit = value["units"][0], value["hits"][0]
    assert {key: unit[key] for key in ("kind", "note", "line_start", "line_end", "points")} == {
        "kind": "section",
        "note": "trip.md",
        "line_start": 5,
        "line_end": 8,
        "points": 4,
    }
    assert hit["unit"] == {
        "kind": "section",
        "line_start": 5,
        "line_end": 8,
        "points": 4,
        "matched": len(unit["matched"]),
    }


def test_points_alone_on_request(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    answer = notebook.search("what to carry", 3, points=True)
    assert [unit.kind for unit in answer.units] == [UnitKind.POINT] * 3
    assert [(unit.line_start, unit.line_end) for unit in answer.units] == [
        (hit.line_start, hit.line_end) for hit in answer.hits
    ]


def test_unit_has_the_lines_of_the_note_as_it_is_now(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(NOTES)
    notebook = open_notebook(folder)
    notebook.build()
    moved = NOTES["trip.md"].replace("# Trip", "# Trip\n\nA new line.").replace("- passport\n", "")
    (folder / "trip.md").write_text(moved, "utf-8")
    unit: Unit = notebook.search("what to carry").units[0]
    assert [point.text for point in unit.points] == [t for t in CARRY if t != "passport"]
    assert (unit.line_start, unit.line_end) == (7, 9)


def test_lead_in_comes_with_its_list(write_notes: WriteNotes, open_notebook: OpenNotebook) -> None:
    text = "The roof was tiled in 1970.\n\nWhat the roofer needs to bring:\n\n- slates\n- nails\n"
    notebook = open_notebook(write_notes({"roof.md": text}))
    notebook.build()
    unit = notebook.search("what does the roofer need to bring").units[0]
    assert (unit.kind, [point.text for point in unit.points][1:]) == (
        UnitKind.LIST,
        ["slates", "nails"],
    )


def test_all_places_make_one_unit_where_all_are_asked_for(notes: Notes) -> None:
    scores = {"the harbour closes": 2.0, "The harbour wall": 1.2, "sun": 1.2}
    first, *_ = notes.choose(scores, question="where do I mention the harbour?")
    assert texts(first) == ["the harbour closes at ten", "The harbour wall is painted every year."]
    assert [outline.note.note_id for outline, _ in first.places] == ["trip.md", "boat.md"]
    alone, *_ = notes.choose(scores, question="when is the harbour closed?")
    assert texts(alone) == ["the harbour closes at ten"]


def test_list_that_makes_up_most_of_a_note_is_shown_for_it(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    items = "".join(f"- chapter {n} drags\n" for n in range(1, 8))
    folder = write_notes({"book.md": f"A review of the novel.\n\n{items}\nBought in May.\n"})
    notebook = open_notebook(folder)
    notebook.build()
    found = {stored.point.text: stored for stored in notebook.points_of("book.md")}
    outline = Outline(next(iter(found.values())).note, list(found.values()))
    scores = {stored.point_id: 1.0 for stored in found.values()}
    candidates = Candidates(list(scores), scores, {p.point_id: p for p in found.values()}, {})
    drags = choose_units(candidates, Asked(read_form("what drags?")), lambda _: outline, 1)
    assert [outline.lines(span) for outline, span in drags[0].places] == [(3, 9)]
    review = choose_units(candidates, Asked(read_form("summary of the book")), lambda _: outline, 1)
    assert [outline.lines(span) for outline, span in review[0].places] == [(1, 11)]


def test_unit_of_several_places_says_so_in_json(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(write_notes(NOTES))
    notebook.build()
    value = answer_json(notebook.search("everything about the harbour"))
    places = value["units"][0]["places"]
    assert {place["note"] for place in places} == {"trip.md", "boat.md"}
    assert value["hits"][0]["units"] == [
        {key: place[key] for key in ("note", "line_start", "line_end")} for place in places
    ]


def test_lines_that_say_the_same_are_one_unit(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    days = {
        f"day{n}.md": f"# Day {n}\n\n- water the tomato plants at {n} o'clock\n- walked {n} miles\n"
        for n in range(1, 8)
    }
    notebook = open_notebook(write_notes(days))
    notebook.build()
    units = notebook.search("when are the tomato plants watered?").units
    watered = [u for u in units if any("tomato" in point.text for point in u.points)]
    assert len(watered) == 1 and watered[0].similar == 6


@pytest.mark.parametrize(
    ("labels", "share"),
    [
        (("Bread", "Kneading dough"), 1.0),
        (("Bread", "Week 2: kneading the dough"), 0.5),
        (("Kneading", "Dough"), 1.0),
        (("Kneading dough", "Ovens"), 0.0),
        (("Bread", "All about kneading dough by hand, in bowls, machines and bags"), 0.0),
    ],
)
def test_label_names_a_container_as_far_as_the_question_says_it(
    labels: tuple[str, ...], share: float
) -> None:
    assert share_named(labels, query_terms("kneading dough")) == pytest.approx(share)


def test_properties_of_a_note_are_no_part_of_it(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    text = "---\ntitle: Pier\nstatus: built in 1901\n---\n\nA pier.\n\n- planks\n- rails\n"
    notebook = open_notebook(write_notes({"pier.md": text}))
    notebook.build()
    points = notebook.points_of("pier.md")
    note = Outline(points[0].note, points).around(1)[-1]
    assert note.kind is UnitKind.NOTE
    assert points[note.start].point.text == "A pier."

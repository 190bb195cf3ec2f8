"""Answers by the token: at most 2 KB for five points, whole points within a budget."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from conftest import ROOT, WriteNotes
from fakes import FakeEncoder
from hypothesis import given, settings, strategies
from surfaces import build

from indexer.compact import compact, compact_json, compact_text, points_for, similar_text
from indexer.notebook import Notebook
from indexer.records import (
    Answer,
    Hit,
    IndexState,
    Link,
    LinkKind,
    Mode,
    Place,
    Unit,
    UnitKind,
    UnitPoint,
)
from indexer.text.tokens import estimate_tokens

RunCli = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads((ROOT / "docs/schemas/compact.schema.json").read_text())
STATE = IndexState(generation=3, notes=2, points=9, stale=False, model="fake")


def hit(rank: int, text: str, **fields: object) -> Hit:
    values: dict[str, object] = {
        "rank": rank,
        "point_id": rank,
        "note_id": f"courses/note-{rank}.md",
        "title": f"Note {rank}",
        "date": None,
        "tags": (),
        "categories": (),
        "heading_path": (f"Note {rank}", "Part"),
        "parents": (),
        "line_start": 10 * rank,
        "line_end": 10 * rank,
        "text": text,
        "snippet": text[:320],
        "marks": (),
        "score": 1.0,
        "cosine": 0.5,
        "bm25": 1.0,
        "links": (),
    }
    return Hit(**(values | fields))  # type: ignore[arg-type]


def answer(*hits: Hit, answered: bool = True, state: IndexState = STATE) -> Answer:
    return Answer("q", answered, 0.87, Mode.HYBRID, 1.0, state, hits, ())


def test_passage_has_place_headings_and_words() -> None:
    found = compact(answer(hit(1, "no discussion of ethics", parents=("What I missed:",))))
    assert compact_text(found) == (
        "answered (confidence 0.87)\n\n"
        "courses/note-1.md:10  Note 1 > Part > What I missed:\n"
        "no discussion of ethics"
    )
    assert compact_json(found) == {
        "answered": True,
        "confidence": 0.87,
        "hits": [
            {
                "at": "courses/note-1.md:10",
                "path": ["Note 1", "Part", "What I missed:"],
                "text": "no discussion of ethics",
            }
        ],
    }


def test_lines_of_a_longer_point_are_a_range() -> None:
    found = compact(answer(hit(1, "a\nb", line_end=12)))
    assert "courses/note-1.md:10-12  " in compact_text(found)


def test_what_is_not_answered_is_said_with_the_nearest_topics() -> None:
    found = compact(answer(hit(1, "close"), answered=False))
    text, values = compact_text(found), compact_json(found)
    assert text.startswith("not answered: the notes hold no answer")
    assert "Say so instead of making one up" in text
    assert "nearest topics: Note 1 > Part" in text
    assert values["topics"] == ["Note 1 > Part"]
    assert "making one up" in values["advice"]


def test_nothing_found_says_what_to_try() -> None:
    found = compact(answer(answered=False))
    assert compact_text(found).startswith("nothing found")
    assert compact_json(found)["hits"] == []


def test_notices_about_the_question_are_said() -> None:
    one = dataclasses.replace(answer(hit(1, "x")), notices=("no note has the tag deeplaerning",))
    assert "\nnote: no note has the tag deeplaerning\n" in compact_text(compact(one))
    assert compact_json(compact(one))["notices"] == ["no note has the tag deeplaerning"]


def test_links_are_printed_on_request_only() -> None:
    link = Link("courses/note-1.md", 10, "a paper", "https://e.org", LinkKind.URL)
    one = answer(hit(1, "see a paper", links=(link,)))
    assert "e.org" not in compact_text(compact(one))
    assert "-> a paper: https://e.org" in compact_text(compact(one, links=True))
    shown = compact_json(compact(one, links=True))["hits"][0]["links"]
    assert shown == [{"text": "a paper", "to": "https://e.org", "ok": True}]


def test_list_is_one_passage_with_its_items_below_each_other() -> None:
    points = tuple(
        UnitPoint(i, 10 + i, 10 + i, text, ("Note 1", "Part"), depth)
        for i, (text, depth) in enumerate([("What I missed:", 0), ("ethics", 1), ("law", 2)], 1)
    )
    place = Place(UnitKind.LIST, "a.md", "Note 1", None, ("Note 1", "Part"), 11, 13, points)
    found = hit(1, "ethics", point_id=2, parents=("What I missed:",), unit=1)
    one = dataclasses.replace(answer(found), units=(Unit(1, UnitKind.LIST, (place,), 0.8),))
    assert compact_text(compact(one)).endswith(
        "\n\na.md:11-13  Note 1 > Part\nWhat I missed:\n  ethics\n    law"
    )


def test_answer_of_several_places_has_the_room_of_one() -> None:
    point = UnitPoint(1, 3, 3, "many words " * 60, ("T",))
    place = Place(UnitKind.SECTION, "a.md", "T", None, ("T",), 3, 3, (point,))
    units = tuple(Unit(rank, UnitKind.SECTION, (place, place), 1) for rank in range(1, 6))
    one = dataclasses.replace(answer(hit(1, "x")), units=units)
    assert len(compact_text(compact(one)).encode()) <= 2_000


def test_section_shows_the_headings_within_it() -> None:
    points = (
        UnitPoint(1, 3, 3, "first", ("T", "A")),
        UnitPoint(2, 5, 5, "second", ("T", "A", "B")),
    )
    place = Place(UnitKind.SECTION, "a.md", "T", None, ("T", "A"), 3, 5, points)
    one = dataclasses.replace(answer(hit(1, "x")), units=(Unit(1, UnitKind.SECTION, (place,), 1),))
    assert compact(one).passages[0].text == "first\n# B\nsecond"


def test_headings_within_a_section_are_said_once_where_they_begin() -> None:
    points = (
        UnitPoint(1, 3, 3, "first", ("T", "A")),
        UnitPoint(2, 5, 5, "B", ("T",)),  # a heading without text
        UnitPoint(3, 7, 7, "second", ("T", "B", "C")),
        UnitPoint(4, 9, 9, "third", ("T", "B", "C")),
        UnitPoint(5, 11, 11, "fourth", ("T", "D", "E")),
    )
    place = Place(UnitKind.NOTE, "a.md", "T", None, ("T",), 3, 11, points)
    one = dataclasses.replace(answer(hit(1, "x")), units=(Unit(1, UnitKind.NOTE, (place,), 1),))
    passage = compact(one).passages[0]
    assert passage.path == ("T", "A")  # above its first line
    assert passage.text == "first\nB\n# C\nsecond\nthird\n# D > E\nfourth"


def test_stale_index_is_said() -> None:
    found = compact(answer(hit(1, "text"), state=STATE._replace(stale=True)))
    assert "notes changed since the index was built" in compact_text(found)
    assert compact_json(found)["stale"]


def test_five_long_points_take_two_kilobytes_and_say_that_they_are_cut() -> None:
    found = compact(answer(*(hit(rank, f"word{rank} " * 300) for rank in range(1, 6))))
    text = compact_text(found)
    assert 1_500 < len(text.encode()) <= 2_000
    assert len(json.dumps(compact_json(found), ensure_ascii=False)) <= 2_000
    assert text.count("(shortened)") == 5
    assert all(passage.cut for passage in found.passages)
    sizes = [len(passage.text) for passage in found.passages]
    assert sizes[0] > 1.5 * sizes[1]  # the best one is cut least


def test_short_points_leave_their_room_to_a_long_one() -> None:
    long = "a whole paragraph of many words " * 40
    found = compact(answer(hit(1, long), *(hit(rank, "short") for rank in range(2, 6))))
    assert not any(passage.cut for passage in found.passages)
    assert len(compact_text(found).encode()) <= 2_000


@settings(max_examples=100, deadline=None)
@given(
    strategies.lists(
        strategies.tuples(strategies.text(min_size=1, max_size=3_000), strategies.text()),
        min_size=5,
        max_size=5,
    )
)
def test_any_five_points_take_two_kilobytes(texts: list[tuple[str, str]]) -> None:
    hits = [
        hit(rank, text, title=title, heading_path=(title,) * 9, parents=(title,) * 9)
        for rank, (text, title) in enumerate(texts, 1)
    ]
    text = compact_text(compact(answer(*hits)))
    assert len(text.encode("utf-8")) <= 2_048 + 5 * 5 * 4 * 60  # headings of four-byte letters


def test_budget_is_filled_with_whole_points_best_first() -> None:
    hits = [hit(1, "a " * 40), hit(2, "b " * 400), hit(3, "c " * 40)]
    found = compact(answer(*hits), budget=200)
    assert [passage.note_id[-4] for passage in found.passages] == ["1", "3"]
    assert [passage.text for passage in found.passages] == [hits[0].text, hits[2].text]
    assert [passage.place for passage in found.left_out] == ["courses/note-2.md:20"]
    text = compact_text(found)
    assert text.endswith("left out, no room: courses/note-2.md:20")
    assert estimate_tokens(text) <= 200
    assert compact_json(found)["left_out"] == {"count": 1, "places": ["courses/note-2.md:20"]}


@settings(max_examples=100, deadline=None)
@given(
    strategies.lists(strategies.text(min_size=1, max_size=400), max_size=30),
    strategies.integers(100, 3_000),
)
def test_budget_is_kept_whatever_the_points_are(texts: list[str], budget: int) -> None:
    hits = [hit(rank, text) for rank, text in enumerate(texts, 1)]
    found = compact(answer(*hits), budget=budget)
    assert len(found.passages) + len(found.left_out) == len(hits)
    assert not any(passage.cut for passage in found.passages)
    assert estimate_tokens(compact_text(found)) <= budget or not found.passages


def test_more_points_are_asked_for_where_there_is_room() -> None:
    assert points_for(None, None, 5) == 5
    assert points_for(1_000, None, 5) == 40
    assert points_for(100_000, None, 5) == 100
    assert points_for(1_000, 3, 5) == 3


def test_nothing_in_a_note_steers_a_terminal() -> None:
    found = compact(answer(hit(1, "a\x1b[2Jb\u202e", title="t\x07", note_id="a\udce9.md")))
    assert "\x1b" not in compact_text(found)
    assert "\u202e" not in compact_text(found)
    compact_text(found).encode("utf-8")


def test_similar_points_are_compact_too() -> None:
    text = similar_text("a.md:3", [hit(1, "near " * 500)])
    assert text.startswith("near a.md:3, in other notes:")
    assert len(text.encode()) < 1_300
    assert similar_text("a.md", []) == "nothing is near a.md but notes that it links to"


@pytest.fixture
def folder(write_notes: WriteNotes) -> Path:
    made = write_notes(
        {
            "review.md": "# Review\n\n- no discussion of ethics, see [one](one.md)\n- loud\n",
            "one.md": "# Course one\n\n" + "".join(f"- ethics of part {i}\n" for i in range(9)),
        }
    )
    with Notebook(made, encoder=FakeEncoder()) as notebook:
        notebook.build()
    return made


def test_command_prints_compact_text_and_json(folder: Path, run_cli: RunCli) -> None:
    ask = ("query", "discussion of ethics", "--notes", str(folder))
    status, out, _ = run_cli(*ask, "--format", "compact")
    assert status == 0
    assert out.startswith("answered (confidence ")
    assert out.count("\n\n") == 5
    _, out, _ = run_cli(*ask, "--format", "compact", "--json", "--links", "-k", "1")
    values = json.loads(out)
    jsonschema.validate(values, SCHEMA)
    assert [one["at"] for one in values["hits"]] == ["review.md:3"]
    assert values["hits"][0]["links"] == [{"text": "one", "to": "one.md", "ok": True}]


def test_budget_implies_compact_and_fills_it(folder: Path, run_cli: RunCli) -> None:
    ask = ("query", "discussion of ethics", "--notes", str(folder))
    _, out, _ = run_cli(*ask, "--budget", "1000")
    passages = out.split("\n\n")[1:]  # every point of the folder, adjacent ones joined
    assert passages[0] == "review.md:3-4  Review\nno discussion of ethics, see one\nloud"
    assert passages[1].startswith("one.md:3-11  Course one\nethics of part 0\n")
    assert len(passages) == 2
    _, out, _ = run_cli(*ask, "--budget", "60")
    assert estimate_tokens(out) <= 60


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "compact", "--markdown"),
        ("--budget", "100", "--format", "json"),
        ("--json", "--format", "fzf"),
        ("--budget", "1"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    folder: Path, run_cli: RunCli, options: tuple[str, ...]
) -> None:
    assert run_cli("query", "ethics", "--notes", str(folder), *options)[0] == 2


def test_json_of_a_query_is_as_before(folder: Path, run_cli: RunCli) -> None:
    ask = ("query", "discussion of ethics", "--notes", str(folder))
    hits = json.loads(run_cli(*ask, "--json")[1])["hits"]
    again = json.loads(run_cli(*ask, "--format", "json")[1])["hits"]
    assert hits == again
    assert hits[0]["links"]


def test_launchers_and_editors_get_their_shape(folder: Path, run_cli: RunCli) -> None:
    ask = ("query", "discussion of ethics", "--notes", str(folder), "-k", "2", "--format")
    path = str(folder / "review.md")
    text = "no discussion of ethics, see one"
    alfred = json.loads(run_cli(*ask, "alfred")[1])["items"]
    assert (alfred[0]["title"], alfred[0]["arg"]) == (text, f"{path}:3")
    raycast = json.loads(run_cli(*ask, "raycast")[1])["items"]
    assert (raycast[0]["title"], raycast[0]["subtitle"]) == (text, "Review")
    assert (raycast[0]["path"], raycast[0]["line"]) == (path, 3)
    assert run_cli(*ask, "vimgrep")[1].split("\n")[0] == f"{path}:3:1:{text}"
    assert run_cli(*ask, "fzf")[1].split("\n")[0] == f"{path}\t3\tReview\t{text}"


@pytest.mark.parametrize("question", ["sourdough bread recipe", "ethics", "zebra or videos?"])
@pytest.mark.parametrize("budget", [50, 60, 80, 120])
def test_smallest_budgets_are_kept(write_notes: WriteNotes, question: str, budget: int) -> None:
    """Also if nothing is answered, and the topics and notices are long."""
    heading = "A heading of many words about the lectures, " * 3
    bullets = "".join(f"- ethics of videos, part {i}\n" for i in range(9))
    folder = write_notes({f"{i}.md": f"# {heading}{i}\n\n{bullets}" for i in range(6)})
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build()
        answer = notebook.search(question, points_for(budget, None, 5), budget=budget)
    text = compact_text(compact(answer, budget=budget))
    assert estimate_tokens(text) <= budget
    assert text.startswith("answered" if answer.answered else "not answered: the notes hold no")


def test_each_line_of_a_finder_is_one_hit(
    write_notes: WriteNotes, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the name of the file; the paths are relative to the working directory."""
    names = [
        "a:b.md",
        'c "d" $(e).md',
        "-f é.md",
        "g\nnot answered: h.md",
        "t\tu.md",
        "\x1b[31m.md",
    ]
    folder = write_notes({name: f"- ethics of {number}\n" for number, name in enumerate(names)})
    build(folder)
    monkeypatch.chdir(folder.parent)
    ask = ("query", "ethics", "--notes", "notes", "-k", "9", "--format")
    shown = ["a:b.md", 'c "d" $(e).md', "-f é.md", "g\\x0anot answered: h.md", "t\\x09u.md"]
    paths = {f"notes/{name}" for name in (*shown, "\\x1b[31m.md")}
    lines = run_cli(*ask, "vimgrep")[1].splitlines()
    assert {line.rpartition(":1:1:")[0] for line in lines} == paths
    lines = run_cli(*ask, "fzf")[1].splitlines()
    assert {tuple(line.split("\t")[:2]) for line in lines} == {(path, "1") for path in paths}
    assert {line.count("\t") for line in lines} == {3}
    for form, key in (("alfred", "quicklookurl"), ("raycast", "path")):
        items = json.loads(run_cli(*ask, form)[1])["items"]
        assert {item[key] for item in items} == {str(folder / name) for name in names}
        assert not any("\n" in item["title"] + item["subtitle"] for item in items)
    text = run_cli(*ask, "compact")[1]
    assert "\nnot answered" not in text and "g\\x0anot answered: h.md:1" in text


def test_items_of_alfred_have_the_fields_of_script_filters(folder: Path, run_cli: RunCli) -> None:
    """As in Alfred's reference "Script Filter JSON Format"."""
    ask = ("query", "discussion of ethics", "--notes", str(folder), "--format", "alfred")
    found = json.loads(run_cli(*ask)[1])
    assert set(found) == {"items"}
    kinds = {"uid": str, "title": str, "subtitle": str, "arg": str, "quicklookurl": str}
    for item in found["items"]:
        assert {key: type(item[key]) for key in kinds} == kinds
        assert set(item) == {*kinds, "text"} and set(item["text"]) == {"copy", "largetype"}


def test_launcher_is_told_that_nothing_answers(folder: Path, run_cli: RunCli) -> None:
    status, out, _ = run_cli("query", "zebra", "--notes", str(folder), "--format", "alfred")
    assert status == 1
    assert json.loads(out)["items"][0]["valid"] is False


def test_estimate_of_tokens_is_of_the_right_size() -> None:
    assert estimate_tokens("no discussion of ethics") == 5
    assert estimate_tokens("2024-03-03") == 6
    assert estimate_tokens("漢字かな") == 4
    assert estimate_tokens("") == 0

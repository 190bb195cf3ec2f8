"""Pure functions on scores."""

from __future__ import annotations

import pytest

from indexer.records import BlockKind, Mode, Point
from indexer.retrieval.ranking import MAX_PER_NOTE, fuse, place_lead_ins, rank, spread
from indexer.store.store import NoteInfo, StoredPoint


def stored(point_id: int, text: str, ordinal: int, **fields: object) -> StoredPoint:
    note = NoteInfo("note.md", "Note", None, (), (), (), "")
    point = Point(text, fields.pop("kind", BlockKind.ITEM), 1, 1, **fields)  # type: ignore[arg-type]
    return StoredPoint(point_id, ordinal, note, point)


def test_both_legs_raise_the_score() -> None:
    assert fuse(0.5, 0.0, Mode.HYBRID) < fuse(0.6, 0.0, Mode.HYBRID) < fuse(0.6, 5.0, Mode.HYBRID)


def test_one_leg_alone_is_that_leg() -> None:
    assert fuse(0.5, 9.0, Mode.DENSE) == 0.5
    assert fuse(0.9, 8.0, Mode.LEXICAL) == 0.5


def test_bm25_has_a_limit() -> None:
    assert fuse(0.0, 1e9, Mode.HYBRID) == pytest.approx(0.3)


def test_equal_scores_are_ordered_by_their_place() -> None:
    points = {3: stored(3, "c", 9), 5: stored(5, "b", 1), 7: stored(7, "a", 2)}
    assert rank({7: 0.5, 3: 0.5000000001, 5: 0.9}, points) == [5, 7, 3]


def test_lead_in_comes_right_below_its_best_point() -> None:
    points = {
        1: stored(1, "Advice:", 0, lead_in=True),
        2: stored(2, "read papers", 1, parents=("Advice:",)),
        3: stored(3, "write code", 2, parents=("Advice:",)),
    }
    placed = place_lead_ins({1: 0.9, 2: 0.4, 3: 0.6}, points)
    assert rank(placed, points) == [3, 1, 2]


def test_lead_in_without_its_points_keeps_its_score() -> None:
    points = {1: stored(1, "Advice:", 0, lead_in=True), 2: stored(2, "else", 1)}
    assert place_lead_ins({1: 0.9, 2: 0.4}, points) == {1: 0.9, 2: 0.4}


def test_bare_heading_comes_below_what_stands_under_it() -> None:
    points = {
        1: stored(1, "Week 1", 0, kind=BlockKind.HEADING),
        2: stored(2, "a fact", 1, heading_path=("Week 1", "Basics")),
    }
    assert rank(place_lead_ins({1: 0.9, 2: 0.4}, points), points) == [2, 1]


def test_no_note_floods_the_list() -> None:
    ranked = list(range(20))
    notes = {i: "long.md" if i < 15 else f"{i}.md" for i in ranked}
    shown = spread(ranked, notes.__getitem__, 8)
    assert sum(notes[i] == "long.md" for i in shown) == MAX_PER_NOTE
    assert shown == [0, 1, 2, 15, 16, 17, 18, 19]


def test_what_was_held_back_fills_the_list() -> None:
    assert spread([1, 2, 3, 4, 5], lambda _: "one.md", 5) == [1, 2, 3, 4, 5]

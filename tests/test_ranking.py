"""Pure functions on scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indexer.records import BlockKind, Link, LinkKind, Mode, Point
from indexer.retrieval.lowering import lower_pointers, lower_properties, may_be_pointer
from indexer.retrieval.ranking import (
    MAX_PER_NOTE,
    Evidence,
    Weights,
    diffuse,
    favour_named,
    favour_short_notes,
    first_of,
    fuse,
    highest_bm25,
    idf,
    place_lead_ins,
    rank,
    share_of_documents,
    share_of_words,
    spread,
)
from indexer.retrieval.sizing.stance import favour_reviews
from indexer.store.records import NoteInfo, StoredPoint


def stored(point_id: int, text: str, ordinal: int, **fields: object) -> StoredPoint:
    note = NoteInfo("note.md", "Note", None, (), (), (), "")
    point = Point(text, fields.pop("kind", BlockKind.ITEM), 1, 1, **fields)  # type: ignore[arg-type]
    return StoredPoint(point_id, ordinal, note, point)


def scores_of(mode: Mode = Mode.HYBRID, **points: Evidence) -> list[str]:
    """Return the names of points by falling score."""
    names = dict(enumerate(points))
    scores = fuse(dict(enumerate(points.values())), mode)
    return [names[i] for i in sorted(scores, key=lambda i: -scores[i])]


def test_each_leg_raises_the_score() -> None:
    plain = Evidence(0.4, 0.2, 0.4, 10)
    for better in (
        Evidence(0.5, 0.2, 0.4, 10),
        Evidence(0.4, 0.5, 0.4, 10),
        Evidence(0.4, 0.2, 0.5, 10),
    ):
        assert scores_of(plain=plain, better=better) == ["better", "plain"]


def test_mode_says_which_legs_count() -> None:
    words, meaning = Evidence(0.1, 0.9, 0.1, 10), Evidence(0.9, 0.0, 0.9, 10)
    assert scores_of(Mode.LEXICAL, words=words, meaning=meaning) == ["words", "meaning"]
    assert scores_of(Mode.DENSE, words=words, meaning=meaning) == ["meaning", "words"]


def test_words_that_most_points_have_still_order_them() -> None:
    few = {i: Evidence(0.5, words, 0.5, 10) for i, words in enumerate((2e-6, 1e-6, 0.0))}
    scores = fuse(few, Mode.LEXICAL)
    assert round(scores[0], 3) > round(scores[1], 3) > scores[2] == 0.0


def test_late_interaction_counts_less_in_long_points() -> None:
    short, long = Evidence(0.4, 0.0, 0.6, 10), Evidence(0.4, 0.0, 0.6, 250)
    assert scores_of(long=long, short=short, other=Evidence(0.1, 0.0, 0.1, 10))[0] == "short"


def test_of_two_as_good_the_shorter_comes_first_unless_they_are_documents() -> None:
    def lead(short: int, long: int, *others: int, better: float = 0.0) -> float:
        points = [Evidence(0.4, 0.2, 0.4, short), Evidence(0.4 + better, 0.2, 0.4, long)]
        points += [Evidence(0.1, 0.0, 0.1, length) for length in others]
        scores = fuse(dict(enumerate(points)), Mode.HYBRID, Weights(long_pieces=math.inf))
        return scores[0] - scores[1]

    assert lead(5, 25) == pytest.approx(20 * Weights().brevity)
    assert lead(5, 25, better=0.1) < 0
    assert lead(60, 250, 5, 5, 5) == pytest.approx(0)  # above that, length costs nothing
    assert lead(150, 250) == pytest.approx(0)


def test_among_documents_words_count_against_the_one_that_has_most() -> None:
    evidence = {1: Evidence(0.50, 0.2, 0.9, 200), 2: Evidence(0.52, 0.1, 0.1, 200)}
    scores = fuse(evidence, Mode.HYBRID)
    late = 2.5 * 0.6 * (0.50 - 0.52)  # only the value expected from the cosines
    assert scores[1] - scores[2] == pytest.approx(0.50 - 0.52 + Weights().long_words / 2 + late)
    assert fuse(evidence, Mode.DENSE)[1] < fuse(evidence, Mode.DENSE)[2]


@pytest.mark.parametrize(
    ("lengths", "share"), [([], 0.0), ([0, 0], 0.0), ([60], 0.0), ([90, 110], 0.5), ([400], 1.0)]
)
def test_long_candidates_are_documents(lengths: list[int], share: float) -> None:
    assert share_of_documents(lengths) == share


def test_diffusion_draws_a_score_to_those_nearby() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    scores = diffuse({7: 1.0, 8: 0.0, 9: 0.0}, vectors, 0.5)
    assert scores[8] > scores[9]
    assert list(scores) == [7, 8, 9]
    assert diffuse({7: 1.0, 8: 0.0}, vectors[:2], 0.5) == {7: 0.5, 8: 0.5}


def test_diffusion_leaves_what_has_no_neighbours() -> None:
    vectors = np.eye(2, dtype=np.float32)
    assert diffuse({1: 1.0, 2: 0.25}, vectors, 0.35) == {1: 1.0, 2: 0.25}
    assert diffuse({}, np.zeros((0, 2), np.float32), 0.35) == {}


def test_diffusion_asks_the_nearest_only() -> None:
    vectors = np.eye(8, dtype=np.float32)
    vectors[0] = [0.0, 0.5, 0.5, 0.4, 0.4, 0.3, 0.2, 0.2]
    vectors[0] /= np.linalg.norm(vectors[0])
    scores = {0: 0.0} | dict.fromkeys(range(1, 6), 0.0) | {6: 1.0, 7: 1.0}
    assert diffuse(scores, vectors, 1.0)[0] == 0.0


def test_share_of_words_is_one_at_most_and_counts_rarity() -> None:
    rarity = idf(100, {"common": 60, "rare": 1}, ["common", "rare", "unknown"])
    assert rarity["common"] < rarity["rare"] < rarity["unknown"]
    assert share_of_words(1e9, highest_bm25(["rare"], rarity)) == 1.0
    alone, joined = (highest_bm25(terms, rarity) for terms in (["rare"], ["rare", "unknown"]))
    assert share_of_words(4.0, alone) > share_of_words(4.0, joined)
    assert share_of_words(4.0, highest_bm25([], rarity)) == 0.0


def test_what_equals_the_last_one_is_kept() -> None:
    assert first_of({1: 0.5, 2: 0.9, 3: 0.5, 4: 0.1}, 2) == [1, 2, 3]
    assert first_of({1: 0.5}, 2) == [1]


def test_equal_scores_are_ordered_by_their_place() -> None:
    points = {3: stored(3, "c", 9), 5: stored(5, "b", 1), 7: stored(7, "a", 2)}
    assert rank({7: 0.5, 3: 0.5000000001, 5: 0.9}, points) == [5, 7, 3]


def in_note(point_id: int, note_id: str) -> StoredPoint:
    made = stored(point_id, "text", 0)
    return made._replace(note=made.note._replace(note_id=note_id))


def test_of_two_as_good_the_one_of_the_shorter_note_comes_first() -> None:
    points = {1: in_note(1, "long.md"), 2: in_note(2, "short.md")}
    sizes = {"long.md": 120, "short.md": 12}
    scores = favour_short_notes({1: 1.0, 2: 0.99}, points, sizes, 0.07)
    assert rank(scores, points) == [2, 1]
    assert rank(favour_short_notes({1: 1.2, 2: 0.99}, points, sizes, 0.07), points) == [1, 2]


@pytest.mark.parametrize(
    ("question", "gains"),
    [
        ("2024 03 03", [True, False, False]),
        ("ran 2024 03 04", [False, True, False]),
        ("week 3", [False, False, True]),
        ("2024 03", [False, False, False]),
        ("ran", [False, False, False]),
    ],
)
def test_point_of_a_named_day_or_section_gains(question: str, gains: list[bool]) -> None:
    points = {
        1: in_note(1, "2024-03-03.md"),
        2: stored(2, "ran", 0, heading_path=("2024-03-04",)),
        3: stored(3, "ran", 0, heading_path=("Week 3",)),
    }
    terms = question.split()
    scores = favour_named(dict.fromkeys(points, 1.0), points, terms, dict.fromkeys(terms, 2.0))
    assert [score > 1 for score in scores.values()] == gains


@pytest.mark.parametrize(("size", "like"), [(0, 10), (3, 10), (150, 90_000)])
def test_size_of_a_note_counts_within_limits(size: int, like: int) -> None:
    points = {1: in_note(1, "a.md")}
    found = favour_short_notes({1: 1.0}, points, {"a.md": size}, 0.07)
    assert found == favour_short_notes({1: 1.0}, points, {"a.md": like}, 0.07)


def test_properties_come_below_text_as_good() -> None:
    points = {1: stored(1, "Author: Ada", 0, kind=BlockKind.PROPERTIES), 2: stored(2, "Ada", 1)}
    assert rank(lower_properties({1: 1.2, 2: 1.0}, points), points) == [2, 1]
    assert rank(lower_properties({1: 2.0, 2: 1.0}, points), points) == [1, 2]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Does the teacher repeat things?", 2),
        ("Is ethics covered in this course?", 2),
        ("are some lessons too loud?", 2),
        ("problems with the recordings", 2),
        ("does she ever mention glazing?", 2),
        ("Do they say everything twice?", 2),
        ("is soldering taught anywhere?", 2),
        ("Aren't safety goggles emphasised enough?", 2),
        ("How do I repeat a sample?", 1),
        ("link to the course notes", 1),
        ("lessons on soldering", 1),
        ("lecture 3", 1),
        ("does she like cheese?", 1),
        ("is the pot covered while it boils?", 1),
        ("when was glazing mentioned?", 1),
        ("is there a lid?", 1),
    ],
)
def test_what_is_asked_of_a_course_is_answered_by_its_review(question: str, first: int) -> None:
    points = {1: in_note(1, "week-1.md"), 2: in_note(2, "review.md")}
    notes = {i: stored.note for i, stored in points.items()}
    notes[2] = notes[2]._replace(title="Review of the course")
    assert rank(favour_reviews({1: 1.1, 2: 1.0}, notes, question), points)[0] == first


def test_description_comes_below_text_as_good() -> None:
    text = "How to keep a sourdough starter alive."
    note = NoteInfo("a.md", "Sourdough", None, (), (), (), "", (("description", text),))
    first = StoredPoint(1, 0, note, Point(text, BlockKind.PARAGRAPH, 2, 2))
    below = StoredPoint(2, 1, note, Point(text, BlockKind.PARAGRAPH, 9, 9, ("Feeding",)))
    points = {1: first, 2: below}
    assert rank(lower_properties({1: 1.1, 2: 1.0}, points), points) == [2, 1]
    assert rank(lower_properties({1: 1.3, 2: 1.0}, points), points) == [1, 2]


LONG_TOPIC = "How often is a starter fed in winter? What do I do if I leave it alone for a week?"


def test_text_of_a_few_lines_says_something_itself() -> None:
    assert may_be_pointer(stored(1, LONG_TOPIC, 0))
    assert not may_be_pointer(stored(1, 3 * LONG_TOPIC, 0))


@pytest.mark.parametrize(
    ("text", "kind", "words", "falls"),
    [
        ("Feeding a starter", LinkKind.NOTE, ("feeding a starter",), True),
        ("Feeding a starter.", LinkKind.ANCHOR, ("Feeding a starter",), True),
        ("Feeding a starter", LinkKind.URL, ("Feeding a starter",), False),  # asked for, perhaps
        ("Feeding a starter daily", LinkKind.NOTE, ("Feeding a starter",), False),
        ("Feeding; storing", LinkKind.NOTE, ("Feeding;", "storing"), True),
        (LONG_TOPIC, LinkKind.ANCHOR, (LONG_TOPIC,), True),
    ],
)
def test_line_that_only_leads_elsewhere_in_the_notes_falls(
    text: str, kind: LinkKind, words: tuple[str, ...], falls: bool
) -> None:
    points = {1: stored(1, text, 0), 2: stored(2, "twice a day", 1)}
    links = {1: [Link("note.md", 1, word, "x", kind) for word in words]}
    lowered = lower_pointers({1: 1.1, 2: 1.0}, points, links)
    assert rank(lowered, points) == ([2, 1] if falls else [1, 2])


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


def test_short_item_comes_below_those_under_it_unless_they_are_far_behind() -> None:
    short, long = "Gradient checking", "Gradient checking " + "compares two ways of it " * 4
    for text, score, order in (
        (short, 0.6, [2, 1]),
        (short, 0.3, [1, 2]),  # much worse
        (long, 0.6, [1, 2]),  # says something itself
    ):
        points = {1: stored(1, text, 0), 2: stored(2, "costs two passes", 1, parents=(text,))}
        assert rank(place_lead_ins({1: 0.9, 2: score}, points), points) == order


def test_no_note_floods_the_list() -> None:
    ranked = list(range(20))
    notes = {i: "long.md" if i < 15 else f"{i}.md" for i in ranked}
    shown = spread(ranked, notes.__getitem__, MAX_PER_NOTE + 5)
    assert shown == [*range(MAX_PER_NOTE), 15, 16, 17, 18, 19]


def test_what_was_held_back_fills_the_list() -> None:
    ranked = list(range(MAX_PER_NOTE + 2))
    assert spread(ranked, lambda _: "one.md", len(ranked)) == ranked

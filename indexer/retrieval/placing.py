"""The rules that move points after their evidence is joined, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from indexer.retrieval.answer_forms import favour_form
from indexer.retrieval.candidates import Weighed
from indexer.retrieval.lowering import lower_names
from indexer.retrieval.query import Asked, Query
from indexer.retrieval.ranking import (
    favour_named,
    favour_only_word,
    favour_short_notes,
    first_of,
    lower_paths,
    place_copies,
    place_lead_ins,
)
from indexer.retrieval.repeats import count_repeats, lower_repeats
from indexer.retrieval.sizing.question_form import read_form
from indexer.retrieval.sizing.stance import favour_reviews
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

Scores = dict[int, float]
# The number of best candidates to read in full; more if the caller asks for more.
_READ = 50
_REPEATS = 10  # if this many of the points read are equal, all candidates are read


class Placing(NamedTuple):
    """What the rules look at: the question, its index, and the points that may be moved."""

    view: View
    asked: Asked
    query: Query
    weighed: Weighed
    points: Mapping[int, StoredPoint]
    lower: Sequence[str]

    @property
    def text(self) -> str:
        """The question as typed."""
        return self.asked.question.text


def read_best(view: View, scores: dict[int, float], k: int) -> dict[int, StoredPoint]:
    """Return the points that may become hits, best first.

    :param view: the index.
    :param scores: point id to score, of all candidates.
    :param k: how many hits the caller wants.
    """
    best = first_of(scores, max(_READ, 4 * k))
    points = view.read_points(best, links=False)
    if count_repeats(points) >= _REPEATS:  # the repeated points may crowd out others
        best = list(scores)
        points = view.read_points(best, links=False)
    return {i: points[i] for i in best}


def place(scores: Scores, placing: Placing) -> tuple[tuple[str, Scores], ...]:
    """Return the scores after each rule, with the rule's name; those of the last rule count.

    :param scores: point id to joined evidence.
    :param placing: the points and their question.
    """
    steps = [("evidence joined", scores)]
    for name, rule in _RULES:
        scores = rule(scores, placing)
        steps.append((name, scores))
    return tuple(steps)


def _by_size(scores: Scores, placing: Placing) -> Scores:
    notes = {stored.note.note_id for stored in placing.points.values()}
    sizes = placing.view.note_sizes(notes)
    return favour_short_notes(scores, placing.points, sizes, placing.query.weights.note_size)


def _by_name(scores: Scores, placing: Placing) -> Scores:
    asked, points = placing.asked, placing.points
    named = favour_named(scores, points, asked.question.terms, asked.rarity)
    words = {i: placing.weighed.evidence[i].words for i in named}
    named = favour_only_word(named, words, placing.text)
    named = lower_paths(named, points, placing.lower)
    return favour_reviews(named, {i: one.note for i, one in points.items()}, placing.text)


def _by_form(scores: Scores, placing: Placing) -> Scores:
    if placing.asked.by_words:
        return scores
    return favour_form(scores, placing.points, placing.text, placing.asked.rarity)


def _below_text(scores: Scores, placing: Placing) -> Scores:
    return lower_names(scores, placing.points, placing.view.links_in)


def _below_own_points(scores: Scores, placing: Placing) -> Scores:
    return place_lead_ins(scores, placing.points)


def _below_unique(scores: Scores, placing: Placing) -> Scores:
    everywhere = read_form(placing.text).everywhere
    return scores if everywhere else lower_repeats(scores, placing.points)


def _below_originals(scores: Scores, placing: Placing) -> Scores:
    return place_copies(scores, placing.points)


_RULES: tuple[tuple[str, Callable[[Scores, Placing], Scores]], ...] = (
    ("size of the note", _by_size),
    ("named by the question", _by_name),
    ("in the form asked for", _by_form),
    ("front matter and mere links", _below_text),
    ("below its own points", _below_own_points),
    ("repeated in many notes", _below_unique),
    ("copies", _below_originals),
)

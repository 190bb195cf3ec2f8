"""Data for finding the part of a note that a question asks for by name, kind or side.

"Notes on week 2 of sequence models" asks for the section with that name, "summary of the review"
for the note of that kind, "what did I not like?" for the list of criticism, "which notes go with
the review?" for its list of links. Such a part is shown whole, whatever the ranks of its points. If
nothing has the name, there is no part, and the ranking decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from indexer.retrieval.query import Query
from indexer.retrieval.ranking import Ranking
from indexer.retrieval.sizing.note_names import NoteName, NoteNames, content_terms, name_of
from indexer.retrieval.sizing.question_form import FORM_TERMS, Form
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

Places = tuple[tuple[Outline, Span], ...]
# The most points with all terms of a name whose labels are read.
_MOST_READ = 200
# The number of points whose notes are searched for opinions and links.
_COMPARED = 30
# A container is as good as the best if its labels have nearly as much of the question.
AS_GOOD = 0.9
# The least share of a name in a question.
MOSTLY_NAMED = 0.6


class Part(NamedTuple):
    """Places to show as one unit; ``least`` is the minimum of its confidence.

    ``hits`` says that each point is wanted for its links and must be a hit. ``rule`` names what
    found it.
    """

    places: Places
    least: float
    hits: bool = False
    rule: str = ""


class Around(NamedTuple):
    """What parts are looked for in: the question, the index and what was ranked.

    ``spelled`` is the question with its acronyms spelled out, ``text`` as it was typed.
    """

    text: str
    spelled: str
    form: Form
    view: View
    names: NoteNames
    outline_of: Callable[[StoredPoint], Outline]
    ranking: Ranking
    query: Query

    def ranked(self) -> Iterator[StoredPoint]:
        """Yield the best points of the ranking."""
        return (self.ranking.points[i] for i in self.ranking.order[:_COMPARED])

    def score(self, note_id: str) -> float:
        """Return the best score of a note, or a score below all others."""
        points = self.ranking.points
        scores = [
            self.ranking.scores[i] for i in self.ranking.order if points[i].note.note_id == note_id
        ]
        return max(scores, default=-1.0)

    def notes(self) -> Sequence[NoteName]:
        """Return the names of the notes that may answer."""
        if self.query.where:
            return [name_of(note) for note in {p.note: None for p in self.ranked()}]
        return self.names.of(self.view)

    def outline(self, note: str) -> Outline | None:
        """Return the outline of a note, None if it has no points, or none since the build."""
        first = self.view.points_between(note, 0, 0)
        outline = self.outline_of(first[0]) if first else None
        return outline if outline is not None and outline.points else None

    def points_with(self, terms: Iterable[str]) -> Iterable[StoredPoint]:
        """Return points that have all terms in their text or context."""
        ids = self.view.points_with([*terms], _MOST_READ, self.query.where)
        return self.view.read_points(ids, links=False).values()


def note_of(around: Around, subject: Collection[str], *, by_name: bool = False) -> Outline | None:
    """Return the note that a subject names, None if no note or several notes have the name.

    :param around: the question.
    :param subject: terms of the name: of a title or alias, or of its tags, folder and kind.
    :param by_name: True if the only note with these terms must have most of them in its name.
    """
    if not subject:
        return None
    shares = {one: one.share(subject) for one in around.notes() if one.known().issuperset(subject)}
    most = max(shares.values(), default=0.0)
    best = [one for one, share in shares.items() if share >= AS_GOOD * most]
    if most < MOSTLY_NAMED or len(best) != 1:
        best = [] if by_name else list(shares)
    return around.outline(best[0].note.note_id) if len(best) == 1 else None


def subject_of(text: str) -> frozenset[str]:
    """Return the terms of a text without those of the form of a question."""
    return content_terms(text) - FORM_TERMS

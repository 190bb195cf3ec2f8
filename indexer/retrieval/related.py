"""Find other notes that may help: linked with the best hits, or nearly as close."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from indexer.records import Hit, RelatedNote
from indexer.retrieval.freshness import Freshness
from indexer.retrieval.ranking import Ranking
from indexer.store.protocol import View

_MOST = 5
_LINKING_HITS = 3
_CLOSE = 10  # a note without one of this number of best points is not close
# A note linked with more notes than this, or with half of all, would be related to everything.
_HUB_NOTES = 20
_LEAST_HUB_NOTES = 4


class RelatedNotes:
    """Finds related notes; hubs and the notes that link to one are found once per generation."""

    def __init__(self, freshness: Freshness) -> None:
        """Store the freshness checks, which know deleted notes."""
        self._freshness = freshness
        self._generation = -1
        self._hubs: dict[str, bool] = {}
        self._linking: dict[str, list[str]] = {}  # the notes that link to a note

    def find(
        self, view: View, ranking: Ranking, hits: Sequence[Hit], shown: Collection[str]
    ) -> tuple[RelatedNote, ...]:
        """Return related notes that the hits do not show, without hubs and deleted notes.

        :param view: the index.
        :param ranking: of the question.
        :param hits: of the question, best first.
        :param shown: the notes already shown.
        """
        generation = view.header().generation
        if generation != self._generation:
            self._hubs, self._linking, self._generation = {}, {}, generation
        return tuple(islice(self._found(view, ranking, hits, {*shown}), _MOST))

    def _found(
        self, view: View, ranking: Ranking, hits: Sequence[Hit], shown: set[str]
    ) -> Iterator[RelatedNote]:
        for note_id, why in self._reasons(view, ranking, hits).items():
            if note_id in shown or self._is_hub(view, note_id):
                continue
            note = view.note(note_id)
            if note is not None and self._freshness.is_there(note_id, view):
                yield RelatedNote(note_id, note.title, why)

    def _is_hub(self, view: View, note_id: str) -> bool:
        if note_id not in self._hubs:
            near = {link.to for link in view.links_of(note_id) if link.to}
            near.update(self._linking_to(view, note_id))
            most = min(_HUB_NOTES, max(_LEAST_HUB_NOTES, view.header().notes // 2))
            self._hubs[note_id] = len(near - {note_id}) > most
        return self._hubs[note_id]

    def _linking_to(self, view: View, note_id: str) -> list[str]:
        known = self._linking.get(note_id)
        if known is None:
            linking = dict.fromkeys(link.note_id for link in view.backlinks(note_id))
            known = self._linking[note_id] = list(linking)
        return known

    def _reasons(self, view: View, ranking: Ranking, hits: Sequence[Hit]) -> dict[str, str]:
        why: dict[str, str] = {}
        for hit in hits[:_LINKING_HITS]:
            for link in (*hit.links, *hit.note_links):
                if link.to:
                    why.setdefault(link.to, f"linked from {hit.title}")
            for note_id in self._linking_to(view, hit.note_id):
                why.setdefault(note_id, f"links to {hit.title}")
        for point_id in ranking.order[:_CLOSE]:
            why.setdefault(ranking.points[point_id].note.note_id, "close as well")
        return why

"""English questions to an index of the multilingual model: the first points are read again.

The multilingual model understands English less well than the default model does. So for an English
question over English points, the first candidates are encoded by the default model as well, and
scored as it scores them. Then the neighbours of the best ones are read too, since points about one
subject are near each other in either model (graph-based adaptive reranking, MacAvaney, Tonellotto &
Macdonald, CIKM 2022). Points are remembered; a new question encodes few. See benchmarks/QUALITY.md
for what it gains.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

import numpy as np

from indexer.encoding.encoder import Encoder
from indexer.errors import EncoderError
from indexer.lru import Lru
from indexer.notes.points import context_of
from indexer.records import Mode
from indexer.retrieval.candidates import Candidates, Found, Weighed, given_candidates, weigh
from indexer.retrieval.languages import ENGLISH, language_of
from indexer.retrieval.late_interaction import max_similarities
from indexer.retrieval.query import Asked, Query
from indexer.retrieval.question import word_weights
from indexer.retrieval.ranking import Evidence, fuse
from indexer.store.protocol import View
from indexer.store.records import StoredPoint, Vectors

# Points that are read again: 20, 40 and 100 find .71, .75 and .75 of the answers over corpus/.
_READ_AGAIN = 40
# Then the points nearest to the best ones; 12 to each of 3 find two answers fewer of 150.
_BEST = 5
_NEIGHBOURS = 8
_REMEMBERED = 4_000  # points, 3 KB each
_TELLING = 10  # points that say in which language the notes are
# A question too short to tell its language is in that of the notes if they have this share of its
# words.
_KNOWN = 0.5


class EnglishReader:
    """Scores the first candidates of English questions by a second model."""

    def __init__(self, open_encoder: Callable[[], Encoder]) -> None:
        """Open nothing yet.

        :param open_encoder: opens the second model; asked once, at the first English question.
        """
        self._open_encoder = open_encoder
        self._encoder: Encoder | None = None
        self._missing = False
        self._read: Lru[int, tuple[Vectors, bytes]] = Lru(_REMEMBERED)

    def read(self, view: View, asked: Asked, query: Query, found: Found) -> Found:
        """Return candidates with neighbours of the best ones, these and the first by the new score.

        The order of all others stays, below these.

        :param view: the index.
        :param asked: the question as it was read.
        :param query: its options.
        :param found: the candidates, scored by the model of the index.
        :return: the same if the question or the points are not in English, or if there is no second
            model.
        """
        if query.mode is Mode.LEXICAL or query.more_like or query.less_like:
            return found
        first = _best(found.scores, _READ_AGAIN)
        points = view.read_points(first, links=False)
        if not _is_english(view, asked, [points[i] for i in first[:_TELLING]]):
            return found
        encoder = self._opened()
        if encoder is None:
            return found
        evidence = self._evidence(encoder, asked, found.weighed, points, first)
        again = fuse(evidence, query.mode, query.weights)
        near = _neighbours(view, query, _best(again, _BEST), again)
        found = _with_points(view, asked, query, found, near)
        points = view.read_points(near, links=False)
        evidence |= self._evidence(encoder, asked, found.weighed, points, near)
        again = fuse(evidence, query.mode, query.weights)
        scores = found.scores
        below = min(again.values()) - max((scores[i] for i in scores if i not in again), default=0)
        below = min(0.0, below)
        return found._replace(scores={**{i: below + score for i, score in scores.items()}, **again})

    def _opened(self) -> Encoder | None:
        if self._encoder is None and not self._missing:
            try:
                self._encoder = self._open_encoder()
            except EncoderError:  # not installed, or no memory for it: the first model must do
                self._missing = True
        return self._encoder

    def _evidence(
        self,
        encoder: Encoder,
        asked: Asked,
        weighed: Weighed,
        points: Mapping[int, StoredPoint],
        ids: Sequence[int],
    ) -> dict[int, Evidence]:
        """Return the evidence of points as the second model gives it; words stay as they are."""
        if not ids:
            return {}
        read = self._read_points(encoder, points, ids)
        encoded = encoder.encode_query(asked.question.text).within_limit()
        weights = np.asarray(word_weights(asked.question, encoded.spans, asked.rarity), np.float32)
        found, lengths = max_similarities(encoded.pieces, [read[i][1] for i in ids])
        late = found @ weights
        return {
            i: Evidence(
                cosine=float(read[i][0] @ encoded.vector),
                words=weighed.evidence[i].words,
                pieces=float(late[place]),
                length=lengths[place],
            )
            for place, i in enumerate(ids)
        }

    def _read_points(
        self, encoder: Encoder, points: Mapping[int, StoredPoint], ids: Sequence[int]
    ) -> dict[int, tuple[Vectors, bytes]]:
        known = {i: self._read.get(i) for i in ids}
        unknown = [points[i] for i in ids if known[i] is None]
        read = {i: one for i, one in known.items() if one is not None}
        if unknown:
            contexts = [context_of(one.note.title, one.point) for one in unknown]
            encoded = encoder.encode_points(contexts, [one.point.text for one in unknown])
            for place, one in enumerate(unknown):
                read[one.point_id] = encoded.vectors[place], encoded.pieces[place]
                self._read.put(one.point_id, read[one.point_id])
        return read


def _best(scores: Mapping[int, float], count: int) -> list[int]:
    return sorted(scores, key=lambda i: (-scores[i], i))[:count]


def _neighbours(view: View, query: Query, best: Sequence[int], known: Container[int]) -> list[int]:
    """Return the points nearest to the best ones that may answer and were not read yet."""
    near: dict[int, None] = {}
    for vector in view.vectors(best):
        near |= dict.fromkeys(i for i, _ in view.dense(vector, _NEIGHBOURS, query.where))
    return query.allowed.filter([i for i in near if i not in known])


def _with_points(
    view: View, asked: Asked, query: Query, found: Found, point_ids: Sequence[int]
) -> Found:
    """Return candidates with the figures and evidence of further points."""
    candidates, weighed, _ = found
    unknown = [i for i in point_ids if i not in weighed.evidence]
    if not unknown:
        return found
    new = given_candidates(view, asked, query, unknown)
    more = weigh(view, asked, new, query)
    return found._replace(
        candidates=Candidates(
            sorted([*candidates.ids, *new.ids]),
            candidates.cosines | new.cosines,
            candidates.bm25 | new.bm25,
        ),
        weighed=Weighed(
            weighed.evidence | more.evidence,
            weighed.matched | more.matched,
            weighed.packed | more.packed,
        ),
    )


def _is_english(view: View, asked: Asked, points: Sequence[StoredPoint]) -> bool:
    """Return whether a question and what may answer it are in English."""
    language = language_of(asked.question.text)
    if language is None:
        terms = set(asked.question.terms)
        known = sum(count > 0 for count in view.term_counts(terms).values())
        language = ENGLISH if known >= _KNOWN * len(terms) else None
    return language == ENGLISH == language_of(" ".join(one.point.text for one in points))

"""English questions to an index of the multilingual model: the first points are read again.

The multilingual model understands English less well than the default model does. So for an English
question over English points, the first candidates are encoded by the default model as well, and
scored as it scores them. Points are remembered; a new question encodes few. See
benchmarks/QUALITY.md for what it gains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from indexer.encoding.encoder import Encoder
from indexer.errors import EncoderError
from indexer.lru import Lru
from indexer.notes.points import context_of
from indexer.records import Mode
from indexer.retrieval.candidates import Weighed
from indexer.retrieval.languages import ENGLISH, language_of
from indexer.retrieval.late_interaction import max_similarities
from indexer.retrieval.query import Asked, Query
from indexer.retrieval.question import word_weights
from indexer.retrieval.ranking import Evidence, fuse
from indexer.store.protocol import View
from indexer.store.records import StoredPoint, Vectors

# Points that are read again: 20, 40 and 100 find .71, .75 and .75 of the answers over corpus/.
_READ_AGAIN = 40
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

    def score(
        self,
        view: View,
        asked: Asked,
        weighed: Weighed,
        query: Query,
        scores: Mapping[int, float],
    ) -> dict[int, float]:
        """Return the scores of candidates, those of the first ones by the second model.

        The order of all others stays, below these.

        :param view: the index.
        :param asked: the question as it was read.
        :param weighed: the candidates with their evidence.
        :param query: its options.
        :param scores: of all candidates, by the model of the index.
        :return: the same scores if the question or the points are not in English, or if there is
            no second model.
        """
        if query.mode is Mode.LEXICAL or query.more_like or query.less_like:
            return dict(scores)
        first = sorted(scores, key=lambda i: (-scores[i], i))[:_READ_AGAIN]
        points = view.read_points(first, links=False)
        if not _is_english(view, asked, [points[i] for i in first[:_TELLING]]):
            return dict(scores)
        encoder = self._opened()
        if encoder is None:
            return dict(scores)
        again = fuse(
            self._evidence(encoder, asked, weighed, points, first), query.mode, query.weights
        )
        below = min(again.values()) - max((scores[i] for i in scores if i not in again), default=0)
        return {i: again[i] if i in again else min(0.0, below) + scores[i] for i in scores}

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


def _is_english(view: View, asked: Asked, points: Sequence[StoredPoint]) -> bool:
    """Return whether a question and what may answer it are in English."""
    language = language_of(asked.question.text)
    if language is None:
        terms = set(asked.question.terms)
        known = sum(count > 0 for count in view.term_counts(terms).values())
        language = ENGLISH if known >= _KNOWN * len(terms) else None
    return language == ENGLISH == language_of(" ".join(one.point.text for one in points))

"""A question to its answer: candidates of each leg, one ranking, checked hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple

import numpy as np

from indexer.encoding.encoder import EncodedQuery, Encoder, quiet_products, unit_length
from indexer.errors import IndexNotFound, IndexOutdated, QueryError
from indexer.notes.points import context_of
from indexer.records import Answer, Hit, IndexState, Link, Mode, NoteFilter, RelatedNote
from indexer.retrieval.baseline import measure_chance
from indexer.retrieval.confidence import ANSWERED_ABOVE, MATCHED_ABOVE, Signs, confidence
from indexer.retrieval.freshness import Freshness
from indexer.retrieval.late_interaction import max_similarities, rate_parts
from indexer.retrieval.question import Question, read_question, word_weights
from indexer.retrieval.ranking import (
    Evidence,
    Weights,
    diffuse,
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
from indexer.retrieval.snippets import make_snippet
from indexer.store.protocol import Store, View
from indexer.store.records import Header, StoredPoint, Vectors
from indexer.text.terms import terms_of

# Candidates each leg hands in, and how many where more points are asked for: 50, 60 and 100 give
# the same answers, the fewer the sooner (benchmarks/QUALITY.md).
_CANDIDATES = 60
_MOST_CANDIDATES = 100
# Of these the best are read in full; more where more are asked for.
_READ = 50
_RERANKED = 50  # points a reranker looks at
_JUDGED = 10  # points in which the words of a question are looked for
_MAX_RELATED = 5
_LINKING_HITS = 3
_MAX_NOTE_LINKS = 12
# Points nearer than this say the same in nearly the same words.
_SAME_ABOVE = 0.97
# Rocchio (SMART, 1971): how far examples pull the question's vector, and push it.
_MORE_WEIGHT = 0.6
_LESS_WEIGHT = 0.3


Reranker = Callable[[str, Sequence[str]], Sequence[float]]
"""A question and texts to how well each answers it."""


class Query(NamedTuple):
    """A question and how to answer it; ``more_like`` and ``less_like`` are point ids."""

    question: str
    k: int = 10
    mode: Mode = Mode.HYBRID
    where: NoteFilter = NoteFilter()
    more_like: tuple[int, ...] = ()
    less_like: tuple[int, ...] = ()
    weights: Weights = Weights()
    reranker: Reranker | None = None


class _Asked(NamedTuple):
    """A question with what the encoder and the notes say of its words.

    ``weights`` says what each of its word pieces counts; they sum to 1.
    """

    question: Question
    encoded: EncodedQuery | None
    rarity: dict[str, float]
    weights: Vectors


class _Ranking(NamedTuple):
    """The best candidates, and what is known of all: how each word is matched, and their pieces."""

    order: list[int]
    scores: dict[int, float]
    evidence: dict[int, Evidence]
    bm25: dict[int, float]
    points: dict[int, StoredPoint]
    matched: dict[int, Vectors]
    packed: dict[int, bytes]


class Searcher:
    """Answers questions to one index."""

    def __init__(self, store: Store, encoder: Encoder, freshness: Freshness) -> None:
        """Keep the parts; the encoder must be the one the index was built with."""
        self._store = store
        self._encoder = encoder
        self._freshness = freshness
        self._measured: tuple[int, float] | None = None

    @quiet_products
    def search(self, query: Query) -> Answer:
        """Answer a question.

        :param query: the question and how to answer it.
        :return: the hits, best first, each of them standing in its note as it is now.
        :raises QueryError: if the question is empty or too long.
        :raises IndexNotFound: if nothing was built yet.
        :raises IndexOutdated: if the index was built with another encoder.
        """
        started = time.perf_counter()
        with self._store.view() as view:
            header = self._header(view)
            asked = self._ask(view, header, query)
            vector = self._steered(view, asked, query)
            ranking = self._rank(view, asked, vector, query)
            judged = ranking
            if query.reranker is not None:
                ranking = _reranked(ranking, asked.question.text, query.reranker)
            hits, gone = self._hits(view, ranking, asked, query.k)
            chance = self._chance(view, header) if asked.encoded else 0.0
            probability = _judge(judged, asked, gone, chance)
            related = _related(view, ranking, hits)
            state = self._state(view, header)
        took_ms = (time.perf_counter() - started) * 1000
        answered = bool(hits) and probability >= ANSWERED_ABOVE
        return Answer(
            query.question,
            answered,
            probability,
            query.mode,
            took_ms,
            state,
            hits,
            related,
            asked.question.reads,
        )

    @quiet_products
    def similar(self, note_id: str, line: int | None, k: int) -> list[Hit]:
        """Return the nearest points of other notes, without those a note links to.

        :param note_id: the note.
        :param line: a line of it, for the point that stands there; None for the whole note.
        :param k: how many.
        :raises QueryError: if no point stands there.
        """
        with self._store.view() as view:
            self._header(view)
            own = view.points_of(note_id)
            chosen = [
                p for p in own if line is None or p.point.line_start <= line <= p.point.line_end
            ]
            if not chosen:
                place = f"{note_id}:{line}" if line is not None else note_id
                raise QueryError(
                    f"there is no point at {place}", "give a note of the index, and a line of it"
                )
            vectors = view.vectors([p.point_id for p in chosen])
            vector = unit_length(vectors.mean(axis=0))
            left_out = {note_id, *(link.to for link in view.links_of(note_id) if link.to)}
            found = view.dense(vector, _CANDIDATES + len(own), NoteFilter())
            points = view.read_points([point_id for point_id, _ in found], links=False)
            ids = [i for i, _ in found if points[i].note.note_id not in left_out]
            nearest = (view.vectors(ids) @ vectors.T).max(axis=1) if ids else []
            other = {i for i, cosine in zip(ids, nearest, strict=True) if cosine < _SAME_ABOVE}
            cosines = {point_id: cosine for point_id, cosine in found if point_id in other}
            evidence = {i: Evidence(cosine, 0.0, 0.0, 0) for i, cosine in cosines.items()}
            ranking = _Ranking(rank(cosines, points), cosines, evidence, {}, points, {}, {})
            return list(self._hits(view, ranking, None, k)[0])

    def _header(self, view: View) -> Header:
        header = view.header()
        if header.setup is None:
            raise IndexNotFound("nothing was built yet", "run `notepoint build`")
        if header.setup.encoder != self._encoder.fingerprint:
            raise IndexOutdated(
                f"the index was built with another model ({header.setup.model}, "
                f"now {self._encoder.name})",
                "name that model with --model, or run `notepoint build --rebuild`",
            )
        return header

    def _ask(self, view: View, header: Header, query: Query) -> _Asked:
        question = read_question(query.question, view, self._encoder)
        encoded = None
        if query.mode is not Mode.LEXICAL:
            encoded = self._encoder.encode_query(question.text)
        terms = {*question.terms, *terms_of(question.text)}
        rarity = idf(header.points, view.term_counts(terms), terms)
        weights = word_weights(question, encoded.spans if encoded else (), rarity)
        return _Asked(question, encoded, rarity, np.asarray(weights, np.float32))

    def _steered(self, view: View, asked: _Asked, query: Query) -> Vectors | None:
        """Return the question's vector, moved towards and away from examples."""
        if asked.encoded is None:
            return None
        vector = asked.encoded.vector
        for ids, weight in ((query.more_like, _MORE_WEIGHT), (query.less_like, -_LESS_WEIGHT)):
            if ids:
                vector = vector + weight * view.vectors(ids).mean(axis=0)
        return unit_length(vector)

    def _rank(self, view: View, asked: _Asked, vector: Vectors | None, query: Query) -> _Ranking:
        terms = asked.question.terms
        most = min(max(_CANDIDATES, query.k), _MOST_CANDIDATES)
        nearest = None
        if vector is not None:
            nearest = view.begin_dense(vector, most, query.where)
        words = {}
        if query.mode is not Mode.DENSE:
            common = vector is None  # words alone must find what they can
            words = dict(view.lexical(terms, most, query.where, common=common))
        dense = dict(nearest()) if nearest else {}
        ids = sorted({*dense, *words})
        missing = [point_id for point_id in ids if point_id not in dense]
        cosines = dense | (view.cosines(vector, missing) if vector is not None else {})
        missing = [point_id for point_id in ids if point_id not in words]
        bm25 = words if query.mode is Mode.DENSE else words | view.bm25(terms, missing)
        matched: dict[int, Vectors] = {}
        pieces: list[float] = []
        lengths: list[int] = []
        packed: dict[int, bytes] = {}
        # Late interaction is the second stage; a weight of 0 leaves it out, with its time.
        if ids and asked.encoded and len(asked.encoded.pieces) and query.weights.pieces:
            packed = view.pieces(ids)
            found, lengths = max_similarities(asked.encoded.pieces, [packed[i] for i in ids])
            matched = dict(zip(ids, found, strict=True))
            pieces = (found @ asked.weights).tolist()
        highest = highest_bm25(terms, asked.rarity)
        evidence = {
            i: Evidence(
                cosines.get(i, 0.0), share_of_words(bm25.get(i, 0.0), highest), late, length
            )
            for i, late, length in zip_longest(ids, pieces, lengths, fillvalue=0)
        }
        scores = fuse(evidence, query.mode, query.weights)
        drawn = query.weights.diffusion * share_of_documents(lengths)
        if drawn:
            scores = diffuse(scores, view.vectors(list(scores)), drawn)
        best = first_of(scores, max(_READ, 4 * query.k))
        points = view.read_points(best, links=False)
        scores = place_lead_ins({i: scores[i] for i in best}, points)
        return _Ranking(rank(scores, points), scores, evidence, bm25, points, matched, packed)

    def _hits(
        self, view: View, ranking: _Ranking, asked: _Asked | None, k: int
    ) -> tuple[tuple[Hit, ...], set[int]]:
        """Return the first hits whose words still stand in their notes, and which do not."""
        order = spread(ranking.order, lambda i: ranking.points[i].note.note_id, len(ranking.order))
        current: list[StoredPoint] = []
        gone: set[int] = set()
        for point_id in order:
            confirmed = self._freshness.confirm([ranking.points[point_id]], view)
            current += confirmed
            gone |= set() if confirmed else {point_id}
            if len(current) == k:
                break
        links = _links_of(view, current)
        hits = [
            self._hit(place, stored, ranking, asked, links[stored.point_id])
            for place, stored in enumerate(current, 1)
        ]
        return tuple(hits), gone

    def _hit(
        self,
        place: int,
        stored: StoredPoint,
        ranking: _Ranking,
        asked: _Asked | None,
        links: _Links,
    ) -> Hit:
        point, note, point_id = stored.point, stored.note, stored.point_id
        encoded = asked.encoded if asked else None
        nearness = None
        if asked and encoded and point_id in ranking.packed:
            packed = ranking.packed[point_id]

            def nearness(sentences: list[str]) -> list[float]:
                counts = self._encoder.count_pieces(sentences)
                return rate_parts(encoded.pieces, asked.weights, packed, counts)

        terms = frozenset(asked.question.terms if asked else ())
        snippet, marks = make_snippet(point.text, terms, nearness)
        return Hit(
            place,
            point_id,
            note.note_id,
            note.title,
            note.date,
            note.tags,
            note.categories,
            point.heading_path,
            point.parents,
            point.line_start,
            point.line_end,
            point.text,
            snippet,
            tuple(marks),
            ranking.scores[point_id],
            None if asked and encoded is None else ranking.evidence[point_id].cosine,
            ranking.bm25.get(point_id),
            *links,
        )

    def _chance(self, view: View, header: Header) -> float:
        """Return what the build measured; an index that was copied or cut short is measured now."""
        if header.chance is not None:
            return header.chance
        if self._measured is None or self._measured[0] != header.generation:
            self._measured = header.generation, measure_chance(view, self._encoder).mean
        return self._measured[1]

    def _state(self, view: View, header: Header) -> IndexState:
        model = header.setup.model if header.setup else ""
        stale = self._freshness.is_stale(view)
        return IndexState(header.generation, header.notes, header.points, stale, model)


_Links = tuple[tuple[Link, ...], tuple[Link, ...]]


def _links_of(view: View, points: Sequence[StoredPoint]) -> dict[int, _Links]:
    """Return the links that stand in each point, and the first others of its note."""
    inside = view.links_in([stored.point_id for stored in points])
    notes: dict[str, list[Link]] = {}
    most = _MAX_NOTE_LINKS + max(map(len, inside.values()), default=0)
    found: dict[int, _Links] = {}
    for stored in points:
        note_id = stored.note.note_id
        if note_id not in notes:
            notes[note_id] = view.links_of(note_id, most)
        own = tuple(inside.get(stored.point_id, ()))
        others = [link for link in notes[note_id] if link not in own]
        found[stored.point_id] = own, tuple(others[:_MAX_NOTE_LINKS])
    return found


def _reranked(ranking: _Ranking, question: str, reranker: Reranker) -> _Ranking:
    """Return the ranking with its first points in the order of a reranker; scores stay."""
    first, rest = ranking.order[:_RERANKED], ranking.order[_RERANKED:]
    points = [ranking.points[i] for i in first]
    texts = [f"{context_of(p.note.title, p.point)} {p.point.text}" for p in points]
    scores = dict(zip(first, reranker(question, texts), strict=True))
    return ranking._replace(order=[*sorted(first, key=lambda i: -scores[i]), *rest])


def _judge(ranking: _Ranking, asked: _Asked, gone: set[int], chance: float) -> float:
    """Return the probability of an answer, by all candidates but those that no longer stand."""
    best = [point_id for point_id in ranking.order if point_id not in gone][:_JUDGED]
    if not best:
        return 0.0
    evidence = [one for point_id, one in ranking.evidence.items() if point_id not in gone]
    signs = Signs(
        cosine=max(one.cosine for one in evidence) if asked.encoded else None,
        words=max(one.words for one in evidence),
    )
    if ranking.matched:
        matched = np.max([ranking.matched[i] for i in best], axis=0)
        signs = signs._replace(
            pieces=ranking.evidence[best[0]].pieces,
            coverage=float(asked.weights[matched > MATCHED_ABOVE].sum()),
            length=len(asked.weights),
            chance=chance,
        )
    return confidence(signs)


def _related(view: View, ranking: _Ranking, hits: Sequence[Hit]) -> tuple[RelatedNote, ...]:
    """Return notes linked with those of the first hits, and others that are close."""
    shown = {hit.note_id for hit in hits}
    why: dict[str, str] = {}
    for hit in hits[:_LINKING_HITS]:
        for link in (*hit.links, *hit.note_links):
            if link.to:
                why.setdefault(link.to, f"linked from {hit.title}")
        for link in view.backlinks(hit.note_id):
            why.setdefault(link.note_id, f"links to {hit.title}")
    for point_id in ranking.order:
        why.setdefault(ranking.points[point_id].note.note_id, "close as well")
    notes = (view.note(note_id) for note_id in why if note_id not in shown)
    found = (RelatedNote(note.note_id, note.title, why[note.note_id]) for note in notes if note)
    return tuple(islice(found, _MAX_RELATED))  # looked up one by one, up to there

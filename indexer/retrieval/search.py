"""Answer a question: candidates, their evidence, one ranking, checked hits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from indexer.config import DEFAULT_MODEL, MULTILINGUAL_MODEL, Settings
from indexer.encoding.encoder import Encoder, quiet_products, unit_length
from indexer.errors import IndexNotFound, IndexOutdated, QueryError
from indexer.notes.points import context_of
from indexer.records import Answer, Hit, IndexState, Mode, NoteFilter, Place
from indexer.retrieval.baseline import EVERYDAY_QUESTIONS, measure_chance
from indexer.retrieval.candidates import (
    Found,
    Weighed,
    find_candidates,
    given_candidates,
    weigh,
)
from indexer.retrieval.confidence import ANSWERED_ABOVE, Signs, confidence, signs_of, verdict
from indexer.retrieval.freshness import Freshness
from indexer.retrieval.hits import make_hits
from indexer.retrieval.languages import ENGLISH, EVERYDAY, language_of
from indexer.retrieval.naming_filters import unknown_names
from indexer.retrieval.operators import allowed_points, read_operators
from indexer.retrieval.placing import Placing, place, read_best
from indexer.retrieval.query import Asked, Query, Reranker, ask
from indexer.retrieval.question import cut_question
from indexer.retrieval.ranking import (
    Evidence,
    Ranking,
    diffuse,
    fuse,
    rank,
    share_of_documents,
    spread,
)
from indexer.retrieval.related import RelatedNotes
from indexer.retrieval.sizing.answer_units import Sized, Sources, size_answer
from indexer.retrieval.sizing.note_names import NoteNames
from indexer.retrieval.sizing.outlines import Outlines
from indexer.retrieval.turns import Turns
from indexer.store.protocol import Store, View
from indexer.store.records import Header, StoredPoint

if TYPE_CHECKING:
    from indexer.retrieval.english import EnglishReader

_RERANKED = 50  # points that a reranker reads
_SIMILAR = 60
_TELLING = 5  # hits from which the language of the notes is guessed
# Points nearer than this say the same in similar words.
_SAME_ABOVE = 0.97
# Questions to local indexes that are answered at once in this process; others wait for their turn.
# With one, a slow question would hold up all others; with three, they slow each other down.
_LOCAL_TURNS = Turns(2)


class Searcher:
    """Answers questions to one index."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder | None,
        freshness: Freshness,
        *,
        site_url: str = "",
        exclude: Sequence[str] = (),
        lower: Sequence[str] = (),
        english: EnglishReader | None = None,
        is_local: bool = True,
    ) -> None:
        """Store the parts.

        :param store: the index.
        :param encoder: the encoder of the index; None to answer by words alone.
        :param freshness: compares hits with their files.
        :param site_url: web address where the notes are published, empty for none.
        :param exclude: parts of paths of notes that only answer if a question names their place.
        :param lower: parts of paths of notes that rank below equally good ones.
        :param english: scores the first candidates of English questions.
        :param is_local: False if the store is on a server, which most of a question waits for.
        """
        self._store = store
        self._encoder = encoder
        self._freshness = freshness
        self._site_url = site_url
        self._exclude = tuple(exclude)
        self._lower = tuple(lower)
        self._english = english
        self._is_local = is_local
        self._sources = Sources(Outlines(freshness), NoteNames())
        self._related = RelatedNotes(freshness)
        self._measured: tuple[int, dict[str, float]] = (-1, {})  # generation; language to chance

    @classmethod
    def over(
        cls, store: Store, encoder: Encoder | None, freshness: Freshness, settings: Settings
    ) -> Searcher:
        """Return a searcher of an index with the options of the settings.

        :param store: the index.
        :param encoder: see ``__init__``.
        :param freshness: compares hits with their files.
        :param settings: with the address of the site, and excluded and lowered notes.
        """
        return cls(
            store,
            encoder,
            freshness,
            site_url=settings.site_url,
            exclude=settings.exclude,
            lower=settings.lower,
            english=_english_reader(encoder, settings),
            is_local="://" not in settings.store,
        )

    @quiet_products
    def search(self, query: Query, view: View | None = None) -> Answer:
        """Answer a question.

        :param query: the question and how to answer it.
        :param view: the generation to answer from; None for the newest one.
        :return: the hits, best first, each checked against its current note.
        :raises QueryError: if the question is empty or too long.
        :raises IndexNotFound: if nothing was built yet.
        :raises IndexOutdated: if the index was built with another encoder.
        """
        started = time.perf_counter()
        with self._turn(query), self._within(view) as view:
            header = self._header(view)
            operators = read_operators(query.question)
            where = self._without_excluded(operators.added_to(query.where))
            query = query._replace(where=where, allowed=allowed_points(view, operators, where))
            notices = [
                *self._freshness.missing(),
                *_cut(operators.text),
                *operators.said(),
                *unknown_names(view, where),
            ]
            asked = ask(view, header, self._encoder, query._replace(question=operators.text))
            ranking = self._rank(view, asked, query)
            shown = ranking
            if query.reranker is not None:
                shown = _reranked(ranking, asked.question.text, query.reranker)
            points, gone = self._confirmed(view, shown, query.k)
            model = header.setup.model if header.setup else ""
            chance = 0.0
            if asked.vector is not None:
                chance = self._chance(view, header, asked, ranking)
            signs = signs_of(ranking.without(gone), asked, chance, model)
            probability = confidence(signs) if signs else 0.0
            sized = size_answer(
                view,
                self._sources,
                shown.without(gone),
                asked,
                query,
                current=points,
                confidence=probability,
            )
            probability = sized.units[0].confidence if sized.units else 0.0
            shown = _with_rated(view, asked, query, shown, sized.points)
            hits = make_hits(view, sized.points, shown, asked, self._encoder)
            hits = self._addressed(sized.points, hits)
            hits = tuple(hit._replace(unit=sized.unit_of.get(hit.point_id)) for hit in hits)
            if query.explain:
                hits = _explained(shown, asked, query, hits)
            related = self._related.find(view, shown, hits, sized.notes)
            answered = bool(hits) and probability >= ANSWERED_ABOVE
            answer = Answer(
                question=query.question,
                answered=answered,
                confidence=probability,
                mode=query.mode,
                took_ms=0.0,
                index=self._state(view, header),
                hits=hits,
                related_notes=related,
                reads=asked.question.reads,
                notices=tuple(notices),
                units=sized.units,
                verdict=verdict(answered, probability),
            )
            if query.explain:
                answer = _verdict_explained(answer, signs, asked, query, sized)
            passages = self._passages(view, query, sized.points, answer)
        took_ms = (time.perf_counter() - started) * 1000
        return replace(answer, took_ms=took_ms, passages=passages)

    @quiet_products
    def similar(
        self, note_id: str, lines: tuple[int, int | None], k: int, view: View | None = None
    ) -> list[Hit]:
        """Return the nearest points of other notes, except notes that this one links to.

        :param note_id: the note.
        :param lines: the first and last of its lines whose points are meant; (1, None) for all.
        :param k: how many.
        :param view: the generation to answer from; None for the newest one.
        :raises QueryError: if there is no point.
        """
        with self._within(view) as view:
            self._header(view)
            own = view.points_of(note_id)
            first, last = lines
            chosen = [
                stored
                for stored in own
                if stored.point.line_end >= first
                and (last is None or stored.point.line_start <= last)
            ]
            if not chosen:
                place = {(1, None): "", (first, first): f":{first}"}.get(lines, f":{first}-{last}")
                raise QueryError(
                    f"there is no point at {note_id}{place}",
                    "give a note of the index, and a line of it",
                )
            vectors = view.vectors([p.point_id for p in chosen])
            vector = unit_length(vectors.mean(axis=0))
            left_out = {note_id, *(link.to for link in view.links_of(note_id) if link.to)}
            found = view.dense(vector, _SIMILAR + len(own), NoteFilter())
            points = view.read_points([point_id for point_id, _ in found], links=False)
            ids = [i for i, _ in found if points[i].note.note_id not in left_out]
            nearest = (view.vectors(ids) @ vectors.T).max(axis=1) if ids else []
            other = {i for i, cosine in zip(ids, nearest, strict=True) if cosine < _SAME_ABOVE}
            cosines = {point_id: cosine for point_id, cosine in found if point_id in other}
            evidence = {i: Evidence(cosine, 0.0, 0.0, 0) for i, cosine in cosines.items()}
            ranking = Ranking(rank(cosines, points), cosines, evidence, points)
            confirmed, _ = self._confirmed(view, ranking, k)
            hits = make_hits(view, confirmed, ranking, None, self._encoder)
            return list(self._addressed(confirmed, hits))

    def _passages(
        self, view: View, query: Query, hits: Sequence[StoredPoint], answer: Answer
    ) -> tuple[Place, ...]:
        """Return what fills the budget of a question; nothing without one, or for single points."""
        if query.budget is None or query.points:
            return ()
        from indexer.retrieval.sizing.packing import pack

        return pack(hits, answer, partial(self._sources.outlines.of, view), query.budget)

    def is_stale(self, view: View) -> bool:
        """Return whether notes changed since a generation was built.

        :param view: the generation.
        """
        return self._freshness.is_stale(view)

    def _without_excluded(self, where: NoteFilter) -> NoteFilter:
        """Return a filter that excludes notes by the settings, unless it names a place."""
        if not self._exclude or where.folders or where.paths or where.notes:
            return where
        return where._replace(without_paths=(*where.without_paths, *self._exclude))

    def _turn(self, query: Query) -> AbstractContextManager[None]:
        """Return what waits for a turn; a reranker takes seconds, so it holds up no others."""
        waits = self._is_local and query.reranker is None
        return _LOCAL_TURNS if waits else nullcontext()

    def _within(self, view: View | None) -> AbstractContextManager[View]:
        return self._store.view() if view is None else nullcontext(view)

    def _addressed(self, points: Sequence[StoredPoint], hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """Return hits with the web addresses of their notes, if there is a site."""
        if not self._site_url:
            return hits
        from indexer.notes.link_names import published_url

        return tuple(
            hit._replace(url=published_url(stored.note.published, self._site_url))
            for stored, hit in zip(points, hits, strict=True)
        )

    def _header(self, view: View) -> Header:
        header = view.header()
        if header.setup is None:
            raise IndexNotFound("nothing was built yet", "run `notepoint build`")
        if self._encoder and header.setup.encoder != self._encoder.fingerprint:
            raise IndexOutdated(
                f"the index was built with another model ({header.setup.model}, "
                f"now {self._encoder.name})",
                "name that model with --model, or run `notepoint build --rebuild`",
            )
        return header

    def _rank(self, view: View, asked: Asked, query: Query) -> Ranking:
        candidates = find_candidates(view, asked, query)
        weighed = weigh(view, asked, candidates, query)
        by_words = asked.by_words and any(candidates.bm25.values())
        scores = self._joined(view, weighed, query, by_words=by_words)
        if self._english and not by_words:
            found = self._english.read(view, asked, query, Found(candidates, weighed, scores))
            candidates, weighed, scores = found
        points = read_best(view, scores, query.k)
        joined = {i: scores[i] for i in points}
        steps = place(joined, Placing(view, asked, query, weighed, points, lower=self._lower))
        placed = steps[-1][1]
        return Ranking(
            order=rank(placed, points),
            scores=placed,
            steps=steps,
            evidence=weighed.evidence,
            points=points,
            matched=weighed.matched,
            packed=weighed.packed,
            bm25=candidates.bm25,
        )

    @staticmethod
    def _joined(view: View, weighed: Weighed, query: Query, *, by_words: bool) -> dict[int, float]:
        """Return the joined evidence of each candidate, as a score."""
        mode = Mode.LEXICAL if by_words else query.mode
        scores = fuse(weighed.evidence, mode, query.weights)
        if by_words:  # the model does not know the words: a point must have one of them
            scores = {i: score for i, score in scores.items() if score > 0}
        return _drawn_to_neighbours(view, scores, weighed, query)

    def _confirmed(
        self, view: View, ranking: Ranking, k: int
    ) -> tuple[list[StoredPoint], set[int]]:
        """Return the first points that are still in their notes, and the ids of deleted ones."""
        order = spread(ranking.order, lambda i: ranking.points[i].note.note_id, len(ranking.order))
        current: list[StoredPoint] = []
        gone: set[int] = set()
        for point_id in order:
            confirmed = self._freshness.confirm([ranking.points[point_id]], view)
            current += confirmed
            gone |= set() if confirmed else {point_id}
            if len(current) == k:
                break
        return current, gone

    def _chance(self, view: View, header: Header, asked: Asked, ranking: Ranking) -> float:
        """Return how near these notes are to any question in the language of this one.

        The build measured it for English. For another language, or an index that was copied or cut
        short, it is measured once per generation, at the first question.
        """
        if self._encoder is None:
            return header.chance or 0.0
        first = " ".join(ranking.points[i].point.text for i in ranking.order[:_TELLING])
        language = language_of(asked.question.text) or language_of(first) or ENGLISH
        if header.setup and header.setup.model == MULTILINGUAL_MODEL:
            language = ENGLISH  # it has one space for all languages, and was fitted to this chance
        if language == ENGLISH and header.chance is not None:
            return header.chance
        generation, measured = self._measured
        if generation != header.generation:  # another thread may replace it in the meantime
            measured = {}
            self._measured = (header.generation, measured)
        chance = measured.get(language)
        if chance is None:
            questions = EVERYDAY.get(language, EVERYDAY_QUESTIONS)
            chance = measured[language] = measure_chance(view, self._encoder, None, questions).mean
        return chance

    def _state(self, view: View, header: Header) -> IndexState:
        model = header.setup.model if header.setup else ""
        stale = self._freshness.is_stale(view)
        return IndexState(header.generation, header.notes, header.points, stale, model)


def _with_rated(
    view: View, asked: Asked, query: Query, ranking: Ranking, points: Sequence[StoredPoint]
) -> Ranking:
    """Return the ranking with evidence for points that no retriever found."""
    missing = [one.point_id for one in points if one.point_id not in ranking.scores]
    if not missing:
        return ranking
    found = given_candidates(view, asked, query, missing)
    weighed = weigh(view, asked, found, query)
    mode = Mode.LEXICAL if asked.by_words else query.mode
    return ranking._replace(
        scores={**ranking.scores, **fuse(weighed.evidence, mode, query.weights)},
        evidence={**ranking.evidence, **weighed.evidence},
        packed={**ranking.packed, **weighed.packed},
        bm25={**ranking.bm25, **found.bm25},
    )


def _english_reader(encoder: Encoder | None, settings: Settings) -> EnglishReader | None:
    """Return what reads English again where the multilingual model answers."""
    if encoder is None or encoder.name != MULTILINGUAL_MODEL:
        return None
    from indexer.encoding.opening import open_encoder
    from indexer.retrieval.english import EnglishReader

    return EnglishReader(partial(open_encoder, DEFAULT_MODEL, cache=settings.cache, steady=True))


def _explained(
    ranking: Ranking, asked: Asked, query: Query, hits: tuple[Hit, ...]
) -> tuple[Hit, ...]:
    """Return hits with explanations of their ranks."""
    from indexer.retrieval.explaining import explain

    return tuple(
        hit._replace(explanation=explain(ranking, asked, query, hit.point_id)) for hit in hits
    )


def _verdict_explained(
    answer: Answer, signs: Signs | None, asked: Asked, query: Query, sized: Sized
) -> Answer:
    """Return an answer with the explanation of its verdict."""
    from indexer.retrieval.explaining import explain_answer

    return replace(answer, explanation=explain_answer(signs, asked, query, sized))


def _drawn_to_neighbours(
    view: View, scores: dict[int, float], weighed: Weighed, query: Query
) -> dict[int, float]:
    """Return scores after one step of diffusion, weighted by the share of documents."""
    lengths = [one.length for one in weighed.evidence.values()]
    drawn = query.weights.diffusion * share_of_documents(lengths)
    return diffuse(scores, view.vectors(list(scores)), drawn) if drawn else scores


def _cut(text: str) -> list[str]:
    """Return a line that says how much of a long question is used; empty for a short one."""
    whole = " ".join(text.split())
    read = cut_question(whole)
    if read == whole:
        return []
    words, kept = len(whole.split()), len(read.split())
    return [f"the question has {words:,} words; only the first {kept:,} are used"]


def _reranked(ranking: Ranking, question: str, reranker: Reranker) -> Ranking:
    """Return the ranking with its first points in the order of a reranker, with the same scores."""
    first, rest = ranking.order[:_RERANKED], ranking.order[_RERANKED:]
    points = [ranking.points[i] for i in first]
    texts = [f"{context_of(p.note.title, p.point)} {p.point.text}" for p in points]
    scores = dict(zip(first, reranker(question, texts), strict=True))
    return ranking._replace(order=[*sorted(first, key=lambda i: -scores[i]), *rest])

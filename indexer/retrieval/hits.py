"""Turn ranked points into hits with snippet, marks and links."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.encoding.encoder import Encoder
from indexer.records import Hit, Link
from indexer.retrieval.late_interaction import rate_parts
from indexer.retrieval.query import Asked
from indexer.retrieval.ranking import Ranking
from indexer.retrieval.snippets import make_snippet
from indexer.store.protocol import View
from indexer.store.records import StoredPoint

_MAX_NOTE_LINKS = 12
# What an answer repeats with each hit: how many values and characters of a note, links of a point.
_MAX_VALUES, _MAX_VALUES_CHARS, _MAX_VALUE_CHARS = 50, 2_000, 200
_MAX_LINKS, _MAX_LINKS_CHARS, _MAX_TARGET_CHARS = 50, 4_000, 2_000

_Links = tuple[tuple[Link, ...], tuple[Link, ...]]


def make_hits(
    view: View,
    points: Sequence[StoredPoint],
    ranking: Ranking,
    asked: Asked | None,
    encoder: Encoder | None,
) -> tuple[Hit, ...]:
    """Return points as hits, in the same order.

    :param view: the index.
    :param points: the points, best first.
    :param ranking: with the evidence for them.
    :param asked: the question; None if points are compared with points.
    :param encoder: counts word pieces to score the sentences of a point; None for words only.
    """
    links = _links_of(view, points)
    return tuple(
        _hit(place, stored, ranking, asked, links=links[stored.point_id], encoder=encoder)
        for place, stored in enumerate(points, 1)
    )


def _hit(
    place: int,
    stored: StoredPoint,
    ranking: Ranking,
    asked: Asked | None,
    links: _Links,
    encoder: Encoder | None,
) -> Hit:
    point, note, point_id = stored.point, stored.note, stored.point_id
    encoded = asked.encoded if asked else None
    rate_sentences = None
    if encoder and asked and encoded and point_id in ranking.packed:
        packed = ranking.packed[point_id]

        def rate_sentences(sentences: list[str]) -> list[float]:
            counts = encoder.count_pieces(sentences)
            return rate_parts(encoded.pieces, asked.weights, packed, counts)

    terms = frozenset(asked.question.terms if asked else ())
    snippet, marks = make_snippet(point.text, terms, rate_sentences)
    return Hit(
        rank=place,
        point_id=point_id,
        note_id=note.note_id,
        title=note.title,
        date=note.date,
        tags=_some(note.tags),
        categories=_some(note.categories),
        heading_path=point.heading_path,
        parents=point.parents,
        line_start=point.line_start,
        line_end=point.line_end,
        text=point.text,
        snippet=snippet,
        marks=tuple(marks),
        score=ranking.scores[point_id],
        cosine=None if asked and encoded is None else ranking.evidence[point_id].cosine,
        bm25=ranking.bm25.get(point_id),
        links=links[0],
        note_links=links[1],
        aliases=_some(note.aliases),
        properties=_some_pairs(note.properties),
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _some(values: Sequence[str]) -> tuple[str, ...]:
    """Return the first values, each shortened: a note may have thousands, or very long ones."""
    kept: list[str] = []
    for value in values[:_MAX_VALUES]:
        kept.append(_short(value, _MAX_VALUE_CHARS))
        if sum(map(len, kept)) > _MAX_VALUES_CHARS:
            break
    return tuple(kept)


def _some_pairs(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    most = len(_some(["".join(pair) for pair in pairs]))
    return tuple((_short(key, _MAX_VALUE_CHARS), value) for key, value in pairs[:most])


def _some_links(links: Sequence[Link]) -> tuple[Link, ...]:
    """Return the first links, shortened: an address may be a picture of many kilobytes."""
    kept: list[Link] = []
    chars = 0
    for link in links[:_MAX_LINKS]:
        text = _short(link.text, _MAX_VALUE_CHARS)
        short = link._replace(text=text, target=_short(link.target, _MAX_TARGET_CHARS))
        chars += len(short.text) + len(short.target)
        if kept and chars > _MAX_LINKS_CHARS:
            break
        kept.append(short)
    return tuple(kept)


def _links_of(view: View, points: Sequence[StoredPoint]) -> dict[int, _Links]:
    """Return the links in each point, and the first other links of its note."""
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
        found[stored.point_id] = _some_links(own), _some_links(others[:_MAX_NOTE_LINKS])
    return found

"""Which text is encoded for each point of a note: its own, or one with its neighbours.

A vector with its word pieces takes a thousand bytes or more, whatever the length of the text. In a
note of many short points, neighbours share one, as far as it takes to keep the index within 30
times the note and 100 KB. Each point is still found by its own words. Notes that people write are
not changed: none of 1,401 notes in 12 folders has as many points that are as short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from indexer.notes.points import context_of
from indexer.records import BlockKind, Note, Point

# Neighbours share only in a note with more points than one of these numbers, which take less than
# this number of bytes of the note on average. Of the 1,401 notes, those with more than 100 points
# have at least 43 bytes for each, and the largest, with 789 points, has 104.
_CROWDED = ((100, 40), (1_200, 80))
# What the index of a note may take, with the empty tables of 50 KB left out, and a little less for
# what the estimate below does not know.
_INDEX_BYTES, _BYTES_A_BYTE = 50_000, 28
# Below this number of bytes a point, the store keeps no file of vectors (see ``snapshot_keeper``).
_WITHOUT_FILE = 40
# What the embedded store takes, measured at 10,000 points: for the rows of a point, for each byte
# of its text and of its headings and parents, with their words; for a link; for a heading; for a
# vector and each of its numbers.
_POINT_BYTES, _TEXT_BYTES, _PATH_BYTES, _LINK_BYTES = 90.0, 2.4, 1.7, 200.0
_HEADING_BYTES = 60.0
_VECTOR_BYTES, _NUMBER_BYTES = 30.0, 2.05
# The word pieces are in rows of their own: as many rows as fit into a page, or pages for one row.
_KEY_BYTES, _PAGE = 34.0, 1_000.0
_MAX_CONTEXT_PIECES = 32
# Texts of which the word pieces are counted; the others are estimated from these.
_COUNTED = 64

CountPieces = Callable[[Sequence[str]], Sequence[int]]


class Encodable(NamedTuple):
    """A text to encode, with its context; ``most`` limits its word pieces if it is not None."""

    context: str
    text: str
    most: int | None = None


class _Sharing(NamedTuple):
    """How neighbours share: bytes of text together, any headings or the same, word pieces."""

    together: int = 0
    anywhere: bool = False
    most: int | None = None


# From the mildest to the last. Where nothing is enough, texts have many word pieces.
_STEPS = (
    _Sharing(),
    *(_Sharing(together) for together in (32, 64, 128, 256)),
    *(_Sharing(64, most=most) for most in (128, 64)),
    *(_Sharing(together, most=32) for together in (256, 512)),
    *(_Sharing(together, most=16) for together in (512, 1_024)),
    *(_Sharing(1_024, True, most) for most in (16, 8, 4)),
    _Sharing(4_000, True, 4),
)


def texts_to_encode(note: Note, dimension: int, count_pieces: CountPieces) -> list[Encodable]:
    """Return the text whose vector each point of a note gets, in the order of the points.

    :param note: with all its points, in reading order.
    :param dimension: numbers in a vector.
    :param count_pieces: returns how many word pieces of texts are stored; it is called for a note
        of many points, with few of them.
    """
    texts = [Encodable(context_of(note.title, point), point.text) for point in note.points]
    if not _is_crowded(note):
        return texts
    budget = _INDEX_BYTES + _BYTES_A_BYTE * note.size - sum(map(_row_bytes, note.points))
    if note.size >= _WITHOUT_FILE * len(note.points):
        budget -= _NUMBER_BYTES * dimension * len(note.points)
    rate = _Rate(0.5, 0.5)  # more word pieces than nearly all texts have
    if _bytes_of(texts, dimension, rate) <= budget:
        return texts
    rate = _Rate(
        _pieces_a_char([one.text for one in texts], count_pieces),
        _pieces_a_char([one.context for one in texts], count_pieces),
    )
    found = texts
    for step in _STEPS:
        found = _shared(texts, step)
        if _bytes_of(found, dimension, rate) <= budget:
            break
    return found


def _is_crowded(note: Note) -> bool:
    """Return whether a note has more, or shorter, points than people write."""
    count = len(note.points)
    return any(count > points and note.size < size * count for points, size in _CROWDED)


class _Rate(NamedTuple):
    """Word pieces per character, of texts and of contexts."""

    text: float
    context: float


def _row_bytes(point: Point) -> float:
    """Estimate what a point takes without its vector."""
    path = sum(len(text) + 4 for text in (*point.heading_path, *point.parents))
    links = sum(_LINK_BYTES + 3 * len(link.target) for link in point.links)
    heading = _HEADING_BYTES if point.kind is BlockKind.HEADING else 0.0
    text = len(point.text.encode("utf-8", "surrogatepass"))
    return _POINT_BYTES + _TEXT_BYTES * text + _PATH_BYTES * path + links + heading


def _bytes_of(texts: Sequence[Encodable], dimension: int, rate: _Rate) -> float:
    """Estimate what the vectors and word pieces of texts take."""
    states = dimension / 8
    total = 0.0
    distinct = frozenset(texts)
    for one in distinct:
        above = min(_MAX_CONTEXT_PIECES, rate.context * len(one.context))
        pieces = rate.text * len(one.text) + above
        row = _KEY_BYTES + states * (pieces if one.most is None else min(one.most, pieces))
        total += row + _PAGE / 4 if row > _PAGE else _PAGE / (_PAGE // row)
    return total + len(distinct) * (_VECTOR_BYTES + _NUMBER_BYTES * dimension)


def _pieces_a_char(texts: Sequence[str], count_pieces: CountPieces) -> float:
    """Estimate the word pieces per character from some of the texts."""
    some = texts[:: max(1, len(texts) // _COUNTED)]
    chars = sum(map(len, some))
    return sum(count_pieces(some)) / chars if chars else 0.0


def _shared(texts: Sequence[Encodable], how: _Sharing) -> list[Encodable]:
    """Return the text of each point, with neighbours that share one joined."""
    found: list[Encodable] = []
    for run in _runs(texts, how):
        text = "\n".join(dict.fromkeys(one.text for one in run))
        found += [Encodable(run[0].context, text, how.most)] * len(run)
    return found


def _runs(texts: Sequence[Encodable], how: _Sharing) -> Iterator[list[Encodable]]:
    """Yield neighbours that fit into one text; each text is in one run."""
    run: list[Encodable] = []
    size = 0
    for one in texts:
        length = len(one.text.encode("utf-8", "surrogatepass")) + 1
        other = run and one.context != run[-1].context and not how.anywhere
        if run and (other or size + length > how.together):
            yield run
            run, size = [], 0
        run.append(one)
        size += length
    if run:
        yield run

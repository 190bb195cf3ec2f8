"""The records that stores receive and return, for the embedded and the server store."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.records import FileStamp, Link, Note, NoteWarning, Outcome, Point, RawLink

_AND = " and "
Vectors = NDArray[np.float32]


Scored = list[tuple[int, float]]
"""(point id, score) pairs, best first, equal scores by point id."""


class Setup(NamedTuple):
    """The setup of an index; a build with another setup starts from nothing.

    ``encoder`` is the fingerprint of the model that makes the vectors, ``chunking`` the version of
    the code that turns notes into points and points into terms. ``engine`` names the engine that
    computed the vectors, for people; one index can mix the vectors of all engines of a model.
    ``files`` is the hash of the names of the files that are not notes; links can lead to them too.
    """

    encoder: str
    model: str
    dimension: int
    chunking: str
    engine: str = ""
    files: str = ""


class Header(NamedTuple):
    """The header of an index; ``setup`` is None before its first build.

    ``chance`` is what ``Store.keep_chance`` saved for this generation, None if it saved nothing.
    """

    generation: int
    setup: Setup | None
    notes: int
    points: int
    chance: float | None = None


class NoteState(NamedTuple):
    """The state of a file at the last build, used to detect a change."""

    content_hash: bytes | None
    stamp: FileStamp | None
    outcome: Outcome
    warnings: tuple[NoteWarning, ...]
    points: int


class NoteInfo(NamedTuple):
    """The front matter of a note, shown next to its points."""

    note_id: str
    title: str
    date: str | None
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    aliases: tuple[str, ...]
    published: str
    properties: tuple[tuple[str, str], ...] = ()


class StoredPoint(NamedTuple):
    """A stored point with its note and links; ``ordinal`` is its position in the note."""

    point_id: int
    ordinal: int
    note: NoteInfo
    point: Point
    links: tuple[Link, ...] = ()


class NewPoint(NamedTuple):
    """A point to add; ``key`` names its vector, which the store must already contain."""

    ordinal: int
    point: Point
    key: bytes


class NewLink(NamedTuple):
    """A link of a note: the point that contains it, if any, and the key of its target."""

    ordinal: int | None
    link: RawLink
    key: str


class NoteChange(NamedTuple):
    """A change of one note: its new state, and the points to keep, add and remove.

    ``kept`` pairs the id of a point that stays with its new ordinal and record: its words are the
    same, but its lines may have moved.
    """

    note: Note
    stamp: FileStamp | None
    published: str = ""
    names: frozenset[str] = frozenset()
    kept: tuple[tuple[int, int, Point], ...] = ()
    added: tuple[NewPoint, ...] = ()
    removed: tuple[int, ...] = ()
    links: tuple[NewLink, ...] = ()


class WholePoint(NamedTuple):
    """A point with the key of its vector; ``point_id`` has no meaning in another store."""

    point_id: int
    ordinal: int
    point: Point
    key: bytes


class WholeLink(NamedTuple):
    """A link as written, the ordinal of the point that contains it, and its target."""

    ordinal: int | None
    raw: RawLink
    link: Link


class WholeNote(NamedTuple):
    """A file with everything a store knows about it, ready for another store."""

    state: NoteState
    info: NoteInfo
    anchors: tuple[tuple[str, int], ...]
    points: tuple[WholePoint, ...]
    links: tuple[WholeLink, ...]


class Fault(NamedTuple):
    """A damaged part of an index."""

    part: str
    message: str


def join_engines(known: str, last: str) -> str:
    """Return the engines that computed the vectors of an index, including the last one.

    :param known: the engines in its header.
    :param last: the engine of the last build, or empty.
    """
    return _AND.join(sorted({*known.split(_AND), last} - {""}))

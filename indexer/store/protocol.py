"""The protocol of stores, which keep notes, points, words and vectors durably.

A store is read through a view of one generation and changed in one transaction. This module knows
no SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from indexer.records import FileStamp, Link, NoteFilter, RawLink
from indexer.store.records import (
    Fault,
    Header,
    NoteChange,
    NoteInfo,
    NoteState,
    Scored,
    Setup,
    StoredPoint,
    Vectors,
    WholeNote,
)


class View(Protocol):
    """One generation of an index; later commits do not change what it shows."""

    def header(self) -> Header:
        """Return the header: generation, counts and setup."""

    def note_states(self) -> dict[str, NoteState]:
        """Return the state of every file by note id, including files that were not indexed."""

    def stamps(self) -> dict[str, FileStamp | None]:
        """Return the stamp that every file had when it was read."""

    def content_hash(self, note_id: str) -> bytes | None:
        """Return the content hash of a note, None if the index has no such note."""

    def note(self, note_id: str) -> NoteInfo | None:
        """Return an indexed note, None if there is no such note."""

    def notes(self) -> list[NoteInfo]:
        """Return the indexed notes, by path."""

    def labels(self) -> dict[str, dict[str, int]]:
        """Return how many notes carry each label: {"tag": {value: notes}, ...}.

        The kinds are those of ``indexer.store.filters.SHOWN_KINDS``; a property is "key=value".
        Labels that differ only in case count as one.
        """

    def dense(self, vector: Vectors, k: int, where: NoteFilter) -> Scored:
        """Return the ``k`` points whose vectors have the highest cosine to a question's."""

    def begin_dense(self, vector: Vectors, k: int, where: NoteFilter) -> Callable[[], Scored]:
        """Start ``dense`` in parallel; the returned function waits for the result."""

    def cosines(self, vector: Vectors, point_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of given points to a vector."""

    def vectors(self, point_ids: Sequence[int]) -> Vectors:
        """Return the vectors of given points, float32, shape ``(len(point_ids), dimension)``."""

    def pieces(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the packed word pieces of given points."""

    def vector_keys(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the keys of the vectors of given points."""

    def lexical(
        self, terms: Sequence[str], k: int, where: NoteFilter, *, common: bool = True
    ) -> Scored:
        """Return the ``k`` points with the highest BM25 for the terms of a question.

        In a large index the rarest terms find the points, and all terms score them.

        :param terms: of a question.
        :param k: how many points.
        :param where: which notes count.
        :param common: True to search, however long it takes, even if all terms are very common;
            with False such terms find nothing.
        """

    def points_with(self, terms: Sequence[str], k: int, where: NoteFilter) -> list[int]:
        """Return up to ``k`` points that have all of the terms, in their text or their context.

        :param terms: as ``terms_of`` returns them; no terms find no points.
        :param k: how many points.
        :param where: which notes count.
        """

    def bm25(self, terms: Sequence[str], point_ids: Sequence[int]) -> dict[int, float]:
        """Return the BM25 of given points for the terms of a question, 0 for those with none.

        All are 0 if even the rarest term occurs in too many points to score quickly.
        """

    def read_points(
        self, point_ids: Collection[int], *, links: bool = True
    ) -> dict[int, StoredPoint]:
        """Return points by id, with their notes; ids that no longer exist are left out.

        :param point_ids: the points.
        :param links: False to leave their links out, which is faster.
        """

    def points_of(self, note_id: str) -> list[StoredPoint]:
        """Return the points of a note in reading order."""

    def points_between(self, note_id: str, first: int, last: int) -> list[StoredPoint]:
        """Return the points of a note from one ordinal to another, in reading order, without links.

        :param note_id: the note.
        :param first: the lowest ordinal.
        :param last: the highest ordinal, inclusive.
        """

    def note_sizes(self, note_ids: Collection[str]) -> dict[str, int]:
        """Return the number of points of each note; unknown notes are left out."""

    def links_in(self, point_ids: Collection[int]) -> dict[int, list[Link]]:
        """Return the links in given points, by point id; points without links are left out."""

    def links_of(self, note_id: str | None = None, most: int | None = None) -> list[Link]:
        """Return the links of one note or of all, in reading order.

        :param note_id: the note.
        :param most: return only this number of first links; None for all.
        """

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""

    def terms_like(self, prefix: str, shortest: int, longest: int) -> list[tuple[str, int]]:
        """Return the terms that start with a prefix and have a length within limits.

        :param prefix: the first characters of the terms.
        :param shortest: the least number of characters.
        :param longest: the largest number of characters.
        :return: (term, number of points it occurs in) pairs.
        """

    def term_counts(self, terms: Collection[str]) -> dict[str, int]:
        """Return the number of points each term occurs in."""

    def newest(self, most: int) -> list[int]:
        """Return the ids of the newest points, highest first; a newer point has a higher id.

        :param most: how many at most.
        """

    def chance_trace(self) -> bytes:
        """Return the last trace saved by ``Store.keep_chance``, of any generation; may be empty."""

    def whole_notes(self) -> Iterator[list[WholeNote]]:
        """Yield every file with its points and links, a few hundred at a time."""


class Change(Protocol):
    """A transaction in progress; leaving it commits everything, an error commits nothing."""

    def put(self, change: NoteChange) -> None:
        """Add or replace a note."""

    def drop(self, note_id: str) -> None:
        """Remove a note with its points, labels and links."""

    def open_links(self) -> Iterable[tuple[int, str, RawLink]]:
        """Return the links to resolve again after this change: (link id, note, link)."""

    def reopen_links(self) -> None:
        """Mark the links that an added or removed note or file may change, for ``open_links``.

        These are the links that lead nowhere or to a file.
        """

    def close_link(self, link_id: int, link: Link) -> None:
        """Save where a link leads."""

    def names_for(self, key: str) -> list[NoteInfo]:
        """Return the notes filed under a key of links."""

    def anchor_line(self, note_id: str, anchor: str) -> int | None:
        """Return the line of a heading or block of a note, None if the note has no such anchor."""


class Store(Protocol):
    """An index on disk or on a server."""

    def view(self) -> AbstractContextManager[View]:
        """Open a view of the newest generation."""

    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of the database into ours; for views that stay open after an error."""

    def known_keys(self, keys: Collection[bytes]) -> set[bytes]:
        """Return the keys whose vectors are stored already."""

    def add_vectors(self, keys: Sequence[bytes], vectors: Vectors, pieces: Sequence[bytes]) -> None:
        """Save vectors and word pieces under their keys, before the points that use them.

        :param keys: the keys, one for each vector.
        :param vectors: float32, shape ``(len(keys), dimension)``.
        :param pieces: the packed word pieces for each vector; the store does not interpret them.
        """

    def change(self, setup: Setup, *, clear: bool = False) -> AbstractContextManager[Change]:
        """Begin a change; its end increases the generation by one.

        :param setup: the setup of the index after this change.
        :param clear: True to drop all notes first; readers see the old notes until the end.
        """

    def touch(self, stamps: Mapping[str, FileStamp]) -> None:
        """Save the new stamps of files with unchanged content; the generation does not change."""

    def keep_chance(self, generation: int, cosine: float, trace: bytes) -> None:
        """Save the mean cosine of a generation to everyday questions.

        :param generation: the measured generation; the next one drops the cosine.
        :param cosine: see ``indexer.retrieval.baseline``.
        :param trace: the measurement, which makes that of the next generation faster.
        """

    def building(self) -> AbstractContextManager[None]:
        """Hold the build lock; only one process can hold it.

        :raises IndexLocked: if another process holds it; the message names that process.
        """

    def optimise(self) -> None:
        """Rewrite derived files if they are far behind, and drop vectors that no point uses."""

    def exposure(self) -> str | None:
        """Return a warning if other users of the machine can read the index, else None."""

    def verify(self) -> list[Fault]:
        """Read every byte and return the faults; empty if the index is intact."""

    def size(self) -> int:
        """Return the size of the index in bytes."""

    def close(self) -> None:
        """Close files and connections."""

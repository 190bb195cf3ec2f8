"""What a store is: where notes, points, words and vectors live durably, behind one protocol.

A store is read in a view of one generation and changed in one transaction. Nothing here knows SQL.
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
    """One generation of an index, whatever is committed meanwhile."""

    def header(self) -> Header:
        """Return what the index says of itself."""

    def note_states(self) -> dict[str, NoteState]:
        """Return what is known of every file, refused ones included."""

    def stamps(self) -> dict[str, FileStamp | None]:
        """Return the stamp of every file as it was read."""

    def content_hash(self, note_id: str) -> bytes | None:
        """Return the hash of a note as it was read, None for one that is not in the index."""

    def note(self, note_id: str) -> NoteInfo | None:
        """Return an indexed note, None where there is none of that name."""

    def notes(self) -> list[NoteInfo]:
        """Return the indexed notes, by path."""

    def labels(self) -> dict[str, dict[str, int]]:
        """Return how many notes carry each label: {"tag": {value: notes}, ...}.

        The kinds are those of ``indexer.store.filters.SHOWN_KINDS``; a property is "key=value".
        Labels that differ in case alone are one.
        """

    def dense(self, vector: Vectors, k: int, where: NoteFilter) -> Scored:
        """Return the ``k`` points whose vectors have the highest cosine to a question's."""

    def begin_dense(self, vector: Vectors, k: int, where: NoteFilter) -> Callable[[], Scored]:
        """Begin ``dense``, beside what the caller does meanwhile; what is returned ends it."""

    def cosines(self, vector: Vectors, point_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of given points to a vector."""

    def vectors(self, point_ids: Sequence[int]) -> Vectors:
        """Return the vectors of given points, float32, shape ``(len(point_ids), dimension)``."""

    def pieces(self, point_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the packed word pieces of given points."""

    def lexical(
        self, terms: Sequence[str], k: int, where: NoteFilter, *, common: bool = True
    ) -> Scored:
        """Return the ``k`` points with the highest BM25 for the terms of a question.

        In a large index the rarest terms find the points, and all of them rate what was found.

        :param terms: of a question.
        :param k: how many points.
        :param where: which notes count.
        :param common: whether to look, for as long as it takes, where all terms are so common that
            they find nothing in particular; without it there is nothing found.
        """

    def bm25(self, terms: Sequence[str], point_ids: Sequence[int]) -> dict[int, float]:
        """Return the BM25 of given points for the terms of a question, 0 for those with none.

        Where even the rarest term stands in so many points that this would take long, all are 0.
        """

    def read_points(
        self, point_ids: Collection[int], *, links: bool = True
    ) -> dict[int, StoredPoint]:
        """Return given points with their notes; an id that is gone is left out.

        :param point_ids: the points.
        :param links: False to leave their links out, which spares looking for them.
        """

    def points_of(self, note_id: str) -> list[StoredPoint]:
        """Return the points of a note in reading order."""

    def links_in(self, point_ids: Collection[int]) -> dict[int, list[Link]]:
        """Return the links that stand in given points, those that have any."""

    def links_of(self, note_id: str | None = None, most: int | None = None) -> list[Link]:
        """Return the links of one note or of all, in reading order.

        :param note_id: the note.
        :param most: how many at most, the first of them; None for all.
        """

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""

    def terms_like(self, prefix: str, shortest: int, longest: int) -> list[tuple[str, int]]:
        """Return the terms of all points that begin so and have so many characters.

        :param prefix: what they begin with.
        :param shortest: characters of the shortest.
        :param longest: characters of the longest.
        :return: (term, points it stands in) pairs.
        """

    def term_counts(self, terms: Collection[str]) -> dict[str, int]:
        """Return in how many points each term stands."""

    def newest(self, most: int) -> list[int]:
        """Return the ids of the newest points, falling: an id is higher than all before it.

        :param most: how many at most.
        """

    def chance_trace(self) -> bytes:
        """Return what ``Store.keep_chance`` kept last, of whichever generation, or nothing."""

    def whole_notes(self) -> Iterator[list[WholeNote]]:
        """Yield every file with all that is known of it, some hundred at a time."""


class Change(Protocol):
    """A transaction in progress; leaving it commits everything at once, an error nothing."""

    def put(self, change: NoteChange) -> None:
        """Add a note or replace what is known of it."""

    def drop(self, note_id: str) -> None:
        """Remove a note with all that came from it."""

    def open_links(self) -> Iterable[tuple[int, str, RawLink]]:
        """Return the links that may lead elsewhere after this change: (link id, note, link)."""

    def close_link(self, link_id: int, link: Link) -> None:
        """Keep where a link leads."""

    def names_for(self, key: str) -> list[NoteInfo]:
        """Return the notes filed under a key of links."""

    def anchor_line(self, note_id: str, anchor: str) -> int | None:
        """Return the line of a heading or block of a note, None where it has no such place."""


class Store(Protocol):
    """An index on disk or on a server."""

    def view(self) -> AbstractContextManager[View]:
        """Open a view of the newest generation."""

    def known_keys(self, keys: Collection[bytes]) -> set[bytes]:
        """Return which vectors are there already."""

    def add_vectors(self, keys: Sequence[bytes], vectors: Vectors, pieces: Sequence[bytes]) -> None:
        """Keep vectors and word pieces under their keys, durably, before the points that use them.

        :param keys: names of what was encoded.
        :param vectors: float32, shape ``(len(keys), dimension)``.
        :param pieces: as many packed word pieces, which a store does not look into.
        """

    def change(self, setup: Setup, *, anew: bool = False) -> AbstractContextManager[Change]:
        """Begin a change; at its end the generation is one higher.

        :param setup: what the index is built for from now on.
        :param anew: True to drop all notes first; readers see the old ones until the end.
        """

    def touch(self, stamps: Mapping[str, FileStamp]) -> None:
        """Note that files were written anew with the same content; the generation stays."""

    def keep_chance(self, generation: int, cosine: float, trace: bytes) -> None:
        """Keep how near a generation comes to any question; the generation stays.

        :param generation: of which it was measured; with the next one the cosine is forgotten.
        :param cosine: see ``indexer.retrieval.baseline``.
        :param trace: what it was measured by, for the next generation.
        """

    def building(self) -> AbstractContextManager[None]:
        """Hold the right to build, which one process has at a time.

        :raises IndexLocked: if another process has it, naming that process.
        """

    def optimise(self) -> None:
        """Write derived files anew where that pays, and drop what nothing uses any more."""

    def verify(self) -> list[Fault]:
        """Read every byte and return what is wrong, nothing where all is well."""

    def size(self) -> int:
        """Return the bytes the index takes."""

    def close(self) -> None:
        """Let go of files and connections."""

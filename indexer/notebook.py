"""The facade: one notes folder with its index, for the command line, the page and Python users."""

from __future__ import annotations

import functools
import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from indexer.config import DEFAULT_TOP_K, Settings, shown_store
from indexer.errors import NotesError, QueryError
from indexer.records import Answer, BuildReport, FileReport, Hit, Link, Mode, NoteFilter, Outcome

if TYPE_CHECKING:
    from indexer.encoding.encoder import Encoder
    from indexer.indexing.build import Reporter
    from indexer.indexing.parquet import Transfer
    from indexer.notes.folder import NotesFolder
    from indexer.retrieval.query import Reranker
    from indexer.retrieval.ranking import Weights
    from indexer.retrieval.search import Searcher
    from indexer.store.protocol import Store
    from indexer.store.records import Fault, Header, NoteInfo, StoredPoint, Vectors


class Status(NamedTuple):
    """What is indexed; ``bytes`` is the size of the index, ``skipped`` what is not in it whole.

    ``engine`` says what computed the vectors, where that is known.
    """

    notes_folder: str
    store: str
    generation: int
    notes: int
    points: int
    model: str
    dimension: int
    stale: bool
    bytes: int
    skipped: tuple[FileReport, ...]
    engine: str = ""


class DumpedPoint(NamedTuple):
    """A point as it stands in the index."""

    note_id: str
    stored: StoredPoint


class NotePage(NamedTuple):
    """A note as it is shown: its front matter, its body as safe HTML, the files it shows.

    ``files`` are paths relative to the notes folder; the HTML names them by number.
    """

    info: NoteInfo
    html: str
    files: tuple[str, ...] = ()


class Notebook:
    """A folder of notes and its index.

    >>> with Notebook("notes") as notebook:
    ...     notebook.build()
    ...     for hit in notebook.search("does it talk about ethics?").hits:
    ...         print(hit.note_id, hit.line_start, hit.text)
    """

    def __init__(
        self,
        notes: str | os.PathLike[str] | None = None,
        *,
        store: str | None = None,
        model: str | None = None,
        site_url: str | None = None,
        encoder: Encoder | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Name the parts; nothing is opened before it is needed.

        :param notes: the notes folder; see ``Settings.load`` for the default.
        :param store: folder of the index, or address of a server.
        :param model: name or folder of the model.
        :param site_url: address the notes are published at.
        :param encoder: one to use instead of opening ``model``.
        :param say: told what takes long, one line at a time.
        :raises NotesError: if the folder is missing.
        :raises SettingsError: if a setting is wrong.
        """
        self.settings = Settings.load(notes=notes, store=store, model=model, site_url=site_url)
        self._say = say
        self._opening = threading.RLock()  # the page asks from several threads at once
        self._encoder = encoder
        self._store: Store | None = None
        self._searcher: Searcher | None = None
        self._rerankers: dict[str, Reranker] = {}

    def __enter__(self) -> Self:
        """Return the notebook; it is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the index."""
        if self._store is not None:
            self._store.close()
        self._store = self._searcher = None

    # building
    def build(
        self,
        *,
        rebuild: bool = False,
        force: bool = False,
        dry_run: bool = False,
        ray: str | None = None,
        reporter: Reporter | None = None,
    ) -> BuildReport:
        """Bring the index in line with the notes.

        :param rebuild: begin from nothing; also the cure for a damaged index.
        :param force: let go of most of the index where most notes are gone.
        :param dry_run: only say what would change.
        :param ray: encode on the Ray cluster of this address; on one of this machine if empty.
        :param reporter: receives the progress.
        :raises IndexerError: as ``indexer.indexing.build.build`` does.
        """
        from indexer.indexing.build import BuildOptions, build
        from indexer.store.opening import open_store

        self.close()
        started = time.perf_counter()
        by_ray = ray is not None and not dry_run
        if not self.settings.notes.is_dir():  # the index may live in it, and must not bring it back
            raise NotesError(
                f"the notes folder {self.settings.notes} is gone", "the index waits for its return"
            )
        options = BuildOptions(
            site_url=self.settings.site_url,
            rebuild=rebuild,
            force=force,
            dry_run=dry_run,
            encoded=by_ray,
        )
        store = open_store(self.settings.store, mend=rebuild)
        try:
            encoded = self._encode_by_ray(store, ray or "", rebuild, reporter) if by_ray else 0
            report = build(self.folder, store, self.encoder, options, reporter)
            seconds = time.perf_counter() - started if by_ray else report.seconds
            return report._replace(embedded=report.embedded + encoded, seconds=seconds)
        finally:
            store.close()

    def _encode_by_ray(
        self, store: Store, address: str, rebuild: bool, reporter: Reporter | None
    ) -> int:
        from indexer.encoding.opening import open_node_encoder
        from indexer.indexing.ray import Job, encode_by_ray

        settings = self.settings
        # One folder an index, so that a build that was stopped finds what it had done.
        name = hashlib.blake2b(settings.store.encode("utf-8", "surrogatepass"), digest_size=8)
        job = Job(
            self.folder,
            settings.shards / name.hexdigest(),
            functools.partial(open_node_encoder, settings.model, settings.cache),
            address,
            rebuild,
        )
        return encode_by_ray(job, store, reporter)

    # asking
    def open_ahead(self, points: int = 0) -> None:
        """Begin to open the model while the caller does other things; asking waits for it.

        :param points: how many points are about to be encoded; 0 for a question.
        """
        self.encoder.open_ahead(points)

    def search(
        self,
        question: str,
        k: int = DEFAULT_TOP_K,
        *,
        mode: Mode = Mode.HYBRID,
        where: NoteFilter | None = None,
        more_like: Sequence[str | int] = (),
        less_like: Sequence[str | int] = (),
        weights: Weights | None = None,
        rerank: str | None = None,
    ) -> Answer:
        """Answer a question with the points of the notes that answer it.

        :param question: in the reader's own words.
        :param k: how many points at most.
        :param mode: by words, by meaning, or both.
        :param where: which notes may answer.
        :param more_like: points to lean towards: ids, or "note:line".
        :param less_like: points to lean away from.
        :param weights: what each kind of evidence counts; None for the measured best.
        :param rerank: name or folder of a cross-encoder that orders the first points anew.
        :raises IndexerError: if there is no index, or the question cannot be asked.
        """
        from indexer.retrieval.query import Query
        from indexer.retrieval.ranking import Weights

        searcher = self._open_searcher()
        more, less = self._point_ids(more_like), self._point_ids(less_like)
        query = Query(
            question,
            k,
            mode,
            where or NoteFilter(),
            more,
            less,
            weights or Weights(),
            self._open_reranker(rerank) if rerank else None,
        )
        answer = searcher.search(query)
        if not self.settings.site_url:
            return answer
        return replace(answer, hits=tuple(map(self._with_address, answer.hits)))

    def similar(self, place: str, k: int = DEFAULT_TOP_K) -> list[Hit]:
        """Return the nearest points of other notes, without those already linked to.

        :param place: a note, or "note:line" for one point of it.
        :param k: how many.
        """
        note_id, line = split_place(place)
        return self._open_searcher().similar(note_id, line, k)

    def links(self, note_id: str | None = None, *, broken: bool = False) -> list[Link]:
        """Return the links of one note or of all.

        :param note_id: the note.
        :param broken: only those that lead nowhere or have a mend.
        """
        with self._open_store().view() as view:
            found = view.links_of(note_id)
        return [link for link in found if not broken or not link.ok or link.mend]

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""
        with self._open_store().view() as view:
            return view.backlinks(note_id)

    def notes(self) -> list[NoteInfo]:
        """Return the indexed notes, by path."""
        with self._open_store().view() as view:
            return view.notes()

    def labels(self) -> dict[str, dict[str, int]]:
        """Return how many notes carry each tag and each category."""
        with self._open_store().view() as view:
            return view.labels()

    def read_note(self, note_id: str) -> NotePage:
        """Return a note as it is now, ready to be shown.

        :param note_id: a note of the index.
        :raises NotesError: if the index has no such note, or its file is gone.
        """
        from indexer.notes.files import NoteFiles

        with self._open_store().view() as view:
            info = view.note(note_id)
            if info is None:
                raise NotesError(
                    f"the index has no note {note_id}", "it may have been moved: search"
                )
            links = view.links_of(note_id)
        files = NoteFiles(self.folder, note_id)
        html = self.folder.render(self.folder.read(note_id), links, files.find)
        return NotePage(info, html, tuple(files.paths))

    def points_of(self, note_id: str) -> list[StoredPoint]:
        """Return the points of a note in reading order."""
        with self._open_store().view() as view:
            return view.points_of(note_id)

    def all_points(self) -> tuple[int, list[DumpedPoint], Vectors]:
        """Return the generation, every point of it in reading order, and their vectors.

        The vectors are float32, shape ``(points, dimension)``.
        """
        with self._open_store().view() as view:
            points = [
                DumpedPoint(note.note_id, stored)
                for note in view.notes()
                for stored in view.points_of(note.note_id)
            ]
            vectors = view.vectors([dumped.stored.point_id for dumped in points])
            return view.header().generation, points, vectors

    def changed_notes(self, count: int) -> list[tuple[NoteInfo, float]]:
        """Return the notes that were written last, newest first, with when in seconds since 1970.

        :param count: how many at most.
        """
        with self._open_store().view() as view:
            stamps = view.stamps()
            newest = sorted(
                ((stamp.mtime_ns, note_id) for note_id, stamp in stamps.items() if stamp),
                reverse=True,
            )
            found = ((view.note(note_id), when / 1e9) for when, note_id in newest[: 2 * count])
            return [(note, when) for note, when in found if note][:count]

    def published_address(self, note: NoteInfo) -> str:
        """Return where a note is published, empty without a site."""
        from indexer.notes.links import published_url

        site = self.settings.site_url
        return published_url(note.published, site) if site and note.published else ""

    # looking after it
    def header(self) -> Header:
        """Return what the index says of itself; costs next to nothing."""
        with self._open_store().view() as view:
            return view.header()

    def status(self) -> Status:
        """Return what is indexed, by which model, and whether notes changed since."""
        from indexer.retrieval.freshness import is_stale

        store = self._open_store()
        with store.view() as view:
            header = view.header()
            states = view.note_states()
            stale = is_stale(self.folder, view)
        incomplete = (Outcome.SKIPPED, Outcome.PARTIAL)
        return Status(
            str(self.settings.notes),
            shown_store(self.settings.store),
            header.generation,
            header.notes,
            header.points,
            header.setup.model if header.setup else self.settings.model,
            header.setup.dimension if header.setup else 1,
            stale,
            store.size(),
            tuple(
                FileReport(note_id, state.outcome, state.warnings)
                for note_id, state in sorted(states.items())
                if state.outcome in incomplete
            ),
            header.setup.engine if header.setup else "",
        )

    def dump(self) -> tuple[list[FileReport], list[DumpedPoint]]:
        """Return every file with what became of it, and every point."""
        with self._open_store().view() as view:
            states = sorted(view.note_states().items())
            files = [
                FileReport(note_id, state.outcome, state.warnings) for note_id, state in states
            ]
            points = [
                DumpedPoint(note_id, stored)
                for note_id, _ in states
                for stored in view.points_of(note_id)
            ]
        return files, points

    def check(self) -> list[Fault]:
        """Read every byte of the index and the model, and return what is wrong."""
        faults = self._open_store().verify()
        self.encoder.verify()
        return faults

    def export_index(self, folder: Path) -> Transfer:
        """Write the index to a new folder of Parquet files; see ``indexer.indexing.parquet``."""
        from indexer.indexing.parquet import export_index

        return export_index(self._open_store(), folder)

    def import_index(self, folder: Path, *, force: bool = False) -> Transfer:
        """Read an index another store wrote; see ``indexer.indexing.parquet``."""
        from indexer.indexing.parquet import import_index
        from indexer.store.opening import open_store

        self.close()
        store = open_store(self.settings.store)
        try:
            return import_index(store, folder, force=force)
        finally:
            store.close()

    @property
    def folder(self) -> NotesFolder:
        """The notes on disk."""
        from indexer.notes.folder import NotesFolder

        return NotesFolder(self.settings.notes, self.settings.size_limit)

    @property
    def encoder(self) -> Encoder:
        """The encoder, opened when first needed."""
        with self._opening:
            if self._encoder is None:
                from indexer.encoding.opening import open_encoder

                self._encoder = open_encoder(
                    self.settings.model, cache=self.settings.cache, say=self._say
                )
            return self._encoder

    def use_encoder(self, encoder: Encoder) -> None:
        """Encode with another encoder of the same model from now on."""
        self._encoder, self._searcher = encoder, None

    def _open_store(self) -> Store:
        with self._opening:
            if self._store is None:
                from indexer.store.opening import open_store

                self._store = open_store(self.settings.store, read_only=True)
            return self._store

    def _open_searcher(self) -> Searcher:
        with self._opening:
            if self._searcher is None:
                self.open_ahead()
                from indexer.retrieval.freshness import Freshness
                from indexer.retrieval.search import Searcher

                store = self._open_store()
                freshness = Freshness(self.folder, self.encoder)
                self._searcher = Searcher(store, self.encoder, freshness)
            return self._searcher

    def _open_reranker(self, name: str) -> Reranker:
        if name not in self._rerankers:
            from indexer.encoding.reranker import CrossEncoderReranker

            self._rerankers[name] = CrossEncoderReranker(name).rate
        return self._rerankers[name]

    def _point_ids(self, places: Sequence[str | int]) -> tuple[int, ...]:
        """Return the ids of points named by id or place."""
        ids: list[int] = []
        for place in places:
            if isinstance(place, int) or place.isdecimal():
                ids.append(int(place))
                continue
            note_id, line = split_place(place)
            points = [p for p in self.points_of(note_id) if line is None or _stands_at(p, line)]
            if not points:
                raise QueryError(
                    f"there is no point at {place}", "give NOTE:LINE, or the id of a hit"
                )
            ids += [stored.point_id for stored in points]
        return tuple(ids)

    def _with_address(self, hit: Hit) -> Hit:
        from indexer.notes.links import published_url

        with self._open_store().view() as view:
            published = view.read_points([hit.point_id])[hit.point_id].note.published
        return hit._replace(url=published_url(published, self.settings.site_url))


def split_place(place: str) -> tuple[str, int | None]:
    """Return the note and the line of "note:line"; a name may hold colons of its own."""
    note_id, separator, line = place.rpartition(":")
    if separator and line.isdecimal():
        return note_id, int(line)
    return place, None


def _stands_at(stored: StoredPoint, line: int) -> bool:
    return stored.point.line_start <= line <= stored.point.line_end

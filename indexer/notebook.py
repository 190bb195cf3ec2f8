"""The facade: one notes folder with its index, for the command line, the page and Python users."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from indexer.config import DEFAULT_TOP_K, Settings, trusted_model
from indexer.errors import EncoderError, IndexerError, NotesError
from indexer.gathered import follow_links_in
from indexer.records import Answer, BuildReport, FileReport, Hit, Link, Mode, NoteFilter

if TYPE_CHECKING:
    from indexer.encoding.encoder import Encoder
    from indexer.indexing.build import Reporter
    from indexer.indexing.parquet import Transfer
    from indexer.notes.folder import NotesFolder
    from indexer.retrieval.query import Reranker
    from indexer.retrieval.ranking import Weights
    from indexer.retrieval.search import Searcher
    from indexer.snapshot import DumpedPoint, NotePage, Snapshot, Status
    from indexer.store.protocol import Store
    from indexer.store.records import Fault, Header, NoteInfo, StoredPoint


class Notebook:
    """A folder of notes and its index.

    >>> with Notebook("notes") as notebook:
    ...     notebook.build()
    ...     for hit in notebook.search("does it talk about ethics?").hits:
    ...         print(hit.note_id, hit.line_start, hit.text)
    """

    def __init__(
        self,
        notes: str | os.PathLike[str] | Sequence[str] | None = None,
        *,
        store: str | None = None,
        model: str | None = None,
        site_url: str | None = None,
        follow_links: bool | None = None,
        encoder: Encoder | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Load the settings; each part is opened at its first use.

        :param notes: the notes folder; see ``Settings.load`` for the default.
        :param store: folder of the index, or address of a server.
        :param model: name or folder of the model.
        :param site_url: web address where the notes are published.
        :param follow_links: whether symbolic links that stay within the notes folders are followed;
            None for what the index was built with.
        :param encoder: used instead of opening ``model``.
        :param say: receives one line about each step that takes long.
        :raises NotesError: if the folder is missing.
        :raises SettingsError: if a setting is wrong.
        """
        self.settings = Settings.load(
            notes=notes, store=store, model=model, site_url=site_url, follow_links=follow_links
        )
        from indexer.store.opening import as_in_index

        chosen = encoder is not None or model or os.environ.get("NOTEPOINT_MODEL")
        self.settings = as_in_index(self.settings, keep_model=bool(chosen))
        follow_links_in(self.settings.notes, follow=bool(self.settings.follow_links))
        self._say = say
        # Several threads can ask at once. The model has its own lock, since answers by words only
        # need the store while it opens. Code that needs both locks takes the model's first.
        self._opening_encoder = threading.RLock()
        self._opening = threading.RLock()
        self._encoder = encoder
        self._store: Store | None = None
        self._searcher: Searcher | None = None
        self._words_searcher: Searcher | None = None
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
        """Close the index."""
        with self._opening:
            if self._store is not None:
                self._store.close()
            self._store = self._searcher = self._words_searcher = None

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
        """Bring the index up to date with the notes.

        :param rebuild: build from nothing; also repairs a damaged index.
        :param force: drop most of the index if most notes are missing.
        :param dry_run: only report what would change.
        :param ray: address of a Ray cluster that encodes; if empty, a temporary one on this
            machine.
        :param reporter: receives the progress.
        :raises IndexerError: as ``indexer.indexing.build.build`` does.
        """
        from indexer.indexing.build import BuildOptions, build
        from indexer.store.opening import open_store

        self.close()
        started = time.perf_counter()
        by_ray = ray is not None and not dry_run
        if not self.settings.notes.is_dir():  # the index may be in it and must not create it again
            raise NotesError(
                f"the notes folder {self.settings.notes} no longer exists",
                "the index is kept until it is back",
            )
        options = BuildOptions(
            site_url=self.settings.site_url,
            rebuild=rebuild,
            force=force,
            dry_run=dry_run,
            encoded=by_ray,
        )
        store = open_store(self.settings.store, repair=rebuild)
        try:
            encoded = self._encode_by_ray(store, ray or "", rebuild, reporter) if by_ray else 0
            report = build(self.folder, store, self.encoder, options, reporter)
            seconds = time.perf_counter() - started if by_ray else report.seconds
            return report._replace(
                embedded=report.embedded + encoded,
                seconds=seconds,
                offer=self._offer(store, report),
            )
        finally:
            store.close()

    def catch_up(self) -> str:
        """Index notes saved since the last build, if that takes less than half a second.

        :return: a line that says that the index is out of date; empty if it is up to date.
        """
        from indexer.indexing.catch_up import saved_since

        saved = None
        try:
            with self._open_store().view() as view:
                header = view.header()
                saved = saved_since(self.folder, view) if header.setup else None
            if not saved:
                return ""
            if not saved.is_quick(header.points):
                return saved.said()
            self.build()
        except IndexerError:
            return saved.said() if saved else ""  # the question raises the same error
        return ""

    def _offer(self, store: Store, report: BuildReport) -> str:
        """Return advice on a model that understands the notes better, at a first build."""
        from indexer.encoding.offer import offer_for_notes
        from indexer.snapshot import sample_texts

        if report.dry_run or not report.points_added or report.points_added < report.points_total:
            return ""
        with store.view() as view:
            texts = sample_texts(view)
        return offer_for_notes(texts, self.encoder.name)

    def _encode_by_ray(
        self, store: Store, address: str, rebuild: bool, reporter: Reporter | None
    ) -> int:
        from indexer.encoding.opening import open_node_encoder
        from indexer.indexing.ray import Job, encode_by_ray

        settings = self.settings
        # One folder per index, so that a stopped build finds its finished work.
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
        """Start to open the model in the background; a question waits for it.

        :param points: about how many points will be encoded; 0 for a question.
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
        points: bool = False,
        explain: bool = False,
        budget: int | None = None,
    ) -> Answer:
        """Answer a question with points from the notes.

        :param question: in plain words.
        :param k: the most units to return, see ``Answer.units``.
        :param mode: by words, by meaning, or both.
        :param where: only notes that pass this filter.
        :param more_like: prefer hits like these points: ids, or "note:line".
        :param less_like: prefer hits unlike these points.
        :param weights: the weight of each kind of evidence; None for the measured best.
        :param rerank: name or folder of a cross-encoder that reranks the first points.
        :param points: single points only, not combined into lists or sections.
        :param explain: explain the rank of each hit, see ``Hit.explanation``.
        :param budget: fill this many tokens, see ``Answer.passages``; None for no budget.
        :raises IndexerError: if there is no index, or the question is invalid.
        """
        with self.snapshot(mode=mode) as snapshot:
            return snapshot.search(
                question,
                k,
                mode=mode,
                where=where,
                more_like=more_like,
                less_like=less_like,
                weights=weights,
                rerank=rerank,
                points=points,
                explain=explain,
                budget=budget,
            )

    def similar(self, place: str, k: int = DEFAULT_TOP_K) -> list[Hit]:
        """Return the nearest points of other notes, without those already linked to.

        :param place: a note, or "note:line" or "note:first-last" for a part of it.
        :param k: how many.
        """
        with self.snapshot() as snapshot:
            return snapshot.similar(place, k)

    def links(self, note_id: str | None = None, *, broken: bool = False) -> list[Link]:
        """Return the links of one note or of all.

        :param note_id: the note.
        :param broken: only links that lead nowhere or need a fix.
        """
        with self.snapshot() as snapshot:
            return snapshot.links(note_id, broken=broken)

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""
        with self.snapshot() as snapshot:
            return snapshot.backlinks(note_id)

    def notes(self) -> list[NoteInfo]:
        """Return the indexed notes, by path."""
        with self.snapshot() as snapshot:
            return snapshot.notes()

    def labels(self) -> dict[str, dict[str, int]]:
        """Return the number of notes with each tag and each category."""
        with self.snapshot() as snapshot:
            return snapshot.labels()

    def read_note(self, note_id: str) -> NotePage:
        """Return the current file of a note, ready to show.

        :param note_id: a note of the index.
        :raises NotesError: if the index has no such note, or its file is missing.
        """
        with self.snapshot() as snapshot:
            return snapshot.read_note(note_id)

    def points_of(self, note_id: str) -> list[StoredPoint]:
        """Return the points of a note in reading order."""
        with self.snapshot() as snapshot:
            return snapshot.points_of(note_id)

    def header(self) -> Header:
        """Return the header of the index; takes almost no time."""
        with self.snapshot() as snapshot:
            return snapshot.header()

    # maintenance
    def status(self) -> Status:
        """Return what is indexed, with which model, and whether notes have changed since."""
        with self.snapshot() as snapshot:
            return snapshot.status()

    def dump(self) -> tuple[list[FileReport], list[DumpedPoint]]:
        """Return every file with its outcome, and every point."""
        with self.snapshot() as snapshot:
            return snapshot.dump()

    def check(self) -> list[Fault]:
        """Read every byte of the index and the model, and return the faults."""
        from indexer.store.records import Fault

        store = self._open_store()
        exposed = store.exposure()
        faults = [*store.verify(), *([Fault("permissions", exposed)] if exposed else [])]
        self.encoder.verify()
        return faults

    def export_index(self, folder: Path) -> Transfer:
        """Write the index to a new folder of Parquet files; see ``indexer.indexing.parquet``."""
        from indexer.indexing.parquet import export_index

        return export_index(self._open_store(), folder)

    def import_index(self, folder: Path, *, force: bool = False) -> Transfer:
        """Read an exported index; see ``indexer.indexing.parquet``."""
        from indexer.indexing.parquet import import_index
        from indexer.store.opening import open_store

        self.close()
        store = open_store(self.settings.store)
        try:
            return import_index(store, folder, force=force)
        finally:
            store.close()

    @contextlib.contextmanager
    def snapshot(self, *, mode: Mode = Mode.HYBRID, words_only: bool = False) -> Iterator[Snapshot]:
        """Open one generation of the index; everything read through it is consistent.

        :param mode: how questions will be answered; by words alone needs no model.
        :param words_only: True to answer by words alone without opening the model.
        :raises IndexerError: if there is no index, or it cannot be read.
        """
        from indexer.snapshot import Parts, Snapshot

        def searcher() -> Searcher:
            return self._open_words_searcher() if words_only else self._open_searcher(mode)

        store = self._open_store()
        parts = Parts(
            settings=self.settings,
            folder=self.folder,
            searcher=searcher,
            reranker=self._open_reranker,
            size=store.size,
            translated=store.translated,
        )
        with store.view() as view:
            yield Snapshot(view, parts)

    @property
    def folder(self) -> NotesFolder:
        """The notes on disk."""
        from indexer.notes.folder import NotesFolder

        return NotesFolder(self.settings.notes, self.settings.size_limit)

    @property
    def encoder(self) -> Encoder:
        """The encoder, opened at the first use."""
        with self._opening_encoder:
            if self._encoder is None:
                from indexer.encoding.opening import open_encoder

                self._encoder = open_encoder(
                    self.settings.model, cache=self.settings.cache, say=self._say
                )
            return self._encoder

    def use_encoder(self, encoder: Encoder) -> None:
        """Use another encoder of the same model from now on."""
        with self._opening_encoder, self._opening:
            self._encoder, self._searcher = encoder, None

    def _open_store(self) -> Store:
        with self._opening:
            if self._store is None:
                from indexer.store.opening import open_store

                self._store = open_store(self.settings.store, read_only=True)
                exposed = self._store.exposure()
                if exposed:
                    self._say(f"warning: {exposed}")
            return self._store

    def _open_searcher(self, mode: Mode) -> Searcher:
        """Return a searcher by words and meaning; by words alone if there is no model."""
        with self._opening:
            if self._searcher is not None:
                return self._searcher
        try:
            self.open_ahead()
        except EncoderError:
            if mode is not Mode.LEXICAL:
                raise
            return self._open_words_searcher()
        from indexer.retrieval.freshness import Freshness
        from indexer.retrieval.search import Searcher

        settings, encoder, store = self.settings, self.encoder, self._open_store()
        with self._opening:
            if self._searcher is None:
                freshness = Freshness(self.folder, encoder)
                self._searcher = Searcher.over(store, encoder, freshness, settings)
            return self._searcher

    def _open_words_searcher(self) -> Searcher:
        """Return a searcher by words alone, without a model."""
        from indexer.encoding.token_counts import EstimatedTokens
        from indexer.retrieval.freshness import Freshness
        from indexer.retrieval.search import Searcher

        settings, store = self.settings, self._open_store()
        with self._opening:
            if self._words_searcher is None:
                counter = EstimatedTokens()
                freshness = Freshness(self.folder, counter)
                self._words_searcher = Searcher.over(store, None, freshness, settings)
            return self._words_searcher

    def _open_reranker(self, name: str) -> Reranker:
        with self._opening_encoder:
            if name not in self._rerankers:
                from indexer.encoding.reranker import CrossEncoderReranker as Cross

                self._rerankers[name] = Cross(trusted_model(name, self.settings.notes)).rate
            return self._rerankers[name]

"""The base of every surface that answers more than one question.

The page, the HTTP service, MCP and editors share it, and it knows no surface. It opens the model in
the background and answers by words alone until then. It reads each request from one generation of
the index. It builds in another process when notes change, and detects a replaced index.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from indexer.config import Settings
from indexer.encoding.remembering import RememberingEncoder
from indexer.errors import EncoderError, IndexerError, IndexNotFound, QueryError
from indexer.indexing.rebuild_process import Rebuilder
from indexer.indexing.watch import watch
from indexer.lru import Lru
from indexer.notebook import Notebook
from indexer.records import Answer, BuildReport, Hit, Link, Mode, NoteFilter

if TYPE_CHECKING:
    from indexer.drafts import Draft, Drafts
    from indexer.records import FileStamp
    from indexer.snapshot import NotePage, NoteText, Snapshot

# A converted model opens within this time, so the first request waits for it.
_MODEL_PATIENCE_S = 0.5
_MODEL_AT_END_S = 10.0
_REMEMBERED_NOTES = 64


_MOST_PROPERTIES = 400  # that a list on the page can be chosen from


class Labels(NamedTuple):
    """The filter values of one generation, each sorted; titles by note.

    ``properties`` are ``key=value``; of many, only those of the most notes.
    """

    generation: int
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    folders: tuple[str, ...]
    titles: dict[str, str]
    properties: tuple[str, ...] = ()


class Model(Enum):
    """The state of the model: without it, questions are answered by words alone."""

    LOADING = "loading"
    READY = "ready"
    MISSING = "missing"


class State(NamedTuple):
    """The state of the background threads of a service.

    ``model_error`` is the reason why there is no model, ``watch_error`` why the last build failed.
    """

    model: Model = Model.LOADING
    model_error: IndexerError | None = None
    watching: bool = False
    watch_error: str = ""


class Service:
    """One notebook, opened once for many requests; ``start`` starts its threads."""

    def __init__(self, notebook: Notebook) -> None:
        """Store the notebook; read nothing yet.

        :param notebook: answers the requests; closed with the service.
        """
        self.notebook = notebook
        self.rebuilder = Rebuilder(notebook.settings)
        self._running = threading.local()  # the request of each thread
        self._stop = threading.Event()
        self._lock = threading.Lock()  # guards the next four
        self._state = State()
        self._files: list[tuple[str, int]] | None = None
        self._labels: Labels | None = None
        self._drafts: tuple[int, Drafts] | None = None
        self._notes: Lru[tuple[str, FileStamp | None, int], NotePage] = Lru(_REMEMBERED_NOTES)
        self._similar: Lru[tuple[str, int, int], tuple[Hit, ...]] = Lru(_REMEMBERED_NOTES)
        self._loader = threading.Thread(target=self._load_model, daemon=True)

    @property
    def settings(self) -> Settings:
        """The settings with the notes folder and the store."""
        return self.notebook.settings

    @property
    def state(self) -> State:
        """The state of the background threads."""
        with self._lock:
            return self._state

    def start(self, *, watch: bool = True) -> None:
        """Load the model in the background and follow the notes folder.

        :param watch: False to build only on request.
        """
        self._loader.start()
        if watch:
            threading.Thread(target=self._follow_folder, daemon=True).start()
        self._loader.join(_MODEL_PATIENCE_S)

    def close(self) -> None:
        """Stop following the folder and close the index."""
        self._stop.set()
        if self._loader.is_alive():
            self._loader.join(_MODEL_AT_END_S)  # otherwise it could open the index again
        self.notebook.close()
        self.rebuilder.close()

    # reading
    @contextlib.contextmanager
    def request(self) -> Iterator[Request]:
        """Start a request, which reads only one generation of the index.

        A nested request of the same thread returns the outer one. The index is opened at the first
        use, so requests that do not need it work without an index.
        """
        running: Request | None = getattr(self._running, "request", None)
        if running is not None:
            yield running
            return
        self._follow_files()
        with Request(self) as begun:
            self._running.request = begun
            try:
                yield begun
            finally:
                self._running.request = None

    def remember_note(
        self, note_id: str, generation: int, read: Callable[[], NotePage]
    ) -> NotePage:
        """Return a rendered note, from the cache if neither note nor index changed.

        :param note_id: a note of the index.
        :param generation: of the index.
        :param read: renders the note.
        """
        stamp = self.notebook.folder.read_stamp(note_id)
        if stamp is None:
            return read()  # raises the error of the file
        return self._notes.get_or_make((note_id, stamp, generation), read)

    def remember_similar(
        self, place: str, k: int, generation: int, find: Callable[[], tuple[Hit, ...]]
    ) -> tuple[Hit, ...]:
        """Return the points near a place, searched once per generation.

        :param place: "note" or "note:line".
        :param k: the number of points.
        :param generation: of the index.
        :param find: searches the points.
        """
        return self._similar.get_or_make((place, k, generation), find)

    def drafts_of(self, generation: int, make: Callable[[], Drafts]) -> Drafts:
        """Return the reader of drafts, created once per generation.

        :param generation: of the index.
        :param make: creates it.
        """
        with self._lock:
            known = self._drafts
        if known is None or known[0] != generation:
            known = generation, make()
            with self._lock:
                self._drafts = known
        return known[1]

    def remember_labels(self, generation: int, read: Callable[[], Labels]) -> Labels:
        """Return the filter values, read once per generation.

        :param generation: of the index.
        :param read: reads the values.
        """
        with self._lock:
            known = self._labels
        if known is None or known.generation != generation:
            known = read()
            with self._lock:
                self._labels = known
        return known

    def _follow_files(self) -> None:
        """Close the index if its file was replaced, for example by a rebuild."""
        store = self.settings.store
        if "://" in store:
            return
        files = sorted((path.name, path.stat().st_ino) for path in Path(store).glob("index-*.db"))
        with self._lock:
            changed, self._files = self._files not in (None, files), files
        if changed:
            self.notebook.close()

    # in the background
    def _load_model(self) -> None:
        try:
            encoder = RememberingEncoder(self.notebook.encoder)
            encoder.encode_query("ready")
        except IndexerError as exc:
            self._now(model=Model.MISSING, model_error=exc)
            return
        self.notebook.use_encoder(encoder)
        with contextlib.suppress(IndexerError):  # the first question raises the same error
            self.notebook.search("ready", 1)  # opens everything the first question needs
        self._now(model=Model.READY)
        settle_memory()

    def _follow_folder(self) -> None:
        """Build in another process after each change of the notes."""
        self._now(watching=True)
        watch(
            _BuildsElsewhere(self),
            self._stop,
            built=lambda report: (
                None
            ),  # never called, since a build in another process returns no report
            failed=lambda exc: self._now(watch_error=exc.message),
        )
        self._now(watching=False)

    def build_if_stale(self) -> None:
        """Bring an existing index up to date in another process.

        :raises IndexerError: if the build failed.
        """
        self.rebuilder.wait()
        try:
            with self.request() as request:
                stale = request.snapshot.status().stale
        except IndexNotFound:
            stale = False
        if stale:
            self.rebuilder.start(again_soon=True)
            done = self.rebuilder.wait()
            if done.failed:
                raise IndexerError(done.message)
        self._now(watch_error="")

    def _now(self, **changes: Any) -> None:
        with self._lock:
            self._state = self._state._replace(**changes)


class _BuildsElsewhere:
    """Passed to ``watch``: builds the index of a service in another process."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def settings(self) -> Settings:
        return self._service.settings

    def build(self) -> BuildReport | None:
        self._service.build_if_stale()
        return None


class Request:
    """A request of one thread, which reads one generation of the index."""

    def __init__(self, service: Service) -> None:
        """Open nothing yet.

        :param service: gives access to the index.
        """
        self._service = service
        self._open = contextlib.ExitStack()
        self._snapshot: Snapshot | None = None
        self.by_meaning = service.state.model is Model.READY

    def __enter__(self) -> Request:
        """Return the request; its view is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the view."""
        self._snapshot = None
        self._open.close()

    @property
    def snapshot(self) -> Snapshot:
        """The generation that this request reads.

        :raises IndexNotFound: if nothing was built yet, though a first build may be running.
        :raises IndexerError: if the index cannot be read.
        """
        if self._snapshot is None:
            notebook = self._service.notebook
            opened = self._open.enter_context(notebook.snapshot(words_only=not self.by_meaning))
            if opened.header().setup is None:
                raise IndexNotFound("nothing was built yet", "run `notepoint build`")
            self._snapshot = opened
        return self._snapshot

    @property
    def generation(self) -> int:
        """The number of the generation that this request reads."""
        return self.snapshot.header().generation

    def ask(
        self,
        question: str,
        k: int,
        mode: Mode = Mode.HYBRID,
        where: NoteFilter | None = None,
        more: Sequence[str] = (),
        less: Sequence[str] = (),
        *,
        points: bool = False,
        budget: int | None = None,
    ) -> Answer:
        """Answer a question; by words alone until the model is open.

        :param question: in plain words.
        :param k: the most points to return.
        :param mode: how to answer, once the model is open.
        :param where: only notes that pass this filter.
        :param more: prefer hits like these places ("note:line").
        :param less: prefer hits unlike these places.
        :param points: single points only, not combined into lists or sections.
        :param budget: fill this many tokens, see ``Answer.passages``; None for no budget.
        :raises IndexerError: as ``Notebook.search`` does.
        """
        if not self.by_meaning:
            mode, more, less = Mode.LEXICAL, (), ()
        ask = functools.partial(self.snapshot.search, more_like=more, less_like=less)
        return ask(question, k, mode=mode, where=where, points=points, budget=budget)

    def read_note(self, note_id: str) -> NotePage:
        """Return a rendered note, from the cache if neither note nor index changed.

        :param note_id: a note of the index.
        :raises NotesError: if the index has no such note, or its file is missing.
        """
        snapshot = self.snapshot
        return self._service.remember_note(
            note_id, self.generation, lambda: snapshot.read_note(note_id)
        )

    def similar(self, place: str, k: int) -> tuple[Hit, ...]:
        """Return the nearest points of other notes, searched once per generation.

        :param place: "note" or "note:line".
        :param k: the number of points.
        :return: empty without a model, or if there is no point at that place.
        """
        if not self.by_meaning:
            return ()
        snapshot = self.snapshot

        def find() -> tuple[Hit, ...]:
            try:
                return tuple(snapshot.similar(place, k))
            except QueryError:
                return ()

        return self._service.remember_similar(place, k, self.generation, find)

    def read_lines(self, place: str) -> NoteText:
        """Return lines of the current file of a note; see ``Snapshot.read_lines``.

        :param place: "note", "note:line" or "note:first-last".
        """
        return self.snapshot.read_lines(place)

    def near(self, place: str, k: int) -> tuple[Hit, ...]:
        """Return the nearest points of other notes; raise an error if there are none.

        :param place: "note", "note:line" or "note:first-last".
        :param k: the number of points.
        :raises EncoderError: if there is no model yet.
        :raises QueryError: if no point is at that place.
        """
        if not self.by_meaning:
            raise EncoderError("the model is not loaded yet", "ask again in a few seconds")
        return tuple(self.snapshot.similar(place, k))

    def labels(self) -> Labels:
        """Return the filter values of the notes, read once per generation."""
        return self._service.remember_labels(self.generation, self._read_labels)

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""
        return self.snapshot.backlinks(note_id)

    def read_draft(self, note_id: str, text: str, others: Mapping[str, str] | None = None) -> Draft:
        r"""Return an unsaved note from an editor, with its links resolved.

        :param note_id: the note.
        :param text: the whole draft, lines ended by ``\n``.
        :param others: other drafts by note, whose headings and blocks are link targets too.
        :raises IndexerError: if the text cannot be read, or there is no index.
        """
        drafts = self._service.drafts_of(self.generation, self._make_drafts)
        return drafts.read(note_id, text, others)

    def _make_drafts(self) -> Drafts:
        from indexer.drafts import Drafts

        notebook = self._service.notebook
        return Drafts(notebook.folder, self.snapshot.notes(), site_url=notebook.settings.site_url)

    def _read_labels(self) -> Labels:
        notes, labels = self.snapshot.notes(), self.snapshot.labels()
        folders = {note.note_id.rpartition("/")[0] for note in notes} - {""}
        return Labels(
            generation=self.generation,
            tags=tuple(labels["tag"]),
            categories=tuple(labels["category"]),
            folders=tuple(sorted(folders)),
            titles={note.note_id: note.title for note in notes},
            properties=_most_frequent(labels["property"]),
        )


def _most_frequent(counts: Mapping[str, int]) -> tuple[str, ...]:
    chosen = sorted(counts, key=lambda name: (-counts[name], name))[:_MOST_PROPERTIES]
    return tuple(sorted(chosen))


def settle_memory() -> None:
    """Exclude all current objects from garbage collection, since a full pass stops all threads.

    A full pass takes 80 ms with a model and an index of a thousand notes.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()

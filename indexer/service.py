"""What every surface that runs for longer than one question is built on.

The page, the HTTP service, MCP and editors share it. It knows no surface. It opens the model in the
background and answers by words alone until then, reads each request from one generation of the
index, follows the notes folder with builds in another process, and notices a replaced index.
"""

from __future__ import annotations

import contextlib
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

# A converted model is open within this time: then the first request asks by meaning at once.
_MODEL_PATIENCE_S = 0.5
_MODEL_AT_END_S = 10.0
_REMEMBERED_NOTES = 64


_MOST_PROPERTIES = 400  # that a list on the page can be chosen from


class Labels(NamedTuple):
    """What notes of one generation can be filtered by, each sorted; titles by note.

    ``properties`` are ``key=value``, of many those that most notes have.
    """

    generation: int
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    folders: tuple[str, ...]
    titles: dict[str, str]
    properties: tuple[str, ...] = ()


class Model(Enum):
    """Whether questions can be answered by meaning."""

    LOADING = "loading"
    READY = "ready"
    MISSING = "missing"


class State(NamedTuple):
    """What the threads of a service are at.

    ``model_error`` says why there is no model, ``watch_error`` why the last build failed.
    """

    model: Model = Model.LOADING
    model_error: IndexerError | None = None
    watching: bool = False
    watch_error: str = ""


class Service:
    """One notebook, opened once and asked by many; ``start`` sets its threads going."""

    def __init__(self, notebook: Notebook) -> None:
        """Keep the notebook; nothing is read yet.

        :param notebook: what is asked; closed with the service.
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
        """Where the notes and the index are."""
        return self.notebook.settings

    @property
    def state(self) -> State:
        """What the threads are at now."""
        with self._lock:
            return self._state

    def start(self, *, watch: bool = True) -> None:
        """Load the model in the background and follow the notes folder.

        :param watch: False to build only when told to.
        """
        self._loader.start()
        if watch:
            threading.Thread(target=self._follow_folder, daemon=True).start()
        self._loader.join(_MODEL_PATIENCE_S)

    def close(self) -> None:
        """Stop following the folder and close the index."""
        self._stop.set()
        if self._loader.is_alive():
            self._loader.join(_MODEL_AT_END_S)  # else it might open the index again
        self.notebook.close()
        self.rebuilder.close()

    # reading
    @contextlib.contextmanager
    def request(self) -> Iterator[Request]:
        """Begin a request: all of its parts are read from one generation of the index.

        A request within a request of the same thread is the same one. The index is opened at the
        first use, so that a request for something else works without an index.
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
        """Return a note ready to be shown; rendered once as long as nothing changes.

        :param note_id: a note of the index.
        :param generation: of the index it is read from.
        :param read: renders it.
        """
        stamp = self.notebook.folder.read_stamp(note_id)
        if stamp is None:
            return read()  # raises what is wrong with the file
        return self._notes.get_or_make((note_id, stamp, generation), read)

    def remember_similar(
        self, place: str, k: int, generation: int, find: Callable[[], tuple[Hit, ...]]
    ) -> tuple[Hit, ...]:
        """Return the points near a place; searched once a generation.

        :param place: "note" or "note:line".
        :param k: how many.
        :param generation: of the index they are of.
        :param find: searches them.
        """
        return self._similar.get_or_make((place, k, generation), find)

    def drafts_of(self, generation: int, make: Callable[[], Drafts]) -> Drafts:
        """Return what reads drafts; made once a generation.

        :param generation: of the index.
        :param make: makes it.
        """
        with self._lock:
            known = self._drafts
        if known is None or known[0] != generation:
            known = generation, make()
            with self._lock:
                self._drafts = known
        return known[1]

    def remember_labels(self, generation: int, read: Callable[[], Labels]) -> Labels:
        """Return what notes can be filtered by; read once a generation.

        :param generation: of the index.
        :param read: reads them.
        """
        with self._lock:
            known = self._labels
        if known is None or known.generation != generation:
            known = read()
            with self._lock:
                self._labels = known
        return known

    def _follow_files(self) -> None:
        """Close an index whose file was replaced, as by the rebuild of a damaged one."""
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
        with contextlib.suppress(IndexerError):  # the first question raises it again
            self.notebook.search("ready", 1)  # opens what the first question would wait for
        self._now(model=Model.READY)
        settle_memory()

    def _follow_folder(self) -> None:
        """Build, in another process, whenever notes changed."""
        self._now(watching=True)
        watch(
            _BuildsElsewhere(self),
            self._stop,
            built=lambda report: None,  # never called: a build elsewhere returns no report
            failed=lambda exc: self._now(watch_error=exc.message),
        )
        self._now(watching=False)

    def build_if_stale(self) -> None:
        """Bring an index up to date in another process; without an index nothing happens.

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
    """What ``watch`` builds: the index of a service, in another process."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def settings(self) -> Settings:
        return self._service.settings

    def build(self) -> BuildReport | None:
        self._service.build_if_stale()
        return None


class Request:
    """One request: its parts are read from one generation of the index, in one thread."""

    def __init__(self, service: Service) -> None:
        """Open nothing yet.

        :param service: whose index is read.
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
    ) -> Answer:
        """Answer a question, by words alone until the model is open.

        :param question: in the reader's own words.
        :param k: how many points at most.
        :param mode: how to answer, once the model is open.
        :param where: which notes may answer.
        :param more: places ("note:line") to lean towards.
        :param less: places to lean away from.
        :param points: single points only, none of them put together to a list or section.
        :raises IndexerError: as ``Notebook.search`` does.
        """
        if not self.by_meaning:
            return self.snapshot.search(question, k, mode=Mode.LEXICAL, where=where, points=points)
        return self.snapshot.search(
            question, k, mode=mode, where=where, more_like=more, less_like=less, points=points
        )

    def read_note(self, note_id: str) -> NotePage:
        """Return a note ready to be shown; rendered once as long as nothing changes.

        :param note_id: a note of the index.
        :raises NotesError: if the index has no such note, or its file is gone.
        """
        snapshot = self.snapshot
        return self._service.remember_note(
            note_id, self.generation, lambda: snapshot.read_note(note_id)
        )

    def similar(self, place: str, k: int) -> tuple[Hit, ...]:
        """Return the nearest points of other notes; searched once a generation.

        :param place: "note" or "note:line".
        :param k: how many.
        :return: nothing while there is no model, or if no point is at that place any more.
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
        """Return lines of a note as its file is now; see ``Snapshot.read_lines``.

        :param place: "note", "note:line" or "note:first-last".
        """
        return self.snapshot.read_lines(place)

    def near(self, place: str, k: int) -> tuple[Hit, ...]:
        """Return the nearest points of other notes, or say why there are none.

        :param place: "note" or "note:line".
        :param k: how many.
        :raises EncoderError: while there is no model.
        :raises QueryError: if no point is at that place.
        """
        if not self.by_meaning:
            raise EncoderError("the model is not loaded yet", "ask again in some seconds")
        return tuple(self.snapshot.similar(place, k))

    def labels(self) -> Labels:
        """Return what the notes can be filtered by; read once a generation."""
        return self._service.remember_labels(self.generation, self._read_labels)

    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""
        return self.snapshot.backlinks(note_id)

    def read_draft(self, note_id: str, text: str, others: Mapping[str, str] | None = None) -> Draft:
        r"""Return a note as it is in an editor, with its links resolved; nothing is saved.

        :param note_id: the note.
        :param text: the whole draft, lines ended by ``\n``.
        :param others: further drafts by note, whose headings and blocks count as well.
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
    """Exclude everything allocated so far from garbage collection: a full pass stops all threads.

    It takes 80 ms with a model and an index of a thousand notes open.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()

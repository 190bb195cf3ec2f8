"""What a server of the page keeps for all its visitors: notebook, model, builds, overview."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from indexer.encoding.encoder import EncodedPoints, EncodedQuery, Encoder, Progress
from indexer.errors import EncoderError, IndexerError, IndexNotFound, QueryError
from indexer.indexing.watch import watch
from indexer.notebook import Notebook, NotePage
from indexer.records import Answer, BuildReport, Hit, Mode, NoteFilter
from indexer.web.history import History
from indexer.web.overview import Overview, make_overview
from indexer.web.rebuild import Rebuilder

if TYPE_CHECKING:
    from indexer.indexing.build import Reporter

# A converted model is open within this time: then the first page asks by meaning at once.
_MODEL_PATIENCE_S = 0.5
_MODEL_AT_END_S = 10.0
# What is not needed for the first page begins this much later.
_FIRST_PAGE_S = 1.0
_REMEMBERED_VECTORS = 4_096
_REMEMBERED_NOTES = 64


class Labels(NamedTuple):
    """What notes of one generation can be told apart by, each by name; titles by note."""

    generation: int
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    folders: tuple[str, ...]
    titles: dict[str, str]


class Model(Enum):
    """Whether questions can be answered by meaning."""

    LOADING = "loading"
    READY = "ready"
    MISSING = "missing"


class Host:
    """One notebook, opened once; ``start`` sets its threads going."""

    def __init__(self, notebook: Notebook) -> None:
        """Keep the notebook; nothing is read yet.

        :param notebook: what the page shows.
        """
        self.notebook = notebook
        self.rebuilder = Rebuilder(notebook.settings)
        self.history = History(notebook.settings)
        self.model = Model.LOADING
        self.model_error: IndexerError | None = None
        self.watching = False
        self.watch_error = ""
        self._words = _words_only(notebook)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._notes: OrderedDict[Any, NotePage] = OrderedDict()
        self._similar: OrderedDict[Any, tuple[Hit, ...]] = OrderedDict()
        self._labels: Labels | None = None
        self._overview: Overview | None = None
        self._drawing = False
        self._files: Any = None
        self._loader = threading.Thread(target=self._load_model, daemon=True)

    def start(self, *, watch: bool = True) -> None:
        """Load the model behind the page, and follow the notes folder.

        :param watch: False to build only when told to.
        """
        self._loader.start()
        if watch:
            threading.Thread(target=self._follow_folder, daemon=True).start()
        self._loader.join(_MODEL_PATIENCE_S)

    def close(self) -> None:
        """Stop following the folder and let go of the index."""
        self._stop.set()
        if self._loader.is_alive():
            self._loader.join(_MODEL_AT_END_S)  # else it might open the index again
        self.notebook.close()
        self._words.close()
        self.rebuilder.close()

    # asking
    @property
    def reader(self) -> Notebook:
        """The notebook to read from: the one without a model until the model is there."""
        return self.notebook if self.model is Model.READY else self._words

    def ask(
        self,
        question: str,
        k: int,
        mode: Mode = Mode.HYBRID,
        where: NoteFilter | None = None,
        more: Sequence[str] = (),
        less: Sequence[str] = (),
    ) -> Answer:
        """Answer a question, by words alone until the model is there.

        :param question: in the reader's own words.
        :param k: how many points at most.
        :param mode: how to answer, once the model is there.
        :param where: which notes may answer.
        :param more: places ("note:line") to lean towards.
        :param less: places to lean away from.
        :raises IndexerError: as ``Notebook.search`` does.
        """
        if self.model is not Model.READY:
            return self._words.search(question, k, mode=Mode.LEXICAL, where=where)
        return self.notebook.search(
            question, k, mode=mode, where=where, more_like=more, less_like=less
        )

    def read_note(self, note_id: str) -> NotePage:
        """Return a note ready to be shown; rendered once as long as nothing changes.

        :param note_id: a note of the index.
        :raises NotesError: if there is no such note any more.
        """
        stamp = self.notebook.folder.read_stamp(note_id)
        key = (note_id, stamp, self.generation())
        with self._lock:
            known = self._notes.get(key)
        if known is None or stamp is None:
            known = self.reader.read_note(note_id)
            with self._lock:
                self._notes[key] = known
                while len(self._notes) > _REMEMBERED_NOTES:
                    self._notes.popitem(last=False)
        return known

    def similar(self, place: str, k: int) -> tuple[Hit, ...]:
        """Return the nearest points of other notes; looked for once a generation.

        :param place: "note" or "note:line".
        :param k: how many.
        :return: none while there is no model, or where the point has moved since.
        """
        if self.model is not Model.READY:
            return ()
        key = (place, k, self.generation())
        with self._lock:
            if key in self._similar:
                return self._similar[key]
        try:
            found = tuple(self.notebook.similar(place, k))
        except QueryError:
            found = ()
        with self._lock:
            self._similar[key] = found
            while len(self._similar) > _REMEMBERED_NOTES:
                self._similar.popitem(last=False)
        return found

    def labels(self) -> Labels:
        """Return what the notes can be told apart by; read once a generation.

        :raises IndexerError: if there is no index, or it cannot be read.
        """
        generation, known = self.generation(), self._labels
        if known is None or known.generation != generation:
            notes, labels = self.reader.notes(), self.reader.labels()
            folders = {note.note_id.rpartition("/")[0] for note in notes} - {""}
            known = self._labels = Labels(
                generation,
                tuple(labels["tag"]),
                tuple(labels["category"]),
                tuple(sorted(folders)),
                {note.note_id: note.title for note in notes},
            )
        return known

    def generation(self) -> int:
        """Return the generation of the index, opened anew if its file was replaced.

        :raises IndexNotFound: if nothing was built yet, though a first build may be running.
        """
        self._follow_files()
        header = self._words.header()
        if header.setup is None:
            raise IndexNotFound("nothing was built yet", "run `notepoint build`")
        return header.generation

    def _follow_files(self) -> None:
        """Let go of an index whose file is another one now, as after a rebuild of a damaged one."""
        store = self.notebook.settings.store
        if "://" in store:
            return
        files = sorted((path.name, path.stat().st_ino) for path in Path(store).glob("index-*.db"))
        with self._lock:
            changed, self._files = self._files not in (None, files), files
        if changed:
            self.notebook.close()
            self._words.close()

    # the overview
    def overview(self) -> Overview | None:
        """Return the overview of this generation, None while it is being made behind the page.

        :raises IndexerError: if there is no index, or it cannot be read.
        """
        generation = self.generation()
        with self._lock:
            if self._overview is not None and self._overview.generation == generation:
                return self._overview
            if self._drawing:
                return None
            self._drawing = True
        threading.Thread(target=self._draw, daemon=True).start()
        return None

    def _draw(self) -> None:
        if self._loader.is_alive():
            self._loader.join()  # answers come first, and the page on which they are asked
            self._stop.wait(_FIRST_PAGE_S)
        try:
            made = make_overview(self._words)
        except IndexerError:
            made = None  # the page meets the same error and says it
        with self._lock:
            self._overview, self._drawing = made or self._overview, False
        settle_memory()

    # behind the page
    def _load_model(self) -> None:
        try:
            encoder = _Remembering(self.notebook.encoder)
            encoder.encode_query("ready")
        except IndexerError as exc:
            self.model_error, self.model = exc, Model.MISSING
            return
        self.notebook.use_encoder(encoder)
        with contextlib.suppress(IndexerError):  # whoever asks will be told
            self.notebook.search("ready", 1)  # opens what the first question would wait for
        self.model = Model.READY
        settle_memory()

    def _follow_folder(self) -> None:
        """Build, in another process, whenever notes changed."""
        self.watching = True
        elsewhere = _BuiltElsewhere(self._words, self.rebuilder)
        watch(elsewhere, self._stop, built=self._built, failed=self._watch_failed)
        self.watching = False

    def _built(self, report: BuildReport) -> None:
        self.watch_error = ""

    def _watch_failed(self, exc: IndexerError) -> None:
        self.watch_error = exc.message


def settle_memory() -> None:
    """Take what is there now for lasting: to look through it again takes 80 ms of every thread."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class _BuiltElsewhere(Notebook):
    """A notebook whose builds run in another process, so that no search waits for them."""

    def __init__(self, notebook: Notebook, rebuilder: Rebuilder) -> None:
        self.settings = notebook.settings
        self._notebook = notebook
        self._rebuilder = rebuilder

    def build(
        self,
        *,
        rebuild: bool = False,
        force: bool = False,
        dry_run: bool = False,
        ray: str | None = None,
        reporter: Reporter | None = None,
    ) -> BuildReport:
        """Bring an index in line; where there is none, the page offers to make it."""
        nothing = BuildReport(0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0, ())
        self._rebuilder.wait()
        try:
            if not self._notebook.status().stale:
                return nothing
        except IndexNotFound:
            return nothing
        self._rebuilder.start(again_soon=True)
        done = self._rebuilder.wait()
        if done.failed:
            raise IndexerError(done.message)
        return nothing


class _Remembering:
    """An encoder that keeps the vectors of what it was asked lately.

    While somebody types, the same sentences of the same hits are compared with each question.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: OrderedDict[str, EncodedQuery] = OrderedDict()
        self._lock = threading.Lock()
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.window = encoder.dimension, encoder.window

    @property
    def engine(self) -> str:
        return self._encoder.engine

    def open_ahead(self, points: int = 0) -> None:
        self._encoder.open_ahead(points)

    def verify(self) -> None:
        self._encoder.verify()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_pieces(texts)

    def encode_query(self, text: str) -> EncodedQuery:
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
                return self._known[text]
        encoded = self._encoder.encode_query(text)
        with self._lock:
            self._known[text] = encoded
            if len(self._known) > _REMEMBERED_VECTORS:
                self._known.popitem(last=False)
        return encoded

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        return self._encoder.encode_points(contexts, texts, progress)


class _WordsOnly:
    """Stands where an encoder belongs while there is none: it fits every index and encodes nothing.

    Notes that changed since the build are cut by an estimate of their word pieces until then.
    """

    name = "words only"
    dimension = 1
    window = 256
    engine = ""
    _PIECES_PER_WORD = 1.44  # of MiniLM on 8,624 points of three public collections of notes

    def __init__(self) -> None:
        self.notebook: Notebook | None = None

    @property
    def fingerprint(self) -> str:
        setup = self.notebook.header().setup if self.notebook else None
        return setup.encoder if setup else ""

    def open_ahead(self, points: int = 0) -> None:
        """Do nothing: there is no model to open."""

    def verify(self) -> None:
        """Do nothing: there is no file to check."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [round(len(text.split()) * self._PIECES_PER_WORD) for text in texts]

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        raise EncoderError("the model is not loaded yet", "search by words until it is")

    def encode_query(self, text: str) -> EncodedQuery:
        raise EncoderError("the model is not loaded yet", "search by words until it is")

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        raise EncoderError("the model is not loaded yet", "search by words until it is")


def _words_only(notebook: Notebook) -> Notebook:
    """Return a second notebook over the same index that needs no model."""
    settings, encoder = notebook.settings, _WordsOnly()
    encoder.notebook = Notebook(
        settings.notes,
        store=settings.store,
        model=settings.model,
        site_url=settings.site_url,
        encoder=encoder,
    )
    return encoder.notebook

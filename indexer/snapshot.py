"""One generation of a notebook, open for the time of one request.

Everything read through a snapshot comes from the same generation of the index, even if a build ends
in the meantime. This module never opens a second view.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Concatenate, NamedTuple, ParamSpec, TypeVar

from indexer.config import DEFAULT_TOP_K, Settings, shown_store
from indexer.errors import IndexDamaged, IndexerError, NoteError, NotesError, QueryError
from indexer.gathered import shown_folders
from indexer.notes.names import exact_name
from indexer.records import Answer, FileReport, Hit, Link, Mode, NoteFilter, Outcome
from indexer.whole_numbers import whole_number

if TYPE_CHECKING:
    from indexer.notes.folder import NoteFile, NotesFolder
    from indexer.retrieval.query import Reranker
    from indexer.retrieval.ranking import Weights
    from indexer.retrieval.search import Searcher
    from indexer.store.protocol import View
    from indexer.store.records import Header, NoteInfo, StoredPoint, Vectors


# To guess the language of the notes: about this number of notes, and points of each.
_NOTES_SAMPLED = 30
_POINTS_SAMPLED = 10


def sample_texts(view: View) -> list[str]:
    """Return the first points of notes from the whole folder, to guess their language.

    :param view: the index.
    """
    notes = view.notes()
    chosen = notes[:: max(1, len(notes) // _NOTES_SAMPLED)]
    return [
        stored.point.text
        for note in chosen
        for stored in view.points_between(note.note_id, 0, _POINTS_SAMPLED - 1)
    ]


class Status(NamedTuple):
    """The state of the index; ``bytes`` is its size, ``skipped`` lists files not fully indexed.

    ``engine`` names the engine that computed the vectors, ``tool`` the tool that wrote the notes,
    if known.
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
    tool: str = ""


class DumpedPoint(NamedTuple):
    """A point as it is in the index."""

    note_id: str
    stored: StoredPoint


class NotePage(NamedTuple):
    """A note to show: its front matter, its body as safe HTML, and its embedded files.

    ``files`` are paths relative to the notes folder; the HTML refers to them by number.
    """

    info: NoteInfo
    html: str
    files: tuple[str, ...] = ()


class NoteText(NamedTuple):
    """Lines of the current file of a note.

    ``links`` are the links in these lines; ``backlinks`` lead to the note. ``changed`` is True if
    the note was written after it was indexed; the line numbers of links may then be wrong.
    """

    info: NoteInfo
    line_start: int
    line_end: int
    lines: int
    text: str
    links: tuple[Link, ...]
    backlinks: tuple[Link, ...]
    changed: bool


class Parts(NamedTuple):
    """The parts of a notebook that a snapshot needs.

    ``searcher`` and ``reranker`` open their part at the first use. ``size`` returns bytes.
    ``translated`` turns errors of the database into ours.
    """

    settings: Settings
    folder: NotesFolder
    searcher: Callable[[], Searcher]
    reranker: Callable[[str], Reranker]
    size: Callable[[], int]
    translated: Callable[[], AbstractContextManager[None]]


# "note:14", "note:14-20", "note:14-"; a number too long for a line number belongs to the name.
_LINES = re.compile(r"(?P<note>.+):(?P<first>\d{1,9})(?:-(?P<last>\d{0,9}))?", re.S)
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def _in_our_words(
    method: Callable[Concatenate[Snapshot, _Arguments], _Result],
) -> Callable[Concatenate[Snapshot, _Arguments], _Result]:
    """Turn errors of the database in a method into ours, while the view stays open."""

    @functools.wraps(method)
    def reading(self: Snapshot, /, *args: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        if self._failure is not None:
            raise self._failure
        try:
            with self._parts.translated():
                return method(self, *args, **options)
        except IndexerError as exc:
            if type(exc) in (IndexerError, IndexDamaged):
                self._failure = exc  # the view accepts no more statements after an error
            raise

    return reading


class Snapshot:
    """Reads one generation of an index; created by ``Notebook.snapshot``."""

    def __init__(self, view: View, parts: Parts) -> None:
        """Take an open view.

        :param view: the caller closes it.
        :param parts: the parts of the notebook.
        """
        self._view = view
        self._parts = parts
        self._failure: IndexerError | None = None

    @_in_our_words
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
        """Answer a question; see ``Notebook.search``."""
        searcher = self._parts.searcher()
        from indexer.retrieval.query import Query
        from indexer.retrieval.ranking import Weights

        query = Query(
            question=question,
            k=k,
            mode=mode,
            where=where or NoteFilter(),
            more_like=self._point_ids(more_like),
            less_like=self._point_ids(less_like),
            weights=weights or Weights(),
            reranker=self._parts.reranker(rerank) if rerank else None,
            points=points,
            explain=explain,
            budget=budget,
        )
        return searcher.search(query, self._view)

    @_in_our_words
    def similar(self, place: str, k: int = DEFAULT_TOP_K) -> list[Hit]:
        """Return the nearest points of other notes; see ``Notebook.similar``."""
        note_id, first, last = self._lines_of(place)
        return self._parts.searcher().similar(note_id, (first, last), k, self._view)

    @_in_our_words
    def header(self) -> Header:
        """Return the header of the index; takes almost no time."""
        return self._view.header()

    @_in_our_words
    def links(self, note_id: str | None = None, *, broken: bool = False) -> list[Link]:
        """Return the links of one note or of all.

        :param note_id: the note.
        :param broken: only links that lead nowhere or need a fix.
        """
        found = self._view.links_of(note_id and self.exact_id(note_id))
        return [link for link in found if not broken or not link.ok or link.fix]

    @_in_our_words
    def backlinks(self, note_id: str) -> list[Link]:
        """Return the links of other notes that lead to a note."""
        return self._view.backlinks(self.exact_id(note_id))

    @_in_our_words
    def notes(self) -> list[NoteInfo]:
        """Return the indexed notes, by path."""
        return self._view.notes()

    @_in_our_words
    def labels(self) -> dict[str, dict[str, int]]:
        """Return the number of notes with each tag and each category."""
        return self._view.labels()

    @_in_our_words
    def exact_id(self, note_id: str) -> str:
        r"""Return the id of a note from its name as JSON and the page write it (``\xNN``)."""
        return exact_name(note_id, lambda name: self._view.note(name) is not None)

    @_in_our_words
    def note(self, note_id: str) -> NoteInfo:
        """Return an indexed note.

        :param note_id: the note.
        :raises NotesError: if the index has no such note.
        """
        info = self._view.note(self.exact_id(note_id))
        if info is None:
            raise NotesError(f"the index has no note {note_id}", "it may have been moved: search")
        return info

    @_in_our_words
    def read_note(self, note_id: str) -> NotePage:
        """Return the current file of a note, ready to show.

        :param note_id: a note of the index.
        :raises NotesError: if the index has no such note, or its file is missing.
        """
        from indexer.notes.files import NoteFiles

        info, folder = self.note(note_id), self._parts.folder
        files, links = NoteFiles(folder, info.note_id), self._view.links_of(info.note_id)
        html = folder.render(folder.read(info.note_id), links, files.find)
        return NotePage(info, html, tuple(files.paths))

    @_in_our_words
    def read_text(self, note_id: str) -> str:
        """Return the text of the current file of a note, including its front matter.

        :param note_id: a note of the index.
        :raises NotesError: if the file is missing or cannot be read.
        """
        from indexer.notes.decoding import decode_note

        return decode_note(self._parts.folder.read(note_id).content, note_id)[0]

    @_in_our_words
    def read_lines(self, place: str) -> NoteText:
        """Return lines of the current file of a note, with their links and the note's backlinks.

        :param place: "note", "note:line" or "note:first-last"; lines beyond the end are left out.
        :raises NotesError: if the index has no such note, or its file is missing.
        :raises QueryError: if the note has no such lines.
        """
        from indexer.notes.decoding import decode_note, hash_content

        note_id, first, last = self._lines_of(place)
        info, file = self.note(note_id), self._file_of(note_id)
        lines = decode_note(file.content, note_id)[0].rstrip("\n").split("\n")
        last = len(lines) if last is None else min(last, len(lines))
        if not 1 <= first <= last:
            raise QueryError(f"{note_id} has no line {first}", f"give lines from 1 to {len(lines)}")
        return NoteText(
            info=info,
            line_start=first,
            line_end=last,
            lines=len(lines),
            text="\n".join(lines[first - 1 : last]),
            links=tuple(one for one in self._view.links_of(note_id) if first <= one.line <= last),
            backlinks=tuple(self._view.backlinks(note_id)),
            changed=hash_content(file.content) != self._view.content_hash(note_id),
        )

    def _file_of(self, note_id: str) -> NoteFile:
        """Return the file of a note; an error names the note and says what to do."""
        try:
            return self._parts.folder.read(note_id)
        except NoteError as exc:
            hint = exc.hint or "the note may have been moved or deleted: search again"
            raise NoteError(f"{note_id}: {exc.message}", hint, path=note_id) from exc

    def _lines_of(self, place: str) -> tuple[str, int, int | None]:
        """Return the note and the lines of a place; a note's name may itself look like a place."""
        found, whole = _LINES.fullmatch(place), self.exact_id(place)
        if found is None or self._view.note(whole) is not None:
            return whole, 1, None
        note_id, first, last = self.exact_id(found["note"]), int(found["first"]), found["last"]
        return note_id, first, first if last is None else int(last) if last else None

    @_in_our_words
    def sample_texts(self, count: int) -> list[str]:
        """Return the texts of the newest points, as a sample of the notes.

        :param count: the largest number to return.
        """
        found = self._view.read_points(self._view.newest(count), links=False)
        return [stored.point.text for stored in found.values()]

    @_in_our_words
    def is_stale(self) -> bool:
        """Return whether notes changed since the index was built; cached for about a second."""
        return self._parts.searcher().is_stale(self._view)

    @_in_our_words
    def points_of(self, note_id: str) -> list[StoredPoint]:
        """Return the points of a note in reading order."""
        return self._view.points_of(self.exact_id(note_id))

    @_in_our_words
    def all_points(self) -> tuple[int, list[DumpedPoint], Vectors]:
        """Return the generation, all its points in reading order, and their vectors.

        The vectors are float32, shape ``(points, dimension)``.
        """
        points = [
            DumpedPoint(note.note_id, stored)
            for note in self._view.notes()
            for stored in self._view.points_of(note.note_id)
        ]
        vectors = self._view.vectors([dumped.stored.point_id for dumped in points])
        return self._view.header().generation, points, vectors

    @_in_our_words
    def changed_notes(self, count: int) -> list[tuple[NoteInfo, float]]:
        """Return (note, seconds since 1970) for the most recently written notes, newest first.

        :param count: the largest number to return.
        """
        stamps = {note_id: stamp for note_id, stamp in self._view.stamps().items() if stamp}
        for note_id, stamp in stamps.items():
            if stamp.mtime_ns < 0:  # saved just before the build, which did not trust its stamp
                stamps[note_id] = self._parts.folder.read_stamp(note_id) or stamp
        newest = sorted(
            ((stamp.mtime_ns, note_id) for note_id, stamp in stamps.items()), reverse=True
        )
        found = ((self._view.note(note_id), when / 1e9) for when, note_id in newest[: 2 * count])
        return [(note, when) for note, when in found if note][:count]

    @_in_our_words
    def published_address(self, note: NoteInfo) -> str:
        """Return the web address of a note, empty without a site."""
        from indexer.notes.link_names import published_url

        site = self._parts.settings.site_url
        return published_url(note.published, site) if site and note.published else ""

    @_in_our_words
    def status(self) -> Status:
        """Return what is indexed, with which model, and whether notes have changed since."""
        from indexer.notes.tools import find_tool
        from indexer.retrieval.freshness import is_stale

        settings, header = self._parts.settings, self._view.header()
        states = self._view.note_states()
        incomplete = (Outcome.SKIPPED, Outcome.PARTIAL)
        return Status(
            notes_folder=shown_folders(settings.notes),
            store=shown_store(settings.store),
            generation=header.generation,
            notes=header.notes,
            points=header.points,
            model=header.setup.model if header.setup else settings.model,
            dimension=header.setup.dimension if header.setup else 1,
            stale=is_stale(self._parts.folder, self._view),
            bytes=self._parts.size(),
            skipped=tuple(
                FileReport(note_id, state.outcome, state.warnings)
                for note_id, state in sorted(states.items())
                if state.outcome in incomplete
            ),
            engine=header.setup.engine if header.setup else "",
            tool=tool.value if (tool := find_tool(settings.notes, list(states))) else "",
        )

    @_in_our_words
    def offer(self) -> str:
        """Return advice on a model that understands the notes better; usually empty."""
        from indexer.encoding.offer import offer_for_notes

        setup = self._view.header().setup
        return offer_for_notes(sample_texts(self._view), setup.model) if setup else ""

    @_in_our_words
    def dump(self) -> tuple[list[FileReport], list[DumpedPoint]]:
        """Return every file with its outcome, and every point."""
        states = sorted(self._view.note_states().items())
        files = [FileReport(note_id, state.outcome, state.warnings) for note_id, state in states]
        points = [
            DumpedPoint(note_id, stored)
            for note_id, _ in states
            for stored in self._view.points_of(note_id)
        ]
        return files, points

    def _point_ids(self, places: Sequence[str | int]) -> tuple[int, ...]:
        """Return the ids of points given by id or place; a saved id may have been removed since."""
        ids: list[int] = []
        for place in places:
            number = place if isinstance(place, int) else whole_number(place)
            if number is not None:
                known = [number] if 0 < number < 1 << 63 else []
                points = list(self._view.read_points(known, links=False).values())
            else:
                note, line = split_place(str(place))
                points = [p for p in self.points_of(note) if line is None or _holds_line(p, line)]
            if not points:
                raise QueryError(f"there is no point at {place}", "give NOTE:LINE, or a hit's id")
            ids += [stored.point_id for stored in points]
        return tuple(ids)


def split_place(place: str) -> tuple[str, int | None]:
    """Return the note and the line of "note:line"; the name can contain colons."""
    note_id, separator, line = place.rpartition(":")
    number = whole_number(line)
    if separator and number is not None:
        return note_id, number
    return place, None


def _holds_line(stored: StoredPoint, line: int) -> bool:
    return stored.point.line_start <= line <= stored.point.line_end

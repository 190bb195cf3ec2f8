"""Compare the notes on disk with the store, and apply the difference as one atomic change.

An unchanged note costs a stat call, or a hash if only its stamp changed. In a changed note, only
points with new words or a new context are encoded. Vectors are saved under the hash of their text
before the change that needs them, so a killed build continues where it stopped.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from indexer.encoding.encoder import Encoder
from indexer.errors import IndexOutdated, NoteError, NotesError
from indexer.gathered import follows_links, shown_folders
from indexer.indexing.crowded import Encodable, texts_to_encode
from indexer.indexing.encode_queue import EncodingAhead
from indexer.indexing.file_reports import not_there, unread
from indexer.indexing.versions import current_versions, needs_rebuild, outdated_formats
from indexer.memory_limit import released_on_shortage
from indexer.notes.attachments import Files
from indexer.notes.folder import NotesFolder
from indexer.notes.formats import format_of, note_suffixes
from indexer.notes.link_names import NoteName, link_key, name_keys, name_of
from indexer.notes.link_resolution import LinkResolver
from indexer.notes.names import original_of, title_of_path
from indexer.notes.tools import site_of
from indexer.notes.walk import IN_THE_CLOUD, Scan
from indexer.records import (
    BuildReport,
    FileEntry,
    FileReport,
    FileStamp,
    Note,
    NoteWarning,
    Outcome,
    Point,
)
from indexer.retrieval.baseline import Chance, measure_chance
from indexer.store.protocol import Change, Store, View
from indexer.store.records import (
    NewLink,
    NewPoint,
    NoteChange,
    NoteInfo,
    NoteState,
    Setup,
    StoredPoint,
)

# Estimated points of a changed note, before it is read.
_POINTS_A_NOTE = 20
# A file that was written less than this before it was read can change again with equal times.
_RACY_NS = 50_000_000
_NO_STAMP = FileStamp(-1, -1, -1, -1)


class Reporter(Protocol):
    """Receives the progress of a build."""

    def begin(self, phase: str, total: int) -> None:
        """Start a phase with a number of steps."""

    def advance(self, steps: int) -> None:
        """Add finished steps of the phase."""


class SilentReporter:
    """A reporter that ignores everything."""

    def begin(self, phase: str, total: int) -> None:
        """Ignore it."""

    def advance(self, steps: int) -> None:
        """Ignore it."""


@dataclass(slots=True)
class _Plan:
    """The changes a build will make, and what it found."""

    changes: list[NoteChange] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    touched: dict[str, FileStamp] = field(default_factory=dict)
    files: list[FileReport] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    unchanged: int = 0

    @property
    def skipped(self) -> int:
        """Number of files that could not be read."""
        return sum(file.outcome is Outcome.SKIPPED for file in self.files)


class BuildOptions(NamedTuple):
    """How to build: ``force`` allows dropping most of an index, ``dry_run`` changes nothing.

    ``encoded`` means that the vectors in the store are new, so a rebuild reuses them.
    """

    site_url: str = ""
    rebuild: bool = False
    force: bool = False
    dry_run: bool = False
    encoded: bool = False


def build(
    folder: NotesFolder,
    store: Store,
    encoder: Encoder,
    options: BuildOptions,
    reporter: Reporter | None = None,
) -> BuildReport:
    """Bring an index up to date with the notes of a folder.

    :param folder: the notes.
    :param store: the index.
    :param encoder: makes the vectors; must be the one the index was built with.
    :param options: how to build.
    :param reporter: receives the progress.
    :return: the report of what was found and changed.
    :raises NotesError: if the folder is missing or has no notes, or most of the index would be
        dropped.
    :raises IndexOutdated: if the index was built with another encoder.
    :raises IndexLocked: if another process is building.
    """
    with store.building():
        return _Build(folder, store, encoder, options, reporter or SilentReporter()).run()


class _Build:
    """One run, from the scan to the report."""

    def __init__(
        self,
        folder: NotesFolder,
        store: Store,
        encoder: Encoder,
        options: BuildOptions,
        reporter: Reporter,
    ) -> None:
        self._folder = folder
        self._store = store
        self._encoder = encoder
        self._options = options
        self._reporter = reporter
        self._setup = Setup(
            encoder.fingerprint,
            encoder.name,
            encoder.dimension,
            current_versions(links=follows_links(folder.root)),
        )
        self._outdated: frozenset[str] = frozenset()
        self._present: set[str] = set()
        self._new_texts: dict[bytes, Encodable] = {}  # of the note that is read

    def run(self) -> BuildReport:
        started = time.perf_counter()
        scan = self._folder.scan()
        if not scan.notes:
            raise NotesError(
                f"there are no notes in {shown_folders(self._folder.root)}",
                f"notes are files that end in {', '.join(note_suffixes())}",
            )
        new_vectors = self._options.rebuild and not self._options.encoded
        with EncodingAhead(self._store, self._encoder, again=new_vectors) as encoding:
            with self._store.view() as view:
                header = view.header()
                clear = self._must_clear(header.setup)
                self._outdated = outdated_formats(header.setup.chunking if header.setup else "")
                states = {} if clear else view.note_states()
                plan = self._plan(scan, view, states, encoding)
                total = 0 if clear else header.points
            self._refuse_to_empty(plan, states)
            embedded, generation = self._finish_encoding(encoding), header.generation
        if not self._options.dry_run:
            files = _hash_of_names(scan.files)
            moved = header.setup is not None and header.setup.files != files
            other = header.setup is not None and header.setup.chunking != self._setup.chunking
            if plan.changes or plan.gone or clear or self._outdated or moved or other:
                setup = self._setup._replace(engine=self._encoder.engine, files=files)
                with self._store.change(setup, clear=clear) as change:
                    if moved or plan.added or plan.gone:
                        change.reopen_links()
                    self._apply(plan, change, scan)
                generation += 1
            if plan.touched:
                self._store.touch(plan.touched)
            self._store.optimise()
            self._measure_chance()
        new = sum(len(change.added) for change in plan.changes)
        old = sum(len(change.removed) for change in plan.changes) + sum(
            states[gone].points for gone in plan.gone
        )
        return BuildReport(
            notes_added=plan.added,
            notes_changed=plan.changed,
            notes_removed=len(plan.gone),
            notes_unchanged=plan.unchanged,
            notes_skipped=plan.skipped,
            points_added=new,
            points_removed=old,
            points_total=total + new - old,
            generation=generation,
            seconds=time.perf_counter() - started,
            embedded=embedded,
            files=tuple(plan.files),
            dry_run=self._options.dry_run,
        )

    def _measure_chance(self) -> None:
        """Measure the mean cosine to everyday questions, unless it is known."""
        with self._store.view() as view:
            if (header := view.header()).chance is not None:
                return
            before = Chance.unpack(view.chance_trace(), self._encoder)
            chance = measure_chance(view, self._encoder, before)
        self._store.keep_chance(header.generation, chance.mean, chance.pack(self._encoder))

    def _must_clear(self, setup: Setup | None) -> bool:
        """Return whether the index must be rebuilt from nothing, as after a change of chunking."""
        if setup is None or self._options.rebuild:
            return True
        if setup.encoder != self._setup.encoder:
            raise IndexOutdated(
                f"the index was built with another model ({setup.model}, "
                f"{setup.dimension} dimensions; now {self._setup.model}, {self._setup.dimension})",
                "run `notepoint build --rebuild`, or name the old model with --model",
            )
        return needs_rebuild(setup.chunking)

    # finding out what to do
    def _plan(
        self, scan: Scan, view: View, states: dict[str, NoteState], encoding: EncodingAhead
    ) -> _Plan:
        plan = _Plan()
        self._open_ahead(scan, states)
        self._present = {entry.note_id for entry in scan.notes}
        self._reporter.begin("reading", len(scan.notes))
        for entry in scan.notes:
            state = states.get(entry.note_id)
            if entry.refusal is not None:
                self._plan_refused(plan, entry, state, view)
            elif (
                state is not None
                and state.stamp == entry.stamp
                and not self._is_outdated(entry.note_id)
            ):
                self._keep(plan, entry.note_id, state)
            else:
                self._plan_note(plan, entry, state, view)
                if not self._options.dry_run:
                    encoding.add(self._new_texts)
                self._new_texts = {}
            self._reporter.advance(1)
        plan.files += unread(scan.files)
        for note_id in states:
            if scan.is_missing(note_id):
                self._keep(plan, note_id, states[note_id])
            elif note_id not in self._present:
                plan.gone.append(note_id)
        plan.files += not_there(self._folder, scan.missing)
        return plan

    def _is_outdated(self, note_id: str) -> bool:
        """Return whether a note must be read again, because the version of its format changed."""
        form = format_of(note_id) if self._outdated else None
        return form is not None and form.name in self._outdated

    def _keep(self, plan: _Plan, note_id: str, state: NoteState) -> None:
        plan.unchanged += state.outcome is not Outcome.SKIPPED
        plan.files.append(FileReport(note_id, state.outcome, state.warnings))

    def _plan_refused(
        self, plan: _Plan, entry: FileEntry, state: NoteState | None, view: View
    ) -> None:
        refusal = entry.refusal or NoteWarning("cannot be read")
        if refusal == IN_THE_CLOUD and state is not None and state.content_hash:
            self._keep(plan, entry.note_id, state)  # the file may become readable again
            return
        if state is not None and not state.content_hash and state.warnings == (refusal,):
            self._keep(plan, entry.note_id, state)
            return
        self._change(plan, _skipped(entry.note_id, b"", refusal), None, state, view)

    def _plan_note(
        self, plan: _Plan, entry: FileEntry, state: NoteState | None, view: View
    ) -> None:
        note_id = entry.note_id
        digest, stamp = b"", entry.stamp
        try:
            file = self._folder.read(note_id)
            stamp, digest = _safe_stamp(file.stamp), file.content_hash
            same = state is not None and state.content_hash == digest
            if state is not None and same and not self._is_outdated(note_id):
                plan.touched[note_id] = stamp
                self._keep(plan, note_id, state)
                return
            note = self._named_copy(self._folder.cut(file, self._encoder))
        except NoteError as exc:
            note = _skipped(note_id, digest, NoteWarning(exc.message, exc.line, exc.hint))
        self._change(plan, note, stamp, state, view)

    def _named_copy(self, note: Note) -> Note:
        """Return a note, with a warning added if it is a conflict copy of another note."""
        if (original := original_of(note.note_id)) not in self._present:
            return note
        warning = NoteWarning(
            f"a conflict copy of {original}, ranked below it",
            hint="keep the lines you need, and delete the copy",
        )
        return note._replace(warnings=(*note.warnings, warning))

    def _change(
        self, plan: _Plan, note: Note, stamp: FileStamp | None, state: NoteState | None, view: View
    ) -> None:
        plan.files.append(FileReport(note.note_id, note.outcome, note.warnings))
        if note.outcome is not Outcome.SKIPPED:
            known = state is not None and state.outcome is not Outcome.SKIPPED
            plan.changed += known
            plan.added += not known
        stored = view.points_of(note.note_id) if state is not None else []
        change = self._difference(note, stamp, stored, view)
        plan.changes.append(change)

    @released_on_shortage
    def _difference(
        self, note: Note, stamp: FileStamp | None, stored: Sequence[StoredPoint], view: View
    ) -> NoteChange:
        """Match the points of a note with the stored ones; equal words and context are kept."""
        waiting: dict[tuple[object, ...], list[int]] = defaultdict(list)
        held = view.vector_keys([old.point_id for old in stored])
        for old in reversed(stored):
            known = _identity(old.note, old.point, (link.target for link in old.links))
            waiting[known, held.get(old.point_id)].append(old.point_id)
        kept, added = [], []
        texts = encodable_points(self._encoder, note)
        for ordinal, (point, text) in enumerate(zip(note.points, texts, strict=True)):
            key = vector_key(self._encoder.fingerprint, text)
            known = _identity(note, point, (link.target for link in point.links))
            same = waiting.get((known, key))
            if same:
                kept.append((same.pop(), ordinal, point))
            else:
                added.append(NewPoint(ordinal, point, key))
                self._new_texts[key] = text
        name = name_of(note)
        linkable = note.outcome is not Outcome.SKIPPED
        links = [NewLink(None, link, link_key(link, note.note_id)) for link in note.links]
        for ordinal, point in enumerate(note.points):
            links += [NewLink(ordinal, link, link_key(link, note.note_id)) for link in point.links]
        return NoteChange(
            note=note,
            stamp=stamp,
            published=name.published if linkable else "",
            names=name_keys(name, note.anchors) if linkable else frozenset(),
            kept=tuple(kept),
            added=tuple(added),
            removed=tuple(point_id for ids in waiting.values() for point_id in ids),
            links=tuple(links),
        )

    def _refuse_to_empty(self, plan: _Plan, states: dict[str, NoteState]) -> None:
        """Refuse to drop most notes at once: the folder is more likely missing than empty."""
        known = sum(state.outcome is not Outcome.SKIPPED for state in states.values())
        lost = sum(states[note_id].outcome is not Outcome.SKIPPED for note_id in plan.gone)
        if not self._options.force and 2 * lost > known and 2 * (known - lost + plan.added) < known:
            raise NotesError(
                f"{lost} of {known} notes are no longer in {shown_folders(self._folder.root)}; "
                "the index is kept",
                "if they were removed on purpose, run `notepoint build --force`",
            )

    # doing it
    def _open_ahead(self, scan: Scan, states: dict[str, NoteState]) -> None:
        """Start to open the model while the first notes are read, if any changed."""
        known = {note_id: state.stamp for note_id, state in states.items()}
        new = sum(entry.stamp != known.get(entry.note_id) for entry in scan.notes)
        if new and not self._options.dry_run:
            self._encoder.open_ahead(_POINTS_A_NOTE * new)

    def _finish_encoding(self, encoding: EncodingAhead) -> int:
        if self._options.dry_run:
            return 0
        return encoding.finish(
            lambda total: self._reporter.begin("encoding", total), self._reporter.advance
        )

    @released_on_shortage
    def _apply(self, plan: _Plan, change: Change, scan: Scan) -> None:
        self._reporter.begin("writing", len(plan.changes) + len(plan.gone))
        for note_id in plan.gone:
            change.drop(note_id)
            self._reporter.advance(1)
        for one in plan.changes:
            change.put(one)
            self._reporter.advance(1)
        _resolve_links(change, scan, self._folder, self._options.site_url)


def encodable_points(encoder: Encoder, note: Note) -> list[Encodable]:
    """Return the text to encode for each point of a note, in their order."""
    return texts_to_encode(note, encoder.dimension, encoder.count_pieces)


def vector_key(fingerprint: str, text: Encodable) -> bytes:
    """Return the key of a vector: the hash of everything it depends on.

    :param fingerprint: of the encoder.
    :param text: that is encoded.
    """
    limit = () if text.most is None else (str(text.most),)
    source = "\x00".join((fingerprint, text.context, text.text, *limit))
    return hashlib.blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _resolve_links(change: Change, scan: Scan, folder: NotesFolder, site_url: str) -> None:
    if not (links := list(change.open_links())):
        return  # the names of all files (40 ms for 5,000) are read for links alone

    def find_notes(key: str) -> list[NoteName]:
        return [
            NoteName(i.note_id, i.title, i.aliases, i.published, i.properties)
            for i in change.names_for(key)
        ]

    note_ids = [entry.note_id for entry in scan.notes]
    resolver = LinkResolver(
        find_notes,
        Files(scan.files, note_ids, folder.has_file),
        change.anchor_line,
        site_url=site_url,
        **site_of(folder.root, note_ids)._asdict(),
    )
    for link_id, note_id, raw in links:
        change.close_link(link_id, resolver.resolve(raw, note_id))


def _hash_of_names(names: Sequence[str]) -> str:
    """Return a hash that changes when a file is added or removed."""
    joined = "\n".join(names).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


def _identity(note: Note | NoteInfo, point: Point, targets: Iterable[str]) -> tuple[object, ...]:
    """Return all that a point is found by and read with; points that share it are the same."""
    above = point.heading_path, point.parents, point.lead_in
    return note.title, note.aliases, point.text, point.kind, *above, *sorted(targets)


def _skipped(note_id: str, digest: bytes, warning: NoteWarning) -> Note:
    return Note(
        note_id, digest, title_of_path(note_id), outcome=Outcome.SKIPPED, warnings=(warning,)
    )


def _safe_stamp(stamp: FileStamp) -> FileStamp:
    """Return an invalid stamp for a file that was written just now."""
    fresh = time.time_ns() - max(stamp.mtime_ns, stamp.ctime_ns) < _RACY_NS
    return _NO_STAMP if fresh else stamp

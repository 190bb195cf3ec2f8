"""Read an unsaved note from an editor: its points, and the targets of its links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indexer.encoding.token_counts import EstimatedTokens
from indexer.errors import NoteError
from indexer.notes.attachments import Files
from indexer.notes.folder import NoteFile, NotesFolder
from indexer.notes.link_names import NoteName, name_keys
from indexer.notes.link_resolution import LinkResolver
from indexer.notes.tools import site_of
from indexer.records import FileStamp, Link, Note
from indexer.store.records import NoteInfo

_NO_STAMP = FileStamp(0, 0, 0, 0)


# The places where long paragraphs are cut do not matter here.
_TOKENS = EstimatedTokens()


class Draft(NamedTuple):
    """A note that may be unsaved, and its resolved links in reading order."""

    note: Note
    links: tuple[Link, ...]


class Drafts:
    """Reads drafts and resolves their links with one generation of an index."""

    def __init__(
        self,
        folder: NotesFolder,
        notes: Sequence[NoteInfo],
        *,
        site_url: str = "",
    ) -> None:
        """Collect the names of all notes and files of the folder.

        :param folder: the notes.
        :param notes: the indexed notes.
        :param site_url: web address where the notes are published.
        :raises NotesError: if the folder is missing.
        """
        self._folder = folder
        self._by_key: dict[str, list[NoteName]] = {}
        for info in notes:
            name = NoteName(info.note_id, info.title, info.aliases, info.published, info.properties)
            for key in name_keys(name):
                self._by_key.setdefault(key, []).append(name)
        scan = folder.scan()
        note_ids = [entry.note_id for entry in scan.notes]
        self._files = Files(scan.files, note_ids, folder.has_file)
        self._site = site_of(folder.root, note_ids)
        self._site_url = site_url
        self._anchors: dict[str, dict[str, int]] = {}

    def read(self, note_id: str, text: str, others: Mapping[str, str] | None = None) -> Draft:
        r"""Return a draft with its links resolved.

        :param note_id: the note.
        :param text: the whole draft, lines ended by ``\n``.
        :param others: other drafts by note, whose headings and blocks are link targets too.
        :raises NoteError: if the text cannot be read.
        """
        drafts = {**(others or {}), note_id: text}
        note = self._cut(note_id, text)
        known = {note_id: dict(note.anchors)}

        def find_anchor(target: str, anchor: str) -> int | None:
            if target not in known:
                known[target] = (
                    dict(self._cut(target, drafts[target]).anchors)
                    if target in drafts
                    else self._saved_anchors(target)
                )
            return known[target].get(anchor)

        resolver = LinkResolver(
            lambda key: self._by_key.get(key, ()),
            self._files,
            find_anchor,
            site_url=self._site_url,
            **self._site._asdict(),
        )
        loose = [*note.links, *(link for point in note.points for link in point.links)]
        raw = sorted(dict.fromkeys(loose), key=lambda link: link.line)
        return Draft(note, tuple(resolver.resolve(link, note_id) for link in raw))

    def _saved_anchors(self, note_id: str) -> dict[str, int]:
        """Return the anchors in the current file of a note; empty if it cannot be read."""
        if note_id not in self._anchors:
            try:
                note = self._folder.cut(self._folder.read(note_id), _TOKENS)
            except NoteError:
                return {}
            self._anchors[note_id] = dict(note.anchors)
        return self._anchors[note_id]

    def _cut(self, note_id: str, text: str) -> Note:
        content = text.encode("utf-8", "surrogatepass")
        return self._folder.cut(NoteFile(note_id, content, _NO_STAMP), _TOKENS)

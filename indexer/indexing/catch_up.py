"""Find notes saved since the last build, and decide whether a question waits for a build."""

from __future__ import annotations

from typing import NamedTuple

from indexer.errors import NoteError
from indexer.notes.folder import NotesFolder
from indexer.store.protocol import View

# A build of up to this size takes less than half a second on two cores.
_MOST_NOTES = 4
_MOST_BYTES = 16_384
_MOST_POINTS = 20_000
# The most notes with a new stamp to read and compare: 200 take 5 ms.
_MOST_READ = 200


class Saved(NamedTuple):
    """The number of notes saved or removed since the build, and their size in bytes."""

    notes: int = 0
    bytes: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        """Return whether the index is behind."""
        return bool(self.notes or self.removed)

    def is_quick(self, points: int) -> bool:
        """Return whether a build that updates the index takes at most half a second.

        :param points: number of points in the index.
        """
        few = self.notes + self.removed <= _MOST_NOTES
        return few and self.bytes <= _MOST_BYTES and points <= _MOST_POINTS

    def said(self) -> str:
        """Return a line that tells the user that an answer comes from an older index."""
        count = self.notes + self.removed
        what = "1 note was" if count == 1 else f"{count:,} notes were"
        return f"{what} saved or removed since the index was built: run `notepoint build`"


def saved_since(folder: NotesFolder, view: View) -> Saved:
    """Return which notes were saved or removed since an index was built.

    If only a few notes have a new stamp, they are read, since their content may be unchanged.

    :param folder: the notes.
    :param view: the index.
    :raises NotesError: if the folder cannot be listed.
    """
    stamps = view.stamps()
    scan = folder.scan()
    entries = scan.notes
    here = {entry.note_id for entry in entries}
    changed = [e for e in entries if e.stamp is not None and stamps.get(e.note_id) != e.stamp]
    if len(changed) <= _MOST_READ:
        changed = [e for e in changed if not _is_indexed(folder, e.note_id, view)]
    sizes = [entry.stamp.size for entry in changed if entry.stamp]
    removed = sum(known not in here and not scan.is_missing(known) for known in stamps)
    return Saved(len(changed), sum(sizes), removed)


def _is_indexed(folder: NotesFolder, note_id: str, view: View) -> bool:
    try:
        return folder.read(note_id).content_hash == view.content_hash(note_id)
    except NoteError:
        return False

"""What was saved since an index was built, and whether a question can wait until it is indexed."""

from __future__ import annotations

from typing import NamedTuple

from indexer.errors import NoteError
from indexer.notes.folder import NotesFolder
from indexer.store.protocol import View

# With this little to encode and to write, a build takes below half a second on two cores.
_MOST_NOTES = 4
_MOST_BYTES = 16_384
_MOST_POINTS = 20_000
# Notes whose stamps differ and that are read to see whether they do: 200 take 5 ms.
_MOST_READ = 200


class Saved(NamedTuple):
    """How many notes were saved or removed since the build, and their bytes together."""

    notes: int = 0
    bytes: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        """Return whether the index is behind."""
        return bool(self.notes or self.removed)

    def is_quick(self, points: int) -> bool:
        """Return whether a build that brings the index in line is over in half a second.

        :param points: of the index.
        """
        few = self.notes + self.removed <= _MOST_NOTES
        return few and self.bytes <= _MOST_BYTES and points <= _MOST_POINTS

    def said(self) -> str:
        """Return a line for the reader of an answer from the older index."""
        count = self.notes + self.removed
        what = "1 note was" if count == 1 else f"{count:,} notes were"
        return f"{what} saved or removed since the index was built: run `notepoint build`"


def saved_since(folder: NotesFolder, view: View) -> Saved:
    """Return what was saved since an index was built.

    A note is read only where its stamp differs and few do: the same content may have been written
    again.

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

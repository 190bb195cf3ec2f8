"""Names of notes as they are shown and compared, made from paths alone."""

from __future__ import annotations

from pathlib import PurePosixPath

from indexer.notes.formats import without_note_suffix

# A note of this name stands for its folder.
FOLDER_NOTES = frozenset({"readme", "index"})


def printable(name: str) -> str:
    """Return a name with its bytes that are no UTF-8 replaced, for titles, keys and addresses."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def title_of_path(note_id: str) -> str:
    """Return a title made of a path: the file name, or the folder's for README and index."""
    path = PurePosixPath(note_id)
    stem = without_note_suffix(path.name)
    if stem.lower() in FOLDER_NOTES and path.parent.name:
        stem = path.parent.name
    return printable(stem or path.name)

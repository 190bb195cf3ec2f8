"""Names of notes as they are shown and compared, made from paths alone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote

from indexer.notes.formats import without_note_suffix
from indexer.text.folding import fold_name

# A note of this name stands for its folder.
FOLDER_NOTES = frozenset({"readme", "index", "_index"})
# Notion puts the id of a page behind its name.
_NOTION_ID = re.compile(r" [0-9a-f]{32}$")
_DRAWING = ".excalidraw"
# Logseq keeps pages and journals in these folders, and writes "/" of a name as one of these.
_LOGSEQ_FOLDERS = frozenset({"pages", "journals"})
_LOGSEQ_SLASH = re.compile("___|%2F", re.IGNORECASE)


def printable(name: str) -> str:
    """Return a name with its bytes that are no UTF-8 replaced, for titles, keys and addresses."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def title_of_path(note_id: str) -> str:
    """Return a title made of a path: the file name, or the folder's for README and index.

    What programs add to a name is left out: the id of Notion, ``.excalidraw``, the signs by which
    Logseq writes a slash.
    """
    path = PurePosixPath(note_id)
    stem = without_note_suffix(path.name)
    if stem.lower() in FOLDER_NOTES and path.parent.name:
        stem = path.parent.name
    stem = _NOTION_ID.sub("", stem.removesuffix(_DRAWING))
    if path.parent.name in _LOGSEQ_FOLDERS and _LOGSEQ_SLASH.search(stem):
        stem = unquote(stem.replace("___", "/"))
    return printable(stem or path.name)


def merge_names(*lists: Iterable[str]) -> tuple[str, ...]:
    """Return the names of several lists in their order, each once whatever its case."""
    found: dict[str, str] = {}
    for name in itertools.chain(*lists):
        found.setdefault(fold_name(name), name)
    return tuple(found.values())

"""The folder of an index: what in it is ours, and what a stranger may have put there.

A notes folder may come from a stranger, with a ``.notepoint`` in it. Links there would have files
elsewhere read or overwritten, and a pipe would be waited for without end, so nothing is opened
before everything that bears one of our names is known to be a regular file.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from indexer.config import INDEX_FOLDER
from indexer.errors import IndexDamaged
from indexer.private_files import (
    make_private,
    make_private_folder,
    open_private,
    readable_by_others,
)

LOCK, HOLDER = "build.lock", "build.pid"
_IGNORE = ".gitignore"
_OURS = re.compile(
    r"build\.(?:lock|pid)$|\.build\.pid-|\.gitignore$|\.?searches\.json|index-\d|\.?vectors-"
)
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def make_folder(folder: Path) -> None:
    """Make the folder of an index, or take the one that is there; only its owner may read it.

    :param folder: of the index.
    :raises OSError: if it cannot be made.
    """
    make_private_folder(folder)
    if folder.name == INDEX_FOLDER:  # another may hold more than an index
        make_private(folder)
    if not os.path.lexists(folder / _IGNORE):
        with open_private(folder / _IGNORE) as file:
            file.write(b"*\n")
    for name in _exposed(folder):
        make_private(folder / name)


def refuse_foreign(folder: Path, *, remove: bool = False) -> None:
    """Refuse a folder in which something leads elsewhere.

    :param folder: of an index; one that is not there is fine.
    :param remove: True to remove links, pipes and the like first; folders stay.
    :raises IndexDamaged: if the folder or a file of the index is not what it should be.
    """
    if folder.name == INDEX_FOLDER and folder.is_symlink():
        raise IndexDamaged(
            f"{folder} is a symbolic link, which may come from a stranger",
            f"remove it, or trust the place it leads to: --store {os.path.realpath(folder)}",
        )
    for name in _our_names(folder):
        kind = _foreign_kind(folder / name)
        if kind and remove and kind != "a folder":
            (folder / name).unlink(missing_ok=True)
        elif kind:
            raise IndexDamaged(
                f"{folder / name} is {kind}, not a file of an index",
                "remove it, then run `notepoint build`",
            )


def exposure(folder: Path) -> str | None:
    """Return a sentence where other users of the machine may read the index, None elsewhere.

    :param folder: of the index.
    """
    names = _exposed(folder)
    if not names:
        return None
    return f"other users of this machine may read {names[0]}; `notepoint build` makes it private"


def _exposed(folder: Path) -> list[str]:
    names = [name for name in _our_names(folder) if name != _IGNORE]
    return list(readable_by_others(folder, names)) if names else []


def _our_names(folder: Path) -> list[str]:
    names = os.listdir(folder) if folder.is_dir() else []
    return sorted(name for name in names if _OURS.match(name))


def _foreign_kind(path: Path) -> str:
    """Return what a path is, empty for a regular file or one that is gone by now."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return ""
    if stat.S_ISREG(mode):
        return ""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")

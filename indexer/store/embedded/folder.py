"""The folder of an index: create it, and refuse files in it that a stranger may have put there.

A notes folder may come from a stranger, with a ``.notepoint`` in it. A symbolic link there could
make Notepoint read or overwrite files elsewhere, and a pipe could block it forever. So every path
with one of our names must be a regular file before any is opened.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from contextlib import suppress
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
_OWN_NAMES = (
    *("build.lock", "build.pid", ".build.pid-*", "searches.json*", ".searches.json*"),
    *("index-[0-9]*", "vectors-*", ".vectors-*"),
)
_OURS = re.compile("|".join(map(fnmatch.translate, (_IGNORE, *_OWN_NAMES))))
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def make_folder(folder: Path) -> None:
    """Create the folder of an index if it is missing; only its owner may read it.

    :param folder: of the index.
    :raises OSError: if it cannot be created.
    """
    make_private_folder(folder)
    if folder.name == INDEX_FOLDER:  # a folder with another name may hold other files too
        make_private(folder)
    if not os.path.lexists(folder / _IGNORE):
        has_others = any(not _OURS.match(name) for name in os.listdir(folder))
        ignored = _OWN_NAMES if has_others else ("*",)
        with suppress(FileExistsError), open_private(folder / _IGNORE) as file:
            # If it exists now, a build at the same moment created it.
            file.write("".join(f"{name}\n" for name in ignored).encode())
    for name in _exposed(folder):
        with suppress(FileNotFoundError):
            make_private(folder / name)


def refuse_foreign(folder: Path, *, remove: bool = False) -> None:
    """Refuse a folder that contains links or pipes in place of index files.

    :param folder: of an index; it may be missing.
    :param remove: True to remove links, pipes and the like first; folders are kept.
    :raises IndexDamaged: if the folder is a link, or a file of the index is not a regular file.
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
    """Return a warning if other users of the machine can read the index, else None.

    :param folder: of the index.
    """
    names = _exposed(folder)
    if not names:
        return None
    if (folder / names[0]).lstat().st_mode & stat.S_IXUSR:  # we never create one that can be run
        return (
            "other users of this machine may read the index: its drive keeps no permissions; "
            "--store DIR puts it elsewhere"
        )
    return f"other users of this machine may read {names[0]}; `notepoint build` makes it private"


def _exposed(folder: Path) -> list[str]:
    names = [name for name in _our_names(folder) if name != _IGNORE]
    return list(readable_by_others(folder, names)) if names else []


def _our_names(folder: Path) -> list[str]:
    names = os.listdir(folder) if folder.is_dir() else []
    return sorted(name for name in names if _OURS.match(name))


def _foreign_kind(path: Path) -> str:
    """Return the kind of a path, empty for a regular or missing file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return ""
    if stat.S_ISREG(mode):
        return ""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")

"""Combine several notes folders into one: a private folder with a named link to each.

A note of the folder ``work`` has the path ``work/plan.md`` everywhere. Only links that this module
made in the user's cache, and that the settings of this process name, are followed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from indexer.errors import SettingsError
from indexer.private_files import make_private_folder

_HOME = "folders"
_TRUSTED: set[str] = set()
_FOLLOWED: set[str] = set()


def gather(folders: Sequence[tuple[str, Path]], cache: Path) -> Path:
    """Return a folder that contains links to several notes folders, by name.

    :param folders: (name, absolute path) pairs; an empty name means that of the folder.
    :param cache: folder of the user for derived data.
    :raises SettingsError: if a folder is given twice, if two folders have the same name, or if a
        link cannot be created.
    """
    named: dict[str, Path] = {}
    for name, folder in folders:
        name = name or folder.name or "notes"
        for other, known in named.items():
            if _are_same(folder, known):
                raise SettingsError(
                    f"the notes folder {folder} is given twice", f"leave out one: {other} or {name}"
                )
        if name in named:
            raise SettingsError(
                f"two notes folders are named {name!r}: {named[name]} and {folder}",
                f"give one of them another name: --notes other={folder}",
            )
        if "/" in name or "\\" in name or name.startswith("."):
            raise SettingsError(
                f"{name!r} cannot be the name of a folder", "use letters and digits"
            )
        named[name] = folder
    listed = "\n".join(f"{name}\0{os.fspath(path)}" for name, path in sorted(named.items()))
    digest = hashlib.blake2b(listed.encode("utf-8", "surrogateescape"), digest_size=8)
    home = cache / _HOME / digest.hexdigest()
    try:
        make_private_folder(home)
        for name, folder in named.items():
            link = home / name
            if not link.is_symlink() or os.readlink(link) != os.fspath(folder):
                link.unlink(missing_ok=True)
                link.symlink_to(folder, target_is_directory=True)
    except OSError as exc:
        raise SettingsError(
            f"several notes folders need links in {home}: {exc.strerror or exc}",
            "set NOTEPOINT_CACHE to a folder that supports links",
        ) from exc
    return home


def _are_same(one: Path, other: Path) -> bool:
    """Return whether two paths are one folder, also where the system ignores case."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def trust(notes: Path, cache: Path) -> None:
    """Allow this process to follow the links of a combined folder.

    :param notes: the notes folder, possibly a normal one.
    :param cache: folder of combined folders; a folder elsewhere is never trusted.
    """
    if notes.parent == cache / _HOME:
        _TRUSTED.add(os.fspath(notes))


def folders_of(notes: str | os.PathLike[str]) -> dict[str, str]:
    """Return the names and paths of the folders in a combined one, empty for a normal one.

    :param notes: the notes folder.
    """
    root = os.fspath(notes)
    if root not in _TRUSTED:
        return {}
    with os.scandir(root) as children:
        found = {child.name: os.readlink(child.path) for child in children if child.is_symlink()}
    return dict(sorted(found.items()))


def folder_inside(notes: str | os.PathLike[str], path: str) -> tuple[str, str]:
    """Return the real folder of a path, and the path within it.

    :param notes: the notes folder.
    :param path: relative to it.
    """
    root = os.fspath(notes)
    if root not in _TRUSTED:
        return root, path
    name, _, rest = path.partition("/")
    folder = folders_of(root).get(name)
    return (folder, rest) if folder and rest else (root, path)


def shown_folders(notes: Path) -> str:
    """Return a notes folder for people: a combined one as the names and paths of its parts."""
    folders, missing = folders_of(notes), missing_folders(notes)
    shown = [
        f"{name}={path}{' (not there)' if name in missing else ''}"
        for name, path in folders.items()
    ]
    return ", ".join(shown) or str(notes)


def missing_folders(notes: str | os.PathLike[str]) -> dict[str, str]:
    """Return the names and paths of missing combined folders; empty for a normal folder.

    :param notes: the notes folder.
    """
    return {name: path for name, path in folders_of(notes).items() if not os.path.isdir(path)}


def follow_links_in(notes: Path, *, follow: bool) -> None:
    """Let symbolic links within a notes folder be followed by this process, or no longer.

    :param notes: the notes folder, which may gather several.
    :param follow: True to follow those that lead into one of its folders.
    """
    (_FOLLOWED.add if follow else _FOLLOWED.discard)(os.fspath(notes))


def follows_links(notes: str | os.PathLike[str]) -> bool:
    """Return whether symbolic links within a notes folder are followed."""
    return os.fspath(notes) in _FOLLOWED


def linked_place(notes: str | os.PathLike[str], path: str) -> str | None:
    """Return where a path of a notes folder leads through all links, None if out of its folders.

    :param notes: the notes folder, which may gather several.
    :param path: relative to it.
    """
    folder, inner = folder_inside(notes, path)
    real = os.path.realpath(os.path.join(folder, inner))
    roots = folders_of(notes).values() or [os.fspath(notes)]
    return real if any(is_within(real, os.path.realpath(root)) for root in roots) else None


def is_within(path: str, folder: str) -> bool:
    """Return whether a path is a folder or below it; both are real."""
    return path == folder or path.startswith(os.path.join(folder, ""))

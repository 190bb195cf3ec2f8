"""Find folders of notes on this machine: recent ones, vaults of other programs, a sample."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from indexer.gathered import trust
from indexer.private_files import make_private_folder, replace_private

_NAME = "folders.json"
_MAX_RECENT = 8
_MAX_FOUND = 8
_MAX_COMPLETED = 8
# Usual places of notes; these folders and their subfolders are checked.
_USUAL = ("", "Documents", "Notes", "notes", "Obsidian", "Desktop", "Dropbox", "OneDrive")
_MARKS = {".obsidian": "Obsidian vault", "logseq": "Logseq graph", ".zk": "zk notebook"}


class Folder(NamedTuple):
    """A folder that may contain notes, and the reason for it."""

    path: Path
    why: str


def recent_folders(cache: Path) -> list[Folder]:
    """Return the folders opened before that still exist, newest first.

    :param cache: the cache folder of the page.
    """
    try:
        listed = json.loads((cache / _NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    texts = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    found = [Folder(Path(text), "Opened before") for text in texts if os.path.isdir(text)]
    for folder in found:
        trust(folder.path, cache)  # several folders that were opened together
    return found


def remember_folder(cache: Path, folder: Path) -> None:
    """Save a folder as the one opened last; ignore a missing cache."""
    rest = [str(one.path) for one in recent_folders(cache) if one.path != folder]
    content = json.dumps([str(folder), *rest][:_MAX_RECENT])
    with contextlib.suppress(OSError):
        make_private_folder(cache)
        replace_private(cache / _NAME, content.encode("utf-8", "replace"))


def found_folders(home: Path) -> list[Folder]:
    """Return vaults listed by their programs, then those in the usual places.

    :param home: of the user.
    """
    found: dict[Path, Folder] = {}
    for path in [*_obsidian_vaults(home), *_marked(home)]:
        found.setdefault(path.path, path)
    return list(found.values())[:_MAX_FOUND]


def _obsidian_vaults(home: Path) -> Iterator[Folder]:
    places = [
        home / ".config/obsidian",
        home / "Library/Application Support/obsidian",
        home / ".var/app/md.obsidian.Obsidian/config/obsidian",
        home / "snap/obsidian/current/.config/obsidian",
    ]
    if sys.platform == "win32" and os.environ.get("APPDATA"):
        places.append(Path(os.environ["APPDATA"]) / "obsidian")
    for place in places:
        try:
            vaults = json.loads((place / "obsidian.json").read_text("utf-8"))["vaults"]
            paths = [Path(one["path"]) for one in vaults.values()]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        yield from (Folder(path, "Obsidian vault") for path in paths if path.is_dir())


def _marked(home: Path) -> Iterator[Folder]:
    """Yield folders in the usual places with the mark of a note-taking program."""
    for name in _USUAL:
        base = home / name
        yield from _mark_of(base)
        for child in _folders_in(base):
            yield from _mark_of(child)


def _mark_of(folder: Path) -> Iterator[Folder]:
    for mark, why in _MARKS.items():
        if (folder / mark).is_dir():
            yield Folder(folder, why)
            return


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                one.name for one in entries if not one.name.startswith(".") and one.is_dir()
            )
    except OSError:
        return []
    return [folder / name for name in names[:200]]


def complete_path(typed: str) -> list[str]:
    """Return the folders that complete a typed path.

    :param typed: text of the field; ``~`` is the home folder.
    """
    if not typed.startswith(("~", "/", "\\")) and ":" not in typed[:3]:
        return []
    head, tail = os.path.split(os.path.expanduser(typed))
    fitting = [p for p in _folders_in(Path(head or "/")) if p.name.lower().startswith(tail.lower())]
    return [str(path) for path in fitting[:_MAX_COMPLETED] if str(path) != typed.rstrip("/")]


def sample_folder() -> Path | None:
    """Return the folder of the sample notes, from the checkout or the package, or None."""
    places = [parent / "corpus" for parent in Path(__file__).parents[1:3]]
    return next((path for path in places if path.is_dir()), None)

"""List the notes and other files in a folder, without opening a note.

Symbolic links are not followed, except links within the folders if their owner allows them.
Unreadable files are reported, never skipped silently.
"""

from __future__ import annotations

import heapq
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from indexer.errors import NoteError, NotesError
from indexer.gathered import folders_of, follows_links, is_within, missing_folders
from indexer.notes.formats import is_note_name
from indexer.notes.names import placeholder_of
from indexer.notes.opening import read_beginning, reason_of, stamp_of, too_large
from indexer.records import FileEntry, NoteWarning

IGNORE_FILE = ".notepointignore"
# A larger file would delay every command; that of a large project has some kilobytes.
MAX_IGNORE_BYTES = 1 << 20
_SHOWN_BYTES = 80
_SHORTEN = "ignore folders instead of their files, or use wildcards"
# Folders that tools fill with Markdown of others; hidden folders are ignored by their dot.
IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages", "_site", "venv"})
_SPECIAL_FILES = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


IN_THE_CLOUD = NoteWarning(
    "the note is in iCloud and not on this machine",
    hint="download it in the Finder, or keep the folder on this machine",
)


_LEADS_OUT = NoteWarning(
    "a symbolic link that leads out of the notes folders, which is not followed",
    hint="name the folder it leads to with another --notes",
)


class Scan(NamedTuple):
    """The content of a folder: notes (readable or refused) and other files, in path order.

    ``missing`` are the names of combined folders that do not exist now; their notes stay in the
    index.
    """

    notes: tuple[FileEntry, ...]
    files: tuple[str, ...]
    missing: tuple[str, ...] = ()

    def is_missing(self, note_id: str) -> bool:
        """Return whether a note belongs to a missing folder."""
        return bool(self.missing) and note_id.partition("/")[0] in self.missing


def scan_folder(root: Path, *, size_limit: int) -> Scan:
    """List the notes in a folder without opening them.

    :param root: the notes folder.
    :param size_limit: bytes; a larger note is refused unread.
    :return: entries sorted by path; refused ones have a reason.
    :raises NotesError: if the folder is missing or cannot be listed.
    """
    several = folders_of(root)
    return _scan_each(several, size_limit, root) if several else _scan_one(root, size_limit, root)


def _scan_one(root: Path, size_limit: int, given: Path) -> Scan:
    walk = _Walk(root, size_limit, given)
    walk.into("")
    walk.follow()
    here = {entry.note_id for entry in walk.notes if entry.refusal is not IN_THE_CLOUD}
    notes = [e for e in walk.notes if e.refusal is not IN_THE_CLOUD or e.note_id not in here]
    return Scan(tuple(sorted(notes, key=lambda entry: entry.note_id)), tuple(sorted(walk.files)))


class _Walk:
    """Lists a folder; links to follow come last, so that they only add unlisted places."""

    def __init__(self, root: Path, size_limit: int, given: Path) -> None:
        self.notes: list[FileEntry] = []
        self.files: list[str] = []
        self._root = root
        self._size_limit = size_limit
        self._ignored, refused = _ignore_rules(root)
        self.notes += refused[:1]
        self._follows = follows_links(given)
        self._roots = [os.path.realpath(one) for one in folders_of(given).values() or [root]]
        self._links: list[str] = []
        self._seen: set[str] = set()  # real paths of folders, and of notes below them

    def into(self, start: str) -> None:
        """List a folder and its subfolders; ``start`` is relative to the root."""
        folders = [start]
        while folders:
            folder = folders.pop()
            try:
                children = list(os.scandir(os.path.join(self._root, folder)))
            except OSError as exc:
                if not folder:
                    raise _folder_error(self._root, exc) from exc
                self.notes.append(FileEntry(folder, None, _unreadable("folder", exc)))
                continue
            if self._follows:
                self._seen.add(os.path.realpath(os.path.join(self._root, folder)))
            for child in children:
                path = f"{folder}/{child.name}" if folder else child.name
                self.notes += _placeholder(folder, child.name)
                if self._take(child, path):
                    folders.append(path)

    def _take(self, child: os.DirEntry[str], path: str) -> bool:
        """Add a note or file; return whether it is a folder to list."""
        is_folder = child.is_dir(follow_symlinks=False)
        if child.name.startswith(".") or self._ignored(path, is_folder):
            return False
        if is_folder:
            return child.name not in IGNORED_FOLDERS
        if self._follows and child.is_symlink():
            self._links.append(path)
        elif is_note_name(child.name) or (child.is_symlink() and _leads_to_folder(child)):
            self.notes.append(_entry(child, path, self._size_limit))
        elif child.is_file(follow_symlinks=False):
            self.files.append(path)
        return False

    def follow(self) -> None:
        """List the targets of links that are not listed yet, each once."""
        waiting = [self._turn(path) for path in self._links]
        heapq.heapify(waiting)
        while waiting:
            _, path = heapq.heappop(waiting)
            real = os.path.realpath(os.path.join(self._root, path))
            known = len(self._links)
            if real in self._seen or self._is_listed(real):
                continue
            self._seen.add(real)
            self._lead(path, real)
            for found in self._links[known:]:
                heapq.heappush(waiting, self._turn(found))

    def _turn(self, path: str) -> tuple[bool, str]:
        """Return the place of a link: those to folders first, as they may hold linked files."""
        return not os.path.isdir(os.path.join(self._root, path)), path

    def _is_listed(self, real: str) -> bool:
        """Return whether a note was listed in its own folder."""
        folder, name = os.path.split(real)
        return folder in self._seen and is_note_name(name) and not name.startswith(".")

    def _lead(self, path: str, real: str) -> None:
        """List the target of a link."""
        inside = [root for root in self._roots if is_within(real, root)]
        if not inside:
            if is_note_name(path) or os.path.isdir(real):
                self.notes.append(FileEntry(path, None, _LEADS_OUT))
        elif inside[0] != os.path.realpath(self._root) and not _is_hidden(real, inside[0]):
            return  # listed with that folder
        elif os.path.isdir(real):
            self.into(path)
        elif is_note_name(path):
            self.notes.append(_linked_entry(path, real, self._size_limit))


def _is_hidden(path: str, root: str) -> bool:
    return any(part.startswith(".") for part in os.path.relpath(path, root).split(os.sep))


def _linked_entry(path: str, real: str, size_limit: int) -> FileEntry:
    try:
        status = os.stat(real)
    except OSError as exc:
        return FileEntry(path, None, _unreadable("note", exc))
    if not stat.S_ISREG(status.st_mode):
        return FileEntry(path, None, NoteWarning("a link to something that is not a file"))
    if status.st_size > size_limit:
        return FileEntry(path, None, too_large(status.st_size, size_limit))
    return FileEntry(path, stamp_of(status))


def _scan_each(folders: Mapping[str, str], size_limit: int, given: Path) -> Scan:
    """List the notes of several folders, each under its name, and the missing folders."""
    notes: list[FileEntry] = []
    files: list[str] = []
    missing = tuple(missing_folders(given))
    if len(missing) == len(folders):
        raise _folder_error(Path(folders[missing[0]]), FileNotFoundError())
    for name, path in folders.items():
        if name in missing:
            continue
        found = _scan_one(Path(path), size_limit, given)
        notes += [e._replace(note_id=f"{name}/{e.note_id}") for e in found.notes]
        files += [f"{name}/{file}" for file in found.files]
    notes.sort(key=lambda entry: entry.note_id)
    return Scan(tuple(notes), tuple(sorted(files)), missing)


def _placeholder(folder: str, name: str) -> list[FileEntry]:
    """Return an entry for the note behind an iCloud placeholder, none for other files."""
    behind = placeholder_of(name)
    if behind is None or not is_note_name(behind):
        return []
    return [FileEntry(f"{folder}/{behind}".lstrip("/"), None, IN_THE_CLOUD)]


def _entry(child: os.DirEntry[str], path: str, size_limit: int) -> FileEntry:
    try:
        status = child.stat(follow_symlinks=False)
    except OSError as exc:
        return FileEntry(path, None, _unreadable("note", exc))
    if stat.S_ISREG(status.st_mode) and status.st_size <= size_limit:  # nearly every file
        return FileEntry(path, stamp_of(status))
    if stat.S_ISLNK(status.st_mode):
        return FileEntry(
            path,
            None,
            NoteWarning(
                "a symbolic link, which is not followed",
                hint="with --follow-links those within the notes folders are followed; or index "
                "the place it leads to",
            ),
        )
    for is_special, name in _SPECIAL_FILES:
        if is_special(status.st_mode):
            return FileEntry(path, None, NoteWarning(f"{name}, not a file"))
    return FileEntry(path, None, too_large(status.st_size, size_limit))


def _leads_to_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir(follow_symlinks=True)
    except OSError:
        return False


def _unreadable(what: str, exc: OSError) -> NoteWarning:
    return NoteWarning(f"the {what} cannot be read: {reason_of(exc)}", hint="check its permissions")


def _folder_error(root: Path, exc: OSError) -> NotesError:
    if isinstance(exc, FileNotFoundError):
        return NotesError(f"there is no folder {root}", "name one with --notes DIR")
    if isinstance(exc, NotADirectoryError):
        return NotesError(f"{root} is a file, not a folder", "name the folder that holds it")
    return NotesError(f"the folder {root} cannot be listed: {reason_of(exc)}")


def _ignore_rules(root: Path) -> tuple[Callable[[str, bool], bool], list[FileEntry]]:
    """Return a function of (path, is a folder) from the ignore file, and its unreadable lines."""
    try:
        content = read_beginning(root, IGNORE_FILE, MAX_IGNORE_BYTES + 1)
    except NoteError as exc:
        unread = NoteWarning(f"{exc.message}; nothing is ignored", None, exc.hint)
        refused = [FileEntry(IGNORE_FILE, None, unread)]
        return lambda path, is_folder: False, refused if os.path.lexists(root / IGNORE_FILE) else []
    from indexer.notes.ignore import BadPattern, IgnoreRules

    rules = IgnoreRules()
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    refused = []
    if len(content) > MAX_IGNORE_BYTES:
        cut = f"more than {MAX_IGNORE_BYTES:,} bytes: patterns from this line on are not applied"
        refused = [FileEntry(IGNORE_FILE, None, NoteWarning(cut, len(lines), _SHORTEN))]
        lines.pop()  # may be cut
    for number, line in enumerate(lines, 1):
        try:
            rules.add(line)
        except BadPattern as exc:
            shown = line[:_SHOWN_BYTES].decode("utf-8", "replace").rstrip("\r")
            problem = NoteWarning(f"{exc}: {shown!r}", number, "write it as for .gitignore")
            refused.append(FileEntry(IGNORE_FILE, None, problem))
    return lambda path, is_folder: rules.ignores(path, is_folder=is_folder), refused

"""Find the note files below a folder and read their bytes, safely.

Only regular files inside the folder are opened: no symbolic link is followed, no pipe, socket or
device is touched, nothing above the size limit is read. What is refused is reported, never passed
over.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from indexer.errors import NoteError, NotesError
from indexer.gathered import folder_inside, folders_of
from indexer.notes.decoding import decode_note, hash_content
from indexer.notes.formats import FindImage, format_of, is_note_name
from indexer.notes.names import placeholder_of
from indexer.records import FileEntry, FileStamp, Link, Note, NoteWarning

IGNORE_FILE = ".notepointignore"
_SHOWN_BYTES = 80
# Folders that tools fill with other people's Markdown; hidden ones are ignored by their dot.
IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages", "_site", "venv"})
# A scan returns the files next to the notes as well, so that links to them can be checked.
# Where this folder is, the file name is the title of a note.
_OBSIDIAN = ".obsidian"
_READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
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


class Scan(NamedTuple):
    """What lies below a folder: notes (readable or refused) and other files, in path order."""

    notes: tuple[FileEntry, ...]
    files: tuple[str, ...]


class NoteFile(NamedTuple):
    """A note as it was read: its bytes, and the stamp the file had before."""

    note_id: str
    content: bytes
    stamp: FileStamp

    @property
    def content_hash(self) -> bytes:
        """The hash by which a changed note is known."""
        return hash_content(self.content)


class TextMeasure(Protocol):
    """What cutting needs of an encoder: how many word pieces it reads, and their count in texts."""

    @property
    def window(self) -> int:
        """How many word pieces are read of one text."""

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """Return the lengths of texts in word pieces, without the special ones."""


class NotesFolder(NamedTuple):
    """A folder of notes; ``size_limit`` is in bytes, a larger note is refused."""

    root: Path
    size_limit: int

    def scan(self) -> Scan:
        """List the notes without opening one of them.

        :return: entries sorted by path; refused ones carry the reason.
        :raises NotesError: if the folder is missing or cannot be listed.
        """
        return scan_folder(self.root, size_limit=self.size_limit)

    def read(self, note_id: str) -> NoteFile:
        """Read one file without following a link on its way.

        :param note_id: its path relative to the folder.
        :raises NoteError: if the file is gone, is no regular file inside the folder, or is too
            large.
        """
        content, stamp = read_note_bytes(self.root, note_id, size_limit=self.size_limit)
        return NoteFile(note_id, content, stamp)

    def read_stamp(self, note_id: str) -> FileStamp | None:
        """Return the stamp of a note as it is now, None if it is gone or no regular file."""
        return read_stamp(self.root, note_id)

    def has_file(self, path: str) -> bool:
        """Return whether a regular file of this path is in the folder, reached through no link.

        :param path: relative to the folder, without dots that lead out of it.
        """
        root, path = folder_inside(self.root, path)
        here = os.path.join(root, path)
        inside = os.path.realpath(here) == os.path.join(os.path.realpath(root), path)
        return inside and os.path.isfile(here)

    def cut(self, file: NoteFile, measure: TextMeasure) -> Note:
        """Return a note that was read, with its points.

        :param file: as ``read`` gives it.
        :param measure: the encoder, which says how long a point may be.
        :raises NoteError: if the content is no text.
        """
        from indexer.notes.note import parse_note  # few questions read a note

        return parse_note(
            file.content,
            file.note_id,
            window=measure.window,
            count_tokens=measure.count_tokens,
            named_by_file=os.path.isdir(os.path.join(self._root_of(file.note_id), _OBSIDIAN)),
        )

    def _root_of(self, note_id: str) -> str:
        return folder_inside(self.root, note_id)[0]

    def render(
        self, file: NoteFile, links: Sequence[Link], find_image: FindImage = lambda target: None
    ) -> str:
        """Return a note that was read as safe HTML.

        :param file: as ``read`` gives it.
        :param links: its links, resolved.
        :param find_image: says which images can be shown.
        :raises NoteError: if the content is no text.
        """
        text, _ = decode_note(file.content, file.note_id)
        form = format_of(file.note_id)
        return form.render(text, links, find_image) if form else ""


def scan_folder(root: Path, *, size_limit: int) -> Scan:
    """List the notes below a folder without opening one of them.

    :param root: the notes folder.
    :param size_limit: bytes; a larger note is refused unread.
    :return: entries sorted by path; refused ones carry the reason.
    :raises NotesError: if the folder is missing or cannot be listed.
    """
    several = folders_of(root)
    return _scan_each(several, size_limit) if several else _scan_one(root, size_limit)


def _scan_one(root: Path, size_limit: int) -> Scan:
    ignored, refused = _ignore_rules(root, size_limit)
    notes = refused[:1]
    files: list[str] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            children = list(os.scandir(os.path.join(root, folder)))
        except OSError as exc:
            if not folder:
                raise _folder_error(root, exc) from exc
            notes.append(FileEntry(folder, None, _unreadable("folder", exc)))
            continue
        for child in children:
            path = f"{folder}/{child.name}" if folder else child.name
            notes += _placeholder(folder, child.name)
            if child.name.startswith(".") or ignored(path, child.is_dir(follow_symlinks=False)):
                continue
            if child.is_dir(follow_symlinks=False):
                if child.name not in IGNORED_FOLDERS:
                    folders.append(path)
            elif is_note_name(child.name) or (child.is_symlink() and _leads_to_folder(child)):
                notes.append(_entry(child, path, size_limit))
            elif child.is_file(follow_symlinks=False):
                files.append(path)
    here = {entry.note_id for entry in notes if entry.refusal is not IN_THE_CLOUD}
    notes = [e for e in notes if e.refusal is not IN_THE_CLOUD or e.note_id not in here]
    return Scan(tuple(sorted(notes, key=lambda entry: entry.note_id)), tuple(sorted(files)))


def _scan_each(folders: Mapping[str, str], size_limit: int) -> Scan:
    """List the notes of several folders, each below its name."""
    notes: list[FileEntry] = []
    files: list[str] = []
    for name, path in folders.items():
        found = scan_folder(Path(path), size_limit=size_limit)
        notes += [e._replace(note_id=f"{name}/{e.note_id}") for e in found.notes]
        files += [f"{name}/{file}" for file in found.files]
    return Scan(tuple(sorted(notes, key=lambda entry: entry.note_id)), tuple(sorted(files)))


def _placeholder(folder: str, name: str) -> list[FileEntry]:
    """Return an entry for the note that iCloud holds behind a file, none for other files."""
    behind = placeholder_of(name)
    if behind is None or not is_note_name(behind):
        return []
    return [FileEntry(f"{folder}/{behind}".lstrip("/"), None, IN_THE_CLOUD)]


def read_note_bytes(root: Path, note_id: str, *, size_limit: int) -> tuple[bytes, FileStamp]:
    """Read one note without following a link on its way.

    :param root: the notes folder.
    :param note_id: path relative to it.
    :param size_limit: bytes.
    :return: the content, and the stamp the file had before it was read, so that a later change
        shows.
    :raises NoteError: if the file is gone, is no regular file inside the folder, or is too large.
    """
    handle = open_inside(root, note_id)
    try:
        status = os.fstat(handle)
        content = _read_up_to(handle, size_limit + 1)
    except OSError as exc:
        raise NoteError(f"cannot be read: {_reason(exc)}", path=note_id) from exc
    finally:
        os.close(handle)
    if len(content) > size_limit:
        refusal = _too_large(len(content), size_limit)
        raise NoteError(refusal.message, refusal.hint, path=note_id)
    return content, stamp_of(status)


def open_inside(root: Path, path: str) -> int:
    """Open a regular file of the folder for reading, without following a link on its way.

    :param root: the notes folder.
    :param path: relative to it.
    :return: a descriptor, for the caller to close.
    :raises NoteError: if the file is gone, or is no regular file inside the folder.
    """
    try:
        _refuse_detour(root, path)
        handle = os.open(os.path.join(root, path), _READ_FLAGS)
    except (OSError, ValueError) as exc:
        raise NoteError(f"cannot be opened: {_reason(exc)}", path=path) from exc
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NoteError("is no regular file", path=path)
    return handle


def stamp_of(status: os.stat_result) -> FileStamp:
    """Return the part of a stat result that changes whenever a file does."""
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def read_stamp(root: Path, note_id: str) -> FileStamp | None:
    """Return the stamp of a note as it is now, None if it is gone or no regular file."""
    try:
        status = os.lstat(os.path.join(root, note_id))
    except (OSError, ValueError):
        return None
    return stamp_of(status) if stat.S_ISREG(status.st_mode) else None


def _read_up_to(handle: int, limit: int) -> bytes:
    """Read until the end or the limit; one read may return less than it was asked for."""
    parts: list[bytes] = []
    left = limit
    while left > 0:
        part = os.read(handle, min(left, 1 << 20))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _refuse_detour(root: Path, note_id: str) -> None:
    """Refuse a path that leaves the notes folder, or goes through a link within it."""
    folder, note_id = folder_inside(root, note_id)
    real_root = os.path.realpath(folder)
    real = os.path.realpath(os.path.join(real_root, note_id))
    if os.path.commonpath([real, real_root]) != real_root:
        raise NoteError("the path leads out of the notes folder", path=note_id)
    if os.path.dirname(real) != os.path.dirname(os.path.normpath(os.path.join(real_root, note_id))):
        raise NoteError("the path goes through a symbolic link", path=note_id)


def _entry(child: os.DirEntry[str], path: str, size_limit: int) -> FileEntry:
    try:
        status = child.stat(follow_symlinks=False)
    except OSError as exc:
        return FileEntry(path, None, _unreadable("note", exc))
    if stat.S_ISREG(status.st_mode) and status.st_size <= size_limit:  # nearly all
        return FileEntry(path, stamp_of(status))
    if stat.S_ISLNK(status.st_mode):
        return FileEntry(
            path,
            None,
            NoteWarning(
                "a symbolic link, which is not followed",
                hint="move the notes themselves into the folder, or index the place it leads to",
            ),
        )
    for is_special, name in _SPECIAL_FILES:
        if is_special(status.st_mode):
            return FileEntry(path, None, NoteWarning(f"{name}, not a file"))
    return FileEntry(path, None, _too_large(status.st_size, size_limit))


def _leads_to_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir(follow_symlinks=True)
    except OSError:
        return False


def _too_large(size: int, limit: int) -> NoteWarning:
    return NoteWarning(
        f"{size:,} bytes, above the limit of {limit:,}",
        hint="cut the note, or set NOTEPOINT_SIZE_LIMIT to a larger number of bytes",
    )


def _unreadable(what: str, exc: OSError) -> NoteWarning:
    return NoteWarning(f"the {what} cannot be read: {_reason(exc)}", hint="check its permissions")


def _reason(exc: OSError | ValueError) -> str:
    return (getattr(exc, "strerror", None) or str(exc)).lower()


def _folder_error(root: Path, exc: OSError) -> NotesError:
    if isinstance(exc, FileNotFoundError):
        return NotesError(f"there is no folder {root}", "name one with --notes DIR")
    if isinstance(exc, NotADirectoryError):
        return NotesError(f"{root} is a file, not a folder", "name the folder that holds it")
    return NotesError(f"the folder {root} cannot be listed: {_reason(exc)}")


def _ignore_rules(
    root: Path, size_limit: int
) -> tuple[Callable[[str, bool], bool], list[FileEntry]]:
    """Return a test of (path, is a folder) by the ignore file, and what of it cannot be read."""
    try:
        content, _ = read_note_bytes(root, IGNORE_FILE, size_limit=size_limit)
    except NoteError as exc:
        unread = NoteWarning(f"{exc.message}; nothing is ignored", None, exc.hint)
        refused = [FileEntry(IGNORE_FILE, None, unread)]
        return lambda path, is_folder: False, refused if os.path.lexists(root / IGNORE_FILE) else []
    from indexer.notes.ignore import BadPattern, IgnoreRules

    rules = IgnoreRules()
    refused = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            rules.add(line)
        except BadPattern as exc:
            shown = line[:_SHOWN_BYTES].decode("utf-8", "replace").rstrip("\r")
            problem = NoteWarning(f"{exc}: {shown!r}", number, "write it as for .gitignore")
            refused.append(FileEntry(IGNORE_FILE, None, problem))
    return lambda path, is_folder: rules.ignores(path, is_folder=is_folder), refused

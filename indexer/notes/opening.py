"""Open one file of the notes folder and read it, safely.

Symbolic links are not followed, except links within the folder if its owner allows them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from indexer.errors import NoteError
from indexer.gathered import folder_inside, follows_links, linked_place
from indexer.records import FileStamp, NoteWarning

_READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_note_bytes(root: Path, note_id: str, *, size_limit: int) -> tuple[bytes, FileStamp]:
    """Read one note without following links in its path.

    :param root: the notes folder.
    :param note_id: path relative to it.
    :param size_limit: bytes.
    :return: the content, and the stamp of the file before it was read, so a later change is
        detected.
    :raises NoteError: if the file is missing, not a regular file inside the folder, or too large.
    """
    handle = open_inside(root, note_id)
    try:
        status = os.fstat(handle)
        content = _read_up_to(handle, size_limit + 1)
    except OSError as exc:
        raise NoteError(f"cannot be read: {reason_of(exc)}", path=note_id) from exc
    finally:
        os.close(handle)
    if len(content) > size_limit:
        refusal = too_large(len(content), size_limit)
        raise NoteError(refusal.message, refusal.hint, path=note_id)
    return content, stamp_of(status)


def read_beginning(root: Path, path: str, most: int) -> bytes:
    """Read the first bytes of a file of the folder, without following links in its path.

    :param root: the notes folder.
    :param path: relative to it.
    :param most: how many bytes at most.
    :raises NoteError: if the file is missing, unreadable or not a regular file inside the folder.
    """
    handle = open_inside(root, path)
    try:
        return _read_up_to(handle, most)
    except OSError as exc:
        raise NoteError(f"cannot be read: {reason_of(exc)}", path=path) from exc
    finally:
        os.close(handle)


def open_inside(root: Path, path: str) -> int:
    """Open a regular file of the folder for reading, without following links in its path.

    :param root: the notes folder.
    :param path: relative to it.
    :return: a descriptor; the caller closes it.
    :raises NoteError: if the file is missing or not a regular file inside the folder.
    """
    try:
        handle = os.open(_place_of(root, path), _READ_FLAGS)
    except (OSError, ValueError) as exc:
        raise NoteError(f"cannot be opened: {reason_of(exc)}", path=path) from exc
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NoteError("is not a regular file", path=path)
    return handle


def stamp_of(status: os.stat_result) -> FileStamp:
    """Return the part of a stat result that changes with every change of the file."""
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def read_stamp(root: Path, note_id: str) -> FileStamp | None:
    """Return the current stamp of a note, None if it is missing or not a regular file."""
    try:
        place = linked_place(root, note_id) if follows_links(root) else os.path.join(root, note_id)
        status = os.lstat(place) if place else None
    except (OSError, ValueError):
        return None
    if status is None:
        return None
    return stamp_of(status) if stat.S_ISREG(status.st_mode) else None


def _read_up_to(handle: int, limit: int) -> bytes:
    """Read until the end or the limit; a single read may return fewer bytes than requested."""
    parts: list[bytes] = []
    left = limit
    while left > 0:
        part = os.read(handle, min(left, 1 << 20))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _place_of(root: Path, note_id: str) -> str:
    """Return the path of the file to open, whose last part may still be a link.

    A path that leaves the notes folder is refused, as is one through a link within it, unless links
    are followed.
    """
    if follows_links(root):
        place = linked_place(root, note_id)
        if place is None:
            raise NoteError("the path leads out of the notes folders", path=note_id)
        return place
    given = note_id
    folder, note_id = folder_inside(root, note_id)
    real_root = os.path.realpath(folder)
    real = os.path.realpath(os.path.join(real_root, note_id))
    if os.path.commonpath([real, real_root]) != real_root:
        raise NoteError("the path leads out of the notes folder", path=note_id)
    if os.path.dirname(real) != os.path.dirname(os.path.normpath(os.path.join(real_root, note_id))):
        raise NoteError("the path goes through a symbolic link", path=note_id)
    return os.path.join(root, given)


def too_large(size: int, limit: int) -> NoteWarning:
    """Return the refusal of a file larger than the limit."""
    return NoteWarning(
        f"{size:,} bytes, above the limit of {limit:,}",
        hint="cut the note, or set NOTEPOINT_SIZE_LIMIT to a larger number of bytes",
    )


def reason_of(exc: OSError | ValueError) -> str:
    """Return the reason of a file system error, in lower case."""
    return (getattr(exc, "strerror", None) or str(exc)).lower()

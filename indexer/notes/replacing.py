"""Replace the content of a note, if it is unchanged; the only code that writes to notes."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from indexer.errors import NoteError
from indexer.gathered import folder_inside
from indexer.notes.opening import open_inside

_HINT = "change it in your editor"


def replace_note(root: Path, note_id: str, old: bytes, new: bytes) -> None:
    """Replace the content of a note at once; refuse a file that changed since it was read.

    The new content is written next to the note, synced, and renamed over it, so a crash leaves the
    old or the new file. Mode, extended attributes and owner are kept. A file with a second name is
    refused, because the other name would keep the old content.

    :param root: the notes folder.
    :param note_id: path relative to it.
    :param old: the content of the file when it was read.
    :param new: the new content.
    :raises NoteError: if the file changed, is missing or read-only, or is reached through a link.
    """
    _refuse_changed(root, note_id, old)
    folder, rest = folder_inside(root, note_id)
    path = Path(folder, rest)
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise NoteError("has more than one name on this disk", _HINT, path=note_id)
    if not os.access(path, os.W_OK):
        raise NoteError("cannot be written: it is read-only", _HINT, path=note_id)
    temporary = path.with_name(f".notepoint-{os.getpid()}-{path.name}")
    try:
        _write(temporary, path, new, status)
        _refuse_changed(root, note_id, old)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as exc:
        raise NoteError(f"cannot be written: {exc.strerror or exc}", _HINT, path=note_id) from exc
    finally:
        temporary.unlink(missing_ok=True)


def _refuse_changed(root: Path, note_id: str, old: bytes) -> None:
    handle = open_inside(root, note_id)
    with os.fdopen(handle, "rb") as file:
        if file.read(len(old) + 1) != old:
            raise NoteError("changed in the meantime", "look at it again", path=note_id)


def _write(temporary: Path, path: Path, content: bytes, status: os.stat_result) -> None:
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        shutil.copystat(path, temporary, follow_symlinks=False)
        if os.name == "posix" and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(temporary, status.st_uid, status.st_gid)
        os.utime(temporary)  # it is written now
        os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    """Sync the rename to disk, if the system can sync folders."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

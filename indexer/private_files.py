"""Create files and folders that only their owner may read, for any umask; follow no link.

They are for data derived from notes: the index, questions asked on the page, caches. Modes apply on
POSIX systems; on others, the rights of the user's folder apply.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_UNFOLLOWED = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents that only the owner may enter.

    :param folder: not changed if it exists.
    :raises OSError: if it cannot be created.
    """
    for path in [*reversed(folder.parents), folder]:
        if not path.is_dir():
            path.mkdir(_FOLDER_MODE, exist_ok=True)


def open_private(path: Path) -> BinaryIO:
    """Create a new file for writing; it replaces anything with its name.

    :param path: of the file; if it is a link, only the link is removed.
    :raises OSError: if it cannot be created.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, _NEW | _UNFOLLOWED, _FILE_MODE), "wb")


def replace_private(path: Path, content: bytes) -> None:
    """Replace the content of a file at once, without syncing it to disk.

    :param path: of the file.
    :param content: the new content.
    :raises OSError: if it cannot be written; the old file is kept.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with open_private(temporary) as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a regular file; refuse a link, pipe, device or folder unread.

    :param path: of the file.
    :param most: read at most this number of bytes.
    :raises OSError: if it is not a regular file or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | _UNFOLLOWED)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is not a regular file")
        return file.read(most)


def readable_by_others(folder: Path, names: list[str]) -> Iterator[str]:
    """Yield the files of a folder that other users of the machine may read.

    :param folder: of the files; if others may not enter it, all files are private.
    :param names: of the files.
    """
    if os.name != "posix" or not folder.stat().st_mode & 0o011:
        return
    for name in names:
        try:
            status = (folder / name).lstat()
        except FileNotFoundError:  # replaced or removed by another process since it was listed
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size and status.st_mode & 0o044:
            yield name


def make_private(path: Path) -> None:
    """Remove the rights of other users from a file, unless it has another owner.

    :param path: of a regular file.
    """
    if os.name == "posix" and path.lstat().st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~0o077)

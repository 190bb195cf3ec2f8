"""Files and folders that only their owner may read, whatever the umask; no link is followed.

For what Notepoint keeps of the notes: the index, questions asked on the page, caches. Modes are for
POSIX systems; on others the rights of the user's folder hold.
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
    """Make a folder, and the missing ones above it, that only the owner may enter.

    :param folder: one that is there stays as it is.
    :raises OSError: if it cannot be made.
    """
    for path in [*reversed(folder.parents), folder]:
        if not path.is_dir():
            path.mkdir(_FOLDER_MODE, exist_ok=True)


def open_private(path: Path) -> BinaryIO:
    """Make a new file to write, in the place of whatever has its name.

    :param path: of the file; a link of this name is removed, what it leads to is not touched.
    :raises OSError: if it cannot be made.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, _NEW | _UNFOLLOWED, _FILE_MODE), "wb")


def replace_private(path: Path, content: bytes) -> None:
    """Give a file a new content, all at once; not synced to the disk.

    :param path: of the file.
    :param content: all of it.
    :raises OSError: if it cannot be written; the old file stays.
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
    """Return the content of a file; a link, pipe, device or folder is refused unread.

    :param path: of the file.
    :param most: bytes to read of it.
    :raises OSError: if it is no regular file or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | _UNFOLLOWED)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is no regular file")
        return file.read(most)


def readable_by_others(folder: Path, names: list[str]) -> Iterator[str]:
    """Yield the files of a folder that other users of the machine may read.

    :param folder: one that others may not enter protects all its files.
    :param names: of the files.
    """
    if os.name != "posix" or not folder.stat().st_mode & 0o011:
        return
    for name in names:
        status = (folder / name).lstat()
        if stat.S_ISREG(status.st_mode) and status.st_size and status.st_mode & 0o044:
            yield name


def make_private(path: Path) -> None:
    """Take the rights of other users off a file; one of another owner stays as it is.

    :param path: of a regular file.
    """
    if os.name == "posix" and path.lstat().st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~0o077)

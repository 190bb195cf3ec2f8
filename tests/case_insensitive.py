"""A folder whose file names ignore case, as on Windows and macOS, mounted over another folder.

    python tests/case_insensitive.py SOURCE MOUNT

It passes every call on to SOURCE and finds names there whatever their case. Needs FUSE.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from typing import Any

import mfusepy


class CaseInsensitive(mfusepy.Operations):
    """Passes calls on to a folder; a name keeps the case with which it was made."""

    use_ns = True

    def __init__(self, root: str) -> None:
        self._root = root

    def _real(self, path: str) -> str:
        real = self._root
        for name in path.strip("/").split("/"):
            if name:
                real = os.path.join(real, self._found(real, name))
        return real

    def _found(self, folder: str, name: str) -> str:
        if os.path.lexists(os.path.join(folder, name)):
            return name
        try:
            names = os.listdir(folder)
        except OSError:
            return name
        return next((one for one in names if one.casefold() == name.casefold()), name)

    def access(self, path: str, amode: int) -> int:
        if not os.access(self._real(path), amode):
            raise mfusepy.FuseOSError(errno.EACCES)
        return 0

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        found = os.lstat(self._real(path))
        names = "st_mode st_nlink st_size st_uid st_gid st_ino".split()
        times = {f"st_{kind}time": getattr(found, f"st_{kind}time_ns") for kind in "mac"}
        return {name: getattr(found, name) for name in names} | times

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, dict[str, int], int]]:
        real = self._real(path)
        for name in [".", "..", *os.listdir(real)]:
            found = os.lstat(os.path.join(real, name))
            yield name, {"st_ino": found.st_ino, "st_mode": found.st_mode}, 0

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._real(path))
        names = "f_bavail f_bfree f_blocks f_bsize f_favail f_ffree f_files f_frsize f_namemax"
        return {name: getattr(found, name) for name in names.split()}

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._real(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._real(path))
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._real(path))
        return 0

    def rename(self, old: str, new: str) -> int:
        target = self._real(new)
        source = self._real(old)
        if source == target or source.casefold() == target.casefold():  # only the case changes
            target = os.path.join(os.path.dirname(target), os.path.basename(new))
        os.rename(source, target)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._real(path), mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self._real(path), ns=times)
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return os.open(self._real(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path: str, flags: int) -> int:
        return os.open(self._real(path), flags)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._real(path), length)
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        os.fsync(fh)
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0


if __name__ == "__main__":
    mfusepy.FUSE(
        CaseInsensitive(sys.argv[1]), sys.argv[2], foreground=True, nothreads=True, use_ino=True
    )

"""Sums of the pages of a database at rest: whether every byte of the file is as it was written.

SQLite's own check passes three of four flipped bits, and checksums of rows do not reach its indexes
and lists of words. So a finished build writes the CRC-32 of every page beside the database. They
speak of one state, named by a token that each transaction writes anew, and only while the
write-ahead log is empty: a log that is not has checksums of its own, and is what a killed process
leaves. Beside them stands how the file looked when it was summed (size, times, inode), so that one
that looks the same need not be read to be opened, and so that of a file that nobody wrote to since
only the pages in its log are summed anew. The others keep the sums they have: what became of them
meanwhile is still found.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import threading
import zlib
from pathlib import Path

# Token, page size, and the stamp of the database: size, times of change, inode.
_HEAD = re.compile(rb"notepoint sums ([0-9a-f]+) (\d+) (\d+ \d+ \d+ \d+)\n")
_DIGEST_BYTES = 16
_LOG_HEAD, _LOG_FRAME_HEAD = 32, 24


def sums_path(database: Path) -> Path:
    """Return where the sums of a database are."""
    return database.with_suffix(".sums")


def is_at_rest(database: Path) -> bool:
    """Tell whether the file alone holds the state, with nothing in the log beside it."""
    try:
        return os.stat(f"{database}-wal").st_size == 0
    except OSError:
        return True


def known_sums(database: Path) -> bytes | None:
    """Return the sums of a database that nobody wrote to since; None where that is not certain.

    What changed since, if anything, is in its log, all of it: a log is copied into the file before
    it is begun anew, which changes how the file looks.

    :param database: its file.
    """
    try:
        head, sealed = _read_sums(database, None)
    except NoSums:
        return None
    return sealed[head.end() :] if _looks_the_same(database, head[3]) else None


def write_sums(database: Path, token: str, page_size: int, known: bytes | None = None) -> None:
    """Write the sums of a database, durably.

    :param database: its file, with the log copied into it, still there, and nobody writing.
    :param token: names its state.
    :param page_size: in bytes.
    :param known: what ``known_sums`` returned before the log was copied; then only the pages of the
        log are read.
    :raises OSError: if they cannot be written; the old ones stay.
    """
    stamp = _stamp(database)
    sums = None if known is None else _renew_sums(database, page_size, known)
    if sums is None:
        found = _sum_pages(database, page_size)
        sums = struct.pack(f"<{len(found)}I", *found)
    content = b"notepoint sums %s %d %s\n" % (token.encode(), page_size, stamp)
    content += sums
    content += hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
    target = sums_path(database)
    temporary = target.with_suffix(".sums-new")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


class NoSums(Exception):
    """There are no sums of the state that is asked for; the message says why."""


def check_pages(database: Path, token: str, *, trust: bool = False) -> str | None:
    """Return what is wrong with the pages of a database at rest, None where all is as written.

    :param database: its file; the caller holds a view of it, so that nobody writes to it.
    :param token: names the state the view shows.
    :param trust: True not to read a file that looks as it did when it was summed.
    :raises NoSums: if nothing can be said.
    """
    head, sealed = _read_sums(database, token)
    if trust and _looks_the_same(database, head[3]):
        return None
    wanted = struct.unpack(f"<{(len(sealed) - head.end()) // 4}I", sealed[head.end() :])
    found = _sum_pages(database, int(head.group(2)))
    if len(wanted) != len(found):
        return f"it has {len(found)} pages, not {len(wanted)}"
    differing = [i for i, (a, b) in enumerate(zip(wanted, found, strict=True), 1) if a != b]
    if differing:
        return (
            f"{len(differing)} of {len(found)} pages are not as written, from page {differing[0]}"
        )
    return None


def has_sums(database: Path, token: str) -> bool:
    """Tell whether there are sums of a state, whatever the file is like by now.

    A sound file that only looks different, as a copy does, is known by its new look from now on;
    the sums of another are left, so that they keep telling what happened to it.

    :param database: its file; the caller holds the lock of builds, so that nobody writes to it.
    :param token: names the state.
    :raises OSError: if they cannot be written.
    """
    try:
        head, _ = _read_sums(database, token)
    except NoSums:
        return False
    if not _looks_the_same(database, head[3]) and check_pages(database, token) is None:
        write_sums(database, token, int(head[2]))
    return True


def _read_sums(database: Path, token: str | None) -> tuple[re.Match[bytes], bytes]:
    """Return the first line of the sums of a state, or of any, and all but their own sum."""
    try:
        content = sums_path(database).read_bytes()
    except OSError as exc:
        raise NoSums("the sums of its pages are missing") from exc
    head = _HEAD.match(content)
    sealed, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not head or hashlib.blake2b(sealed, digest_size=_DIGEST_BYTES).digest() != digest:
        raise NoSums("the sums of its pages are damaged")
    if token is not None and head[1].decode() != token:
        raise NoSums("the sums of its pages are of another state")
    return head, sealed


def _stamp(database: Path) -> bytes:
    status = database.stat()
    numbers = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    return b"%d %d %d %d" % numbers


def _looks_the_same(database: Path, stamp: bytes) -> bool:
    """Tell whether a database has a stamp, and sums that were written a tick of the clock later.

    Without that tick, a change after them could bear the same times.
    """
    try:
        later = sums_path(database).stat().st_ctime_ns > database.stat().st_ctime_ns
        return later and _stamp(database) == stamp
    except OSError:
        return False


# By device and inode. POSIX lets go of all locks a process has on a file when it closes any
# descriptor of it, those of SQLite as well: another process would then remove the log that is still
# read here. So none is closed for as long as its file has a name.
_descriptors: dict[tuple[int, int], int] = {}
_descriptors_lock = threading.Lock()
_PAGES_AT_ONCE = 128


def _sum_pages(database: Path, page_size: int) -> list[int]:
    """Return the CRC-32 of each page; a last one that is cut short counts as well."""
    descriptor = _open_for_good(database)
    sums: list[int] = []
    while True:
        part = memoryview(_read_at(descriptor, len(sums) * page_size, _PAGES_AT_ONCE * page_size))
        sums += [zlib.crc32(part[i : i + page_size]) for i in range(0, len(part), page_size)]
        if len(part) < _PAGES_AT_ONCE * page_size:
            return sums


def _renew_sums(database: Path, page_size: int, known: bytes) -> bytes | None:
    """Return the sums of a database, those of the pages in its log taken anew.

    None where a page is new and not in the log, or the log is none of this file.
    """
    changed = _pages_in_log(database, page_size)
    count = -(-database.stat().st_size // page_size)
    if changed is None or not changed.issuperset(range(len(known) // 4, count)):
        return None
    sums = bytearray(known[: 4 * count].ljust(4 * count, b"\0"))
    descriptor = _open_for_good(database)
    for page in sorted(page for page in changed if page < count):
        found = zlib.crc32(_read_at(descriptor, page * page_size, page_size))
        struct.pack_into("<I", sums, 4 * page, found)
    return bytes(sums)


def _pages_in_log(database: Path, page_size: int) -> set[int] | None:
    """Return the pages of which the log holds a copy, from 0; of older ones too, as it may be.

    (https://www.sqlite.org/fileformat2.html#the_write_ahead_log)
    """
    pages: set[int] = set()
    try:
        log = open(f"{database}-wal", "rb", buffering=0)
    except OSError:
        return None
    with log:
        head = log.read(_LOG_HEAD)
        if len(head) < _LOG_HEAD or int.from_bytes(head[8:12], "big") != page_size:
            return None
        place = _LOG_HEAD
        while len(frame := _read_at(log.fileno(), place, 4)) == 4:
            pages.add(int.from_bytes(frame, "big") - 1)
            place += _LOG_FRAME_HEAD + page_size
    return pages


def _open_for_good(path: Path) -> int:
    with _descriptors_lock:
        for key, descriptor in list(_descriptors.items()):
            if os.fstat(descriptor).st_nlink == 0:  # removed: nobody locks it any more
                os.close(_descriptors.pop(key))
        status = path.stat()
        key = (status.st_dev, status.st_ino)
        if key not in _descriptors:
            _descriptors[key] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return _descriptors[key]


def _read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Return so many bytes of a file, fewer only at its end."""
    parts: list[bytes] = []
    while size > 0:
        part = _read_once(descriptor, offset, size)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        size -= len(part)
    return b"".join(parts)


def _read_once(descriptor: int, offset: int, size: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    with _descriptors_lock:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)

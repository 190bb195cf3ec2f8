"""Checksums of the pages of a database, which detect every byte changed since it was written.

SQLite's own check misses three of four flipped bits, and checksums of rows do not cover its indexes
and word lists. So a finished build writes the CRC-32 of every page to a file next to the database.
The sums belong to one state of the database. A token that changes with each transaction names it.
The sums are valid only while the write-ahead log is empty (the frames of the log have their own
checksums). The file also holds size, times and inode of the database. If they are unchanged,
opening does not read the database, and a build sums only the pages in the log again. The other
pages keep their sums, so damage to them in the meantime is still found.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import struct
import threading
import zlib
from pathlib import Path

from indexer.private_files import open_private

# Token, page size, and the stamp of the database: size, times, inode.
_HEAD = re.compile(rb"notepoint sums ([0-9a-f]+) (\d+) (\d+ \d+ \d+ \d+)\n")
_DIGEST_BYTES = 16
_LOG_HEAD, _LOG_FRAME_HEAD = 32, 24


def sums_path(database: Path) -> Path:
    """Return the path of the sums of a database."""
    return database.with_suffix(".sums")


def is_at_rest(database: Path) -> bool:
    """Return whether the log is empty, so that the file alone holds the state."""
    try:
        return os.stat(f"{database}-wal").st_size == 0
    except OSError:
        return True


def known_sums(database: Path) -> bytes | None:
    """Return the sums of an unchanged database file; None if it is changed or that is uncertain.

    All later changes of an unchanged file are in its log: SQLite copies a log into the file before
    it starts a new one, which changes the stamp of the file.

    :param database: its file.
    """
    try:
        head, sealed = _read_sums(database, None)
    except NoSums:
        return None
    return sealed[head.end() :] if _looks_the_same(database, head[3]) else None


def write_sums(database: Path, token: str, page_size: int, known: bytes | None = None) -> None:
    """Write the sums of a database, durably.

    :param database: its file, after the log was copied into it and before it is truncated.
    :param token: names its state.
    :param page_size: in bytes.
    :param known: what ``known_sums`` returned before the log was copied: only the pages in the log
        are read then.
    :raises OSError: if they cannot be written; the old file is kept.
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
        with open_private(temporary) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


class NoSums(Exception):
    """There are no sums of the wanted state; the message says why."""


def check_pages(database: Path, token: str, *, trust: bool = False) -> str | None:
    """Return the first fault of the pages of a database, None if all are intact.

    :param database: its file; the caller holds a view, so nobody writes to it.
    :param token: names the state the view shows.
    :param trust: True to skip a file with unchanged size and times.
    :raises NoSums: if there are no sums for that state.
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
    """Return whether there are sums for a state.

    If an intact file has another stamp, for example because it was copied, save the new stamp. Do
    not change the sums of a damaged file: they prove the damage.

    :param database: its file; the caller holds the build lock, so nobody writes to it.
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
    """Return the header of the sums of a state (or of any state), and the sums."""
    try:
        most = 4096 + database.stat().st_size // 64  # above 4 bytes for each page of 512 bytes
        with sums_path(database).open("rb") as file:
            content = file.read(most)
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
    """Return whether a database still has a stamp, and its sums were written a clock tick later.

    Without that tick, a later change could have the same times.
    """
    try:
        later = sums_path(database).stat().st_ctime_ns > database.stat().st_ctime_ns
        return later and _stamp(database) == stamp
    except OSError:
        return False


# By device and inode. POSIX releases all locks that a process has on a file when it closes any
# descriptor of it, including the locks of SQLite. Another process could then remove a log that this
# one still reads. So no descriptor is closed while its file has a name.
_descriptors: dict[tuple[int, int], int] = {}
_descriptors_lock = threading.Lock()
_PAGES_AT_ONCE = 128


def _sum_pages(database: Path, page_size: int) -> list[int]:
    """Return the CRC-32 of each page, including a truncated last one."""
    descriptor = _open_for_good(database)
    sums: list[int] = []
    while True:
        part = memoryview(_read_at(descriptor, len(sums) * page_size, _PAGES_AT_ONCE * page_size))
        sums += [zlib.crc32(part[i : i + page_size]) for i in range(0, len(part), page_size)]
        if len(part) < _PAGES_AT_ONCE * page_size:
            return sums


def _renew_sums(database: Path, page_size: int, known: bytes) -> bytes | None:
    """Return the sums of a database, with the pages in its log summed again.

    None if a page is new and not in the log, or the log belongs to another file.
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
    """Return the numbers, from 0, of the pages in the log, including those of older transactions.

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
            if _is_gone(descriptor):  # it has no locks
                with contextlib.suppress(OSError):  # raised by a missing drive
                    os.close(_descriptors.pop(key))
        status = path.stat()
        key = (status.st_dev, status.st_ino)
        if key not in _descriptors:
            _descriptors[key] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return _descriptors[key]


def _is_gone(descriptor: int) -> bool:
    """Return whether the file of a descriptor was removed, or its drive."""
    try:
        return os.fstat(descriptor).st_nlink == 0
    except OSError:
        return True


def _read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Return up to ``count`` bytes of a file, fewer only at its end."""
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

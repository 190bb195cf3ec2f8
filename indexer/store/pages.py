"""Sums of the pages of a database at rest: whether every byte of the file is as it was written.

SQLite's own check passes three of four flipped bits, and checksums of rows do not reach its indexes
and lists of words. So a finished build writes the CRC-32 of every page beside the database. They
speak of one state, named by a token that each transaction writes anew, and only while the
write-ahead log is empty: a log that is not has checksums of its own, and is what a killed process
leaves.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import zlib
from pathlib import Path

_HEAD = re.compile(rb"notepoint sums ([0-9a-f]+) (\d+)\n")
_DIGEST_BYTES = 16


def sums_path(database: Path) -> Path:
    """Return where the sums of a database are."""
    return database.with_suffix(".sums")


def is_at_rest(database: Path) -> bool:
    """Tell whether the file alone holds the state, with nothing in the log beside it."""
    try:
        return os.stat(f"{database}-wal").st_size == 0
    except OSError:
        return True


def write_sums(database: Path, token: str, page_size: int) -> None:
    """Write the sums of a database, durably.

    :param database: its file, with the log copied into it and nobody writing.
    :param token: names its state.
    :param page_size: in bytes.
    :raises OSError: if they cannot be written; the old ones stay.
    """
    sums = _sum_pages(database, page_size)
    content = b"notepoint sums %s %d\n" % (token.encode(), page_size)
    content += struct.pack(f"<{len(sums)}I", *sums)
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


def check_pages(database: Path, token: str) -> str | None:
    """Return what is wrong with the pages of a database at rest, None where all is as written.

    :param database: its file; the caller holds a view of it, so that nobody writes to it.
    :param token: names the state the view shows.
    :raises NoSums: if nothing can be said.
    """
    try:
        content = sums_path(database).read_bytes()
    except OSError as exc:
        raise NoSums("the sums of its pages are missing") from exc
    head = _HEAD.match(content)
    sealed, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not head or hashlib.blake2b(sealed, digest_size=_DIGEST_BYTES).digest() != digest:
        raise NoSums("the sums of its pages are damaged")
    if head.group(1).decode() != token:
        raise NoSums("the sums of its pages are of another state")
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


def _sum_pages(database: Path, page_size: int) -> list[int]:
    """Return the CRC-32 of each page; a last one that is cut short counts as well."""
    with open(database, "rb") as file:
        sums = []
        while page := file.read(page_size):
            sums.append(zlib.crc32(page))
    return sums

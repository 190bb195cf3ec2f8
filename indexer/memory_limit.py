"""Keep the promise of one clear message when memory runs out (``ulimit -v``).

Without any free memory CPython 3.11 loops forever while an error leaves a ``with`` block of a long
function (https://github.com/python/cpython/issues/132508). So the program reserves some memory at
the start, and functions that use much memory release it before the error propagates.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from indexer.errors import IndexerError

# More than one arena of the allocator (1 MB). Memory that is never written costs address space
# only.
RESERVE_BYTES = 8 << 20

_Taken = ParamSpec("_Taken")
_Given = TypeVar("_Given")
_held: list[bytes] = []


def hold_reserve() -> None:
    """Reserve memory, unless it is reserved already."""
    if not _held:
        _held.append(bytes(RESERVE_BYTES))


def release_reserve() -> None:
    """Release the reserved memory."""
    _held.clear()


def held() -> bool:
    """Return whether memory is reserved."""
    return bool(_held)


def released_on_shortage(function: Callable[_Taken, _Given]) -> Callable[_Taken, _Given]:
    """Wrap a function that uses much memory: it releases the reserve when memory runs out.

    :param function: the function to wrap.
    """

    @functools.wraps(function)
    def wrapped(*args: _Taken.args, **options: _Taken.kwargs) -> _Given:
        try:
            return function(*args, **options)
        except MemoryError:
            release_reserve()
            raise

    return wrapped


def has_room(needed: int) -> bool:
    """Return whether the memory limit of this process (``ulimit -v``) leaves enough.

    For libraries that crash by a signal when they get no memory.

    :param needed: bytes of address space.
    :return: also True without a limit, or if it cannot be read.
    """
    if sys.platform != "linux":
        return True
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return True
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return limit - pages * os.sysconf("SC_PAGE_SIZE") >= needed


def demand_room(needed: int) -> None:
    """Refuse to start something that would run out of memory.

    :param needed: bytes of address space.
    :raises IndexerError: if a limit leaves less.
    """
    if not has_room(needed):
        raise IndexerError(
            f"a limit leaves less than the {needed >> 20} MB of memory this takes",
            "raise the limit (`ulimit -v`), or end other programs",
        )

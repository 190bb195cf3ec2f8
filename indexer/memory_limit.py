"""Memory set aside for the way out, where memory ends.

With no byte left the interpreter goes round for ever while an error leaves a ``with`` of a long
function (https://github.com/python/cpython/issues/132508). So a program holds some memory from the
start, and what takes much memory gives it back before the error goes up.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from indexer.errors import IndexerError

# More than one arena of the interpreter's allocator (1 MB). Of what is never written the system
# gives the address alone.
RESERVE_BYTES = 8 << 20

_Taken = ParamSpec("_Taken")
_Given = TypeVar("_Given")
_held: list[bytes] = []


def hold_reserve() -> None:
    """Set memory aside, unless some is."""
    if not _held:
        _held.append(bytes(RESERVE_BYTES))


def release_reserve() -> None:
    """Give back what was set aside."""
    _held.clear()


def held() -> bool:
    """Return whether memory is set aside."""
    return bool(_held)


def released_on_shortage(function: Callable[_Taken, _Given]) -> Callable[_Taken, _Given]:
    """Make a function that takes much memory give back the reserve where memory ends.

    :param function: what may end so.
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
    """Tell whether a limit on the memory of this process (``ulimit -v``) leaves so much of it.

    For libraries that the system ends by a signal where they get no memory.

    :param needed: bytes of address space.
    :return: True as well where there is no limit, or none can be seen.
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
    """Refuse to begin what would not end well.

    :param needed: bytes of address space.
    :raises IndexerError: if a limit leaves less.
    """
    if not has_room(needed):
        raise IndexerError(
            f"a limit leaves less than the {needed >> 20} MB of memory this takes",
            "raise the limit (`ulimit -v`), or end other programs",
        )

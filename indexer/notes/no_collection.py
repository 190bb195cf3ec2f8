"""Read a long note without searching for cycles: the parsers make none."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_MANY_CHARS = 20_000
_lock = threading.Lock()
_readers = 0


@contextmanager
def no_collection(chars: int) -> Iterator[None]:
    """Keep Python from searching for cycles of objects while a long note is read.

    Each search visits every token made so far, which took half of the time of a note with 50,000
    rows of a table. Where the search is switched off already, it stays off.

    :param chars: of the note; nothing is done for a short one.
    """
    if chars < _MANY_CHARS:
        yield
        return
    global _readers
    with _lock:
        ours = bool(_readers) or gc.isenabled()
        if ours:
            _readers += 1
            gc.disable()
    try:
        yield
    finally:
        with _lock:
            _readers -= ours
            if ours and not _readers:
                gc.enable()

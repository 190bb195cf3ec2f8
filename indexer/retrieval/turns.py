"""Let a few threads work at once, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType


class Turns:
    """A limit on the threads inside a ``with`` block; the others enter in the order they came.

    Threads that compute in Python take the interpreter lock from each other, in no fair order: the
    slowest of eight questions took twice as long as with two turns (benchmarks/README.md). A thread
    must not enter twice.
    """

    def __init__(self, count: int) -> None:
        """Set the limit.

        :param count: the number of threads, at least 1.
        """
        self._free = count
        self._lock = threading.Lock()  # guards both
        self._waiting: deque[threading.Lock] = deque()  # each is released when its turn comes

    def __enter__(self) -> None:
        """Wait for a turn."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:  # Ctrl-C while waiting
            self._give_up(mine)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the turn to the thread that waits longest."""
        self._pass_on()

    def _give_up(self, mine: threading.Lock) -> None:
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return
        self._pass_on()  # the turn came in the meantime

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

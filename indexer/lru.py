"""A small least-recently-used cache; safe to share between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Lru(Generic[_Key, _Value]):
    """Keeps up to ``most`` values by their keys."""

    def __init__(self, most: int) -> None:
        """Start empty.

        :param most: how many values to keep; the least recently used one is dropped first.
        """
        self._most = most
        self._values: OrderedDict[_Key, _Value] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many values are kept."""
        with self._lock:
            return len(self._values)

    def get(self, key: _Key) -> _Value | None:
        """Return the value of a key, None if it is not kept."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: _Key, value: _Value) -> None:
        """Keep a value.

        :param key: of the value.
        :param value: replaces an older one of the same key.
        """
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)

    def get_or_make(self, key: _Key, make: Callable[[], _Value]) -> _Value:
        """Return the value of a key; create it if it is not kept.

        Two threads that ask for the same key at once may both create it, since no lock is held.

        :param key: of the value.
        :param make: returns the value; its exceptions propagate, and nothing is kept then.
        """
        known = self.get(key)
        if known is None:
            known = make()
            self.put(key, known)
        return known

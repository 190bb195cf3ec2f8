"""The small cache that threads share."""

from __future__ import annotations

import threading

from indexer.lru import Lru


def test_least_recently_used_value_is_forgotten() -> None:
    cache: Lru[str, int] = Lru(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    assert len(cache) == 2


def test_value_is_made_once() -> None:
    cache: Lru[str, list[int]] = Lru(2)
    made = cache.get_or_make("a", lambda: [1])
    assert cache.get_or_make("a", lambda: [2]) is made


def test_threads_share_it() -> None:
    cache: Lru[int, int] = Lru(10)

    def use(start: int) -> None:
        for i in range(start, start + 2_000):
            assert cache.get_or_make(i % 50, lambda i=i: i % 50) == i % 50

    threads = [threading.Thread(target=use, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) == 10

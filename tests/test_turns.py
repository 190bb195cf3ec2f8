"""A few threads work at once, in the order they came, and no turn is ever lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from conftest import OpenNotebook, WriteNotes
from fakes import FakeEncoder
from patience import PATIENCE_S

from indexer.encoding.encoder import EncodedQuery
from indexer.notes.folder import NotesFolder
from indexer.retrieval import search
from indexer.retrieval.freshness import Freshness
from indexer.retrieval.query import Query
from indexer.retrieval.search import Searcher
from indexer.retrieval.turns import Turns
from indexer.store.opening import open_store


def start(job: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=job, daemon=True)
    thread.start()
    return thread


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def waiting(turns: Turns) -> int:
    return len(turns._waiting)


def test_threads_enter_in_the_order_they_came() -> None:
    turns, entered = Turns(1), list[int]()

    def work(number: int) -> None:
        with turns:
            entered.append(number)

    with turns:
        threads = []
        for number in range(5):
            threads.append(start(lambda n=number: work(n)))
            wait_until(lambda n=number: waiting(turns) == n + 1)
        assert entered == []
    for thread in threads:
        thread.join(PATIENCE_S)
    assert entered == [0, 1, 2, 3, 4]


def test_no_more_than_the_limit_work_at_once() -> None:
    turns, go = Turns(2), threading.Event()
    inside: list[int] = []

    def work(number: int) -> None:
        with turns:
            inside.append(number)
            go.wait(PATIENCE_S)

    threads = [start(lambda n=number: work(n)) for number in range(4)]
    wait_until(lambda: len(inside) == 2 and waiting(turns) == 2)
    go.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(inside) == [0, 1, 2, 3]


def test_error_gives_the_turn_back() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError), turns:
        raise ValueError
    with turns:
        pass


@pytest.mark.parametrize("after", [False, True])
def test_interrupted_thread_passes_its_turn_on(
    monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Ctrl-C ends a wait, before or right after the turn came."""
    turns, make = Turns(1), threading.Lock

    class Interrupted:
        def __init__(self) -> None:
            self._inner = make()

        def acquire(self) -> bool:
            if not self._inner.locked():
                return self._inner.acquire()
            if after:
                turns.__exit__(None, None, None)  # the thread before gives its turn to this one
            raise KeyboardInterrupt

        def release(self) -> None:
            self._inner.release()

    turns.__enter__()
    with monkeypatch.context() as patch:
        patch.setattr(threading, "Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            turns.__enter__()
    assert waiting(turns) == 0
    if not after:
        turns.__exit__(None, None, None)
    with turns:  # would wait for ever if the turn were lost
        pass


class _Counting(FakeEncoder):
    """Counts the questions encoded at once; each waits for the event."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.go = threading.Event()

    def encode_query(self, text: str) -> EncodedQuery:
        self.inside.append(text)
        self.go.wait(PATIENCE_S)
        return super().encode_query(text)


@pytest.mark.parametrize(("is_local", "most"), [(True, 2), (False, 5)])
def test_questions_to_a_local_index_take_turns(
    write_notes: WriteNotes,
    open_notebook: OpenNotebook,
    monkeypatch: pytest.MonkeyPatch,
    is_local: bool,
    most: int,
) -> None:
    folder = write_notes({"a.md": "# A\n\n- about ethics\n- about bees\n"})
    notebook = open_notebook(folder)
    notebook.build()
    turns = Turns(2)
    monkeypatch.setattr(search, "_LOCAL_TURNS", turns)
    encoder = _Counting()
    store = open_store(notebook.settings.store, read_only=True)
    freshness = Freshness(NotesFolder(folder, 1 << 20), encoder)
    searcher = Searcher(store, encoder, freshness, is_local=is_local)
    found: list[int] = []

    def ask() -> None:
        found.append(len(searcher.search(Query("ethics")).hits))

    threads = [start(ask) for _ in range(5)]
    wait_until(lambda: len(encoder.inside) == most and waiting(turns) == 5 - most)
    encoder.go.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    store.close()
    assert found == [2] * 5

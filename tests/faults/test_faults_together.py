"""Several at once: builds, readers, and editors that save while notes are read."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from children import build_in_child
from fakes import FakeEncoder
from harness import (
    QUESTIONS,
    assert_equal_states,
    build_at,
    faults_of,
    folder_hash,
    note_text,
    rounds,
    rows_of,
    start,
    wait_until,
    write_notes,
)
from patience import PATIENCE_S

import indexer.encoding.opening
from indexer.errors import IndexLocked
from indexer.notebook import Notebook
from indexer.store.embedded.store import EmbeddedStore

pytestmark = pytest.mark.slow


def test_fault_15_eight_builds_at_once(tmp_path: Path, held: list[str]) -> None:
    notes = tmp_path / "notes"
    write_notes(notes, 20)
    build_at(notes, tmp_path / "clean")
    clean, before = rows_of(tmp_path / "clean"), folder_hash(notes)
    count = rounds(2, 50)
    for number in range(count):
        store = tmp_path / f"store{number}"
        builds = [start(build_in_child, notes, store, number % 2 == 1) for _ in range(8)]
        for process in builds:
            process.join(60)
        assert [process.exitcode for process in builds] == [0] * 8
        assert_equal_states(rows_of(store), clean)
        assert faults_of(store) == []
        shutil.rmtree(store)
    assert folder_hash(notes) == before
    held.append(f"{count} times 8 builds at once: all ended well, the index is that of one")


def hold_lock(store: Path) -> None:
    with EmbeddedStore(store).building():
        time.sleep(60)


def test_fault_15_lock_names_its_holder_and_dies_with_it(tmp_path: Path, held: list[str]) -> None:
    EmbeddedStore(tmp_path).close()
    pid_file = tmp_path / "build.pid"
    pid_file.unlink()  # of the lock under which the index was made
    holder = start(hold_lock, tmp_path)
    wait_until(
        lambda: pid_file.exists() and pid_file.read_text() != "", PATIENCE_S, "the lock is held"
    )
    waiting = EmbeddedStore(tmp_path, lock_timeout_s=0.2)
    with pytest.raises(IndexLocked, match=rf"process {holder.pid} ") as error, waiting.building():
        pass
    assert error.value.hint
    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join(10)
    with waiting.building():
        held.append("the waiting build names the process; killed, its lock is taken over")
    waiting.close()


def rebuild_alternately(notes: tuple[Path, Path], live: Path, store: Path) -> None:
    """Put one of two sets of notes in place and build, again and again."""
    for number in range(10_000):
        for path in notes[number % 2].iterdir():
            shutil.copyfile(path, live / path.name)
        build_at(live, store, rebuild=number % 3 == 0)


def test_fault_16_questions_during_rebuilds(tmp_path: Path, held: list[str]) -> None:
    live, store = tmp_path / "live", tmp_path / "store"
    sets = tmp_path / "one", tmp_path / "two"
    for folder in (*sets, live):
        folder.mkdir()
    for number in range(12):
        for folder in sets:
            text = f"- {QUESTIONS[number]} set{folder.name}\n- {QUESTIONS[0]} set{folder.name}\n"
            (folder / f"n{number}.md").write_text(text)
    shutil.copytree(sets[0], live, dirs_exist_ok=True)
    build_at(live, store)
    process = start(rebuild_alternately, sets, live, store)
    asked, seen, generations = 0, set(), set()
    try:
        reader = EmbeddedStore(store, read_only=True)
        with Notebook(live, store=str(store), encoder=FakeEncoder()) as notebook:
            limit = time.monotonic() + PATIENCE_S
            while asked < rounds(40, 200) or (len(seen) < 2 and time.monotonic() < limit):
                answer = notebook.search(QUESTIONS[asked % 20])
                generations.add(answer.index.generation)
                with reader.view() as view:
                    found = view.dense(
                        FakeEncoder().encode_query(QUESTIONS[0]).vector, 50, _everything()
                    )
                    stored = view.read_points([point_id for point_id, _ in found])
                words = {point.point.text.rsplit(" ", 1)[1] for point in stored.values()}
                assert len(words) == 1, "a mixture of two generations"
                assert len(stored) == view.header().points
                seen |= words
                asked += 1
        reader.close()
    finally:
        process.kill()
        process.join(10)
    assert seen == {"setone", "settwo"}
    build_at(live, store)
    assert faults_of(store) == []
    held.append(f"{asked} questions over {len(generations)} generations: none failed, none mixed")


def _everything():
    from indexer.records import NoteFilter

    return NoteFilter()


def test_fault_23_notes_change_while_they_are_read(tmp_path: Path, held: list[str]) -> None:
    notes, store = tmp_path / "notes", tmp_path / "store"
    write_notes(notes, 30)
    count = rounds(3, 20)
    for number in range(count):
        stop = threading.Event()

        def churn(seed: int = number, stop: threading.Event = stop) -> None:
            generator = random.Random(seed)
            while not stop.is_set():
                path = notes / f"n{generator.randrange(30)}.md"
                what = generator.random()
                if what < 0.3:
                    path.unlink(missing_ok=True)
                elif what < 0.6:
                    temporary = path.with_suffix(".tmp")
                    temporary.write_text(note_text(generator))
                    temporary.replace(path)
                else:
                    path.write_text(note_text(generator))

        churning = threading.Thread(target=churn)
        churning.start()
        for _ in range(3):
            build_at(notes, store)
        stop.set()
        churning.join()
        build_at(notes, store)
        clean = tmp_path / f"clean{number}"
        build_at(notes, clean)
        assert_equal_states(rows_of(store), rows_of(clean))
        assert faults_of(store) == []
    held.append(f"{count} rounds of 3 builds under churn: equal to a clean build after each")


def test_fault_29_eight_ask_at_once_and_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: list[str]
) -> None:
    """What eight tabs of the page do, which all use one notebook."""
    notes, store = tmp_path / "notes", tmp_path / "store"
    write_notes(notes, 20)
    build_at(notes, store)
    opened: list[str] = []

    def open_slowly(model: str, **_: object) -> FakeEncoder:
        opened.append(model)
        time.sleep(0.2)
        return FakeEncoder()

    monkeypatch.setattr(indexer.encoding.opening, "open_encoder", open_slowly)
    with Notebook(notes, store=str(store)) as notebook, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(notebook.search, QUESTIONS * 4))
    assert len(opened) == 1
    with Notebook(notes, store=str(store), encoder=FakeEncoder()) as alone:
        for question, answer in zip(QUESTIONS * 4, answers, strict=True):
            assert answer.question == question
            assert [hit.point_id for hit in answer.hits] == [
                hit.point_id for hit in alone.search(question).hits
            ]
    held.append(f"8 threads, {len(answers)} questions: one model opened, each its own answer")

"""Helpers of the fault tests: processes to end, states to compare, notes to change."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fakes import FakeEncoder

from indexer.errors import IndexerError
from indexer.indexing.build import BuildOptions, build
from indexer.notebook import Notebook
from indexer.notes.folder import NotesFolder
from indexer.retrieval.freshness import Freshness
from indexer.retrieval.query import Query
from indexer.retrieval.search import Searcher
from indexer.store.embedded.store import DATABASE, EmbeddedStore

FULL = os.environ.get("NOTEPOINT_FAULTS") == "full"
WORKER = Path(__file__).with_name("worker.py")
OPTIONS = BuildOptions(force=True)
SIZE_LIMIT = 1 << 20

Rows = dict[str, Any]


def rounds(reduced: int, full: int) -> int:
    """Return the number of rounds: reduced in the tests, full with `make faults`."""
    return full if FULL else reduced


# --- processes ----------------------------------------------------------------------------------

# Children are forked from a server that has imported everything and started no thread.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(
    [
        *(
            "indexer.notebook",
            "indexer.indexing.build",
            "indexer.render",
            "indexer.store.embedded.store",
        ),
        *("faiss", "fakes", "harness", "children"),
    ]
)


def start(target: Callable[..., None], *args: object) -> BaseProcess:
    """Start a function of a module in a separate process."""
    process = CHILDREN.Process(target=target, args=args, daemon=True)
    main = sys.modules["__main__"]
    # Otherwise the child imports the main module, which is pytest, in half a second.
    with (
        patch.object(main, "__spec__", None),
        patch.object(main, "__file__", None),
        patch.dict(os.environ, worker_environment()),  # for the server, which the first one starts
    ):
        process.start()
    return process


def dump_as_user(notes: Path, store: Path, report: Path, user: int) -> None:
    """Build and dump without root rights; run by a child process.

    :param user: id of the user to become, who owns the notes.
    """
    from indexer.render_reports import dump_json

    with tempfile.TemporaryDirectory() as warm:  # later imports may not be readable for the user
        build_at(notes, Path(warm) / "store")
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    with Notebook(notes, store=str(store), encoder=FakeEncoder(window=254)) as notebook:
        notebook.build()
        assert notebook.check() == []
        report.write_text(json.dumps(dump_json(*notebook.dump())))


def kill_after(process: BaseProcess, seconds: float) -> bool:
    """Kill a process after some seconds; return whether it was still running."""
    process.join(seconds)
    running = process.is_alive()
    if running and process.pid:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended in the meantime
            running = False
    process.join(30)
    return running


def worker(*arguments: str) -> list[str]:
    """Return the command line of Notepoint with the fake encoder."""
    return [sys.executable, str(WORKER), *arguments]


def worker_environment(**more: str) -> dict[str, str]:
    """Return the environment for the command line."""
    root = Path(__file__).parents[2]
    paths = os.pathsep.join(map(str, [root, root / "tests", root / "tests" / "faults"]))
    return os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"} | more


# --- notes --------------------------------------------------------------------------------------

WORDS = (
    "gradient validation batch kernel lecture review course network feature split error rate "
    "dropout layer label sample model loss train test bias variance pooling stride filter"
).split()


def sentence(generator: random.Random, words: int = 8) -> str:
    return " ".join(generator.choices(WORDS, k=words))


def note_text(generator: random.Random) -> str:
    """Return a note with a head, headings, bullets below bullets, and links."""
    head = ""
    if generator.random() < 0.5:
        tags = ", ".join(generator.sample(WORDS, 2))
        head = f"---\ntitle: {sentence(generator, 2)}\ntags: [{tags}]\n---\n\n"
    lines = []
    for _ in range(generator.randint(1, 6)):
        kind = generator.random()
        if kind < 0.2:
            lines += ["", f"## {sentence(generator, 2)}", ""]
        elif kind < 0.4:
            lines += ["", sentence(generator), ""]
        elif kind < 0.6:
            target = generator.choice(["n1", "n2", "sub/n3", "none"])
            lines.append(f"- {sentence(generator)} [[{target}]]")
        elif kind < 0.7:
            lines.append(f"- see [this]({generator.choice(['n1.md', 'sub/n3.md#x'])})")
        else:
            lines += [f"- {sentence(generator)}", f"  - {sentence(generator)}"]
    return head + "\n".join(lines) + "\n"


def write_notes(folder: Path, count: int, seed: int = 1) -> None:
    generator = random.Random(seed)
    for number in range(count):
        path = folder / f"n{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(note_text(generator), "utf-8")


def write_prose(folder: Path) -> None:
    """Write a note of long points: with short ones alone there would be no file of vectors."""
    lines = [f"{'quiet prose of many plain words ' * 9}{number}" for number in range(90)]
    (folder / "prose.md").write_text("\n\n".join(lines))


def folder_hash(folder: Path) -> str:
    """Return a hash of the names and contents of all files, to detect any change."""
    digest = hashlib.blake2b()
    for path in sorted(folder.rglob("*")):
        if ".notepoint" not in path.parts and path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


# --- states -------------------------------------------------------------------------------------


def build_at(notes: Path, store: Path, *, rebuild: bool = False) -> None:
    """Update an index from notes, without syncs."""
    opened = EmbeddedStore(store)
    try:
        options = BuildOptions(force=True, rebuild=rebuild)
        build(NotesFolder(notes, SIZE_LIMIT), opened, FakeEncoder(), options)
    finally:
        opened.close()


def rows_of(store: Path) -> Rows:
    """Return the rows of an index, without numbers that depend on its history."""
    with sqlite3.connect(f"file:{store / DATABASE}?mode=ro", uri=True) as connection:
        found = _read_rows(connection)
    connection.close()
    return found


def _read_rows(connection: sqlite3.Connection) -> Rows:
    connection.execute("CREATE VIRTUAL TABLE temp.w USING fts5vocab('main', 'words', 'instance')")
    statements = {
        "notes": "SELECT path, content_hash, outcome, warnings, title, date, tags, categories, "
        "aliases, published, properties FROM note",
        "points": "SELECT note.path, ordinal, kind, lead_in, line_start, line_end, text, "
        "heading_path, parents, substr(block.value, vector.id % 8 * 2 * block.dimension + 1, "
        "2 * block.dimension), vector.pieces "
        "FROM point JOIN note ON note.id = point.note "
        "JOIN vector ON vector.id = point.vector JOIN block ON block.id = vector.id / 8",
        "links": "SELECT note.path, point.ordinal, link.line, link.text, target, wiki, raw_mend, "
        "key, link.kind, reached.path, reached_line, ok, mend FROM link "
        "JOIN note ON note.id = link.note LEFT JOIN point ON point.id = link.point "
        "LEFT JOIN note AS reached ON reached.id = link.reached",
        "labels": "SELECT kind, folded, note.path FROM label JOIN note ON note.id = note",
        "names": "SELECT key, note.path FROM name JOIN note ON note.id = note",
        "anchors": "SELECT note.path, anchor, line FROM anchor JOIN note ON note.id = note",
        "terms": "SELECT term, points FROM term",
        "words": "SELECT note.path, ordinal, w.term, w.col, w.offset FROM temp.w "
        "JOIN point ON point.id = w.doc JOIN note ON note.id = point.note",
        "header": "SELECT key, value FROM header WHERE key IN "
        "('encoder', 'model', 'dimension', 'chunking', 'notes', 'points', 'format')",
    }
    return {
        name: sorted(connection.execute(sql).fetchall(), key=repr)
        for name, sql in statements.items()
    }


QUESTIONS = [
    " ".join(pair) for pair in zip(WORDS[:20], WORDS[3:23], strict=True)
]  # 20 of two words each


def answers_of(notes: Path, store: Path, questions: list[str] | None = None) -> list[Any]:
    """Return the answers to the questions; hits with equal scores are unordered."""
    opened = EmbeddedStore(store, read_only=True)
    try:
        searcher = Searcher(
            opened, FakeEncoder(), Freshness(NotesFolder(notes, SIZE_LIMIT), FakeEncoder())
        )
        return [_answer(searcher, question) for question in questions or QUESTIONS]
    finally:
        opened.close()


def _answer(searcher: Searcher, question: str) -> Any:
    answer = searcher.search(Query(question, 10))
    rows = [
        (round(hit.score, 4), hit.note_id, hit.line_start, hit.line_end, hit.text, hit.snippet)
        for hit in answer.hits
    ]
    last = (
        rows[-1][0] if len(rows) == 10 else None
    )  # which of the equal ones are among the ten is random
    whole = sorted((row for row in rows if row[0] != last), key=repr)
    return [round(answer.confidence, 4), answer.answered, len(rows), whole]


def state_or_none(store: Path) -> Rows | None:
    """Return the rows of an index, None if nothing was built yet."""
    if not (store / DATABASE).is_file():
        return None
    found = rows_of(store)
    return found if "encoder" in dict(found["header"]) else None


def faults_of(store: Path) -> list[str]:
    """Return the faults that `check` finds, or the error of opening the index."""
    try:
        opened = EmbeddedStore(store, read_only=True)
    except IndexerError as exc:
        return [exc.message]
    try:
        return [f"{fault.part}: {fault.message}" for fault in opened.verify()]
    finally:
        opened.close()


def assert_equal_states(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Compare two states table by table, for a clear message about a difference."""
    for name, rows in wanted.items():
        extra = [row for row in found[name] if row not in rows]
        missing = [row for row in rows if row not in found[name]]
        assert found[name] == rows, f"{name}: {extra[:3]} instead of {missing[:3]}"


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until a condition is true; return the time it took, in seconds."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - started


def as_json(text: str) -> Any:
    return json.loads(text)

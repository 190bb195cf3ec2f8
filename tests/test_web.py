"""What the page is fed with, and the build it starts in another process."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteNotes
from hypothesis import assume, given
from hypothesis import strategies as st
from patience import PATIENCE_S

from indexer.config import Settings
from indexer.errors import NotesError
from indexer.indexing.rebuild_process import Rebuilder
from indexer.notes.markdown.render import place_of
from indexer.notes.names import exact_name
from indexer.records import (
    Answer,
    BlockKind,
    Hit,
    IndexState,
    Link,
    LinkKind,
    Mode,
    Place,
    Point,
    Unit,
    UnitKind,
    UnitPoint,
)
from indexer.snapshot import DumpedPoint
from indexer.store.records import NoteInfo, StoredPoint
from indexer.web import export, local_editors
from indexer.web.history import History, Searches
from indexer.web.overview import (
    Gathered,
    example_from,
    lay_out,
    lay_out_links,
    make_overview,
    name_regions,
    refine_overview,
)
from indexer.web.presenters import (
    card_of,
    editors_of,
    link_of,
    plain,
    split_lines,
    why_of,
)


def hit(**fields: object) -> Hit:
    values: dict[str, object] = {
        "rank": 1,
        "point_id": 7,
        "note_id": "sub/a.md",
        "title": "Title",
        "date": "2020-04-07",
        "tags": ("t",),
        "categories": (),
        "heading_path": ("Title", "Part"),
        "parents": (),
        "line_start": 3,
        "line_end": 5,
        "text": "no ethics",
        "snippet": "no ethics",
        "marks": ((3, 9, "word"),),
        "score": 0.5,
        "cosine": 0.5,
        "bm25": 2.0,
        "links": (),
    }
    return Hit(**(values | fields))  # type: ignore[arg-type]


def test_card_names_the_title_once() -> None:
    assert card_of(hit())["path"] == ["Title", "Part"]


@pytest.mark.parametrize(
    ("marks", "cosine", "reason"),
    [
        (((3, 9, "word"),), 0.1, "has ethics"),
        ((), 0.5, "says it in other words"),
        (((0, 9, "meaning"),), 0.3, "weak"),
        ((), None, "weak"),
    ],
)
def test_one_reason_in_words(marks: tuple[object, ...], cosine: float | None, reason: str) -> None:
    assert why_of(hit(marks=marks, cosine=cosine)) == [reason]


def test_place_marks_the_lines_of_its_hit() -> None:
    assert split_lines("sub/a.md:3", [hit()]) == (3, 5)
    assert split_lines("other.md:9", [hit()]) == (9, 9)
    assert split_lines("other.md", []) == (0, 0)


@pytest.mark.parametrize(
    ("link", "href", "place"),
    [
        (Link("a.md", 1, "x", "b.md", LinkKind.NOTE, "b c.md", 4), "?p=b%20c.md:4", "b c.md:4"),
        (Link("a.md", 1, "x", "#p", LinkKind.ANCHOR, "a.md", 9), "?p=a.md:9", "a.md:9"),
        (Link("a.md", 1, "x", "https://e.org", LinkKind.URL), "https://e.org", ""),
        (Link("a.md", 1, "x", "javascript:x", LinkKind.URL, ok=False), "", ""),
        (Link("a.md", 1, "x", "none.md", LinkKind.NOTE, ok=False), "", ""),
    ],
)
def test_only_safe_links_lead_anywhere(link: Link, href: str, place: str) -> None:
    assert (place_of(link).href, place_of(link).place) == (href, place)
    assert link_of(link)["note"] == bool(place)


def test_names_that_are_no_utf8_can_be_sent() -> None:
    assert plain("caf\udce9.md") == r"caf\xe9.md"


@given(st.binary(min_size=1, max_size=12))
def test_names_are_read_back_from_what_is_sent(name: bytes) -> None:
    exact = os.fsdecode(name)
    assume(r"\x" not in exact)
    sent = plain(exact)
    sent.encode("utf-8")
    assert exact_name(sent, {exact}.__contains__) == exact


def test_file_that_has_the_written_name_itself_comes_first() -> None:
    both = {"caf\udce9.md", r"caf\xe9.md"}
    assert exact_name(r"caf\xe9.md", both.__contains__) == r"caf\xe9.md"
    assert exact_name(r"caf\xe8.md", both.__contains__) == r"caf\xe8.md"


def test_editors_open_the_file_at_its_line() -> None:
    found = {one["label"]: one["href"] for one in editors_of("/n/a b#.md", 3)}
    assert found["VS Code"] == "vscode://file/n/a%20b%23.md:3"
    assert found["Obsidian"] == "obsidian://open?path=%2Fn%2Fa%20b%23.md"
    windows = editors_of("C:\\n\\a.md", 0)[1]["href"]
    assert windows == "cursor://file/C:/n/a.md"


@pytest.fixture
def editors_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of commands that write down how they were called."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("subl", "vim", "xterm"):
        script = commands / name
        script.write_text(
            f'#!/bin/sh\nfor one in "{name}" "$@"; do echo "$one"; done > "{tmp_path}/said"\n'
        )
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.setenv(local_editors.GUARDED, "1")
    monkeypatch.setenv("HOME", str(tmp_path / "removed"))
    local_editors.local_editors.cache_clear()
    yield tmp_path
    local_editors.local_editors.cache_clear()


@pytest.mark.skipif(os.name == "nt", reason="the commands of this test are scripts of a shell")
def test_editors_of_a_fixed_list_are_started_without_a_shell(editors_here: Path) -> None:
    assert local_editors.local_editors() == ("Sublime Text", "Vim")
    notes = editors_here / "notes"
    notes.mkdir()
    odd = "a $(touch gone); b.md"
    (notes / odd).write_text("- text\n")
    path = str(notes / odd)
    subl, xterm, vim = (str(Path(os.environ["PATH"], name)) for name in ("subl", "xterm", "vim"))
    assert local_editors.command_of("Sublime Text", path, 3) == [subl, f"{path}:3"]
    assert local_editors.command_of("Vim", path, 0) == [xterm, "-e", vim, "+1", path]
    local_editors.start_editor("Vim", notes, odd, 7)
    said, end = editors_here / "said", time.monotonic() + PATIENCE_S
    while not said.is_file() or not said.read_text().endswith(f"{path}\n"):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert said.read_text().splitlines() == ["xterm", "-e", vim, "+7", path]
    assert not (Path.home() / "gone").exists()
    for name, note in (("sh", odd), ("Nano", odd), ("Vim", "../said"), ("Vim", "none.md")):
        with pytest.raises(NotesError):
            local_editors.start_editor(name, notes, note, 1)


@pytest.mark.parametrize("program", [r"C:\Tools\idea.cmd", r"C:\Tools\IDEA.BAT"])
def test_no_script_of_windows_gets_a_path_it_could_run(
    editors_here: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(local_editors, "find_program", lambda name: program)
    local_editors.local_editors.cache_clear()
    assert local_editors.command_of("IntelliJ IDEA", r"C:\n\plan (new).md", 2)[0] == program
    for name in ("a&calc.md", "a%PATH%.md", "a^b.md"):
        with pytest.raises(NotesError, match="could run parts of"):
            local_editors.command_of("IntelliJ IDEA", rf"C:\n\{name}", 2)


def test_no_editor_is_started_where_others_may_open_the_page(
    editors_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(local_editors.GUARDED)
    local_editors.local_editors.cache_clear()
    assert local_editors.local_editors() == ()
    assert all("href" in one for one in editors_of("/n/a.md", 3))
    with pytest.raises(NotesError, match="can be started here"):
        local_editors.command_of("Vim", "/n/a.md", 1)


def answer(**fields: object) -> Answer:
    state = IndexState(1, 1, 1, False, "m")
    return Answer("q", True, 0.9, Mode.HYBRID, 1.0, state, (hit(**fields),), ())


def test_export_holds_points_with_sources_and_links() -> None:
    link = Link("sub/a.md", 3, "b", "b.md", LinkKind.NOTE, "b.md")
    found = answer(links=(link,), text="=1+1", url="https://e.org/a.html")
    rows = list(csv.DictReader(io.StringIO(export.to_csv(found))))
    assert rows[0]["point"] == "'=1+1"
    assert (rows[0]["note"], rows[0]["line"], rows[0]["links"]) == ("sub/a.md", "3", "b.md")
    assert rows[0]["url"] == "https://e.org/a.html"
    assert "> =1+1" in export.to_markdown(found)
    assert "[b](b.md)" in export.to_markdown(found)
    assert json.loads(export.to_json_text(found))["hits"][0]["links"][0]["note"] == "b.md"


def test_table_has_a_row_for_each_point_of_a_unit() -> None:
    found = answer(links=(Link("sub/a.md", 3, "b", "b.md", LinkKind.NOTE, "b.md"),))
    one = found.hits[0]
    points = (
        UnitPoint(one.point_id, 3, 3, one.text, (), 0, matched=True, lead_in=False),
        UnitPoint(99, 4, 4, "-4 degrees", ("Cold",), 0, matched=False, lead_in=False),
    )
    place = Place(UnitKind.LIST, "sub/a.md", "A", None, (), 3, 4, points)
    found = dataclasses.replace(found, units=(Unit(1, UnitKind.LIST, (place,), 0.9),))
    rows = list(csv.DictReader(io.StringIO(export.to_csv(found))))
    assert [(row["rank"], row["unit"], row["line"], row["matched"]) for row in rows] == [
        ("1", "list", "3", "yes"),
        ("1", "list", "4", ""),
    ]
    assert (rows[0]["links"], rows[1]["point"], rows[1]["headings"]) == (
        "b.md",
        "'-4 degrees",
        "Cold",
    )


def test_searches_are_kept_in_a_file(tmp_path: Path) -> None:
    kept = Settings.load(notes=tmp_path, store=str(tmp_path))
    history = History(kept)
    for question in ("eth", "ethics", "other", "ethics"):
        history.add(question)
    history.star("ethics")
    again = History(kept).searches
    assert (again.recent, again.starred) == (("ethics", "other"), ("ethics",))
    history.name("ethics", "On ethics")
    history.opened("sub/a.md:3")
    history.opened("b.md")
    history.opened("sub/a.md:9")
    again = History(kept).searches
    assert (again.opened, again.names) == (("sub/a.md:9", "b.md"), (("ethics", "On ethics"),))
    history.star("ethics")
    history.forget()
    assert History(kept).searches == Searches(opened=("sub/a.md:9", "b.md"))


@pytest.mark.parametrize("content", ["", "[]", '{"recent": 1}', '{"recent": [1, null]}', "\udce9"])
def test_odd_file_of_searches_is_no_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "searches.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    history = History(Settings.load(notes=tmp_path, store=str(tmp_path)))
    assert history.searches == Searches()
    history.add("new")
    assert history.searches.recent == ("new",)


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Error analysis", "Error analysis"),
        ("ML strategy", "ML strategy"),
        ("Why does batch norm work?", "Why does batch norm work?"),
        ("Week 3: Error analysis", "Error analysis"),
        ("Größe der Stichprobe", "Größe der Stichprobe"),
        ("How to use it", "How to use it"),
        ("Week 1", ""),
        ("Summary", ""),
        ("$x$ and y", ""),
        ("in admonitions", ""),
        ("with a plugin", ""),
        ("Was this page helpful?", ""),
        ("How it works", ""),
    ],
)
def test_headings_make_examples_as_they_are(heading: str, question: str) -> None:
    assert example_from(heading) == question


def test_plane_keeps_alike_points_together_and_is_the_same_each_time() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(3, 32))
    groups = [name for name in "abc" for _ in range(20)]
    noise = 0.1 * random.normal(size=(60, 32))
    vectors = (np.repeat(centres, 20, axis=0) + noise).astype(np.float32)
    plane = lay_out(vectors, groups)
    assert np.array_equal(plane, lay_out(vectors, groups))
    assert np.abs(plane).max() <= 1.05
    middles = plane.reshape(3, 20, 2).mean(axis=1)
    within = plane.reshape(3, 20, 2).std(axis=1).max()
    apart = min(np.linalg.norm(middles[i] - middles[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert apart > 4 * within


def test_neighbours_lie_near_each_other_and_are_kept_for_the_next_start(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    centres = random.normal(size=(12, 32))
    vectors = np.repeat(centres, 25, axis=0) + 0.35 * random.normal(size=(300, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    first = make_overview(Gathered(3, tuple(some_points(300)), vectors, ()))
    refined = refine_overview(first, vectors, tmp_path)
    assert (refined.refined, refined.generation) == (True, 3)
    assert np.abs(refined.plane).max() <= 1.05
    assert kept_neighbours(vectors, refined.plane) > 0.1 + kept_neighbours(vectors, first.plane)
    (file,) = (tmp_path / "maps").iterdir()
    again = refine_overview(first, vectors, tmp_path)
    assert np.array_equal(again.plane, refined.plane)
    file.write_bytes(b"\xff" * file.stat().st_size)  # no number: made again
    assert np.array_equal(refine_overview(first, vectors, tmp_path).plane, refined.plane)


def some_points(count: int) -> list[DumpedPoint]:
    info = NoteInfo("a.md", "A", None, (), (), (), "")
    point = Point("words", BlockKind.PARAGRAPH, 1, 1)
    return [DumpedPoint(f"n{i % 9}.md", StoredPoint(i, i, info, point)) for i in range(count)]


def kept_neighbours(vectors: np.ndarray, plane: np.ndarray) -> float:
    """Return the share of the ten nearest by cosine that are among the ten nearest on the plane."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    apart = ((plane[:, np.newaxis] - plane) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    near, on = np.argsort(-cosines)[:, :10], np.argsort(apart)[:, :10]
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(near, on, strict=True)]))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_points_have_a_plane_too(count: int) -> None:
    assert lay_out(np.ones((count, 8), np.float32), ["a"] * count).shape == (count, 2)


def test_regions_of_the_map_are_named_by_their_own_words() -> None:
    random = np.random.default_rng(1)
    centres = {"whales": (-0.8, 0.0), "violins": (0.8, 0.5), "bread": (0.6, -0.8)}
    texts, places = [], []
    for word, centre in centres.items():
        for i in range(40):
            texts.append(f"the {word} often here {i}")
            places.append(random.normal(centre, 0.05))
    plane = np.array(places, np.float32)
    regions, region_of = name_regions(plane, texts)
    for word, centre in centres.items():
        near = min(regions, key=lambda one: (one.x - centre[0]) ** 2 + (one.y - centre[1]) ** 2)
        assert word in near.name.split(", ")
        assert regions[region_of[texts.index(f"the {word} often here 0")]] == near
    assert name_regions(plane, texts) == (regions, region_of)
    assert name_regions(np.zeros((5, 2), np.float32), ["a"] * 5) == ((), (-1,) * 5)


def test_region_is_not_named_by_two_forms_of_a_word() -> None:
    plane = np.concatenate([np.full((30, 2), x, np.float32) for x in (-1, 1)])
    texts = ["a word and two words of a language"] * 30 + ["a boat on a river"] * 30
    names = {region.name for region in name_regions(plane, texts)[0]}
    assert "boat, river" in names
    assert names & {"language, word", "word, language"}


def test_linked_notes_lie_near_each_other() -> None:
    pairs = [("a", "b"), ("b", "a"), ("a", "c"), ("x", "y"), ("a", "a")]
    links = [Link(f, 1, "t", t, LinkKind.NOTE, t) for f, t in pairs]
    graph = lay_out_links([*links, Link("a", 1, "t", "n", LinkKind.NOTE, None, ok=False)])
    assert graph.notes == ("a", "b", "c", "x", "y")
    assert graph.edges == ((0, 1), (0, 2), (3, 4))
    apart = np.linalg.norm(graph.plane[:, np.newaxis] - graph.plane, axis=2)
    assert max(apart[a, b] for a, b in graph.edges) < apart[0, 3]
    assert lay_out_links([]).plane.shape == (0, 2)


def wait_for(rebuilder: Rebuilder) -> None:
    end = time.monotonic() + PATIENCE_S
    while rebuilder.progress.running:
        assert time.monotonic() < end
        time.sleep(0.05)


def fake_build(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Make the other process run a line of Python instead of a build."""
    command = [sys.executable, "-c", f"import sys, time, json; {code}"]
    monkeypatch.setattr(Rebuilder, "_command", lambda self, rebuild: command)


def step(phase: str, done: int, total: int) -> str:
    return (
        f"print(json.dumps({{'phase': '{phase}', 'done': {done}, 'total': {total}}}), "
        "file=sys.stderr, flush=True); "
    )


@pytest.fixture
def rebuilder(tmp_path: Path) -> Rebuilder:
    return Rebuilder(Settings.load(notes=tmp_path))


def test_build_in_another_process_tells_how_far_it_is(
    rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build(monkeypatch, step("encoding", 3, 10) + "time.sleep(2)")
    rebuilder.start()
    end = time.monotonic() + PATIENCE_S
    while rebuilder.progress.phase != "encoding":
        assert time.monotonic() < end
    assert (rebuilder.progress.done, rebuilder.progress.total) == (3, 10)
    rebuilder.start()  # a second one changes nothing
    wait_for(rebuilder)
    assert not rebuilder.progress.failed


@pytest.mark.skipif(os.name == "nt", reason="this test waits for a signal")
def test_cancelled_build_says_so_where_its_status_is_1(
    rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, which knows no signals."""
    code = (
        "import signal, sys; signal.signal(15, lambda *_: sys.exit(1)); print(end='', flush=True)"
    )
    code += '; sys.stderr.write(\'{"phase": "reading", "done": 0, "total": 1}\\n\')'
    code += "; sys.stderr.flush(); signal.pause()"
    monkeypatch.setattr(rebuilder, "_command", lambda rebuild: [sys.executable, "-c", code])
    rebuilder.start()
    end = time.monotonic() + PATIENCE_S
    while rebuilder.progress.phase != "reading":
        assert time.monotonic() < end
        time.sleep(0.02)
    rebuilder.cancel()
    assert "cancelled" in rebuilder.wait().message


def test_cancelled_build_says_so(rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_build(monkeypatch, "time.sleep(60)")
    rebuilder.start()
    rebuilder.cancel()
    wait_for(rebuilder)
    assert "cancelled" in rebuilder.progress.message


_STANDS_BY = (
    "woken = sys.stdin.readline() if '--standby' in sys.argv else ''; "
    "sys.exit() if '--standby' in sys.argv and not woken else print('woken' if woken else 'begun')"
)


def test_build_after_a_save_waits_in_a_process_that_has_started(
    rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build(monkeypatch, _STANDS_BY)
    for message in ("begun", "woken", "woken"):
        rebuilder.start(again_soon=True)
        assert rebuilder.wait().message == message
    process = rebuilder._standby
    assert process is not None and process.poll() is None
    rebuilder.start(rebuild=True)  # begins from nothing, and from the start
    assert rebuilder.wait().message == "begun"
    rebuilder.close()
    assert process.poll() == 0


def test_process_that_stands_by_ends_after_a_while(
    rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build(monkeypatch, _STANDS_BY)
    monkeypatch.setattr("indexer.indexing.rebuild_process._STANDBY_S", 0.2)
    rebuilder.start(again_soon=True)
    rebuilder.wait()
    end = time.monotonic() + PATIENCE_S
    while rebuilder._standby is not None:
        assert time.monotonic() < end
        time.sleep(0.02)
    rebuilder.start()
    assert rebuilder.wait().message == "begun"


def test_process_that_ended_by_itself_is_done_without(
    rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build(monkeypatch, _STANDS_BY)
    rebuilder.start(again_soon=True)
    rebuilder.wait()
    assert rebuilder._standby is not None
    rebuilder._standby.kill()
    rebuilder._standby.wait()
    rebuilder.start()
    assert rebuilder.wait().message == "begun"


def test_failed_build_says_why(rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_build(monkeypatch, "print('notepoint: error: no room', file=sys.stderr); sys.exit(2)")
    rebuilder.start()
    wait_for(rebuilder)
    assert rebuilder.progress.failed
    assert "no room" in rebuilder.progress.message


@pytest.mark.slow
def test_real_build_in_another_process(write_notes: WriteNotes) -> None:
    folder = write_notes({"a.md": "- no discussion of ethics\n"})
    rebuilder = Rebuilder(Settings.load(notes=folder))
    rebuilder.start(rebuild=True)
    wait_for(rebuilder)
    assert (rebuilder.progress.failed, rebuilder.progress.message) == (False, "notes: 1 added")
    assert any(name.startswith("index-") for name in os.listdir(folder / ".notepoint"))

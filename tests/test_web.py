"""What the page is fed with, and the build it starts in another process."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from conftest import WriteNotes

from indexer.config import Settings
from indexer.notes.rendering import place_of, render_note
from indexer.records import Hit, Link, LinkKind
from indexer.web.data import card_of, link_of, plain, split_lines, why_of
from indexer.web.rebuild import Rebuilder


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


@pytest.mark.parametrize(("cosine", "word"), [(0.5, "close"), (0.35, "fair"), (0.1, "far")])
def test_reasons_are_words(cosine: float, word: str) -> None:
    assert why_of(hit(cosine=cosine)) == ["words: ethics", f"meaning: {word}", "2020-04-07"]


def test_leg_that_was_not_asked_gives_no_reason() -> None:
    assert why_of(hit(cosine=None, marks=(), date=None)) == []


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
    assert plain("caf\udce9.md") == "caf?.md"


PROBES = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "[x](javascript:window.pwned=1)",
    "[x](data:text/html;base64,PHN2Zz4=)",
    "![pixel](https://tracker.example/p.gif)",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>1</script>'></iframe>",
    '[x](https://example.org "\\" onmouseover=window.pwned=1 ")',
    "<base href=https://evil.example>",
    "[[javascript:alert(1)|x]]",
    '```"><script>window.pwned=1</script>\ncode\n```',
    "$<img src=x onerror=window.pwned=1>$",
    "$$\n<script>window.pwned=1</script>\n$$",
    "| <script>1</script> |\n|---|\n| x |",
    "<a href='javascript:1'>x</a>",
]


@pytest.mark.parametrize("probe", PROBES)
def test_notes_stay_text_on_the_page(probe: str) -> None:
    html = render_note(f"before\n\n{probe}\n\nafter\n", [])
    lowered = html.lower()
    for tag in ("<script", "<img", "<style", "<iframe", "<base", "<svg", "<form"):
        assert tag not in lowered
    for word in (' onerror="', ' onmouseover="', 'href="javascript:', 'href="data:'):
        assert word not in lowered
    assert "before" in html
    assert "after" in html


def test_blocks_know_their_lines() -> None:
    html = render_note("---\ntitle: t\n---\n# H\n\n- one\n- two\n\n$$\nx\n$$\n\n[^1]: note\n", [])
    assert '<h1 data-line-start="4" data-line-end="4">H</h1>' in html
    assert '<li data-line-start="7" data-line-end="7">two</li>' in html
    assert '<div data-line-start="9" data-line-end="11">' in html
    assert "title: t" not in html


def wait_for(rebuilder: Rebuilder) -> None:
    end = time.monotonic() + 60
    while rebuilder.progress.running:
        assert time.monotonic() < end
        time.sleep(0.05)


def fake_build(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the other process run a line of Python instead of a build."""
    command = [sys.executable, "-c", f"import sys, time, json; {code}"]
    monkeypatch.setattr(Rebuilder, "_command", lambda self, anew: command)


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
    end = time.monotonic() + 20
    while rebuilder.progress.phase != "encoding":
        assert time.monotonic() < end
    assert (rebuilder.progress.done, rebuilder.progress.total) == (3, 10)
    rebuilder.start()  # a second one changes nothing
    wait_for(rebuilder)
    assert not rebuilder.progress.failed


def test_cancelled_build_says_so(rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_build(monkeypatch, "time.sleep(60)")
    rebuilder.start()
    rebuilder.cancel()
    wait_for(rebuilder)
    assert "cancelled" in rebuilder.progress.message


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
    rebuilder.start(anew=True)
    wait_for(rebuilder)
    assert (rebuilder.progress.failed, rebuilder.progress.message) == (False, "notes: 1 added")
    assert any(name.startswith("index-") for name in os.listdir(folder / ".notepoint"))

"""The first visit, by keyboard alone: a folder is found, opened and asked."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from playwright.sync_api import expect

from browser.axe import faults_of
from browser.conftest import OpenTab, Server
from browser.test_walks import box

pytestmark = pytest.mark.slow

# Takes the place of `nice`, which starts a build: it stops the build at the first two steps of
# the encoding, each until a file named after it is there.
GATE = """#!{python}
import json, os, signal, subprocess, sys, time
build = subprocess.Popen(sys.argv[3:], stderr=subprocess.PIPE, text=True)
gates = [{folder!r} + name for name in ("/begun", "/going")]
for line in build.stderr:
    encoding = line.startswith("{{") and json.loads(line)["phase"] == "encoding"
    if encoding and gates:
        os.kill(build.pid, signal.SIGSTOP)
    print(line, end="", file=sys.stderr, flush=True)
    if encoding and gates:
        gate = gates.pop(0)
        while not os.path.exists(gate):
            time.sleep(0.02)
        os.kill(build.pid, signal.SIGCONT)
sys.exit(build.wait())
"""
# A pace is told after 1.5 s.
PACE_MS = 2_000
FOCUSED = "document.activeElement?.closest('[class*=\"st-key-\"]')?.className || ''"


def test_folder_is_opened_by_keyboard_and_its_notes_answer(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    vault = home / "Documents" / "Vault"
    (vault / ".obsidian").mkdir(parents=True)
    notes = home / "Documents" / "Diary"
    notes.mkdir()
    (notes / "bees.md").write_text(
        "# Bees\n\n- the swarm leaves in May\n- honey in July\n", "utf-8"
    )
    server = Server(tmp_path, home=home, cache=tmp_path / "cache")
    try:
        page = open_tab("/", at=server.address)
        expect(page.get_by_role("heading", name="Where are your notes?")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Vault.*Obsidian vault"))).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Sample notes"))).to_be_visible()
        field = page.locator(".st-key-folder_path input")
        expect(field).to_be_focused()
        assert faults_of(page, dark=True) == []
        page.keyboard.type(f"{home}/Documents/D", delay=10)
        offered = page.locator("[class*='st-key-complete_'] button")
        expect(offered).to_have_count(1)
        page.keyboard.press("ArrowDown")
        expect(offered).to_be_focused()
        page.keyboard.press("Enter")
        expect(field).to_have_value(f"{notes}/")
        expect(page.get_by_text("1 note in this folder")).to_be_visible()
        expect(field).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".lead")).to_contain_text("Ask 1 note")
        page.keyboard.press("/")
        page.keyboard.type("when does the swarm leave?")
        expect(page.locator(".card").first).to_contain_text("the swarm leaves in May")
        page.keyboard.press("Enter")
        expect(page.locator(".reader h2.title")).to_have_text("Bees")
    finally:
        server.close()


def test_arrows_reach_the_folders_that_are_offered(open_tab: OpenTab, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "Notes" / "logseq").mkdir(parents=True)
    server = Server(tmp_path, home=home, cache=tmp_path / "cache")
    try:
        page = open_tab("/", at=server.address, viewport={"width": 390, "height": 800})
        field = page.locator(".st-key-folder_path input")
        expect(field).to_be_focused()
        page.keyboard.press("ArrowUp")
        assert "st-key-folder_1" in page.evaluate(FOCUSED)
        page.keyboard.press("ArrowUp")
        assert "st-key-folder_0" in page.evaluate(FOCUSED)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.type("/nowhere/at/all")
        page.keyboard.press("Enter")
        expect(page.get_by_text("There is no folder /nowhere/at/all")).to_be_visible()
    finally:
        server.close()


def test_first_build_shows_the_time_left_and_is_searched_by_words(
    open_tab: OpenTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, gates = tmp_path / "home", tmp_path / "gates"
    notes = home / "herds"
    for folder in (notes, gates):
        folder.mkdir(parents=True)
    for i in range(80):
        lines = "".join(f"- the {one} of herd {i} rests\n" for one in ("llama", "yak", "goat"))
        (notes / f"herd-{i}.md").write_text(f"# Herd {i}\n\n{lines}", "utf-8")
    (notes / "wombat.md").write_text("# Wombat\n\n- wombat census of the plateau\n", "utf-8")
    gate = gates / "nice"
    gate.write_text(GATE.format(python=sys.executable, folder=str(gates)), "utf-8")
    gate.chmod(0o755)
    monkeypatch.setenv("PATH", str(gates), prepend=":")
    server = Server(tmp_path, home=home, cache=tmp_path / "cache")
    try:
        page = open_tab("/", at=server.address)
        expect(page.locator(".st-key-folder_path input")).to_be_focused()
        page.keyboard.type(str(notes), delay=10)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Reading your notes for the first time")).to_be_visible()
        progress = page.get_by_role("progressbar")
        expect(page.get_by_text(re.compile(r"Encoding: 0 of \d+$"))).to_be_visible()
        expect(page.get_by_text("81 notes read so far.")).to_be_visible()
        page.wait_for_timeout(PACE_MS)
        (gates / "begun").touch()
        left = page.get_by_text(re.compile(r"Encoding: [1-9]\d* of \d+, about \d+ (s|min) left"))
        expect(left).to_be_visible()
        expect(progress).to_be_visible()
        page.keyboard.press("/")
        expect(box(page)).to_be_focused()
        page.keyboard.type("wombat census", delay=20)
        expect(page.get_by_text("81 notes read so far: 1 point with these words.")).to_be_visible()
        found = page.locator(".card a.open")
        expect(found).to_have_text("Wombat")
        expect(left).to_be_visible()  # the build still waits: words alone have answered
        page.keyboard.press("Enter")
        expect(page.locator(".reader h2.title")).to_have_text("Wombat")
        (gates / "going").touch()
        expect(page.locator(".desk")).to_be_attached()
        expect(page.locator(".best")).to_contain_text("wombat census")
    finally:
        for name in ("begun", "going"):
            (gates / name).touch()
        server.close()


def test_sample_is_tried_and_its_examples_are_answered(open_tab: OpenTab, tmp_path: Path) -> None:
    """Everything runs in a copy of the project, so that the sample of the clone gets no index."""
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    home.mkdir()
    for name in ("indexer", "app.py"):
        (project / name).symlink_to(ROOT / name)
    pattern = shutil.ignore_patterns(".notepoint")
    sample = shutil.copytree(ROOT / "corpus", project / "corpus", ignore=pattern)
    texts = {note: note.read_text("utf-8") for note in sample.glob("*.md")}
    server = Server(tmp_path, home=home, cache=tmp_path / "cache", project=project)
    try:
        page = open_tab("/", at=server.address)
        expect(page.locator(".st-key-folder_path input")).to_be_focused()
        page.keyboard.press("ArrowUp")
        sample_notes = page.get_by_role("button", name=re.compile("Sample notes.*to try it"))
        expect(sample_notes).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".lead")).to_contain_text(f"Ask {len(texts)} notes")
        examples = page.locator(".home section", has_text="Try asking").get_by_role("link")
        expect(examples.first).to_be_visible()
        asked = examples.all_inner_texts()
        headings = re.findall(r"^#+ (.*)$", "\n".join(texts.values()), re.MULTILINE)
        assert len(asked) >= 3
        assert [one for one in asked if not any(one in heading for heading in headings)] == []
        page.keyboard.press("/")
        page.keyboard.type("does it talk about ethics?")
        expect(page.locator(".best")).to_contain_text("Ethics never comes up")
        page.keyboard.press("Enter")
        expect(page.locator(".reader h2.title")).to_contain_text("Review")
        expect(page.locator(".pane")).to_be_focused()
        for one in asked:
            page.keyboard.press("Control+k")
            page.keyboard.type(one)
            expect(page.locator(".desk")).to_have_attribute("data-question", one)
            expect(page.locator(".best")).to_be_visible()
            expect(page.locator(".notice")).to_have_count(0)
    finally:
        server.close()

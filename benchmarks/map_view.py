"""Time the map of many notes in a real browser, and take a picture of it.

    python benchmarks/map_view.py PICTURE [--notes 10000] [--folder FOLDER]

The notes are made: each tells two things about one topic, in one of several folders, with a tag.
FOLDER keeps them and their index for the next run; without it they are temporary. A first run
encodes every point, which takes about a second per hundred points.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.page import FLAGS, Server, find_browser  # noqa: E402 - after the path is set

_ASKED = "why did the dough not rise?"
_PHASES_S = 60.0
_TOPICS = {
    "kitchen/bread": "dough crust yeast oven flour rye sourdough loaf proofing kneading",
    "kitchen/soup": "broth leek carrot simmer lentils celery stock ladle dumplings barley",
    "garden/beds": "beans compost seedlings mulch frost tomatoes slugs trellis watering soil",
    "garden/bees": "hive swarm queen honey comb smoker drones pollen varroa brood",
    "work/meetings": "agenda minutes decision deadline roadmap attendees budget review quarter",
    "work/servers": "latency cache database replica timeout deploy rollback index memory query",
    "travel/trains": "ticket platform sleeper border timetable carriage delay station conductor",
    "travel/hikes": "ridge summit trail hut blisters compass scree valley drizzle rucksack",
    "music/piano": "scales sonata pedal tempo chords fingering etude prelude octave rehearsal",
    "music/choir": "alto tenor hymn conductor breath vowels concert harmony soprano score",
    "science/stars": "telescope nebula eclipse orbit galaxy comet spectrum planet parallax",
    "science/cells": "enzyme protein membrane ribosome culture mutation genome staining",
    "health/sleep": "insomnia nap dreams alarm melatonin snoring mattress caffeine bedtime",
    "health/running": "marathon pace interval knees shoes sprint hydration stretching cadence",
    "books/novels": "plot narrator chapter heroine dialogue setting villain prose ending metaphor",
    "money/taxes": "receipt deduction income invoice refund audit pension allowance declaration",
}
_SAYINGS = (
    "the {} mattered more than the {}",
    "next time check the {} before the {}",
    "the {} failed because of the {}",
    "a good {} needs a better {}",
    "we compared the {} with the {}",
    "too little {} spoils every {}",
    "remember the {} and the {}",
)


def make_notes(folder: Path, count: int) -> None:
    """Write made notes; the same for the same number.

    :param folder: where they are written.
    :param count: of notes.
    """
    dice, topics = random.Random(count), list(_TOPICS)
    for number in range(count):
        topic = topics[number % len(topics)]
        words = _TOPICS[topic].split()
        tag = topic.rpartition("/")[2]
        title = f"{dice.choice(words).capitalize()} and {dice.choice(words)} {number}"
        lines = "".join(f"- {dice.choice(_SAYINGS).format(*dice.sample(words, 2))}\n" for _ in "12")
        path = folder / topic / f"note-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ntags: [{tag}]\n---\n# {title}\n\n{lines}", "utf-8")


def build(notes: Path) -> float:
    """Index the notes and return the seconds it took."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "indexer", "build", "--quiet", "--notes", str(notes)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return round(time.perf_counter() - begun, 1)


def measure(notes: Path, picture: Path) -> dict[str, Any]:
    """Return the figures of the map, and take its picture.

    :param notes: indexed notes.
    :param picture: where the picture is written.
    """
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
        server = Server(notes)
        try:
            return _measured(browser, server, picture)
        finally:
            server.close()
            browser.close()


def _measured(browser: Browser, server: Server, picture: Path) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(120_000)
    page.goto(server.address, wait_until="commit")
    page.locator(".home").wait_for()
    page.locator(".st-key-pulse", has_text="points").wait_for()
    figures: dict[str, Any] = {"load": round(os.getloadavg()[0], 1)}
    before = server.cpu_s()
    begun = time.perf_counter()
    page.get_by_role("link", name="Map").click()
    page.locator("canvas").wait_for()
    figures |= {"map_s": round(time.perf_counter() - begun, 2), "points": _points(page)}
    figures["settled_s"] = round(_settled(page, begun), 1)
    figures["server_cpu_s"] = round(server.cpu_s() - before, 1)
    begun = time.perf_counter()
    page.locator('input[type="search"]').fill(_ASKED)
    page.locator('input[type="search"]').press("Enter")
    page.wait_for_url("**q=why**")
    _settled(page, begun)
    page.screenshot(path=picture)
    return figures


def _points(page: Page) -> int:
    label = page.locator("canvas").get_attribute("aria-label") or ""
    return int("".join(c for c in label.partition("point")[0] if c.isdigit()))


def _settled(page: Page, begun: float) -> float:
    """Return the seconds from ``begun`` until the drawing last changed; it ends 4 s later."""
    last, changed = b"", time.perf_counter()
    while time.perf_counter() - changed < 4 and time.perf_counter() - begun < _PHASES_S:
        drawn = page.locator("canvas").screenshot()
        if drawn != last:
            last, changed = drawn, time.perf_counter()
        page.wait_for_timeout(250)
    return changed - begun


def main() -> None:
    """Make and index the notes if they are missing, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)) / f"notes-{arguments.notes}"
        figures: dict[str, Any] = {"notes": arguments.notes}
        if not folder.exists():
            make_notes(folder, arguments.notes)
            figures["build_s"] = build(folder)
        print(json.dumps(figures | measure(folder, arguments.picture)))


if __name__ == "__main__":
    main()

"""Measure the speed and size of the page with a real server and browser.

    python benchmarks/page.py NOTES [--runs 40] [--json]

NOTES must be indexed. A time ends when the browser has painted: two frames after the answer to the
question, or the opened point, is in the page. Questions are real ones, each asked once in a run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
SUBJECTS = (
    "ethics",
    "learning rate",
    "batch norm at test time",
    "choosing a dev set",
    "word embeddings",
    "how to prepare for a meeting",
    "code review",
    "expenses",
    "remote work",
    "object detection",
)
FORMS = ("what about {}?", "{} explained", "why does {} matter", "an example of {}", "{} pitfalls")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
# Painted: the desk says which question or place it shows; two frames later it is on the screen.
WATCH = """([name, wanted]) => new Promise((done, failed) => {
  const begun = window.begun;
  setTimeout(() => failed(new Error(`never painted: ${name} ${wanted}`)), 30000);
  const look = () => {
    const hosts = Array.from(document.querySelectorAll('*')).filter((one) => one.shadowRoot);
    const desk = hosts.map((one) => one.shadowRoot.querySelector('.desk')).find(Boolean);
    if (desk && desk.dataset[name] === wanted)
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
    else setTimeout(look, 2);
  };
  look();
})"""
# Painted: any result of what was typed so far, after the first key.
FIRST = """() => new Promise((done, failed) => {
  setTimeout(() => failed(new Error('nothing was painted while typing')), 30000);
  let key = 0;
  document.addEventListener('keydown', () => { key = key || performance.now(); }, true);
  const look = () => {
    const hosts = Array.from(document.querySelectorAll('*')).filter((one) => one.shadowRoot);
    const found = hosts.some((one) => one.shadowRoot.querySelector('.desk .pick, .desk .notice'));
    if (key && found && document.querySelector('.st-key-ask input').value)
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - key)));
    else setTimeout(look, 2);
  };
  look();
})"""
BEGIN_AT_KEY = """() => document.addEventListener('keydown', () => {
  window.begun = performance.now(); }, true)"""
BEGIN_AT_CLICK = """() => document.addEventListener('pointerdown', () => {
  window.begun = performance.now(); }, true)"""


class Server:
    """A page in a separate process; ``started`` is the time of its start."""

    def __init__(self, notes: Path) -> None:
        """Start it on any free port and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.started = time.perf_counter()
        command = [sys.executable, "-m", "indexer", "serve", "--no-browser", "--no-token"]
        self.process = subprocess.Popen(
            [*command, "--notes", str(notes), "--port", str(port)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not self._is_healthy():
            time.sleep(0.02)
        self.healthy_s = time.perf_counter() - self.started

    def _is_healthy(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2)
        except OSError:
            return False
        return True

    def megabytes(self) -> float:
        """Return the memory of the server as the system counts it, builds not included."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def cpu_s(self) -> float:
        """Return the processor seconds of the server, which do not depend on other load."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(30)


def find_browser() -> str | None:
    """Return the path of Chromium on this machine, None if it is missing."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def questions(count: int) -> list[str]:
    """Return different questions."""
    made = [form.format(subject) for form in FORMS for subject in SUBJECTS]
    return made[:count]


def ask(page: Page, question: str, *, live: bool) -> float:
    """Return the milliseconds from Enter, or from the last key typed, to the painted answer."""
    box = page.locator('input[type="search"]')
    if live:
        box.fill("")
        box.press_sequentially(question, delay=15)
    else:
        box.fill(question)
        box.press("Enter")
    return float(page.evaluate(WATCH, ["question", question]))


def first_key(page: Page, question: str) -> float:
    """Return the milliseconds from the first key to the first painted answer, while typing on."""
    box = page.locator('input[type="search"]')
    box.fill("")
    waiting = page.evaluate_handle(f"() => {{ window.first = ({FIRST})(); }}")
    box.press_sequentially(question, delay=120)
    found = float(page.evaluate("() => window.first"))
    waiting.dispose()
    return found


def open_hit(page: Page, number: int) -> float | None:
    """Return the milliseconds from the click on a hit to its painted note, None without the hit."""
    page.locator(".desk:not(.typing)").wait_for()  # until then weaker hits may fold away
    folded = page.locator("details.weaker:not([open]) > summary")
    if folded.count():
        folded.click()  # it stays open, as it would not if a script opened it
    card = page.locator(".card").nth(number)
    if not card.count():
        return None
    place = card.get_attribute("data-place")
    card.locator(".point").click()
    return float(page.evaluate(WATCH, ["place", place]))


def spread(times: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile, rounded."""
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[max(0, round(0.95 * len(ordered)) - 1)], 1),
        "n": len(ordered),
    }


def measure(notes: Path, runs: int) -> Iterator[tuple[str, Any]]:
    """Yield the figures of the page over one indexed folder, each as soon as it is known."""
    name = find_browser()
    asked = questions(runs)
    yield "load", round(os.getloadavg()[0], 1)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=name, args=FLAGS)

        def tab() -> Page:
            page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
            page.goto(server.address, wait_until="commit")
            page.locator('input[type="search"]').wait_for()
            first_box.append(time.perf_counter() - server.started)
            page.locator(".st-key-ask input").wait_for()
            return page

        first_box: list[float] = []  # seconds until each tab had a box that takes keys
        server = Server(notes)
        yield "healthy_s", round(server.healthy_s, 2)
        page = tab()
        yield "box_takes_keys_s", round(first_box[0], 2)
        yield "box_answers_s", round(time.perf_counter() - server.started, 2)
        page.locator(".home").wait_for()
        page.evaluate(BEGIN_AT_KEY)
        ask(page, "warm up", live=False)
        yield "first_answer_s", round(time.perf_counter() - server.started, 2)
        yield "loaded_mb", round(server.megabytes())
        before = server.cpu_s()
        yield "enter_ms", spread([ask(page, one, live=False) for one in asked])
        yield "server_cpu_ms", round(1000 * (server.cpu_s() - before) / len(asked), 1)
        yield "live_ms", spread([ask(page, one, live=True) for one in asked[: runs // 2]])
        yield "first_key_ms", spread([first_key(tab(), one) for one in asked[: runs // 4]])
        yield "map_s", map_s(tab())
        page.evaluate(BEGIN_AT_CLICK)
        opened = [ms for one in asked[: runs // 4] for ms in opened_in(page, one)]
        yield "open_ms", spread(opened)
        queried = server.megabytes()
        yield "queried_mb", round(queried)
        for one in [tab() for _ in range(5)]:
            one.evaluate(BEGIN_AT_KEY)
            ask(one, "ethics", live=False)
        yield "tab_mb", round((server.megabytes() - queried) / 5, 1)
        yield "rebuild_ms", during_rebuild(page, tab, asked)
        yield "memory_mb", round(server.megabytes())
        browser.close()
        server.close()


def map_s(page: Page) -> float:
    """Return the seconds from the click on Map to a drawn map."""
    page.locator(".home").wait_for()
    begun = time.perf_counter()
    page.get_by_role("link", name="Map").click()
    page.locator("canvas").wait_for()
    return round(time.perf_counter() - begun, 2)


def opened_in(page: Page, question: str) -> list[float]:
    """Return the milliseconds it takes to open the second to the fourth hit for a question."""
    ask(page, question, live=False)
    times = [open_hit(page, number) for number in (1, 2, 3)]
    return [ms for ms in times if ms is not None]


def during_rebuild(page: Page, tab: Callable[[], Page], asked: list[str]) -> dict[str, float]:
    """Return how long answers take while the index is rebuilt in another process."""
    other = tab()
    other.get_by_role("link", name="Index").click()
    other.get_by_role("button", name="Rebuild from scratch").click()
    other.get_by_role("button", name="Cancel").wait_for()
    times = [ask(page, one, live=False) for one in asked]
    if other.get_by_role("button", name="Cancel").count():
        other.get_by_role("button", name="Cancel").click()
    return spread(times)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notes", type=Path)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = {}
    for name, value in measure(arguments.notes, arguments.runs):
        figures[name] = value
        if not arguments.json:
            print(f"{name:<16} {value}", flush=True)
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()

"""Take a picture of each kind of view, to be laid next to those of an earlier version.

    python benchmarks/views.py NOTES FOLDER [QUESTION [QUESTION WITHOUT AN ANSWER]]

NOTES must be indexed. The pictures are written to FOLDER. Their names are those of the twelve
pictures of the first review of the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.page import FLAGS, Server, find_browser  # noqa: E402 - after the path is set

ASKED, UNANSWERED = "does it talk about ethics?", "who won the 1966 world cup?"
_PAUSE_MS = 1_500


class View(NamedTuple):
    """One view: its address, what must be there, and what is done before the picture is taken."""

    name: str
    query: str
    wait: str
    width: int = 1280
    scheme: str = "light"
    act: Callable[[Page], None] = lambda page: None


def _open_first(page: Page) -> None:
    page.locator(".best a.open, .pick a.open").first.click()
    page.locator(".pane").wait_for()


def _steer(page: Page) -> None:
    weaker = page.locator("details.weaker:not([open]) > summary")
    if weaker.count():
        weaker.click()
    card = page.locator(".group .card").last
    card.hover()
    card.get_by_role("button", name="More like this").click()
    page.locator(".steers li").wait_for()


def _type(page: Page) -> None:
    page.keyboard.type(f"{ASKED[:12]}", delay=60)
    page.locator(".pick").first.wait_for()


def _lose(page: Page) -> None:
    page.locator(".gone").wait_for()


def views(question: str, unanswered: str) -> tuple[View, ...]:
    """Return the views.

    :param question: one that the notes answer.
    :param unanswered: one that they do not answer.
    """
    asked, other = (f"?q={quote_plus(one)}" for one in (question, unanswered))
    return (
        View("home_light_1280", "", ".home"),
        View("results_light_1280", asked, ".best"),
        View("results_dark_1280", asked, ".best", scheme="dark"),
        View("typing_light_1280", "", ".home", act=_type),
        View("noanswer_light_1280", other, ".verdict, .notice"),
        View("steer_more", f"{asked}&size=point", ".group .card, .weaker", act=_steer),
        View("note", asked, ".best", act=_open_first),
        View("note_gone", "?p=nowhere.md:3", ".gone", act=_lose),
        View("note_phone", asked, ".best", 390, act=_open_first),
        View("map", f"?view=Map&{asked[1:]}", "canvas"),
        View("timeline_light_1280", "?view=Timeline", ".bars, .months"),
        View("links_light_1280", "?view=Links", "table, canvas"),
        View("links_light_390", "?view=Links", "table, canvas", 390),
        View("index_light_1280", "?view=Index", "table"),
    )


def take(
    browser: Browser,
    address: str,
    folder: Path,
    cookies: Sequence[Any] = (),
    *,
    question: str = ASKED,
    unanswered: str = UNANSWERED,
) -> list[Path]:
    """Take all pictures and return where they are.

    :param browser: to draw them.
    :param address: of a page over indexed notes.
    :param folder: where they are written.
    :param cookies: by which the page lets the browser in, if it needs any.
    :param question: one that the notes answer.
    :param unanswered: one that they do not answer.
    """
    return [_take(browser, address, folder, cookies, one) for one in views(question, unanswered)]


def _take(browser: Browser, address: str, folder: Path, cookies: Sequence[Any], view: View) -> Path:
    size: Any = {"width": view.width, "height": 860 if view.width > 400 else 844}
    scheme: Any = view.scheme
    context = browser.new_context(viewport=size, color_scheme=scheme)
    context.add_cookies(list(cookies))
    page = context.new_page()
    page.goto(f"{address}/{view.query}")
    page.locator(view.wait).first.wait_for(timeout=60_000)
    page.locator(".st-key-pulse", has_text="points").wait_for(timeout=60_000)
    view.act(page)
    page.wait_for_timeout(_PAUSE_MS)
    path = folder / f"{view.name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def main() -> None:
    """Take them, and print where they are."""
    notes, folder, *asked = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    named = dict(zip(("question", "unanswered"), asked, strict=False))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
        server = Server(Path(notes))
        try:
            for path in take(browser, server.address, Path(folder), **named):
                print(path)
        finally:
            server.close()
            browser.close()


if __name__ == "__main__":
    main()

"""The first second: keys are taken before the scripts have loaded, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from browser.axe import RULES
from browser.conftest import PATIENCE_MS, OpenTab, Server
from browser.test_walks import box

pytestmark = pytest.mark.slow

MAIN_SCRIPT = re.compile(r"/static/js/index\.\w+\.js$")
FIRST = "#notepoint-first"
ANIMALS = ("llama", "goat", "yak", "camel", "donkey", "sheep")


class Held:
    """A tab whose main script is held back until ``let_go``."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        """Open an address up to its first HTML."""
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies(list(Server.cookies.values()))
        self.page = context.new_page()
        self._routes: list[Route] = []
        self.page.route(MAIN_SCRIPT, lambda route: self._routes.append(route))
        self.page.goto(address, wait_until="commit")
        self.page.locator(f"{FIRST} input").wait_for()

    def let_go(self) -> Page:
        while not self._routes:
            self.page.wait_for_timeout(20)
        for route in self._routes:
            route.continue_()
        return self.page


@pytest.fixture
def held(browser: Browser, server: Server) -> Iterator[Any]:
    """Return a function that opens a tab whose main script is held back."""
    contexts: list[BrowserContext] = []

    def hold(query: str = "", **options: Any) -> Held:
        options = {"viewport": {"width": 1280, "height": 860}} | options
        contexts.append(browser.new_context(**options))
        return Held(contexts[-1], server.address + query)

    yield hold
    for context in contexts:
        context.close()


def test_keys_before_the_scripts_are_a_question(held: Any) -> None:
    tab = held()
    expect(tab.page.locator(f"{FIRST} input")).to_be_focused()
    tab.page.keyboard.type("wombat cen")
    page = tab.let_go()
    page.locator(".st-key-ask input").wait_for()
    page.keyboard.type("sus")
    expect(page.locator(FIRST)).to_have_count(0)
    expect(box(page)).to_have_value("wombat census")
    expect(box(page)).to_be_focused()
    expect(page.locator(".best")).to_contain_text("wombat")
    expect(page).to_have_url(re.compile(r"[?&]q=wombat\+census"))


def test_question_of_the_address_stays_if_nothing_is_typed(held: Any) -> None:
    tab = held("/?q=ethics")
    expect(tab.page.locator(f"{FIRST} input")).to_have_value("ethics")
    page = tab.let_go()
    expect(page.locator(".best")).to_contain_text("Ethics")
    expect(box(page)).to_have_value("ethics")
    expect(page.locator(FIRST)).to_have_count(0)


def test_slash_leads_to_the_box_from_the_first_moment(held: Any) -> None:
    tab = held("/?view=Map")
    tab.page.locator("h1").click()
    tab.page.keyboard.press("/")
    expect(tab.page.locator(f"{FIRST} input")).to_be_focused()
    expect(tab.page.locator(f"{FIRST} input")).to_have_value("")
    page = tab.let_go()
    expect(page.locator("canvas")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_in_the_first_moment(held: Any, scheme: str, width: int) -> None:
    tab = held(color_scheme=scheme, viewport={"width": width, "height": 800})
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = Axe().run(tab.page, options=options).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


def test_server_reads_no_tables(server: Server) -> None:
    """Pandas and pyarrow cost half a second of the first page, and 60 MB."""
    loaded = Path(f"/proc/{server.process.pid}/maps")
    if not loaded.exists():
        pytest.skip("only Linux lists the libraries of a process")
    assert "pyarrow" not in loaded.read_text()


def test_box_stays_itself_when_the_first_build_ends(open_tab: OpenTab, tmp_path: Path) -> None:
    """Another box would lose the focus, the last keys and its part of the address."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for i in range(150):
        lines = (f"- the {animal} of herd {i} rests near well {i * 7}" for animal in ANIMALS)
        (notes / f"herd-{i}.md").write_text(f"# Herd {i}\n\n" + "\n".join(lines), "utf-8")
    (notes / "wombat.md").write_text("# Wombat\n\n- wombat census of the plateau\n", "utf-8")
    server = Server(notes)
    try:
        page = open_tab(at=server.address)
        page.locator(f"{FIRST} input, .st-key-ask input").first.wait_for()
        page.keyboard.type("wom", delay=30)  # no index yet: the question waits in the box
        expect(page.get_by_text("answered as soon as the index is built")).to_be_visible()
        own = page.locator(".st-key-ask input")
        expect(own).to_have_value("wom")
        page.get_by_role("button", name="Build the index").click()
        expect(page.locator(".card .path a.open").first).to_have_text("Wombat")
        own.click()
        page.keyboard.press("End")
        page.keyboard.type("bat", delay=30)
        expect(page.locator(".card .path a.open").first).to_have_text("Wombat")
        node = own.element_handle()
        expect(page.locator(".desk")).to_be_attached(timeout=180_000)  # the build has ended
        assert node.evaluate("one => one.isConnected && document.activeElement === one")
        page.keyboard.type(" census", delay=30)
        expect(page.locator(".best")).to_contain_text("wombat census")
        expect(page).to_have_url(re.compile(r"[?&]q=wombat\+census"))
        assert node.evaluate("one => one.isConnected && document.activeElement === one")
    finally:
        server.close()

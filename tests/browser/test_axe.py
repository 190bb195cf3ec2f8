"""axe-core finds no problem in any view, light and dark, wide and narrow."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.axe import faults_of
from browser.conftest import OpenTab, Server, build

pytestmark = pytest.mark.slow

VIEWS = {
    "home": ("", ".home"),
    "hits": ("?q=does+it+talk+about+ethics%3F", ".card"),
    "list": ("?q=pangolin", ".best.many"),
    "no answer": ("?q=who+won+the+1966+world+cup%3F", ".verdict"),
    "note": ("?p=rich.md:9", ".prose .katex"),
    "dialects": ("?p=dialects.md", ".prose .embed"),
    "gone": ("?p=none.md:1", ".gone"),
    "map": ("?view=Map&q=ethics", "canvas"),
    "timeline": ("?view=Timeline", ".bars"),
    "chosen dates": ("?view=Timeline&since=2021-03-01&until=2021-03-31", ".bars.chosen"),
    "links": ("?view=Links&p=rich.md:9", "canvas"),
    "index": ("?view=Index", "table"),
}
BEES = """---
tags: [כוורת]
date: 2021-05-02
---
# דבורים

- הנחיל עוזב במאי
- הדבש ביולי
"""
BREAD = """# לחם

קמח, מים ומלח. ראו [[דבורים]] וגם [אין](none.md).

| יום | שעה |
|---|---|
| ראשון | 8 |
"""
ARABIC = "# الخبز\n\n- الدقيق والماء\n- يخبز في الصباح\n"
HEBREW = {"דבורים.md": BEES, "לחם.md": BREAD, "عربي.md": ARABIC}


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(open_tab: OpenTab, view: str) -> None:
    query, wait = VIEWS[view]
    page = open_tab(query)
    page.locator(wait).first.wait_for()
    found = faults_of(page)
    assert found == [], "\n".join(map(str, found))


def test_axe_finds_nothing_in_settings_and_keys(open_tab: OpenTab) -> None:
    page = open_tab("?q=ethics")
    page.locator(".card").first.wait_for()
    page.get_by_role("button", name="Settings").click()
    expect(page.locator("dialog.settings")).to_be_visible()
    found = faults_of(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="All keys").click()
    expect(page.locator("dialog.keys dt").first).to_be_visible()
    found += faults_of(page)
    assert found == [], "\n".join(map(str, found))


def test_axe_finds_nothing_before_a_link_is_fixed(open_tab: OpenTab) -> None:
    page = open_tab("?view=Links")
    page.get_by_role("button", name="Fix \u2026").first.click()
    expect(page.locator("dialog.ask")).to_be_visible()
    found = faults_of(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog.ask")).to_have_count(0)
    assert found == [], "\n".join(map(str, found))


def test_vault_from_right_to_left(open_tab: OpenTab, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for name, text in HEBREW.items():
        (notes / name).write_text(text, "utf-8")
    build(notes)
    server = Server(notes)
    found = []
    try:
        page = open_tab("/?q=%D7%94%D7%93%D7%91%D7%A9&mode=Words", at=server.address)
        card = page.locator(".card").first
        expect(card).to_contain_text("הדבש ביולי")
        line = card.locator(".line, .point").first
        assert line.evaluate("one => getComputedStyle(one).direction") == "rtl"
        expect(page.locator(".reader h2.title")).to_have_text("דבורים")
        item = page.locator(".prose li").first
        assert item.evaluate("one => getComputedStyle(one).direction") == "rtl"
        related = page.locator(".around li").first
        for part in ("a", "p"):
            there = related.locator(part).first
            assert there.evaluate("one => getComputedStyle(one).direction") == "rtl"
        found += faults_of(page)
        for view, wait in (
            ("", ".home"),
            ("?view=Map", "canvas"),
            ("?view=Timeline", ".bars"),
            ("?view=Links", "canvas"),
            ("?view=Index", "table"),
        ):
            page.goto(f"{server.address}/{view}")
            page.locator(wait).first.wait_for()
            found += [(view, *one) for one in faults_of(page)]
            page.set_viewport_size({"width": 390, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
    finally:
        server.close()
    assert found == [], "\n".join(map(str, found))

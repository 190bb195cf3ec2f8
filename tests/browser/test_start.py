"""The first visit, by keyboard alone: a folder is found, opened and asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.axe import faults_of
from browser.conftest import OpenTab, Server

pytestmark = pytest.mark.slow

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

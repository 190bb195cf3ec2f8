"""The page with an index on a PostgreSQL server: build, ask and rebuild from the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from servers import running_server

from browser.conftest import OpenTab, Server, make_notes
from browser.test_walks import TITLE

pytestmark = pytest.mark.slow


def test_index_on_a_server_is_built_asked_and_rebuilt_from_the_page(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    with running_server() as database:
        store = database.url("notes") + "?space=page"
        server = Server(make_notes(tmp_path / "notes"), "--store", store)
        try:
            page = open_tab("?view=Index", at=server.address)
            expect(page.get_by_text("Your notes are not indexed yet")).to_be_visible(timeout=60_000)
            page.get_by_role("button", name="Build the index").click()
            notes = page.get_by_test_id("stMetric").filter(has_text="Notes")
            expect(notes).to_have_text(re.compile(r"[1-9]\d*$"), timeout=120_000)
            expect(page.get_by_text(re.compile("postgresql://")).first).to_be_visible()

            searching = open_tab("?q=does+it+talk+about+ethics", at=server.address)
            cards = searching.locator(".card")
            expect(cards.first.locator("mark").first).to_have_text("Ethics", timeout=60_000)
            cards.first.click()
            expect(cards.first).to_have_attribute("aria-current", "true", timeout=60_000)
            expect(searching.locator(TITLE)).to_be_visible()
            expect(searching).to_have_url(re.compile(r"[?&]p="))

            page.get_by_role("button", name="Rebuild from scratch").click()
            expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=60_000)
            during = open_tab("?q=learning+rate", at=server.address)
            expect(during.locator(".card").first).to_be_visible(timeout=60_000)
            expect(page.get_by_text(re.compile("Last build: "))).to_be_visible(timeout=120_000)

            database.kill()
            lost = open_tab("?q=dev+set", at=server.address)
            expect(lost.get_by_text("cannot be reached").first).to_be_visible(timeout=60_000)
            database.start()
            again = open_tab("?q=dev+set", at=server.address)
            expect(again.locator(".card").first).to_be_visible(timeout=60_000)
        finally:
            server.close()

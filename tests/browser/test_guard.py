"""Only the user can open the page: no other site can frame it, no other user can open it."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import OpenTab, Server
from browser.test_walks import TITLE, ask

pytestmark = pytest.mark.slow


def status_of(address: str) -> int:
    try:
        return int(urllib.request.urlopen(address, timeout=30).status)
    except urllib.error.HTTPError as exc:
        return exc.code


def test_printed_address_opens_the_page_and_leaves_the_address(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(server.printed + "&q=does+it+talk+about+ethics")
    expect(page.locator(".card mark").first).to_have_text("Ethics")
    assert "token" not in page.url
    page.locator(".card").first.click()
    expect(page.locator(TITLE)).to_be_visible()
    page.reload()  # with only the cookie
    expect(page.locator(".card mark").first).to_have_text("Ethics")
    assert [line for line in said if "Refused" in line or "Content Security" in line] == []
    assert context.cookies()[0]["httpOnly"] and context.cookies()[0]["sameSite"] == "Strict"
    context.close()


@pytest.mark.parametrize("view", ["", "?view=Index", "?view=Map", "?view=Timeline", "?view=Links"])
def test_policy_lets_every_view_work(open_tab: OpenTab, server: Server, view: str) -> None:
    page = open_tab("", at="about:blank")
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if m.type in ("error", "warning") else None)
    page.goto(server.address + "/" + view)
    expect(page.locator('[data-testid="stApp"]')).to_be_visible()
    page.wait_for_load_state("networkidle")
    if not view:
        ask(page, "what is it about?")
    assert [line for line in refused if "violates" in line or "Refused" in line] == []


def test_other_users_of_the_machine_get_nothing(browser: Browser, server: Server) -> None:
    for path in ("/", "/?token=wrong", "/_stcore/host-config", "/static/index.js", "/notepoint/x"):
        assert status_of(server.address + path) == 403, path
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.address)
    expect(page.get_by_text("open the address, with its token")).to_be_visible()
    context.close()


def test_no_other_site_frames_the_page(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    context.add_cookies([server.cookies[server.port]])
    html = f'<iframe src="{server.address}/?q=zebra"></iframe>'
    context.route(
        "http://evil.example/**",
        lambda route: route.fulfill(status=200, content_type="text/html", body=html),
    )
    page = context.new_page()
    page.goto("http://evil.example/")
    page.wait_for_timeout(2_000)
    framed = [frame for frame in page.frames if frame.url.startswith(server.address)]
    assert [frame.evaluate("document.body.innerText.includes('zebra')") for frame in framed] in (
        [],
        [False],
    )
    context.close()

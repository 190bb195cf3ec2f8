"""What changes something outside of the page: an editor, a note, the filters."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import OpenTab, Server
from browser.test_walks import ask, box

pytestmark = pytest.mark.slow

# Addresses of editors are noted, not followed: none is installed here.
NOTED = """window.followed = [];
const click = HTMLAnchorElement.prototype.click;
HTMLAnchorElement.prototype.click = function () {
  if (/^https?:/.test(this.href)) click.call(this); else window.followed.push(this.href);
};
0"""


def followed(page: Page) -> list[str]:
    return list(page.evaluate("window.followed"))


def test_keys_open_the_editor_at_the_line(open_tab: OpenTab, server: Server) -> None:
    page = open_tab()
    page.evaluate(NOTED)
    ask(page, "wombat census")
    expect(page.locator(".reader h2.title")).to_have_text("Doomed")
    box(page).focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_function("window.followed.length === 1")
    assert followed(page) == [f"vscode://file{server.notes}/doomed.md:3"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("o")
    page.wait_for_function("window.followed.length === 2")
    page.get_by_role("button", name="Settings").click()
    page.locator("dialog.settings select").select_option("Zed")
    page.keyboard.press("Escape")
    page.locator(".card a.open").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pane")).to_be_focused()
    page.keyboard.press("o")
    page.wait_for_function("window.followed.length === 3")
    assert followed(page)[1:] == [
        f"vscode://file{server.notes}/doomed.md:3",
        f"zed://file{server.notes}/doomed.md:3",
    ]


def test_typed_tag_and_enter_choose_that_tag(open_tab: OpenTab) -> None:
    page = open_tab("?q=quokka&mode=Words")
    page.get_by_role("button", name="Filters").click()
    field = page.locator(".st-key-tag input")
    field.click()
    page.keyboard.type("tag15")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]tag=tag15(&|$)"))
    assert page.evaluate("new URLSearchParams(location.search).getAll('tag')") == ["tag15"]


def test_link_is_fixed_after_the_change_was_shown(open_tab: OpenTab, server: Server) -> None:
    note = server.notes / "turned.md"
    note.write_text("# Turned\n\nSee [many.md](the animals) today.\n", "utf-8")
    page = open_tab("?view=Links")
    row = page.locator("tr:has(button)", has_text="the animals")  # not the table of all links
    row.get_by_role("button", name="Fix \u2026").click()
    dialog = page.locator("dialog.ask")
    expect(dialog.locator(".gone-line")).to_have_text("\u2212 See [many.md](the animals) today.")
    expect(dialog.locator(".new-line")).to_have_text("+ See [the animals](many.md) today.")
    dialog.get_by_role("button", name="Cancel").click()
    assert "[many.md](the animals)" in note.read_text("utf-8")
    expect(dialog).to_have_count(0)
    row.get_by_role("button", name="Fix \u2026").click()
    expect(dialog.get_by_role("button", name="Change the note")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Changed line 3 of turned.md.")).to_be_visible()
    assert note.read_text("utf-8") == "# Turned\n\nSee [the animals](many.md) today.\n"
    expect(row).to_have_count(0)


def test_fix_of_a_note_that_changed_is_refused(open_tab: OpenTab, server: Server) -> None:
    note = server.notes / "turned.md"
    note.write_text("# Turned\n\nSee [rich.md](the rich one) again.\n", "utf-8")
    page = open_tab("?view=Links")
    row = page.locator("tr:has(button)", has_text="the rich one")
    row.get_by_role("button", name="Fix \u2026").click()
    expect(page.locator("dialog.ask")).to_be_visible()
    changed = "# Turned\n\nSee [rich.md](the rich one) again, and more.\n"
    note.write_text(changed, "utf-8")
    page.locator("dialog.ask").get_by_role("button", name="Change the note").click()
    expect(page.get_by_text("Not changed. turned.md")).to_be_visible()
    assert note.read_text("utf-8") == changed
    note.unlink()


def test_dates_are_chosen_by_dragging_over_the_bars(open_tab: OpenTab) -> None:
    page = open_tab("?view=Timeline")
    bars = page.locator(".bars button")
    expect(bars.first).to_be_visible()
    first, last = bars.first.bounding_box(), bars.nth(11).bounding_box()
    assert first is not None
    assert last is not None
    y = first["y"] + first["height"] - 2
    page.mouse.move(first["x"] + 2, y)
    page.mouse.down()
    page.mouse.move((first["x"] + last["x"]) / 2, y, steps=4)
    page.mouse.move(last["x"] + 2, y, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"since=2020-04-01"))
    expect(page.get_by_role("button", name="Filters (2)")).to_be_visible()
    expect(page.locator(".months h2")).to_have_text(["March 2021", "April 2020"])
    page.get_by_role("button", name="Show all dates").click()
    expect(page).not_to_have_url(re.compile(r"since="))
    expect(page.locator(".months h2").first).to_have_text("May 2021")
    page.locator(".bars button:not([disabled])").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".months h2")).to_have_text(["April 2020"])

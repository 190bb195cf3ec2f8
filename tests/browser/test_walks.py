"""Walks through the page in a real browser, as a user does them."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from browser.conftest import SITE, OpenTab, Server, build, make_notes

pytestmark = pytest.mark.slow

TITLE = ".reader h2.title"
FOCUS = """() => { let at = document.activeElement;
while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement; return at; }"""


def box(page: Page):
    return page.locator('input[type="search"]')


def ask(page: Page, question: str, *, folded: bool = False) -> None:
    """Type a question and wait for its answer; show weaker matches too, unless ``folded``."""
    box(page).fill(question)
    expect(page.locator(".desk")).to_have_attribute("data-question", question)
    expect(page).to_have_url(re.compile(r"[?&]q="))
    expect(page.locator(".desk.typing")).to_have_count(0)
    if not folded:
        unfold(page)


def unfold(page: Page) -> None:
    expect(page.locator(".card, .notice, .verdict").first).to_be_visible()
    weaker = page.locator("details.weaker:not([open]) > summary")
    if weaker.count():
        weaker.click()


def expect_opened(page: Page, card: Locator) -> None:
    """Wait until the note of a card is shown at its point, as the address says too."""
    expect(card).to_have_attribute("aria-current", "true")
    place = card.get_attribute("data-place") or ""
    expect(page.locator(".desk")).to_have_attribute("data-place", place)


def place_in_address(page: Page) -> str:
    return str(page.evaluate("new URLSearchParams(location.search).get('p') || ''"))


def point_is_in_view(page: Page) -> bool:
    """Return whether the marked point is inside its pane, and the pane inside the window."""
    return bool(
        page.locator(".pane .here").first.evaluate(
            """(point) => { const pane = point.closest('.pane').getBoundingClientRect();
            const own = point.getBoundingClientRect();
            return own.top >= pane.top - 1 && own.top < pane.bottom && pane.top >= 0
              && pane.top < innerHeight; }"""
        )
    )


def test_search_open_related_back_twice_forward(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "does it talk about ethics?")
    expect(page.locator(".card mark").first).to_have_text("Ethics")
    page.locator(".card").nth(1).click()
    expect_opened(page, page.locator(".card").nth(1))
    opened, title = place_in_address(page), page.locator(TITLE).inner_text()
    assert opened
    assert point_is_in_view(page)
    page.locator(".around a").first.click()
    expect(page.locator(TITLE)).not_to_have_text(title)
    related = place_in_address(page)
    page.go_back()
    expect(page.locator(TITLE)).to_have_text(title)
    assert place_in_address(page) == opened
    page.go_back()
    expect(page.locator(".card").first).to_have_attribute("aria-current", "true")
    assert place_in_address(page) == ""
    expect(box(page)).to_have_value("does it talk about ethics?")
    page.go_forward()
    expect(page.locator(TITLE)).to_have_text(title)
    page.go_forward()
    expect(page.locator(TITLE)).not_to_have_text(title)
    assert place_in_address(page) == related


def test_deep_link_brings_everything_back(open_tab: OpenTab) -> None:
    page = open_tab()
    page.get_by_role("button", name="Filters").click()
    page.get_by_text("Words", exact=True).click()
    expect(page).to_have_url(re.compile("mode=Words"))
    page.keyboard.press("Escape")
    ask(page, "learning")
    page.locator(".card").nth(2).locator("a.open").click()
    expect_opened(page, page.locator(".card").nth(2))
    expect(page).to_have_url(re.compile("[?&]p="))
    cards = page.locator(".card .point").all_inner_texts()
    title = page.locator(TITLE).inner_text()
    other = open_tab(page.evaluate("location.search"))
    expect(other.locator(TITLE)).to_have_text(title)
    expect(other.locator(".pane .here").first).to_be_visible()
    unfold(other)
    assert other.locator(".card .point").all_inner_texts() == cards
    assert place_in_address(other) == place_in_address(page)
    expect(box(other)).to_have_value("learning")
    assert point_is_in_view(other)


def focused_place(page: Page) -> str:
    return str(page.evaluate(f"({FOCUS})().closest('.pick')?.dataset.place || ''"))


def test_keyboard_does_it_all(open_tab: OpenTab) -> None:
    page = open_tab()
    expect(page.locator(".home")).to_be_visible()
    expect(box(page)).to_be_focused()  # the first keys are a question
    for letter in "exploratory data analysis gets":  # thirty keys, and the focus stays
        page.keyboard.type(letter, delay=20)
        assert page.evaluate(f"({FOCUS})().type") == "search"
    expect(box(page)).to_have_value("exploratory data analysis gets")
    expect(page.locator(".best")).to_contain_text("Exploratory")
    expect(page).to_have_title(re.compile("^exploratory data analysis gets"))
    expect(page.locator(".desk.typing")).to_have_count(0)
    steps = page.evaluate("history.length")
    page.keyboard.press("ArrowDown")
    first = page.locator(".best").get_attribute("data-place")
    assert focused_place(page) == first
    page.locator("details.weaker > summary").focus()
    page.keyboard.press("Enter")
    page.locator(".best a.open").focus()
    page.keyboard.press("ArrowDown")
    second = page.locator(".card").nth(1).get_attribute("data-place")
    assert focused_place(page) == second
    expect(page.locator(".desk")).to_have_attribute("data-place", second)  # chosen and shown
    assert page.evaluate("history.length") == steps  # but nothing was opened
    assert place_in_address(page) == ""
    page.keyboard.press("Enter")
    expect_opened(page, page.locator(".card").nth(1))
    expect(page.locator(".pane")).to_be_focused()
    assert place_in_address(page) == second
    assert point_is_in_view(page)
    page.keyboard.press("f")
    page.keyboard.type("the")
    expect(page.locator(".finding .quiet")).to_have_text(re.compile("^1 of "))
    page.keyboard.press("Escape")
    expect(page.locator(".pane")).to_be_focused()
    page.keyboard.press("Escape")
    assert focused_place(page) == second
    page.keyboard.press("k")
    page.keyboard.press("m")
    expect(page.locator(".steers li")).to_have_count(1)
    assert first in page.evaluate("new URLSearchParams(location.search).getAll('more')")
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()


def test_escape_never_wipes_a_question_at_once(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "ethics")
    box(page).focus()
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("ethics")
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("")
    expect(page.locator(".home")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("dialog.keys dt").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keys")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(box(page)).to_be_focused()
    page.keyboard.type("what can hold")
    expect(page.locator(".name a.open")).to_have_text("What a note can hold")
    page.keyboard.press("Enter")
    expect(page.locator(TITLE)).to_have_text("What a note can hold")
    expect(page.locator(".pane")).to_be_focused()


def test_answers_come_with_the_first_keys_and_the_note_keeps_still(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "ethics")
    page.evaluate(
        """() => { window.moved = 0; window.judged = 0; let last = null;
        const look = () => { let typed = null;
          for (const host of document.querySelectorAll('*')) {
            const root = host.shadowRoot; if (!root) continue;
            const note = root.querySelector('.reader h2.title');
            if (note && root.querySelector('.desk.typing')) typed = note.textContent;
            const line = root.querySelector('.desk.typing .verdict');
            if (line && getComputedStyle(line).visibility === 'visible') window.judged++; }
          if (typed !== null && last !== null && typed !== last) window.moved++;
          last = typed; requestAnimationFrame(look); }; look(); }"""
    )
    box(page).fill("")
    box(page).press_sequentially("wombat census of the", delay=120)
    expect(page.locator(".best, .name").first).to_be_visible()
    assert page.evaluate("window.moved") == 0  # a pause between two keys may show another note
    assert page.evaluate("window.judged") == 0


def test_back_and_forward_are_right_across_views(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "ethics", folded=True)
    for view, wait in (("Map", "canvas"), ("Timeline", ".bars"), ("Links", "canvas")):
        page.get_by_role("link", name=view).click()
        expect(page.locator(wait).first).to_be_visible()
        expect(box(page)).to_have_value("ethics")
    page.go_back()
    expect(page.locator(".bars").first).to_be_visible()
    page.go_back()
    expect(page.locator("canvas").first).to_be_visible()
    page.go_back()
    expect(page.locator(".best")).to_be_visible()
    page.go_forward()
    expect(page.locator("canvas").first).to_be_visible()
    expect(box(page)).to_have_value("ethics")
    page.get_by_role("link", name="Index").click()
    build_button = page.get_by_role("button", name="Update now")
    expect(build_button).to_be_visible()
    page.go_back()
    expect(page.locator("canvas").first).to_be_visible()
    expect(build_button).to_have_count(0)
    expect(page).to_have_url(re.compile("view=Map"))
    expect(box(page)).to_have_value("ethics")
    page.go_forward()
    expect(build_button).to_be_visible()
    expect(page.locator("canvas")).to_have_count(0)
    expect(page).to_have_url(re.compile("view=Index"))
    expect(box(page)).to_have_value("ethics")
    box(page).fill("wombat census")
    expect(page.locator(".best")).to_contain_text("wombat")
    expect(page).not_to_have_url(re.compile("view="))
    page.go_back()
    expect(build_button).to_be_visible()
    expect(box(page)).to_have_value("ethics")
    page.go_forward()
    expect(page.locator(".best")).to_contain_text("wombat")
    expect(box(page)).to_have_value("wombat census")


def test_first_question_is_a_step_from_the_start_page(open_tab: OpenTab) -> None:
    page = open_tab()
    expect(page.locator(".home")).to_be_visible()
    box(page).press_sequentially("ethics", delay=30)
    expect(page.locator(".best")).to_be_visible()
    expect(page).to_have_url(re.compile("q=ethics"))
    page.go_back()
    expect(page.locator(".home")).to_be_visible()
    expect(box(page)).to_have_value("")


class Slow:
    """Holds back what a tab sends to its server until ``let_go``."""

    def __init__(self, page: Page) -> None:
        """Reload the tab, so that its messages pass through here."""
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        self.holds = False
        page.route_web_socket(re.compile("/_stcore/stream"), self._route)
        page.reload()
        expect(page.locator(".home")).to_be_visible()

    def _route(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(
            lambda sent: self._held.append((server, sent)) if self.holds else server.send(sent)
        )

    def let_go(self) -> None:
        self.holds = False
        for server, sent in self._held:
            server.send(sent)
        self._held.clear()


def test_enter_waits_for_the_answer_to_its_question(open_tab: OpenTab) -> None:
    """After half a second it opened the first result of the question before."""
    page = open_tab()
    slow = Slow(page)
    ask(page, "ethics")
    slow.holds = True
    box(page).fill("wombat census")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1_000)
    assert place_in_address(page) == ""
    slow.let_go()
    expect(page.locator(TITLE)).to_have_text("Doomed")
    expect(page.locator(".pane")).to_be_focused()
    expect(page).to_have_url(re.compile(r"q=wombat\+census&p=doomed\.md"))


def test_click_soon_after_enter_opens_what_is_clicked(open_tab: OpenTab) -> None:
    """The first result was opened half a second later, over the chosen one."""
    page = open_tab()
    ask(page, "pangolin")
    box(page).fill("does it talk about ethics?")
    page.keyboard.press("Enter")
    expect(page.locator(".desk")).to_have_attribute("data-question", "does it talk about ethics?")
    unfold(page)
    chosen = page.locator(".card").nth(1)
    place = chosen.get_attribute("data-place")
    chosen.locator("a.open").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(1_000)
    assert place_in_address(page) == place
    expect(page.locator(".desk")).to_have_attribute("data-place", str(place))


def test_another_question_is_a_step_of_its_own(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "ethics")
    page.locator(".card").nth(1).click()
    expect(page).to_have_url(re.compile("[?&]p="))
    opened = place_in_address(page)
    box(page).click()
    box(page).press_sequentially(" of data", delay=30)
    expect(page).to_have_url(re.compile("data"))
    expect(page.locator(".card").first).to_have_attribute("aria-current", "true")
    assert place_in_address(page) == ""
    page.go_back()
    expect(box(page)).to_have_value("ethics")
    assert place_in_address(page) == opened


def test_two_tabs_keep_their_own(open_tab: OpenTab) -> None:
    one, two = open_tab(), open_tab()
    ask(one, "ethics")
    ask(two, "learning rate")
    expect(two.locator(".card").first).to_contain_text(re.compile("learning rate", re.I))
    expect(one.locator(".card").first).to_contain_text("Ethics")
    one.locator(".card").nth(1).click()
    expect(one).to_have_url(re.compile("[?&]p="))
    assert place_in_address(two) == ""


def test_note_can_be_read_as_it_was_meant(open_tab: OpenTab) -> None:
    page = open_tab("?p=rich.md:9")
    prose = page.locator(".prose")
    expect(prose.locator("math mfrac")).to_have_count(1)  # as KaTeX writes it for readers aloud
    expect(prose.locator(".callout-tip .callout-title")).to_have_text("Keep it simple")
    expect(prose.locator("li.task.done")).to_have_text("done")
    expect(prose.locator("td").nth(1)).to_have_text("0.01")
    expect(prose.locator("pre code")).to_contain_text('print("hello")')
    prose.get_by_label("Footnote 1").click()
    expect(prose.locator(".footnote")).to_be_in_viewport()
    page.locator(".callout a").click()
    expect(page.locator(TITLE)).to_contain_text("Review")
    expect(page.locator(".around h3", has_text="Notes that link here")).to_be_visible()
    page.go_back()
    expect(page.locator(TITLE)).to_have_text("What a note can hold")


def test_quote_is_copied_and_answers_are_saved(open_tab: OpenTab) -> None:
    page = open_tab(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "ethics")
    page.locator(".card").first.get_by_role("button", name="Copy as a quote").click()
    expect(page.locator(".toast")).to_have_text("Quote copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("> Ethics never comes up")
    assert "review.md:" in copied
    for kind, part in (("Markdown", "> Ethics never"), ("JSON", '"hits"'), ("CSV", "rank,title")):
        page.locator("summary", has_text="Export").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        assert part in Path(download.value.path()).read_text("utf-8")


def test_steering_by_example_moves_the_answer(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "what could be better?")
    before = page.locator(".card .point").all_inner_texts()
    example = page.locator(".card .point").nth(1).inner_text()
    page.locator(".card", has_text=example).hover()
    page.locator(".card", has_text=example).get_by_role("button", name="More like this").click()
    expect(page.locator(".steers li")).to_have_count(1)
    expect(page.locator(".card .point", has_text=example)).to_have_count(0)
    page.locator(".steers button").click()
    expect(page.locator(".steers li")).to_have_count(0)
    unfold(page)
    assert page.locator(".card .point").all_inner_texts() == before


def test_points_of_one_note_are_folded_after_three(open_tab: OpenTab) -> None:
    page = open_tab("?q=pangolin&mode=Words&size=point")
    own = page.locator('.card[data-place^="many.md"]')
    unfold(page)
    fold = page.get_by_role("button", name=re.compile("more points? of this note")).first
    expect(fold).to_be_visible()
    before = own.count()
    fold.click()
    expect(own).not_to_have_count(before)
    assert focused_place(page).startswith("many.md")


def test_answer_takes_the_size_that_is_chosen(open_tab: OpenTab) -> None:
    page = open_tab("?q=no+pangolin+has+teeth")
    expect(page.locator(".best")).to_contain_text("has teeth")
    page.get_by_role("button", name="List", exact=True).click()
    expect(page.locator(".best .line")).to_have_count(8)
    expect(page).to_have_url(re.compile("size=list"))
    page.get_by_role("button", name="Point", exact=True).click()
    expect(page.locator(".best .line")).to_have_count(1)
    page.go_back()
    expect(page.locator(".best .line")).to_have_count(8)


def test_tag_of_a_note_filters(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "quokka loss")
    page.get_by_role("button", name="#sample").first.click()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    expect(page).to_have_url(re.compile("tag=sample"))


def test_fix_of_a_link_is_copied(open_tab: OpenTab) -> None:
    page = open_tab("?view=Links", permissions=["clipboard-read", "clipboard-write"])
    row = page.locator("tr", has_text="is written wrongly")
    target = "https://www.coursera.org/specializations/deep-learning"
    expect(row).to_contain_text(target)
    row.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast", has_text="Copied")).to_be_visible()
    fix = f"[the Deep Learning Specialization on Coursera]({target})"
    assert page.evaluate("navigator.clipboard.readText()") == fix


def test_outline_leads_through_a_note_that_is_published(open_tab: OpenTab) -> None:
    page = open_tab("?p=2020-04-07-deeplearningai-nns-and-dl.md")
    entry = page.locator(".found button").last
    heading = page.locator(".prose [data-level]").last
    expect(heading).not_to_be_in_viewport()
    expect(heading).to_have_text(entry.inner_text())
    entry.click()
    expect(heading).to_be_in_viewport()
    expect(page.locator(".found button[aria-current]")).to_have_count(1)  # the list follows
    published = page.locator(".meta a")
    expect(published).to_have_text(re.compile("published"))
    address = f"{SITE}/2020-04-07-deeplearningai-nns-and-dl.html"
    expect(published).to_have_attribute("href", address)
    expect(published).to_have_attribute("rel", "noopener noreferrer")
    page.locator("summary", has_text="Open in").click()
    expect(page.get_by_role("link", name="The published page")).to_have_attribute("href", address)


def test_star_and_example_questions(open_tab: OpenTab) -> None:
    page = open_tab()
    page.locator(".home section", has_text="Try asking").first.get_by_role("link").first.click()
    expect(page.locator(".card, .verdict").first).to_be_visible()
    expect(box(page)).not_to_have_value("")
    question = box(page).input_value()
    page.get_by_role("button", name="Save this search").click()
    expect(page.get_by_role("button", name="Saved", exact=True)).to_be_visible()
    other = open_tab()
    saved = other.locator(".home section", has_text="Saved searches")
    expect(saved.get_by_role("link")).to_have_text(question)
    saved.get_by_role("button", name="Give it a name").click()
    other.keyboard.type("My own name")
    other.keyboard.press("Enter")
    expect(saved.get_by_role("link")).to_have_text("My own name")
    saved.get_by_role("button", name="Remove from the list").click()
    expect(saved).to_have_count(0)


def test_items_are_marked_with_all_below_them(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "quokka roster")
    page.get_by_role("button", name="List", exact=True).click()
    item = page.locator(".pane .here", has_text="roster of the island")
    expect(item).to_have_count(1)
    expect(item).to_contain_text("every other page")


def test_map_timeline_and_links_open_points_next_to_them(open_tab: OpenTab) -> None:
    page = open_tab("?view=Map&q=ethics")
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("A map of"))
    page.get_by_text("Show as table").click()
    page.locator(".table td a").first.click()
    expect(page.locator(".reader .here").first).to_be_visible()
    assert point_is_in_view(page)
    page.go_back()
    expect(page.locator(".reader")).to_have_count(0)
    page.get_by_role("link", name="Timeline").click()
    page.locator(".months a").first.click()
    expect(page.locator(".reader .here").first).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".reader")).to_have_count(0)
    page.get_by_role("link", name="Links").click()
    row = page.locator("tr", has_text="missing.md")
    expect(row).to_contain_text("no such note")
    row.get_by_role("link").click()
    expect(page.locator(TITLE)).to_have_text("What a note can hold")


def test_dot_of_the_map_opens_its_point(open_tab: OpenTab) -> None:
    page = open_tab("?view=Map&q=wombat+census&mode=Words")
    canvas = page.locator("canvas")
    expect(canvas).to_be_visible()
    page.wait_for_timeout(300)
    size = canvas.bounding_box()
    assert size is not None
    for x in range(10, int(size["width"]), 14):  # a scan of the width soon finds a dot
        page.mouse.move(size["x"] + x, size["y"] + size["height"] / 2)
        if page.locator(".tip").is_visible():
            break
    tip = page.locator(".tip b").inner_text()
    page.mouse.down()
    page.mouse.up()
    expect(page.locator(TITLE)).to_have_text(tip)


def test_narrow_window_shows_list_or_note(open_tab: OpenTab) -> None:
    page = open_tab("?q=ethics", viewport={"width": 390, "height": 800})
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator(".reader")).to_be_hidden()
    page.locator(".card a.open").first.click()
    expect(page.locator(".reader")).to_be_visible()
    expect(page.locator(".card").first).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Results").click()
    expect(page.locator(".card").first).to_be_visible()


def test_formula_wider_than_a_narrow_window_scrolls_by_itself(open_tab: OpenTab) -> None:
    page = open_tab("?q=ibis+count", viewport={"width": 390, "height": 800})
    page.locator(".card a.open").first.click()
    frame = page.locator(".prose .wide")
    expect(frame).to_be_visible()
    assert frame.evaluate("one => one.scrollWidth > one.clientWidth")
    pane = page.locator(".reader .pane")
    assert pane.evaluate("one => one.scrollWidth <= one.clientWidth")


# --- while things change ------------------------------------------------------------------------


def test_note_saved_on_disk_is_found_by_itself(open_tab: OpenTab, server: Server) -> None:
    page = open_tab("?q=narwhal+migration&mode=Words")
    expect(page.locator(".notice")).to_contain_text("Not in your notes")
    note = server.notes / "fresh.md"
    note.write_text("# Fresh\n\n- the narwhal migration begins in June\n", "utf-8")
    expect(page.locator(".card").first).to_contain_text("narwhal", timeout=30_000)
    note.unlink()
    expect(page.locator(".card")).to_have_count(0, timeout=30_000)


def test_note_deleted_between_search_and_open(open_tab: OpenTab, server: Server) -> None:
    page = open_tab()
    ask(page, "wombat census")
    expect(page.locator(".card").first).to_contain_text("wombat")
    note = server.notes / "doomed.md"
    content = note.read_text("utf-8")
    link = page.locator(".card", has_text="wombat").locator("a.open").element_handle()
    try:
        note.unlink()
        link.evaluate("one => one.click()")  # at once, because the card disappears soon
        expect(page.locator(".gone")).to_contain_text("cannot be opened")
        expect(page.locator(".card", has_text="wombat")).to_have_count(0)
    finally:
        note.write_text(content, "utf-8")


def test_searches_go_on_during_a_rebuild(open_tab: OpenTab) -> None:
    builder, page = open_tab("?view=Index"), open_tab()
    expect(builder.get_by_role("button", name="Update now")).to_be_visible()
    builder.get_by_role("button", name="Rebuild from scratch").click()
    expect(builder.get_by_role("button", name="Cancel")).to_be_visible()
    answered = 0
    for question in ("ethics", "learning rate", "convolution", "dev set"):
        ask(page, question)
        answered += page.get_by_test_id("stException").count() == 0
    assert answered == 4
    expect(builder.get_by_text(re.compile("Last build: "))).to_be_visible(timeout=180_000)
    expect(page.locator(".card").first).to_be_visible()


# --- hostile input ------------------------------------------------------------------------------


# What a script of a note would look like, in the elements and in the page around them.
HARMFUL = """() => {
  const bad = [];
  const look = (root) => {
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot) look(one.shadowRoot);
      const own = root !== document;
      const picture = one.matches('img[src^="data:image/"], img[src^="/notepoint/file?"]');
      if (own && (one.matches('script, iframe, style:empty') || one.matches('img') && !picture))
        bad.push(one.outerHTML);
      for (const { name, value } of one.attributes)
        if ((own && name.startsWith('on')) || /^\\s*(javascript|data:text)/i.test(value))
          bad.push(name + value);
    }
  };
  look(document);
  return bad;
}"""
HOSTILE = [
    "?q=zebrafish+probe",
    "?p=probe.md:8",
    "?q=<script>window.pwned=1</script>zebrafish",
    "?p=<img src=x onerror=window.pwned=1>:3",
    "?view=Map&q=zebrafish",
    "?view=Timeline&q=zebrafish",
    "?view=Links",
    "?view=Index",
    "?view=%3Cscript%3E&tag=%3Cscript%3E&since=x&k=-1&more=a&less=b:c&mode=none&q=zebrafish",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_notes_and_addresses_stay_text(
    open_tab: OpenTab, server: Server, query: str
) -> None:
    page = open_tab()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(server.address + "/" + query)
    if "view=Index" in query:
        expect(page.locator("table").first).to_be_visible()
    elif "view=Links" in query:
        expect(page.locator("canvas")).to_be_visible()
    elif "p=<" in query:
        expect(page.locator(".gone")).to_contain_text("<img src=x onerror")
    elif "view=Map" in query:
        page.get_by_text("Show as table").click()
        expect(page.locator(".table td").first).to_contain_text("zebrafish probe")
    elif "view=Timeline" in query:
        expect(page.locator(".months")).to_contain_text("Probe <script>")
    else:
        expect(page.locator(".reader")).to_contain_text("<script>window.pwned=1</script>")
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is None
    outside = [
        url for url in asked if not re.match(rf"(http|ws)://127\.0\.0\.1:{server.port}/", url)
    ]
    assert [url for url in outside if not url.startswith(("data:", "blob:"))] == []
    assert any(url.endswith(".js") for url in asked), "the requests were not recorded"
    found = page.evaluate(HARMFUL)
    assert found == []


def test_page_listens_on_this_machine_alone(server: Server) -> None:
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    own = Path("/proc/net/tcp")
    if own.exists():
        port = f":{server.port:04X}"
        lines = [line.split()[1] for line in own.read_text().splitlines() if port in line]
        listening = {line.partition(":")[0] for line in lines if line.endswith(port)}
        assert listening == {"0100007F"}
    for address in addresses - {"127.0.0.1", "::1", "127.0.1.1"}:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.settimeout(2)
            with pytest.raises((OSError, AssertionError)):
                probe.connect((address, server.port))


@pytest.mark.parametrize(
    ("header", "value"), [("Host", "evil.example"), ("Origin", "http://evil.example")]
)
def test_foreign_host_or_origin_is_refused(server: Server, header: str, value: str) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {
        "Host": f"127.0.0.1:{server.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    } | {header: value}
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    for name, content in headers.items():
        connection.putheader(name, content)
    connection.endheaders()
    assert connection.getresponse().status == 403
    connection.close()


# --- names --------------------------------------------------------------------------------------


def test_note_whose_name_is_not_utf8_is_followed_reloaded_and_asked_for(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "out.md").write_text("# Out\n\nto [the menu](caf%E9.md)\n")
    (notes / "caf\udce9.md").write_text("# Menu\n\n- espresso and cake\n\n![plan](pl%E4n.png)\n")
    Image.new("RGB", (30, 20)).save(tmp_path / "plan.png")
    (tmp_path / "plan.png").rename(notes / "pl\udce4n.png")
    build(notes)
    server = Server(notes)
    try:
        page = open_tab("?p=out.md", at=server.address)
        page.locator(".prose a", has_text="the menu").click()
        expect(page.locator(".prose")).to_contain_text("espresso")
        assert parse_qs(urlsplit(page.url).query)["p"] == [r"caf\xe9.md"]
        page.reload()
        expect(page.locator(".prose")).to_contain_text("espresso")
        picture = page.locator(".prose .picture img")
        page.wait_for_function("one => one.naturalWidth === 30", arg=picture.element_handle())
        page.goto(f"{server.address}?q=espresso")
        expect(page.locator(".prose")).to_contain_text("espresso and cake")
    finally:
        server.close()


# --- first moments ------------------------------------------------------------------------------


def test_missing_index_is_built_from_the_page_cancelled_and_built_again(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    notes = make_notes(tmp_path / "notes")
    server = Server(notes)
    try:
        page = open_tab(at=server.address)
        expect(page.get_by_role("heading", name="Your notes are not indexed yet")).to_be_visible()
        page.get_by_role("button", name="Build the index").click()
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Last build: cancelled")).to_be_visible()
        expect(page.get_by_role("heading", name="Your notes are not indexed yet")).to_be_visible()
        page.get_by_role("button", name="Build the index").click()
        expect(page.locator(".home")).to_be_visible(timeout=180_000)
        expect(page.locator(".lead")).to_contain_text("Ask 11 notes")
        expect(page.get_by_text(re.compile(r"^11 notes, 2\d\d points$"))).to_be_visible()
        ask(page, "ethics")
    finally:
        server.close()

"""The page as it is used: what a reader does, in a real browser."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.conftest import SITE, OpenTab, Server, make_notes

pytestmark = pytest.mark.slow

TITLE = ".reader h2.title"
FOCUS = """() => { let at = document.activeElement;
while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement; return at; }"""


def box(page: Page):
    return page.locator('input[type="search"]')


def ask(page: Page, question: str) -> None:
    box(page).fill(question)
    expect(page.locator(".card").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]q="))


def expect_opened(page: Page, card: Locator) -> None:
    """Wait until the note of a card is shown at its point, as the address says too."""
    expect(card).to_have_attribute("aria-current", "true")
    place = card.get_attribute("data-place") or ""
    expect(page.locator(".desk")).to_have_attribute("data-place", place)


def place_in_address(page: Page) -> str:
    return str(page.evaluate("new URLSearchParams(location.search).get('p') || ''"))


def point_is_in_view(page: Page) -> bool:
    """Tell whether the marked point lies within its pane, and the pane within the window."""
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
    assert other.locator(".card .point").all_inner_texts() == cards
    assert place_in_address(other) == place_in_address(page)
    expect(box(other)).to_have_value("learning")
    assert point_is_in_view(other)


def test_keyboard_does_it_all(open_tab: OpenTab) -> None:
    page = open_tab()
    expect(page.locator(".home")).to_be_visible()
    page.locator(".lead").click()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    for letter in "exploratory data analysis gets":  # thirty keys, and the focus stays
        page.keyboard.type(letter, delay=20)
        assert page.evaluate(f"({FOCUS})().type") == "search"
    expect(box(page)).to_have_value("exploratory data analysis gets")
    expect(page.locator(".card").first).to_contain_text("Exploratory")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.locator(".card").nth(1).get_attribute("data-place")
    assert page.evaluate(f"({FOCUS})().closest('.card').dataset.place") == second
    page.keyboard.press("Enter")
    expect_opened(page, page.locator(".card").nth(1))
    assert place_in_address(page) == second
    assert point_is_in_view(page)
    page.keyboard.press("k")
    first = page.evaluate(f"({FOCUS})().closest('.card').dataset.place")
    page.keyboard.press("m")
    expect(page.locator(".steers li")).to_have_count(1)
    assert first in page.evaluate("new URLSearchParams(location.search).getAll('more')")
    page.keyboard.press("Escape")
    expect(box(page)).to_be_focused()


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
    page.get_by_role("button", name="Formulas").count()
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
    page.locator(".card").nth(3).hover()
    page.locator(".card").nth(3).get_by_role("button", name="More like this").click()
    expect(page.locator(".steers li")).to_have_count(1)
    assert page.locator(".card .point").all_inner_texts() != before
    page.locator(".steers button").click()
    expect(page.locator(".steers li")).to_have_count(0)
    assert page.locator(".card .point").all_inner_texts() == before


def test_points_of_one_note_are_folded_after_three(open_tab: OpenTab) -> None:
    page = open_tab("?q=pangolin&mode=Words")
    own = page.locator('.card[data-place^="many.md"]')
    fold = page.get_by_role("button", name="2 more points of this note")
    expect(fold).to_be_visible()
    expect(own).to_have_count(3)
    fold.click()
    expect(own).to_have_count(5)
    expect(fold).to_have_count(0)
    assert page.evaluate(f"({FOCUS})().closest('.card').dataset.place").startswith("many.md")
    box(page).fill("scales of a pangolin")  # another question folds again
    expect(page.locator(".desk")).to_have_attribute("data-question", "scales of a pangolin")
    expect(own).to_have_count(3)


def test_mend_of_a_link_is_copied(open_tab: OpenTab) -> None:
    page = open_tab("?view=Links", permissions=["clipboard-read", "clipboard-write"])
    row = page.locator("tr", has_text="the wrong way round")
    target = "https://www.coursera.org/specializations/deep-learning"
    expect(row).to_contain_text(target)
    row.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast", has_text="Copied")).to_be_visible()
    mend = f"[the Deep Learning Specialization on Coursera]({target})"
    assert page.evaluate("navigator.clipboard.readText()") == mend


def test_outline_leads_through_a_note_that_is_published(open_tab: OpenTab) -> None:
    page = open_tab("?p=2020-04-07-deeplearningai-nns-and-dl.md")
    page.locator(".contents summary").click()
    entry = page.locator("details[open] .menu button").last
    heading = page.locator(".prose [data-level]").last
    expect(heading).not_to_be_in_viewport()
    expect(heading).to_have_text(entry.inner_text())
    entry.click()
    expect(heading).to_be_in_viewport()
    expect(page.locator("details[open]")).to_have_count(0)
    published = page.locator(".meta a")
    expect(published).to_have_text(re.compile("published"))
    address = f"{SITE}/2020-04-07-deeplearningai-nns-and-dl.html"
    expect(published).to_have_attribute("href", address)
    expect(published).to_have_attribute("rel", "noopener noreferrer")
    page.locator("summary", has_text="Open in").click()
    expect(page.get_by_role("link", name="The published page")).to_have_attribute("href", address)


def test_star_and_example_questions(open_tab: OpenTab) -> None:
    page = open_tab()
    page.locator(".home a", has_text="What about").first.click()
    expect(page.locator(".card").first).to_be_visible()
    question = box(page).input_value()
    page.get_by_role("button", name="Star this search").click()
    expect(page.get_by_role("button", name="Starred")).to_be_visible()
    other = open_tab()
    expect(other.locator(".home section", has_text="Starred").get_by_role("link")).to_have_text(
        question
    )
    other.get_by_role("button", name="Take the star away").click()
    expect(other.locator(".home section", has_text="Starred")).to_have_count(0)


def test_map_timeline_and_links_open_points_beside_them(open_tab: OpenTab) -> None:
    page = open_tab("?view=Map&q=ethics")
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("A map of"))
    page.get_by_text("The same as a table").click()
    page.locator(".table td a").first.click()
    expect(page.locator(".reader .here").first).to_be_visible()
    assert point_is_in_view(page)
    page.go_back()
    expect(page.locator(".reader")).to_have_count(0)
    page.get_by_role("radio", name="Timeline").click()
    page.locator(".months a").first.click()
    expect(page.locator(".reader .here").first).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".reader")).to_have_count(0)
    page.get_by_role("radio", name="Links").click()
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
    for x in range(10, int(size["width"]), 14):  # wherever the dots lie, one is soon met
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
    page.locator(".card a.open").nth(1).click()
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
    expect(page.locator(".notice")).to_contain_text("Nothing in your notes")
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
        link.evaluate("one => one.click()")  # at once: soon the card is gone as well
        expect(page.locator(".gone")).to_contain_text("cannot be opened")
        expect(page.locator(".card", has_text="wombat")).to_have_count(0)
    finally:
        note.write_text(content, "utf-8")


def test_searches_go_on_during_a_rebuild(open_tab: OpenTab) -> None:
    builder, page = open_tab("?view=Index"), open_tab()
    generation = builder.get_by_test_id("stMetric").filter(has_text="Generation")
    expect(generation).to_be_visible()
    before = generation.inner_text()
    builder.get_by_role("button", name="Build anew").click()
    expect(builder.get_by_role("button", name="Cancel")).to_be_visible()
    answered = 0
    for question in ("ethics", "learning rate", "convolution", "dev set"):
        ask(page, question)
        expect(page.locator(".found h2")).to_have_text(re.compile("points? in"))
        answered += page.get_by_test_id("stException").count() == 0
    assert answered == 4
    expect(generation).not_to_have_text(before, timeout=180_000)
    expect(page.locator(".card").first).to_be_visible()


# --- what must not get through ------------------------------------------------------------------


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
        page.get_by_text("The same as a table").click()
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
        expect(page.locator(".lead")).to_contain_text("points of 7 notes")
        ask(page, "ethics")
    finally:
        server.close()

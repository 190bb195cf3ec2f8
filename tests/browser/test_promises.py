"""What the page promises in small things, each by a walk in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from browser.conftest import OpenTab, Server, build
from browser.test_walks import ask, box, unfold

pytestmark = pytest.mark.slow

# Every control that a finger can reach, with its size; links within a line of text are none.
SMALL = """() => {
  const found = [];
  const look = (root) => {
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot) look(one.shadowRoot);
      if (!one.matches('button, summary, select, input, .views a, .home li a')) continue;
      if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      // Bars are as high as their figures; the list below them says the same.
      if (one.closest('.prose, .around, .bars') || one.type === 'hidden') continue;
      const box = one.getBoundingClientRect();
      const label = one.closest('label')?.getBoundingClientRect();
      const height = Math.max(box.height, label?.height || 0);
      if (!box.width || box.bottom < 0 || box.top > innerHeight) continue;
      if (height < 43.5) found.push(`${one.outerHTML.slice(0, 120)} ${box.width}x${height}`);
    }
  };
  look(document);
  return found;
}"""
# Elements that scroll within the scrolling page.
NESTED = """() => {
  const found = [];
  const look = (root) => {
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot) look(one.shadowRoot);
      const style = getComputedStyle(one);
      if (/auto|scroll/.test(style.overflowY) && one.scrollHeight > one.clientHeight + 4)
        found.push(one.className || one.dataset.testid);
    }
  };
  look(document);
  return found.filter((name) => !String(name).includes('stMain'));
}"""
GREETING = re.compile(r"Notepoint is at http://\S+ +\(Ctrl-C ends it\)\n")
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 800},
    "has_touch": True,
    "is_mobile": True,
}


def style_of(where: Locator, name: str) -> str:
    return str(where.evaluate(f"one => getComputedStyle(one).{name}"))


# --- the answer ---------------------------------------------------------------------------------


def test_question_with_one_answer_gets_one_large_card(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "does it talk about ethics?", folded=True)
    expect(page.locator(".card:visible")).to_have_count(1)
    best = page.locator(".best")
    assert "Serif" in style_of(best.locator(".answer"), "fontFamily")
    assert style_of(best, "borderTopWidth") == "0px"
    assert float(style_of(best.locator(".answer"), "fontSize")[:-2]) >= 19
    expect(best.locator("mark").first).to_have_text("Ethics")
    expect(best.locator(".why span")).to_have_text([re.compile("^has ethics")])
    expect(page.locator("details.weaker > summary")).to_have_text(re.compile(r"^\d+ weaker match"))
    unfold(page)
    reasons = page.locator(".card .why").all()
    assert reasons
    for one in reasons:
        assert one.inner_text().strip()


def test_cards_are_grouped_and_meaning_is_a_tint(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "the teacher explains slowly and repeats things")
    titles = page.locator(".group > header > a").all_inner_texts()
    assert len(titles) == len(set(titles))
    near = page.locator(".near").first
    expect(near).to_be_visible()
    assert style_of(near, "textDecorationLine") == "none"
    assert style_of(near, "backgroundColor") != "rgba(0, 0, 0, 0)"


def test_code_is_monospaced_on_its_card(open_tab: OpenTab, server: Server) -> None:
    page = open_tab("?q=print+hello&mode=Words&size=point")
    expect(page.locator(".best .mono")).to_contain_text('print("hello")')
    assert "mono" in style_of(page.locator(".best .mono"), "fontFamily").lower()
    note = server.notes / "coded.md"
    note.write_text("# Coded\n\nThe okapi runs:\n\n```\nokapi --run\n```\n", "utf-8")
    try:
        ask(page, "okapi runs")
        expect(page.locator(".best")).to_contain_text("okapi --run")
        code = "".join(page.locator(".best .mono").all_inner_texts())
        assert code.strip() == "okapi --run"
    finally:
        note.unlink()


def test_steering_shows_what_moved(open_tab: OpenTab) -> None:
    page = open_tab("?q=what+could+be+better%3F&size=point")
    expect(page.locator(".best")).to_be_visible()
    unfold(page)
    card = page.locator(".group .card").last
    card.hover()
    card.get_by_role("button", name="More like this").click()
    expect(page.locator(".steers li")).to_have_count(1)
    expect(page.locator(".moved").first).to_have_text(re.compile(r"^[\u2191\u2193]\d+$"))


# --- the box ------------------------------------------------------------------------------------


def test_operators_are_completed_by_keyboard(open_tab: OpenTab) -> None:
    page = open_tab()
    expect(box(page)).to_be_focused()
    page.keyboard.type("/tag:sam", delay=20)  # the key that leads to the box is no text in it
    offered = page.locator(".completions button")
    expect(offered).to_have_text(["tag:sample"])
    offered.press("Enter")
    expect(box(page)).to_have_value(re.compile("^tag:sample"))
    expect(box(page)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("quokka", delay=20)
    expect(page.locator(".best")).to_contain_text("quokka")
    page.keyboard.press("Control+a")
    page.keyboard.type('"wombat census" -quokka', delay=10)
    expect(page.locator(".best")).to_contain_text("wombat census")


def test_sizes_and_filters_stay_in_the_address(open_tab: OpenTab) -> None:
    page = open_tab("?q=no+pangolin+has+teeth")
    for size in ("Point", "List", "Section", "Note"):
        page.get_by_role("button", name=size, exact=True).click()
        expect(page).to_have_url(re.compile(f"size={size.lower()}"))
        pressed = page.locator(".sizes [aria-pressed=true]")
        expect(pressed).to_have_text(size)
    page.reload()
    expect(page.locator(".sizes [aria-pressed=true]")).to_have_text("Note")


def test_export_is_named_after_the_question(open_tab: OpenTab) -> None:
    page = open_tab()
    ask(page, "does it talk about ethics?")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown", exact=True).click()
    assert re.fullmatch(r"does it talk about ethics.*\.md", download.value.suggested_filename)


def test_link_to_a_point_leads_back_to_it(open_tab: OpenTab) -> None:
    page = open_tab(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "wombat census")
    page.locator(".best").hover()
    page.locator(".best").get_by_role("button", name="Copy the link to this point").click()
    expect(page.locator(".toast")).to_have_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    other = open_tab(link.partition("/?")[2] and f"/?{link.partition('/?')[2]}")
    expect(other.locator(".reader h2.title")).to_have_text("Doomed")
    expect(other.locator(".pane .here").first).to_contain_text("wombat census")


# --- settings -----------------------------------------------------------------------------------


def test_settings_are_kept(open_tab: OpenTab) -> None:
    page = open_tab("?p=rich.md:9")
    page.get_by_role("button", name="Settings").click()
    dialog = page.locator("dialog.settings")
    names = dialog.locator("select option").all_inner_texts()
    wanted = ("VS Code", "Cursor", "Zed", "Obsidian")  # others if they are installed
    assert [one for one in wanted if not any(one in name for name in names)] == []
    dialog.get_by_text("Larger", exact=True).click()
    dialog.locator("select").select_option("Zed")
    dialog.get_by_text("Dark", exact=True).click()  # the page is loaded again
    expect(page.locator("dialog.settings")).to_have_count(0)
    expect(page.locator(".prose .katex").first).to_be_visible()
    ground = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 22, 27)"
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    expect(page.locator(".tools").get_by_text("Zed").first).to_be_visible()
    page.get_by_role("button", name="Settings").click()
    assert page.locator("dialog.settings select").input_value() == "Zed"


# --- home and folders ---------------------------------------------------------------------------


def test_home_lists_notes_by_folder_date_and_title(open_tab: OpenTab) -> None:
    page = open_tab()
    notes = page.locator(".home section", has=page.get_by_role("heading", name="Notes"))
    notes.get_by_role("button", name="Title").click()
    titles = notes.locator(".tree li > a").all_inner_texts()
    assert titles == sorted(titles, key=str.casefold)
    notes.get_by_text("What a note can hold").click()
    expect(page.locator(".reader h2.title")).to_have_text("What a note can hold")
    page.get_by_role("link", name="Notepoint").click()
    again = page.locator(".home section", has_text="Pick up again")
    expect(again.get_by_role("link", name="What a note can hold")).to_be_visible()


def test_index_says_what_to_do_for_each_file(open_tab: OpenTab) -> None:
    page = open_tab("?view=Index")
    row = page.locator("tr", has_text="broken.md")
    expect(row.first).to_be_visible()
    cells = row.first.locator("td").all_inner_texts()
    assert len(cells) == 4
    assert all(cells)


def test_folder_is_added_asked_filtered_and_removed(open_tab: OpenTab, tmp_path: Path) -> None:
    one, two = tmp_path / "garden", tmp_path / "work"
    for folder, text in ((one, "the beans climb in June"), (two, "the beans counter left")):
        folder.mkdir()
        (folder / "beans.md").write_text(f"# Beans\n\n- {text}\n", "utf-8")
    build(one)
    server = Server(one, cache=tmp_path / "cache")
    try:
        page = open_tab("/?view=Index", at=server.address)
        page.get_by_text("Add a folder, to be asked together").click()
        page.locator(".st-key-folder_path_add input, [class*=st-key-folder_path] input").first.fill(
            str(two)
        )
        page.get_by_role("button", name="Add this folder").click()
        expect(page.get_by_text("2 notes, 2 points")).to_be_visible(timeout=180_000)
        ask(page, "beans")
        expect(page.locator(".card:not(.name)")).to_have_count(2)
        page.get_by_role("button", name="Filters").click()
        field = page.locator(".st-key-folder input")
        field.click()
        page.keyboard.type("work")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
        expect(page.locator(".card:not(.name)")).to_have_count(1)
        expect(page.locator(".card:not(.name)")).to_contain_text("counter left")
        page.goto(f"{server.address}/?view=Index")
        page.get_by_role("button", name="Remove").nth(1).click()
        expect(page.get_by_text("1 note, 1 point", exact=True)).to_be_visible(timeout=180_000)
        assert (two / "beans.md").is_file()
        said = (one.parent / f"said-by-{server.port}").read_text("utf-8")
        assert GREETING.fullmatch(said), said
    finally:
        server.close()


# --- small things -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "view",
    ["", "?q=ethics", "?p=rich.md:9", "?view=Map", "?view=Timeline", "?view=Links", "?view=Index"],
)
def test_phone_has_large_targets_and_one_scrolling_page(open_tab: OpenTab, view: str) -> None:
    page = open_tab(view, **PHONE)
    expect(page.locator(".st-key-pulse")).to_contain_text("points")
    page.wait_for_timeout(1_000)
    assert page.evaluate(SMALL) == []
    assert page.evaluate(NESTED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("view", ["Links", "Index"])
def test_tables_do_not_scroll_sideways_on_a_phone(open_tab: OpenTab, view: str) -> None:
    page = open_tab(f"?view={view}", **PHONE)
    table = page.locator(".table:has(.wide)").first
    expect(table).to_be_visible()
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
    cell = table.locator("tbody td").first
    expect(cell).to_have_attribute("data-column", "Where")
    assert cell.evaluate("one => getComputedStyle(one, '::before').content") == '"Where"'


def test_ranks_on_the_map_do_not_cover_each_other(open_tab: OpenTab) -> None:
    page = open_tab("?view=Map&q=pangolin&mode=Words")
    canvas = page.locator("canvas")
    expect(canvas).to_be_visible()
    # The texts that were drawn, with their places; a drawing is asked for by a change of the size.
    page.evaluate(
        """() => { window.ranks = {};
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          if (/^\\d+$/.test(text)) window.ranks[text] = [x, y];
          write.call(this, text, x, y); };
        window.dispatchEvent(new Event('resize')); }"""
    )
    page.wait_for_function("Object.keys(window.ranks).length >= 8")
    page.wait_for_timeout(1_000)  # the dots have moved to their last places
    page.evaluate("window.ranks = {}; window.dispatchEvent(new Event('resize'))")
    spots = list(page.evaluate("window.ranks").values())
    assert len(spots) >= 8
    for i, (x, y) in enumerate(spots):
        for left, top in spots[:i]:
            assert (x - left) ** 2 + (y - top) ** 2 >= 19**2


def test_terminal_shows_the_greeting_alone(open_tab: OpenTab, server: Server) -> None:
    page = open_tab()
    ask(page, "ethics")
    page.get_by_role("link", name="Map").click()
    expect(page.locator("canvas")).to_be_visible()
    page = open_tab("?q=xylographer&mode=Words")
    page.get_by_role("button", name="Search by meaning too").click()
    expect(page.get_by_text("No note contains these words")).to_have_count(0)
    page.close()
    said = (server.notes.parent / f"said-by-{server.port}").read_text("utf-8")
    assert GREETING.fullmatch(said), said


def test_whole_note_is_copied(open_tab: OpenTab) -> None:
    page = open_tab("?p=rich.md", permissions=["clipboard-read", "clipboard-write"])
    page.locator("summary", has_text="Copy").click()
    page.get_by_role("button", name="The whole note").click()
    expect(page.locator(".toast")).to_have_text("Note copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "Keep it simple" in copied
    assert "Its footnote." in copied

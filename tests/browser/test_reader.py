"""A note looks as in note editors: formulas, diagrams, pictures, both text directions."""

from __future__ import annotations

import urllib.request

import pytest
from playwright.sync_api import expect

from browser.conftest import OpenTab, Server

pytestmark = pytest.mark.slow

NOTE = "?p=dialects.md"
# The HTML that KaTeX creates for each formula, compared with the HTML in the note.
SAME_AS_KATEX = """() => {
  const prose = Array.from(document.querySelectorAll('*')).map((one) => one.shadowRoot)
    .filter(Boolean).map((root) => root.querySelector('.prose')).find(Boolean);
  const macros = {};
  const plain = String.raw`\\gdef\\label#1{}`;
  window.katex.renderToString(plain, { macros, globalGroup: true });
  return Array.from(prose.querySelectorAll('[data-tex]')).map((one) => {
    const options = { displayMode: one.dataset.display === 'block', throwOnError: false, macros,
      errorColor: 'var(--bad)', strict: 'ignore', globalGroup: true };
    const made = document.createElement('span');
    window.katex.render(one.dataset.tex, made, options);
    const own = one.querySelector('.katex-html'), wanted = made.querySelector('.katex-html');
    return own.outerHTML === wanted.outerHTML;
  });
}"""


def test_formulas_are_what_katex_draws_and_one_command_costs_itself_alone(
    open_tab: OpenTab,
) -> None:
    page = open_tab(NOTE)
    expect(page.locator(".prose .katex:not(.embed .katex)")).to_have_count(5)
    assert page.evaluate(SAME_AS_KATEX) == [True] * 7
    inline = page.locator(".prose p", has_text="Kramdown writes").locator(".formula")
    expect(inline).to_have_count(4)
    assert inline.first.evaluate("one => getComputedStyle(one).display") == "inline"
    unknown = inline.nth(2).locator(".katex-html")
    expect(unknown).to_contain_text("qqunknown")
    expect(unknown).to_contain_text("y")
    expect(page.locator("div.formula .katex-html .mtable")).to_have_count(1)
    loaded = "document.fonts.load('16px KaTeX_Main').then((all) => all.map((one) => one.status))"
    assert set(page.evaluate(loaded)) == {"loaded"}


def test_diagrams_pictures_and_files_are_shown(open_tab: OpenTab, server: Server) -> None:
    page = open_tab(NOTE)
    diagram = page.locator(".prose img.diagram")
    expect(diagram).to_be_visible()
    assert diagram.evaluate("one => one.naturalWidth") > 50
    wide = page.locator(".prose .picture img").first
    expect(wide).to_be_visible()
    page.wait_for_function("one => one.naturalWidth === 1600", arg=wide.element_handle())
    expect(page.locator(".prose .picture img[alt=plan]")).to_have_attribute("width", "60")
    wide.click()
    large = page.locator("dialog[open] img")
    page.wait_for_function("one => one.naturalWidth === 2600", arg=large.element_handle())
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    file = page.get_by_role("link", name="Blatt")
    answer = page.request.get(server.address + str(file.get_attribute("href")))
    assert answer.headers["content-type"] == "application/pdf"
    svg = page.locator(".prose img[alt=plan]").get_attribute("src")
    policy = page.request.get(server.address + str(svg)).headers["content-security-policy"]
    assert "sandbox" in policy
    for path in ("dialects.md", "../outside", ".notepoint/searches.json"):
        assert page.request.get(f"{server.address}/notepoint/file?path={path}").status == 404
    with pytest.raises(OSError):  # nor without the token
        urllib.request.urlopen(server.address + str(svg))


def test_embedded_notes_are_shown_in_place_and_components_as_chips(open_tab: OpenTab) -> None:
    page = open_tab(NOTE)
    part, whole = page.locator(".prose div.embed").nth(0), page.locator(".prose div.embed").nth(1)
    expect(part).to_contain_text("axolotl of the second part")
    expect(part).not_to_contain_text("first part")
    expect(part).not_to_contain_text("Not in the excerpt")
    expect(part.locator(".embed-title a")).to_have_text("Embedded note \u203a Second part")
    expect(whole).to_contain_text("Not in the excerpt")
    expect(whole.locator(".katex")).to_have_count(1)
    expect(page.locator("div.embed div.embed")).to_have_count(
        0
    )  # one in an embedded note is a link
    expect(page.locator(".embed .here")).to_have_count(0)
    block, reference = (
        page.locator(".prose div.embed").nth(2),
        page.locator(".prose div.embed").nth(3),
    )
    expect(block).to_contain_text("axolotl of the first part")
    expect(block).not_to_contain_text("^axolotl")
    expect(block).not_to_contain_text("second part")
    expect(reference).to_contain_text("the block of Logseq")
    expect(reference).not_to_contain_text("first part")
    expect(page.locator(".prose")).not_to_contain_text("id::")
    expect(page.locator(".prose > blockquote")).to_have_text("Als Zitat.")
    expect(page.locator(".prose .chip", has_text="Rating")).to_be_visible()
    expect(page.locator(".prose p", has_text="words inside")).not_to_contain_text("</Note>")
    assert page.evaluate("window.pwned") is None  # a script within a line is text, as ever
    part.locator(".embed-title a").click()
    expect(page.locator(".reader h2.title")).to_have_text("Embedded note")


def test_text_runs_the_way_it_is_written(open_tab: OpenTab) -> None:
    page = open_tab(NOTE)
    first = page.locator(".prose p").first
    expect(first).to_have_attribute("dir", "auto")
    assert first.evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert (
        page.locator(".prose ul").first.evaluate("one => getComputedStyle(one).direction") == "rtl"
    )
    page.locator(".prose li").first.evaluate("one => one.scrollIntoView()")
    expect(page.locator(".prose mark")).to_have_text("Gelb")
    expect(page.locator(".prose kbd")).to_have_text("Strg")
    expect(page.locator(".prose .chip").first).to_have_text("counter")
    expect(page.locator(".prose")).not_to_contain_text("unsichtbar")
    folded = page.locator(".prose details.callout")
    expect(folded.locator("p")).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.locator("p")).to_have_text("Verborgen.")


def test_whole_note_can_be_printed(open_tab: OpenTab) -> None:
    page = open_tab(NOTE)
    expect(page.locator(".prose mark")).to_have_count(1)
    page.emulate_media(media="print")
    expect(page.locator(".prose mark")).to_be_visible()
    pane = page.locator(".pane")
    assert pane.evaluate("one => one.scrollHeight <= one.clientHeight + 1")
    expect(page.locator(".nav")).to_be_hidden()

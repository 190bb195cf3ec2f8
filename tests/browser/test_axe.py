"""What axe-core says of every view: nothing, light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser.conftest import OpenTab

pytestmark = pytest.mark.slow

VIEWS = {
    "home": ("", ".home"),
    "hits": ("?q=does+it+talk+about+ethics%3F", ".card"),
    "no answer": ("?q=who+won+the+1966+world+cup%3F", ".verdict"),
    "note": ("?p=rich.md:9", ".prose .katex"),
    "gone": ("?p=none.md:1", ".gone"),
    "map": ("?view=Map&q=ethics", "canvas"),
    "timeline": ("?view=Timeline", ".bars"),
    "links": ("?view=Links&p=rich.md:9", "canvas"),
    "index": ("?view=Index", "table"),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# The colours of the theme change some time after the scheme does, in the page and in its elements.
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 22, 27)"}
SETTLED = """(ground) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const caption = document.querySelector('[data-testid="stCaptionContainer"]');
  const red = (colour) => Number(colour.match(/[0-9.]+/)[0]);
  const dark = red(ground) < 128;
  const text = getComputedStyle(caption).color;
  const pale = red(text) * (text.startsWith('color(') ? 255 : 1) > 128;
  return getComputedStyle(app).backgroundColor === ground && pale === dark;
}"""


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(open_tab: OpenTab, view: str) -> None:
    query, wait = VIEWS[view]
    page = open_tab(query)
    page.locator(wait).first.wait_for()
    found = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 860})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(SETTLED, arg=GROUNDS[scheme])
            page.wait_for_timeout(250)
            # The rules but one say the same of both colour schemes.
            only = {"type": "tag", "values": RULES}
            if scheme == "dark":
                only = {"type": "rule", "values": ["color-contrast"]}
            options = {"runOnly": only, "resultTypes": ["violations"]}
            for fault in Axe().run(page, options=options).response["violations"]:
                nodes = [node["html"][:160] for node in fault["nodes"][:4]]
                found.append((width, scheme, fault["id"], nodes))
    assert found == [], "\n".join(map(str, found))

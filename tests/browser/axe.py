"""What axe-core says of a page, wide and narrow, light and dark."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

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


def faults_of(
    page: Page, *, dark: bool = True, widths: tuple[int, ...] = (1280, 390)
) -> list[tuple[Any, ...]]:
    """Return what is wrong, as width, scheme, rule and the first elements.

    :param page: as it is shown.
    :param dark: True to check the dark colours as well.
    :param widths: of the window, in pixels.
    """
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 860})
        for scheme in ("light", "dark") if dark else ("light",):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_function(SETTLED, arg=GROUNDS[scheme])
            page.wait_for_timeout(250)
            options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
            for fault in Axe().run(page, options=options).response["violations"]:
                nodes = [node["html"][:160] for node in fault["nodes"][:4]]
                found.append((width, scheme, fault["id"], nodes))
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 860})
    return found

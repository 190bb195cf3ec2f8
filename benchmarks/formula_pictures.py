"""Compare pictures of the formulas of a folder: as the page shows them, and as KaTeX alone does.

    python benchmarks/formula_pictures.py NOTES [FORMULAS PER NOTE]

NOTES must be indexed. The formulas are laid one below the other at the same places: once within the
page with all its styles, once in an empty page with KaTeX's own styles. Then pixels are compared.
"""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.formulas import ALL_DRAWN, KATEX_ALONE, formulas_in, macros_for  # noqa: E402
from benchmarks.page import FLAGS, Server, find_browser  # noqa: E402

KATEX = ROOT / "indexer" / "web" / "assets" / "katex"
# A pixel differs if one of its colours does by more than this, of 255.
TOLERANCE = 48
WIDTH, HEIGHT = 1280, 6_000
_ALONE = "https://katex.example/"
# Lay the formulas of a note one below the other, on white; return source, size and place of each.
_LAY = r"""([first, last]) => {
  const hosts = Array.from(document.querySelectorAll('*')).filter((one) => one.shadowRoot);
  const prose = hosts.map((one) => one.shadowRoot.querySelector('.prose')).find(Boolean);
  const all = Array.from(prose.querySelectorAll('.formula[data-tex]'));
  const step = Math.max(1, Math.floor(all.length / last));
  const cover = document.createElement('div');
  cover.style = 'position:fixed;inset:0;background:#fff;color:#000';
  cover.className = prose.className;
  prose.getRootNode().append(cover);
  cover.style.zIndex = 1e6;
  cover.style.maxWidth = 'none';
  let top = 10;
  const laid = [];
  all.forEach((one, i) => {
    const drawn = one.querySelector('.katex-display, .katex');
    if (i % step || !drawn || top > 5600) return;
    const size = getComputedStyle(drawn.matches('.katex') ? drawn : drawn.querySelector('.katex'));
    const fontSize = size.fontSize;
    cover.append(drawn);
    drawn.style = `position:absolute;left:20px;top:${top}px;width:max-content;margin:0`;
    for (const katex of [drawn, ...drawn.querySelectorAll('.katex')])
      if (katex.matches('.katex')) katex.style.fontSize = fontSize;
    laid.push([i, top, fontSize]);
    top += Math.ceil(drawn.getBoundingClientRect().height) + 14;
  });
  const sources = all.map((one) => [one.dataset.tex, one.dataset.display === 'block']);
  return [sources, laid, top];
}"""
# The same with KaTeX alone.
_DRAW_ALONE = (
    r"""([sources, laid, definitions]) => {
"""
    + KATEX_ALONE
    + r"""
  const places = new Map(laid.map(([i, top, size]) => [i, [top, size]]));
  sources.forEach(([source, display], i) => {
    const holder = document.createElement('div');
    draw(source, holder, display);
    const drawn = holder.firstElementChild;
    if (!drawn || !places.has(i)) return;
    const [top, size] = places.get(i);
    document.body.append(drawn);
    drawn.style = `position:absolute;left:20px;top:${top}px;width:max-content;margin:0`;
    for (const katex of [drawn, ...drawn.querySelectorAll('.katex')])
      if (katex.matches('.katex')) katex.style.fontSize = size;
  });
  return document.fonts.ready.then(() => 0);
}"""
)
_HTML = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="katex.min.css">
<style>body { margin: 0; background: #fff; color: #000; --bad: #b91c1c; }</style>
<script src="katex.min.js"></script><script src="mhchem.min.js"></script>"""


class Compared(NamedTuple):
    """What the pictures of a note's formulas show: how many there are, and how many differ.

    ``blank`` draw nothing on either side, as definitions do. ``worst`` is the largest share of
    differing pixels among all inked ones of a formula.
    """

    note: str
    formulas: int
    blank: int
    differing: int
    worst: float


def compare_pictures(
    browser: Browser, address: str, root: Path, cookies: Sequence[Any] = (), *, sample: int = 40
) -> list[Compared]:
    """Compare the pictures of formulas, for every note that has some.

    :param browser: to draw them.
    :param address: of a page over the notes.
    :param root: the notes folder.
    :param cookies: by which the page lets the browser in, if it needs any.
    :param sample: about how many formulas of a note are taken.
    """
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.add_cookies(list(cookies))
    page, alone = context.new_page(), context.new_page()
    alone.route(f"{_ALONE}**", _answer)
    found = []
    for path in sorted(root.rglob("*.md")):
        note, written = str(path.relative_to(root)), path.read_text("utf-8")
        if not note.startswith(".") and formulas_in(written):
            page.goto(f"{address}/?p={quote(note)}")
            page.locator(".reader .prose").wait_for()
            page.wait_for_function(ALL_DRAWN)
            found.append(_compare(page, alone, note, written, sample))
    context.close()
    return found


def _answer(route: Route) -> None:
    """Answer with a file of KaTeX, or with an empty page that loads them."""
    name = route.request.url.removeprefix(_ALONE)
    if name:
        route.fulfill(path=KATEX / name)
    else:
        route.fulfill(body=_HTML, content_type="text/html")


def _compare(page: Page, alone: Page, note: str, written: str, sample: int) -> Compared:
    sources, laid, bottom = page.evaluate(_LAY, [0, sample])
    page.evaluate("document.fonts.ready.then(() => 0)")
    alone.goto(_ALONE)
    definitions = macros_for("\n".join(formulas_in(written)))
    alone.evaluate(_DRAW_ALONE, [sources, laid, definitions])
    ours, theirs = _picture(page), _picture(alone)
    tops = [top for _, top, _ in laid] + [bottom]
    shares = [
        share_of_difference(ours.crop(box), theirs.crop(box))
        for begin, end in itertools.pairwise(tops)
        for box in [(0, begin - 6, WIDTH, end - 6)]
    ]
    inked = [one for one in shares if one is not None]
    differing = sum(one > 0.01 for one in inked)
    return Compared(note, len(shares), len(shares) - len(inked), differing, max(inked, default=0.0))


def _picture(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def share_of_difference(ours: Image.Image, theirs: Image.Image) -> float | None:
    """Return the differing pixels as a share of those with ink; None if both are blank.

    :param ours: black on white.
    :param theirs: of the same size.
    """
    white = Image.new("RGB", ours.size, "white")
    inked = [_count(ImageChops.difference(one, white)) for one in (ours, theirs)]
    return _count(ImageChops.difference(ours, theirs)) / max(inked) if any(inked) else None


def _count(difference: Image.Image) -> int:
    """Return how many pixels are above the tolerance in some colour."""
    red, green, blue = difference.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(most.histogram()[TOLERANCE + 1 :])


def main() -> None:
    """Compare, and print."""
    root = Path(sys.argv[1])
    sample = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
        server = Server(root)
        try:
            found = compare_pictures(browser, server.address, root, sample=sample)
        finally:
            server.close()
            browser.close()
    for one in found:
        print(
            f"{one.note}: {one.formulas} compared, {one.blank} blank, {one.differing} differ, "
            f"worst {one.worst:.3f}"
        )
    total, differing = (
        sum(getattr(one, name) for one in found) for name in ("formulas", "differing")
    )
    print(f"all: {total} compared, {differing} differ")


if __name__ == "__main__":
    main()

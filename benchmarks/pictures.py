"""Take the pictures of README.md: a real server over the sample notes, a real browser.

    python benchmarks/pictures.py [FOLDER]

FOLDER is `docs` by default. Colours are reduced to a palette, so that a clone stays small.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.page import FLAGS, Server, find_browser  # noqa: E402 - after the path is set

_COLOURS = 128


class Picture(NamedTuple):
    """One picture: what is asked of the page, and what must be there before it is taken.

    ``pause_ms`` is how long it waits then.
    """

    name: str
    query: str
    wait: str
    width: int = 1280
    height: int = 860
    scheme: str = "light"
    pause_ms: int = 1_500


PICTURES = (
    Picture("page", "?q=does+it+talk+about+ethics%3F", ".best"),
    Picture("list", "?q=what+could+be+better%3F", ".best.many"),
    Picture("map", "?view=Map&q=learning+rate", "canvas", pause_ms=6_000),
    Picture("dark", "?q=learning+rate+decay", ".prose .katex", scheme="dark"),
    Picture("narrow", "?q=does+it+talk+about+ethics%3F", ".best", 390, 844),
)


def take(browser: Browser, address: str, folder: Path, cookies: Sequence[Any] = ()) -> list[Path]:
    """Take all pictures and return where they are.

    :param browser: to draw them.
    :param address: of a page over the sample notes.
    :param folder: where they are written, as PNG files of at most 128 colours.
    :param cookies: by which the page lets the browser in, if it needs any.
    """
    return [_take_one(browser, address, folder, cookies, picture) for picture in PICTURES]


def _take_one(
    browser: Browser, address: str, folder: Path, cookies: Sequence[Any], picture: Picture
) -> Path:
    size: Any = {"width": picture.width, "height": picture.height}
    scheme: Any = picture.scheme
    context = browser.new_context(viewport=size, color_scheme=scheme)
    context.add_cookies(list(cookies))
    page = context.new_page()
    page.goto(f"{address}/{picture.query}")
    page.locator(picture.wait).first.wait_for(timeout=60_000)
    page.locator(".st-key-pulse", has_text="points").wait_for(timeout=60_000)
    # Fonts, formulas and the last step of the map are drawn in the frames after it.
    page.wait_for_timeout(picture.pause_ms)
    path = folder / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    with Image.open(path) as taken:
        taken.convert("RGB").quantize(_COLOURS).save(path, optimize=True)
    return path


def main() -> None:
    """Index the sample notes in a temporary folder and take the pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        notes = Path(temporary) / "notes"
        shutil.copytree(ROOT / "corpus", notes, ignore=shutil.ignore_patterns(".notepoint"))
        command = [sys.executable, "-m", "indexer", "build", "--quiet", "--notes", str(notes)]
        subprocess.run(command, cwd=ROOT, check=True)
        browser = driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
        server = Server(notes)
        try:
            for path in take(browser, server.address, folder):
                print(f"{path} {path.stat().st_size / 1000:.0f} kB")
        finally:
            server.close()
            browser.close()


if __name__ == "__main__":
    main()

"""The script that takes the pictures of README.md draws every one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT
from PIL import Image
from playwright.sync_api import Browser

from benchmarks import views
from benchmarks.pictures import PICTURES, take
from browser.conftest import Server

pytestmark = pytest.mark.slow

MAX_BYTES = 150_000


def test_pictures_are_taken_and_small(browser: Browser, server: Server, tmp_path: Path) -> None:
    cookies = [server.cookies[server.port]]
    taken = take(browser, server.address, tmp_path, cookies)
    assert [path.stem for path in taken] == [picture.name for picture in PICTURES]
    for path, picture in zip(taken, PICTURES, strict=True):
        with Image.open(path) as image:
            assert image.size == (picture.width, picture.height)
            assert len(image.getcolors(maxcolors=1 << 20) or []) > 8  # something is drawn
        assert path.stat().st_size < MAX_BYTES


def test_views_are_taken_for_a_comparison(browser: Browser, server: Server, tmp_path: Path) -> None:
    cookies = [server.cookies[server.port]]
    taken = views.take(browser, server.address, tmp_path, cookies)
    assert len({path.stem for path in taken}) == 14
    for path in taken:
        with Image.open(path) as image:
            assert len(image.convert("RGB").getcolors(maxcolors=1 << 20) or []) > 8


def test_readme_shows_pictures_that_are_there() -> None:
    named = re.findall(r"\]\((docs/[\w.-]+\.png)\)", (ROOT / "README.md").read_text("utf-8"))
    assert {f"docs/{picture.name}.png" for picture in PICTURES} == set(named)
    assert all((ROOT / name).stat().st_size < MAX_BYTES for name in named)

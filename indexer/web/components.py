"""Elements of the page that Streamlit lacks, each a script with a style sheet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import streamlit as st

from indexer.web.assets import ROUTE

_FOLDER = Path(__file__).parent / "elements"
_KATEX = Path(__file__).parent / "assets" / "katex" / "katex.min.css"
_FONT = re.compile(r"@font-face\{[^}]*\}")
ICON = Path(__file__).parent / "icon.png"


def _component(name: str, *parts: str) -> Any:
    """Return an element with the scripts and style sheets of its parts; its own come last."""
    files = [_FOLDER / part for part in ("base", *parts, name)]
    css = "\n".join(_read(file.with_suffix(".css")) for file in files)
    if "note" in (*parts, name):
        css += _FONT.sub("", _read(_KATEX))
    js = "\n".join(_read(file.with_suffix(".js")) for file in files)
    return st.components.v2.component(f"notepoint.{name}", css=css, js=js)


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


show_desk = _component("desk", "draw", "note", "cards")
show_home = _component("home")
show_meanwhile = _component("meanwhile", "draw", "note", "cards")
show_nav = _component("nav")
show_plot = _component("plot")
show_reader = _component("reader", "draw", "note")
show_sheet = _component("sheet")
show_start = _component("start")
show_table = _component("table")
show_timeline = _component("timeline", "draw", "note")


def _fonts() -> str:
    """Return the fonts of formulas: browsers load them from the page, not from elements."""
    found = "".join(_FONT.findall(_read(_KATEX)))
    return found.replace("url(fonts/", f"url({ROUTE}/assets/katex/fonts/")


STYLE = f"<style>{_read(_FOLDER / 'page.css')}{_fonts()}</style>"

"""Elements of the page that Streamlit lacks, each a script with a style sheet."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from indexer.web.assets import ROUTE

_FOLDER = Path(__file__).parent / "elements"
_KATEX = Path(__file__).parent / "assets" / "katex" / "katex.min.css"
_FONT = re.compile(r"@font-face\{[^}]*\}")
# As an address: of a file, Streamlit would import Pillow to look at it.
_PNG = (Path(__file__).parent / "icon.png").read_bytes()
ICON = f"data:image/png;base64,{base64.b64encode(_PNG).decode()}"


def _component(name: str, *parts: str) -> Any:
    """Return an element with the scripts and style sheets of its parts; its own come last.

    Its data is sent in a list, and its script takes it out: of a dictionary Streamlit 1.67 asks
    whether each value is a table, and imports pandas and pyarrow for that, half a second and 60 MB.
    """
    files = [_FOLDER / part for part in ("base", *parts, name)]
    css = "\n".join(_read(file.with_suffix(".css")) for file in files)
    if "note" in (*parts, name):
        css += _FONT.sub("", _read(_KATEX))
    js = "\n".join(_read(file.with_suffix(".js")) for file in files)
    mount = st.components.v2.component(f"notepoint.{name}", css=css, js=js)

    def show(*, key: str, data: Mapping[str, Any] | None = None, **callbacks: Any) -> Any:
        return mount(key=key, data=[data], **callbacks)

    return show


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

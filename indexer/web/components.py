"""The two elements of the page that Streamlit lacks: the list of hits, and an opened note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
ICON = _FOLDER / "icon.png"


def _component(name: str) -> Any:
    """Return a component made of the style sheet and the script of its name."""
    css, js = ((_FOLDER / f"{name}.{kind}").read_text("utf-8") for kind in ("css", "js"))
    return st.components.v2.component(f"notepoint.{name}", css=css, js=js)


show_cards = _component("cards")
show_note = _component("note")

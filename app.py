"""The page: ask the notes, read the answer where it stands, look after the index."""

from __future__ import annotations

import streamlit as st

from indexer.errors import IndexerError
from indexer.notebook import Notebook
from indexer.web.components import ICON
from indexer.web.index_view import index_view
from indexer.web.rebuild import Rebuilder
from indexer.web.search_view import search_view

st.set_page_config(page_title="Notepoint", page_icon=str(ICON), layout="wide")


@st.cache_resource(show_spinner="Opening the notes")
def open_notebook() -> Notebook:
    """Return the notebook of this server; the settings are those of its environment."""
    return Notebook()


@st.cache_resource(show_spinner=False)
def open_rebuilder(_notebook: Notebook) -> Rebuilder:
    """Return what builds for all visitors of this server."""
    return Rebuilder(_notebook.settings)


title, views = st.columns([1, 3], vertical_alignment="center")
title.subheader("Notepoint", anchor=False)
view = views.segmented_control(
    "View",
    ["Search", "Index"],
    default="Search",
    required=True,
    key="view",
    bind="query-params",
    label_visibility="collapsed",
)
try:
    notebook = open_notebook()
    if view == "Index":
        index_view(notebook, open_rebuilder(notebook))
    else:
        search_view(notebook)
except IndexerError as exc:
    st.error(f"{exc.message[:1].upper()}{exc.message[1:]}.")
    if exc.hint:
        st.caption(exc.hint)
    st.stop()

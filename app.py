"""The page: ask the notes, read the answer where it stands, look after the index."""

from __future__ import annotations

import streamlit as st

from indexer.errors import IndexerError
from indexer.web.components import ICON, STYLE
from indexer.web.opening import open_host
from indexer.web.pulse import pulse
from indexer.web.trouble import trouble
from indexer.web.views.index import index_view
from indexer.web.views.links import links_view
from indexer.web.views.map import map_view
from indexer.web.views.search import search_view
from indexer.web.views.timeline import timeline_view

st.set_page_config(page_title="Notepoint", page_icon=str(ICON), layout="wide")
st.html(STYLE)


VIEWS = {
    "Search": search_view,
    "Map": map_view,
    "Timeline": timeline_view,
    "Links": links_view,
    "Index": index_view,
}

with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="top"):
    with st.container(key="brand", width="content"):
        st.html('<h1><a href="./" target="_self">Notepoint</a></h1>')
    view = st.segmented_control(
        "View",
        list(VIEWS),
        default="Search",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    state = st.container(key="pulse", width="stretch")
host = None
try:
    host = open_host()
    with host.request():  # all that is drawn is of one generation
        with state:
            pulse(host)
        VIEWS[view](host)
except IndexerError as exc:
    trouble(exc, host)

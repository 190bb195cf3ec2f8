"""The page: ask the notes, read answers in their notes, manage the index."""

from __future__ import annotations

import streamlit as st

from indexer.errors import IndexerError
from indexer.web.components import ICON, STYLE
from indexer.web.frame import draw_views
from indexer.web.opening import open_host
from indexer.web.pulse import note_state, pulse
from indexer.web.trouble import trouble

st.set_page_config(page_title="Notepoint", page_icon=ICON, layout="wide")
st.html(STYLE)

host = None
try:
    host = open_host()
    with host.request():  # the whole page shows one generation
        note_state(host)
        draw_views(host)
        with st.container(key="pulse"):
            pulse(host)
except IndexerError as exc:
    trouble(exc, host)

"""The one host of a server, opened by whoever needs it first."""

from __future__ import annotations

import streamlit as st

from indexer.notebook import Notebook
from indexer.web.host import Host


@st.cache_resource(show_spinner=False)
def open_host() -> Host:
    """Return what this server keeps; the settings are those of its environment.

    :raises IndexerError: if a setting is wrong, or the notes folder is missing.
    """
    host = Host(Notebook())
    host.start()
    return host

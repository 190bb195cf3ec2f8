"""Open the host of a server, once, at the first use."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from indexer.config import cache_folder
from indexer.errors import NotesError
from indexer.notebook import Notebook
from indexer.web.host import Host
from indexer.web.launch import CHOOSE


@st.cache_resource(show_spinner=False)
def open_host() -> Host:
    """Return the host of this server, with the settings of its environment.

    :raises IndexerError: if a setting is wrong, or the notes folder is missing.
    """
    if os.environ.get(CHOOSE) and not os.environ.get("NOTEPOINT_NOTES"):
        raise NotesError("no notes folder is chosen", "choose one on the page")
    host = Host(Notebook())
    host.start()
    return host


def page_cache() -> Path:
    """Return the folder for data that the page shares between all folders of notes."""
    return cache_folder(os.environ)

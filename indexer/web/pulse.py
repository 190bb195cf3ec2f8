"""A fragment that runs every second: it shows the state and redraws the page on a change."""

from __future__ import annotations

import gc

import streamlit as st

from indexer.errors import IndexerError
from indexer.web.host import Host, Model
from indexer.web.presenters import count
from indexer.web.switcher import only_operator
from indexer.web.views.meanwhile import is_first_build

_BEAT_S = 1.0


def note_state(host: Host) -> None:
    """Note the state before the first views are drawn, so that no change since then is missed.

    :param host: gives access to the index.
    """
    if "seen" not in st.session_state:
        st.session_state["seen"] = _state_of(host)


@st.fragment(run_every=_BEAT_S)
def pulse(host: Host) -> None:
    """Draw one line about the index, and check every second for a new generation.

    :param host: gives access to the index.
    """
    with host.request():
        st.caption(_line(host))
        seen = _state_of(host)
    if st.session_state.get("seen") != seen:
        st.session_state["seen"] = seen
        st.rerun()
    _keep_settled_question(host)
    gc.collect()  # garbage of earlier runs; small, since most objects are frozen


def _state_of(host: Host) -> tuple[object, ...]:
    return _generation(host), host.model, _overview_of(host), is_first_build(host)


def _line(host: Host) -> str:
    progress = host.rebuilder.progress
    if progress.running:
        share = f", {progress.done / progress.total:.0%}" if progress.total else ""
        return f"Updating: {progress.phase}{share}"
    state = host.state
    if state.model is Model.LOADING:
        return "Searching by words alone while the model loads"
    if state.model is Model.MISSING and state.model_error:
        what = state.model_error.message.partition(": ")[0]  # the view of the index says why
        return f"By words alone: {what}. See Index"
    try:
        header = host.reader.header()
    except IndexerError:
        return ""
    return f"{count(header.notes, 'note')}, {count(header.points, 'point')}"


def _generation(host: Host) -> int:
    try:
        return host.generation()
    except IndexerError:
        return -1


def _overview_of(host: Host) -> str:
    """Return which overview is ready; it is created in the background, the map in two steps."""
    try:
        overview = host.overview()
    except IndexerError:
        return ""
    return f"{overview.generation} {overview.refined}" if overview else ""


def _keep_settled_question(host: Host) -> None:
    """Save a question after it was unchanged for two runs, so that typing has ended."""
    question = str(st.session_state.get("q") or "")
    settled = question == st.session_state.get("settling")
    if question and settled and not only_operator(question):
        host.history.add(question)
    st.session_state["settling"] = question

"""The view of the index: what is in it, what is not and why, and building it anew."""

from __future__ import annotations

import streamlit as st

from indexer.errors import IndexerError
from indexer.notebook import Notebook, Status
from indexer.records import FileReport
from indexer.web.data import plain
from indexer.web.rebuild import Rebuilder


def index_view(notebook: Notebook, rebuilder: Rebuilder) -> None:
    """Draw the view.

    :param notebook: whose index is shown.
    :param rebuilder: builds in another process.
    """
    try:
        _figures(notebook.status())
    except IndexerError as exc:
        st.info(f"{exc.message[:1].upper()}{exc.message[1:]}.")
    _controls(rebuilder)


def _figures(status: Status) -> None:
    notes, points, size, state = st.columns(4)
    notes.metric("Notes", f"{status.notes:,}")
    points.metric("Points", f"{status.points:,}")
    size.metric("Index", f"{status.bytes / 1e6:.1f} MB")
    state.metric("State", "Behind" if status.stale else "Up to date")
    st.text(
        f"Notes folder: {plain(status.notes_folder)}\nIndex: {plain(status.store)}\n"
        f"Model: {status.model} ({status.dimension} dimensions), generation {status.generation}"
    )
    if status.skipped:
        st.subheader("Not read as they stand")
        st.dataframe([_row(file) for file in status.skipped], hide_index=True)


def _row(file: FileReport) -> dict[str, str]:
    return {
        "Note": plain(file.note_id),
        "Outcome": file.outcome.value,
        "Why": "; ".join(
            f"line {warning.line}: {warning.message}" if warning.line else warning.message
            for warning in file.warnings
        ),
        "Cure": "; ".join(warning.hint for warning in file.warnings if warning.hint),
    }


@st.fragment(run_every=0.5)
def _controls(rebuilder: Rebuilder) -> None:
    """Draw the buttons, and how a running build comes along."""
    progress = rebuilder.progress
    was_running = st.session_state.get("building", False)
    st.session_state["building"] = progress.running
    if was_running and not progress.running:
        st.rerun()  # the figures above are old now
    build, anew = st.columns([1, 3])
    if build.button("Build", key="build", type="primary", disabled=progress.running):
        rebuilder.start()
    if anew.button("Build anew", key="build_anew", disabled=progress.running):
        rebuilder.start(anew=True)
    if progress.running:
        share = progress.done / progress.total if progress.total else 0.0
        st.progress(share, f"{progress.phase}: {progress.done:,} of {progress.total:,}")
        if st.button("Cancel", key="cancel"):
            rebuilder.cancel()
    elif progress.failed:
        st.error(progress.message)
    elif progress.message:
        st.success(progress.message)

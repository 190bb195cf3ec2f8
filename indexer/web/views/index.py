"""The view of the index: what is in it, what is not and why, and building it anew."""

from __future__ import annotations

from enum import Enum
from typing import Any

import streamlit as st

from indexer.indexing.rebuild_process import Rebuilder
from indexer.records import FileReport, Mode, NoteFilter, Outcome
from indexer.snapshot import Status
from indexer.web import address
from indexer.web.components import show_table
from indexer.web.host import Host, Model
from indexer.web.presenters import count, href_of, plain
from indexer.web.reading import act

_BEAT_S = 0.5


class Cure(Enum):
    """What mends an index that cannot be read."""

    BUILD = "build"
    BUILD_ANEW = "build anew"


def index_view(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    """Draw the view.

    :param host: whose index is shown.
    :param question: what is in the box.
    :param where: which notes are shown.
    :param mode: how to match.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    status = host.reader.status()
    _figures(status)
    controls(host.rebuilder)
    _facts(host, status)
    _skipped(host, status)


def _figures(status: Status) -> None:
    with st.container(horizontal=True, gap="large", key="figures"):
        st.metric("Notes", f"{status.notes:,}", width="content")
        st.metric("Points", f"{status.points:,}", width="content")
        st.metric("Size", f"{status.bytes / 1e6:.1f} MB", width="content")
        st.metric("Generation", f"{status.generation:,}", width="content")
        st.metric("State", "Behind" if status.stale else "Up to date", width="content")


def _facts(host: Host, status: Status) -> None:
    state = host.state
    watcher = "follows the notes folder: what you save is found within seconds"
    if not state.watching:
        watcher = "is not running: build after you changed notes"
    elif state.watch_error:
        watcher = f"tries again at the next change ({state.watch_error})"
    missing = state.model_error.message if state.model_error else ""
    models = {
        Model.READY: "loaded",
        Model.LOADING: "loading: words only until then",
        Model.MISSING: f"not there: words only ({missing})",
    }
    rows = [
        ["Notes folder", plain(status.notes_folder)],
        ["Index", plain(status.store)],
        ["Model", f"{status.model}, {status.dimension} dimensions, {models[state.model]}"],
        ["Watcher", plain(watcher)],
    ]
    show_table(
        key="facts", data={"label": "The index", "columns": ["Part", "What it is"], "rows": rows}
    )


def _skipped(host: Host, status: Status) -> None:
    rows = [row for file in status.skipped for row in _rows(file)]
    st.header(f"Not read as they stand ({count(len(status.skipped), 'note')})", anchor=False)
    if not rows:
        st.caption("Every note was read whole.")
        return
    columns = ["Where", "Outcome", "Why", "Cure"]
    show_table(
        key="skipped",
        data={"label": "Notes not read as they stand", "columns": columns, "rows": rows},
        on_act_change=lambda: _open(host),
    )


def _open(host: Host) -> None:
    """Open a note of the list, in the view that shows notes."""
    act(host, "skipped")
    address.go_to("Search")


def _rows(file: FileReport) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for warning in file.warnings:
        place = plain(f"{file.note_id}:{warning.line}" if warning.line else file.note_id)
        where = {"text": place, "place": place, "href": href_of(place)}
        shown = where if file.outcome is Outcome.PARTIAL else place
        rows.append([shown, file.outcome.value, plain(warning.message), plain(warning.hint or "")])
    return rows


@st.fragment(run_every=_BEAT_S)
def controls(rebuilder: Rebuilder, cure: Cure | None = None) -> None:
    """Draw the buttons, and how a running build comes along.

    :param rebuilder: builds in another process.
    :param cure: what mends an index that cannot be read: it alone is offered.
    """
    progress = rebuilder.progress
    with st.container(horizontal=True, vertical_alignment="center", key="controls"):
        if cure is not Cure.BUILD_ANEW:
            st.button(
                "Build the index" if cure else "Bring up to date",
                key="build",
                type="primary" if cure else "secondary",
                disabled=progress.running,
                on_click=rebuilder.start,
            )
        if cure is not Cure.BUILD:
            st.button(
                "Build anew",
                key="build_anew",
                type="primary" if cure else "secondary",
                help=None if cure else "Begins from nothing; also mends a damaged index",
                disabled=progress.running,
                on_click=rebuilder.start,
                kwargs={"rebuild": True},
            )
        if progress.running:
            st.button("Cancel", key="cancel", on_click=rebuilder.cancel)
    if progress.running:
        share = progress.done / progress.total if progress.total else 0.0
        done = f": {progress.done:,} of {progress.total:,}" if progress.total else ""
        st.progress(share, f"{progress.phase.capitalize()}{done}")
    elif progress.failed:
        st.error(plain(progress.message))
    elif progress.message:
        st.caption(f"Last build: {plain(progress.message)}")

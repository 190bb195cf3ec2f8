"""The view of the index: its content, files with problems, and the build buttons."""

from __future__ import annotations

import time
from enum import Enum
from typing import Any

import streamlit as st

from indexer.config import is_server
from indexer.gathered import shown_folders
from indexer.indexing.rebuild_process import Progress, Rebuilder
from indexer.records import FileReport, Mode, NoteFilter, Outcome
from indexer.snapshot import Status
from indexer.web import address
from indexer.web.components import show_table
from indexer.web.host import Host, Model
from indexer.web.presenters import href_of, plain
from indexer.web.reading import act
from indexer.web.views.start import choose_folder, open_folders, remove_folder

_BEAT_S = 0.5
_MIN_PACE_S = 1.5
_HAPPENED = {
    Outcome.SKIPPED: "Left out",
    Outcome.PARTIAL: "Read in part",
    Outcome.IGNORED: "Ignored",
    Outcome.INDEXED: "Read",
}


class Fix(Enum):
    """The fix for an index that cannot be read."""

    BUILD = "build"
    REBUILD = "rebuild"


def index_view(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    """Draw the view.

    :param host: gives access to the index.
    :param question: the text in the box.
    :param where: show only notes that pass this filter.
    :param mode: how to search.
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
        st.metric("State", "Out of date" if status.stale else "Up to date", width="content")


def _facts(host: Host, status: Status) -> None:
    state = host.state
    follows = "Yes: saved changes are found within seconds"
    if not state.watching:
        follows = "No: press Update now after you change notes"
    elif state.watch_error:
        follows = f"Tries again at the next change ({state.watch_error})"
    missing = state.model_error.message if state.model_error else ""
    models = {
        Model.READY: "loaded",
        Model.LOADING: "loading; until then, search is by words only",
        Model.MISSING: f"missing; search is by words only ({missing})",
    }
    rows = [
        ["Notes folder", plain(shown_folders(host.settings.notes))],
        ["Index", plain(status.store)],
        ["Model", f"{status.model}, {models[state.model]}"],
        ["Updates automatically", plain(follows)],
    ]
    if offer := host.reader.offer():
        rows.append(["Language", plain(f"{offer[0].upper()}{offer[1:]}.")])
    show_table(key="facts", data={"label": "The index", "columns": ["What", "Value"], "rows": rows})
    if not is_server(host.settings.store):
        _folders(host)


def _folders(host: Host) -> None:
    """Draw the folders that are open, with what removes one, and what opens further ones."""
    st.header("Folders", anchor=False)
    folders = open_folders()
    for i, (name, path) in enumerate(folders.items()):
        with st.container(horizontal=True, vertical_alignment="center", key=f"open_folder_{i}"):
            st.markdown(f"**{plain(name)}** \u2002 {plain(path)}", width="content")
            if len(folders) > 1:
                st.button(
                    "Remove",
                    key=f"remove_{i}",
                    help=f"Ask without {plain(name)}; its notes and its index stay",
                    on_click=remove_folder,
                    args=(name,),
                )
    with st.expander("Add a folder, to be asked together"):
        choose_folder(host.settings.notes, add=True)
    with st.expander("Use another folder instead"):
        choose_folder(host.settings.notes)


def _skipped(host: Host, status: Status) -> None:
    rows = [row for file in status.skipped for row in _rows(file)]
    st.header(f"Files with problems ({len(status.skipped)})", anchor=False)
    if not rows:
        st.caption("No problems: every note was read completely.")
        return
    columns = ["Where", "What happened", "Why", "How to fix it"]
    show_table(
        key="skipped",
        data={"label": "Files with problems", "columns": columns, "rows": rows},
        on_act_change=lambda: _open(host),
    )


def _open(host: Host) -> None:
    """Open a note of the list in the search view."""
    act(host, "skipped")
    address.go_to("Search")


def _rows(file: FileReport) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for warning in file.warnings:
        place = plain(f"{file.note_id}:{warning.line}" if warning.line else file.note_id)
        where = {"text": place, "place": place, "href": href_of(place)}
        shown = where if file.outcome is Outcome.PARTIAL else place
        happened = _HAPPENED.get(file.outcome, file.outcome.value)
        rows.append([shown, happened, plain(warning.message), plain(warning.hint or "")])
    return rows


@st.fragment(run_every=_BEAT_S)
def controls(rebuilder: Rebuilder, fix: Fix | None = None) -> None:
    """Draw the buttons and the progress of a running build.

    :param rebuilder: builds in another process.
    :param fix: the fix for an index that cannot be read; only this one is offered.
    """
    progress = rebuilder.progress
    with st.container(horizontal=True, vertical_alignment="center", key="controls"):
        offered = fix is None or not progress.running
        if offered and fix is not Fix.REBUILD:
            started = st.button(
                "Build the index" if fix else "Update now",
                key="build",
                type="primary" if fix else "secondary",
                disabled=progress.running,
                on_click=rebuilder.start,
            )
            if started and fix:
                st.rerun()  # the first build has a view of its own
        if offered and fix is not Fix.BUILD:
            st.button(
                "Rebuild from scratch",
                key="build_anew",
                type="primary" if fix else "secondary",
                help=None if fix else "Reads every note again; fixes a damaged index",
                disabled=progress.running,
                on_click=rebuilder.start,
                kwargs={"rebuild": True},
            )
        if progress.running:
            st.button("Cancel", key="cancel", on_click=rebuilder.cancel)
    if progress.running:
        share = progress.done / progress.total if progress.total else 0.0
        done = f": {progress.done:,} of {progress.total:,}" if progress.total else ""
        st.progress(share, f"{progress.phase.capitalize()}{done}{_time_left(progress)}")
    elif progress.failed:
        st.error(plain(progress.message))
    elif progress.message:
        st.caption(f"Last build: {plain(progress.message)}")


def _time_left(progress: Progress) -> str:
    """Return the remaining time of a build, from its pace so far; empty if unknown."""
    now = time.monotonic()
    start = st.session_state.setdefault("pace", (progress.phase, now, progress.done))
    if start[0] != progress.phase or progress.done < start[2]:
        st.session_state["pace"] = (progress.phase, now, progress.done)
        return ""
    done, seconds = progress.done - start[2], now - start[1]
    if done <= 0 or seconds < _MIN_PACE_S:
        return ""
    left = (progress.total - progress.done) * seconds / done
    shown = f"{left / 60:.0f} min" if left >= 90 else f"{max(1, round(left))} s"
    return f", about {shown} left"

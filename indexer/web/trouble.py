"""The error messages of the page, each with the next step."""

from __future__ import annotations

import os

import streamlit as st

from indexer.errors import IndexDamaged, IndexerError, IndexNotFound, IndexOutdated, NotesError
from indexer.gathered import shown_folders
from indexer.web.host import Host
from indexer.web.presenters import plain
from indexer.web.views.index import Fix, controls
from indexer.web.views.start import choose_folder, start_view
from indexer.web.widgets import sentence

_TITLES: tuple[tuple[type[IndexerError], str, str], ...] = (
    (
        IndexNotFound,
        "Your notes are not indexed yet",
        "Every note is read once, about a second per hundred points. This can be cancelled, and "
        "your notes are only read.",
    ),
    (
        IndexOutdated,
        "The index was built by another version or model",
        "Rebuild it from scratch: your notes are only read, never changed.",
    ),
    (
        IndexDamaged,
        "The index is damaged",
        "Nothing is lost: the index is built from your notes. Rebuild it from scratch.",
    ),
    (NotesError, "The notes cannot be read", "The problem and how to fix it:"),
)
_EMPTY = (
    "There is no note in this folder yet",
    "Add a Markdown file (.md), then build.",
)


def trouble(exc: IndexerError, host: Host | None) -> None:
    """Draw an error with its fix.

    :param exc: the error.
    :param host: builds, if a build is the fix; None without a host.
    """
    if host is None and isinstance(exc, NotesError):
        if os.environ.get("NOTEPOINT_NOTES"):
            st.error(plain(sentence(exc)))
        start_view()
        return
    if host is not None and folder_is_gone(host):
        st.header("The notes folder does not exist", anchor=False)
        st.write(
            f"{plain(str(host.settings.notes))} may be on a disk that is not connected. Connect "
            "it, or choose another folder."
        )
        choose_folder(host.settings.notes)
        return
    empty = host is not None and isinstance(exc, IndexNotFound) and _is_empty(host)
    found = [(title, text) for kind, title, text in _TITLES if isinstance(exc, kind)]
    for title, text in [_EMPTY] if empty else found[:1]:
        st.header(title, anchor=False)
        st.write(text)
    if host is None or not isinstance(exc, (IndexNotFound, IndexOutdated, IndexDamaged)):
        st.error(plain(sentence(exc)))
        return
    controls(host.rebuilder, Fix.BUILD if isinstance(exc, IndexNotFound) else Fix.REBUILD)
    st.caption(f"Notes folder: {plain(shown_folders(host.settings.notes))}")
    if not isinstance(exc, IndexNotFound):
        st.caption(plain(sentence(exc)))
    with st.expander("Use another folder"):
        choose_folder(host.settings.notes)


def folder_is_gone(host: Host) -> bool:
    """Return whether the notes folder of a host is missing, for example on a removed disk."""
    return not host.settings.notes.is_dir()


def _is_empty(host: Host) -> bool:
    try:
        return not host.notebook.folder.scan().notes
    except NotesError:
        return False

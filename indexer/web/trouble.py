"""What the page says when it cannot show the notes, and the way on."""

from __future__ import annotations

import streamlit as st

from indexer.errors import IndexDamaged, IndexerError, IndexNotFound, IndexOutdated, NotesError
from indexer.web.host import Host
from indexer.web.presenters import plain
from indexer.web.views.index import Cure, controls
from indexer.web.widgets import sentence

_TITLES: tuple[tuple[type[IndexerError], str, str], ...] = (
    (
        IndexNotFound,
        "Your notes are not indexed yet",
        "Building reads every note once, about a second per hundred points, and can be cancelled. "
        "Your notes are only read, never changed.",
    ),
    (
        IndexOutdated,
        "The index was made by another version or model",
        "Build it anew: your notes are only read, never changed.",
    ),
    (
        IndexDamaged,
        "The index is damaged",
        "Nothing is lost: it is made from your notes. Build it anew.",
    ),
    (NotesError, "The notes cannot be read", "What is wrong, and what mends it:"),
)
_EMPTY = (
    "There is no note in this folder yet",
    "Put a Markdown file (.md) into it, then build.",
)


def trouble(exc: IndexerError, host: Host | None) -> None:
    """Draw an error in words, with what mends it.

    :param exc: what went wrong.
    :param host: builds, where a build mends it; None if there is none.
    """
    empty = host is not None and isinstance(exc, IndexNotFound) and _is_empty(host)
    found = [(title, text) for kind, title, text in _TITLES if isinstance(exc, kind)]
    for title, text in [_EMPTY] if empty else found[:1]:
        st.header(title, anchor=False)
        st.write(text)
    if host is None or not isinstance(exc, (IndexNotFound, IndexOutdated, IndexDamaged)):
        st.error(plain(sentence(exc)))
        return
    controls(host.rebuilder, Cure.BUILD if isinstance(exc, IndexNotFound) else Cure.BUILD_ANEW)
    st.caption(f"Notes folder: {plain(str(host.notebook.settings.notes))}")
    if not isinstance(exc, IndexNotFound):
        st.caption(plain(sentence(exc)))


def _is_empty(host: Host) -> bool:
    try:
        return not host.notebook.folder.scan().notes
    except NotesError:
        return False

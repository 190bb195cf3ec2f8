"""The view during the first build: search by words, and read the found notes."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import streamlit as st

from indexer.errors import IndexerError, IndexNotFound
from indexer.gathered import shown_folders
from indexer.notes.names import exact_name
from indexer.snapshot import NotePage, split_place
from indexer.store.records import NoteInfo
from indexer.web import address, presenters
from indexer.web.components import show_meanwhile, show_reader
from indexer.web.first_words import FirstWords, rows_of
from indexer.web.host import Host
from indexer.web.reading import read_macros
from indexer.web.views.index import Fix, controls
from indexer.web.views.start import choose_folder

_BEAT_S = 1.0
_HITS = 12
_reading: WeakKeyDictionary[Host, FirstWords] = WeakKeyDictionary()


def is_first_build(host: Host) -> bool:
    """Return whether the first index of a folder is being built, so that no view can be drawn.

    :param host: builds the index.
    """
    try:
        host.generation()
    except IndexNotFound:
        return host.rebuilder.progress.running
    except IndexerError:  # drawn by the page
        return False
    return False


def first_build(host: Host, question: str) -> None:
    """Draw the view.

    :param host: builds the index.
    :param question: the text in the box.
    """
    st.header("Reading your notes for the first time", anchor=False)
    st.write(
        "This takes about a second per hundred points, once. Search by words works already. "
        "It can be cancelled."
    )
    controls(host.rebuilder, Fix.BUILD)
    _found(host, question)
    st.caption(f"Notes folder: {presenters.plain(shown_folders(host.settings.notes))}")
    with st.expander("Use another folder"):
        choose_folder(host.settings.notes)


@st.fragment(run_every=_BEAT_S)
def _found(host: Host, question: str) -> None:
    """Draw what is found by words in the notes that were read so far."""
    if not host.rebuilder.progress.running:
        if (done := _reading.pop(host, None)) is not None:
            done.close()
        return
    words = _reading.get(host)
    if words is None:
        words = _reading[host] = FirstWords(host.notebook.folder)
    found = words.find(question, _HITS) if question else []
    left, right = st.columns([6, 5], gap="medium") if address.opened() else (st.container(), None)
    with left:
        show_meanwhile(
            key="meanwhile",
            data={
                "said": _said(words.notes, question, len(found)),
                "rows": rows_of(found, question),
                "question": question,
            },
            on_act_change=lambda: _act("meanwhile"),
        )
    if right is not None:
        with right:
            _reader(host, words)


def _said(notes: int, question: str, found: int) -> str:
    read = f"{presenters.count(notes, 'note')} read so far"
    if not question:
        return f"{read}."
    return (
        f"{read}: {presenters.count(found, 'point')} with these words."
        if found
        else f"{read}: nothing yet."
    )


def _act(element: str) -> None:
    action = st.session_state[element].get("act") or {}
    match action.get("do"):
        case "open":
            address.open_place(str(action.get("place", "")))
        case "close":
            address.close_place()


def _reader(host: Host, words: FirstWords) -> None:
    """Draw the current file of the opened note; its links do not work until there is an index."""
    place = address.opened()
    note_id = exact_name(split_place(place)[0], lambda name: words.note(name) is not None)
    note, root = words.note(note_id), host.settings.notes
    if note is None:
        st.caption("This note is not read yet.")
        return
    try:
        html = host.notebook.folder.render(host.notebook.folder.read(note_id), [])
    except IndexerError as exc:
        st.error(presenters.plain(exc.message))
        return
    info = NoteInfo(
        note_id,
        note.title,
        note.date.isoformat() if note.date else None,
        tags=note.tags,
        categories=note.categories,
        aliases=note.aliases,
        published="",
        properties=note.properties,
    )
    lines = presenters.split_lines(place, ())
    shown = presenters.note_of(NotePage(info, html), place, lines, root, read_macros(root))
    shown |= {"backlinks": [], "related": [], "embeds": {}, "published": "", "quote": ""}
    show_reader(
        key="reader",
        data={"note": shown, "gone": None},
        on_act_change=lambda: _act("reader"),
    )

"""The view during the first build: search by words, and read the found notes."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import streamlit as st

from indexer.errors import IndexerError
from indexer.snapshot import NotePage, split_place
from indexer.store.records import NoteInfo
from indexer.web import address, presenters
from indexer.web.components import show_meanwhile, show_reader
from indexer.web.first_words import FirstWords, rows_of
from indexer.web.host import Host
from indexer.web.reading import read_macros
from indexer.web.widgets import ask_box

_BEAT_S = 1.0
_HITS = 12
_reading: WeakKeyDictionary[Host, FirstWords] = WeakKeyDictionary()


@st.fragment(run_every=_BEAT_S)
def meanwhile(host: Host) -> None:
    """Draw a search by words during the first build.

    :param host: builds the index.
    """
    if not host.rebuilder.progress.running:
        if (done := _reading.pop(host, None)) is not None:
            done.close()
        return
    words = _reading.get(host)
    if words is None:
        words = _reading[host] = FirstWords(host.notebook.folder)
    st.write("Search by words works already:")
    with st.container(key="ask"):
        question = ask_box(address.another_question)
    found = words.find(question, _HITS) if question else []
    left, right = st.columns([6, 5], gap="medium") if address.opened() else (st.container(), None)
    with left:
        show_meanwhile(
            key="meanwhile",
            data={
                "said": _said(words.notes, question, len(found)),
                "rows": rows_of(found, question),
            },
            on_act_change=lambda: _act("meanwhile"),
        )
    if right is not None:
        with right:
            _reader(host, words)
    address.answered()


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
    note_id, _ = split_place(place)
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

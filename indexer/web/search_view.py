"""The view that asks: search box, filters, hits on the left, the opened note on the right."""

from __future__ import annotations

import datetime
from typing import Any

import streamlit as st

from indexer.errors import IndexerError
from indexer.notebook import Notebook, split_place
from indexer.records import Answer, Mode, NoteFilter
from indexer.web.components import show_cards, show_note
from indexer.web.data import card_of, plain, split_lines, summary_of

_SHOWN = 20
_MODES = {Mode.HYBRID.value: "Both", Mode.DENSE.value: "Meaning", Mode.LEXICAL.value: "Words"}


def search_view(notebook: Notebook) -> None:
    """Draw the view.

    :param notebook: what is asked.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    st.text_input(
        "Ask a question or type words",
        key="q",
        type="search",
        live="200ms",
        bind="query-params",
        placeholder="Ask a question or type words",
        label_visibility="collapsed",
    )
    where, mode = _filters(notebook)
    question = str(st.session_state.get("q") or "").strip()
    opened = str(st.query_params.get("p", ""))
    if not question and not opened:
        st.info("Ask in your own words: the points you once wrote come up as you type.")
        return
    answer = None
    left, right = st.columns([5, 6], gap="medium")
    with left:
        if question:
            answer = notebook.search(question, _SHOWN, mode=mode, where=where)
            _hits(answer, opened, filtered=bool(where))
    with right:
        _note(notebook, opened, answer)


def _filters(notebook: Notebook) -> tuple[NoteFilter, Mode]:
    """Draw the filters, kept in the address, and return what they let through."""
    labels = notebook.labels()
    with st.sidebar:
        st.segmented_control(
            "Match by",
            list(_MODES),
            format_func=lambda mode: _MODES[mode],
            default=Mode.HYBRID.value,
            key="mode",
            bind="query-params",
        )
        st.multiselect("Tag", list(labels["tag"]), key="tag", bind="query-params")
        st.multiselect("Category", list(labels["category"]), key="category", bind="query-params")
        folders = sorted({note.note_id.rpartition("/")[0] for note in notebook.notes()} - {""})
        if folders:
            st.multiselect("Folder", folders, key="folder", bind="query-params")
        since = st.date_input("Since", value=None, key="since", bind="query-params")
        until = st.date_input("Until", value=None, key="until", bind="query-params")
    state = st.session_state
    where = NoteFilter(
        tuple(state.tag),
        tuple(state.category),
        tuple(state.get("folder", ())),
        (),
        _day(since),
        _day(until),
    )
    return where, Mode(state.mode or Mode.HYBRID.value)


def _day(value: Any) -> datetime.date | None:
    return value if isinstance(value, datetime.date) else None


def _hits(answer: Answer, opened: str, *, filtered: bool) -> None:
    if not answer.hits:
        hint = "Clear the filters to search all notes." if filtered else "Try other words."
        st.info(f"Nothing found. {hint}")
        return
    if answer.index.stale:
        st.warning("Notes changed since the index was built: build it under Index.")
    if answer.answered:
        st.caption(summary_of(answer))
    else:
        st.info("Nothing in your notes answers this. Close, but not an answer:")
    show_cards(
        key="cards",
        data={
            "label": summary_of(answer),
            "hits": [card_of(hit) for hit in answer.hits],
            "current": opened,
        },
        on_open_change=lambda: _open("cards"),
    )


def _open(element: str) -> None:
    """Put what was chosen into the address, which makes it a step to go back from."""
    place = st.session_state[element].get("open")
    if place:
        st.query_params["p"] = place


def _note(notebook: Notebook, opened: str, answer: Answer | None) -> None:
    """Draw the opened note, or that of the first hit."""
    hits = answer.hits if answer else ()
    if not opened and hits:
        opened = card_of(hits[0])["place"]
    if not opened:
        return
    note_id, _ = split_place(opened)
    try:
        page = notebook.read_note(note_id)
    except IndexerError as exc:
        st.warning(f"{exc.message[:1].upper()}{exc.message[1:]}. {exc.hint or ''}")
        return
    start, end = split_lines(opened, hits)
    st.markdown(f"**{_escaped(plain(page.info.title))}**")
    facts = [page.info.date or "", plain(note_id)]
    st.caption(" \u00b7 ".join(_escaped(fact) for fact in facts if fact))
    show_note(
        key="note",
        data={
            "label": plain(page.info.title),
            "html": page.html,
            "lineStart": start,
            "lineEnd": end,
        },
        on_open_change=lambda: _open("note"),
    )


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!<>|~$:@&" else c for c in text)

"""Widgets shared by several views: search box and filters; their state is in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from indexer.errors import IndexerError
from indexer.records import Mode, NoteFilter
from indexer.web import address
from indexer.web.host import Host, Model
from indexer.web.presenters import plain

_MODES = {Mode.HYBRID.value: "Both", Mode.DENSE.value: "Meaning", Mode.LEXICAL.value: "Words"}


def ask_box(on_change: Callable[[], None] | None = None) -> str:
    """Draw the search box and return the question.

    :param on_change: called after another question was typed.
    """
    st.text_input(
        "Ask a question or type words",
        key="q",
        type="search",
        live=True,  # a pause of 250 ms; a text such as "200ms" would import pandas
        bind="query-params",
        placeholder="Ask a question or type words",
        label_visibility="collapsed",
        icon=":material/search:",
        autocomplete="off",
        on_change=on_change,
    )
    return " ".join(str(st.session_state.get("q") or "").split())


def filters(host: Host) -> tuple[NoteFilter, Mode]:
    """Draw the filters and return the filter and the search mode.

    :param host: gives access to the notes.
    """
    labels = host.labels()
    used = address.filters_used()
    with st.popover(f"Filters ({used})" if used else "Filters", key="filters", width="content"):
        st.segmented_control(
            "Match by",
            list(_MODES),
            format_func=lambda mode: _MODES[mode],
            default=Mode.HYBRID.value,
            required=True,
            key="mode",
            bind="query-params",
            disabled=host.model is not Model.READY,
        )
        for key, name, values in (
            ("tag", "Tags", labels.tags),
            ("category", "Categories", labels.categories),
            ("folder", "Folders", tuple(map(plain, with_parents(labels.folders)))),
        ):
            if values:
                # A first entry that selects all would be what Enter chooses of a typed name.
                st.multiselect(
                    name,
                    values,
                    key=key,
                    bind="query-params",
                    placeholder="Any",
                    select_all=False,
                )
        if labels.properties:
            st.multiselect(
                "Properties",
                labels.properties,
                format_func=lambda pair: plain(": ".join(pair.split("=", 1))),
                key="where",
                bind="query-params",
                placeholder="Any",
            )
        since, until = st.columns(2)
        since.date_input("Since", value=None, key="since", bind="query-params")
        until.date_input("Until", value=None, key="until", bind="query-params")
        if used:
            st.button("Clear the filters", key="clear", on_click=address.clear_filters)
    return address.where(), Mode(st.session_state.get("mode") or Mode.HYBRID.value)


def with_parents(folders: Sequence[str]) -> tuple[str, ...]:
    """Return folders with those that hold them, sorted: one of them lets all below it through."""
    found = set(folders)
    for folder in folders:
        while folder := folder.rpartition("/")[0]:
            found.add(folder)
    return tuple(sorted(found))


def sentence(exc: IndexerError) -> str:
    """Return the message of an error as a sentence, with its hint."""
    said = f"{exc.message[:1].upper()}{exc.message[1:]}."
    return f"{said} {exc.hint[:1].upper()}{exc.hint[1:]}." if exc.hint else said

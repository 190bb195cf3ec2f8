"""The state of the page outside of widgets: opened point, examples, number of hits.

It is in the address, so Back, Forward, reload and a shared link restore all of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import streamlit as st

from indexer.records import Mode, NoteFilter
from indexer.whole_numbers import whole_number

PAGE_SIZE = 10
SIZES = ("point", "list", "section", "note")
_MAX_HITS = 100
FILTER_KEYS = ("tag", "category", "folder", "where", "since", "until")


def view(views: Sequence[str]) -> str:
    """Return the view in the address, the first one by default.

    :param views: their names.
    """
    named = st.query_params.get("view", "")
    return named if named in views else views[0]


def go_to(name: str) -> None:
    """Change to a view as a step in the history; the address omits the first view."""
    if name == "Search":
        st.query_params.pop("view", None)
    else:
        st.query_params["view"] = name


def go_home() -> None:
    """Show the start page."""
    st.session_state["q"] = ""
    go_to("Search")
    leave()


def opened() -> str:
    """Return the opened place, "note" or "note:line"; empty if nothing is opened."""
    return next(iter(_values("p")), "")


def _values(name: str) -> list[str]:
    """Return values of the address for the last question; empty after another was typed.

    The desk removes them from the address at the first key. But if the server changed the address
    last, Streamlit 1.67 may send the old address along with the new question.
    """
    return [] if st.session_state.get("typed") else st.query_params.get_all(name)


def another_question() -> None:
    """Record that another question was typed: the state of the last one is no longer valid."""
    st.session_state["typed"] = True


def answered() -> None:
    """Record that the question was answered: places opened from now on belong to it."""
    st.session_state.pop("typed", None)


def _belongs_to_this_question() -> None:
    """Drop what the address still has of the question before the last.

    An action may interrupt the run that answers the last question, once its hits are shown.
    """
    if st.session_state.pop("typed", False):
        for name in ("p", "more", "less", "k"):
            st.query_params.pop(name, None)


def open_place(place: str) -> None:
    """Open a place as a step in the history."""
    _belongs_to_this_question()
    st.session_state.pop("previewed", None)
    st.query_params["p"] = place


def preview(place: str) -> None:
    """Show a place next to the results without a step in the history."""
    st.session_state["previewed"] = (str(st.session_state.get("q") or ""), place)


def previewed() -> str:
    """Return the previewed place, empty if there is none."""
    question, place = st.session_state.get("previewed", ("", ""))
    return str(place) if question == str(st.session_state.get("q") or "") else ""


def size() -> str:
    """Return the size of the first answer: a name of ``SIZES``, or empty for automatic."""
    named = st.query_params.get("size", "")
    return named if named in SIZES else ""


def want_size(name: str) -> None:
    """Set the size of the first answer; an unknown name means automatic."""
    if name in SIZES:
        st.query_params["size"] = name
    else:
        st.query_params.pop("size", None)


def filter_by_tag(tag: str) -> None:
    """Show only notes with this tag."""
    chosen = list(st.session_state.get("tag") or [])
    st.session_state["tag"] = chosen if tag in chosen else [*chosen, tag]


def filter_by_dates(since: datetime.date | None, until: datetime.date | None) -> None:
    """Let only notes of these days through; None for no bound."""
    st.session_state["since"], st.session_state["until"] = since, until


def close_place() -> None:
    """Close the opened place."""
    st.query_params.pop("p", None)


def hits_wanted() -> int:
    """Return how many hits to show."""
    text = next(iter(_values("k")), "")
    return min(whole_number(text) or PAGE_SIZE, _MAX_HITS)


def want_more_hits() -> None:
    """Show ``PAGE_SIZE`` more hits."""
    _belongs_to_this_question()
    st.query_params["k"] = str(hits_wanted() + PAGE_SIZE)


def examples() -> dict[str, str]:
    """Return the example places that steer the answer, each with its sign."""
    signs = {"more": "+", "less": "-"}
    found = {name: _values(name) for name in signs}
    return {place: signs[name] for name, places in found.items() for place in places}


def steer(place: str, sign: str) -> None:
    """Prefer hits like or unlike a place; the same sign again removes the example."""
    _belongs_to_this_question()
    steered = examples()
    if steered.pop(place, "") != sign:
        steered[place] = sign
    for name, own in (("more", "+"), ("less", "-")):
        places = [one for one, given in steered.items() if given == own]
        if places != st.query_params.get_all(name):
            if places:
                st.query_params[name] = places
            else:
                st.query_params.pop(name, None)


def ask(question: str) -> None:
    """Put a question into the box; close the opened place and remove examples."""
    st.session_state["q"] = question
    leave()


def want_file(kind: str, at: int) -> None:
    """Request the answer as a file, once."""
    st.session_state["file"] = (kind, at)


def file_wanted() -> tuple[str, int]:
    """Return the kind and time of the file just requested; empty if there is none."""
    kind, at = st.session_state.pop("file", ("", 0))
    return str(kind), int(at)


def match_by_meaning() -> None:
    """Set the mode to words and meaning."""
    st.session_state["mode"] = Mode.HYBRID.value
    draw_all()


def draw_all() -> None:
    """Redraw the whole page, not only the fragment of the action."""
    st.session_state["all"] = True


def is_all_to_be_drawn() -> bool:
    """Return whether the whole page must be redrawn, and reset this."""
    return bool(st.session_state.pop("all", False))


def leave() -> None:
    """Drop the state of the last question."""
    st.session_state.pop("previewed", None)
    for name in ("p", "more", "less", "k"):
        st.query_params.pop(name, None)


def where() -> NoteFilter:
    """Return the filter set on the page."""
    state: Any = st.session_state
    return NoteFilter(
        tags=tuple(state.get("tag") or ()),
        categories=tuple(state.get("category") or ()),
        folders=tuple(state.get("folder") or ()),
        notes=(),
        since=state.get("since") or None,
        until=state.get("until") or None,
        properties=tuple(map(_pair, state.get("where") or ())),
    )


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def filters_used() -> int:
    """Return the number of filters set; on the first run only the address has them."""
    state = st.session_state
    return sum(bool(state[key]) if key in state else key in st.query_params for key in FILTER_KEYS)


def clear_filters() -> None:
    """Remove all filters."""
    for key in ("tag", "category", "folder", "where"):
        if key in st.session_state:
            st.session_state[key] = []
    for key in ("since", "until"):
        st.session_state[key] = None

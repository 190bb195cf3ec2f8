"""The state of the page that is no widget's: opened point, examples, how many hits.

It lives in the address, so that Back, Forward, reload and a shared link bring all of it back.
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
    """Return the view that the address names, the first one where it names none.

    :param views: their names.
    """
    named = st.query_params.get("view", "")
    return named if named in views else views[0]


def go_to(name: str) -> None:
    """Change to a view, as a step to go back from; the first view has no name in the address."""
    if name == "Search":
        st.query_params.pop("view", None)
    else:
        st.query_params["view"] = name


def go_home() -> None:
    """Show the page as it is before any question."""
    st.session_state["q"] = ""
    go_to("Search")
    leave()


def opened() -> str:
    """Return the opened place, "note" or "note:line", empty for none."""
    return next(iter(_values("p")), "")


def _values(name: str) -> list[str]:
    """Return what the address says of the last question, nothing once another was typed.

    The desk takes it out of the address with the first key; yet Streamlit 1.67 may send the
    address as it was before along with the new question, if it was changed by the server last.
    """
    return [] if st.session_state.get("typed") else st.query_params.get_all(name)


def another_question() -> None:
    """Note that another question was typed: what belongs to the last one holds no longer."""
    st.session_state["typed"] = True


def answered() -> None:
    """Note that the question was answered: what is opened from now on belongs to it."""
    st.session_state.pop("typed", None)


def open_place(place: str) -> None:
    """Open a place, as a step to go back from."""
    st.session_state.pop("previewed", None)
    st.query_params["p"] = place


def preview(place: str) -> None:
    """Show a place next to the results without opening it: no step of the history."""
    st.session_state["previewed"] = (str(st.session_state.get("q") or ""), place)


def previewed() -> str:
    """Return the place that is shown without being opened, empty for none."""
    question, place = st.session_state.get("previewed", ("", ""))
    return str(place) if question == str(st.session_state.get("q") or "") else ""


def size() -> str:
    """Return how much of a note answers: a name of ``SIZES``; empty for what fits."""
    named = st.query_params.get("size", "")
    return named if named in SIZES else ""


def want_size(name: str) -> None:
    """Set the size of the answers; for an unknown name the question decides."""
    if name in SIZES:
        st.query_params["size"] = name
    else:
        st.query_params.pop("size", None)


def filter_by_tag(tag: str) -> None:
    """Let only notes with this tag through."""
    chosen = list(st.session_state.get("tag") or [])
    st.session_state["tag"] = chosen if tag in chosen else [*chosen, tag]


def filter_by_dates(since: datetime.date | None, until: datetime.date | None) -> None:
    """Let only notes of these days through; None for no bound."""
    st.session_state["since"], st.session_state["until"] = since, until


def close_place() -> None:
    """Close what is opened."""
    st.query_params.pop("p", None)


def hits_wanted() -> int:
    """Return how many hits to show."""
    text = next(iter(_values("k")), "")
    return min(whole_number(text) or PAGE_SIZE, _MAX_HITS)


def want_more_hits() -> None:
    """Show as many hits again."""
    st.query_params["k"] = str(hits_wanted() + PAGE_SIZE)


def examples() -> dict[str, str]:
    """Return the places that steer the answer, each with its sign."""
    signs = {"more": "+", "less": "-"}
    found = {name: _values(name) for name in signs}
    return {place: signs[name] for name, places in found.items() for place in places}


def steer(place: str, sign: str) -> None:
    """Lean towards a place or away from it; the same sign again takes it back."""
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
    """Put a question into the box, with nothing opened and no example."""
    st.session_state["q"] = question
    leave()


def want_file(kind: str, at: int) -> None:
    """Ask for the answer as a file, once."""
    st.session_state["file"] = (kind, at)


def file_wanted() -> tuple[str, int]:
    """Return the kind of file that was asked for just now, and when; empty for none."""
    kind, at = st.session_state.pop("file", ("", 0))
    return str(kind), int(at)


def match_by_meaning() -> None:
    """Match by words and by meaning."""
    st.session_state["mode"] = Mode.HYBRID.value
    draw_all()


def draw_all() -> None:
    """Have the whole page drawn, not only the part that was acted in."""
    st.session_state["all"] = True


def is_all_to_be_drawn() -> bool:
    """Return once whether something outside the fragment has changed."""
    return bool(st.session_state.pop("all", False))


def leave() -> None:
    """Drop the state that belongs to the last question."""
    st.session_state.pop("previewed", None)
    for name in ("p", "more", "less", "k"):
        st.query_params.pop(name, None)


def where() -> NoteFilter:
    """Return what the filters let through."""
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
    """Return how many filters are set; on the first run the address alone knows."""
    state = st.session_state
    return sum(bool(state[key]) if key in state else key in st.query_params for key in FILTER_KEYS)


def clear_filters() -> None:
    """Let all notes through."""
    for key in ("tag", "category", "folder", "where"):
        if key in st.session_state:
            st.session_state[key] = []
    for key in ("since", "until"):
        st.session_state[key] = None

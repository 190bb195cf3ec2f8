"""The state of the page that is no widget's: opened point, examples, how many hits.

It lives in the address, so that Back, Forward, reload and a shared link bring all of it back.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from indexer.records import Mode, NoteFilter

PAGE_SIZE = 10
_MAX_HITS = 100
FILTER_KEYS = ("tag", "category", "folder", "since", "until")


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
    st.query_params["p"] = place


def close_place() -> None:
    """Close what is opened."""
    st.query_params.pop("p", None)


def hits_wanted() -> int:
    """Return how many hits to show."""
    text = next(iter(_values("k")), "")
    return min(int(text), _MAX_HITS) if text.isdecimal() and int(text) else PAGE_SIZE


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
    """Tell, once, whether something outside the part that runs alone has changed."""
    return bool(st.session_state.pop("all", False))


def leave() -> None:
    """Let go of what belongs to the last question."""
    for name in ("p", "more", "less", "k"):
        st.query_params.pop(name, None)


def where() -> NoteFilter:
    """Return what the filters let through."""
    state: Any = st.session_state
    return NoteFilter(
        tuple(state.get("tag") or ()),
        tuple(state.get("category") or ()),
        tuple(state.get("folder") or ()),
        (),
        state.get("since") or None,
        state.get("until") or None,
    )


def filters_used() -> int:
    """Return how many filters are set; on the first run the address alone knows."""
    state = st.session_state
    return sum(bool(state[key]) if key in state else key in st.query_params for key in FILTER_KEYS)


def clear_filters() -> None:
    """Let all notes through."""
    for key in ("tag", "category", "folder"):
        if key in st.session_state:
            st.session_state[key] = []
    for key in ("since", "until"):
        st.session_state[key] = None

"""The frame of all views: bar, search box and filters, with a view below them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from indexer.errors import IndexDamaged, IndexerError, IndexNotFound, IndexOutdated
from indexer.records import Mode, NoteFilter
from indexer.web import address
from indexer.web.components import show_nav
from indexer.web.host import Host
from indexer.web.presenters import editors_of, plain
from indexer.web.trouble import folder_is_gone, trouble
from indexer.web.views.index import index_view
from indexer.web.views.links import links_view
from indexer.web.views.map import map_view
from indexer.web.views.meanwhile import first_build, is_first_build
from indexer.web.views.search import search_view
from indexer.web.views.timeline import timeline_view
from indexer.web.widgets import ask_box, filters

View = Callable[[Host, str, NoteFilter, Mode], None]
VIEWS: dict[str, View] = {
    "Search": search_view,
    "Map": map_view,
    "Timeline": timeline_view,
    "Links": links_view,
    "Index": index_view,
}
# Views without answers: a question typed there opens the first view.
_WITHOUT_ANSWER = ("Links", "Index")


@st.fragment
def draw_views(host: Host) -> None:
    """Draw the bar, the box and a view; while the user types, only this part of the page runs.

    :param host: gives access to the notes.
    """
    if address.is_all_to_be_drawn():
        st.rerun()
    view = address.view(list(VIEWS))
    try:
        with st.container(key="navigation"):
            show_nav(key="nav", data=_bar(view), on_act_change=_act)
        with host.request():  # everything drawn is of one generation
            first = is_first_build(host)
            missing = None if first else _missing_index(host)
            # The box stays the same element when the first build begins and ends: another one with
            # the same name would lose the focus, the last keys and its part of the address
            # (Streamlit 1.67 forgets it when the first of two boxes goes).
            with st.container(horizontal=True, vertical_alignment="center", key="bar"):
                with st.container(key="ask"):
                    question = ask_box(lambda: _typed(view))
                if not (first or missing):
                    where, mode = filters(host)
            if missing:
                _without_index(missing, host, question)
            elif first:
                first_build(host, question)
            else:
                _view(view, host, question, where, mode)
        address.answered()
    except IndexerError as exc:  # code outside does not run while this fragment runs
        trouble(exc, host)


def _missing_index(host: Host) -> IndexerError | None:
    """Return why no index can be read, None if one can."""
    try:
        host.generation()
    except (IndexNotFound, IndexOutdated, IndexDamaged) as exc:
        return exc
    return None


def _without_index(missing: IndexerError, host: Host, question: str) -> None:
    trouble(missing, host)
    if question:
        st.caption("The question in the box is answered as soon as the index is built.")


def _view(name: str, host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    if folder_is_gone(host):
        st.warning(
            f"The notes folder {plain(str(host.settings.notes))} does not exist. Answers "
            "come from the index; notes open again once the folder is back."
        )
    VIEWS[name](host, question, where, mode)


def _bar(view: str) -> dict[str, object]:
    question = str(st.session_state.get("q") or st.query_params.get("q") or "")
    title = " ".join(question.split()) or ("" if view == "Search" else view)
    return {
        "view": view,
        "views": list(VIEWS),
        "answers": view not in _WITHOUT_ANSWER,
        "title": title,
        "question": question,
        "editors": [one["label"] for one in editors_of("/", 0)],
    }


def _typed(view: str) -> None:
    address.another_question()
    if view in _WITHOUT_ANSWER and st.session_state.get("q"):
        address.go_to("Search")


def _act() -> None:
    action = st.session_state["nav"].get("act") or {}
    match action.get("do"):
        case "view":
            address.go_to(str(action.get("view", "")))
        case "home":
            address.go_home()

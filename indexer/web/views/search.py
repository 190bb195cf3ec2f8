"""The view that asks: search box, filters, hits on the left, the opened note on the right."""

from __future__ import annotations

import datetime
import time
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from indexer.errors import IndexerError, QueryError
from indexer.records import Answer, Mode, NoteFilter
from indexer.snapshot import split_place
from indexer.web import address, export, presenters
from indexer.web.components import show_desk, show_home, show_sheet
from indexer.web.host import Host, Model
from indexer.web.reading import act, note_at
from indexer.web.trouble import trouble
from indexer.web.widgets import ask_box, filters, sentence

_RELATED = 5


def search_view(host: Host) -> None:
    """Draw the view.

    :param host: what is asked.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    host.generation()  # nothing to ask where nothing was built
    with st.container(horizontal=True, vertical_alignment="center", key="bar"):
        box = st.container(key="ask")
        where, mode = filters(host)
    _asking(host, box, where, mode)


@st.fragment
def _asking(host: Host, box: DeltaGenerator, where: NoteFilter, mode: Mode) -> None:
    """Draw box, answer and note; while somebody types, only this part of the page runs again."""
    if address.is_all_to_be_drawn():
        st.rerun()
    try:
        with box:
            question = ask_box(address.another_question)
        with host.request():  # its own, if this part runs alone
            _search(host, question, where, mode)
        address.answered()
    except IndexerError as exc:  # nothing outside hears of it while this part runs alone
        trouble(exc, host)


def _search(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    host.generation()
    place = address.opened()
    if not question and not place:
        _home(host)
        return
    try:
        answer = _answer(host, question, mode, where) if question else None
    except QueryError as exc:
        st.info(sentence(exc))
        return
    shown = place or (presenters.place_of_hit(answer.hits[0]) if answer and answer.hits else "")
    _desk(host, question, answer, where, mode, shown)
    if shown:  # after the answer, which is on the screen while the note is made ready
        note, gone = note_at(host, shown, answer)
        with st.container(key="sheet"):
            show_sheet(key="note", data={"place": shown, "note": note, "gone": gone})


def _answer(host: Host, question: str, mode: Mode, where: NoteFilter) -> Answer:
    """Return the answer to a question, steered by the examples of the address."""
    steered = address.examples()
    more = [place for place, sign in steered.items() if sign == "+"]
    less = [place for place, sign in steered.items() if sign == "-"]
    k = address.hits_wanted()
    try:
        return host.ask(question, k, mode, where, more, less)
    except QueryError:
        if not steered:
            raise
        address.leave()  # an example is no longer in the notes
        return host.ask(question, k, mode, where)


# --- before any question ------------------------------------------------------------------------


def _home(host: Host) -> None:
    searches = host.history.searches
    overview = host.overview()
    header = host.reader.header()
    changed = host.reader.changed_notes(6)
    show_home(
        key="home",
        data={
            "lead": _lead(header.notes, header.points),
            "examples": list(overview.examples) if overview else [],
            "recent": list(searches.recent[:6]),
            "starred": list(searches.starred[:8]),
            "changed": [
                {
                    "title": presenters.plain(note.title),
                    "place": presenters.plain(note.note_id),
                    "href": presenters.href_of(presenters.plain(note.note_id)),
                    "when": when_of(when),
                }
                for note, when in changed
            ],
        },
        on_act_change=lambda: act(host, "home"),
    )


def _lead(notes: int, points: int) -> str:
    if not notes:
        return (
            "There is no note in this folder yet. Put a Markdown file (.md) into it: "
            "it is found by itself."
        )
    return (
        f"Ask in your own words. {presenters.count(points, 'point')} of "
        f"{presenters.count(notes, 'note')} "
        "are searched as you type; what comes back is what you wrote, where you wrote it."
    )


def when_of(seconds: float) -> str:
    """Return how long ago a moment was, in words; the day, if it was more than a month."""
    ago = time.time() - seconds
    for size, name in ((86_400 * 31, ""), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if ago >= size:
            if not name:
                return datetime.date.fromtimestamp(seconds).isoformat()
            return f"{presenters.count(int(ago // size), name)} ago"
    return "just now"


# --- hits and note ------------------------------------------------------------------------------


def _desk(
    host: Host, question: str, answer: Answer | None, where: NoteFilter, mode: Mode, shown: str
) -> None:
    hits = answer.hits if answer else ()
    steered = address.examples() if answer else {}
    steerable = host.model is Model.READY
    show_desk(
        key="desk",
        data={
            "question": question,
            "label": presenters.summary_of(answer) if answer and hits else "",
            "hits": [
                presenters.card_of(
                    hit,
                    question,
                    steered.get(presenters.place_of_hit(hit), ""),
                    steerable=steerable,
                )
                for hit in hits
            ],
            "notices": _notices(host, question, answer, where, mode),
            "steers": [
                {"place": one, "sign": sign, "text": _words_at(host, one)}
                for one, sign in steered.items()
            ],
            "related": _related(answer),
            "more": len(hits) >= address.hits_wanted(),
            "starred": question in host.history.searches.starred,
            "steerable": steerable,
            "explicit": bool(address.opened()),
            "place": shown,
            "file": export.file_of(answer, address.file_wanted()) if answer else None,
        },
        on_act_change=lambda: act(host, "desk"),
    )


def _notices(
    host: Host, question: str, answer: Answer | None, where: NoteFilter, mode: Mode
) -> list[dict[str, Any]]:
    """Return what has to be said of an answer, each with ways on."""
    if answer is None:
        return []
    clear = {"label": "Clear the filters", "act": {"do": "clear"}}
    notices = []
    if answer.reads:
        reads = "; ".join(f"{word} as {read}" for word, read in answer.reads)
        notices.append(
            _notice("Read by the words of your notes", presenters.plain(reads), [], "plain")
        )
    if not answer.hits:
        unfiltered = len(host.ask(question, address.PAGE_SIZE, mode).hits) if where else 0
        if unfiltered:
            more = "+" if unfiltered == address.PAGE_SIZE else ""
            text = f"Without the filters {unfiltered}{more} would match."
            notices.append(_notice("Nothing here passes the filters", text, [clear]))
        else:
            text = "No word of it stands in them. Try other words, or ask in a whole sentence."
            by_words = mode is Mode.LEXICAL and host.model is Model.READY
            ways = [{"label": "Look by meaning too", "act": {"do": "match"}}] if by_words else []
            notices.append(_notice("Nothing in your notes matches", text, ways))
    elif not answer.answered:
        topics = presenters.plain("; ".join(answer.topics()))
        text = f"What follows is close, but not an answer. Nearest topics: {topics}."
        notices.append(
            _notice("Nothing in your notes answers this", text, [clear] if where else [])
        )
    return notices


def _notice(
    title: str, text: str, ways: list[dict[str, Any]], tone: str = "doubt"
) -> dict[str, Any]:
    return {"tone": tone, "title": title, "text": text, "ways": ways}


def _related(answer: Answer | None) -> list[dict[str, str]]:
    found = answer.related_notes[:_RELATED] if answer else ()
    return [
        {
            "title": presenters.plain(note.title),
            "place": presenters.plain(note.note_id),
            "href": presenters.href_of(presenters.plain(note.note_id)),
            "why": presenters.plain(note.why),
        }
        for note in found
    ]


def _words_at(host: Host, place: str) -> str:
    """Return the beginning of the point at a place."""
    note_id, line = split_place(place)
    for stored in host.reader.points_of(note_id):
        if line is None or stored.point.line_start <= line <= stored.point.line_end:
            return presenters.plain(stored.point.text[:60])
    return place

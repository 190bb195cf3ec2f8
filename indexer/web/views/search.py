"""The search view: the answer on the left, the opened note on the right."""

from __future__ import annotations

from typing import Any

import streamlit as st

from indexer.encoding.offer import offer_for_question
from indexer.errors import QueryError
from indexer.records import Answer, BlockKind, Mode, NoteFilter
from indexer.snapshot import split_place
from indexer.web import address, export, presenters
from indexer.web.cards import Cards
from indexer.web.components import show_desk, show_sheet
from indexer.web.host import Host, Model
from indexer.web.reading import act, note_at
from indexer.web.sizes import resize_first
from indexer.web.switcher import Named, completions, names_of, only_operator
from indexer.web.views.home import home
from indexer.web.widgets import sentence, with_parents

_RELATED = 5
_NAMES = 3
_NEAREST = 3


def search_view(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    """Draw the view.

    :param host: answers the question.
    :param question: the text in the box.
    :param where: only notes that pass this filter.
    :param mode: how to search.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    place = address.opened()
    if not question and not place:
        home(host)
        return
    try:
        asked = question and not only_operator(question)
        answer = _answer(host, question, mode, where) if asked else None
    except QueryError as exc:
        st.info(sentence(exc))
        return
    found = _found(host, answer)
    shown = place or address.previewed() or (found["best"] or {}).get("place", "")
    _desk(host, question, answer, where=where, mode=mode, found=found, shown=shown)
    if shown:  # after the answer, which is already on the screen while the note is prepared
        best = found["best"]
        lines = tuple(best["lines"]) if best and shown == best["place"] else None
        note, gone = note_at(host, shown, answer, lines)
        with st.container(key="sheet"):
            show_sheet(key="note", data={"place": shown, "note": note, "gone": gone})


def _answer(host: Host, question: str, mode: Mode, where: NoteFilter) -> Answer:
    """Return the answer to a question, steered by the examples in the address."""
    steered = address.examples()
    more = [place for place, sign in steered.items() if sign == "+"]
    less = [place for place, sign in steered.items() if sign == "-"]
    k = address.hits_wanted()
    points = address.size() == "point"
    try:
        return host.ask(question, k, mode, where, more=more, less=less, points=points)
    except QueryError:
        if not steered:
            raise
        address.leave()  # an example is no longer in the notes
        return host.ask(question, k, mode, where, points=points)


def _found(host: Host, answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"best": None, "related": [], "weak": [], "weakCount": 0, "order": []}
    return Cards(
        answer,
        address.examples(),
        units=resize_first(answer, address.size(), host.reader),
        steerable=host.model is Model.READY,
        kinds=_kinds(host, answer),
    ).data()


def _kinds(host: Host, answer: Answer) -> dict[int, BlockKind]:
    """Return what each point of the shown notes is."""
    notes = dict.fromkeys(hit.note_id for hit in answer.hits)
    return {
        stored.point_id: stored.point.kind
        for note_id in notes
        for stored in host.reader.points_of(note_id)
    }


# --- answer and note ----------------------------------------------------------------------------


def _desk(
    host: Host,
    question: str,
    answer: Answer | None,
    where: NoteFilter,
    mode: Mode,
    found: dict[str, Any],
    shown: str,
) -> None:
    steered = address.examples() if answer else {}
    names = names_of(host).find(question, _NAMES) if question else []
    show_desk(
        key="desk",
        data=found
        | {
            "question": question,
            "label": _label(found, answer),
            "names": [_name_row(one) for one in names],
            "enter": _entered(names, found, question),
            "completions": _completions(host, question),
            "verdict": _verdict(answer, found, where),
            "notices": _notices(host, question, answer, where, mode),
            "steers": [
                {"place": one, "sign": sign, "text": _words_at(host, one)}
                for one, sign in steered.items()
            ],
            "seealso": _related(answer),
            "size": address.size(),
            "more": bool(answer) and len(found["order"]) >= address.hits_wanted(),
            "starred": question in host.history.searches.starred,
            "steerable": host.model is Model.READY,
            "explicit": bool(address.opened()),
            "place": shown,
            "file": export.file_of(answer, address.file_wanted()) if answer else None,
        },
        on_act_change=lambda: act(host, "desk"),
    )


def _label(found: dict[str, Any], answer: Answer | None) -> str:
    """Return the number of results in words, also for screen readers."""
    if answer is None or not found["order"]:
        return ""
    related = sum(len(group["rows"]) for group in found["related"])
    parts = ["1 answer" if found["best"] else "", f"{related} related" if related else ""]
    return ", ".join(filter(None, parts))


def _name_row(named: Named) -> dict[str, str]:
    place = presenters.plain(named.note_id)
    return {
        "title": presenters.plain(named.title),
        "by": presenters.plain(named.by),
        "place": place,
        "href": presenters.href_of(place),
    }


def _entered(names: list[Named], found: dict[str, Any], question: str) -> str:
    """Return what Enter in the box opens: a note with exactly this name, else the first card."""
    if names and question.casefold() in (names[0].title.casefold(), names[0].by.casefold()):
        return presenters.plain(names[0].note_id)
    if found["best"]:
        return str(found["best"]["place"])
    return presenters.plain(names[0].note_id) if names else next(iter(found["order"]), "")


def _completions(host: Host, question: str) -> list[list[str]]:
    labels = host.labels()
    typed = str(st.session_state.get("q") or question)
    folders = with_parents(labels.folders)
    found = completions(typed, labels.tags, folders, labels.categories)
    return [[presenters.plain(shown), presenters.plain(whole)] for shown, whole in found]


def _verdict(
    answer: Answer | None, found: dict[str, Any], where: NoteFilter
) -> dict[str, Any] | None:
    """Return a line with links to the nearest notes if nothing answers the question."""
    if answer is None or found["best"] or not answer.hits:
        return None
    nearest: dict[str, str] = {}
    for hit in answer.hits:
        nearest.setdefault(hit.title, presenters.place_of_hit(hit))
    shown = list(nearest.items())[:_NEAREST]
    clear = {"label": "Clear the filters", "act": {"do": "clear"}}
    return {
        "text": "Not in your notes. Nearest:",
        "nearest": [
            {"title": presenters.plain(title), "place": place, "href": presenters.href_of(place)}
            for title, place in shown
        ],
        "ways": [clear] if where else [],
    }


def _notices(
    host: Host, question: str, answer: Answer | None, where: NoteFilter, mode: Mode
) -> list[dict[str, Any]]:
    """Return the remarks on an answer, each with next steps."""
    if answer is None:
        return []
    notices = [_notice("", presenters.plain(line), []) for line in answer.notices]
    if answer.reads:
        notices.append(_readings(question, answer))
    offer = offer_for_question(question, answer)
    if offer:
        text = presenters.plain(f"{offer[0].upper()}{offer[1:]}.")
        notices.append(_notice("Another language", text, []))
    if answer.hits:
        return notices
    unfiltered = len(host.ask(question, address.PAGE_SIZE, mode).hits) if where else 0
    if unfiltered:
        more = "+" if unfiltered == address.PAGE_SIZE else ""
        text = f"Without the filters {unfiltered}{more} would match."
        clear = {"label": "Clear the filters", "act": {"do": "clear"}}
        return [*notices, _notice("Nothing here passes the filters", text, [clear])]
    text = "No note contains these words. Try other words, or ask in a whole sentence."
    by_words = mode is Mode.LEXICAL and host.model is Model.READY
    ways = [{"label": "Search by meaning too", "act": {"do": "match"}}] if by_words else []
    return [*notices, _notice("Not in your notes", text, ways)]


def _readings(question: str, answer: Answer) -> dict[str, Any]:
    """Return the corrected question, with a link to search for the original words."""
    reads = ", ".join(presenters.plain(read) for _, read in answer.reads)
    words = ", ".join(presenters.plain(word) for word, _ in answer.reads)
    exact = answer.as_typed()
    ways = []
    if exact != question:
        ways = [{"label": f"Search for {words} instead", "act": {"do": "ask", "question": exact}}]
    return _notice("", f"Showing results for {reads}", ways)


def _notice(title: str, text: str, ways: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "text": text, "ways": ways}


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

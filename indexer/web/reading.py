"""The opened note with its links and related points, and the actions of the elements."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import streamlit as st

from indexer.errors import IndexerError, NoteError
from indexer.notes.markdown.render import EMBED
from indexer.notes.opening import read_note_bytes
from indexer.records import Answer
from indexer.snapshot import split_place
from indexer.web import address, presenters
from indexer.web.components import show_reader
from indexer.web.host import Host
from indexer.web.local_editors import start_editor
from indexer.web.widgets import sentence

_SIMILAR = 4
_MAX_EMBEDS = 20
_MAX_EMBEDDED_CHARS = 400_000
_EMBED = re.compile(rf'<a\b[^>]*\bclass="{EMBED}"[^>]*>')
_PLACE = re.compile(r'\bdata-place="([^"]*)"')
_MACRO_FILES = ("preamble.sty", "macros.sty", "macros.tex", "preamble.tex")
_MAX_MACRO_BYTES = 50_000


def note_at(
    host: Host, place: str, answer: Answer | None, lines: tuple[int, int] | None = None
) -> tuple[dict[str, Any] | None, dict[str, str] | None]:
    """Return the data of the note at a place, or of an error.

    :param host: gives access to the note.
    :param place: "note" or "note:line".
    :param answer: the current answer; the place may be one of its hits.
    :param lines: the lines to mark; None for those of the hit, or the line of the place.
    """
    note_id, line = split_place(place)
    try:
        page = host.read_note(note_id)
    except IndexerError as exc:
        return None, {
            "title": "This note cannot be opened",
            "text": sentence(exc) if note_id in exc.message else f"{note_id}: {sentence(exc)}",
        }
    lines = lines or presenters.split_lines(place, answer.hits if answer else ())
    note_id, root = page.info.note_id, host.notebook.settings.notes
    note = presenters.note_of(page, place, lines, root, read_macros(root))
    note["backlinks"] = presenters.backlinks_of(
        host.reader.backlinks(note_id), host.labels().titles
    )
    note["related"] = [presenters.related_of(hit) for hit in host.similar(place, _SIMILAR)]
    note["embeds"] = _embeds(host, page.html, note_id)
    note["published"] = host.reader.published_address(page.info)
    note["quote"] = presenters.quote_of(host.reader.points_of(note_id), line) if line else ""
    return note, None


def _embeds(host: Host, html: str, note_id: str) -> dict[str, dict[str, Any]]:
    """Return what the embeds of a note show, by place; those of embedded notes stay links.

    :param host: whose notes they are.
    :param html: of the note.
    :param note_id: the note, which does not show itself once more.
    """
    found: dict[str, dict[str, Any]] = {}
    left = _MAX_EMBEDDED_CHARS
    for tag in _EMBED.findall(html):
        named = _PLACE.search(tag)
        place = unescape(named[1]) if named else ""
        if not place or place in found or len(found) == _MAX_EMBEDS:
            continue
        other, _ = split_place(place)
        try:
            page = host.read_note(other)
        except IndexerError:
            continue
        left -= len(page.html)
        if page.info.note_id == note_id or left < 0:
            continue
        found[place] = {
            "title": presenters.plain(page.info.title),
            "html": page.html,
            "files": presenters.files_of(page.files, host.settings.notes),
        }
    return found


def read_macros(root: Path) -> str:
    """Return the LaTeX definitions for all notes of a folder, empty if there are none.

    :param root: the notes folder; plugins of editors read the same file.
    """
    for name in _MACRO_FILES:
        try:
            content, _ = read_note_bytes(root, name, size_limit=_MAX_MACRO_BYTES)
        except NoteError:
            continue
        return presenters.plain(content.decode("utf-8", "replace"))
    return ""


def side_reader(host: Host) -> None:
    """Draw the opened note next to another view.

    :param host: gives access to the note.
    """
    note, gone = note_at(host, address.opened(), None)
    show_reader(
        key="reader", data={"note": note, "gone": gone}, on_act_change=lambda: act(host, "reader")
    )


def act(host: Host, element: str) -> None:
    """Run the action of an element.

    :param host: gives access to the notes.
    :param element: the key of the element.
    """
    action = st.session_state[element].get("act") or {}
    what, place = action.get("do"), str(action.get("place", ""))
    match what:
        case "open":
            host.history.add(str(st.session_state.get("q") or ""))
            host.history.opened(place)
            address.open_place(place)
        case "show":
            address.preview(place)
        case "close":
            address.close_place()
        case "more":
            address.want_more_hits()
        case "edit":
            _edit(host, str(action.get("editor", "")), place)
        case "steer":
            address.steer(place, str(action.get("sign", "+")))
        case _:
            _act_on_search(host, what, action)


def _edit(host: Host, editor: str, place: str) -> None:
    """Start an editor by a command; show an error as a short notice."""
    note_id, line = split_place(place)
    try:
        start_editor(editor, host.settings.notes, host.reader.exact_id(note_id), line or 0)
    except IndexerError as exc:
        st.toast(presenters.plain(sentence(exc)))


def _act_on_search(host: Host, what: str | None, action: dict[str, Any]) -> None:
    question = str(action.get("question", ""))
    match what:
        case "ask":
            address.ask(question)
        case "star":
            host.history.star(question)
        case "name":
            host.history.name(question, str(action.get("name", "")))
        case "forget":
            host.history.forget()
        case "export":
            address.want_file(str(action.get("kind", "")), int(action.get("at") or 0))
        case "size":
            address.want_size(str(action.get("size", "")))
        case "tag":
            address.filter_by_tag(str(action.get("tag", "")))
        case "match":
            address.match_by_meaning()
        case "clear":
            address.clear_filters()
            address.draw_all()

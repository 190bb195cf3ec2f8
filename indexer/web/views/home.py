"""The start page: examples, recent notes, and all notes by folder."""

from __future__ import annotations

import datetime
import time
from typing import Any

from indexer.notes.names import exact_name
from indexer.snapshot import split_place
from indexer.web import presenters
from indexer.web.components import show_home
from indexer.web.host import Host
from indexer.web.reading import act

_PICKED_UP = 5
_RECENT = 8
_STARRED = 12
# Above this number of notes, folders are listed with counts only.
_MAX_LISTED = 5_000
_TEXT_CHARS = 110


def home(host: Host) -> None:
    """Draw the start page.

    :param host: gives access to the notes.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    searches = host.history.searches
    overview = host.overview()
    header = host.reader.header()
    names = dict(searches.names)
    show_home(
        key="home",
        data={
            "lead": _lead(header.notes, header.points),
            "examples": list(overview.examples) if overview else [],
            "waiting": overview is None,
            "recent": list(searches.recent[:_RECENT]),
            "starred": [
                {"question": one, "name": names.get(one, "")} for one in searches.starred[:_STARRED]
            ],
            "opened": _opened(host, searches.opened),
            "notes": _notes(host),
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
        f"Ask {presenters.count(notes, 'note')} in your own words: the answer is the very line "
        f"you once wrote, out of {presenters.count(points, 'point')}."
    )


def _opened(host: Host, places: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the notes opened last that still exist, each with a line of its text."""
    titles = host.labels().titles
    found: list[dict[str, str]] = []
    for place in places:
        written, line = split_place(place)
        note_id = exact_name(written, titles.__contains__)
        if note_id not in titles or len(found) == _PICKED_UP:
            continue
        shown = presenters.plain(place)
        found.append(
            {
                "title": presenters.plain(titles[note_id]),
                "place": shown,
                "href": presenters.href_of(shown),
                "text": _line_at(host, note_id, line),
            }
        )
    return found


def _line_at(host: Host, note_id: str, line: int | None) -> str:
    for stored in host.reader.points_of(note_id):
        if line is None or stored.point.line_start <= line <= stored.point.line_end:
            return presenters.plain(stored.point.text[:_TEXT_CHARS])
    return ""


def _notes(host: Host) -> list[list[Any]]:
    """Return all notes, newest first: title, id, seconds since 1970, and age in words."""
    if host.reader.header().notes > _MAX_LISTED:
        changed = host.reader.changed_notes(_MAX_LISTED)
    else:
        changed = host.reader.changed_notes(host.reader.header().notes)
    return [
        [presenters.plain(note.title), presenters.plain(note.note_id), round(when), when_of(when)]
        for note, when in changed
    ]


def when_of(seconds: float) -> str:
    """Return the age of a time in words; its date, if it is more than a month ago."""
    ago = time.time() - seconds
    for size, name in ((86_400 * 31, ""), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if ago >= size:
            if not name:
                return datetime.date.fromtimestamp(seconds).isoformat()
            return f"{presenters.count(int(ago // size), name)} ago"
    return "just now"

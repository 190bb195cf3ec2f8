"""The timeline: what was written when."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from indexer.records import Mode, NoteFilter
from indexer.snapshot import DumpedPoint
from indexer.store.filters import matcher
from indexer.store.records import NoteInfo
from indexer.web import address, presenters
from indexer.web.components import show_timeline
from indexer.web.host import Host
from indexer.web.reading import act, side_reader
from indexer.web.views.map import waiting

_HITS = 50
_MAX_MONTHS = 120
_TEXT_CHARS = 200


def timeline_view(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    """Draw the view: all notes by date, or the hits for a question.

    :param host: whose notes are drawn.
    :param question: what is in the box.
    :param where: which notes are shown.
    :param mode: how to match.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    if question:
        answer = host.ask(question, _HITS, mode, where)
        entries = [
            _entry(h.date, h.title, presenters.place_of_hit(h), 1, h.text) for h in answer.hits
        ]
    else:
        overview = host.overview()
        if overview is None:
            waiting("Sorting the points by date")
            return
        passes = matcher(where)
        entries = _notes(p for p in overview.points if passes(p.stored.note))
    left, right = st.columns([6, 5], gap="medium") if address.opened() else (st.container(), None)
    with left:
        if any(entry["date"] for entry in entries):
            show_timeline(
                key="timeline",
                data=timeline_of(entries),
                on_act_change=lambda: act(host, "timeline"),
            )
        else:
            st.info(_nothing(bool(entries), bool(where)))
    if right is not None:
        with right:
            side_reader(host)


def _nothing(undated: bool, filtered: bool) -> str:
    if undated:
        return "None of these notes has a date. Add one to the front matter: `date: 2020-04-07`."
    return "Nothing passes the filters." if filtered else "There is nothing to show yet."


def _entry(date: str | None, title: str, place: str, points: int, text: str = "") -> dict[str, Any]:
    shown = shortened(text, _TEXT_CHARS)
    return {
        "date": date or "",
        "title": presenters.plain(title),
        "place": place,
        "href": presenters.href_of(place),
        "points": points,
        "count": "" if text else presenters.count(points, "point"),
        "text": presenters.plain(shown),
        "math": presenters.formulas_of(shown),
    }


def shortened(text: str, chars: int) -> str:
    """Return a text with at most a number of characters, cut between words and marked as cut."""
    if len(text) <= chars:
        return text
    cut = text[:chars].rpartition(" ")[0] or text[:chars]
    return f"{cut.rstrip(' ,;:')} \u2026"


def _notes(points: Iterable[DumpedPoint]) -> list[dict[str, Any]]:
    counts: Counter[str] = Counter()
    notes: dict[str, NoteInfo] = {}
    for dumped in points:
        counts[dumped.note_id] += 1
        notes[dumped.note_id] = dumped.stored.note
    return [
        _entry(note.date, note.title, presenters.plain(note_id), counts[note_id])
        for note_id, note in notes.items()
    ]


def timeline_of(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return entries by month, newest first, with a bar for every month from first to last.

    :param entries: with "date" (empty for none) and "points".
    """
    dated = sorted((e for e in entries if e["date"]), key=lambda e: e["date"], reverse=True)
    months = _months(dated[-1]["date"], dated[0]["date"])
    by_year = len(months) > _MAX_MONTHS
    spans = sorted({month[:4] for month in months}) if by_year else months
    size = 4 if by_year else 7
    counts: Counter[str] = Counter()
    for entry in dated:
        counts[entry["date"][:size]] += entry["points"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in dated:
        groups.setdefault(entry["date"][:7], []).append(entry)
    # The first year is named where there is room before the next.
    to_january = next((i for i, span in enumerate(spans) if span.endswith("-01")), len(spans))
    first = 0 if to_january > len(spans) / 6 else -1
    undated = len(entries) - len(dated)
    total = sum(entry["points"] for entry in dated)
    return {
        "label": f"{presenters.count(total, 'point')} with a date, {label_of(months[0])} "
        f"to {label_of(months[-1])}",
        "spans": [
            {
                "name": span,
                "label": label_of(span),
                "count": counts[span],
                "what": presenters.count(counts[span], "point"),
                "tick": span[:4] if by_year or span.endswith("-01") or i == first else "",
            }
            for i, span in enumerate(spans)
        ],
        "groups": [
            {"span": month[:size], "label": label_of(month), "entries": own}
            for month, own in groups.items()
        ],
        "undated": f"{undated:,} without a date" if undated else "",
    }


def _months(first: str, last: str) -> list[str]:
    year, month = int(first[:4]), int(first[5:7])
    months = []
    while (name := f"{year:04}-{month:02}") <= last[:7]:
        months.append(name)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


def label_of(span: str) -> str:
    """Return the name of a month ("April 2020") or of a year."""
    if len(span) == 4:
        return span
    return datetime.date(int(span[:4]), int(span[5:7]), 1).strftime("%B %Y")

"""The timeline: notes or hits by date."""

from __future__ import annotations

import contextlib
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

    :param host: gives access to the notes.
    :param question: the text in the box.
    :param where: show only notes that pass this filter.
    :param mode: how to search.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    entries = _entries(host, question, where._replace(since=None, until=None), mode)
    if entries is None:
        waiting("Sorting the points by date")
        return
    from_files = bool(entries) and not any(entry["date"] for entry in entries)
    if from_files:
        entries = _dated_by_file(host, entries)
    left, right = st.columns([6, 5], gap="medium") if address.opened() else (st.container(), None)
    with left:
        if any(entry["date"] for entry in entries):
            data = timeline_of(entries, None if from_files else where)
            show_timeline(
                key="timeline",
                data=data | {"from_files": from_files},
                on_act_change=lambda: _act(host),
            )
        else:
            st.info("Nothing passes the filters." if where else "There is nothing to show yet.")
    if right is not None:
        with right:
            side_reader(host)


def _act(host: Host) -> None:
    """Filter by the dates that were chosen, or do what every element asks for."""
    action = st.session_state["timeline"].get("act") or {}
    if action.get("do") != "dates":
        act(host, "timeline")
        return
    with contextlib.suppress(ValueError):  # no span of this view
        first, last = str(action.get("first", "")), str(action.get("last", ""))
        since, until = dates_of(first, last) if first else (None, None)
        address.filter_by_dates(since, until)


def _entries(
    host: Host, question: str, where: NoteFilter, mode: Mode
) -> list[dict[str, Any]] | None:
    """Return the data that does not depend on the chosen dates, None while it is prepared."""
    if question:
        answer = host.ask(question, _HITS, mode, where)
        return [_entry(h.date, h.title, presenters.place_of_hit(h), 1, h.text) for h in answer.hits]
    overview = host.overview(wanted=True)
    if overview is None:
        return None
    passes = matcher(where)
    return _notes(p for p in overview.points if passes(p.stored.note))


def _dated_by_file(host: Host, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries with the days on which their files were last changed."""
    changed = host.reader.changed_notes(host.reader.header().notes)
    days = {
        presenters.plain(note.note_id): datetime.date.fromtimestamp(when).isoformat()
        for note, when in changed
    }
    return [
        entry
        | {"date": days.get(entry["place"]) or days.get(entry["place"].rpartition(":")[0], "")}
        for entry in entries
    ]


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
    """Return a text cut between words to a number of characters, with a mark if it is cut."""
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


def timeline_of(
    entries: Sequence[dict[str, Any]], where: NoteFilter | None = None
) -> dict[str, Any]:
    """Return entries by month, newest first, with a bar for every month from first to last.

    :param entries: with "date" (empty for none) and "points".
    :param where: the dates that are chosen: what is outside has a bar, and no entry; None if the
        dates cannot be filtered by.
    """
    dated = sorted((e for e in entries if e["date"]), key=lambda e: e["date"], reverse=True)
    months = _months(dated[-1]["date"], dated[0]["date"])
    by_year = len(months) > _MAX_MONTHS
    spans = sorted({month[:4] for month in months}) if by_year else months
    size = 4 if by_year else 7
    counts: Counter[str] = Counter()
    for entry in dated:
        counts[entry["date"][:size]] += entry["points"]
    since, until = _days(where)
    shown = [entry for entry in dated if since <= entry["date"] <= until]
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in shown:
        groups.setdefault(entry["date"][:7], []).append(entry)
    undated = len(entries) - len(dated)
    chosen = [i for i, span in enumerate(spans) if since[:size] <= span <= until[:size]]
    filtered = bool(where and (where.since or where.until))
    return {
        "label": _label(shown, months, filtered=filtered),
        "spans": [
            {
                "name": span,
                "label": label_of(span),
                "count": counts[span],
                "what": presenters.count(counts[span], "point"),
                "tick": tick,
            }
            for span, tick in zip(spans, _ticks(spans, by_year=by_year), strict=True)
        ],
        "chosen": [chosen[0], chosen[-1]] if filtered and chosen else [],
        "filtered": filtered,
        "filters": where is not None,
        "groups": [
            {"span": month[:size], "label": label_of(month), "entries": own}
            for month, own in groups.items()
        ],
        "undated": f"{undated:,} without a date" if undated and not filtered else "",
    }


def _days(where: NoteFilter | None) -> tuple[str, str]:
    """Return the first and last day of the filter."""
    since = where.since.isoformat() if where and where.since else ""
    return since, where.until.isoformat() if where and where.until else "9999-12-31"


def _label(shown: Sequence[dict[str, Any]], months: Sequence[str], *, filtered: bool) -> str:
    points = presenters.count(sum(entry["points"] for entry in shown), "point")
    if filtered:
        first, last = (shown[-1]["date"], shown[0]["date"]) if shown else ("", "")
        return f"{points}, {first} to {last}" if shown else "Nothing between these dates"
    return f"{points} with a date, {label_of(months[0])} to {label_of(months[-1])}"


def _ticks(spans: Sequence[str], *, by_year: bool) -> list[str]:
    """Return the label below each bar: years, the first one if there is space."""
    to_january = next((i for i, span in enumerate(spans) if span.endswith("-01")), len(spans))
    first = 0 if to_january > len(spans) / 6 else -1
    return [
        span[:4] if by_year or span.endswith("-01") or i == first else ""
        for i, span in enumerate(spans)
    ]


def dates_of(first: str, last: str) -> tuple[datetime.date, datetime.date]:
    """Return the first day of one span and the last day of another, in either order.

    :param first: a month ("2020-04") or a year ("2020").
    :param last: another one, or the same.
    :raises ValueError: if one of them is neither.
    """
    begin, end = sorted((first, last))
    year, month = int(end[:4]), int(end[5:7] or 12)
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return (
        datetime.date(int(begin[:4]), int(begin[5:7] or 1), 1),
        following - datetime.timedelta(days=1),
    )


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

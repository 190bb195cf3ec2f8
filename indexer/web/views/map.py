"""The map: every point on a plane, close to similar points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from indexer.records import Mode, NoteFilter
from indexer.snapshot import DumpedPoint
from indexer.store.filters import matcher
from indexer.web import address, presenters
from indexer.web.components import show_plot, show_table
from indexer.web.host import Host, Model
from indexer.web.overview import Overview
from indexer.web.reading import act, side_reader

_RINGS = 10
# With more notes than this, parts of the map are named by words instead of titles.
_FEW_NOTES = 12
_COLOURS = 10
_NAMES = 40
# A label that most points share separates few of them.
_MOST = 0.6
_TEXT_CHARS = 140
# Above this number of points, texts stay on the server, since sending them takes seconds.
_MAX_TEXTS = 30_000
_BY = {
    "category": "Category",
    "folder": "Folder",
    "tag": "Tag",
    "topic": "Topic",
    "note": "Note",
}
_CAPTION = "Each dot is a point of a note; near dots say similar things. Click one to read it."
# The colours tell something apart where this share of the points has one.
_COLOURED = 0.6


def map_view(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    """Draw the view.

    :param host: gives access to the points.
    :param question: the text in the box.
    :param where: show only notes that pass this filter.
    :param mode: how to search.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    overview = host.overview(wanted=True)
    if overview is None:
        waiting("Laying out the points")
        return
    passes = matcher(where)
    points = [(i, p) for i, p in enumerate(overview.points) if passes(p.stored.note)]
    if not points:
        st.info("There are no points to draw: no note passes the filters, or no note is indexed.")
        return
    groups = _groups(overview)
    by = _colour_by(groups)
    rings = _rings(host, question, mode, points) if question else []
    left, right = _columns()
    with left:
        st.caption(_CAPTION)
        show_plot(
            key="map",
            data=_plot(overview, points, groups[by], rings),
            on_act_change=lambda: act(host, "map"),
        )
        if st.toggle("Show as table", key="as_table"):  # sent only on request
            show_table(
                key="map_table",
                data=_table(points, _BY[by], groups[by], rings),
                on_act_change=lambda: act(host, "map_table"),
            )
    if right is not None:
        with right:
            side_reader(host)


def waiting(what: str) -> None:
    """Draw a message while data is created in the background; the page redraws when it is ready."""
    st.caption(f"{what} ...")
    st.skeleton(height=420)


def _columns() -> tuple[Any, Any]:
    if not address.opened():
        return st.container(), None
    left, right = st.columns([6, 5], gap="medium")
    return left, right


def _groups(overview: Overview) -> dict[str, list[str]]:
    """Return for each way to colour the group of every point, empty for none."""
    names = [region.name for region in overview.regions]
    topics = [names[i] if i >= 0 else "" for i in overview.region_of]
    found = {by: [group_of(point, by) for point in overview.points] for by in _BY if by != "topic"}
    return {by: topics if by == "topic" else found[by] for by in _BY}


def _colour_by(groups: dict[str, list[str]]) -> str:
    """Draw what to colour by and return it; the first that tells most points apart is proposed."""
    counts = {name: Counter(filter(None, own)) for name, own in groups.items()}
    usable = [name for name in _BY if name == "note" or len(counts[name]) > 1]
    telling = [name for name in usable if _tells(counts[name], len(groups[name]))]
    if len(usable) == 1:
        return usable[0]
    fallback = "topic" if "topic" in usable else "note"
    return str(
        st.segmented_control(
            "Colour by",
            usable,
            format_func=lambda name: _BY[name],
            default=telling[0] if telling else fallback,
            required=True,
            key="by",
            bind="query-params",
        )
    )


def _tells(counts: Counter[str], points: int) -> bool:
    """Return whether most points have one of the commonest labels, and no label has most."""
    common = [size for _, size in counts.most_common(_COLOURS)]
    return bool(common) and common[0] < _MOST * points and sum(common) >= _COLOURED * points


def group_of(dumped: DumpedPoint, by: str) -> str:
    """Return the label that colours a point, empty if it has none."""
    note = dumped.stored.note
    if by == "note":
        return note.title
    if by == "folder":
        return note.note_id.rpartition("/")[0]
    labels = note.categories if by == "category" else note.tags
    return labels[0] if labels else ""


def _rings(
    host: Host, question: str, mode: Mode, points: Sequence[tuple[int, DumpedPoint]]
) -> list[int]:
    """Return the positions of the drawn points that answer a question, best first."""
    k = _RINGS
    answer = host.ask(
        question, k, mode if host.model is Model.READY else Mode.LEXICAL, address.where()
    )
    drawn = {point.stored.point_id: i for i, (_, point) in enumerate(points)}
    return [drawn[hit.point_id] for hit in answer.hits if hit.point_id in drawn]


def _plot(
    overview: Overview,
    points: Sequence[tuple[int, DumpedPoint]],
    labels: Sequence[str],
    rings: list[int],
) -> dict[str, Any]:
    plane = overview.plane[[i for i, _ in points]]
    groups = [labels[i] for i, _ in points]
    common = [name for name, _ in Counter(filter(None, groups)).most_common(_COLOURS)]
    number = {name: i for i, name in enumerate(common)}
    titles, title_of = np.unique(
        [point.stored.note.title for _, point in points], return_inverse=True
    )
    few = len(points) <= _MAX_TEXTS
    return {
        "label": f"A map of {presenters.count(len(points), 'point')}; "
        "the table below contains the same data.",
        "x": [round(float(x), 4) for x in plane[:, 0]],
        "y": [round(float(y), 4) for y in plane[:, 1]],
        "group": [number.get(name, -1) for name in groups],
        "groups": [presenters.plain(name) for name in common],
        "titles": [presenters.plain(str(title)) for title in titles],
        "title": title_of.tolist(),
        "texts": [
            presenters.plain(p.stored.point.text[:_TEXT_CHARS]) if few else "" for _, p in points
        ],
        "places": [place_of_point(point) for _, point in points],
        "rings": rings,
        "edges": [],
        "names": _region_names(overview) if len(titles) > _FEW_NOTES else _names(plane, groups),
    }


def _region_names(overview: Overview) -> list[dict[str, Any]]:
    """Return names for the parts of the map, from the words of their points."""
    return [
        {"text": presenters.plain(one.name), "x": round(one.x, 4), "y": round(one.y, 4)}
        for one in overview.regions
    ]


def _names(plane: Any, groups: list[str]) -> list[dict[str, Any]]:
    """Return the names of the groups at the centre of their points, the largest first."""
    names, place = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    sizes = np.bincount(place)
    order = np.argsort(-sizes, kind="stable")[:_NAMES]
    return [
        {
            "text": presenters.plain(str(names[i])),
            "x": round(float(np.median(plane[place == i, 0])), 4),
            "y": round(float(np.median(plane[place == i, 1])), 4),
        }
        for i in order
        if names[i]
    ]


def _table(
    points: Sequence[tuple[int, DumpedPoint]], name: str, labels: Sequence[str], rings: list[int]
) -> dict[str, Any]:
    rank = {place: i for i, place in enumerate(rings, 1)}
    order = sorted(range(len(points)), key=lambda i: rank.get(i, len(rings) + 1))
    rows = []
    for i in order:
        number, point = points[i]
        place = place_of_point(point)
        text = presenters.plain(point.stored.point.text[:_TEXT_CHARS])
        row = [
            {"text": text, "place": place, "href": presenters.href_of(place)},
            presenters.plain(point.stored.note.title),
            presenters.plain(labels[number]),
            str(rank.get(i, "")),
        ]
        rows.append(row)
    columns = ["Point", "Note", name, "Hit"]
    return {"label": "Every point of the map", "columns": columns, "rows": rows}


def place_of_point(dumped: DumpedPoint) -> str:
    """Return the place of a point for the address of the page."""
    return presenters.plain(f"{dumped.note_id}:{dumped.stored.point.line_start}")

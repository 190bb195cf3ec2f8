"""The links: which note leads to which, and the broken ones with their fixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from indexer.records import Link, LinkKind, Mode, NoteFilter
from indexer.store.filters import matcher
from indexer.web import address, presenters
from indexer.web.components import show_plot, show_table
from indexer.web.host import Host
from indexer.web.overview import Graph, graph_of
from indexer.web.reading import act, side_reader
from indexer.web.views.map import waiting

_COLOURS = 10
_NAMES = 60


def links_view(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    """Draw the view.

    :param host: whose links are drawn.
    :param question: what is in the box.
    :param where: which notes are shown.
    :param mode: how to match.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    overview = host.overview()
    if overview is None:
        waiting("Drawing the links")
        return
    graph = graph_of(overview.links)
    titles = {note.note_id: note.title for note in host.reader.notes()}
    st.caption(_summary(graph, overview.links))
    let_through = {note.note_id for note in filter(matcher(where), host.reader.notes())}
    left, right = st.columns([6, 5], gap="medium") if address.opened() else (st.container(), None)
    with left:
        plot = _plot(graph, titles, let_through)
        if plot["places"]:
            show_plot(key="graph", data=plot, on_act_change=lambda: act(host, "graph"))
        else:
            st.info("No note links to another one yet: write [[its name]], or [text](its-path.md).")
        broken = [
            one for one in overview.links if (not one.ok or one.fix) and one.note_id in let_through
        ]
        _broken(host, broken)
        with st.expander("All links between notes, as a table"):
            show_table(
                key="links_table",
                data=_between(overview.links, titles, let_through),
                on_act_change=lambda: act(host, "links_table"),
            )
    if right is not None:
        with right:
            side_reader(host)


def _summary(graph: Graph, links: Sequence[Link]) -> str:
    pairs = {tuple(sorted((one.note_id, one.to))) for one in links if one.to and one.ok}
    linked = sum(a != b for a, b in pairs)
    outside = sum(link.kind is LinkKind.URL for link in links)
    drawn = f" (the graph shows {len(graph.edges):,})" if linked > len(graph.edges) else ""
    return (
        f"{presenters.count(linked, 'pair')} of notes linked{drawn}, "
        f"{presenters.count(outside, 'link')} to the web"
    )


def _plot(graph: Graph, titles: dict[str, str], let_through: set[str]) -> dict[str, Any]:
    kept = [i for i, note_id in enumerate(graph.notes) if note_id in let_through]
    new = {old: i for i, old in enumerate(kept)}
    edges = [(new[a], new[b]) for a, b in graph.edges if a in new and b in new]
    notes = [graph.notes[i] for i in kept]
    degree = Counter(end for edge in edges for end in edge)
    folders = [note_id.rpartition("/")[0] for note_id in notes]
    common = [name for name, _ in Counter(filter(None, folders)).most_common(_COLOURS)]
    names = [presenters.plain(titles.get(note_id, note_id)) for note_id in notes]
    order = sorted(range(len(notes)), key=lambda i: (-degree[i], notes[i]))[:_NAMES]
    places = [[round(float(v), 4) for v in graph.plane[i]] for i in kept]
    return {
        "label": f"A graph of {presenters.count(len(notes), 'note')} and the links between them; "
        "the tables below hold the same.",
        "x": [x for x, _ in places],
        "y": [y for _, y in places],
        "group": [common.index(one) if one in common else -1 for one in folders],
        "groups": [presenters.plain(one) for one in common] if len(common) > 1 else [],
        "titles": names,
        "title": list(range(len(notes))),
        "texts": [presenters.count(degree[i], "linked note") for i in range(len(notes))],
        "places": [presenters.plain(note_id) for note_id in notes],
        "sizes": [round(4 + 1.6 * degree[i] ** 0.5, 2) for i in range(len(notes))],
        "rings": [],
        "edges": [list(edge) for edge in edges],
        "names": [
            {"text": names[i], "x": places[i][0], "y": places[i][1], "dot": i} for i in order
        ],
    }


def _broken(host: Host, broken: Sequence[Link]) -> None:
    st.header(f"Broken links ({len(broken)})", anchor=False)
    if not broken:
        st.caption("None: every link leads somewhere.")
        return
    rows = []
    for link in broken:
        place = presenters.plain(f"{link.note_id}:{link.line}")
        fix = {"copy": presenters.plain(link.fix)} if link.fix else ""
        rows.append(
            [
                {"text": place, "place": place, "href": presenters.href_of(place)},
                presenters.plain(link.text),
                presenters.plain(link.target),
                _why(link),
                fix,
            ]
        )
    columns = ["Where", "Text", "Target", "What is wrong", "Fix"]
    show_table(
        key="link-fixes",
        data={"label": "Broken links", "columns": columns, "rows": rows},
        on_act_change=lambda: act(host, "link-fixes"),
    )


def _why(link: Link) -> str:
    return link.missing.said if link.missing else "works, but is written the wrong way round"


def _between(links: Sequence[Link], titles: dict[str, str], kept: set[str]) -> dict[str, Any]:
    rows = []
    for link in links:
        if link.to is None or link.to == link.note_id or link.note_id not in kept:
            continue
        place = presenters.plain(f"{link.note_id}:{link.line}")
        to = presenters.plain(link.to if link.to_line is None else f"{link.to}:{link.to_line}")
        name = presenters.plain(titles.get(link.to, link.to))
        rows.append(
            [
                {
                    "text": presenters.plain(titles.get(link.note_id, link.note_id)),
                    "place": place,
                    "href": presenters.href_of(place),
                },
                presenters.plain(link.text),
                {"text": name, "place": to, "href": presenters.href_of(to)},
            ]
        )
    return {"label": "Links between notes", "columns": ["From", "Text", "To"], "rows": rows}

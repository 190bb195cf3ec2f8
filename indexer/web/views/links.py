"""The view of links: a graph of linked notes, and broken links with their fixes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from indexer.errors import IndexerError, NoteError
from indexer.records import Link, LinkKind, Missing, Mode, NoteFilter
from indexer.snapshot import split_place
from indexer.store.filters import matcher
from indexer.web import address, presenters
from indexer.web.components import show_plot, show_table
from indexer.web.host import Host
from indexer.web.link_fixes import LinkFix, apply_fix, find_fix
from indexer.web.overview import Graph, graph_of
from indexer.web.reading import act, side_reader
from indexer.web.views.map import waiting
from indexer.web.widgets import sentence

_COLOURS = 10
_NAMES = 60
_SAID_S = 20.0
_HELP = "A fix changes one line of one note, after it has shown you the line before and after."


def links_view(host: Host, question: str, where: NoteFilter, mode: Mode) -> None:
    """Draw the view.

    :param host: gives access to the links.
    :param question: the text in the box.
    :param where: show only notes that pass this filter.
    :param mode: how to search.
    :raises IndexerError: if there is no index, or it cannot be read.
    """
    overview = host.overview(wanted=True)
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
        "the tables below contain the same data.",
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
    """Draw the links that need attention, then the pages that nobody wrote yet."""
    fixed: set[Any] = st.session_state.setdefault("fixed_links", set())
    wrong = [one for one in broken if one.missing is not Missing.PAGE and _key(one) not in fixed]
    unwritten = [one for one in broken if one.missing is Missing.PAGE]
    st.header(f"Broken links ({len(wrong)})", anchor=False)
    said, when = st.session_state.get("fix_said", ("", 0.0))
    if said and time.monotonic() - when < _SAID_S:
        (st.warning if said.startswith("Not") else st.success)(said)
    if not wrong:
        st.caption("No broken links: every link leads somewhere.")
    else:
        if any(one.fix for one in wrong):
            st.caption(_HELP)
        show_table(
            key="link_fixes",
            data=_table("Broken links", wrong, fixes=True) | {"ask": _asked()},
            on_act_change=lambda: _act(host),
        )
    if unwritten:
        with st.expander(f"Notes not written yet ({len({one.target for one in unwritten})})"):
            st.caption("These links name notes that do not exist. That is normal in Obsidian.")
            show_table(
                key="unwritten",
                data=_table("Links to notes not written yet", unwritten, fixes=False),
                on_act_change=lambda: act(host, "unwritten"),
            )


def _table(label: str, links: Sequence[Link], *, fixes: bool) -> dict[str, Any]:
    rows = []
    for link in links:
        place = presenters.plain(f"{link.note_id}:{link.line}")
        row: list[Any] = [
            {"text": place, "place": place, "href": presenters.href_of(place)},
            presenters.plain(link.text),
            presenters.plain(link.target),
        ]
        if fixes:
            fixed = {"fix": presenters.plain(link.fix), "place": place} if link.fix else ""
            row += [_why(link), fixed]
        rows.append(row)
    columns = ["Where", "Text", "Target", *(["What is wrong", "Fix"] if fixes else [])]
    return {"label": label, "columns": columns, "rows": rows}


def _key(link: Link) -> tuple[str, int, str | None]:
    return link.note_id, link.line, link.fix


def _asked() -> dict[str, Any] | None:
    """Return the change that waits for a yes, as the lines before and after."""
    fix: LinkFix | None = st.session_state.get("fix")
    if fix is None:
        return None
    where = presenters.plain(f"{fix.note_id}:{fix.line}")
    before, after = presenters.plain(fix.before), presenters.plain(fix.after)
    return {"where": where, "before": before, "after": after}


def _act(host: Host) -> None:
    """Show what a fix would change, make the change, or do what every element asks for."""
    action = st.session_state["link_fixes"].get("act") or {}
    try:
        match action.get("do"):
            case "fix":
                named, line = split_place(str(action.get("place", "")))
                note_id = host.reader.exact_id(named)
                fixed = str(action.get("fix", ""))
                st.session_state["fix"] = find_fix(host, note_id, line or 0, fixed)
                st.session_state["fix_text"] = fixed
            case "apply":
                _apply(host)
            case "cancel":
                st.session_state.pop("fix", None)
            case _:
                act(host, "link_fixes")
    except IndexerError as exc:
        st.session_state.pop("fix", None)
        path = f"{exc.path}: " if isinstance(exc, NoteError) else ""
        _say(f"Not changed. {path}{sentence(exc)}")


def _apply(host: Host) -> None:
    fix: LinkFix | None = st.session_state.pop("fix", None)
    if fix is None:
        return
    apply_fix(host.settings.notes, fix)
    st.session_state["fixed_links"].add((fix.note_id, fix.line, st.session_state["fix_text"]))
    _say(f"Changed line {fix.line} of {fix.note_id}.")


def _say(text: str) -> None:
    """Show a line for some seconds: the page is drawn again in between, once the change is read."""
    st.session_state["fix_said"] = presenters.plain(text), time.monotonic()


def _why(link: Link) -> str:
    if link.missing:
        return link.missing.said
    return "works, but is written wrongly"


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

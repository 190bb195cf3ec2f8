"""Recognise parts of a note that are not text: queries, data, navigation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.records import RawLink, Row

# Fences whose content a program runs to show the result.
_QUERIES = frozenset(
    "dataview dataviewjs tasks query base button buttons tracker chart charts leaflet "
    "meta-bind meta-bind-button meta-bind-embed excalidraw compressed-json todoist kanban-settings "
    "search embed-json cardlink gallery fullcalendar heatmap-calendar templater".split()
)
_DATA = re.compile(r"\s*[\"']?[A-Za-z0-9+/=_-]{100,}[\"',;]*\s*$")
_MIN_DATA_CHARS = 400
_MIN_BLANK_SHARE = 0.02
_CELL_OPTION = re.compile(r"#\|\s*(?:(?:fig|tbl|lst)-cap:\s*(.*)|.*)$")
_FENCE_MARK = re.compile(r"(?:`{3,}|~{3,})[^`]*$")
_SEPARATORS = re.compile(r"[|·•/\\‹›«»←→↑↓⟵⟶<>\s:—–-]+$")
_BAR = re.compile(r"[|·•]")
_ARROWS = "←→↑↓⟵⟶«»‹›<>⬅➡⬆ \t"
_NAVIGATION = frozenset(
    "previous prev next home back up top index contents toc forward return menu "
    "zurück weiter anterior siguiente précédent suivant inicio start".split()
)


def is_query(language: str) -> bool:
    """Return whether a fence with this language contains a query or settings of a plugin."""
    return language.lower() in _QUERIES


def is_data(row: str) -> bool:
    """Return whether a row of code is data: base64, or JSON on one long line."""
    if len(row) < 100:
        return False
    if _DATA.match(row):
        return True
    return len(row) >= _MIN_DATA_CHARS and row.count(" ") < _MIN_BLANK_SHARE * len(row)


def is_fence_mark(row: str) -> bool:
    """Return whether a row of HTML only opens or closes code, as in the groups of MDX."""
    return bool(_FENCE_MARK.match(row.strip()))


def without_option(row: Row) -> Row:
    """Return a row of a cell of Quarto: of its options, the caption alone is text."""
    option = _CELL_OPTION.match(row.text)
    return row._replace(text=(option.group(1) or "").strip(" \"'")) if option else row


def is_navigation(rows: Sequence[Row], links: Sequence[RawLink]) -> bool:
    """Return whether a paragraph is only navigation: links with bars, or "next" and "back".

    :param rows: of the paragraph.
    :param links: in it.
    """
    if not links:
        return False
    rest = " ".join(row.text for row in rows)
    for link in links:
        if not link.text:
            return False
        rest = rest.replace(link.text, " ", 1)
    if rest.strip() and not _SEPARATORS.match(rest.strip()):
        return False
    words = [link.text.strip(_ARROWS).lower().split() for link in links]
    leads = [not word or word[0].strip(":") in _NAVIGATION for word in words]
    return all(leads) or (len(links) > 1 and bool(_BAR.search(rest)) and any(leads))

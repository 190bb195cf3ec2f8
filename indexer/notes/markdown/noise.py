"""Recognise parts of a note that are not text: queries, data, navigation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.notes.written_dates import iso_date
from indexer.records import RawLink, Row

# Fences whose content a program runs to show the result.
_QUERIES = frozenset(
    "dataview dataviewjs datacore datacorejs datacorejsx datacorets datacoretsx "
    "tasks query base button buttons tracker chart charts leaflet "
    "meta-bind meta-bind-button meta-bind-embed excalidraw compressed-json todoist kanban-settings "
    "search embed-json gallery fullcalendar heatmap-calendar templater toc table-of-contents "
    "template space-style "
    "contributiongraph habittracker simple-time-tracker countdown music-abc abc".split()
)
_DATA = re.compile(r"\s*[\"']?[A-Za-z0-9+/=_-]{100,}[\"',;]*\s*$")
_MIN_DATA_CHARS = 400
_MIN_BLANK_SHARE = 0.02
MIN_CODED_CHARS = 60  # the usual width of base64 is 64 or 76
_MIN_DATA_LINES, _MIN_LONE_DATA_CHARS = 4, 200
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}$")
_LAST_DATA_ROW = re.compile(r"[A-Za-z0-9+/]+={0,2}$")
_MIN_MINIFIED_CHARS, _MAX_MINIFIED_BLANKS, _MIN_MINIFIED_SIGNS = 1_000, 0.1, 0.12
_SIGNS = re.compile(r"[(){};,=.\[\]:]")
CARDS = frozenset({"embed", "cardlink"})
_CARD_WORDS = re.compile(r"\s*(?:title|description):\s*(\S.*)$")
_CELL_OPTION = re.compile(r"#\|\s*(?:(?:fig|tbl|lst)-cap:\s*(.*)|.*)$")
_FENCE_MARK = re.compile(r"(?:`{3,}|~{3,})[^`]*$")
_SEPARATORS = re.compile(r"[()|·•/\\‹›«»←→↑↓⟵⟶<>\s:—–-]+$")
_BAR = re.compile(r"[|·•]")
_ARROWS = "←→↑↓⟵⟶«»‹›<>⬅➡⬆ \t"
_NAVIGATION = frozenset(
    "previous prev next home back up top index contents toc forward return menu "
    "zurück weiter anterior siguiente précédent suivant inicio start".split()
)


def words_of_card(rows: Sequence[Row]) -> list[Row]:
    """Return the title and description among the settings of a card that shows a web page.

    :param rows: of a fence named ``embed`` or ``cardlink``.
    """
    found = ((row, _CARD_WORDS.match(row.text)) for row in rows)
    return [row._replace(text=card.group(1).strip("\"' ")) for row, card in found if card]


def is_query(language: str) -> bool:
    """Return whether a fence with this language contains a query or settings of a plugin."""
    return language.lower() in _QUERIES


def is_data(row: str) -> bool:
    """Return whether a row of code is data: base64, or JSON or a script on one long line."""
    if len(row) < 100:
        return False
    if _DATA.match(row):
        return True
    if len(row) >= _MIN_DATA_CHARS and row.count(" ") < _MIN_BLANK_SHARE * len(row):
        return True
    return (
        len(row) >= _MIN_MINIFIED_CHARS
        and row.count(" ") < _MAX_MINIFIED_BLANKS * len(row)
        and len(_SIGNS.findall(row)) > _MIN_MINIFIED_SIGNS * len(row)
    )


def coded_rows(rows: Sequence[str]) -> set[int]:
    """Return the positions of rows that are data in base64: long ones, and several in a row.

    :param rows: lines of a body or of a fence.
    """
    found: set[int] = set()
    if not any(len(row) >= MIN_CODED_CHARS for row in rows):
        return found
    start = -1
    for place in range(len(rows) + 1):
        row = rows[place] if place < len(rows) else ""
        if len(row) >= MIN_CODED_CHARS and _is_base64(row):
            start = place if start < 0 else start
            if len(row) >= _MIN_LONE_DATA_CHARS:
                found.add(place)
            continue
        if start >= 0 and place - start >= _MIN_DATA_LINES:
            found.update(range(start, place))
            if _LAST_DATA_ROW.match(row):
                found.add(place)
        start = -1
    return found


def _is_base64(line: str) -> bool:
    if not _BASE64.match(line):
        return False
    capitals = sum(map(str.isupper, line))
    digits = sum(map(str.isdigit, line))
    return 0.1 * len(line) < capitals < 0.7 * len(line) and digits > 0.02 * len(line)


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
    leads = [
        not word or word[0].strip(":") in _NAVIGATION or iso_date(" ".join(word)) is not None
        for word in words
    ]
    return all(leads) or (len(links) > 1 and bool(_BAR.search(rest)) and any(leads))

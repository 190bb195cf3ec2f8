"""Callouts of every dialect: their kinds, and the titles in their first line."""

from __future__ import annotations

import re
from typing import NamedTuple

_KINDS = {
    "tip": "tip hint success check done key answer",
    "danger": "danger error bug failure fail missing caution severe",
    "warning": "warning warn attention important alert notice-warning",
    "question": "question help faq exercise",
    "quote": "quote cite blockquote",
    "example": "example code definition theorem proof lemma",
}
KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}
OBSIDIAN = re.compile(r"\[!([\w-]+)(?:\|[^\]\n]*)?\]([+-]?)[ \t]*")
_FENCED = re.compile(r"\{?\s*\.?([\w-]+)\}?\s*(?:\[(.*)\]|(.*))$")
_GIVEN_TITLE = re.compile(r"\b(?:name|title)=(?:\"([^\"]*)\"|'([^']*)')")
_QUOTED = re.compile(r'(?<!\\)"((?:[^"\\]++|\\.)*+)"')
# Words of MkDocs that position an admonition and are not its title.
_PLACES = {"inline", "end", "annotate"}


class Callout(NamedTuple):
    """How to draw a callout: ``title`` may be empty, ``fold`` is "open", "closed" or empty."""

    kind: str
    title: str
    fold: str = ""


def kind_of(name: str) -> str:
    """Return the kind for drawing a callout; "note" for an unknown name."""
    return KIND_OF.get(name.lower(), "note")


def fenced_callout(info: str) -> Callout | None:
    """Return the callout of ``::: info``; None for a group that is not one (``::: columns``).

    :param info: the text after the colons.
    """
    info = info.strip()
    found = _FENCED.match(info)
    if not found:
        return None
    name, title = found.group(1), (found.group(2) or found.group(3) or "").strip(" {}")
    if info.startswith("{") and info.endswith("}"):  # attributes of Pandoc
        given = _GIVEN_TITLE.search(info)
        title = (given.group(1) or given.group(2)) if given else ""
    if name.lower() in ("details", "spoiler"):
        return Callout("note", title or "Details", "closed")
    known = name.lower() in KIND_OF or name.lower() in ("note", "info", "abstract", "seealso")
    return Callout(kind_of(name), title or name.capitalize()) if known else None


def indented_callout(marker: str, info: str) -> Callout:
    """Return the callout of ``!!! note "Title"``, ``??? tip`` or ``=== "Tab"``.

    :param marker: the signs before the first blank.
    :param info: the text after them.
    """
    quoted = _QUOTED.search(info)
    names = info[: quoted.start()].split() if quoted else info.split()
    kinds = [name for name in names if name.lower() not in _PLACES]
    if marker.startswith("="):
        return Callout("tab", quoted.group(1) if quoted else "")
    name = kinds[0] if kinds else "note"
    title = quoted.group(1) if quoted else name.capitalize()
    fold = {"???": "closed", "???+": "open"}.get(marker, "")
    return Callout(kind_of(name), title or (name.capitalize() if fold else ""), fold)

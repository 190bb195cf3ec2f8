"""Where a link of a note leads on the page."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from indexer.notes.names import written_name
from indexer.records import Link, LinkKind

WEB = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class LinkPlace(NamedTuple):
    """The target of a link on the page; all fields are empty if it leads nowhere.

    ``why`` explains a link without an address.
    """

    href: str = ""
    place: str = ""
    why: str = ""


def place_of(link: Link) -> LinkPlace:
    """Return the target of a link: the page itself for notes, the web for addresses.

    :param link: resolved.
    """
    if link.kind in (LinkKind.NOTE, LinkKind.ANCHOR) and link.to is not None:
        note = written_name(link.to)
        place = note if link.to_line is None else f"{note}:{link.to_line}"
        why = "" if link.ok else "no such heading in this note"
        return LinkPlace(f"?p={quote(place, safe='/:')}", place, why)
    if link.kind is LinkKind.URL and link.ok and WEB.match(link.target):
        return LinkPlace(link.target)
    if _SCHEME.match(link.target):
        return LinkPlace(why="opens in another app")
    if link.ok:
        return LinkPlace(why="a file")
    return LinkPlace(why=link.missing.said if link.missing else "no such note")

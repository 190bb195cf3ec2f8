"""A note to HTML for reading: safe to show, with the line range of every block.

Notes are not trusted. HTML in them stays text, images are shown by their text, only web addresses,
mail addresses and other notes are links; a second, independent pass removes whatever else there
might be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import nh3

from indexer.notes.front_matter import split_front_matter
from indexer.notes.markdown import make_parser
from indexer.records import Link, LinkKind

_TAGS = frozenset(
    "a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong "
    "table tbody td th thead tr ul".split()
)
_LINES = {"data-line-start", "data-line-end"}
_ATTRIBUTES = {
    "*": _LINES,
    "a": {*_LINES, "href", "data-place"},
    "ol": {*_LINES, "start"},
    "span": {*_LINES, "class"},
}
_SCHEMES = {"http", "https", "mailto"}


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """Where a link of a note leads on the page; neither where it leads nowhere."""

    href: str = ""
    place: str = ""


def place_of(link: Link) -> LinkPlace:
    """Return where a link leads: the page itself for notes, the web for addresses.

    :param link: resolved.
    """
    if link.kind in (LinkKind.NOTE, LinkKind.ANCHOR) and link.to is not None:
        place = link.to if link.to_line is None else f"{link.to}:{link.to_line}"
        return LinkPlace(f"?p={quote(place, safe='/:', errors='surrogateescape')}", place)
    if link.kind is LinkKind.URL and link.ok:
        return LinkPlace(link.target)
    return LinkPlace()


def render_note(text: str, links: Sequence[Link]) -> str:
    r"""Return the body of a note as HTML.

    :param text: the whole note, lines ended by ``\n``.
    :param links: its links, resolved.
    """
    places = {link.target: place_of(link) for link in links}
    parser = make_parser(html=False)
    environment: dict[str, Any] = {}
    body = split_front_matter(text).body
    tokens = parser.parse(body, environment)
    _prepare(tokens, body.split("\n"), lambda target: places.get(target, LinkPlace()))
    html = parser.renderer.render(tokens, parser.options, environment)
    return nh3.clean(
        html, tags=set(_TAGS), attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None
    )


def _prepare(tokens: Sequence[Any], lines: Sequence[str], find: Callable[[str], LinkPlace]) -> None:
    """Note the lines of blocks and say where links lead, before the tokens are rendered."""
    for token in tokens:
        if token.type.startswith("footnote_reference"):
            token.tag = "div"
        if token.map and (token.nesting == 1 or token.type in ("fence", "code_block", "hr")):
            start, end = _line_range(token, lines)
            token.attrSet("data-line-start", str(start))
            token.attrSet("data-line-end", str(end))
        if token.type.startswith("math_block"):
            start, end = _line_range(token, lines)
            source = escape(f"$${token.content}$$")
            token.type = "html_block"
            token.content = (
                f'<div data-line-start="{start}" data-line-end="{end}"><code>{source}</code></div>'
            )
        if token.children:
            _prepare_inline(token.children, find)


def _line_range(token: Any, lines: Sequence[str]) -> tuple[int, int]:
    """Return the first and last line of a block, blank lines at its end left out."""
    start, end = token.map
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return start + 1, end


def _prepare_inline(tokens: list[Any], find: Callable[[str], LinkPlace]) -> None:
    for token in tokens:
        if token.type == "own_link":
            link = token.meta["link"]
            token.type, token.content = "html_inline", _anchor(find(link.target), token.content)
        elif token.type == "link_open":
            place = find(str(token.attrs.get("href", "")))
            token.attrs = {"href": place.href, "data-place": place.place} if place.href else {}
        elif token.type == "image":
            token.type, token.content = "html_inline", escape(token.content)
        elif token.type.startswith("math_inline"):
            source = escape(f"{token.markup}{token.content}{token.markup}")
            token.type, token.content = "html_inline", f"<code>{source}</code>"


def _anchor(place: LinkPlace, text: str) -> str:
    if not place.href:
        return f'<span class="dead">{escape(text)}</span>'
    return f'<a href="{escape(place.href)}" data-place="{escape(place.place)}">{escape(text)}</a>'

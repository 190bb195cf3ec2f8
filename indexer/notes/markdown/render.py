"""A note to HTML for reading: safe to show, with the line range of every block.

Notes are not trusted. HTML in them stays text, only web addresses, mail addresses and other notes
are links, images are numbers that stand for files of the notes folder; a second, independent pass
removes whatever else there might be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote

import nh3

from indexer.notes.formats import FindImage
from indexer.notes.front_matter import split_front_matter
from indexer.notes.markdown import math
from indexer.notes.markdown.parser import make_parser
from indexer.records import Link, LinkKind

_TAGS = frozenset(
    "a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr img li ol p pre s span strong sup "
    "table tbody td th thead tr ul".split()
)
_LINES = {"data-line-start", "data-line-end"}
_ATTRIBUTES = {
    "*": {*_LINES, "class"},
    "a": {*_LINES, "class", "href", "data-place", "data-foot"},
    "div": {*_LINES, "class", "data-foot-id"},
    "img": {"alt", "data-image"},
    "ol": {*_LINES, "start"},
    "pre": {"data-language"},
    "td": {"data-align"},
    "th": {"data-align"},
    **{tag: set(math.ATTRIBUTES) for tag in math.TAGS},
}
# Classes this module gives; no other passes.
_CLASSES = frozenset(
    "callout-title checked dead done formula mark note-image task "
    "callout callout-tip callout-note callout-danger callout-warning callout-question "
    "callout-quote footnote".split()
)
_SCHEMES = {"http", "https", "mailto"}
_CALLOUT = re.compile(r"\[!([\w-]+)\][+-]?[ \t]*")
_CALLOUT_KINDS = {
    "tip": "tip",
    "hint": "tip",
    "success": "tip",
    "check": "tip",
    "done": "tip",
    "danger": "danger",
    "error": "danger",
    "bug": "danger",
    "failure": "danger",
    "caution": "danger",
    "warning": "warning",
    "attention": "warning",
    "important": "warning",
    "question": "question",
    "help": "question",
    "faq": "question",
    "quote": "quote",
    "cite": "quote",
}
_IMAGE_NAME = re.compile(r".*\.(?:png|jpe?g|gif|webp)$", re.IGNORECASE)
_ALIGN = re.compile(r"text-align:(left|right|center)")


class LinkPlace(NamedTuple):
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


def render_note(
    text: str, links: Sequence[Link], find_image: FindImage = lambda target: None
) -> str:
    r"""Return the body of a note as HTML.

    :param text: the whole note, lines ended by ``\n``.
    :param links: its links, resolved.
    :param find_image: says which images can be shown.
    """
    places = {link.target: place_of(link) for link in links}
    parser = make_parser(html=False)
    environment: dict[str, Any] = {}
    body = split_front_matter(text).body
    tokens = parser.parse(body, environment)
    preparation = _Preparation(body.split("\n"), places, find_image)
    preparation.prepare(tokens)
    html = parser.renderer.render(tokens, parser.options, environment)
    return nh3.clean(
        html,
        tags=set(_TAGS | math.TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_own_classes,
        url_schemes=_SCHEMES,
        link_rel=None,
    )


def _keep_own_classes(tag: str, name: str, value: str) -> str | None:
    if name != "class":
        return value
    return " ".join(word for word in value.split() if word in _CLASSES) or None


class _Preparation:
    """Notes the lines of blocks and says where links lead, before the tokens are rendered."""

    def __init__(
        self, lines: Sequence[str], places: dict[str, LinkPlace], find_image: FindImage
    ) -> None:
        self._lines = lines
        self._places = places
        self._find_image = find_image

    def prepare(self, tokens: Sequence[Any]) -> None:
        for position, token in enumerate(tokens):
            if token.map and (token.nesting == 1 or token.type == "hr"):
                start, end = self._line_range(token)
                token.attrSet("data-line-start", str(start))
                token.attrSet("data-line-end", str(end))
            self._prepare_block(token, tokens[position + 1 : position + 3])
            if token.children:
                self._prepare_inline(token.children)

    def _prepare_block(self, token: Any, following: Sequence[Any]) -> None:
        match token.type:
            case "fence" | "code_block":
                token.content = self._code(token)
                token.type = "html_block"
            case "math_block" | "math_block_label":
                formula = self._formula(token.content, "$$", block=True)
                token.content = f'<div {self._range_of(token)} class="formula">{formula}</div>'
                token.type = "html_block"
            case "footnote_reference_open":
                token.tag = "div"
                token.attrSet("class", "footnote")
                token.attrSet("data-foot-id", str(token.meta.get("label", "")))
            case "footnote_reference_close":
                token.tag = "div"
            case "list_item_open" if "checked" in token.meta:
                token.attrs["class"] = "task done" if token.meta["checked"] else "task"
            case "th_open" | "td_open":
                align = _ALIGN.match(str(token.attrs.pop("style", "")))
                if align:
                    token.attrSet("data-align", align.group(1))
            case "blockquote_open" if len(following) == 2 and following[1].children:
                self._mark_callout(token, following[1].children)

    def _line_range(self, token: Any) -> tuple[int, int]:
        """Return the first and last line of a block, blank lines at its end left out."""
        start, end = token.map
        while end > start + 1 and not self._lines[end - 1].strip():
            end -= 1
        return start + 1, end

    def _range_of(self, token: Any) -> str:
        start, end = self._line_range(token)
        return f'data-line-start="{start}" data-line-end="{end}"'

    def _code(self, token: Any) -> str:
        language = token.info.split()[0] if token.info.strip() else ""
        return (
            f'<pre data-language="{escape(language)}"><code {self._range_of(token)}>'
            f"{escape(token.content)}</code></pre>"
        )

    def _formula(self, source: str, around: str, *, block: bool) -> str:
        written = math.to_mathml(source, block=block)
        return written or f"<code>{escape(f'{around}{source}{around}')}</code>"

    def _mark_callout(self, opener: Any, children: list[Any]) -> None:
        """Make a callout of a quote that begins with ``[!kind]``, titled by the rest of that line.

        :param opener: the token of the quote.
        :param children: the tokens of its first paragraph.
        """
        found = children[0].type == "text" and _CALLOUT.match(children[0].content)
        if not found:
            return
        kind = found.group(1)
        opener.attrSet("class", f"callout callout-{_CALLOUT_KINDS.get(kind.lower(), 'note')}")
        children[0].content = children[0].content[found.end() :]
        end = next((i for i, c in enumerate(children) if c.type.endswith("break")), len(children))
        if end == 1 and not children[0].content:
            children[0].content = kind.capitalize()
        opening, closing = children[0].copy(), children[0].copy()
        opening.type = closing.type = "html_inline"
        opening.content, closing.content = '<span class="callout-title">', "</span>"
        children[:] = [opening, *children[:end], closing, *children[end + 1 :]]

    def _prepare_inline(self, tokens: list[Any]) -> None:
        for token in tokens:
            match token.type:
                case "own_link":
                    self._set_html(token, self._own_link(token))
                case "link_open":
                    place = self._find(str(token.attrs.get("href", "")))
                    found = {"href": place.href, "data-place": place.place}
                    token.attrs = found if place.href else {"class": "dead"}
                case "image":
                    target = str(token.attrs.get("src", ""))
                    self._set_html(token, self._image(target, token.content))
                case "math_inline" | "math_inline_double":
                    block = token.type == "math_inline_double"
                    self._set_html(token, self._formula(token.content, token.markup, block=block))
                case "footnote_ref":
                    label = escape(str(token.meta.get("label", "")))
                    self._set_html(token, f'<sup><a data-foot="{label}">{label}</a></sup>')

    def _find(self, target: str) -> LinkPlace:
        return self._places.get(target, LinkPlace())

    @staticmethod
    def _set_html(token: Any, html: str) -> None:
        token.type, token.content = "html_inline", html

    def _own_link(self, token: Any) -> str:
        link = token.meta["link"]
        embedded = token.meta.get("source", "").startswith("!") or not link.text
        if embedded and _IMAGE_NAME.match(link.target):
            return self._image(link.target, link.text or link.target.rpartition("/")[2])
        place, text = self._find(link.target), escape(link.text or link.target)
        if not place.href:
            return f'<span class="dead">{text}</span>'
        return f'<a href="{escape(place.href)}" data-place="{escape(place.place)}">{text}</a>'

    def _image(self, target: str, text: str) -> str:
        """Return an image by its number, or its text where it cannot be shown."""
        number = self._find_image(target)
        shown = escape(text or target.rpartition("/")[2])
        if number is None:
            return f'<span class="note-image">{shown}</span>'
        return f'<img alt="{shown}" data-image="{number}">'

"""Extract the visible text from HTML inside Markdown.

This is a scan for tags, not an HTML parser: it cannot fail, it keeps all line numbers, and it takes
linear time. (The standard library's parser in Python 3.11 raises on marked sections and takes
quadratic time for unclosed tags.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

_ATTRIBUTES = r"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*|[^<>]*"""
_TAG = re.compile(
    rf"<!--.*?-->|<(/?)(?=[A-Za-z][^<>]*+>)([A-Za-z][^\s<>/]*)({_ATTRIBUTES})>|<[!?][^<>]*>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s"'=<>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")
# Elements of HTML; other words in angle brackets are text, unless there is a closing tag.
_KNOWN = frozenset(
    "a abbr address area article aside audio b base bdi bdo big blockquote body button canvas "
    "caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl "
    "dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 "
    "head header hgroup hr html i iframe img input ins kbd label legend li link main map mark "
    "menu meta meter nav noscript object ol optgroup option output p param picture pre "
    "progress q rp rt ruby s samp script search section select slot small source span strike "
    "strong style sub summary sup svg table tbody td template textarea tfoot th thead time "
    "title tr track tt u ul var video wbr path g circle rect line polyline polygon ellipse "
    "defs use".split()
)
# Elements that need no end tag.
_UNENDED = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li dd dt td th tr "
    "option tbody thead tfoot".split()
)
_HIDDEN = frozenset({"script", "style", "template"})
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i img ins kbd label mark q rp rt ruby s "
    "samp small span strong sub sup time tt u var wbr".split()
)


@dataclass(slots=True)
class VisibleHtml:
    """The visible texts of a piece of HTML, each with its 0-based row, and the links in it."""

    pieces: list[tuple[int, str]] = field(default_factory=list)
    links: list[tuple[int, str, str]] = field(default_factory=list)  # row, text, target


class _Scanner:
    """Collects visible texts, alternative texts of images, and targets of links."""

    def __init__(self, source: str, closed: frozenset[str]) -> None:
        self.visible = VisibleHtml()
        self._source = source
        self._closed = closed
        self._row = 0
        self._counted = 0
        self._link: tuple[int, str, int] | None = None  # row, target, pieces before it
        self._unclosed: set[str] = set()

    def scan(self) -> VisibleHtml:
        end = 0
        found = _TAG.search(self._source)
        while found:
            self._text(end, found.start())
            end = self._take(found)
            found = _TAG.search(self._source, end)
        self._text(end, len(self._source))
        return self.visible

    def _take(self, found: re.Match[str]) -> int:
        """Process a tag, or skip its hidden content; return the next position."""
        name = (found.group(2) or "").lower()
        if not name:
            return found.end()
        if not is_element(found.group(), self._closed, in_block=True):
            self._text(found.start(), found.end())
            return found.end()
        row = self._row_of(found.start())
        if name not in _INLINE:
            self.visible.pieces.append((row, " "))
        if found.group(1):
            self._end(name)
        elif name in _HIDDEN:
            return self._behind(name, found.end())
        else:
            self._start(name, _attributes(found.group(3)), row)
        return found.end()

    def _start(self, name: str, attributes: dict[str, str], row: int) -> None:
        if name == "img" and attributes.get("alt"):
            self.visible.pieces.append((row, f"{attributes['alt']} "))
        if name == "a" and attributes.get("href"):
            self._link = (row, attributes["href"], len(self.visible.pieces))

    def _end(self, name: str) -> None:
        if name == "a" and self._link is not None:
            row, target, before = self._link
            text = "".join(piece for _, piece in self.visible.pieces[before:])
            self.visible.links.append((row, " ".join(text.split()), target))
            self._link = None

    def _behind(self, name: str, start: int) -> int:
        """Return the end of a hidden element; an unclosed one hides nothing."""
        if name in self._unclosed:
            return start
        depth = 1
        tags = re.compile(rf"<(/?){name}\b[^<>]*>", re.IGNORECASE)
        for found in tags.finditer(self._source, start):
            # Only templates can be nested.
            depth += -1 if found.group(1) else int(name == "template")
            if depth == 0:
                return found.end()
        self._unclosed.add(name)
        return start

    def _text(self, start: int, end: int) -> None:
        row = self._row_of(start)
        for offset, piece in enumerate(unescape(self._source[start:end]).split("\n")):
            if offset:
                self.visible.pieces.append((row + offset, " "))
            if piece:
                self.visible.pieces.append((row + offset, piece))

    def _row_of(self, position: int) -> int:
        self._row += self._source.count("\n", self._counted, position)
        self._counted = max(self._counted, position)
        return self._row


def read_html(source: str, closed: frozenset[str] = frozenset()) -> VisibleHtml:
    """Return the visible content of a piece of HTML.

    :param source: tags and text; unclosed tags are allowed, comments and closed scripts are hidden.
    :param closed: ``closed_elements`` of the whole note.
    """
    return _Scanner(source, closed or closed_elements(source)).scan()


def closed_elements(source: str) -> frozenset[str]:
    """Return the names, in lower case, that have an end tag somewhere in a text."""
    return frozenset(name.lower() for name in re.findall(r"</([A-Za-z][\w.:-]*)", source))


def is_element(
    source: str, closed: frozenset[str], *, in_block: bool = False, after_word: bool = False
) -> bool:
    """Return whether a text in angle brackets is a tag and not a word of the author.

    ``<branch>``, ``List<String>`` and ``x<y and y>z`` are text; a component is a tag if it closes.

    :param source: from ``<`` to ``>``.
    :param closed: the names that have an end tag somewhere in the note.
    :param in_block: True if the tag begins a block of HTML.
    :param after_word: True if a letter or digit is right before it.
    """
    found = _TAG.match(source)
    name = (found.group(2) or "").lower() if found else ""
    if not found or not name or found.group(1):
        return True
    if name in closed or source.endswith("/>") or "=" in found.group(3):
        return True
    if name == "br" or (name in _UNENDED and not after_word):
        return True
    return in_block and name in _KNOWN and name != "main"


def read_tag(source: str) -> tuple[str, dict[str, str]]:
    """Return the name of a single tag (with a slash for an end tag) and its attributes.

    :param source: ``<a href="x">``, ``</a>`` or ``<br/>``; other text gives an empty name.
    """
    found = _TAG.match(source)
    if not found or not found.group(2):
        return "", {}
    name = found.group(2).lower()
    return (f"/{name}", {}) if found.group(1) else (name, _attributes(found.group(3)))


def _attributes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(source):
        found.setdefault(name.lower(), unescape(next(filter(None, values), "")))
    return found

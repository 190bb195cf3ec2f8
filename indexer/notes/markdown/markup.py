"""Make HTML in notes safe to show: keep visible content, remove active content.

Elements on the allow list pass, and embedding elements become links. Other words in angle brackets
(``List<T>``) are shown as text, an MDX component as a chip with its name. Scripts and styles are
removed. `render` sanitises the whole note a second time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html import escape

from indexer.notes.markdown.html import is_element, read_tag

_TAG = re.compile(
    r"""<!--.*?-->|<!--.*\Z|</?[A-Za-z][^\s<>/]{0,100}(?:[^<>"']|"[^"<]*"|'[^'<]*')*+>|<[!?][^<>]*>""",
    re.DOTALL,
)
# Elements that are kept.
SHOWN = frozenset(
    "a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 "
    "h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub "
    "summary sup table tbody td tfoot th thead tr u ul var".split()
)
# Elements that are removed, while their content is kept.
_UNWRAPPED = frozenset(
    "address article aside bdi bdo big button canvas center colgroup col data dialog fieldset "
    "font footer form header hgroup input label legend main map menu nav noscript object optgroup "
    "option output picture progress ruby rp rt select slot strike textarea time tt wbr svg path g "
    "rect circle line polyline polygon ellipse defs use lineargradient stop symbol".split()
)
_EMBEDS = frozenset("video audio iframe embed source track".split())
_ACTING = re.compile(r"<(script|style)\b[^<>]*>", re.IGNORECASE)
_ACTING_ENDS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style")}
# Components begin with a capital letter, elements of HTML do not.
_COMPONENT = re.compile(r"</?([A-Z][\w.]*)")
_VOID = frozenset("br hr img input wbr col source track embed".split())

DrawImage = Callable[[str, str, str], str]
"""Returns the HTML of an image from its target, text and width."""
DrawLink = Callable[[str, str], str]
"""Returns the HTML of a link from target and text; only the opening tag if the text is None."""


def chip(text: str, title: str = "") -> str:
    """Return what stands for something that cannot be shown.

    :param text: its name.
    :param title: more details.
    """
    return f'<span class="chip" title="{escape(title)}">{escape(text)}</span>'


def _without_scripts(content: str) -> str:
    """Return HTML without scripts and styles that are closed, in time proportional to it."""
    parts: list[str] = []
    end, unclosed = 0, set[str]()
    for found in _ACTING.finditer(content):
        name = found.group(1).lower()
        if found.start() < end or name in unclosed:
            continue
        closing = _ACTING_ENDS[name].search(content, found.end())
        if closing is None:
            unclosed.add(name)
            continue
        parts.append(content[end : found.start()])
        end = closing.end()
    return "".join([*parts, content[end:]])


def safe_html(
    content: str,
    image: DrawImage,
    link: DrawLink,
    embed: DrawLink,
    closed: frozenset[str] = frozenset(),
) -> str:
    """Return a piece of HTML of a note in a form that is safe on the page.

    :param content: as written; it may be unbalanced.
    :param image: draws an ``img``.
    :param link: draws the opening tag of an ``a``.
    :param embed: draws a replacement of ``iframe``, ``video`` or ``audio``.
    :param closed: the names that are closed somewhere in the note.
    """
    content = _without_scripts(content)
    parts: list[str] = []
    end = 0
    for found in _TAG.finditer(content):
        parts.append(content[end : found.start()])
        parts.append(_safe_tag(found.group(), image, link, embed, closed=closed))
        end = found.end()
    parts.append(content[end:])
    return "".join(parts)


def _safe_tag(
    source: str, image: DrawImage, link: DrawLink, embed: DrawLink, *, closed: frozenset[str]
) -> str:
    if source.startswith(("<!", "<?")):
        return ""
    name, attributes = read_tag(source)
    bare = name.removeprefix("/")
    if name == "img":
        return image(
            attributes.get("src", ""), attributes.get("alt", ""), attributes.get("width", "")
        )
    if name == "a" and attributes.get("href"):
        return link(attributes["href"], "")
    if bare in _EMBEDS:
        target = attributes.get("src", "")
        return embed(target, attributes.get("title", "")) if target else ""
    if bare in SHOWN or bare in _UNWRAPPED:
        return source
    return _component(source, bare, closed)


def _component(source: str, bare: str, closed: frozenset[str]) -> str:
    """Return a chip for a component of MDX, nothing for its end, and text for any other words."""
    written = _COMPONENT.match(source)
    if not written or not is_element(source, closed):
        return escape(source)
    return chip(written[1], source) if not source.startswith("</") else ""


def is_balanced(content: str) -> bool:
    """Return whether every element opened in a piece of HTML is also closed in it."""
    counts: Counter[str] = Counter()
    for found in _TAG.finditer(content):
        name, _ = read_tag(found.group())
        bare = name.removeprefix("/")
        if bare in SHOWN and bare not in _VOID and not found.group().endswith("/>"):
            counts[bare] += -1 if name.startswith("/") else 1
    return not any(counts.values())

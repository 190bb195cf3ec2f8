"""Render a note as safe HTML for reading, with the line range of every block.

Notes are not trusted. HTML elements that only format text pass; the rest is shown as text. Only web
addresses, mail addresses and other notes become links. Pictures are numbers of files in the notes
folder. A formula is its source, which the browser draws. A second, independent pass removes
everything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

import nh3

from indexer.notes.formats import FindImage
from indexer.notes.front_matter import split_front_matter
from indexer.notes.links import read_block_reference
from indexer.notes.markdown import callouts
from indexer.notes.markdown.callouts import Callout
from indexer.notes.markdown.html import closed_elements
from indexer.notes.markdown.link_place import WEB, LinkPlace, place_of
from indexer.notes.markdown.markup import SHOWN, chip, is_balanced, safe_html
from indexer.notes.markdown.shortcodes import IMAGE_NAME, Meaning, Shortcode
from indexer.notes.markdown.shown import hide_id, shown_parser, shown_source
from indexer.notes.markdown.tables import ROW
from indexer.notes.no_collection import no_collection
from indexer.records import Link, RawLink

_LINES = {"data-line-start", "data-line-end"}
_FORMULA = {"data-tex", "data-display"}
_ATTRIBUTES = {
    "*": {*_LINES, "class"},
    "a": {*_LINES, "class", "href", "data-place", "data-foot", "data-file"},
    "abbr": {*_LINES, "title"},
    "details": {*_LINES, "class", "open"},
    "div": {*_LINES, *_FORMULA, "class", "data-foot-id"},
    "img": {"alt", "data-image", "data-width"},
    "ol": {*_LINES, "start"},
    "pre": {"data-language"},
    "span": {*_LINES, *_FORMULA, "class", "title"},
    "td": {"data-align", "colspan", "rowspan"},
    "th": {"data-align", "colspan", "rowspan"},
}
EMBED = "embed"  # the class of a link in whose place a reader shows what it leads to
# The classes of this module; all others are removed.
_CLASSES = frozenset(
    "aside callout-title chip dead done elsewhere embed formula gallery missing note-image task "
    "wide callout callout-tip callout-note callout-danger callout-warning callout-question "
    "callout-quote callout-example callout-tab footnote".split()
)
_SCHEMES = {"http", "https", "mailto"}
_WIDTH = re.compile(r"\d{1,4}")
_GIVEN_WIDTH = re.compile(r"\|(\d{1,4})(?:x\d{1,4})?\]\]$")  # ![[picture.png|200]]
_PDF = re.compile(r"\.pdf(?:[?#].*)?$", re.IGNORECASE)
_CLOSING_CODE = re.compile(r"\{\{[<%]?\s*/\s*([\w-]+)|\{%-?\s*end([a-z_]+)")
_MAX_FORMULA_CHARS = 20_000
_DRAWN_AS_THEY_ARE = frozenset(("inline", "paragraph_open", "paragraph_close", ROW))


def render_note(
    text: str, links: Sequence[Link], find_image: FindImage = lambda target: None
) -> str:
    r"""Return the body of a note as HTML.

    :param text: the whole note, lines ended by ``\n``.
    :param links: its links, resolved.
    :param find_image: says which pictures and files of the folder can be shown.
    """
    with no_collection(len(text)):
        html = _draw(text, links, find_image)  # its tokens are freed before a collection
    return nh3.clean(
        html,
        tags=set(SHOWN),
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_own_classes,
        url_schemes=_SCHEMES,
        link_rel=None,
    )


def _draw(text: str, links: Sequence[Link], find_image: FindImage) -> str:
    parser, environment = shown_parser(), dict[str, Any]()
    front = split_front_matter(text)
    is_drawing = any(key == "excalidraw-plugin" for key, _ in front.properties)
    body = shown_source(front.body, drawing=is_drawing)
    tokens = parser.parse(body, environment)
    _Drawing(body, {link.target: place_of(link) for link in links}, find_image).prepare(tokens)
    return str(parser.renderer.render(tokens, parser.options, environment))


def _keep_own_classes(tag: str, name: str, value: str) -> str | None:
    if name != "class":
        return value
    return " ".join(word for word in value.split() if word in _CLASSES) or None


def _set_attributes(token: Any) -> None:
    """Set the attributes that the page needs to draw footnotes, tasks and cells."""
    match token.type:
        case "footnote_reference_open":
            token.tag = "div"
            token.attrSet("class", "footnote")
            token.attrSet("data-foot-id", str(token.meta.get("label", "")))
        case "footnote_reference_close":
            token.tag = "div"
        case "list_item_open" if "checked" in token.meta:
            token.attrs["class"] = "task done" if token.meta["checked"] else "task"


class _Drawing:
    """Decides how each token is drawn, before the tokens are rendered."""

    def __init__(self, body: str, places: dict[str, LinkPlace], find_file: FindImage) -> None:
        self._lines = body.split("\n")
        self._places = places
        self._find_file = find_file
        self._closed = closed_elements(body)
        self._closed_codes = {
            (one.group(1) or one.group(2)).lower() for one in _CLOSING_CODE.finditer(body)
        }
        self._open: list[str] = []  # the closing tags of callouts, innermost last
        self._open_codes: list[tuple[str, str]] = []  # names and closing tags of shortcodes

    def prepare(self, tokens: Sequence[Any]) -> None:
        for position, token in enumerate(tokens):
            if token.type == "html_block":
                if token.map:
                    token.content = self._html_block(token)
                continue
            if token.map and (token.nesting == 1 or token.type == "hr"):
                start, end = self._line_range(token)
                token.attrSet("data-line-start", str(start))
                token.attrSet("data-line-end", str(end))
            if token.type not in _DRAWN_AS_THEY_ARE:
                self._prepare_block(token, tokens, position)
            for inline in token.meta["marked"] if token.type == ROW else (token,):
                if inline.children:
                    hide_id(inline.children)
                    self._prepare_inline(inline.children)

    def _prepare_block(self, token: Any, tokens: Sequence[Any], position: int) -> None:
        match token.type:
            case "fence" | "code_block":
                self._set_block(token, self._code(token))
            case "math_block" | "math_block_label" | "amsmath":
                self._set_block(token, self._formula_block(token))
            case "shortcode_block":
                code, lines = token.meta["shortcode"], self._range_of(token)
                self._set_block(token, self._shortcode(code, lines))
            case "definition":
                self._set_block(token, "")
            case "blockquote_open":
                self._open.append("")
                following = tokens[position + 1 : position + 3]
                if len(following) == 2 and following[1].children:
                    self._mark_callout(token, following[0], following[1].children)
            case "container_callout_open":
                self._begin(token, callouts.fenced_callout(token.info))
            case "admonition_open":
                self._begin(token, callouts.indented_callout(token.markup, token.info))
            case "blockquote_close" | "container_callout_close" | "admonition_close":
                self._set_block(token, self._open.pop() or "</blockquote>\n")
            case _:
                _set_attributes(token)

    def _begin(self, token: Any, callout: Callout | None) -> None:
        if callout is None:
            self._open.append("</div>\n")
            self._set_block(token, f"<div {self._range_of(token)}>")
            return
        begin, end = self._frame(callout, self._range_of(token), escape(callout.title))
        self._open.append(end)
        self._set_block(token, begin)

    @staticmethod
    def _frame(callout: Callout, lines: str, title: str) -> tuple[str, str]:
        """Return the opening and closing HTML of a callout; a folding one is a ``<details>``."""
        attributes = f'{lines} class="callout callout-{callout.kind}"'
        if callout.fold:
            state = " open" if callout.fold == "open" else ""
            begin = f'<details {attributes}{state}><summary class="callout-title">'
            return f"{begin}{title}</summary>", "</details>\n"
        shown = f'<div class="callout-title">{title}</div>' if title else ""
        return f"<div {attributes}>{shown}", "</div>\n"

    def _line_range(self, token: Any) -> tuple[int, int]:
        """Return the first and last line of a block, without blank lines at its end."""
        start, end = token.map
        while end > start + 1 and not self._lines[end - 1].strip():
            end -= 1
        return start + 1, max(end, start + 1)  # the term of a definition ends where it begins

    def _range_of(self, token: Any) -> str:
        start, end = self._line_range(token)
        return f'data-line-start="{start}" data-line-end="{end}"'

    def _code(self, token: Any) -> str:
        language = token.info.split()[0].strip("{}.") if token.info.strip() else ""
        if language == "math":
            return self._formula_block(token)
        return (
            f'<pre data-language="{escape(language)}"><code {self._range_of(token)}>'
            f"{escape(token.content)}</code></pre>"
        )

    def _formula_block(self, token: Any) -> str:
        source = token.content.strip()
        shown = escape(source if token.type == "amsmath" else f"$${source}$$")
        tex = escape(source) if len(source) <= _MAX_FORMULA_CHARS else ""
        return (
            f'<div {self._range_of(token)} class="formula" data-tex="{tex}" data-display="block">'
            f"<code>{shown}</code></div>"
        )

    @staticmethod
    def _formula(source: str, around: str, *, block: bool) -> str:
        if len(source) > 2 and source[0] == source[-1] == "`":  # GitLab: $`a + b`$
            source = source[1:-1]
        tex = escape(source.strip()) if len(source) <= _MAX_FORMULA_CHARS else ""
        kind = "block" if block else "line"
        given = f'class="formula" data-tex="{tex}" data-display="{kind}"'
        return f"<span {given}><code>{escape(around + source + around)}</code></span>"

    def _html(self, content: str) -> str:
        return safe_html(content, self._image, self._html_link, self._embed, self._closed)

    def _html_block(self, token: Any) -> str:
        html = self._html(token.content)
        if is_balanced(token.content) and html.strip():
            return f"<div {self._range_of(token)}>{html}</div>\n"
        return html

    def _mark_callout(self, opener: Any, paragraph: Any, children: list[Any]) -> None:
        """Turn a quote that begins with ``[!kind]`` into a callout titled by the rest of the line.

        :param opener: the token of the quote.
        :param paragraph: the token that opens its first paragraph.
        :param children: the tokens of that paragraph.
        """
        found = children[0].type == "text" and callouts.OBSIDIAN.match(children[0].content)
        if not found:
            return
        name, fold = found.group(1), {"-": "closed", "+": "open"}.get(found.group(2), "")
        children[0].content = children[0].content[found.end() :]
        end = next((i for i, c in enumerate(children) if c.type.endswith("break")), len(children))
        if end == 1 and not children[0].content:
            children[0].content = name.replace("-", " ").capitalize()
        title = "\0"
        begin, self._open[-1] = self._frame(
            Callout(callouts.kind_of(name), title, fold), self._range_of(opener), title
        )
        before, after = begin.split(title)
        # The title is in the first paragraph, which begins after it.
        opening, closing = children[0].copy(), children[0].copy()
        opening.type = closing.type = "html_inline"
        opening.content, closing.content = before, f"{after}<p {self._range_of(paragraph)}>"
        self._set_block(opener, "")
        self._set_block(paragraph, "")
        children[:] = [opening, *children[:end], closing, *children[end + 1 :]]

    def _prepare_inline(self, tokens: list[Any]) -> None:
        for position, token in enumerate(tokens):
            match token.type:
                case "own_link":
                    self._set_html(
                        token, self._own_link(token.meta["link"], token.meta.get("source", ""))
                    )
                case "link_open":
                    token.attrs = self._link_attributes(str(token.attrs.get("href", "")))
                case "image":
                    target = str(token.attrs.get("src", ""))
                    self._set_html(token, self._image(target, token.content))
                case "math_inline" | "math_inline_double":
                    double = token.type == "math_inline_double"
                    block = double and _is_alone(tokens, position)
                    self._set_html(token, self._formula(token.content, token.markup, block=block))
                case "html_inline":
                    html = self._html(token.content)
                    token.content = html
                case "inline_footnote":
                    self._set_html(
                        token, f'<span class="aside">{self._words(token.content)}</span>'
                    )
                case "shortcode":
                    self._set_html(token, self._shortcode(token.meta["shortcode"], ""))
                case "footnote_ref":
                    label = escape(str(token.meta.get("label", "")))
                    self._set_html(token, f'<sup><a data-foot="{label}">{label}</a></sup>')

    # links
    def _find(self, target: str) -> LinkPlace:
        return self._places.get(target) or LinkPlace(target if WEB.match(target) else "")

    def _link_attributes(self, target: str) -> dict[str, str]:
        place = self._find(target)
        if place.href:
            return {"href": place.href, "data-place": place.place}
        number = self._find_file(target) if place.why == "a file" else None
        if number is not None:
            return {"data-file": str(number)}
        return {"class": "dead"} if place.why.startswith("no such") else {"class": "elsewhere"}

    def _anchor(self, target: str, html: str) -> str:
        """Return a link with its text; a broken one shows what is missing."""
        attributes = self._link_attributes(target)
        if "class" in attributes:
            why = self._find(target).why
            title = f"{why}: {target}" if why else target
            return f'<span class="{attributes["class"]}" title="{escape(title)}">{html}</span>'
        given = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        return f"<a{given}>{html}</a>"

    def _html_link(self, target: str, text: str) -> str:
        given = self._link_attributes(target)
        return "<a" + "".join(f' {name}="{escape(value)}"' for name, value in given.items()) + ">"

    def _own_link(self, link: RawLink, source: str) -> str:
        in_place = source.startswith(("!", "{{embed"))
        if (in_place or not link.text) and IMAGE_NAME.match(link.target):
            width = _GIVEN_WIDTH.search(source)
            name = link.text or link.target.rpartition("/")[2]
            return self._image(link.target, name, width[1] if width else "")
        place = self._find(link.target)
        shown = escape(link.text or ("block" if link.target.startswith("((") else link.target))
        if place.place and in_place:
            given = (
                f'class="{EMBED}" href="{escape(place.href)}" data-place="{escape(place.place)}"'
            )
            return f"<a {given}>{shown}</a>"
        return self._anchor(link.target, shown)

    def _embed(self, target: str, text: str) -> str:
        """Return a link instead of content that would be loaded from elsewhere, or played."""
        shown = escape(text or target)
        if WEB.match(target):
            return f'<a class="chip" href="{escape(target)}">{shown}</a>'
        number = self._find_file(target)
        if number is None:
            return chip(text or target, "an embedded file")
        return f'<a class="chip" data-file="{number}">{shown}</a>'

    # pictures
    def _image(self, target: str, text: str, width: str = "") -> str:
        """Return a picture by its number, or its alternative text if it cannot be shown."""
        number = self._find_file(target)
        words, _, size = text.rpartition("|")
        if not words and not _WIDTH.fullmatch(size):
            words, size = size, ""
        found = _WIDTH.match(width or size)
        shown = escape(words or target.rpartition("/")[2])
        if number is not None and _PDF.search(target):
            return f'<a class="chip" data-file="{number}">{shown}</a>'
        if number is not None:
            wide = f' data-width="{found.group()}"' if found else ""
            return f'<img alt="{shown}" data-image="{number}"{wide}>'
        if WEB.match(target):
            return f'<a class="note-image" href="{escape(target)}">{shown}</a>'
        return f'<span class="missing" title="{escape(target)}">{shown}</span>'

    # shortcodes
    def _shortcode(self, code: Shortcode, lines: str) -> str:
        if code.closes:
            return self._close_code(code)
        meaning = code.meaning
        if meaning in (Meaning.NOTICE, Meaning.FOLD, Meaning.GROUP):
            return self._open_code(code, lines)
        said = self._words(code.said)
        match meaning:
            case Meaning.PICTURE:
                return self._figure(code, lines)
            case Meaning.VIDEO:
                return self._embed(
                    code.address, f"{code.name.capitalize()}: {code.said or code.first}"
                )
            case Meaning.FILE:
                block = read_block_reference(code.source, 0, len(code.source))
                if block:
                    return self._own_link(block[0], "!")
                return self._embed(code.address, code.said or code.address)
            case Meaning.ASIDE:
                return f'<span class="aside">{said or self._words(code.first)}</span>'
            case Meaning.ADDRESS:
                return self._anchor(code.first, escape(code.first)) if code.first else ""
            case Meaning.SILENT:
                return ""
        return self._unknown(code, said)

    def _unknown(self, code: Shortcode, said: str) -> str:
        if code.name == "cloze":
            return self._words(code.inner)
        return chip(code.name, code.source) + (f" {said}" if said else "")

    def _words(self, text: str) -> str:
        """Return the text of a shortcode, which is Markdown, as HTML."""
        parser = shown_parser()
        tokens = parser.parseInline(text) if text else []
        for token in tokens:
            self._prepare_inline(token.children or [])
        return str(parser.renderer.render(tokens, parser.options, {}))

    def _open_code(self, code: Shortcode, lines: str) -> str:
        words = [code.named[k] for k in ("type", "kind", "class", "status") if k in code.named]
        kind = (words or [code.name if code.name in callouts.KIND_OF else code.first])[0]
        if code.meaning is Meaning.GROUP:
            begin, end = f'<div {lines} class="gallery">', "</div>"
        else:
            fold = "closed" if code.meaning is Meaning.FOLD else ""
            title = code.named.get("title") or code.named.get("summary") or (fold and code.first)
            frame = Callout(callouts.kind_of(kind or "note"), title or "", fold)
            begin, end = self._frame(frame, lines, escape(title or ("Details" if fold else "")))
        if code.name in self._closed_codes:
            self._open_codes.append((code.name, end))
            return begin
        text = code.named.get("text") or code.named.get("content") or (code.words or ("",))[-1]
        return f"{begin}{escape(text)}{end}" if text else chip(code.name, code.source)

    def _close_code(self, code: Shortcode) -> str:
        if self._open_codes and self._open_codes[-1][0] == code.name:
            return self._open_codes.pop()[1]
        return ""

    def _figure(self, code: Shortcode, lines: str) -> str:
        words = code.caption
        alt = code.named.get("alt") or words
        width = code.named.get("width") or code.named.get("max-width", "")
        picture = self._image(code.picture or code.first, alt, width)
        if not lines:
            said = words and words != code.named.get("alt")
            return picture + (f'<span class="aside">{self._words(words)}</span>' if said else "")
        caption = f"<figcaption>{self._words(words)}</figcaption>" if words else ""
        return f"<figure {lines}>{picture}{caption}</figure>"

    @staticmethod
    def _set_html(token: Any, html: str) -> None:
        token.type, token.content = "html_inline", html

    @staticmethod
    def _set_block(token: Any, html: str) -> None:
        token.type, token.content, token.map = "html_block", html, None


def _is_alone(tokens: Sequence[Any], position: int) -> bool:
    """Return whether a token is alone on its line of the paragraph."""
    around = [*tokens[position - 1 : position], *tokens[position + 1 : position + 2]]
    return all(one.type.endswith("break") or not one.content.strip() for one in around) and not any(
        one.type in ("own_link", "link_open", "image") for one in around
    )

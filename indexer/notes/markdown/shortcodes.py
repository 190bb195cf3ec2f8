"""Read shortcodes of site generators: Hugo `{{< >}}`, Liquid `{% %}`, Logseq `{{ }}`.

This module reads their content; `render` draws them.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

MAX_CHARS = 4_000
CLOSINGS = {"{{": "}}", "{%": "%}"}
_HUGO = re.compile(r"\{\{[<%#]?\s*(/?)\s*([A-Za-z][\w./-]*)")
_LIQUID = re.compile(r"\{%-?\s*(/?)\s*([A-Za-z][\w./-]*)")
_HUGO_END, _LIQUID_END = (">", "%"), ("-",)
_ARGUMENT = re.compile(
    r"""(\w+://[^\s"']+)|([\w-]+)\s*[=:](?!//)\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))|"([^"]*)"|'([^']*)'|([^\s"'=]+)"""
)
IMAGE_NAME = re.compile(r".*\.(?:png|jpe?g|gif|webp|svg|avif|bmp|tiff?)(?:[?#].*)?$", re.IGNORECASE)
_PICTURES = frozenset(
    "img image figure fig picture photo maincolumn_img marginfigure fullwidth imgproc "
    "screenshot".split()
)
_NOTICES = frozenset(
    "notice alert callout admonition hint note tip warning info danger caution important success "
    "error message attention quote blockquote box details-note".split()
)
_FOLDS = frozenset("details expand spoiler collapse accordion".split())
_GROUPS = frozenset("gallery columns column row tabs tab steps div section center cards".split())
_VIDEOS = {
    "youtube": "https://www.youtube.com/watch?v=",
    "vimeo": "https://vimeo.com/",
    "tweet": "https://x.com/i/status/",
    "instagram": "https://www.instagram.com/p/",
    "gist": "https://gist.github.com/",
}
_FILES = frozenset("embed video audio pdf file inline-file embed-pdf asciinema".split())
_ADDRESSES = frozenset("ref relref link url baseurl post_url".split())
_VERBATIM = frozenset("highlight code katex math mermaid latex codeblock".split())
# Template keywords, which control the output and draw nothing.
_SILENT = frozenset(
    "if elsif else endif unless endunless for endfor case when endcase assign capture endcapture "
    "raw endraw comment endcomment extends block endblock toc baseurl break continue cycle "
    "increment decrement more".split()
)
_SAID = ("note", "caption", "title", "text", "label", "alt", "description", "summary", "content")


# Shortcodes whose first argument is a title, and those with further words for readers.
_TITLED = frozenset("tab tabitem step card expand details accordion collapse spoiler cloze".split())
_SAID_BY = {
    **dict.fromkeys(("tab", "tabitem", "step", "card", "accordion"), ("header", "heading", "name")),
    **dict.fromkeys(("quote", "blockquote", "epigraph"), ("author", "source", "cite")),
    "cards": ("header",),
}


class Meaning(Enum):
    """The meaning of a shortcode."""

    PICTURE = "picture"
    NOTICE = "notice"
    FOLD = "fold"
    GROUP = "group"
    VIDEO = "video"
    FILE = "file"
    ADDRESS = "address"
    VERBATIM = "verbatim"
    ASIDE = "aside"
    SILENT = "silent"
    UNKNOWN = "unknown"


class Shortcode(NamedTuple):
    """A shortcode: its name without folder and suffix, and its arguments."""

    source: str
    name: str
    closes: bool
    named: dict[str, str]
    words: tuple[str, ...]

    @property
    def meaning(self) -> Meaning:
        """Its meaning, by its name or by an image among its arguments."""
        if self.name in _PICTURES or (not self.closes and self.picture):
            return Meaning.PICTURE
        for names, meaning in _MEANINGS:
            if self.name in names:
                return meaning
        if "note" in self.named or self.name.startswith(("sidenote", "marginnote")):
            return Meaning.ASIDE
        return Meaning.UNKNOWN

    @property
    def picture(self) -> str:
        """The target of its image, empty if there is none."""
        for key in ("src", "image", "url", "path", "file", "img", "link", "name"):
            if IMAGE_NAME.match(self.named.get(key, "")):
                return self.named[key]
        return next((word for word in self.words if IMAGE_NAME.match(word)), "")

    @property
    def caption(self) -> str:
        """The words below a picture, empty for none."""
        named = map(self.named.get, ("caption", "title", "description", "alt"))
        return next(filter(None, named), "")

    @property
    def said(self) -> str:
        """Its text for readers."""
        keys = (*_SAID, *_SAID_BY.get(self.name, ()))
        found = [self.named[key] for key in keys if self.named.get(key)]
        if self.name in _TITLED and self.words and not found:
            found = [self.words[0]]
        return " ".join(dict.fromkeys(found))

    @property
    def heading(self) -> str:
        """The title of what it holds, empty for none."""
        names = ("title", "header", "heading", "summary", "label", "name")
        found = next((self.named[key] for key in names if self.named.get(key)), "")
        return found or (self.words[0] if self.name in _TITLED and self.words else "")

    @property
    def inner(self) -> str:
        """Its text after the name, as written."""
        return self.source.strip("{} ").partition(" ")[2].strip()

    @property
    def reference(self) -> str:
        """The shortcode itself if it is Hugo's address of a page (``ref``), else empty."""
        return self.source if self.name in ("ref", "relref") and self.first else ""

    @property
    def first(self) -> str:
        """Its first argument, with or without a name."""
        return next(iter((*self.words, *self.named.values())), "")

    @property
    def address(self) -> str:
        """The address of the video, post or file it embeds."""
        begin = _VIDEOS.get(self.name, "")
        given = [self.named[k] for k in ("id", "src", "url", "file", "filename") if k in self.named]
        found = given[0] if given else self.first
        if self.name == "gist":
            found = "/".join(self.words[:2]) or found
        if not found or found.startswith(("http://", "https://")):
            return found
        return f"{begin}{found}"

    @property
    def embedded(self) -> str:
        """The web address of the video, post or file that it shows in its place, empty for none."""
        shows = self.meaning in (Meaning.VIDEO, Meaning.FILE) and not self.closes
        return self.address if shows and self.address.startswith(("http://", "https://")) else ""


_MEANINGS = (
    (_NOTICES, Meaning.NOTICE),
    (_FOLDS, Meaning.FOLD),
    (_GROUPS, Meaning.GROUP),
    (frozenset(_VIDEOS), Meaning.VIDEO),
    (_FILES, Meaning.FILE),
    (_SILENT, Meaning.SILENT),
    (_ADDRESSES, Meaning.ADDRESS),
    (_VERBATIM, Meaning.VERBATIM),
)


def read_shortcode(source: str, start: int, end: int) -> Shortcode | None:
    """Return the shortcode at a position of a text, None if there is none.

    :param source: the text.
    :param start: the position.
    :param end: the end of the text.
    """
    opening = source[start : start + 2]
    closing = CLOSINGS.get(opening)
    if closing is None:
        return None
    stop = source.find(closing, start + 2, min(end, start + MAX_CHARS))
    if stop < 0:
        return None
    own = source[start : stop + 2]
    found = (_HUGO if opening == "{{" else _LIQUID).match(own, 0, len(own) - 2)
    if not found:
        return None
    slash, name = found.groups()
    given = _without_end(own[found.end() : -2], _HUGO_END if opening == "{{" else _LIQUID_END)
    named, words = _arguments(given)
    if opening == "{%" and name == "include" and words:
        name, words = words[0], words[1:]
    elif opening == "{%" and name.startswith("end") and len(name) > 3 and name not in _SILENT:
        slash, name = "/", name[3:]
    short = name.rpartition("/")[2].removesuffix(".html").removesuffix(".md").lower()
    return Shortcode(own, short, bool(slash), named, tuple(words))


def _without_end(given: str, ends: tuple[str, ...]) -> str:
    """Return what follows the name of a shortcode without the marks at its end."""
    if given.endswith(ends):
        given = given[:-1]
    return given.rstrip().removesuffix("/")


def _arguments(given: str) -> tuple[dict[str, str], list[str]]:
    named: dict[str, str] = {}
    words: list[str] = []
    for found in _ARGUMENT.finditer(given):
        address, name, *values = found.groups()
        values.append(address)
        value = next((one for one in values if one is not None), "")
        if name:
            named.setdefault(name.lower(), value)
        else:
            words.append(value)
    return named, words

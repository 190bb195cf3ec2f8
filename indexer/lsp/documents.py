"""Find things in a document: its path, links, headings and sentences.

Lines and columns count from 0, columns in characters; the server converts them to the units of the
client.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pygls import uris

_TITLE = r"""(?:[ \t]{1,9}(?:"[^"\n]*"|'[^'\n]*'))?[ \t]{0,9}"""
_PLAIN = r"(?:[^()<>\n]|\([^()\n]*\))"
# A wikilink, an inline link (or its second line), a definition of a reference, a link in HTML.
_LINK = re.compile(
    rf"""!?\[\[(?P<wiki>[^\[\]\n]+)\]\]
    |!?(?:\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*|^[^\[\]\n]*)\]
        \([ ]*(?:<(?P<angle>[^<>\n]*)>|(?P<path>{_PLAIN}{{0,2000}}?)){_TITLE}\)
    |^[ ]{{0,3}}\[[^\[\]\n]+\]:\s*(?:<(?P<quoted>[^<>\n]*)>|(?P<defined>\S+))
    |<(?:a|img)\b[^<>\n]*?\b(?:href|src)\s*=\s*(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)')[^<>\n]*>
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REFERENCE = re.compile(r"\[(?P<text>[^\[\]\n]+)\](?:\[[^\[\]\n]*\])?(?![(:\[])")
_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_MAX_LINK_LINE_CHARS = 20_000
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")


class Span(NamedTuple):
    """A part of one line: ``start`` inclusive, ``end`` exclusive."""

    line: int
    start: int
    end: int


class WrittenLink(NamedTuple):
    """A link as written: the span of all of it, and of its target.

    ``form`` is "wiki", "angle", "path", "html", or "reference" for a link whose target is defined
    on another line; the text of such a link is its ``target`` here.
    """

    span: Span
    target_span: Span
    target: str
    form: str

    @property
    def wiki(self) -> bool:
        """Whether the target is a name in double brackets."""
        return self.form == "wiki"


class Heading(NamedTuple):
    """A heading and the last line of its section."""

    level: int
    text: str
    line: int
    last_line: int


def path_of(uri: str) -> str | None:
    """Return the path of a document, None if it is not a file.

    :param uri: of the document.
    """
    return uris.to_fs_path(uri)


def uri_of(path: Path) -> str:
    """Return the URI of a file.

    :param path: absolute.
    """
    return uris.from_fs_path(str(path)) or ""


_FORMS = {
    "wiki": "wiki",
    "angle": "angle",
    "path": "path",
    "quoted": "angle",
    "defined": "path",
    "double": "html",
    "single": "html",
}


def links_on(line: int, text: str) -> list[WrittenLink]:
    """Return the links on a line that contain their target, without those in code.

    :param line: its number.
    :param text: its text; the end of a very long line is not searched.
    """
    found = []
    shown = _without_code(text[:_MAX_LINK_LINE_CHARS])
    for match in _LINK.finditer(shown):
        group = next(name for name in _FORMS if match[name] is not None)
        (start, end), target = match.span(group), match[group]
        if group == "wiki" and "|" in target:
            target = target.partition("|")[0].removesuffix("\\")
            end = start + len(target)
        found.append(
            WrittenLink(
                span=Span(line, *match.span()),
                target_span=Span(line, start, end),
                target=target,
                form=_FORMS[group],
            )
        )
    return found


def references_on(line: int, text: str) -> list[WrittenLink]:
    """Return the parts of a line that can be links whose target is on another line.

    :param line: its number.
    :param text: its text.
    """
    shown = _without_code(text[:_MAX_LINK_LINE_CHARS])
    return [
        WrittenLink(Span(line, *one.span()), Span(line, *one.span()), one["text"], "reference")
        for one in _REFERENCE.finditer(shown)
    ]


def _without_code(text: str) -> str:
    return _CODE.sub(lambda found: " " * len(found[0]), text) if "`" in text else text


def link_at(lines: Sequence[str], line: int, column: int) -> WrittenLink | None:
    """Return the link at a place, None if there is none.

    :param lines: of the document.
    :param line: of the place.
    :param column: of the place.
    """
    if line >= len(lines):
        return None
    for links in (links_on(line, lines[line]), references_on(line, lines[line])):
        for link in links:
            if link.span.start <= column <= link.span.end:
                return link
    return None


def headings_of(lines: Sequence[str]) -> list[Heading]:
    """Return the headings of a document, in order.

    :param lines: of the document.
    """
    found = list(_headings(lines))
    last = max(0, len(lines) - 1)
    return [
        Heading(
            level=level,
            text=text,
            line=number,
            last_line=next(
                (later - 1 for other, _, later in found[i + 1 :] if other <= level), last
            ),
        )
        for i, (level, text, number) in enumerate(found)
    ]


def _headings(lines: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    """Yield level, text and line of the headings, with number signs or underlined."""
    fence, paragraph = "", False
    for number in range(_end_of_front_matter(lines), len(lines)):
        line = lines[number]
        mark = _FENCE.match(line)
        if mark:
            fence, paragraph = _next_fence(fence, mark[1], mark[2]), False
            continue
        if fence:
            continue
        heading, under = _HEADING.match(line), _UNDERLINE.match(line)
        if heading and heading[2]:
            yield len(heading[1]), heading[2], number
        elif under and paragraph:
            yield 1 if under[1][0] == "=" else 2, lines[number - 1].strip(), number - 1
        paragraph = bool(line.strip()) and not heading and not under and not _BULLET.match(line)
        paragraph = paragraph and not line.lstrip().startswith((">", "|", "<"))


def _next_fence(open_fence: str, mark: str, rest: str) -> str:
    """Return the open fence after a line with a fence: only one of its kind and length ends it."""
    if not open_fence:
        return mark
    ends = mark[0] == open_fence[0] and len(mark) >= len(open_fence) and not rest.strip()
    return "" if ends else open_fence


def _end_of_front_matter(lines: Sequence[str]) -> int:
    """Return the number of the first line after the front matter."""
    mark = lines[0].rstrip() if lines else ""
    if mark not in ("---", "+++"):
        return 0
    return next((i + 1 for i in range(1, len(lines)) if lines[i].rstrip() == mark), 0)


def sentence_before(lines: Sequence[str], line: int, column: int) -> str:
    """Return the sentence that ends at a place, without its bullet and link marks.

    If it is short, the previous line is added.

    :param lines: of the document.
    :param line: of the place.
    :param column: of the place.
    """
    before = _BULLET.sub("", lines[line][:column])
    sentence = _SENTENCE_END.split(before)[-1]
    if len(sentence.split()) < 4 and line and lines[line - 1].strip():
        sentence = f"{_BULLET.sub('', lines[line - 1]).strip()} {sentence}"
    return re.sub(r"[\[\]()#*_`>|]+", " ", sentence).strip()

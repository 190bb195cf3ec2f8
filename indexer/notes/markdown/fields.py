"""Read values that are written into the text: ``key:: value`` of Dataview, tags between colons."""

from __future__ import annotations

import re

_FIELD_LINE = re.compile(
    r"\s*(?:>\s*)*(?:[-*+]\s+)?(?:\*\*)?([^\W\d_][\w -]{0,40}?)(?:\*\*)?::\s+(\S.*)$"
)
_INNER_FIELD = re.compile(
    r"[\[(]([^\W\d_][\w -]{0,40}?)::\s+([^\[\]()\n]*(?:\[\[[^\[\]\n]*\]\][^\[\]()\n]*)?)[\])]"
)
_CODE = re.compile(r"(?<!`)(`++).*?(?<!`)\1(?!`)")
_FENCE = re.compile(r"[\s>]*(?:[-*+]\s+)?(`{3,}|~{3,})")
_FOR_PROGRAMS = re.compile(
    r"(?:id|collapsed|heading|background-color|ls-type|hl-.*|logseq\..*|card-.*|template.*|query-.*"
    r"|created-at|updated-at)$"
)
_COLON_TAGS = re.compile(r"\s*:((?:[^\W\d_][\w/-]*:){2,})\s*$")
_MAX_FIELDS, _MAX_VALUE_CHARS = 200, 200


def inline_fields(body: str) -> list[tuple[str, str]]:
    """Return the (key, value) pairs in a text: ``key:: value`` lines, ``[key:: value]`` within one.

    :param body: Markdown without its head; code is left out.
    """
    if ":: " not in body:
        return []
    found: list[tuple[str, str]] = []
    fence = ""
    for line in body.split("\n"):
        mark = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if mark:
            marks = mark.group(1)
            fence = ("" if marks.startswith(fence) else fence) if fence else marks
        elif not fence and ":: " in line:
            found += _fields_of(_CODE.sub("", line))
    return found[:_MAX_FIELDS]


def _fields_of(line: str) -> list[tuple[str, str]]:
    whole = _FIELD_LINE.match(line)
    pairs = [whole.groups()] if whole else _INNER_FIELD.findall(line)
    return [
        (key.strip().casefold(), value.strip()[:_MAX_VALUE_CHARS])
        for key, value in pairs
        if value.strip() and not _FOR_PROGRAMS.match(key.strip().casefold())
    ]


def colon_tags(body: str) -> list[str]:
    """Return the tags of lines that consist of them, as Vim's wiki and zk write: ``:a:b:``."""
    if "\n:" not in body and not body.startswith(":"):
        return []
    lines = (_COLON_TAGS.match(line) for line in body.split("\n") if line.startswith(":"))
    return [tag for found in lines if found for tag in found.group(1).split(":") if tag]

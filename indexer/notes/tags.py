"""Read tags in the text of a note: ``#tag``, ``#nested/tag`` and ``#[[several words]]``."""

from __future__ import annotations

import re

# Letters, digits, marks and emoji of any script, and "-", "_" and "/".
_CHARS = (
    r"[^\s!-,.:-@\[-^`{-~\u00a0-\u00bf\u00d7\u00f7\u2000-\u200b\u200e-\u206f\u3000-\u3004\u3006-\u303f"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
)
_TAG = re.compile(rf"#({_CHARS}+)")
# Bear closes a tag of several words: "#chocolate milk#".
_CLOSED_TAG = re.compile(rf"#({_CHARS}+(?: {_CHARS}+){{1,5}})(?<![ #][\S])#(?=[\s.,;:!?)]|$)")
_QUOTED_TAG = re.compile(r"#\[\[([^\[\]\n]+)\]\]")
_MAY_PRECEDE = frozenset(" \t\n\u00a0\u3000([*_~|,;:\"'>")
_COLOUR = re.compile(
    r"(?=[a-f]*\d)[0-9a-f]{3}(?:[0-9a-f]{3})?(?:[0-9a-f]{2})?|(.)\1{2}(?:\1{3})?", re.I
)
_HAS_LETTER = re.compile(r"[^\d\W_]|[^\x00-\u2000\w]")


def read_tag_at(source: str, start: int, end: int) -> tuple[str, int] | None:
    """Read a tag at a position.

    These are not tags: a number (``#42``), a colour (``#ff0000``), a ``#`` right after a word, and
    an id in braces (``{#part}``).

    :param source: the text.
    :param start: the position of ``#``.
    :param end: the end of the text.
    :return: the tag without ``#``, and the position after it; None if there is no tag.
    """
    if start and source[start - 1] not in _MAY_PRECEDE and source[start - 2 : start] != "==":
        return None
    quoted = _QUOTED_TAG.match(source, start, end)
    if quoted:
        return " ".join(quoted.group(1).split()), quoted.end()
    closed = _CLOSED_TAG.match(source, start, end)
    if closed and _HAS_LETTER.search(closed.group(1)):
        return closed.group(1), closed.end()
    found = _TAG.match(source, start, end)
    if not found:
        return None
    tag = found.group(1).rstrip("/-")
    if not tag.strip("/") or _COLOUR.fullmatch(tag) or not _HAS_LETTER.search(tag):
        return None
    if len(tag) == 1 and source[start - 1 : start] == "[" and source[start + 2 : start + 3] == "]":
        return None  # the priority of a task, in org and Logseq
    return tag, start + 1 + len(tag)

"""Leave out comments of templates and MDX, which may span lines, and show what is marked as raw.

Lines keep their number: a comment of three lines becomes two line ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_MAY_HOLD = ("{/*", "comment", "/*", "{#", "raw")
_START = re.compile(
    r"`+|(?:(?<![ \t])[ \t]++)?(?:(\{/\*)|(\{\{[-%]?[ \t]*/\*)|(\{\{[<%]-?[ \t]*comment\b)"
    r"|(\{%-?[ \t]*comment\b)|(\{::comment\})|(\{#[ \t\n-])|(\{%-?[ \t]*raw[ \t]*-?%\}))"
)
_ENDS = tuple(
    re.compile(end)
    for end in (
        r"\*/\}",
        r"\*/\s*[-%]?\}\}",
        r"\{\{[<%]-?\s*/\s*comment\s*[%>]\}\}",
        r"\{%-?\s*endcomment\s*-?%\}",
        r"\{:/(?:comment)?\}",
        r"#\}",
        r"\{%-?\s*endraw\s*-?%\}",
    )
)
_RAW = len(_ENDS) - 1


def without_comments(lines: list[str], is_code: Callable[[int], bool]) -> list[str]:
    """Return lines without comments; what stands between ``{% raw %}`` marks becomes text.

    :param lines: of a body.
    :param is_code: returns whether the line at a position is a fence or in one.
    """
    kept = list(lines)
    for start, end in _runs(len(lines), is_code):
        source = "\n".join(lines[start:end])
        if any(sign in source for sign in _MAY_HOLD):
            kept[start:end] = _clean(source).split("\n")
    return kept


def _runs(count: int, is_code: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each run of lines that are not code."""
    start = 0
    for index in range(count + 1):
        if index == count or is_code(index):
            if index > start:
                yield start, index
            start = index + 1


def _clean(source: str) -> str:
    parts: list[str] = []
    here = 0
    vain: set[object] = set()  # ends that do not follow: each is searched only once
    found = _START.search(source)
    while found:
        stop, shown = _behind(source, found, vain)
        parts += [source[here : found.start()], shown]
        here = stop
        found = _START.search(source, stop)
    return "".join([*parts, source[here:]])


def _behind(source: str, found: re.Match[str], vain: set[object]) -> tuple[int, str]:
    """Return the position behind a comment or code span, and what stands for it."""
    if not found.lastindex:  # code
        marks = found.group()
        close = re.compile(rf"(?<!`){marks}(?!`)")
        ends = None if marks in vain else close.search(source, found.end())
        if not ends:
            vain.add(marks)
        stop = ends.end() if ends else found.end()
        return stop, source[found.start() : stop]
    kind = found.lastindex - 1
    ends = None if kind in vain else _ENDS[kind].search(source, found.end())
    if not ends:
        vain.add(kind)
        return found.end(), found.group()
    inner = source[found.end() : ends.start()]
    if kind == _RAW:
        literal = inner if "`" in inner else inner.replace("{", "&#123;")
        lead = found.group().partition("{")[0]
        return ends.end(), f"{lead}{literal}"
    return ends.end(), "\n" * source.count("\n", found.start(), ends.end())

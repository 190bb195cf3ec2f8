"""Read the words that components of MDX are given: titles, labels, captions.

A component with a title becomes ``<details>`` with a summary, so its title is the parent of what it
contains. Its other attributes are for programs. Lines keep their number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

_LINE = re.compile(r"\s*</?[A-Z][\w.]*(?:[\s/>]|$)")
_TAG = re.compile(r"<(/?)([A-Z][\w.]*)(?=[\s/>]|$)")
_ATTRIBUTE = re.compile(
    r"\s([A-Za-z][\w-]*)=(?:\"([^\"]*)\"|'([^']*)'|\{\s*(?:\"([^\"{}]*)\"|'([^'{}]*)'|`([^`{}]*)`)\s*\})"
)
_HAS_VALUE = re.compile(r"\s[\w-]+=|\{\.\.\.")
_TITLES = ("title", "label", "heading", "header", "summary", "question")
_SAID = ("description", "subtitle", "caption", "alt")
# These hold sentences or settings: they are read if they have several words. So are, of a component
# without content, all further attributes.
_SENTENCES = ("text", "message", "content", "quote")
_TECHNICAL = frozenset(
    "class classname style id key src href to url icon type variant size color width height align "
    "groupid lang language defaultvalue value path img image cover logo rel target".split()
)
_SEVERAL_WORDS = re.compile(r"[^\W\d_]{2}[\w'.,-]*+ ++[^\W\d_]{2}")
_MAX_LINES, _MAX_CHARS = 200, 8_000
# Characters searched for the ends of tags that have none, with a multiple of those of the note.
_MIN_OPEN_CHARS, _OPEN_PER_CHAR = 50_000, 8
_LOOP = re.compile(r"\s*\{.*(?:=>|\.map\()")
_MAX_LOOP_LINES = 60


def read_components(lines: list[str], is_code: Callable[[int], bool]) -> list[str]:
    """Return lines with components replaced by their words.

    :param lines: of a body.
    :param is_code: returns whether the line at a position is a fence or in one.
    """
    kept = list(lines)
    ends = Counter(re.findall(r"</([A-Z][\w.]*)\s*>", "\n".join(lines)))
    opened: dict[str, list[bool]] = {}
    tags = _Tags(kept)
    index = 0
    while index < len(kept):
        line = kept[index]
        if not is_code(index):
            if _LINE.match(line) and "`<" not in line:
                _read_line(kept, index, opened, ends, tags)
            elif "=" in line and _LOOP.match(line):
                _drop_loop(kept, index)
        index += 1
    return kept


def _drop_loop(lines: list[str], index: int) -> None:
    """Remove an expression of JSX that draws a list, to the line where its braces are balanced."""
    depth = 0
    for last in range(index, min(len(lines), index + _MAX_LOOP_LINES)):
        depth += lines[last].count("{") - lines[last].count("}")
        if depth <= 0:
            if lines[last].rstrip().endswith("}"):
                lines[index : last + 1] = [""] * (last + 1 - index)
            return


def _read_line(
    lines: list[str],
    index: int,
    opened: dict[str, list[bool]],
    ends: Counter[str],
    tags: _Tags,
) -> None:
    """Replace the tags that begin on a line; the rest of a longer tag becomes blank lines."""
    here = 0
    found = _TAG.search(lines[index])
    while found:
        name, closes = found.group(2), bool(found.group(1))
        last, end, source = tags.read(index, found.start())
        if not source:
            return
        if closes:
            own = opened.get(name, [])
            shown = "</details>" if own and own.pop() else source
            ends[name] -= 1
        else:
            shown, folds = _shown(name, source, closed=ends[name] > len(opened.get(name, ())))
            if not source.endswith("/>"):
                opened.setdefault(name, []).append(folds)
        before, rest = lines[index][: found.start()], lines[last][end:]
        lines[index] = before + shown + (rest if last == index else "")
        if last > index:
            lines[index + 1 : last] = [""] * (last - index - 1)
            lines[last] = rest if rest.strip() else ""
        here = len(before) + len(shown)
        found = _TAG.search(lines[index], here)


class _Tags:
    """Reads tags; those without an end may together have a multiple of the note's characters."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._spare = _MIN_OPEN_CHARS + _OPEN_PER_CHAR * sum(map(len, lines))

    def read(self, index: int, start: int) -> tuple[int, int, str]:
        """Return the last line of a tag, the position behind it there, and its source; "" if open.

        :param index: its first line.
        :param start: where it begins there.
        """
        lines, quote, depth, chars = self._lines, "", 0, 0
        for last in range(index, min(len(lines), index + _MAX_LINES)):
            line = lines[last]
            chars += len(line)
            if chars > min(_MAX_CHARS, self._spare) or (
                last > index and not depth and not line.strip()
            ):
                break
            for place in range(start if last == index else 0, len(line)):
                char = line[place]
                if quote:
                    quote = "" if char == quote else quote
                elif char in "\"'`" and (depth or line[:place].endswith("=")):
                    quote = char
                elif char in "{}":
                    depth += 1 if char == "{" else -1
                elif char == ">" and not depth:
                    parts = [lines[index][start:], *lines[index + 1 : last], line[: place + 1]]
                    whole = lines[index][start : place + 1] if last == index else "\n".join(parts)
                    return last, place + 1, whole
        self._spare -= chars
        return index, 0, ""


def _shown(name: str, source: str, *, closed: bool) -> tuple[str, bool]:
    """Return what stands for an opening tag, and whether it folds what follows."""
    if not _HAS_VALUE.search(source):
        return source if "\n" not in source else f"<{name}>", False
    given: dict[str, str] = {}
    for key, *values in _ATTRIBUTE.findall(source):
        given.setdefault(key.lower(), " ".join(next(filter(None, values), "").split()))
    title = next((given[key] for key in _TITLES if given.get(key)), "")
    if name == "TabItem":
        title = title or given.get("value", "")
    said = [given[key] for key in _SAID if given.get(key)]
    said += [given[key] for key in _SENTENCES if _SEVERAL_WORDS.match(given.get(key, ""))]
    if source.endswith("/>"):
        more = [
            value
            for key, value in given.items()
            if key not in (*_TITLES, *_SAID, *_SENTENCES, *_TECHNICAL)
            and _SEVERAL_WORDS.match(value)
        ]
        return ". ".join(filter(None, [title, *more, *said])), False
    if title and closed:
        return f"<details><summary>{title}</summary>{' '.join(said)}", True
    return f"<{name}>{' '.join(filter(None, [title, *said]))}", False

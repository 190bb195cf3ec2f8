"""Read the head of a note that has no fences, as its program writes it at the top.

These are a JSON object (Hugo), ``key:: value`` lines (Logseq, Dataview), ``#+key:`` (org), lines of
Pandoc, ``Key: value`` lines at the top (MultiMarkdown) or below the title (Notion).
"""

from __future__ import annotations

import json
import re

from indexer.notes.properties import MAX_VALUE_CHARS, Head

_INLINE_KEY = re.compile(r"(?:#\+([A-Za-z_]+):|([^\W\d_][\w ./-]{0,60}?)::)(?:\s+(.*))?$")
_PANDOC = ("title", "author", "date")
_NOTION_LINE = re.compile(r"([^\W\d_][\w &/()-]{0,40}): (\S.*)$")
# Of MultiMarkdown, Pelican, MkDocs and TiddlyWiki, up to the first blank line.
_PLAIN_LINE = re.compile(r"([A-Za-z][\w -]{0,30}):[ \t]+(\S.*)$")
_PLAIN_KEYS = frozenset(
    "title author authors date tags keywords category categories slug summary subtitle status "
    "created modified updated template".split()
)


def read_bare_head(lines: list[str], start: int, head: Head, *, exported: bool) -> int:
    """Read the values at the top, and return the position behind them.

    :param lines: of the note.
    :param start: the position of its first line with text.
    :param head: filled in; it stays without values if there is no head.
    :param exported: True for a page that Notion exported.
    """
    end = start
    if lines[start].lstrip().startswith("{"):
        end = _load_json(lines, start, head)
    elif lines[start].startswith("% "):
        while end < start + len(_PANDOC) and end < len(lines) and lines[end].startswith("%"):
            _set(head, _PANDOC[end - start], lines[end][1:].strip(), end + 1)
            end += 1
    else:
        while end < len(lines) and (found := _inline_key(lines[end])):
            _set(head, *found, end + 1)
            end += 1
    if exported and not head.values:
        end = _load_notion(lines, start, head)
    if not head.values and lines[start].partition(":")[0].casefold() in _PLAIN_KEYS:
        end = _load_plain(lines, start, head)
    return end


def _load_notion(lines: list[str], start: int, head: Head) -> int:
    """Read the title and the ``Key: value`` lines below it, and return the position behind them."""
    first = start + 1
    while first < len(lines) and not lines[first].strip():
        first += 1
    end = first
    while end < len(lines) and (found := _NOTION_LINE.match(lines[end])):
        _set(head, found.group(1).casefold(), found.group(2).strip(), end + 1)
        end += 1
    if end == first or not lines[start].startswith("# ") or "".join(lines[end : end + 1]).strip():
        head.values.clear()
        return start
    head.values.setdefault("title", lines[start][2:].strip())
    return end


def _load_plain(lines: list[str], start: int, head: Head) -> int:
    """Read the ``Key: value`` lines at the top, and return the position behind them.

    They are a head if most have a known key; one alone is a head only if it is the title.
    """
    end = start
    key = ""
    while end < len(lines) and lines[end].strip():
        found = _PLAIN_LINE.match(lines[end])
        if found:
            key = found.group(1).casefold()
            _set(head, key, found.group(2).strip(), end + 1)
        elif key and lines[end].startswith(("    ", "\t")):
            _set(head, key, f"{head.values[key]} {lines[end].strip()}", end + 1)
        else:
            break
        end += 1
    known = len(_PLAIN_KEYS.intersection(head.values))
    rest = any(lines[end : end + 1]) and bool(lines[end].strip())
    alone = len(head.values) == 1 and "title" not in head.values
    if rest or alone or 2 * known < len(head.values):
        head.values.clear()
        head.lines.clear()
        return start
    return end


def _set(head: Head, key: str, value: str, line: int) -> None:
    head.values[key] = value[:MAX_VALUE_CHARS]
    head.lines.setdefault(key, line)


def _inline_key(line: str) -> tuple[str, str] | None:
    """Return the key and value of ``key:: value`` or ``#+key: value``, None for other lines."""
    found = _INLINE_KEY.match(line)
    if not found:
        return None
    return (found.group(1) or found.group(2)).casefold(), (found.group(3) or "").strip()


def _load_json(lines: list[str], start: int, head: Head) -> int:
    """Read a JSON object at the top, and return the position after it."""
    text = "\n".join(lines[start:])
    lead = len(text) - len(text.lstrip())
    try:
        values, end = json.JSONDecoder().raw_decode(text, lead)
    except (ValueError, RecursionError):
        return start
    after = text[end:].partition("\n")[0]
    if not isinstance(values, dict) or not values or after.strip():
        return start
    head.values = {str(key).casefold(): value for key, value in values.items()}
    for number, line in enumerate(text[:end].split("\n"), start + 1):
        key = re.match(r'[\s{,]*"([^"]+)"\s*:', line)
        if key:
            head.lines.setdefault(key.group(1).casefold(), number)
    return start + text[:end].count("\n") + 1

"""Edits of links: fixes of broken links, and new targets after a note was renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indexer.lsp.completion import relative_target
from indexer.lsp.documents import Span, WrittenLink, links_on
from indexer.records import Link


class Edit(NamedTuple):
    """New text for a part of a line of a note."""

    note_id: str
    span: Span
    text: str


class Problem(NamedTuple):
    """A link that leads nowhere or is written wrongly; ``fix`` replaces all of it."""

    span: Span
    message: str
    fix: str | None


def problems_of(lines: Sequence[str], links: Sequence[Link]) -> list[Problem]:
    """Return the links of a draft that need attention, in order.

    :param lines: of the draft.
    :param links: of the draft, resolved.
    """
    found = []
    for link in links:
        if link.ok and not link.fix:
            continue
        span = span_of(lines, link)
        missing = f"no such {link.missing.value}" if link.missing else "leads nowhere"
        message = f"{link.target}: {missing}" if not link.ok else "this link is written wrongly"
        found.append(Problem(span, message, link.fix))
    return found


def span_of(lines: Sequence[str], link: Link) -> Span:
    """Return the span of a resolved link; the whole line if it is not found on it.

    :param lines: of the document.
    :param link: one of its links.
    """
    line = min(link.line - 1, max(0, len(lines) - 1))
    text = lines[line] if lines else ""
    written = links_on(line, text)
    for one in written:
        whole = text[one.span.start : one.span.end]
        if link.target and link.target in whole and (not link.text or link.text in whole):
            return one.span
    start = len(text) - len(text.lstrip())
    return written[0].span if len(written) == 1 else Span(line, start, len(text.rstrip()))


def renamed_links(
    backlinks: Sequence[Link], texts: Mapping[str, Sequence[str]], old: str, new: str
) -> list[Edit]:
    """Return the edits that make links follow a renamed note.

    :param backlinks: the links that lead to the note.
    :param texts: the lines of the notes that contain these links.
    :param old: the old note id.
    :param new: the new note id.
    """
    edits: dict[tuple[str, Span], Edit] = {}
    for link in backlinks:
        lines = texts.get(link.note_id, ())
        if link.line > len(lines):
            continue
        for written in links_on(link.line - 1, lines[link.line - 1]):
            target = _new_target(written, link, old, new)
            if target is not None and target != written.target:
                edit = Edit(link.note_id, written.target_span, target)
                edits[link.note_id, written.target_span] = edit
    return list(edits.values())


def _new_target(written: WrittenLink, link: Link, old: str, new: str) -> str | None:
    """Return the new target of a link after a rename, None if the link does not change."""
    name, mark, part = written.target.partition("#")
    if written.target != link.target and name not in (link.target, link.target.partition("#")[0]):
        return None
    if not written.wiki:
        return relative_target(link.note_id, new) + mark + part
    stem, new_stem = _without_suffix(old), _without_suffix(new)
    has_folder, has_suffix = "/" in name, name.endswith(old[len(stem) :]) and "." in name
    shown = new_stem if has_folder else new_stem.rpartition("/")[2]
    return shown + (new[len(new_stem) :] if has_suffix else "") + mark + part


def _without_suffix(note_id: str) -> str:
    head, dot, tail = note_id.rpartition(".")
    return head if dot and "/" not in tail else note_id

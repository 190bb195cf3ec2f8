"""Problems of the links of a draft, and their fixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

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
        whole = plain_target(text[one.span.start : one.span.end])
        target = plain_target(link.target)
        if target and target in whole and (not link.text or plain_target(link.text) in whole):
            return one.span
    start = len(text) - len(text.lstrip())
    return written[0].span if len(written) == 1 else Span(line, start, len(text.rstrip()))


def link_of(written: WrittenLink, links: Sequence[Link]) -> Link | None:
    """Return the resolved link that is written at a place, None if there is none.

    :param written: the link as written.
    :param links: the links of the document, resolved.
    """
    same_line = [link for link in links if link.line == written.span.line + 1]
    wanted = plain_target(written.target)
    for link in same_line:
        if wanted in (plain_target(link.target), plain_target(link.text)):
            return link
    if written.form == "reference":
        return None  # a part in brackets that is no link
    # The definition of a reference, or the second line of a wrapped link, has no link of its own.
    same_target = (link for link in links if plain_target(link.target) == wanted)
    return same_line[0] if same_line else next(same_target, None)


def plain_target(target: str) -> str:
    """Return a target to compare: decoded, with single blanks.

    :param target: as written.
    """
    return " ".join(unquote(target).split())

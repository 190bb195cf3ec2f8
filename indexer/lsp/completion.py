"""Suggest link targets after ``[[`` and ``](``: by name, alias or meaning of the sentence."""

from __future__ import annotations

import heapq
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from indexer.lsp.documents import sentence_before
from indexer.records import Hit
from indexer.service import Request

_OPENED = re.compile(r"(?:\[\[(?P<wiki>[^\[\]|\n]*)|\]\((?P<path>[^()\n]*))$")
_MAX_BY_NAME = 20
_MAX_BY_MEANING = 8
_MIN_WORDS = 2
_NOT_IN_WIKILINKS = re.compile(r"[\[\]|]")
_DETAIL_CHARS = 200


class Suggestion(NamedTuple):
    """A note, or a place in it, to link to; ``insert`` is the target to write."""

    label: str
    detail: str
    insert: str
    why: str


class Opened(NamedTuple):
    """An unfinished link: the start of its target, and the part typed so far."""

    start: int
    written: str
    wiki: bool


def opened_link(line: str, column: int) -> Opened | None:
    """Return the unfinished link before a column, None if there is none.

    :param line: the text of the line.
    :param column: of the cursor.
    """
    found = _OPENED.search(line[:column])
    if found is None:
        return None
    wiki = found["wiki"] is not None
    return Opened(found.start("wiki" if wiki else "path"), found["wiki" if wiki else "path"], wiki)


def suggest(
    request: Request, note_id: str, lines: Sequence[str], line: int, opened: Opened
) -> list[Suggestion]:
    """Return suggestions for a link: first by matching name, then by similar meaning.

    :param request: reads the index.
    :param note_id: the edited note.
    :param lines: of the draft.
    :param line: of the cursor.
    :param opened: the unfinished link.
    """
    notes = request.snapshot.notes()
    stems = Counter(_stem(note.note_id).casefold() for note in notes)
    wanted = opened.written.casefold().strip()

    def target(other: str) -> str:
        if not opened.wiki:
            return relative_target(note_id, other)
        stem = _stem(other)
        return stem if stems[stem.casefold()] == 1 else other.rpartition(".")[0]

    def can_name(other: str) -> bool:
        return not opened.wiki or not _NOT_IN_WIKILINKS.search(other)

    found = []  # targets are computed only for shown suggestions
    for note in notes:
        place = _place_in_names((_stem(note.note_id), note.title, *note.aliases), wanted)
        if place is not None and note.note_id != note_id and can_name(note.note_id):
            found.append((place, note.title or _stem(note.note_id), note.note_id))
    by_name = [
        Suggestion(title, other, target(other), str(place))
        for place, title, other in heapq.nsmallest(_MAX_BY_NAME, found)
    ]
    sentence = sentence_before(lines, line, opened.start)
    hits = [hit for hit in _near(request, sentence) if can_name(hit.note_id)]
    by_meaning = list(_by_meaning(hits, note_id, target, places=opened.wiki))
    # While nothing is typed, every name matches, so similar meaning comes first.
    return [*by_name, *by_meaning] if wanted else [*by_meaning, *by_name]


def _place_in_names(names: Sequence[str], wanted: str) -> int | None:
    """Return 0 if a name starts with a text, 1 if a name contains it, None otherwise."""
    folded = [name.casefold() for name in names] if wanted else []
    if not wanted or any(name.startswith(wanted) for name in folded):
        return 0
    return 1 if any(wanted in name for name in folded) else None


def _near(request: Request, sentence: str) -> Sequence[Hit]:
    """Return the points similar to a sentence; none for a single word."""
    if len(sentence.split()) < _MIN_WORDS:
        return ()
    return request.ask(sentence, _MAX_BY_MEANING, points=True).hits


def _by_meaning(
    hits: Sequence[Hit], note_id: str, target: Callable[[str], str], *, places: bool
) -> Iterator[Suggestion]:
    """Yield suggestions for points of other notes; ``places`` adds the heading to the target."""
    seen = set()
    for hit in hits:
        heading = hit.heading_path[-1] if hit.heading_path else ""
        if hit.note_id == note_id or (hit.note_id, heading) in seen:
            continue
        seen.add((hit.note_id, heading))
        insert = target(hit.note_id)
        if places and heading not in ("", hit.title) and not set(heading) & set("#|[]^"):
            insert = f"{insert}#{heading}"
        yield Suggestion(_label(hit), hit.text[:_DETAIL_CHARS], insert, "by meaning")


def _label(hit: Hit) -> str:
    return " > ".join(dict.fromkeys((hit.title, *hit.heading_path[-1:])))


def relative_target(note_id: str, other: str, encode: Callable[[str], str] | None = None) -> str:
    """Return the target of a Markdown link from one note to another.

    :param note_id: the note that contains the link.
    :param other: the target note.
    :param encode: writes a path; None for ``quoted_path``.
    """
    folder = note_id.rpartition("/")[0]
    path = os.path.relpath(other, folder or ".").replace(os.sep, "/")
    return (encode or quoted_path)(path)


def quoted_path(path: str) -> str:
    """Return a path as the target of a Markdown link, with blanks and other marks encoded."""
    paired = re.sub(r"\([^()]*\)", "", path)
    return quote(path, safe="/!',-._~" + ("" if set(paired) & set("()") else "()"))


def _stem(note_id: str) -> str:
    name = note_id.rpartition("/")[2]
    return name.rpartition(".")[0] or name

"""Turn one file of the notes folder into a Note: bytes, text, blocks, then points."""

from __future__ import annotations

import re
from collections import Counter

from indexer.errors import NoteError
from indexer.memory_limit import released_on_shortage
from indexer.notes.decoding import decode_note, hash_content
from indexer.notes.formats import Document, format_of
from indexer.notes.link_names import heading_anchors
from indexer.notes.names import anchor_key, title_of_path
from indexer.notes.no_collection import no_collection
from indexer.notes.points import TokenCounter, cut_points
from indexer.notes.written_dates import iso_date
from indexer.records import BlockKind, Note, NoteWarning, Outcome, Point
from indexer.text.dates import date_in_name

_MAX_TITLE_CHARS = 300
_MAX_OF_A_KIND = 10  # warnings of a note that differ only in the quoted text
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


def parse_note(
    content: bytes,
    note_id: str,
    *,
    window: int,
    count_tokens: TokenCounter,
    named_by_file: bool = False,
) -> Note:
    """Read a note.

    :param content: the bytes of the file.
    :param note_id: its path relative to the notes folder.
    :param window: the most word pieces of a text that the encoder reads.
    :param count_tokens: measures texts in word pieces.
    :param named_by_file: True if the file name is the title, even if the note begins with a
        heading.
    :return: the note with its points, warnings and outcome; the only point of a note without text
        is its title.
    :raises NoteError: if the content is not text.
    """
    with no_collection(len(content)):
        return _parse_note(content, note_id, window, count_tokens, named_by_file)


@released_on_shortage
def _parse_note(
    content: bytes,
    note_id: str,
    window: int,
    count_tokens: TokenCounter,
    named_by_file: bool,
) -> Note:
    text, warnings = decode_note(content, note_id)
    digest = hash_content(content)
    form = format_of(note_id)
    if form is None:
        raise NoteError("no format of notes has this suffix", path=note_id)
    document = form.read(text, note_id)
    by_heading = not named_by_file and not _is_page_of_a_day(note_id, document)
    title = document.title or (document.heading if by_heading else None)
    title = (title or title_of_path(note_id))[:_MAX_TITLE_CHARS]
    given = [
        (name.casefold() if name.startswith(("^", "=")) else anchor_key(name), line)
        for name, line in document.anchors
    ]
    points = cut_points(document.blocks, window=window, count_tokens=count_tokens)
    if not points:
        points = [Point(title, BlockKind.HEADING, 1, 1)]
    if not text.strip():
        warnings.append(NoteWarning("the note is empty: it is found only by its name"))
    of_points = {link for point in points for link in point.links}
    loose_links = [
        *document.loose_links,
        *(link for b in document.blocks for link in b.links if link not in of_points),
    ]
    return Note(
        note_id=note_id,
        content_hash=digest,
        title=title,
        date=document.date or date_in_name(note_id) or document.updated,
        tags=document.tags,
        categories=document.categories,
        aliases=document.aliases,
        permalink=document.permalink,
        points=tuple(points),
        links=tuple(loose_links),
        anchors=tuple(dict.fromkeys([*given, *heading_anchors(document.blocks)])),
        outcome=_outcome(text, document),
        warnings=_first_of_each(*warnings, *document.warnings),
        properties=document.properties,
        size=len(content),
    )


def _is_page_of_a_day(note_id: str, document: Document) -> bool:
    """Return whether a note's name is a date and it has several first-level headings.

    These are the sections of a journal ("Habits", "Log"), not its title.
    """
    tops = [b for b in document.blocks if b.kind is BlockKind.HEADING and b.level == 1]
    return len(tops) > 1 and iso_date(title_of_path(note_id)) is not None


def _outcome(text: str, document: Document) -> Outcome:
    if not text.strip():
        return Outcome.EMPTY
    return Outcome.PARTIAL if document.partial else Outcome.INDEXED


def _first_of_each(*warnings: NoteWarning) -> tuple[NoteWarning, ...]:
    """Return the first warnings of each kind, plus one that counts the others."""
    seen: Counter[str] = Counter()
    kept: list[NoteWarning] = []
    for warning in warnings:
        kind = _QUOTED.sub("", warning.message)
        seen[kind] += 1
        if seen[kind] <= _MAX_OF_A_KIND:
            kept.append(warning)
    for kind, count in seen.items():
        if count > _MAX_OF_A_KIND:
            more = f"{count - _MAX_OF_A_KIND:,} more of the kind: {' '.join(kind.split())}"
            kept.append(NoteWarning(more))
    return tuple(kept)

"""One file of the notes folder to one Note: bytes, text, blocks, points, in this order."""

from __future__ import annotations

from pathlib import PurePosixPath

from indexer.errors import NoteError
from indexer.memory_limit import released_on_shortage
from indexer.notes.decoding import decode_note, hash_content
from indexer.notes.formats import format_of
from indexer.notes.front_matter import parse_date
from indexer.notes.links import slug_of
from indexer.notes.names import title_of_path
from indexer.notes.points import TokenCounter, cut_points
from indexer.records import BlockKind, Note, NoteWarning, Outcome

_MAX_TITLE_CHARS = 300


@released_on_shortage
def parse_note(content: bytes, note_id: str, *, window: int, count_tokens: TokenCounter) -> Note:
    """Read a note.

    :param content: the bytes of the file.
    :param note_id: its path relative to the notes folder.
    :param window: word pieces the encoder reads of one text.
    :param count_tokens: measures texts in word pieces.
    :return: the note with its points, warnings and outcome; an empty one is skipped with a warning.
    :raises NoteError: if the content is no text.
    """
    text, warnings = decode_note(content, note_id)
    digest = hash_content(content)
    if not text.strip():
        empty = NoteWarning("the note is empty")
        title = title_of_path(note_id)
        return Note(note_id, digest, title, outcome=Outcome.SKIPPED, warnings=(empty,))
    form = format_of(note_id)
    if form is None:
        raise NoteError("no format of notes has this suffix", path=note_id)
    document = form.read(text, note_id)
    title = document.title or title_of_path(note_id)
    headings = [
        (slug_of(b.text), b.line_start) for b in document.blocks if b.kind is BlockKind.HEADING
    ]
    points = cut_points(document.blocks, window=window, count_tokens=count_tokens)
    of_points = {link for point in points for link in point.links}
    loose_links = [
        *document.loose_links,
        *(link for b in document.blocks for link in b.links if link not in of_points),
    ]
    return Note(
        note_id=note_id,
        content_hash=digest,
        title=title[:_MAX_TITLE_CHARS],
        date=document.date or parse_date(PurePosixPath(note_id).name),
        tags=document.tags,
        categories=document.categories,
        aliases=document.aliases,
        permalink=document.permalink,
        points=tuple(points),
        links=tuple(loose_links),
        anchors=(*document.anchors, *headings),
        outcome=Outcome.PARTIAL if document.partial else Outcome.INDEXED,
        warnings=(*warnings, *document.warnings),
    )

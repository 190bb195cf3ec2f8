"""One file of the notes folder to one Note: bytes, front matter, blocks, points, in this order."""

from __future__ import annotations

from pathlib import PurePosixPath

from indexer.memory_limit import released_on_shortage
from indexer.notes.decoding import decode_note
from indexer.notes.folder import FOLDER_NOTES, hash_content, printable, without_note_suffix
from indexer.notes.front_matter import parse_date, split_front_matter
from indexer.notes.links import slug_of
from indexer.notes.markdown.reader import read_blocks
from indexer.notes.points import TokenCounter, cut_points
from indexer.records import Block, BlockKind, Note, NoteWarning, Outcome

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
    front = split_front_matter(text)
    document = read_blocks(front.body)
    title = front.title or _first_heading(document.blocks) or title_of_path(note_id)
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
        note_id,
        digest,
        title[:_MAX_TITLE_CHARS],
        front.date or parse_date(PurePosixPath(note_id).name),
        front.tags,
        front.categories,
        front.aliases,
        front.permalink,
        tuple(points),
        tuple(loose_links),
        tuple(document.anchors + headings),
        Outcome.PARTIAL if front.partial else Outcome.INDEXED,
        tuple([*warnings, *front.warnings, *document.warnings]),
    )


def title_of_path(note_id: str) -> str:
    """Return a title made of a path: the file name, or the folder's for README and index."""
    path = PurePosixPath(note_id)
    stem = without_note_suffix(path.name)
    if stem.lower() in FOLDER_NOTES and path.parent.name:
        stem = path.parent.name
    return printable(stem or path.name)


def _first_heading(blocks: list[Block]) -> str | None:
    for block in blocks:
        if block.kind is BlockKind.HEADING and block.level == 1 and block.rows:
            return block.text
    return None

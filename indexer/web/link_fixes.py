"""Fix a broken link: show the line before and after, then write only that line."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from indexer.errors import NoteError
from indexer.notes.decoding import decode_note
from indexer.notes.replacing import replace_note
from indexer.records import Link
from indexer.web.host import Host

# Links by name, and links with parentheses, which may be nested.
_SHAPE = re.compile(r"!?\[\[[^\[\]\n]+\]\]|!?\[[^\[\]\n]*\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_BY_HAND = "fix it in your editor"


class LinkFix(NamedTuple):
    """A change of one line of a note; ``old`` and ``new`` are the whole file content."""

    note_id: str
    line: int
    before: str
    after: str
    old: bytes
    new: bytes


def find_fix(host: Host, note_id: str, line: int, fixed: str) -> LinkFix:
    """Return the change that fixes a link; check it by reading the changed note.

    :param host: gives access to the note.
    :param note_id: the note.
    :param line: of the link, 1-based.
    :param fixed: the correct Markdown of the link.
    :raises NoteError: if the file no longer has the link, or its position in the line is uncertain.
    """
    old = host.notebook.folder.read(note_id).content
    text, start = _decode(old, note_id)
    links = _links(host, note_id, old)
    broken = [link for link in links if link.line == line and link.fix == fixed]
    if not broken:
        raise NoteError("no longer has this link", "reload the list of links", path=note_id)
    lines = _LINE.findall(text)
    whole = lines[line - 1] if line <= len(lines) else ""
    before = whole.rstrip("\r\n")
    found: dict[str, bytes] = {}
    for shape in _SHAPE.finditer(before):
        after = before[: shape.start()] + fixed + before[shape.end() :]
        changed = [*lines[: line - 1], after + whole[len(before) :], *lines[line:]]
        new = start + "".join(changed).encode()
        if after not in found and _is_fixed(links, broken[0], _links(host, note_id, new)):
            found[after] = new
    if len(found) != 1:
        raise NoteError("the link cannot be located in its line", _BY_HAND, path=note_id)
    after, new = next(iter(found.items()))
    return LinkFix(note_id, line, before=before, after=after, old=old, new=new)


def apply_fix(root: Path, fix: LinkFix) -> None:
    """Write a fix into its note.

    :param root: the notes folder.
    :param fix: the fix that was shown.
    :raises NoteError: if the file changed since, or cannot be written.
    """
    replace_note(root, fix.note_id, fix.old, fix.new)


def _decode(content: bytes, note_id: str) -> tuple[str, bytes]:
    """Return the text of a note with its line ends, and its byte-order mark."""
    start = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    try:
        return content[len(start) :].decode("utf-8"), start
    except UnicodeDecodeError as exc:
        raise NoteError("is not in UTF-8", _BY_HAND, path=note_id) from exc


def _links(host: Host, note_id: str, content: bytes) -> list[Link]:
    text, _ = decode_note(content, note_id)
    with host.request() as request:
        return list(request.read_draft(note_id, text).links)


def _is_fixed(before: list[Link], broken: Link, after: list[Link]) -> bool:
    """Return whether the link works now and no other link has changed."""
    gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if list(gone.elements()) != [broken] or come.total() != 1:
        return False
    fixed = next(iter(come))
    return fixed.ok and not fixed.fix and fixed.line == broken.line

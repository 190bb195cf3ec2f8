"""Renames of notes: the new path, and the links that have to change with it.

Links to the note get its new name. If the note moves to another folder, the paths of its own links
change too. A link by title or alias stays, since a rename changes neither.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from indexer.errors import IndexerError
from indexer.lsp.completion import quoted_path, relative_target
from indexer.lsp.documents import Span, WrittenLink, links_on
from indexer.lsp.link_edits import Edit, plain_target
from indexer.records import Link, LinkKind

_MAX_NAME_BYTES = 255
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_NOT_IN_WIKILINKS = re.compile(r"[\[\]|#^]")
_DEFINITION = re.compile(r" {0,3}\[[^\[\]\n]+\]:")
_LINES_OF_A_LINK = 3  # its text may be wrapped


class Rename(NamedTuple):
    """A rename: the note and its new id; ``names`` are its title and aliases.

    ``others`` are the file names without suffix of all other notes, folded.
    """

    old: str
    new: str
    names: frozenset[str]
    others: frozenset[str]

    def after(self, note_id: str) -> str:
        """Return the id of a note after the rename."""
        return self.new if note_id == self.old else note_id


class Renamed(NamedTuple):
    """The edits of a rename, and the places ("note:line") of links that could not be changed."""

    edits: tuple[Edit, ...]
    left: tuple[str, ...]


def new_note_id(old: str, written: str) -> str:
    """Return the id of a renamed note.

    :param old: its id.
    :param written: the new name: in the same folder, or with slashes from the top of the notes; the
        suffix may be left out.
    :raises IndexerError: if no note can have this name.
    """
    folder, suffix = old.rpartition("/")[0], posixpath.splitext(old)[1]
    name = written.strip().removesuffix(suffix)
    parts = name.split("/")
    if not name or "" in parts:
        raise IndexerError("the new name is empty, or a part of it is", "write a name")
    if _CONTROLS.search(name) or "\\" in name:
        raise IndexerError("the new name has characters that no note can have", "leave them out")
    if any(part.startswith(".") or part != part.strip() for part in parts):
        raise IndexerError(
            "the new name is outside the notes, hidden, or has blanks around a part of it",
            "write a name, or folders and a name from the top of the notes",
        )
    new = name + suffix
    if max(len(part.encode()) for part in new.split("/")) > _MAX_NAME_BYTES:
        raise IndexerError("the new name is too long", f"use at most {_MAX_NAME_BYTES} bytes")
    return f"{folder}/{new}" if folder and "/" not in name else new


def renamed_links(
    move: Rename,
    links: Sequence[Link],
    texts: Mapping[str, Sequence[str]],
    is_file: Callable[[str], bool],
) -> Renamed:
    """Return the edits that keep all links working after a rename.

    :param move: the rename.
    :param links: the resolved links of the notes that may change.
    :param texts: the lines of these notes.
    :param is_file: returns whether a path relative to the notes folder is a file.
    :raises IndexerError: if a link cannot contain the new name.
    """
    edits: dict[tuple[str, Span], Edit] = {}
    left: dict[str, None] = {}
    for link in links:
        if link.to != move.old and link.note_id != move.old:
            continue
        changed = False
        for written in _written(link, texts.get(link.note_id, ())):
            target = _new_target(move, link, written, is_file)
            changed = changed or target is not None
            if target is not None and target != written.target:
                key = (link.note_id, written.target_span)
                edits[key] = Edit(link.note_id, written.target_span, target)
        if link.to == move.old and not changed:
            left[f"{link.note_id}:{link.line}"] = None
    return Renamed(tuple(edits.values()), tuple(left))


def _written(link: Link, lines: Sequence[str]) -> list[WrittenLink]:
    """Return the places where a resolved link is written: near its line, or its definition."""
    wanted = plain_target(link.target)
    for number in range(link.line - 1, min(len(lines), link.line - 1 + _LINES_OF_A_LINK)):
        if not lines[number].strip():
            break
        written = links_on(number, lines[number])
        found = [one for one in written if plain_target(one.target) == wanted]
        if found:
            return found
    defined = [number for number, line in enumerate(lines) if _DEFINITION.match(line)]
    written = [one for number in defined for one in links_on(number, lines[number])]
    return [one for one in written if plain_target(one.target) == wanted]


def _new_target(
    move: Rename, link: Link, written: WrittenLink, is_file: Callable[[str], bool]
) -> str | None:
    """Return the target of a link after the rename; None if it cannot be changed."""
    if not written.wiki and ("{%" in written.target or "{{" in written.target):
        return _new_tag(move, written.target) if link.to == move.old else written.target
    if written.wiki and not written.target.startswith(("./", "../")):
        return _new_name(move, link, written) if link.to == move.old else written.target
    return _new_path(move, link, written, is_file)


def _new_tag(move: Rename, tag: str) -> str | None:
    """Return a tag of Liquid with the new path or name of the note."""
    stem, new_stem = posixpath.splitext(move.old)[0], posixpath.splitext(move.new)[0]
    names = [(move.old, move.new), (stem, new_stem)]
    names += [(old.rpartition("/")[2], new.rpartition("/")[2]) for old, new in names]
    for old, new in names:
        found = re.search(rf"(?<![\w.-]){re.escape(old)}(?![\w-])", tag)
        if found:
            return tag[: found.start()] + new + tag[found.end() :]
    return None


# --- names --------------------------------------------------------------------------------------


def _new_name(move: Rename, link: Link, written: WrittenLink) -> str:
    """Return the target of a wikilink after the rename; a title or an alias stays."""
    name, mark, part = written.target.partition("#")
    name = name.strip()
    stem, suffix = posixpath.splitext(move.old)
    new_stem = posixpath.splitext(move.new)[0]
    has_suffix = bool(suffix) and name.endswith(suffix)
    bare = name.removesuffix(suffix).casefold()
    file_name = stem.rpartition("/")[2].casefold()
    is_file_name = bare in (stem.casefold(), file_name)
    if bare in move.names and not is_file_name and "/" not in name:
        return written.target
    shown = new_stem.rpartition("/")[2]
    if "/" in name or shown.casefold() in move.others:
        shown = new_stem
    if _NOT_IN_WIKILINKS.search(shown):
        raise IndexerError(
            f"[[{written.target}]] in {link.note_id}:{link.line} cannot contain the new name",
            "leave out the characters [ ] | # ^",
        )
    return shown + (suffix if has_suffix else "") + mark + part


# --- paths --------------------------------------------------------------------------------------


def _new_path(
    move: Rename, link: Link, written: WrittenLink, is_file: Callable[[str], bool]
) -> str | None:
    """Return the path of a link after the rename; None if it cannot be changed."""
    path, rest = _without_part(written.target)
    decoded = (path if written.wiki else unquote(path)).strip()
    target = link.to
    if target is None and link.kind is LinkKind.FILE and link.ok:
        target = _joined(link.note_id, decoded)
        target = target if target[:3] not in ("..", "../") and is_file(target) else None
    if target is None or not path or (target == link.note_id != move.old):
        return written.target
    found = _path_to(move, link.note_id, decoded, target, written.form)
    if found is None:
        return written.target if target != move.old else None
    return found + rest


def _without_part(target: str) -> tuple[str, str]:
    found = re.search(r"[#?]", target)
    return (target[: found.start()], target[found.start() :]) if found else (target, "")


def _joined(note_id: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(note_id), path))


def _path_to(move: Rename, note_id: str, decoded: str, target: str, form: str) -> str | None:
    """Return a path to a note or file in the form of the old path."""
    suffix = posixpath.splitext(target)[1]
    names = {target, target.removesuffix(suffix)}
    bare = decoded.rstrip("/")
    after = move.after(target)
    shown = after if bare.endswith(suffix) else after.removesuffix(suffix)
    encode = str if form in ("wiki", "angle") else quoted_path
    if _joined(note_id, bare) in names:
        found = relative_target(move.after(note_id), shown, encode=encode)
        return f"./{found}" if decoded.startswith("./") and found[:3] != "../" else found
    if bare.lstrip("/") in names:
        return ("/" if decoded.startswith("/") else "") + encode(shown)
    if target == move.old and f"/{target}".endswith((f"/{bare}", f"/{bare}{suffix}")):
        return encode(shown)  # the end of a path, as Obsidian shortens it
    return None

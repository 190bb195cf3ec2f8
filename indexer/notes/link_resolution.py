"""Resolve links: each is followed as in the tool that wrote it.

A path is tried from the note, from the top of the folder and from the published address of the
note. A name is searched among all notes, the nearest first. The caller passes in the lookups of
notes and files, so this module knows neither a folder nor a database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from indexer.notes.attachments import Files
from indexer.notes.formats import note_suffixes
from indexer.notes.link_names import (
    BLOCK_REFERENCE,
    NoteName,
    distance_between,
    link_key,
    name_key,
    named_target,
    normal_path,
    path_key,
    relative_path,
)
from indexer.notes.link_ranks import (
    FAR,
    differs_by_case_only,
    is_relative,
    paths_tried,
    rank_of_name,
    rank_of_path,
)
from indexer.notes.links import markdown_link
from indexer.notes.names import anchor_key
from indexer.notes.tools import Tool
from indexer.records import Link, LinkKind, Missing, RawLink

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|//[^/]|\\\\?[\w$.-]+\\|git@[\w.-]+:", re.IGNORECASE)
_WEB = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_RANGE = re.compile(r",\d+(?::|$)|:#")
_DENDRON = re.compile(r"dendron://[^/]+/", re.IGNORECASE)
_POSITION = re.compile(r"@(?:\d+|[lL]\d+(?:[cC]\d+)?)$")  # SilverBullet: in characters, or a line
# Addresses that run code or contain a document; they are never link targets.
_UNSAFE_SCHEMES = frozenset({"javascript", "vbscript", "data"})
# Pages and anchors that a site generator creates and that have no file.
_MADE_PAGE = re.compile(
    r"(?:/[\w-]+)*/page/\d+/?$|(?:/(?:docs|blog|posts?|[a-z]{2}))?/(?:tags?|categor(?:y|ies)|authors?|series|topics?|archives?|page|search)(?:/|$)"
    r"|/(?:index|feed|rss|atom|sitemap)\.(?:xml|json)$",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{")
# The language of a site in several of them, and the version of documentation.
_SITE_PREFIX = re.compile(r"(?:/(?:docs/)?next|/[a-z]{2}(?:-[A-Za-z]{2,4})?)/", re.IGNORECASE)
_MADE_PLACE = re.compile(
    r"(?:top|_top|fn(?:ref)?[:\d-]\S*|__\S+|:~:text=.*|L\d+(?:C\d+)?-L\d+(?:C\d+)?)$",
    re.IGNORECASE,
)
_DOMAIN = re.compile(
    r"(?:www\.[\w-]+|[\w-]+(?:\.[\w-]+)*)\.(?:com|org|net|edu|gov|io|dev|info|ai|app|co\.uk|de|fr|cc)"
    r"(?:[/?#]|$)",
    re.IGNORECASE,
)


class _Place(NamedTuple):
    """The target note of a link, and whether the folder's tool would find it as written."""

    note_id: str
    sure: bool = True


class LinkResolver:
    """Resolves links, given lookups of notes, files and anchors."""

    def __init__(
        self,
        find_notes: Callable[[str], Sequence[NoteName]],
        files: Files,
        find_anchor: Callable[[str, str], int | None],
        *,
        site_url: str = "",
        tool: Tool | None = None,
        base_path: str = "",
    ) -> None:
        """Store the lookups.

        :param find_notes: returns the notes for a key (see ``name_keys``).
        :param files: the other files of the folder.
        :param find_anchor: returns the line of an anchor (``anchor_key`` or ``^block``) of a note,
            or None.
        :param site_url: address of the published site; links to it count as links to notes.
        :param tool: the tool that wrote the folder, None if unknown.
        :param base_path: the path below which the site is published: ``/blog``.
        """
        self._find_notes = find_notes
        self._files = files
        self._find_anchor = find_anchor
        self._site_url = site_url.rstrip("/")
        self._tool = tool
        self._base_path = base_path

    def resolve(self, raw: RawLink, note_id: str) -> Link:
        """Return a resolved link.

        :param raw: the link as written.
        :param note_id: the note that holds it.
        """
        if BLOCK_REFERENCE.match(raw.target):
            return self._resolve_block(raw, note_id)
        named = named_target(raw)
        target = _DENDRON.sub("", named.target)
        on_site = target.removeprefix(self._site_url) if self._site_url else target
        if on_site != target and on_site[:1] in ("", "/", "#", "?"):
            target = on_site or "/"
        elif _WEB.match(target) or (not named.wiki and _ADDRESS.match(target)):
            return _resolve_address(raw, note_id, target)
        name, _, part = target.partition("#")
        name = name.partition("?")[0] if not named.wiki else name
        # The template fills in the address, or a part of it.
        if _TEMPLATE.search(target or raw.target):
            return _link(raw, note_id, LinkKind.URL)
        if not name.strip():
            return self._resolve_own_part(raw, note_id, target, part)
        written = named._replace(target=target)
        link = self._resolve_note(raw, written, note_id, name, part)
        if named.wiki and not link.ok and link.to is None:
            return self._other_way_round(raw, written, note_id) or link
        return link

    def _other_way_round(self, raw: RawLink, named: RawLink, note_id: str) -> Link | None:
        """Resolve ``[[label|note]]`` of Dendron and Gollum, or a name with an addition.

        Additions are a heading (``[[note/heading]]`` of Bear), a position (``[[note@12]]`` of
        SilverBullet) and a number sign.
        """
        inner = self._inner_part(raw, named, note_id)
        if inner is not None:
            return inner
        if "#" in named.target:
            place = self._by_name(named.target, note_id)
            if place:
                return _link(raw, note_id, LinkKind.NOTE, to=place)
        name, _, part = raw.text.partition("#")
        if not raw.wiki or not name or raw.text == raw.target:
            return None
        place = self._by_name(name, note_id)
        if place is None:
            return None
        swapped = raw._replace(text=raw.target, target=raw.text)
        return self._at_part(swapped, note_id, _Place(place), part)

    def _inner_part(self, raw: RawLink, named: RawLink, note_id: str) -> Link | None:
        """Resolve a name that ends with a position or with a heading of the note before it."""
        bare = _POSITION.sub("", named.target)
        place = self._by_name(bare, note_id) if bare != named.target else None
        if place:
            return _link(raw, note_id, LinkKind.NOTE, to=place)
        name, _, part = named.target.rpartition("/")
        place = self._by_name(name, note_id) if name.strip("./") else None
        line = self._anchor_line(place, part) if place else None
        return (line and _link(raw, note_id, LinkKind.NOTE, to=place, line=line)) or None

    def _resolve_block(self, raw: RawLink, note_id: str) -> Link:
        """Resolve Logseq's ``((uuid))``."""
        key = link_key(raw, note_id)
        for candidate in self._find_notes(key):
            line = self._find_anchor(candidate.note_id, f"^{key}")
            if line is not None:
                return _link(raw, note_id, LinkKind.NOTE, to=candidate.note_id, line=line)
        return _link(raw, note_id, LinkKind.NOTE, missing=Missing.BLOCK)

    def _resolve_own_part(self, raw: RawLink, note_id: str, target: str, part: str) -> Link:
        if not target:
            return _link(raw, note_id, LinkKind.FILE, missing=Missing.TARGET)
        line = self._anchor_line(note_id, part) if part else None
        if part and line is None:
            labelled = self._labelled(raw, note_id, part)
            if labelled:
                return labelled
        found = not part or line is not None or _MADE_PLACE.match(part)
        missing = None if found else _missing_part(part)
        return _link(raw, note_id, LinkKind.ANCHOR, to=note_id, line=line, missing=missing)

    def _labelled(self, raw: RawLink, note_id: str, part: str) -> Link | None:
        """Resolve a label of MyST, which is known in all notes."""
        label = f"={unquote(part).casefold()}"
        for candidate in self._find_notes(label):
            line = self._find_anchor(candidate.note_id, label)
            if line is not None:
                return _link(raw, note_id, LinkKind.NOTE, to=candidate.note_id, line=line)
        return None

    def _resolve_note(
        self, raw: RawLink, named: RawLink, note_id: str, name: str, part: str
    ) -> Link:
        decoded = name if named.wiki else unquote(name)
        name = unicodedata.normalize("NFC", decoded).strip()
        place = self._find_place(named, note_id, name)
        if place is not None:
            return self._at_part(raw, note_id, place, part, self._path_of(named, note_id, name))
        if self._is_file(named, note_id, name) or self._is_made(named, name):
            return _link(raw, note_id, LinkKind.FILE)
        below = self._below_prefix(named, name)
        if below:
            link = self._resolve_note(raw, named, note_id, below, part)
            if link.ok or link.missing is not Missing.NOTE:
                return link
        return self._nowhere(raw, named, note_id, name, part)

    def _below_prefix(self, named: RawLink, name: str) -> str:
        """Return a path on a site without its base path or language, "" if it has neither."""
        if named.wiki or not name.startswith("/") or self._tool is None or not self._tool.is_site:
            return ""
        base = self._base_path
        if base and name.startswith(f"{base}/"):
            return name[len(base) :]
        prefix = _SITE_PREFIX.match(name)
        return name[prefix.end() - 1 :] if prefix else ""

    def _find_place(self, named: RawLink, note_id: str, name: str) -> _Place | None:
        if named.wiki and not is_relative(name):
            found = self._by_name(name, note_id)
            return _Place(found) if found else None
        return self._by_path(named, note_id, name)

    def _at_part(
        self, raw: RawLink, note_id: str, place: _Place, part: str, path: str | None = None
    ) -> Link:
        """Return the link to a place in the target note."""
        to, part = place.note_id, part.strip()
        line = self._anchor_line(to, part) if part else None
        found = not part or line is not None or _MADE_PLACE.match(part)
        suffix = f"#{part}" if part else ""
        fix = raw.fix
        if fix is None and path is not None and differs_by_case_only(path, to):
            fix = markdown_link(raw.text, relative_path(to, note_id) + suffix)
        if not place.sure:
            fix = fix or markdown_link(raw.text, relative_path(to, note_id) + suffix)
            link = _link(raw, note_id, LinkKind.NOTE, missing=Missing.NOTE)
            return link._replace(fix=fix)
        missing = None if found else _missing_part(part)
        link = _link(raw, note_id, LinkKind.NOTE, to=to, line=line, missing=missing)
        return link._replace(fix=fix)

    def _nowhere(self, raw: RawLink, named: RawLink, note_id: str, name: str, part: str) -> Link:
        """Return a broken link, with the missing part and the best guess of a fix."""
        kind, missing, fix = LinkKind.NOTE, Missing.NOTE, raw.fix
        if not named.wiki and _DOMAIN.match(name):
            fix = fix or markdown_link(raw.text, f"https://{named.target}")
            kind, missing = LinkKind.URL, Missing.ADDRESS
        elif _has_other_suffix(name):
            kind, missing = LinkKind.FILE, Missing.FILE
        elif named.wiki and not is_relative(name) and (raw.wiki or raw.target.startswith("[[")):
            missing = Missing.PAGE
        elif not named.wiki:
            candidates = self._find_notes(path_key(name, note_id))
            if len(candidates) == 1 and candidates[0].note_id != note_id:
                suffix = f"#{part}" if part else ""
                guess = relative_path(candidates[0].note_id, note_id) + suffix
                fix = fix or markdown_link(raw.text, guess)
        return _link(raw, note_id, kind, missing=missing)._replace(fix=fix)

    # names
    def _by_name(self, name: str, note_id: str) -> str | None:
        """Return the note with a name: its file name, else its title or an alias."""
        name = name.replace("\\", "/").strip("/ ")
        best: tuple[int, int, int, str] | None = None
        for candidate in self._find_notes(name_key(name)):
            rank = rank_of_name(name, candidate)
            if rank is not None:
                place = (rank, distance_between(candidate.note_id, note_id))
                found = (*place, candidate.note_id.count("/"), candidate.note_id)
                best = min(best, found) if best else found
        return best[3] if best else None

    # paths
    @staticmethod
    def _path_of(named: RawLink, note_id: str, name: str) -> str | None:
        return None if named.wiki else normal_path(name, note_id)

    def _by_path(self, named: RawLink, note_id: str, name: str) -> _Place | None:
        """Return the note at a path, tried from the note, the top, and the published page."""
        paths = list(paths_tried(name, note_id))
        best: tuple[int, int, int, int, bool, str] | None = None
        for candidate in self._find_notes(path_key(name, note_id)):
            found = rank_of_path(candidate, paths, name)
            if found is not None:
                near = distance_between(candidate.note_id, note_id)
                depth = candidate.note_id.count("/")
                key = (*found, near, depth, self._is_hidden_readme(candidate), candidate.note_id)
                best = min(best, key) if best else key
        if best is None:
            return None
        if best[0] == FAR and not name.startswith("/"):
            # Obsidian shortens a path to an ending that names only one note; on a site that is
            # wrong.
            follows = self._tool is None or not self._tool.is_site
            return _Place(best[5], sure=follows) if not is_relative(name) else None
        return _Place(best[5])

    def _is_hidden_readme(self, candidate: NoteName) -> bool:
        """Return whether a note is the README of a site, which shows the index of its folder."""
        is_site = self._tool is not None and self._tool.is_site
        return is_site and candidate.stem.lower() == "readme"

    # files
    def _is_file(self, named: RawLink, note_id: str, name: str) -> bool:
        if named.wiki and not is_relative(name):
            return self._files.has_end(name.replace("\\", "/"))
        written = [name, named.target.partition("#")[0].partition("?")[0]]
        paths = [path for one in written for path in paths_tried(one, note_id)]
        if any(self._files.has(path) for path in paths):
            return True
        if name.startswith("/") and self._files.has_folder_end(name):
            return True
        if is_relative(name) or (self._tool and self._tool.is_site and not name.startswith("/")):
            return False
        return self._files.has_end(name.replace("\\", "/"))

    def _is_made(self, named: RawLink, name: str) -> bool:
        """Return whether a path is a page that a site generator creates."""
        can_be = self._tool is None or self._tool.is_site
        return not named.wiki and can_be and bool(_MADE_PAGE.match(name))

    # parts
    def _anchor_line(self, note_id: str, part: str) -> int | None:
        """Return the line of a heading, a path of headings, or a block."""
        part = unquote(part).removeprefix("user-content-")
        last = part.rpartition("#")[2].strip()
        if last.startswith("^"):
            return self._find_anchor(note_id, last.casefold())
        whole = self._find_anchor(note_id, anchor_key(part))
        if whole is None and (ranged := _RANGE.search(part)):  # Dendron: #first,1:#last
            return self._anchor_line(note_id, part[: ranged.start()])
        if whole is not None:
            return whole
        lines = [self._find_anchor(note_id, anchor_key(one)) for one in part.split("#") if one]
        known = [line for line in lines if line is not None]
        return lines[-1] if lines and len(known) == len(lines) and known == sorted(known) else None


def _resolve_address(raw: RawLink, note_id: str, target: str) -> Link:
    """Return a link to another program or the web, which cannot be checked."""
    scheme = target.partition(":")[0].lower()
    if scheme == "file" or len(scheme) == 1 or target.startswith("\\"):  # a drive of Windows
        return _link(raw, note_id, LinkKind.FILE)
    missing = Missing.ADDRESS if scheme in _UNSAFE_SCHEMES else None
    return _link(raw, note_id, LinkKind.URL, missing=missing)


def _link(
    raw: RawLink,
    note_id: str,
    kind: LinkKind,
    *,
    to: str | None = None,
    line: int | None = None,
    missing: Missing | None = None,
) -> Link:
    return Link(
        note_id=note_id,
        line=raw.line,
        text=raw.text,
        target=raw.target,
        kind=kind,
        to=to,
        to_line=line,
        ok=missing is None,
        fix=raw.fix,
        missing=missing,
    )


def _missing_part(part: str) -> Missing:
    return Missing.BLOCK if part.rpartition("#")[2].startswith("^") else Missing.HEADING


def _has_other_suffix(name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return bool(re.fullmatch(r"\.[a-z][a-z0-9]{0,7}", suffix)) and suffix not in (
        *note_suffixes(),
        ".html",
        ".htm",
    )

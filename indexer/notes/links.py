"""Links of every dialect: what was meant by what is written, and where it leads.

Reading a link needs only its own text; resolving it needs the names of all notes, which a caller
hands in as a function, so that neither a folder nor a database is known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote

from indexer.notes.formats import is_note_name, note_suffixes, without_note_suffix
from indexer.notes.names import FOLDER_NOTES, printable
from indexer.records import Link, LinkKind, Note, RawLink

_WIKILINK = re.compile(r"(!?)\[\[([^\[\]\n]+)\]\](?!\()")
_ODD_LINK = re.compile(r"\[((?:\\.|[^\[\]\\\n])+)\]\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)")
_URL = re.compile(r"(?:https?://|mailto:)\S+$", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FILE_PATH = re.compile(
    r"\S*\.(?:html?|pdf|png|jpe?g|gif|svg|webp|ipynb|canvas)(?:[#?]\S*)?$", re.IGNORECASE
)
_IMAGE = re.compile(r".*\.(?:png|jpe?g|gif|svg|webp|bmp|avif)$", re.IGNORECASE)
_POST_URL = re.compile(r"\{%-?\s*(?:post_url|link)\s+(\S+?)\s*-?%\}(.*)")
_LIQUID_PREFIX = re.compile(r"\{\{.{0,200}?\}\}")
_POST_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(.+)$")
_TOP = "/"  # the key of the note that stands for the whole folder
_SAFE_SCHEMES = frozenset({"http", "https", "mailto"})


# --- reading ------------------------------------------------------------------------------------


def read_wikilink(source: str, start: int, end: int) -> tuple[RawLink, int] | None:
    """Read ``[[note#part|alias]]`` or ``![[embed]]`` at a position.

    :param source: the text.
    :param start: where to look.
    :param end: where the text ends.
    :return: the link (its line is 0, for the caller to fill in) and the position behind it; None
        where no wikilink stands. An embedded image shows no text.
    """
    found = _WIKILINK.match(source, start, end)
    if not found:
        return None
    target, _, alias = found.group(2).replace("\\|", "|").partition("|")
    target, alias = target.strip(), alias.strip()
    if not target:
        return None
    if found.group(1) and (not alias or alias.replace("x", "").isdigit()):
        alias = "" if _IMAGE.match(target) else _shown_name(target)
    elif not alias:
        alias = _shown_name(target)
    return RawLink(0, alias, target, wiki=True), found.end()


def read_odd_link(source: str, start: int, end: int) -> tuple[RawLink, int] | None:
    """Read a link that CommonMark refuses: reversed, with blanks, or with a Liquid target.

    :param source: the text.
    :param start: where to look.
    :param end: where the text ends.
    :return: as ``read_wikilink``.
    """
    found = _ODD_LINK.match(source, start, end)
    if not found:
        return None
    text, target = found.group(1).strip(), found.group(2).strip()
    if target.startswith(("{%", "{{")):
        return RawLink(0, text, target), found.end()
    if (_URL.match(text) or _is_note_path(text)) and not _is_target(target):
        return RawLink(0, target, text, mend=_markdown(target, text)), found.end()
    if _is_note_path(target):
        return RawLink(0, text, target, mend=_markdown(text, target)), found.end()
    return None


def mend_link(label: str, target: str) -> RawLink:
    """Return a link as it was meant, where label and target are swapped or the target is missing.

    :param label: the text in brackets, without markup.
    :param target: what stands in parentheses.
    """
    if _URL.match(label) and not target:
        return RawLink(0, label, label, mend=f"<{label}>")
    if _URL.match(label) and not _is_target(target):
        return RawLink(0, target, label, mend=_markdown(target, label))
    return RawLink(0, label, target)


def _is_target(text: str) -> bool:
    if _is_note_path(text) and " " not in text:
        return True
    return bool(
        _SCHEME.match(text)
        or _FILE_PATH.match(text)
        or text.startswith(("/", "#", "./", "../", "www."))
    )


def _is_note_path(text: str) -> bool:
    """Return whether a text is the path of a note, with or without an anchor or a query."""
    path = re.split("[#?]", text, maxsplit=1)[0]
    return "\n" not in text and is_note_name(path)


def _markdown(text: str, target: str) -> str:
    return f"[{text}]({quote(target, safe='/:#?&=%@+,;~!*-._')})"


def _shown_name(target: str) -> str:
    name, _, part = target.partition("#")
    name = _without_suffix(name.rpartition("/")[2])
    part = part.removeprefix("^") if part.startswith("^") else part
    return f"{name} > {part}" if name and part else name or part


# --- names --------------------------------------------------------------------------------------


class NoteName(NamedTuple):
    """All that a link can call a note by; ``published`` is its path on a Jekyll site."""

    note_id: str
    title: str = ""
    aliases: tuple[str, ...] = ()
    published: str = ""


def name_of(note: Note) -> NoteName:
    """Return what links can call a note by."""
    return NoteName(note.note_id, note.title, note.aliases, published_path(note))


def name_keys(name: NoteName) -> frozenset[str]:
    """Return the keys a note is filed under; ``link_key`` of a link to it is one of them."""
    path = PurePosixPath(printable(name.note_id))
    stem = _without_suffix(path.name)
    names = [stem, name.title, *name.aliases]
    dated = _POST_NAME.match(stem)
    if dated:
        names.append(dated.group(4))
    if stem.lower() in FOLDER_NOTES:
        names.append(path.parent.name or _TOP)
    names.append(name.published)
    return frozenset(_key(part) for part in names if part)


def link_key(raw: RawLink, note_id: str) -> str:
    """Return the key of the note a link names.

    :param raw: the link as written.
    :param note_id: the note it stands in.
    """
    target = _inner_target(raw.target).partition("#")[0]
    if raw.wiki:
        return _key(target)
    return _key(_normal_path(unquote(target.partition("?")[0]), note_id) or _TOP)


def _key(name: str) -> str:
    """Return the last part of a path or name, without suffix and case."""
    last = name.rstrip("/").rpartition("/")[2]
    return _fold(_without_suffix(last)) or _TOP


def published_path(note: Note) -> str:
    """Return the path of a note on a Jekyll site with the default permalinks.

    Posts (``_posts/2020-04-07-name.md``) are at ``/categories/2020/04/07/name.html``, other notes
    at their own path; a permalink in the front matter comes first.
    """
    if note.permalink:
        return note.permalink if note.permalink.startswith("/") else f"/{note.permalink}"
    path = PurePosixPath(printable(note.note_id))
    stem = _without_suffix(path.name)
    dated = _POST_NAME.match(stem)
    if dated and "_posts" in path.parts:
        year, month, day, slug = dated.groups()
        above = path.parts[: path.parts.index("_posts")]
        categories = [*above, *(category.lower() for category in note.categories)]
        return "/" + "/".join([*categories, year, month.zfill(2), day.zfill(2), f"{slug}.html"])
    if stem.lower() in FOLDER_NOTES:
        return "/" + "".join(f"{part}/" for part in path.parts[:-1])
    return f"/{path.with_name(stem)}.html"


def published_url(published: str, site_url: str) -> str:
    """Return the address of a published path on a site."""
    return site_url.rstrip("/") + quote(published, safe="/:@!$&'()*+,;=~-._")


def slug_of(text: str) -> str:
    """Return the anchor of a heading, as GitHub, kramdown and Obsidian all resolve it.

    Runs of hyphens count as one, since the dialects differ in what they make of punctuation.
    """
    kept = "".join(
        c for c in unicodedata.normalize("NFC", text).lower() if c.isalnum() or c in " -_"
    )
    return re.sub("[ -]+", "-", kept).strip("-")


def _without_suffix(name: str) -> str:
    """Return a name without the suffix of a note or of a published page."""
    if name.lower().endswith((".html", ".htm")):
        return name.rpartition(".")[0]
    return without_note_suffix(name)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


def _inner_target(target: str) -> str:
    """Return a target without Liquid around it and without a control character in it.

    What a tag of Jekyll names counts from the top of the site.
    """
    target = _LIQUID_PREFIX.sub("", target).strip()
    post = _POST_URL.match(target)
    if post:
        target = "/" + post.group(1).lstrip("/") + post.group(2)
    return re.sub("[\x00-\x1f\x7f]", "", target).strip()


# --- resolving ----------------------------------------------------------------------------------


class LinkResolver:
    """Says where links lead, given ways to look up notes, files and anchors."""

    def __init__(
        self,
        find_notes: Callable[[str], Sequence[NoteName]],
        find_file: Callable[[str], bool],
        find_anchor: Callable[[str, str], int | None],
        *,
        site_url: str = "",
    ) -> None:
        """Keep the three ways to look things up.

        :param find_notes: key (see ``name_keys``) to the notes filed under it.
        :param find_file: tells whether a path relative to the notes folder, or the bare name of an
            attachment, is there.
        :param find_anchor: note and slug or ``^block`` to the line, None where the note has no such
            place.
        :param site_url: address of the published site; links to it count as links to notes.
        """
        self._find_notes = find_notes
        self._find_file = find_file
        self._find_anchor = find_anchor
        self._site_url = site_url.rstrip("/")

    def resolve(self, raw: RawLink, note_id: str) -> Link:
        """Return where a link of a note leads.

        :param raw: the link as written.
        :param note_id: the note it stands in.
        """
        target = _inner_target(raw.target)
        on_site = target.removeprefix(self._site_url) if self._site_url else target
        if on_site != target and on_site[:1] in ("", "/", "#", "?"):
            target = on_site or "/"
        elif not raw.wiki and (target.startswith("//") or _SCHEME.match(target)):
            return self._resolve_url(raw, note_id, target)
        name, _, part = target.partition("#")
        name = name.partition("?")[0] if not raw.wiki else name
        if not name:
            return self._resolve_anchor(raw, note_id, part)
        name = unicodedata.normalize("NFC", name if raw.wiki else unquote(name))
        return self._resolve_note(raw, note_id, name, part)

    def _resolve_url(self, raw: RawLink, note_id: str, target: str) -> Link:
        scheme = target.partition(":")[0].lower()
        kind = LinkKind.FILE if scheme == "file" else LinkKind.URL
        ok = scheme in _SAFE_SCHEMES
        return Link(note_id, raw.line, raw.text, raw.target, kind, ok=ok, mend=raw.mend)

    def _resolve_anchor(self, raw: RawLink, note_id: str, part: str) -> Link:
        line = self._anchor_line(note_id, part) if part else None
        ok = line is not None or (raw.target.strip() == "#")
        kind, to = (LinkKind.ANCHOR, note_id) if raw.target else (LinkKind.FILE, None)
        return Link(note_id, raw.line, raw.text, raw.target, kind, to, line, ok, raw.mend)

    def _resolve_note(self, raw: RawLink, note_id: str, name: str, part: str) -> Link:
        candidates = self._find_notes(self._key_of(raw, note_id, name))
        path = None if raw.wiki else _normal_path(name, note_id)
        to = _by_name(name, note_id, candidates) if raw.wiki else _by_path(path, name, candidates)
        if to is None and self._is_file(name, path, raw.wiki):
            return Link(note_id, raw.line, raw.text, raw.target, LinkKind.FILE, mend=raw.mend)
        if to is None:
            kind = LinkKind.FILE if _has_other_suffix(name) else LinkKind.NOTE
            guess = candidates[0].note_id if len(candidates) == 1 and not raw.wiki else None
            suffix = f"#{part}" if part else ""
            mend = raw.mend or (guess and _markdown(raw.text, _relative(guess, note_id) + suffix))
            return Link(note_id, raw.line, raw.text, raw.target, kind, ok=False, mend=mend or None)
        line = self._anchor_line(to, part) if part else None
        ok = not part or line is not None
        mend = raw.mend
        if path is not None and mend is None and _differs_by_case_only(path, to):
            suffix = f"#{part}" if part else ""
            mend = _markdown(raw.text, _relative(to, note_id) + suffix)
        return Link(note_id, raw.line, raw.text, raw.target, LinkKind.NOTE, to, line, ok, mend)

    def _key_of(self, raw: RawLink, note_id: str, name: str) -> str:
        return link_key(raw._replace(target=name if raw.wiki else quote(name)), note_id)

    def _is_file(self, name: str, path: str | None, wiki: bool) -> bool:
        return self._find_file(name) if wiki else path is not None and self._find_file(path)

    def _anchor_line(self, note_id: str, part: str) -> int | None:
        last = unquote(part).rpartition("#")[2]
        return self._find_anchor(note_id, last if last.startswith("^") else slug_of(last))


def _normal_path(name: str, note_id: str) -> str | None:
    """Return a path relative to the notes folder, None where it leads out of it."""
    name = name.replace("\\", "/")
    parts = [] if name.startswith("/") else note_id.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _by_path(path: str | None, name: str, candidates: Iterable[NoteName]) -> str | None:
    """Return the note a path means: as written, without suffix, of a folder, or as published."""
    if path is None:
        return None
    wanted = [path, *(path + suffix for suffix in note_suffixes())]
    if path.endswith((".html", ".htm")):
        wanted += [path.rpartition(".")[0] + suffix for suffix in note_suffixes()]
    folded = [_fold(one) for one in wanted]
    published = _fold("/" + name.lstrip("/"))
    best: tuple[int, str] | None = None
    for candidate in candidates:
        here = unicodedata.normalize("NFC", candidate.note_id)
        stem = _without_suffix(PurePosixPath(here).name).lower()
        folder = here.rpartition("/")[0]
        if here in wanted:
            rank = 0
        elif stem in FOLDER_NOTES and folder == path:
            rank = 1
        elif _fold(here) in folded:
            rank = 2
        elif _fold(candidate.published).rstrip("/") == published.rstrip("/"):
            rank = 3
        elif _POST_NAME.match(path) and _without_suffix(PurePosixPath(here).name) == path:
            rank = 4  # post_url names a post without its folder
        else:
            continue
        best = min(best, (rank, candidate.note_id)) if best else (rank, candidate.note_id)
    return best[1] if best else None


def _by_name(name: str, note_id: str, candidates: Iterable[NoteName]) -> str | None:
    """Return the note a wikilink means: the file of that name, else its title or an alias."""
    wanted = _fold(_without_suffix(name.strip("/")))
    best: tuple[int, int, int, str] | None = None
    for candidate in candidates:
        path = _fold(_without_suffix(candidate.note_id))
        names = {_fold(name) for name in (candidate.title, *candidate.aliases)}
        if path == wanted:
            rank = 0
        elif path.endswith("/" + wanted):
            rank = 1
        elif wanted in names or _fold(name) in names:
            rank = 2
        else:
            continue
        apart = candidate.note_id.rpartition("/")[0] != note_id.rpartition("/")[0]
        key = (rank, int(apart), candidate.note_id.count("/"), candidate.note_id)
        best = min(best, key) if best else key
    return best[3] if best else None


def _relative(to: str, note_id: str) -> str:
    here, there = note_id.split("/")[:-1], to.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])


def _differs_by_case_only(path: str, to: str) -> bool:
    here = unicodedata.normalize("NFC", to)
    return here not in (path, *(path + suffix for suffix in note_suffixes())) and _fold(here) in (
        _fold(path),
        *(_fold(path + suffix) for suffix in note_suffixes()),
    )


def _has_other_suffix(name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return bool(re.fullmatch(r"\.[a-z][a-z0-9]{0,7}", suffix)) and suffix not in (
        *note_suffixes(),
        ".html",
        ".htm",
    )

"""Names that links use for notes: lookup keys, paths on a site, anchors of headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote

from indexer.notes.formats import without_note_suffix
from indexer.notes.names import FOLDER_NOTES, anchor_key, fold, loosen, page_name, printable
from indexer.notes.written_dates import iso_date
from indexer.records import Block, BlockKind, Note, RawLink

POST_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(.+)$")
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
BLOCK_REFERENCE = re.compile(rf"\(\(\s*({_UUID})\s*\)\)$")
_UUID_ANCHOR = re.compile(rf"\^{_UUID}$")
_POST_URL = re.compile(r"\{%-?\s*(?:post_url|link)\s+(\S+?)\s*-?%\}(.*)")
_JOPLIN_ID = re.compile(r":/[0-9a-f]{32}(?:#.*)?$")
_HUGO_REF = re.compile(
    r"""\{\{[<%]\s*(?:rel)?ref\s+(?:(?:lang|outputFormat)\s*=\s*["'`]?[\w-]+["'`]?\s+)?(?:path\s*=\s*)?"""
    r"""["'`]?([^"'`]+?)["'`]?(?:\s+(?:lang|outputFormat)\s*=\s*["'`]?[\w-]+["'`]?)*\s*[>%]\}\}(.*)"""
)
_LIQUID_PATH = re.compile(r"""\{\{\s*["']([^"']*)["']\s*\|[^{}]*\}\}(.*)""")
_LIQUID_PREFIX = re.compile(r"\{\{.{0,200}?\}\}")
# The id of a Zettel at the start of its name: digits, or digits and letters in turn (1a2, 21b3c).
_ZETTEL = re.compile(r"(\d{8,}|\d+[a-z]+\d[\da-z]*)(?=[\s_.-]|$)", re.IGNORECASE)
# Static site generators sort pages by a number that is not part of the address.
_NUMBERED = re.compile(r"^\d+[\s._-]+(?=\D)")
_ID_KEYS = frozenset({"id", "uid", "uuid", "slug", "url", "permalink", "zettelid"})
_TOP = "/"  # the key of the note that represents the whole folder


class NoteName(NamedTuple):
    """The names of a note that a link can use; ``published`` is its path on a Jekyll site."""

    note_id: str
    title: str = ""
    aliases: tuple[str, ...] = ()
    published: str = ""
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def stem(self) -> str:
        """The file name without its suffix."""
        return without_note_suffix(PurePosixPath(self.note_id).name)

    @property
    def is_folder_note(self) -> bool:
        """Whether the note represents its folder: README, index, or named like the folder."""
        stem, folder = self.stem.lower(), PurePosixPath(self.note_id).parent.name
        return stem in FOLDER_NOTES or (bool(folder) and stem == folder.lower())

    def ids(self) -> list[str]:
        """Return the ids and addresses in the note's properties."""
        given = [value for key, value in self.properties if key.casefold() in _ID_KEYS and value]
        zettel = _ZETTEL.match(self.stem)
        return [*given, *([zettel.group(1)] if zettel else [])]


def name_of(note: Note) -> NoteName:
    """Return the names of a note that links can use."""
    return NoteName(
        note_id=note.note_id,
        title=note.title,
        aliases=note.aliases,
        published=published_path(note),
        properties=note.properties,
    )


def name_keys(name: NoteName, anchors: Iterable[tuple[str, int]] = ()) -> frozenset[str]:
    """Return the keys of a note; ``link_key`` of a link to it is one of them.

    :param name: of the note.
    :param anchors: its anchors; block ids of Logseq and labels of MyST become keys too.
    """
    path = PurePosixPath(printable(name.note_id))
    stem = without_suffix(path.name)
    page = page_name(stem)
    names = [stem, page, _NUMBERED.sub("", page, count=1), name.title, *name.aliases, *name.ids()]
    dated = POST_NAME.match(stem)
    if dated:
        names.append(dated.group(4))
    if name.is_folder_note:
        names.append(path.parent.name or _TOP)
        names.append(_NUMBERED.sub("", page_name(path.parent.name), count=1))
    names.append(name.published)
    keys = {name_key(part) for part in names if part}
    for anchor, _ in anchors:
        if anchor.startswith("="):  # a label of MyST
            keys.add(anchor)
        elif _UUID_ANCHOR.match(anchor):
            keys.add(anchor[1:])
    return frozenset(keys)


def link_key(raw: RawLink, note_id: str) -> str:
    """Return the key of the note that a link names.

    :param raw: the link as written.
    :param note_id: the note that contains it.
    """
    block = BLOCK_REFERENCE.match(raw.target)
    if block:
        return block.group(1).lower()
    named = named_target(raw)
    target = named.target.partition("#")[0]
    if named.wiki:
        return name_key(target.replace("\\", "/"))
    return path_key(unquote(target.partition("?")[0]), note_id)


def path_key(name: str, note_id: str) -> str:
    """Return the key of the note that a path names: its last part, or its folder."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    if last in ("", ".", ".."):
        return name_key(normal_path(name, note_id) or _TOP)
    return name_key(last)


def name_key(name: str) -> str:
    """Return the last part of a path or name, without suffix, case and marks between words."""
    last = without_suffix(name.rstrip("/").rpartition("/")[2])
    return loosen(iso_date(last) or last) or fold(last) or _TOP


def named_target(raw: RawLink) -> RawLink:
    """Return a link with the target in its Liquid tag or shortcode, without control characters.

    A path in a Jekyll tag starts at the top of the site; Hugo's ``ref`` finds a page by name, like
    a wikilink.
    """
    target = raw.target.strip()
    if target.startswith("[[") and target.endswith("]]"):
        return raw._replace(target=_without_controls(target[2:-2]), wiki=True)
    if _JOPLIN_ID.match(target):
        return raw._replace(target=target[2:], wiki=True)
    reference = _HUGO_REF.match(target)
    if reference:
        found = reference.group(1).strip() + reference.group(2)
        return raw._replace(target=_without_controls(found), wiki=True)
    post = _POST_URL.match(target)
    if post:
        return raw._replace(
            target="/" + _without_controls(post.group(1).lstrip("/") + post.group(2))
        )
    path = _LIQUID_PATH.match(target)
    target = "/" + (path.group(1) + path.group(2)).lstrip("/") if path else target
    target = _LIQUID_PREFIX.sub("", target).strip()
    post = _POST_URL.match(target)
    if post:
        target = "/" + post.group(1).lstrip("/") + post.group(2)
    return raw._replace(target=_without_controls(target.removeprefix("@site")))


def _without_controls(target: str) -> str:
    return re.sub("[\x00-\x1f\x7f]", "", target).strip()


def normal_path(name: str, note_id: str) -> str | None:
    """Return a path relative to the notes folder, None if it leads out of it.

    :param name: as written; a leading ``/`` means the notes folder.
    :param note_id: the note that contains it.
    """
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


def distance_between(to: str, note_id: str) -> int:
    """Return how many folders lie between two notes, up and down."""
    here, there = note_id.split("/")[:-1], to.split("/")[:-1]
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return len(here) + len(there) - 2 * shared


def relative_path(to: str, note_id: str) -> str:
    """Return the path of a note as written in another one."""
    here, there = note_id.split("/")[:-1], to.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])


def without_suffix(name: str) -> str:
    """Return a name without the suffix of a note or of a published page."""
    if name.lower().endswith((".html", ".htm")):
        return name.rpartition(".")[0]
    return without_note_suffix(name)


# --- paths on a site ----------------------------------------------------------------------------


def published_path(note: Note) -> str:
    """Return the path of a note on a Jekyll site with the default permalinks.

    Posts (``_posts/2020-04-07-name.md``) are at ``/categories/2020/04/07/name.html``, other notes
    at their own path. A permalink in the front matter has priority.
    """
    if note.permalink:
        return note.permalink if note.permalink.startswith("/") else f"/{note.permalink}"
    path = PurePosixPath(printable(note.note_id))
    stem = without_suffix(path.name)
    dated = POST_NAME.match(stem)
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


def routes_of(name: NoteName) -> Iterator[str]:
    """Yield the possible paths of a note on a site, without suffix and outer slashes.

    They come from its file, without sorting numbers (Docusaurus, Quartz), from its id or slug
    instead of the file name, and from aliases that are paths (Hugo).
    """
    folder = PurePosixPath(printable(name.note_id)).parent.as_posix().strip(".")
    path = f"{folder}/{page_name(name.stem)}".strip("/")
    yield path
    if name.is_folder_note:
        yield folder
    yield "/".join(_NUMBERED.sub("", part, count=1) for part in path.split("/"))
    yield without_suffix(name.published.strip("/"))
    dated = POST_NAME.match(name.stem)
    if dated:  # a post of the blog of Docusaurus
        year, month, day, slug = dated.groups()
        yield f"{folder}/{year}/{month.zfill(2)}/{day.zfill(2)}/{slug}".strip("/")
    for given in name.ids():
        path = given if given.startswith("/") else f"{folder}/{given}"
        yield without_suffix(path.strip("/"))
        if not given.startswith("/"):
            plain = "/".join(_NUMBERED.sub("", part, count=1) for part in folder.split("/"))
            yield f"{plain}/{without_suffix(given)}".strip("/")
        if given.startswith("/") and folder:  # a slug counts from where its documents are
            yield f"{folder.partition('/')[0]}/{without_suffix(given.strip('/'))}"
    yield from (alias.strip("/") for alias in name.aliases if "/" in alias)


# --- anchors ------------------------------------------------------------------------------------


def heading_anchors(blocks: Sequence[Block]) -> list[tuple[str, int]]:
    """Return the anchors of headings, from ``anchor_key``, each with its line.

    A repeated heading also gets an anchor with its number (GitHub's ``part-1``), and one with the
    headings above it (Obsidian's ``[[note#Chapter#Part]]``). Kramdown leaves out a number at the
    start of a heading.
    """
    headings = [(anchor_key(b.text), b) for b in blocks if b.kind is BlockKind.HEADING]
    counts = Counter(key for key, _ in headings)
    later: list[tuple[str, int]] = []
    met: Counter[str] = Counter()
    above: list[tuple[int, str]] = []
    for key, block in headings:
        above = [(level, one) for level, one in above if level < block.level]
        if counts[key] > 1:
            later += [(f"{parent}{key}", block.line_start) for _, parent in above]
        if met[key]:
            later.append((f"{key}{met[key]}", block.line_start))
        later.append((key.lstrip("0123456789"), block.line_start))
        met[key] += 1
        above.append((block.level, key))
    return [*((key, b.line_start) for key, b in headings), *(pair for pair in later if pair[0])]

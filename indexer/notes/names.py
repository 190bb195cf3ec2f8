"""Names of notes for display and comparison, made only from paths."""

from __future__ import annotations

import itertools
import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote

from indexer.notes.formats import without_note_suffix
from indexer.text.folding import fold_name

# A note with this name represents its folder.
FOLDER_NOTES = frozenset({"readme", "index", "_index"})
# Notion appends the id of a page to its name.
_NOTION_ID = re.compile(r" [0-9a-f]{32}$")
_DRAWING = ".excalidraw"
# Logseq's folders of pages and journals, and its replacements of "/" in a name.
_LOGSEQ_FOLDERS = frozenset({"pages", "journals"})
_LOGSEQ_SLASH = re.compile("___|%2F", re.IGNORECASE)
# "Plan (Ann's conflicted copy 2024-05-06).md", "Plan.sync-conflict-20240506-101112-ABCDEFG.md"
_CONFLICT = re.compile(
    r"(.+?)(?: \([^()/]*conflict(?:ed copy)?[^()/]*\)|\.sync-conflict-\d{8}-\d{6}(?:-\w+)?"
    r"|_conflict-\d{8}-\d{6})$",
    re.IGNORECASE,
)
_PLACEHOLDER = ".icloud"
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_BLANKS = re.compile(r"[\s_+-]+")
# How Python represents an undecodable byte of a name, and any other lone surrogate.
_ALONE = re.compile("[\ud800-\udfff]")
_WRITTEN_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
# A control or invisible character as answers show it, with two to five digits.
_WRITTEN = re.compile(r"\\x([0-9a-f]{2,5})")
# Characters that answers never show as they are: controls, directions, fillers, tags, everything
# that Unicode tells programs to ignore. Joiners and variants are shown one by one.
_JOINERS, _VARIANTS = "\u00ad\u200c\u200d", "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_HIDDEN = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
UNSEEN = re.compile(
    f"[{_HIDDEN}]|(?<=[{_JOINERS}])[{_JOINERS}{_VARIANTS}]|(?<=[{_VARIANTS}])[{_VARIANTS}]"
)
_ESCAPED = re.compile(f"[{_HIDDEN}{_JOINERS}{_VARIANTS}\n]")


def printable(name: str) -> str:
    """Return a name with undecodable bytes replaced, for titles, keys and addresses."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def written_name(name: str) -> str:
    r"""Return a name as valid Unicode: an undecodable byte becomes the text ``\xNN``.

    Another lone surrogate becomes ``\udNNN``. JSON follows the same rule.
    """
    return name if name.isascii() else _ALONE.sub(_write_alone, name)


def _write_alone(found: re.Match[str]) -> str:
    code = ord(found[0])
    return rf"\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else rf"\u{code:04x}"


def exact_name(name: str, exists: Callable[[str], bool]) -> str:
    r"""Return the name of a file from a name that may be written with ``\xNN`` for bytes and signs.

    A file whose name contains these characters themselves comes first.

    :param name: as ``written_name`` returns it, or exact.
    :param exists: returns whether there is a file of this name.
    :return: the name unchanged if neither exists.
    """
    if "\\x" not in name or exists(name):
        return name
    decoded = _WRITTEN_BYTE.sub(lambda one: chr(0xDC00 + int(one[1], 16)), name)
    written = (decoded, _WRITTEN.sub(_sign, decoded), _WRITTEN.sub(_sign, name))
    return next(filter(exists, written), name)


def _sign(found: re.Match[str]) -> str:
    """Return a control or invisible character from its digits; other text stays as it is."""
    digits = found[1]
    for count in range(len(digits), 1, -1):
        sign = chr(int(digits[:count], 16))
        if f"{ord(sign):02x}" == digits[:count] and _ESCAPED.match(sign):
            return sign + digits[count:]
    return found[0]


def title_of_path(note_id: str) -> str:
    """Return a title from a path: the file name, or the folder name for README and index.

    Additions of programs are removed: Notion's id, ``.excalidraw``, Logseq's signs for a slash.
    """
    path = PurePosixPath(note_id)
    stem = without_note_suffix(path.name)
    if stem.lower() in FOLDER_NOTES and path.parent.name:
        stem = path.parent.name
    stem = _NOTION_ID.sub("", stem.removesuffix(_DRAWING))
    if path.parent.name in _LOGSEQ_FOLDERS and _LOGSEQ_SLASH.search(stem):
        stem = unquote(stem.replace("___", "/"))
    return printable(stem or path.name)


def merge_names(*lists: Iterable[str]) -> tuple[str, ...]:
    """Return the names of several lists in order, without repeats that differ only in case."""
    found: dict[str, str] = {}
    for name in itertools.chain(*lists):
        found.setdefault(fold_name(name), name)
    return tuple(found.values())


def page_name(stem: str) -> str:
    """Return the name of a page from its file name without suffix.

    Logseq writes ``a/b`` as ``a___b`` or ``a%2Fb``; Notion adds the id of the page to its name.
    """
    name = without_export_id(stem).replace("___", "/")
    if _PERCENT.search(name):
        decoded = unquote(name, errors="strict") if _decodes(name) else name
        name = decoded if decoded.isprintable() else name
    return printable(name)


def _decodes(name: str) -> bool:
    try:
        unquote(name, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def without_export_id(name: str) -> str:
    """Return a name without the id that Notion's export appends."""
    return _NOTION_ID.sub("", name)


def fold(name: str) -> str:
    """Return a name for comparison: one Unicode form, case folded, no outer blanks."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def loosen(name: str) -> str:
    """Return a name with hyphens, underscores and plus signs as blanks, to compare slugs."""
    return _BLANKS.sub(" ", fold(name)).strip()


def anchor_key(text: str) -> str:
    """Return the part of a heading's anchor that all dialects share: letters and digits.

    GitHub, kramdown, Python-Markdown and Obsidian differ in how they keep, drop or replace blanks,
    punctuation and accents. A text without letters and digits is compared unchanged.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if c.isalnum()) or fold(text)


def original_of(note_id: str) -> str | None:
    """Return the original note of a conflict copy, None for any other note.

    :param note_id: its path; copies have names of Dropbox, Nextcloud, ownCloud or Syncthing.
    """
    if "conflict" not in note_id.casefold():
        return None  # nearly always; the expression takes long to find nothing
    stem, suffix = posixpath.splitext(note_id)
    found = _CONFLICT.search(stem)
    return f"{found.group(1)}{suffix}" if found else None


def placeholder_of(name: str) -> str | None:
    """Return the name of the file behind an iCloud placeholder, None for other files."""
    inner = name[1 : -len(_PLACEHOLDER)]
    is_placeholder = name.startswith(".") and name.endswith(_PLACEHOLDER) and bool(inner)
    return inner if is_placeholder else None

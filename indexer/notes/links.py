"""Read links of every dialect as they are written: their text and their intended target.

This needs only the text of the link; ``link_resolution`` finds the target.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from indexer.notes.formats import is_note_name, without_note_suffix
from indexer.notes.names import loosen
from indexer.records import RawLink

# A link may span two lines, and its alias may contain pairs of brackets.
_WIKILINK = re.compile(
    r"(!?)\[\[([^\[\]|\n]+?(?:\n[^\[\]|\n]+?)?)"
    r"(?:\\?\|((?:[^\[\]\n]|\n(?!\s*\n)|\[[^\[\]\n]*\])*))?\]\](?!\()"
)
_ORG_LINK = re.compile(r"\[\[([^\[\]\n]+)\]\[([^\[\]\n]+)\]\]")
# A TOML table shown as text: its name alone on a line, a key below.
_TOML_TABLE = re.compile(r"\[\[[\w.-]+\]\][ \t]*\n[ \t]*[\w.-]+[ \t]*=[ \t]*[\"'\d\[{tf]")
_ODD_LINK = re.compile(r"\[((?:\\.|[^\[\]\\\n])+)\]\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)")
_TEMPLATE_VALUE = re.compile(r"\{\{[^{}\n]*\}\}")
_URL = re.compile(r"(?:https?://|mailto:)\S+$", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FILE_PATH = re.compile(
    r"\S*\.(?:html?|pdf|png|jpe?g|gif|svg|webp|ipynb|canvas)(?:[#?]\S*)?$", re.IGNORECASE
)
_IMAGE = re.compile(r".*\.(?:png|jpe?g|gif|svg|webp|bmp|avif)$", re.IGNORECASE)
_SIZE = re.compile(r"\|\d+(?:x\d+)?$")  # of an image, behind its alias
_PLACE_IN_FILE = re.compile(r"(?:page|height|t|zoom|selection|annotation|rect|color)=")
_NAME_WITH_DOTS = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:#\S*)?$")
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_BLOCK_REFERENCE = re.compile(rf"\(\({_UUID}\)\)")
_EMBEDDED = re.compile(rf"\{{\{{embed\s+(?:(\(\({_UUID}\)\))|\[\[([^\[\]\n]+)\]\])\s*\}}\}}")
_ROW_WITH_ALIAS = re.compile(r"^[ \t]*\|.*\[\[[^\[\]|\n]*[^\\|\n]\|[^\[\]\n]*\]\].*$", re.MULTILINE)
_ALIAS_BAR = re.compile(r"(\[\[[^\[\]|\n]*[^\\\[\]|\n])\|(?=[^\[\]\n|]*\]\])")


def read_wikilink(source: str, start: int, end: int) -> tuple[RawLink, int] | None:
    """Read ``[[note#part|alias]]`` or ``![[embed]]`` at a position.

    :param source: the text.
    :param start: the position.
    :param end: the end of the text.
    :return: the link (its line is 0, for the caller to fill in) and the position after it; None if
        there is no wikilink. An embedded image shows no text.
    """
    org = _ORG_LINK.match(source, start, end)
    if org:
        target, text = org.groups()
        is_name = not _SCHEME.match(target)
        return RawLink(0, text.strip(), target.removeprefix("file:"), wiki=is_name), org.end()
    found = _WIKILINK.match(source, start, end)
    if not found or _TOML_TABLE.match(source, start, end):
        return None
    target, alias = (" ".join((part or "").split()) for part in found.group(2, 3))
    if not target:
        return None
    if _is_label_first(target, alias):
        target, alias = alias, target
    if "=" in alias and _IMAGE.match(target):
        alias = next((o[4:] for o in alias.split("|") if o.startswith("alt=")), "")
        return RawLink(0, alias, target, wiki=True), found.end()
    if found.group(1) and alias:
        alias = _SIZE.sub("", alias)
    if found.group(1) and (not alias or alias.replace("x", "").isdigit()):
        alias = "" if _IMAGE.match(target) else _shown_name(target)
    elif not alias:
        alias = _shown_name(target)
    return RawLink(0, alias, target, wiki=True), found.end()


def _is_label_first(target: str, alias: str) -> bool:
    """Return whether a link has its label first, as in Dendron, Gollum and GitLab.

    The alias then has dots, or is the path of the page that the target names in words.
    """
    if alias.startswith("dendron://"):
        return True
    if _NAME_WITH_DOTS.match(alias) and not _NAME_WITH_DOTS.match(target):
        return True
    if "/" not in alias and alias.islower():
        return False  # [[Problem Solving|problem-solving]] of Obsidian
    if " " in alias or not ("/" in alias or "-" in alias) or "/" in target or target == alias:
        return False
    return loosen(alias.rpartition("/")[2]) == loosen(target)


def read_block_reference(source: str, start: int, end: int) -> tuple[RawLink, int] | None:
    """Read ``{{embed ((uuid))}}`` of Logseq, which has no text.

    :param source: the text.
    :param start: the position.
    :param end: the end of the text.
    :return: as ``read_wikilink``.
    """
    found = _EMBEDDED.match(source, start, end)
    if not found:
        return None
    block, page = found.groups()
    return RawLink(0, "", block or page, wiki=page is not None), found.end()


def take_block_references(text: str) -> tuple[str, list[str]]:
    """Return a text without Logseq's ``((uuid))``, and the references removed."""
    if "((" not in text:
        return text, []
    found = [match.group() for match in _BLOCK_REFERENCE.finditer(text)]
    return (" ".join(_BLOCK_REFERENCE.sub(" ", text).split()) if found else text), found


def escape_alias_pipes(source: str) -> str:
    r"""Return Markdown with the bars of wikilinks in table rows escaped.

    :param source: lines ended by ``\n``; their number does not change.
    """
    if "[[" not in source or "|" not in source:
        return source
    return _ROW_WITH_ALIAS.sub(lambda row: _ALIAS_BAR.sub(r"\1\\|", row.group()), source)


def read_odd_link(source: str, start: int, end: int) -> tuple[RawLink, int] | None:
    """Read a link that CommonMark refuses: reversed, with blanks, or with a Liquid target.

    :param source: the text.
    :param start: the position.
    :param end: the end of the text.
    :return: as ``read_wikilink``.
    """
    found = _ODD_LINK.match(source, start, end)
    if not found:
        return None
    text, target = found.group(1).strip(), found.group(2).strip()
    if target.startswith(("{%", "{{")) or (target.startswith("[[") and target.endswith("]]")):
        return RawLink(0, _TEMPLATE_VALUE.sub("", text).strip(), target), found.end()
    if (_URL.match(text) or _is_note_path(text)) and not _is_target(target):
        return RawLink(0, target, text, fix=markdown_link(target, text)), found.end()
    if _is_note_path(target):
        return RawLink(0, text, target, fix=markdown_link(text, target)), found.end()
    return None


def fixed_link(label: str, target: str) -> RawLink:
    """Return a link corrected: label and target swapped back, or a missing target filled in.

    :param label: the text in brackets, without markup.
    :param target: the text in parentheses.
    """
    if _URL.match(label) and not target:
        return RawLink(0, label, label, fix=f"<{label}>")
    if _URL.match(label) and not _is_target(target):
        return RawLink(0, target, label, fix=markdown_link(target, label))
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


def markdown_link(text: str, target: str) -> str:
    """Return a link as Markdown, with its target quoted if needed."""
    return f"[{text}]({quote(target, safe='/:#?&=%@+,;~!*-._')})"


def _shown_name(target: str) -> str:
    if "://" in target:
        return target
    name, _, part = target.partition("#")
    name = without_note_suffix(name.rstrip("/").rpartition("/")[2])
    part = "" if _PLACE_IN_FILE.match(part) else part
    part = part.removeprefix("^") if part.startswith("^") else part
    return f"{name} > {part}" if name and part else name or part

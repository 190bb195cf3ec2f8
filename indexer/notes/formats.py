"""The protocol of note formats, and their registry.

Only the registry defines the suffixes of notes. ``read`` and ``render`` import the library of a
format, so the suffixes are known without it. ``indexer/notes/__init__.py`` registers the formats of
this project.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from indexer.records import Block, Link, NoteWarning, RawLink

FindImage = Callable[[str], int | None]
"""Returns the number of an image by its target, None if it cannot be shown."""


class Document(NamedTuple):
    """The content of a note as its format reads it.

    ``blocks`` are in reading order, with 1-based lines of the file. ``anchors`` are link targets
    other than headings: (name, line). ``loose_links`` are in no block. ``title`` is the title its
    author gave, ``heading`` a first heading that may be the title. ``updated`` is used if there is
    no other date. ``properties`` are (key, text) pairs. ``partial`` is True if a part of the note
    could not be read.
    """

    blocks: Sequence[Block] = ()
    anchors: Sequence[tuple[str, int]] = ()
    loose_links: Sequence[RawLink] = ()
    warnings: Sequence[NoteWarning] = ()
    title: str | None = None
    heading: str | None = None
    date: datetime.date | None = None
    updated: datetime.date | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    permalink: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    partial: bool = False


class Format(Protocol):
    """One way of writing notes.

    ``name`` is one word, ``suffixes`` are in lower case, with the dot. Bump ``version`` when the
    same file gives other blocks or values: only the notes of this format are then read again.
    """

    name: str
    suffixes: tuple[str, ...]
    version: int

    def read(self, text: str, note_id: str) -> Document:
        r"""Return the parts of a note.

        :param text: the whole note, lines ended by ``\n``.
        :param note_id: its path relative to the notes folder.
        """

    def render(
        self, text: str, links: Sequence[Link], find_image: FindImage = lambda target: None
    ) -> str:
        r"""Return a note as safe HTML, each block with its lines.

        :param text: the whole note, lines ended by ``\n``.
        :param links: its links, resolved.
        :param find_image: says which images can be shown.
        """


# Suffixes of other text formats, which are not read.
_OTHER_MARKUP = frozenset(
    ".adoc .asc .asciidoc .creole .mdtext .mdtxt .mdwn .mediawiki .opml .org .rst .rtf .text "
    ".textile .tid .typ .wiki .zim".split()
)
_FORMATS: dict[str, Format] = {}
_BY_SUFFIX: dict[str, Format] = {}


def register_format(form: Format) -> None:
    """Add a format, or replace the one with the same name.

    :param form: takes over suffixes of other formats.
    """
    _FORMATS[form.name] = form
    _BY_SUFFIX.update(dict.fromkeys(form.suffixes, form))


def format_of(name: str) -> Format | None:
    """Return the format of a file name or path by its suffix, None if it is not a note."""
    return _BY_SUFFIX.get(_suffix_of(name))


def note_suffixes() -> tuple[str, ...]:
    """Return the suffixes of notes in lower case, those of the first format first."""
    return tuple(_BY_SUFFIX)


def is_note_name(name: str) -> bool:
    """Return whether a file with this name is a note, by its suffix."""
    return _suffix_of(name) in _BY_SUFFIX


def without_note_suffix(name: str) -> str:
    """Return a file name without the suffix of a note; other suffixes are kept."""
    suffix = _suffix_of(name)
    return name[: len(name) - len(suffix)] if suffix in _BY_SUFFIX else name


def looks_like_note(name: str) -> bool:
    """Return whether a file has the suffix of a markup that is not read."""
    return _suffix_of(name) in _OTHER_MARKUP


def format_versions() -> dict[str, int]:
    """Return the version of each format by name, as stored in the index."""
    return {name: form.version for name, form in sorted(_FORMATS.items())}


def _suffix_of(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].lower() if dot >= 0 else ""

"""What a note format is, and the registry of those that are read.

The suffixes of notes are defined here and nowhere else. A format's own library is loaded by its
``read`` and ``render``, so that knowing the suffixes costs nothing. ``indexer/notes/__init__.py``
registers the formats of this project.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from indexer.records import Block, Link, NoteWarning, RawLink

FindImage = Callable[[str], int | None]
"""The target of an image to the number it is shown by, None where it cannot be shown."""


class Document(NamedTuple):
    """What a format reads of one note.

    ``blocks`` are in reading order, with 1-based lines of the file. ``anchors`` are the places a
    link can name, other than headings: (name, line). ``loose_links`` are in no block. ``title`` is
    one its author gave, ``heading`` a first heading that may be one. ``updated`` counts where there
    is no other date. ``properties`` are (key, text) pairs. ``partial`` is True when something of
    the note could not be read.
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

    ``name`` is one word, ``suffixes`` are in lower case, with their dot. Bump ``version`` when the
    same file would give other blocks or values: the notes of this format, and no others, are read
    again.
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


# Text people write notes in that no format reads, and other names of Markdown.
_OTHER_MARKUP = frozenset(
    ".adoc .asc .asciidoc .creole .mdtext .mdtxt .mdwn .mediawiki .opml .org .rst .rtf .text "
    ".textile .tid .typ .wiki .zim".split()
)
_FORMATS: dict[str, Format] = {}
_BY_SUFFIX: dict[str, Format] = {}


def register_format(form: Format) -> None:
    """Add a format, or replace the one of the same name.

    :param form: takes over a suffix that another format has.
    """
    _FORMATS[form.name] = form
    _BY_SUFFIX.update(dict.fromkeys(form.suffixes, form))


def format_of(name: str) -> Format | None:
    """Return the format of a file name or path by its suffix, None if it is no note."""
    return _BY_SUFFIX.get(_suffix_of(name))


def note_suffixes() -> tuple[str, ...]:
    """Return the suffixes of notes in lower case, those of the first format first."""
    return tuple(_BY_SUFFIX)


def is_note_name(name: str) -> bool:
    """Return whether a file of this name is a note, by its suffix."""
    return _suffix_of(name) in _BY_SUFFIX


def without_note_suffix(name: str) -> str:
    """Return a file name without the suffix of a note; other suffixes stay."""
    suffix = _suffix_of(name)
    return name[: len(name) - len(suffix)] if suffix in _BY_SUFFIX else name


def looks_like_note(name: str) -> bool:
    """Return whether a file that is no note is named like one: by a markup that is not read."""
    return _suffix_of(name) in _OTHER_MARKUP


def format_versions() -> dict[str, int]:
    """Return the version of each format by its name, as the index keeps them."""
    return {name: form.version for name, form in sorted(_FORMATS.items())}


def _suffix_of(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].lower() if dot >= 0 else ""

"""Find the note that a question names by title, alias, file name, tags, folder or kind.

The names of all notes are read once per generation, at the first question that asks for a note.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from indexer.retrieval.sizing.stance import is_opinion
from indexer.store.protocol import View
from indexer.store.records import NoteInfo
from indexer.text.terms import is_stop_word, words_of

# In larger folders, only notes of points that a search finds can be named: reading the names of a
# hundred thousand notes takes a second.
_MOST_NOTES = 20_000
# Properties that name the kind of a note.
_KIND_KEYS = frozenset("type kind class template categories category topics topic genre".split())
# "Review of the course", "Course 5: Sequence Models": each side is a separate name.
_SIDES = re.compile(r"\s*[:\u2013\u2014]\s+|\s+-\s+|\s+(?:of|on|about|for)\s+", re.IGNORECASE)
# A question with less than this share of a name only mentions it.
NAMED_SHARE = 0.34


class NoteName(NamedTuple):
    """The names of a note: terms of its title, aliases, file name and labels."""

    note: NoteInfo
    names: tuple[frozenset[str], ...]
    labels: frozenset[str]
    opinion: bool

    def known(self) -> frozenset[str]:
        """Return all terms of the names and labels of the note."""
        return self.labels.union(*self.names)

    def share(self, subject: Collection[str]) -> float:
        """Return the share of its best name in a subject, 0 if a term is in no name or label.

        :param subject: terms of a question.
        """
        if not subject or not self.known().issuperset(subject):
            return 0.0
        return max(len(name.intersection(subject)) / len(name) for name in self.names)


class NoteNames:
    """The names of the notes of the newest generation."""

    def __init__(self) -> None:
        """Start without names."""
        self._known: tuple[int, list[NoteName]] = (-1, [])  # of a generation

    def of(self, view: View) -> Sequence[NoteName]:
        """Return the names of all notes, by path; empty for a very large folder.

        :param view: the index.
        """
        header = view.header()
        if header.notes > _MOST_NOTES:
            return ()
        generation, names = self._known
        if generation != header.generation:
            names = [name_of(note) for note in view.notes()]
            self._known = (header.generation, names)
        return names


@functools.lru_cache(maxsize=4_096)  # points share their notes
def name_of(note: NoteInfo) -> NoteName:
    """Return the names of a note."""
    path = PurePosixPath(note.note_id)
    sides = _SIDES.split(note.title, maxsplit=1)
    names = dict.fromkeys(map(content_terms, (note.title, *sides, *note.aliases, path.stem)))
    kinds = [value for key, value in note.properties if key.casefold() in _KIND_KEYS]
    labels = (*note.tags, *note.categories, *path.parts[:-1], *kinds)
    found = tuple(name for name in names if name) or (frozenset(),)
    return NoteName(note, found, frozenset().union(*map(content_terms, labels)), is_opinion(note))


@functools.lru_cache(maxsize=8_192)  # points share their labels, and questions share points
def content_terms(text: str) -> frozenset[str]:
    """Return the terms of a text without stop words."""
    return frozenset(
        term
        for start, end, terms in words_of(text)
        if not is_stop_word(text[start:end])
        for term in terms
    )

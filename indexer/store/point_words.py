"""The search terms of a point: of its own text, and of its context."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from indexer.records import Point
from indexer.store.records import NewLink, NoteInfo
from indexer.text.addresses import address_words
from indexer.text.terms import initials_of, terms_of

# Terms of a note's title, and of its further names, which each of its points has. Fewer count in a
# note whose headings are cut to a few characters, since thousands of short points carry them.
_MAX_TITLE, _MAX_FURTHER = 24, 24
_CUT_CHARS, _MAX_TITLE_IF_CUT, _MAX_FURTHER_IF_CUT = 9, 6, 0
_MAX_TARGETS = 40  # per point; links in a longer list are only found by their texts


def note_names(title: str, aliases: Sequence[str], note_id: str) -> tuple[str, ...]:
    """Return the names of a note: its title, aliases and file name.

    :param title: of the note.
    :param aliases: of the note.
    :param note_id: its path relative to the notes folder.
    """
    stem = PurePosixPath(note_id).stem.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return title, *aliases, stem


def names_of(note: NoteInfo) -> tuple[str, ...]:
    """Return the names of a stored note, see ``note_names``."""
    return note_names(note.title, note.aliases, note.note_id)


def targets_by_point(links: Iterable[NewLink]) -> Mapping[int, list[str]]:
    """Return the targets of links by the ordinal of the point that contains them."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for new in links:
        if new.ordinal is not None:
            found[new.ordinal].append(new.link.target)
    return found


def words_of_point(
    point: Point, names: tuple[str, ...], targets: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the terms of a point and of its context, with the acronyms of both.

    The addresses of its links count as its own words, since no other point has them. The context is
    the names of its note, its headings and its parents. A term of an address or an alias counts
    only if no other text has it. If a point carries only the beginning of the heading that is the
    title, only that counts.

    :param point: from the note or from the store.
    :param names: of its note, see ``note_names``; the title comes first.
    :param targets: of the links in it, in any order.
    """
    path = point.heading_path
    begins = bool(path) and path[0].endswith("…") and names[0].startswith(path[0][:-1])
    above = [*path, *point.parents] if begins else [names[0], *path, *point.parents]
    own, context = _point_terms(point.text, above)
    known = {*own, *context}
    if targets:
        addresses = " ".join(map(address_words, sorted(targets)[:_MAX_TARGETS]))
        own += [term for term in dict.fromkeys(terms_of(addresses)) if term not in known]
        known.update(own)
    most = _MAX_FURTHER_IF_CUT if _is_cut(above) else _MAX_FURTHER
    context += [term for term in _further_terms(names)[:most] if term not in known]
    return own, context


def _is_cut(above: Iterable[str]) -> bool:
    return any(len(text) <= _CUT_CHARS and text.endswith("…") for text in above)


def _point_terms(text: str, above: list[str]) -> tuple[list[str], list[str]]:
    """Return the terms of a point and of its context, with the acronyms of both.

    :param text: of the point.
    :param above: its context: title, headings and parents; repeated texts count once.
    """
    acronyms = {short for short, _ in initials_of(text)}
    most = _MAX_TITLE_IF_CUT if _is_cut(above) else _MAX_TITLE
    context: list[str] = []
    for place, line in enumerate(dict.fromkeys(above)):
        terms, shorts = _terms_of_context(line)
        context += terms if place else terms[:most]
        acronyms.update(shorts)
    return terms_of(text), [*context, *sorted(acronyms)]


@functools.lru_cache(maxsize=1_024)  # the points of a note share their headings and parents
def _terms_of_context(line: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the terms of a heading or parent, and its acronyms."""
    return tuple(terms_of(line)), frozenset(short for short, _ in initials_of(line))


@functools.lru_cache(maxsize=256)  # the points of a note follow each other
def _further_terms(names: tuple[str, ...]) -> tuple[str, ...]:
    known = set(terms_of(names[0]))
    found = dict.fromkeys(term for name in names[:0:-1] for term in terms_of(name))
    return tuple(term for term in found if term not in known)[:_MAX_FURTHER]

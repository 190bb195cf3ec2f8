"""Find the list of links that a question asks for: "which notes go with the review?"."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.records import LinkKind, UnitKind
from indexer.retrieval.sizing.naming import NUMBERS
from indexer.retrieval.sizing.note_names import content_terms
from indexer.retrieval.sizing.parts import Around, Part, note_of, subject_of
from indexer.retrieval.sizing.patterns import LatePattern
from indexer.retrieval.sizing.units import Outline, Span

_LEAST = 0.66
_NOTES = r"(?:notes?|pages?|posts?|articles?|files?|write-?ups?)"
_ASKED = LatePattern(
    rf"\b(?:which|what|all|the|my) (?:\w+ )?{_NOTES} (?:that |which )?(?:do |does |are "
    rf"|is )?(?:I )?(?:go|goes|belongs?"
    rf"|link\w*|relate[sd]?|refer\w*|accompan\w+|come|comes|listed|linked|mentioned|fit|fits"
    rf"|part)\b"
    rf"|^(?:(?:the|my|all|short|quick|list|show|me|where|are|what|give|find) )*links?\b"
    rf"|^(?:(?:the|my|all|short|quick|list|show|me|of|where|are|give|find) )*{_NOTES} (?:of|for"
    rf"|on|to)"
    rf" (?:(?:the|my|all|each|every|single) )*(?P<number>{'|'.join(NUMBERS)}|\d+) \w+s\b"
    rf"|^(?:(?:show|give|me|a|the) )*(?:list of|all|every) (?:(?:the|my|of) )*(?:\w+ )?notes\W*$"
    rf"|^(?:what|where|which \w+) (?:do|does) .* link to\b"
    rf"|^(?:(?:the|my|all|list|show|me|of|give|find|useful|good|best|more) )*(?:web ?sites?|urls?"
    rf"|resources|references|sources|bookmarks|(?:further|more) reading|reading lists?)"
    rf" (?:on|about|for|of|to)\b",
    "link note page post article file write site url resource reference source bookmark reading",
)
_LINKS_TO = LatePattern(
    rf"^(?:(?:which|what|all|the|other) )*(?:{_NOTES} )?(?:(?:that|which) )?(?:(?:back)?links?"
    rf"|refers?|points?|leads?) to (.+)$",
    "link refer point lead",
)
_MOST_BACKLINKS = 20
_FORM = content_terms(
    "link links linked note notes page pages post posts article articles file files go goes "
    "belong belongs "
    "relate related refer refers referred accompany come comes listed fit short quick list show "
    "give find part website websites site sites web url urls resource resources reference "
    "references source sources bookmark bookmarks further more reading useful good best"
)
_LEAST_LINKED = 0.6
_LEAST_ITEMS = 2


def link_list(around: Around) -> Part | None:
    """Return the list of links that a question asks for, None if there is none.

    :param around: the question.
    """
    to = _LINKS_TO.search(around.text)
    if to:
        return _backlinks(around, subject_of(to[1]))
    asked = _ASKED.search(around.text)
    if not asked:
        return None
    subject = subject_of(around.text) - _FORM
    number = _number(asked["number"] or "")
    named = note_of(around, subject)
    if named is not None and not number:
        lists = list(linked_lists(around, named))
        lists.sort(key=lambda span: (-span.size, span.start))
        return Part(((named, lists[0]),), _LEAST, hits=True) if lists else None
    return _listed(around, subject, number)


def _backlinks(around: Around, subject: frozenset[str]) -> Part | None:
    """Return the points of other notes that link to the note a subject names."""
    note = note_of(around, subject)
    if note is None:
        return None
    places: dict[tuple[str, int], tuple[Outline, Span]] = {}
    for link in around.view.backlinks(note.note.note_id)[:_MOST_BACKLINKS]:
        outline = around.outline(link.note_id)
        for position, point in enumerate(outline.points if outline else ()):
            if outline and point.line_start <= link.line <= point.line_end:
                span = Span(UnitKind.POINT, position, position)
                places[link.note_id, position] = outline, span
    return Part(tuple(places.values()), _LEAST, hits=True) if places else None


def _listed(around: Around, subject: frozenset[str], number: int) -> Part | None:
    """Return the list of links, with ``number`` items, whose heading or lead-in has a subject."""
    subject -= {term for word in NUMBERS for term in content_terms(word)} | {str(number)}
    seen: set[str] = set()
    for stored in (*around.ranked(), *around.points_with(subject)):
        if stored.note.note_id in seen:
            continue
        seen.add(stored.note.note_id)
        outline = around.outline_of(stored)
        for span in linked_lists(around, outline):
            if _is_about(outline, span, subject) and (
                not number or span.size - span.introduced == number
            ):
                return Part(((outline, span),), _LEAST, hits=True)
    return None


def _is_about(outline: Outline, span: Span, subject: frozenset[str]) -> bool:
    """Return whether the headings or lead-in of a list have a subject.

    Its items may have the rest of it, if its title or headings have a part: "links about dog
    training" are those of "Dogs" in which the training of dogs is mentioned.
    """
    first = outline.points[span.start]
    texts = (*first.heading_path, first.text if span.introduced else "")
    labels = frozenset().union(*map(content_terms, texts))
    if subject <= labels:
        return True
    labels |= content_terms(outline.note.title)
    items = frozenset().union(*(content_terms(one.point.text) for one in outline.parts(span)))
    return not labels.isdisjoint(subject) and subject <= labels | items


def linked_lists(around: Around, outline: Outline) -> Iterator[Span]:
    """Yield the lists of a note in which most items have a link."""
    linked = around.view.links_in([one.point_id for one in outline.stored])
    if not linked:
        return
    lists = outline.lists(Span(UnitKind.NOTE, 0, len(outline.points) - 1))
    for span in sorted(lists, key=lambda one: (one.start, one.end)):
        items = outline.parts(span)[span.introduced :]
        with_link = [
            one
            for one in items
            if any(link.kind is not LinkKind.FILE for link in linked.get(one.point_id, ()))
        ]
        if len(items) >= _LEAST_ITEMS and len(with_link) >= _LEAST_LINKED * len(items):
            yield span


def _number(word: str) -> int:
    """Return a number in digits or words, 0 if there is none."""
    digits = NUMBERS.get(word.lower(), word)
    return int(digits) if digits.isdigit() else 0

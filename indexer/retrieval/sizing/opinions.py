"""Find the list with the opinions a question asks for: "what did I not like?"."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from indexer.records import BlockKind, UnitKind
from indexer.retrieval.sizing.link_lists import linked_lists
from indexer.retrieval.sizing.naming import Labels, label_paths, named_span
from indexer.retrieval.sizing.note_names import content_terms, name_of
from indexer.retrieval.sizing.opposites import is_opposite
from indexer.retrieval.sizing.parts import Around, Part, subject_of
from indexer.retrieval.sizing.patterns import LatePattern
from indexer.retrieval.sizing.signs import signed_lists
from indexer.retrieval.sizing.stance import (
    Opinion,
    Side,
    asked_opinion,
    finding_words,
    is_opinion,
    praises,
    side_of_label,
    side_of_points,
)
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.records import NoteInfo
from indexer.text.terms import terms_of

_LEAST = 0.66
_LEAST_PERHAPS = 0.5
# A good word in passing is not a list of good points.
_LEAST_PRAISE = 0.42
_MOST_READ = 100
# Longer texts are no labels.
_LABEL_CHARS = 80
# Questions for the whole opinion, for and against.
_VIEW = LatePattern(
    r"^what (?:do|did) (?:I|we) think (?:of|about)\b"
    r"|^(?:what (?:is|was|are|were) |what['\u2019]s )?(?:my"
    r"|our) (?:overall |final )?"
    r"(?:opinions?|verdict|views?|thoughts|impressions?|judge?ment|conclusions?|rating|assessment"
    r"|take) (?:of|on|about)\b"
    r"|^how (?:good|bad) (?:is|was|were|are)\b"
    r"|^how did (?:I|we) (?:like|find|rate)\b"
    r"|^(?:would|do|did|should) (?:I|we) recommend\b|^(?:is|was) (?=(?:it|the \w+) worth\b)"
    r"|^how (?:was|were) (?=(?:the|my|this|that) [\w-]+(?: [\w-]+)?\W*$)",
    "think opinion verdict view thought impression judg conclusion rating assess take good bad how "
    "recommend worth",
)
_JUDGED = LatePattern(
    r"^(?:(?:what are|list|the|main|some|all|give me) )*\w+(?: and \w+)? (?:of|with|about) "
    r"(?:(?:the|a|an|my|our|using|having) )*(?:[\w-]+ ){0,2}?(?P<what>[\w-]+)\W*$"
)
_LIST_KINDS = frozenset({BlockKind.ITEM, BlockKind.ROW})
# Words that ask and name no subject.
_ASKING = content_terms(
    "find found raise raised note noted think thought say said feel felt see saw seem have had "
    "make made get "
    "everything anything something nothing thing things aspect aspects side sides people person "
    "one ones "
    "author many much against taught really ever also too according opinion view bad good like "
    "liked go went name named want wanted wish wished done give gave given leave left keep kept "
    "best worst part parts worth main major minor big biggest small serious technical general key "
    "important personal specific concrete overall"
)
# Who makes a thing is part of it: the review of a course is about its teacher.
_MAKERS = tuple(
    (content_terms(makers), content_terms(things))
    for makers, things in (
        (
            "teacher teachers instructor instructors lecturer lecturers tutor "
            "tutors professor trainer "
            "speaker speakers presenter coach staff",
            "course courses class classes lecture lectures lesson lessons "
            "training workshop seminar "
            "specialization specialisation webinar talk talks programme bootcamp",
        ),
        ("author authors writer narrator", "book books novel essay article audiobook"),
        ("director actor actors cast", "film films movie movies series show play"),
        ("owner owners host staff waiter waiters chef", "hotel restaurant cafe hostel flat room"),
        ("developer developers maker makers vendor", "app apps software tool tools product game"),
    )
)


class Container(NamedTuple):
    """A list or section that takes a side, with its labels.

    ``signed`` is True if it takes the side by signs before its points; such lists may alternate.
    """

    side: Side
    outline: Outline
    span: Span
    above: Labels
    signed: bool = False


def opinion_part(around: Around) -> Part | None:
    """Return the lists that take the sides a question asks for, None if there are none.

    The other words of the question must be in the labels of a list or, for a review, in its
    introduction: a list about Paris does not answer what was bad about Rome.

    :param around: the question.
    """
    viewed = _VIEW.search(around.text)
    if viewed:
        return _review(around, subject_of(around.text[viewed.end() :]) - _ASKING)
    opinion = asked_opinion(around.text)
    if opinion is None:
        return None
    subject = subject_of(opinion.rest) - _ASKING
    all_of_side = _containers(around, opinion)
    found = [one for one in all_of_side if _is_about(one, subject)]
    if not subject and len(opinion.sides) == 1:  # then nothing but a review says of what
        found = [one for one in found if is_opinion(one.outline.note)]
    if not found and opinion.sure:
        inside = _inside(all_of_side, subject)
        if inside is not None:
            return inside
    if not any(is_opinion(one.outline.note) for one in found):
        praise = _praise(around, opinion, subject)
        if praise is not None or not found:
            return praise
    first = min(found, key=lambda one: _order(around, one, found, opinion, subject))
    same = [one for one in found if _is_counterpart(one, first)]
    if {one.side for one in same} != opinion.sides:
        return _with_praise(same, opinion)
    same.sort(key=lambda one: one.span.start)
    places = tuple(dict.fromkeys((one.outline, one.span) for one in same))
    return Part(places, _LEAST if opinion.sure else _LEAST_PERHAPS)


def _with_praise(same: Sequence[Container], opinion: Opinion) -> Part | None:
    """Return criticism with the points of the same review that praise, None without these."""
    if opinion.sides == {one.side for one in same} | {Side.FOR} and is_opinion(
        same[0].outline.note
    ):
        places = (*_good_points(same[0].outline), *((one.outline, one.span) for one in same))
        return Part(places, _LEAST) if len(places) > len(same) else None
    return None


def _inside(containers: Sequence[Container], subject: frozenset[str]) -> Part | None:
    """Return the points of a review's list that say a subject which its labels do not say.

    "What was bad about the rooms?" asks for two points of the list against the hotel. All terms of
    the subject must be in the list.
    """
    for one in containers:
        if not is_opinion(one.outline.note):
            continue
        span = one.span
        said = {
            position: content_terms(one.outline.points[position].text) & subject
            for position in range(span.start + span.introduced, span.end + 1)
        }
        if subject and subject <= frozenset().union(*said.values()):
            places = [Span(UnitKind.POINT, i, i) for i, terms in said.items() if terms]
            return Part(tuple((one.outline, place) for place in places), _LEAST_PERHAPS)
    return None


def speaks_against(question: str, outline: Outline, span: Span) -> bool:
    """Return whether a unit takes the other side than the one asked for, or is of something else.

    :param question: after reading.
    :param outline: of the note of the unit.
    :param span: the unit.
    """
    opinion = asked_opinion(question)
    if opinion is None:
        return False
    if opinion.sure and _is_elsewhere(opinion, outline, span):
        return True
    if _is_of_opposite(opinion, outline, span):
        return True
    if len(opinion.sides) > 1:
        return not any(side_of_label(text) for text in _short_texts(outline, span))
    subject = subject_of(opinion.rest) - _ASKING
    if opinion.sure and not subject and not is_opinion(outline.note):
        return True
    if Side.FOR not in opinion.sides and not opinion.sure:
        return False
    labels = label_paths(outline.stored[span.start])[-1][1:]
    sides = [side for label in labels if (side := side_of_label(label)) is not None]
    if not sides and is_opinion(outline.note) and span.size > 1:
        texts = [point.text for point in outline.points[span.start : span.end + 1]]
        sides = [side] if (side := side_of_points(texts)) is not None else []
    return bool(sides) and sides[-1] not in opinion.sides


def _is_of_opposite(opinion: Opinion, outline: Outline, span: Span) -> bool:
    """Return whether what takes the side asked for in a unit is about the opposite thing."""
    subject = subject_of(opinion.rest)
    labels = {text for text in _short_texts(outline, span) if side_of_label(text) in opinion.sides}
    terms = [_own_label(outline, span)] if not labels else [*map(content_terms, labels)]
    return all(is_opposite(one, subject) for one in terms)


def _is_elsewhere(opinion: Opinion, outline: Outline, span: Span) -> bool:
    """Return whether a unit and its labels say nothing at all of the subject of an opinion."""
    subject = subject_of(opinion.rest) - _ASKING
    said = name_of(outline.note).known()
    for stored in outline.parts(span):
        said = said.union(
            content_terms(stored.point.text), *map(content_terms, label_paths(stored)[-1])
        )
    return bool(subject) and subject.isdisjoint(said)


def judged_words(question: str, note: NoteInfo) -> list[tuple[int, int]]:
    """Return the positions of the words for what is judged: "forests" in "cons of random forests".

    A review need not say what it is of.

    :param question: after reading.
    :param note: the note that is to answer.
    """
    opinion = asked_opinion(question)
    if opinion is None or not opinion.sure or is_opinion(note):
        return []
    of = _JUDGED.search(question)
    return [of.span("what")] if of else []


def _short_texts(outline: Outline, span: Span) -> Iterator[str]:
    """Yield the labels of the points of a unit, and their own words where these are few."""
    for stored in outline.parts(span):
        yield from label_paths(stored)[-1]
        if len(stored.point.text) <= _LABEL_CHARS:
            yield stored.point.text


def _order(
    around: Around,
    one: Container,
    found: Sequence[Container],
    opinion: Opinion,
    subject: frozenset[str],
) -> tuple[bool, bool, float, int, int]:
    """Return the sort key: all sides, a review, the rank of the note, the size of the list."""
    note = one.outline.note
    sides = {other.side for other in found if _is_counterpart(other, one)}
    if subject and is_opinion(note) and any(_good_points(one.outline)):
        sides.add(Side.FOR)
    score = around.score(note.note_id)
    return not sides >= opinion.sides, not is_opinion(note), -score, -one.span.size, one.span.start


def _is_counterpart(one: Container, first: Container) -> bool:
    """Return whether a list is the first one, or the other side of the same subject."""
    if one is first:
        return True
    same = one.outline.note == first.outline.note and one.above == first.above
    return same and (one.side is not first.side or (one.signed and first.signed))


def _containers(around: Around, opinion: Opinion) -> list[Container]:
    if not opinion.sure and not any(name.opinion for name in around.notes()):
        return []
    labelled = list(_labelled(around, opinion))
    labelled += _signed(around, opinion, {one.outline.note.note_id for one in labelled})
    notes = {one.outline.note.note_id for one in labelled}
    if opinion.sure:
        return labelled + list(_main_lists(around, opinion, notes))
    own = [one for one in labelled if is_opinion(one.outline.note)]
    return own + list(_main_lists(around, opinion, notes))


def _signed(around: Around, opinion: Opinion, known: set[str]) -> list[Container]:
    """Return the lists of reviews and of found notes whose points have signs for a side."""
    notes = dict.fromkeys(name.note.note_id for name in around.notes() if name.opinion)
    notes |= dict.fromkeys(stored.note.note_id for stored in around.ranked())
    found: list[Container] = []
    for note_id in notes:
        outline = around.outline(note_id) if note_id not in known else None
        for side, span in signed_lists(outline) if outline is not None else ():
            if outline is not None and side in opinion.sides:
                above = label_paths(outline.stored[span.start])[-1]
                found.append(Container(side, outline, span, above, signed=True))
    return found


def _labelled(around: Around, opinion: Opinion) -> Iterator[Container]:
    """Yield the containers whose heading or lead-in takes a side asked for."""
    terms = _finding_terms(opinion.sides)
    ids = [i for i, _ in around.view.lexical(terms, _MOST_READ, around.query.where)]
    points = around.view.read_points(ids, links=False).values()
    seen: set[tuple[str, Labels]] = set()
    for stored in (*around.ranked(), *points):
        for labels in label_paths(stored):
            key = stored.note.note_id, labels
            if key in seen:
                continue
            seen.add(key)
            side = side_of_label(labels[-1])
            if side not in opinion.sides:
                continue
            outline = around.outline_of(stored)
            position = outline.position.get(stored.point_id)
            span = None if position is None else named_span(outline, position, labels)
            if side is not None and span is not None:
                yield Container(side, outline, _main_list(around, outline, span), labels[:-1])


@functools.cache
def _finding_terms(sides: frozenset[Side]) -> tuple[str, ...]:
    return tuple(terms_of(finding_words(sides)))


def _main_lists(around: Around, opinion: Opinion, known: set[str]) -> Iterator[Container]:
    """Yield the longest list of each review that takes a side by its words."""
    for name in around.notes():
        note_id = name.note.note_id
        outline = around.outline(note_id) if name.opinion and note_id not in known else None
        span = None if outline is None else _longest(around, outline, outline.whole())
        if outline is None or span is None:
            continue
        side = side_of_points([point.text for point in outline.points[span.start : span.end + 1]])
        if side in opinion.sides and side is not None:
            yield Container(side, outline, span, (name.note.title,))


def _main_list(around: Around, outline: Outline, span: Span) -> Span:
    """Return the longest list of a section, or the section if it has no list."""
    if span.kind not in (UnitKind.SECTION, UnitKind.NOTE):
        return span
    return _longest(around, outline, span) or span


def _longest(around: Around, outline: Outline, span: Span) -> Span | None:
    """Return the longest list within a span; a list of links only if there is no other."""
    lists = outline.lists(span)
    if len(lists) > 1:
        lists = lists.difference(linked_lists(around, outline)) or lists
    return max(lists, key=lambda one: (one.size, -one.start), default=None)


def _is_about(one: Container, subject: frozenset[str]) -> bool:
    """Return whether the labels of a container, or the introduction of a review, have a subject."""
    stored = one.outline.stored[one.span.start]
    if is_opposite(_own_label(one.outline, one.span), subject):
        return False
    known = name_of(one.outline.note).known().union(*map(content_terms, label_paths(stored)[-1]))
    if one.span.introduced:
        known |= content_terms(stored.point.text)
    if not subject - known:
        return True
    known |= _introduction(one.outline)
    return is_opinion(one.outline.note) and not _unknown(subject, known)


def _own_label(outline: Outline, span: Span) -> frozenset[str]:
    """Return the terms of the nearest label of a list or section."""
    first = outline.points[span.start]
    if span.introduced:
        return content_terms(first.text)
    return content_terms(([*first.heading_path, *first.parents] or [""])[-1])


def _unknown(subject: frozenset[str], known: frozenset[str]) -> frozenset[str]:
    """Return the terms of a subject that a review does not have, not even by its maker."""
    unknown = subject - known
    for makers, things in _MAKERS if unknown else ():
        if not known.isdisjoint(things):
            unknown -= makers
    return unknown


def _introduction(outline: Outline) -> frozenset[str]:
    """Return the terms of the paragraphs and lead-ins of a note."""
    texts = [
        point.text for point in outline.points if point.kind not in _LIST_KINDS or point.lead_in
    ]
    return frozenset().union(*map(content_terms, texts))


def _review(around: Around, subject: frozenset[str]) -> Part | None:
    """Return the only review of a subject, None if there is none or more than one."""
    found: list[Outline] = []
    for name in around.notes():
        outline = around.outline(name.note.note_id) if name.opinion else None
        if outline is not None and not _unknown(subject, name.known() | _introduction(outline)):
            found.append(outline)
    return Part(((found[0], found[0].whole()),), _LEAST) if len(found) == 1 else None


def _praise(around: Around, opinion: Opinion, subject: frozenset[str]) -> Part | None:
    """Return the points of a review that praise, if only praise is asked for."""
    if opinion.sides != {Side.FOR} or not opinion.sure:
        return None
    for name in around.notes():
        outline = around.outline(name.note.note_id) if name.opinion else None
        if outline is None or _unknown(subject, name.known() | _introduction(outline)):
            continue
        good = tuple(_good_points(outline))
        if good:
            return Part(good, _LEAST_PRAISE)
    return None


def _good_points(outline: Outline) -> Iterator[tuple[Outline, Span]]:
    whole = outline.whole()
    for position in range(whole.start, whole.end + 1):
        labels = label_paths(outline.stored[position])[-1][1:]
        if Side.AGAINST not in map(side_of_label, labels) and praises(
            outline.points[position].text
        ):
            yield outline, Span(UnitKind.POINT, position, position)

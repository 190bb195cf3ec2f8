"""Find the container whose name, with the names above it, is all that a question says.

"Resources on parenting" is the section "Resources" of the note "Parenting"; "hyperparameters of
pooling" the list below "Hyperparameters:" in the section "Pooling layers". ``named_parts`` finds
notes, and sections that a question mentions with a number or as notes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable

from indexer.retrieval.languages import function_terms, language_of
from indexer.retrieval.sizing.naming import Labels, in_digits, label_paths, named_span
from indexer.retrieval.sizing.note_names import content_terms, name_of
from indexer.retrieval.sizing.parts import Around, Part, note_of, subject_of
from indexer.retrieval.sizing.question_form import FORM_TERMS, Lean
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.records import StoredPoint

_LEAST = 0.66
_LEAST_POINTS = 2
_LEAST_STEPS = 3
# The least share of a question that a longer label must have.
_MOSTLY = 0.66
# Words for parts of any kind. A name may do without them, but not where another one has them.
_KINDS = content_terms(
    "step steps rule rules criteria method methods technique techniques option options principle "
    "principles guideline guidelines recommendation recommendations instruction instructions "
    "procedure process fact facts detail details info information"
)
# Verbs and adjectives that say little are no part of a name either.
LIGHT = (
    FORM_TERMS
    | _KINDS
    | content_terms(
        "help helps improve improving better good great make making get getting "
        "give use using used "
        "find name named know want need needed should work working handle "
        "handling deal put come take "
        "keep try tried against add set become learn go different several various important main "
        "common possible useful"
    )
)
# A heading that several notes have: "all interviews".
_ALL = re.compile(r"\b(?:all|every|each)\b", re.IGNORECASE)
_LEAST_REPEATED = 3
_MOST_REPEATED = 30
# "What is X?" asks for the section "X", and "when does X ...?" for its conditions, although both
# mostly ask for one thing.
_OF_ANY_SIZE = re.compile(
    r"^what(?:['\u2019]?s| is| are| was| were) |^when (?:do|does|should|is|are|to|not|can) ",
    re.IGNORECASE,
)


def exact_part(around: Around) -> Part | None:
    """Return the only container with the name that a question says, None without one.

    :param around: the question.
    """
    if around.form.everywhere:
        return _everything(around)
    if around.form.lean is Lean.ONE and not _OF_ANY_SIZE.search(around.text):
        return None
    dropped = function_terms(language_of(around.text))
    said = content_terms(in_digits(around.spelled)) - dropped
    subject = said - LIGHT
    if not subject or _is_kind_named(around, said & _KINDS, subject):
        return None
    below = around.text.lower().startswith("when ")  # a topic alone is no condition

    def is_exact(labels: Labels, stored: StoredPoint) -> bool:
        whole = below and subject <= _own_terms(labels[-1])
        return not whole and _is_named(labels, subject, stored, dropped)

    exact = find_spans(around, is_exact)
    if len(exact) == 1:
        outline, span = exact[0]
        return Part(((outline, _listed(outline, span) if said & _KINDS else span),), _LEAST)
    if around.form.lean is not Lean.SEVERAL:
        return None
    if _ALL.search(around.text):
        return _repeated(around, subject)
    note = None if exact else _note_named(around, subject)
    if note is not None:
        return note
    led = [] if exact else find_spans(around, lambda labels, _: _is_led(labels, subject))
    return Part(tuple(led), _LEAST) if len(led) == 1 and _holds_first(around, *led[0]) else None


def _repeated(around: Around, subject: frozenset[str]) -> Part | None:
    """Return the containers of several notes whose label says what "all ..." asks for."""
    found = find_spans(
        around,
        lambda labels, one: _is_named(labels, subject, one) or subject <= content_terms(labels[-1]),
        around.points_with(subject),
    )
    outer = [
        (outline, span)
        for outline, span in found
        if not any(
            outline is other and span != one and one.start <= span.start <= span.end <= one.end
            for other, one in found
        )
    ]
    notes = {outline.note.note_id for outline, _ in outer}
    if len(outer) < _LEAST_REPEATED or len(notes) < 2:
        return None
    outer.sort(key=lambda place: (place[0].note.note_id, place[1].start))
    return Part(tuple(outer[:_MOST_REPEATED]), _LEAST)


def _holds_first(around: Around, outline: Outline, span: Span) -> bool:
    """Return whether a container has the best point of the ranking."""
    position = outline.position.get(around.ranking.order[0])
    return position is not None and span.start <= position <= span.end


def _listed(outline: Outline, span: Span) -> Span:
    """Return the longest list of a container for a question for steps or rules, if it has one."""
    lists = [one for one in outline.lists(span) if one.size - one.introduced >= _LEAST_STEPS]
    return max(lists, key=lambda one: (one.size, -one.start), default=span)


def _is_kind_named(around: Around, kinds: frozenset[str], subject: frozenset[str]) -> bool:
    """Return whether a found container is named by the kind asked for: "Guidelines for ..."."""
    named = (
        content_terms(labels[-1]) for one in around.ranked() for labels in label_paths(one)[1:]
    )
    return bool(kinds) and any(own & kinds and own & subject for own in named)


def find_spans(
    around: Around,
    accept: Callable[[Labels, StoredPoint], bool],
    more: Iterable[StoredPoint] = (),
) -> list[tuple[Outline, Span]]:
    """Return the containers of found points whose label paths are accepted, each once."""
    found: dict[tuple[str, Span], tuple[Outline, Span]] = {}
    seen: set[tuple[str, Labels]] = set()
    for stored in (*around.ranked(), *more):
        for labels in label_paths(stored)[1:]:
            key = stored.note.note_id, labels
            if key in seen:
                continue
            seen.add(key)
            if not accept(labels, stored):
                continue
            outline = around.outline_of(stored)
            position = outline.position.get(stored.point_id)
            span = None if position is None else named_span(outline, position, labels)
            if span is None or span.size - span.introduced < _LEAST_POINTS:
                continue
            if span.size < outline.whole().size:
                found[stored.note.note_id, span] = outline, span
    return list(found.values())


def _is_led(labels: Labels, subject: frozenset[str]) -> bool:
    """Return whether a label says most of a question, and those above it the rest."""
    own = content_terms(labels[-1]) & subject
    if len(subject) < 2 or len(own) < _MOSTLY * len(subject):
        return False
    return subject - own <= frozenset().union(*map(content_terms, labels[:-1]))


def _is_named(
    labels: Labels,
    subject: frozenset[str],
    stored: StoredPoint,
    dropped: frozenset[str] = frozenset(),
) -> bool:
    """Return whether a question says all of the nearest label, and the labels above say the rest.

    :param labels: of a container.
    :param subject: the terms of the question.
    :param stored: a point of the container.
    :param dropped: terms of the function words of the question's language.
    """
    own = _own_terms(labels[-1]) - dropped
    if not own or not own <= subject:
        return False
    rest = subject - own
    return rest <= name_of(stored.note).known().union(*map(content_terms, labels[:-1]))


@functools.lru_cache(maxsize=8_192)  # points share their labels, and questions share points
def _own_terms(label: str) -> frozenset[str]:
    """Return the terms of a label without light words and emoji."""
    return frozenset(term for term in content_terms(label) - LIGHT if term[0].isalnum())


def _everything(around: Around) -> Part | None:
    """Return the note that "everything about ..." names, None if no title is about that alone."""
    return _note_named(around, subject_of(around.text) - LIGHT)


def _note_named(around: Around, subject: frozenset[str]) -> Part | None:
    """Return the note of which a subject says the whole name, and nothing that it has not."""
    note = note_of(around, subject, by_name=True)
    if note is None or name_of(note.note).share(subject) < 1:
        return None
    return Part(((note, note.whole()),), _LEAST)

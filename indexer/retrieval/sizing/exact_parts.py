"""Find the container whose name, with the names above it, is all that a question says.

"Resources on parenting" is the section "Resources" of the note "Parenting"; "hyperparameters of
pooling" the list below "Hyperparameters:" in the section "Pooling layers". ``named_parts`` finds
notes, and sections that a question mentions with a number or as notes.
"""

from __future__ import annotations

import re

from indexer.retrieval.sizing.naming import Labels, in_digits, label_paths, named_span
from indexer.retrieval.sizing.note_names import content_terms, name_of
from indexer.retrieval.sizing.parts import Around, Part, note_of, subject_of
from indexer.retrieval.sizing.question_form import FORM_TERMS, Lean
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.records import StoredPoint

_LEAST = 0.66
_LEAST_POINTS = 2
# Words for parts of any kind. A name may do without them, but not where another one has them.
_KINDS = content_terms(
    "step steps rule rules criteria method methods technique techniques option options principle "
    "principles guideline guidelines recommendation recommendations instruction instructions "
    "procedure process fact facts detail details info information"
)
# Verbs and adjectives that say little are no part of a name either.
_LIGHT = (
    FORM_TERMS
    | _KINDS
    | content_terms(
        "help helps improve improving better good great make making get getting "
        "give use using used "
        "find name named know want need needed should work working handle "
        "handling deal put come take "
        "keep add set become learn go different several various important main "
        "common possible useful"
    )
)
# "What is X?" asks for the section "X", although it mostly asks for one thing.
_DEFINITION = re.compile(r"^what(?:['\u2019]?s| is| are| was| were) ", re.IGNORECASE)


def exact_part(around: Around) -> Part | None:
    """Return the only container with the name that a question says, None without one.

    :param around: the question.
    """
    if around.form.everywhere:
        return _everything(around)
    defines = bool(_DEFINITION.search(around.text))
    if around.form.lean is Lean.ONE and not defines:
        return None
    said = content_terms(in_digits(around.spelled))
    subject = said - _LIGHT
    if not subject or _is_kind_named(around, said & _KINDS, subject):
        return None
    found: dict[tuple[str, Span], tuple[Outline, Span]] = {}
    for labels, stored in _containers(around, subject):
        outline = around.outline_of(stored)
        position = outline.position.get(stored.point_id)
        span = None if position is None else named_span(outline, position, labels)
        if span is None or span.size - span.introduced < _LEAST_POINTS:
            continue
        if span.size < outline.whole().size:
            found[stored.note.note_id, span] = outline, span
    return Part(tuple(found.values()), _LEAST) if len(found) == 1 else None


def _is_kind_named(around: Around, kinds: frozenset[str], subject: frozenset[str]) -> bool:
    """Return whether a found container is named by the kind asked for: "Guidelines for ..."."""
    named = (
        content_terms(labels[-1]) for one in around.ranked() for labels in label_paths(one)[1:]
    )
    return bool(kinds) and any(own & kinds and own & subject for own in named)


def _containers(around: Around, subject: frozenset[str]) -> list[tuple[Labels, StoredPoint]]:
    """Return the label paths that are named exactly, each with a found point below it."""
    found: list[tuple[Labels, StoredPoint]] = []
    seen: set[tuple[str, Labels]] = set()
    for stored in around.ranked():
        for labels in label_paths(stored)[1:]:
            key = stored.note.note_id, labels
            if key not in seen and _is_named(labels, subject, stored):
                found.append((labels, stored))
            seen.add(key)
    return found


def _is_named(labels: Labels, subject: frozenset[str], stored: StoredPoint) -> bool:
    """Return whether a question says all of the nearest label, and the labels above say the rest.

    :param labels: of a container.
    :param subject: the terms of the question.
    :param stored: a point of the container.
    """
    own = content_terms(labels[-1]) - _LIGHT
    if not own or not own <= subject:
        return False
    rest = subject - own
    return rest <= name_of(stored.note).known().union(*map(content_terms, labels[:-1]))


def _everything(around: Around) -> Part | None:
    """Return the note that "everything about ..." names, None if no title is about that alone."""
    subject = subject_of(around.text) - _LIGHT
    note = note_of(around, subject, by_name=True)
    if note is None or name_of(note.note).share(subject) < 1:
        return None
    return Part(((note, note.whole()),), _LEAST)

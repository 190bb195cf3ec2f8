"""Find notes and sections by name: "notes on sequence models", "week 2 of ..."."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from indexer.records import BlockKind, UnitKind
from indexer.retrieval.sizing.naming import Labels, in_digits, label_paths, named_span, share_named
from indexer.retrieval.sizing.note_names import name_of
from indexer.retrieval.sizing.parts import AS_GOOD, Around, Part, note_of, subject_of
from indexer.retrieval.sizing.patterns import LatePattern
from indexer.retrieval.sizing.question_form import Lean
from indexer.retrieval.sizing.units import Outline, Span
from indexer.store.records import StoredPoint

_LEAST = 0.66
_COUNTED = re.compile(r"\b([^\W\d_]{3,}) (\d{1,3})\b")
_NOTES_LAST = LatePattern(
    r"^(?!(?:which|what|how|where|why|who|does|did|do|is|are|can) ).* notes\W*$",
    "notes",
)
_ALL = LatePattern(r"\b(?:all|every|each|list)\b")
# Asks for a note as a whole in other words than those of ``question_form``.
_GIST = LatePattern(
    r"^(?:(?:what are|what is|what was|give|show|list|me|the|my|a) )*(?:gist|tl;?dr|conclusions?"
    r"|takeaways?"
    r"|lessons|contents?|essence|outline|(?:key|main) (?:points|ideas|messages))"
    r" (?:of|from|in) (?P<name>.+)$|^what(?:['\u2019]s| is| was| does it say)? (?:written "
    r"|said )?(?:in|inside) (?P<inside>.+)$"
    r"|^what does (?P<says>.+) (?:say|contain|cover)\W*$"
    r"|^(?:(?:show|give|me|the|my|our) )*(?:minutes|protocol|write-?up|record) (?:of|from|for)"
    r" (?P<record>.+)$",
    "what gist tl;dr tldr conclusion takeaway lessons content essence outline points ideas message "
    "minutes protocol write record",
)
# Asks what a part of a note says, although "what is" mostly asks for one thing.
_ABOUT = LatePattern(
    r"^what (?:is|was|are|were)\b.* about\W*$|^what (?:is|was) (?:covered |said |done "
    r"|taught )?in ",
    "what",
)
_SECTIONS = LatePattern(
    r"\b(?:list|what|which|name|show|give me|overview of|titles of|how many|all) (?:me |are |of "
    r"|the |all )*"
    r"(weeks|chapters|sections|topics|parts|lessons|lectures|days|modules|units|headings|courses)\b"
    r"(.*)$",
    "weeks chapters sections topics parts lessons lectures days modules units headings courses",
)
_WITHIN = (
    re.compile(
        r"\b(?:the|my|this|that) (?P<name>(?:\w+ ){1,4}?)(?:says?|said|mentions?|mentioned"
        r"|tells?|notes?|covers?"
        r"|writes?|wrote)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:in|from|of) (?:the|my|this|that) (?P<name>\w+(?: [\w.]+){0,4}?)\W*$", re.IGNORECASE
    ),
)
# Words for headings with any text.
_ANY_HEADING = frozenset("sections topics parts headings chapters".split())
_LEAST_SECTIONS = 2


def named_part(around: Around) -> Part | None:
    """Return the note or section that a question names, None if nothing has the name.

    :param around: the question.
    """
    texts = dict.fromkeys((around.text, around.spelled))
    return next((part for text in texts if (part := _named(around, in_digits(text)))), None)


def _named(around: Around, text: str) -> Part | None:
    form = around.form
    gist = _GIST.search(text)
    if gist and not form.everywhere:
        name = next(filter(None, gist.groups()))
        note = note_of(around, subject_of(name), by_name=not gist["record"])
        if note is not None:
            return Part(((note, note.whole()),), _LEAST)
    asks_note = form.note or (bool(_NOTES_LAST.search(text)) and not _ALL.search(text))
    counted = {(word.casefold(), number) for word, number in _COUNTED.findall(text)}
    if not (asks_note or counted) or form.everywhere:
        return None
    if form.lean is Lean.ONE and not _ABOUT.search(text):
        return None
    subject = subject_of(text)
    sections = _sections(around, subject, counted)
    note = note_of(around, subject)
    if note is not None and all(outline.note == note.note for outline, _ in sections):
        return Part(((note, note.whole()),), _LEAST) if asks_note else None
    if len(sections) != 1:
        return None
    return Part((sections[0],), _LEAST)


def note_within(around: Around) -> tuple[str, frozenset[str]] | None:
    """Return the note that a question asks about, and the subject to find in it.

    For example "what does the review say about X?" or "X in my review". None if the question names
    no note, or only a note.

    :param around: the question.
    """
    if around.form.lean is Lean.ONE:
        return None
    for pattern in _WITHIN:
        found = pattern.search(around.text)
        note = note_of(around, subject_of(found["name"]), by_name=True) if found else None
        if found and note is not None:
            rest = around.text[: found.start()] + " " + around.text[found.end() :]
            subject = subject_of(rest)
            return (note.note.note_id, subject) if subject else None
    return None


def _sections(
    around: Around, subject: frozenset[str], counted: set[tuple[str, str]]
) -> list[tuple[Outline, Span]]:
    """Return the containers below the title that a subject names best.

    Aliases, tags and file names count where titles and headings alone name none.

    :param around: the question.
    :param subject: its terms.
    :param counted: words with their numbers, as ("week", "2"), which labels must not contradict.
    """
    below: dict[tuple[str, Labels], StoredPoint] = {}
    for stored in (*around.ranked(), *around.points_with(subject)):
        for labels in label_paths(stored)[1:]:
            if not _contradicts(labels, counted):
                below.setdefault((stored.note.note_id, labels), stored)
    for by_labels in (False, True):
        shares = {
            (labels, stored): share
            for (_, labels), stored in below.items()
            if (share := share_named(labels, subject, _known(stored) if by_labels else frozenset()))
        }
        if shares:
            return _spans(around, shares)
    return []


def _known(stored: StoredPoint) -> frozenset[str]:
    return name_of(stored.note).known()


def _spans(
    around: Around, shares: Mapping[tuple[Labels, StoredPoint], float]
) -> list[tuple[Outline, Span]]:
    """Return the containers that are named best, each one once."""
    most = max(shares.values())
    found: dict[tuple[str, Span], tuple[Outline, Span]] = {}
    for (labels, stored), share in shares.items():
        outline = around.outline_of(stored)
        position = outline.position.get(stored.point_id)
        if share < AS_GOOD * most or position is None:
            continue
        span = named_span(outline, position, labels)
        if span is not None:
            found[stored.note.note_id, span] = outline, span
    return list(found.values())


def _contradicts(labels: Labels, counted: set[tuple[str, str]]) -> bool:
    """Return whether a label has another number than the one asked for: week 3 is not week 2."""
    asked = {word for word, _ in counted}
    found = {
        (word.casefold(), number) for label in labels for word, number in _COUNTED.findall(label)
    }
    return any(word in asked and (word, number) not in counted for word, number in found)


def section_list(around: Around) -> Part | None:
    """Return the headings that a question asks to count or list: "list the weeks of the course".

    :param around: the question.
    """
    asked = _SECTIONS.search(around.text)
    if not asked:
        return None
    subject = subject_of(asked[2])
    note = note_of(around, subject) if subject else None
    if note is None:
        return None
    word = asked[1].lower()
    spans = list(_headed(note, "" if word in _ANY_HEADING else word.removesuffix("s")))
    if len(spans) < _LEAST_SECTIONS:
        return None
    return Part(tuple((note, span) for span in spans), _LEAST)


def _headed(outline: Outline, word: str) -> Iterable[Span]:
    """Yield the first point of each section whose heading begins with a word and a number."""
    pattern = re.compile(rf"{word}\w* \d" if word else r"\S", re.IGNORECASE)
    seen: set[str] = set()
    for position, point in enumerate(outline.points):
        path = (*point.heading_path, *([point.text] if point.kind is BlockKind.HEADING else []))
        label = next((one for one in path[: None if word else 1] if pattern.match(one)), None)
        if label is not None and label not in seen:
            seen.add(label)
            yield Span(UnitKind.POINT, position, position)

"""Find lists whose label says in usual other words what a question asks for.

The ingredients of a recipe may be below "You need", what a meeting decided below "Resolutions", and
known faults below "Troubleshooting". The rest of the question must name the note or a label above.
"""

from __future__ import annotations

from typing import NamedTuple

from indexer.retrieval.sizing.exact_parts import LIGHT, find_spans
from indexer.retrieval.sizing.naming import Labels, in_digits
from indexer.retrieval.sizing.note_names import content_terms, name_of
from indexer.retrieval.sizing.parts import AS_GOOD, Around, Part, subject_of
from indexer.retrieval.sizing.patterns import LatePattern
from indexer.store.records import StoredPoint

_LEAST = 0.66
_MOST_PLACES = 12
# What lists with an aspect have in addition to it.
_BESIDES = content_terms("cause causes reason reasons solution solutions fix fixes remedy remedies")
_DO = r"^how (?:do|did|can|should|would|to)(?: (?:I|we|you))?"


class Aspect(NamedTuple):
    """The words with which a question asks for an aspect, and the labels that notes have for it."""

    asked: LatePattern
    label: LatePattern


def _aspect(asked: str, label: str, words: str) -> Aspect:
    return Aspect(LatePattern(asked, words), LatePattern(rf"(?:{label})\Z"))


_ASPECTS = (
    _aspect(
        r"\b(?:ingredients|shopping list|groceries)\b"
        r"|^what (?:goes|belongs|comes) (?:in|into)\b"
        r"|^what do (?:I|we|you) need (?:to (?:make|cook|bake|prepare|buy)\b|for\b)",
        r"ingredients|(?:what )?you(?:['\u2019]ll| will)? need|what (?:I|we) need|shopping list"
        r"|needed|groceries|you need the following",
        "ingredient shopping grocer goes belong comes need",
    ),
    _aspect(
        rf"{_DO} (?:make|cook|bake|prepare|brew|do)\b|\b(?:steps|method|directions|instructions"
        r"|preparation|procedure|recipe|step by step)\b",
        r"(?:the )?(?:method|directions|instructions|preparation|steps|procedure|how to|to make"
        r"|how (?:to|I) (?:make|cook|do) it|making it|cooking)",
        "how step method direction instruction preparation procedure recipe",
    ),
    _aspect(
        r"\b(?:problems?|troubles?|faults?|mistakes?|pitfalls?|troubleshoot\w*|errors?|failures?)\b"
        r"|\b(?:go(?:es)?|went|gone) wrong\b",
        r"(?:common |known |typical |frequent )?(?:problems?|issues?|troubleshooting|mistakes"
        r"|errors"
        r"|pitfalls|gotchas|failures|traps)|(?:when|if) (?:it|things?) (?:goes|go|went) wrong"
        r"|what (?:can|could|might) go wrong|problems and (?:solutions|fixes)|trouble",
        "problem trouble fault mistake pitfall error failure wrong",
    ),
    _aspect(
        r"\b(?:var(?:y|iations?|iants?)|substitut\w+|alternatives?|swap\w*)\b",
        r"variations?|variants?|alternatives?|substitut\w+|options",
        "vari vary substitut alternativ swap",
    ),
    _aspect(
        r"\b(?:decisions?|decided?|agreed|agreements?|resol(?:ved|utions?))\b",
        r"(?:the |our )?(?:decisions?(?: made)?|decided|what we decided|agreed|agreements?"
        r"|resolutions?|resolved|outcomes?|results?)",
        "deci agree resol",
    ),
    _aspect(
        r"\b(?:tasks?|to-? ?dos?|action (?:items|points)|actions|next steps|homework"
        r"|follow-?ups?)\b"
        r"|\b(?:is|are|was|were|has|have|must|needs?|left) to (?:be )?do(?:ne)?\b",
        r"to-? ?dos?|tasks?|action (?:items|points)|actions|next steps|follow-?ups?|homework"
        r"|who does what|assignments",
        "task to-do todo do action step homework follow",
    ),
    _aspect(
        r"\b(?:open|unanswered|unresolved|remaining) (?:questions?|issues?|points?)\b"
        r"|\b(?:is|was|were|are) (?:still )?(?:unclear|unresolved|undecided|open)\b",
        r"(?:open |unanswered |remaining )?questions?|unresolved|unclear|open(?: (?:issues"
        r"|points))?"
        r"|to clarify|parking lot",
        "open unanswered unresolved remaining unclear undecided",
    ),
    _aspect(
        r"\b(?:timetable|schedule|timeline|agenda|itinerary)\b|^(?:when|at what time) do (?:I"
        r"|we) do"
        r" (?:what|which)\b",
        r"timetable|schedule|timeline|agenda|itinerary|plan|programme|(?:the )?day",
        "timetable schedule timeline agenda itinerary when time",
    ),
    _aspect(
        r"\b(?:quot(?:es?|ations?)|passages?|citations?|underlined|sentences)\b",
        r"(?:my |favou?rite )?(?:quot(?:es?|ations?)|passages?|citations?)"
        r"(?: (?:I|that I)? ?(?:underlined|marked|liked|kept))?|underlined|highlights",
        "quot passage citation underlined sentence",
    ),
    _aspect(
        r"\b(?:want|plan|like|going|hope|have|meant?) to (?:read|watch|see|visit|try|learn|hear)\b"
        r"(?: next)?|\b(?:next|wish ?list|queue|backlog)\b",
        r"(?:up )?next|to (?:read|watch|see|visit|try|do)|want to (?:read|watch|see|try)"
        r"|wish ?list|queue|backlog|later|someday|soon",
        "want plan like going hope have mean next wish queue backlog",
    ),
    _aspect(
        r"\b(?:abandon\w*|ga?iven? up(?: on)?|did(?:n['\u2019]t| not) finish|dropped|dnf|stopped"
        r" (?:reading|watching))\b",
        r"given up|gave up|abandoned|dropped|dnf|did(?:n['\u2019]t| not) finish|not finished"
        r"|unfinished|stopped",
        "abandon give gave finish drop dnf stop",
    ),
    _aspect(
        r"\b(?:finished|have I (?:read|watched|seen|done)|(?:I|we)(?: have|['\u2019]ve)? (?:read"
        r"|watched|seen|done))\b(?: this year| so far| already)?",
        r"(?:already )?(?:finished|read|watched|seen|done|completed)"
        r"(?: (?:this year|so far|in \d{4}|recently))?",
        "finish read watch seen done",
    ),
    _aspect(
        r"\b(?:currently|at the moment|right now|now)\b(?: reading| watching| doing)?"
        r"|\b(?:am|are) (?:I|we) (?:reading|watching|doing|learning)\b(?: now| at the moment)?",
        r"now|current(?:ly)?(?: (?:reading|watching))?|in progress|reading|ongoing|at the moment",
        "current now moment reading watching doing learning",
    ),
    _aspect(
        r"\b(?:who (?:attended|was (?:there|present|at)|came|took part)|attend(?:ees?|ance|ed)"
        r"|participants?|present at)\b",
        r"present|attend(?:ees?|ance|ed)|participants?|people|who",
        "who attend participant present",
    ),
)


def aspect_part(around: Around) -> Part | None:
    """Return the lists with an aspect of what a question names, None without one.

    :param around: the question.
    """
    text = in_digits(around.text)
    for aspect in _ASPECTS:
        asked = aspect.asked.search(text)
        if not asked:
            continue
        subject = subject_of(text[: asked.start()] + " " + text[asked.end() :]) - LIGHT - _BESIDES
        part = _labelled(around, aspect, subject) if subject else None
        if part is not None:
            return part
    return None


def _labelled(around: Around, aspect: Aspect, subject: frozenset[str]) -> Part | None:
    """Return the lists with a label of an aspect in the notes or sections that a subject names."""

    def accept(labels: Labels, stored: StoredPoint) -> bool:
        label = labels[-1].strip(" \t:.!?*_-\u2013\u2014#").lower()
        if not aspect.label.compiled.match(label):
            return False
        return subject <= name_of(stored.note).known().union(*map(content_terms, labels[:-1]))

    found = find_spans(around, accept, around.points_with(subject))
    if not found or len(found) > _MOST_PLACES:
        return None
    shares = [name_of(outline.note).share(subject) for outline, _ in found]
    most = max(shares)
    best = [one for one, share in zip(found, shares, strict=True) if share >= AS_GOOD * most]
    return Part(tuple(best), _LEAST)

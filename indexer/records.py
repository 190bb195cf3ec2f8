"""The frozen records that travel between the stages.

They hold plain values and import no library. Line numbers start at 1, and ranges are inclusive.
Most are named tuples: defining a frozen dataclass costs 1.1 ms at import, a named tuple 0.14 ms.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from indexer.explanations import AnswerExplanation, Explanation


class Outcome(Enum):
    """The outcome of reading a file of the notes folder."""

    INDEXED = "indexed"
    PARTIAL = "partial"
    EMPTY = "empty"
    SKIPPED = "skipped"
    IGNORED = "ignored"


class Mode(Enum):
    """Which retrievers answer a question."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class Verdict(Enum):
    """How far to trust an answer: sure, close (check it), or not answered by the notes."""

    ANSWERED = "answered"
    MAYBE = "maybe"
    NOT_THERE = "not in your notes"


class BlockKind(Enum):
    """The kind of a block."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    MATH = "math"
    PROPERTIES = "properties"
    LABEL = "label"


class LinkKind(Enum):
    """The kind of a link's target."""

    NOTE = "note"
    URL = "url"
    ANCHOR = "anchor"
    FILE = "file"


class Missing(Enum):
    """The missing part of a broken link.

    ``page`` is the name of a note that nobody has written yet, which is normal in Obsidian and
    Logseq. ``note`` is a wrong path. ``target`` is the content of the link's parentheses.
    """

    NOTE = "note"
    PAGE = "page"
    HEADING = "heading"
    BLOCK = "block"
    FILE = "file"
    ADDRESS = "address"
    TARGET = "target"

    @property
    def said(self) -> str:
        """The missing part in words."""
        return _MISSING[self.value]


_MISSING = {
    "note": "no such note",
    "page": "a page not written yet",
    "heading": "the note has no such heading",
    "block": "no such block",
    "file": "no such file",
    "address": "no address that can be opened",
    "target": "the link has no target",
}


class UnitKind(Enum):
    """A part of a note, made by its author, that can answer as a whole."""

    POINT = "point"
    ITEM = "item"
    LIST = "list"
    SECTION = "section"
    NOTE = "note"


class NoteWarning(NamedTuple):
    """A part of a note that could not be read as written, with its line and a fix."""

    message: str
    line: int | None = None
    hint: str | None = None


class FileStamp(NamedTuple):
    """The result of a stat call; a file with an equal stamp need not be read again."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class FileEntry(NamedTuple):
    """A file found in the notes folder: a note to read, or one that is refused, with the reason."""

    note_id: str
    stamp: FileStamp | None
    refusal: NoteWarning | None = None


class RawLink(NamedTuple):
    """A link as written in a note, not resolved yet.

    ``target`` is the intended target. For a reversed or empty link it differs from the text in the
    parentheses, and ``fix`` holds the corrected Markdown. ``wiki`` is True for a link by name,
    False for a link by path.
    """

    line: int
    text: str
    target: str
    wiki: bool = False
    fix: str | None = None


class Link(NamedTuple):
    """A resolved link.

    ``to`` is the target note, ``to_line`` the line of the heading or block that its anchor names.
    If the link is not ``ok``, ``missing`` says what is missing.
    """

    note_id: str
    line: int
    text: str
    target: str
    kind: LinkKind
    to: str | None = None
    to_line: int | None = None
    ok: bool = True
    fix: str | None = None
    missing: Missing | None = None


class Row(NamedTuple):
    """One row of a block: its line in the note and its visible text; code keeps line ends."""

    line: int
    text: str
    verbatim: bool = False


class Block(NamedTuple):
    """A piece of Markdown structure with the rows of its text.

    ``parent`` is the position, in the list of blocks, of the list item or callout that contains
    this block. ``level`` is the level of a heading: 1 to 6, or 7 for a bold line used as a heading.
    ``quote`` is the number of the quote that contains it, 0 outside of quotes.
    """

    kind: BlockKind
    rows: tuple[Row, ...]
    line_start: int
    line_end: int
    parent: int | None = None
    level: int = 0
    links: tuple[RawLink, ...] = ()
    quote: int = 0

    @property
    def text(self) -> str:
        """The rows as one text: prose in one line, code in several."""
        return join_rows(self.rows)


def join_rows(rows: tuple[Row, ...]) -> str:
    """Return rows as one text: prose joined by blanks, code joined by line breaks."""
    parts: list[str] = []
    for position, row in enumerate(rows):
        if position:
            parts.append("\n" if row.verbatim or rows[position - 1].verbatim else " ")
        parts.append(row.text)
    return "".join(parts)


class Point(NamedTuple):
    """The text that is embedded, stored and returned: one block with its headings.

    ``parents`` are the list items, lead-ins and callout titles around it, outermost first. A
    ``lead_in`` never ranks above the points it introduces.
    """

    text: str
    kind: BlockKind
    line_start: int
    line_end: int
    heading_path: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    links: tuple[RawLink, ...] = ()
    lead_in: bool = False


class Note(NamedTuple):
    """The content of a note: front matter, points, warnings, and the bytes of its file or 0."""

    note_id: str
    content_hash: bytes
    title: str
    date: datetime.date | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    permalink: str | None = None
    points: tuple[Point, ...] = ()
    links: tuple[RawLink, ...] = ()
    anchors: tuple[tuple[str, int], ...] = ()
    outcome: Outcome = Outcome.INDEXED
    warnings: tuple[NoteWarning, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    size: int = 0


class NoteFilter(NamedTuple):
    """A filter of notes; empty fields match all notes, values of a field are alternatives.

    Case, Unicode form and outer slashes are ignored. A tag or folder includes those nested in it.
    ``properties`` holds (key, value) pairs; values of one key are alternatives. ``paths`` and
    ``without_paths`` are parts of a note's path. A note with one of the ``without`` values does not
    pass.
    """

    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    since: datetime.date | None = None
    until: datetime.date | None = None
    properties: tuple[tuple[str, str], ...] = ()
    paths: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    without_paths: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether any field is set."""
        return self != NoteFilter()


class FileReport(NamedTuple):
    """The outcome of a build for one file."""

    note_id: str
    outcome: Outcome
    warnings: tuple[NoteWarning, ...] = ()


class BuildReport(NamedTuple):
    """The result of a build; each note is counted once.

    ``offer`` is advice on a model that understands the notes better; usually empty.
    """

    notes_added: int
    notes_changed: int
    notes_removed: int
    notes_unchanged: int
    notes_skipped: int
    points_added: int
    points_removed: int
    points_total: int
    generation: int
    seconds: float
    embedded: int
    files: tuple[FileReport, ...]
    dry_run: bool = False
    offer: str = ""


class UnitPoint(NamedTuple):
    """A point as part of a unit.

    ``depth`` counts the items and lead-ins that contain it within its note. ``matched`` is True if
    it is one of the hits of the question.
    """

    point_id: int
    line_start: int
    line_end: int
    text: str
    heading_path: tuple[str, ...] = ()
    depth: int = 0
    matched: bool = False
    lead_in: bool = False


class Place(NamedTuple):
    """The place of a unit or a part of it: consecutive points of a note, in reading order.

    ``parents`` are the items, lead-ins and callout titles above all of it, outermost first.
    """

    kind: UnitKind
    note_id: str
    title: str
    date: str | None
    heading_path: tuple[str, ...]
    line_start: int
    line_end: int
    points: tuple[UnitPoint, ...]
    parents: tuple[str, ...] = ()


class Unit(NamedTuple):
    """One answer as shown: a point, an item, a list, a section, a note, or several places.

    ``places`` has one place, or several (best first) for an answer that combines notes.
    ``confidence`` is the probability, 0 to 1, that it answers. ``weaker`` is True if it is much
    worse than a better answer. ``similar`` is the number of units left out because they say nearly
    the same.
    """

    rank: int
    kind: UnitKind
    places: tuple[Place, ...]
    confidence: float
    weaker: bool = False
    similar: int = 0

    @property
    def note_id(self) -> str:
        """The note of its first place."""
        return self.places[0].note_id

    @property
    def title(self) -> str:
        """The title of that note."""
        return self.places[0].title

    @property
    def heading_path(self) -> tuple[str, ...]:
        """The headings that all points of its first place share."""
        return self.places[0].heading_path

    @property
    def line_start(self) -> int:
        """The first line of its first place."""
        return self.places[0].line_start

    @property
    def line_end(self) -> int:
        """The last line of its first place."""
        return self.places[0].line_end

    @property
    def points(self) -> tuple[UnitPoint, ...]:
        """The points of all places."""
        return tuple(point for place in self.places for point in place.points)

    @property
    def matched(self) -> tuple[int, ...]:
        """The ids of its points that are hits, in reading order."""
        return tuple(point.point_id for point in self.points if point.matched)


class Hit(NamedTuple):
    """A point returned for a question, with its context and why it was found.

    ``marks`` are (start, end, "word" or "meaning") offsets into ``snippet``. Hits are ordered by
    ``score``. ``cosine`` and ``bm25`` are None if that retriever was not used. ``unit`` is the rank
    of the unit of the answer that contains it.
    """

    rank: int
    point_id: int
    note_id: str
    title: str
    date: str | None
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    heading_path: tuple[str, ...]
    parents: tuple[str, ...]
    line_start: int
    line_end: int
    text: str
    snippet: str
    marks: tuple[tuple[int, int, str], ...]
    score: float
    cosine: float | None
    bm25: float | None
    links: tuple[Link, ...]
    note_links: tuple[Link, ...] = ()
    url: str | None = None
    unit: int | None = None
    explanation: Explanation | None = None
    aliases: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


class RelatedNote(NamedTuple):
    """Another note that may help, and why."""

    note_id: str
    title: str
    why: str


class IndexState(NamedTuple):
    """The index that answered; ``stale`` is True if notes changed since it was built."""

    generation: int
    notes: int
    points: int
    stale: bool
    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of a question, and whether they answer it.

    If ``answered`` is False, the hits are only the nearest points. ``confidence`` is the
    probability, 0 to 1, that the notes contain an answer. ``reads`` lists the corrections of the
    question: (word as typed, words of the notes). ``units`` are the answers to show, best first:
    the hits in the size that fits the question. ``notices`` are remarks for the reader, for example
    about a filter that no note passes, or a question that was cut. ``verdict`` says how far to
    trust the answer. ``passages`` fill a token budget, if one was given: points near the hits,
    touching points as one passage, grouped by note, the best first. ``explanation`` is None unless
    it was asked for.
    """

    question: str
    answered: bool
    confidence: float
    mode: Mode
    took_ms: float
    index: IndexState
    hits: tuple[Hit, ...]
    related_notes: tuple[RelatedNote, ...]
    reads: tuple[tuple[str, str], ...] = ()
    units: tuple[Unit, ...] = ()
    notices: tuple[str, ...] = ()
    verdict: Verdict = Verdict.NOT_THERE
    passages: tuple[Place, ...] = ()
    explanation: AnswerExplanation | None = None

    def as_typed(self) -> str:
        """Return the question that searches for its corrected words as they were typed, quoted."""
        text = " ".join(self.question.split())
        for word, _ in self.reads:
            text = re.sub(rf'(?<![\w"]){re.escape(word)}(?![\w"])', f'"{word}"', text)
        return text

    def topics(self, most: int = 3) -> list[str]:
        """Return the topics of the hits, best first: note titles with the nearest heading.

        :param most: the largest number of topics.
        """
        named = (
            " > ".join(dict.fromkeys((hit.title, *hit.heading_path[-1:]))) for hit in self.hits
        )
        return list(dict.fromkeys(named))[:most]

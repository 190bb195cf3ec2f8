"""The frozen records that travel between the stages.

They hold plain values, without any library. Lines are counted from 1 and inclusive everywhere. Most
are named tuples: defining a frozen dataclass costs 1.1 ms at import, a named tuple 0.14 ms.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


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
    """What an answer is worth: sure, close (check it), or nothing in the notes answers."""

    ANSWERED = "answered"
    MAYBE = "maybe"
    NOT_THERE = "not in your notes"


class BlockKind(Enum):
    """What a piece of Markdown structure is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    MATH = "math"
    PROPERTIES = "properties"
    LABEL = "label"


class LinkKind(Enum):
    """What a link leads to."""

    NOTE = "note"
    URL = "url"
    ANCHOR = "anchor"
    FILE = "file"


class Missing(Enum):
    """What a broken link lacks.

    A page is the name of a note that nobody wrote yet, which is normal in Obsidian and Logseq; a
    note is a path that is wrong. A target is what the parentheses of a link should hold.
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
        """What is missing, in words."""
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
    """What an author made that can answer as a whole."""

    POINT = "point"
    ITEM = "item"
    LIST = "list"
    SECTION = "section"
    NOTE = "note"


class NoteWarning(NamedTuple):
    """Something in a note that was not read as written, with its line and how to fix it."""

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
    """A file found in the notes folder: a note to read, or one that cannot be read and why."""

    note_id: str
    stamp: FileStamp | None
    refusal: NoteWarning | None = None


class RawLink(NamedTuple):
    """A link as written in a note, before anyone knows where it leads.

    ``target`` is what was meant: for a reversed or empty link it differs from the text in the
    parentheses, and ``fix`` holds the corrected Markdown. ``wiki`` is True for a link by name,
    False for a link by path.
    """

    line: int
    text: str
    target: str
    wiki: bool = False
    fix: str | None = None


class Link(NamedTuple):
    """A link and where it leads.

    ``to`` is the note reached, ``to_line`` the line of the heading or block named by its anchor.
    ``missing`` says what is not there where the link is not ``ok``.
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
    """One row of a block: its line in the note and its visible text; code keeps its line ends."""

    line: int
    text: str
    verbatim: bool = False


class Block(NamedTuple):
    """A piece of Markdown structure with its text, row by row.

    ``parent`` is the position, in the list of blocks, of the list item or callout that holds this
    block; ``level`` is that of a heading: 1-6, and 7 for a bold line that stands for one;
    ``quote`` numbers the quote that holds it, 0 outside of quotes.
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
        """The rows as one text: prose on one line, code line by line."""
        return join_rows(self.rows)


def join_rows(rows: tuple[Row, ...]) -> str:
    """Return rows as one text: prose joined by blanks, each row of code on a line of its own."""
    parts: list[str] = []
    for position, row in enumerate(rows):
        if position:
            parts.append("\n" if row.verbatim or rows[position - 1].verbatim else " ")
        parts.append(row.text)
    return "".join(parts)


class Point(NamedTuple):
    """What is embedded, stored and returned: the words of one block, with the headings above it.

    ``parents`` are the list items, lead-ins and callout titles around it, outermost first. A point
    that is itself a ``lead_in`` never ranks above those it leads to.
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
    """One Markdown file, read: its front matter, its points and what could not be read of it."""

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


class NoteFilter(NamedTuple):
    """Which notes may answer; empty fields let all through, values of a field are alternatives.

    Nothing depends on case, Unicode form or outer slashes. A tag or folder includes those nested in
    it. ``properties`` holds (key, value) pairs: values of one key are alternatives. ``paths`` and
    ``without_paths`` are parts of a note's path; a note that has one of the ``without`` values does
    not pass.
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
        """Return whether anything is filtered at all."""
        return self != NoteFilter()


class FileReport(NamedTuple):
    """The outcome for one file, for people."""

    note_id: str
    outcome: Outcome
    warnings: tuple[NoteWarning, ...] = ()


class BuildReport(NamedTuple):
    """What a build found and did; each note is counted once.

    ``offer`` says which other model would understand the notes better, empty as a rule.
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

    ``depth`` counts the items and lead-ins that hold it within its note; ``matched`` says that it
    is among what the question found.
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
    """Where a unit, or a part of one, is: consecutive points of one note, in reading order."""

    kind: UnitKind
    note_id: str
    title: str
    date: str | None
    heading_path: tuple[str, ...]
    line_start: int
    line_end: int
    points: tuple[UnitPoint, ...]


class Unit(NamedTuple):
    """What is shown as one answer: a point, an item, a list, a section, a note, or several places.

    ``places`` has one place, or several for an answer put together from several notes, the best
    first. ``confidence`` is the probability, 0 to 1, that it answers. ``weaker`` says that it
    follows at a distance what answers better; ``similar`` how many units say nearly the same and
    are left out for it.
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
        """The headings above all of its first place."""
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
        """The ids of the points that the question found, in reading order."""
        return tuple(point.point_id for point in self.points if point.matched)


class Explanation(NamedTuple):
    """Why a hit has its place, for a reader who reports a wrong answer.

    ``retrievers`` holds (name, figure, rank among all candidates) for each retriever that was
    asked, ``steps`` the change of the score by each rule that changed it, and ``words`` the words
    of the question with how well the hit matches each, -1 to 1.
    """

    candidates: int
    retrievers: tuple[tuple[str, float, int], ...]
    steps: tuple[tuple[str, float], ...]
    words: tuple[tuple[str, float], ...]


class Hit(NamedTuple):
    """A point returned for a question, with its surroundings and the reason it was found.

    ``marks`` are (start, end, "word" or "meaning") offsets into ``snippet``. ``score`` is what hits
    are ordered by; ``cosine`` and ``bm25`` are None if that retriever was not asked.
    ``unit`` is the rank of the unit of the answer that holds it.
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
    """A note that may help as well, and why."""

    note_id: str
    title: str
    why: str


class IndexState(NamedTuple):
    """Which index answered; ``stale`` is True when notes changed since it was built."""

    generation: int
    notes: int
    points: int
    stale: bool
    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits for a question, and whether they answer it.

    Without an answer the hits are the nearest points, offered as such. ``confidence`` is the
    probability, 0 to 1, that the notes hold an answer. ``reads`` lists the corrections of the
    question: (word as typed, words of the notes). ``units`` are what to show, best first: the hits
    in the size the question asks for. ``notices`` are lines for the reader that are no part of the
    answer: a filter that nothing passes, a question that was cut. ``verdict`` says how far to trust
    the answer.
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

    def topics(self, most: int = 3) -> list[str]:
        """Return the topics of the hits, best first: note titles with the nearest heading.

        :param most: how many at most.
        """
        named = (
            " > ".join(dict.fromkeys((hit.title, *hit.heading_path[-1:]))) for hit in self.hits
        )
        return list(dict.fromkeys(named))[:most]

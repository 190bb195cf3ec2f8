"""Turn blocks into points: join blocks, collect the context, and cut long texts."""

from __future__ import annotations

import bisect
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from indexer.records import Block, BlockKind, Point, RawLink, Row, join_rows

# Bump when the same note is cut differently; an index of another version is rebuilt.
CHUNKING_VERSION = 4

# A word of 100,000 letters is one word piece, so the window alone does not limit a point.
MAX_POINT_CHARS = 4_000
_MAX_LEAD_IN_CHARS = 100
_MAX_PARENT_CHARS = 200
# A longer heading is a point, and only its beginning is context of the points below it.
_MAX_HEADING_CHARS = 300
# The points of a note together carry this much context before each heading and parent is shortened
# further: a number of characters, plus a multiple of those of the note. Thousands of short items
# below a heading of 300 characters carry more.
_MIN_CARRIED_CHARS, _CARRIED_PER_CHAR = 30_000, 4
_TIGHTER_CHARS = (200, 140, 100, 70, 50, 35, 25, 15, 8, 4)
_DEEPEST = 3  # with the last of them, only this number of headings and of parents is carried
_CHARS_AROUND = 4  # quotes, a comma and a blank: how a store keeps each text
# The context that is read before a point; with more, short points lose (benchmarks/QUALITY.md).
_CONTEXT_HEADINGS = 2
_MAX_CONTEXT_PARENT_CHARS = 60
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"')\]]*\s+(?=[^\s\d\W]|[\"'(\[]?[A-Z0-9$`])|(?<=[。！？])"
)
# Categories of characters without a shape, and invisible characters: Hangul fillers, the Braille
# blank, joiners, variation selectors.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_EMPTY_TASK = re.compile(r"\[[^\w\s]?[ xX]?\]")
# Tuples: a set hashes a member of an enumeration in Python.
_LED_KINDS = (BlockKind.ITEM, BlockKind.ROW)
_JOINED_KINDS = (BlockKind.CODE, BlockKind.MATH)

_Place = tuple[int | None, int]
"""The parent and the quote of a block."""

TokenCounter = Callable[[Sequence[str]], Sequence[int]]
"""Returns the lengths of texts in word pieces, without special ones."""


def cut_points(blocks: Sequence[Block], *, window: int, count_tokens: TokenCounter) -> list[Point]:
    """Turn blocks into points.

    :param blocks: from ``read_blocks``.
    :param window: the most word pieces of a text that the encoder reads; a longer block is cut at
        sentence ends.
    :param count_tokens: measures texts; it is only called for texts that may be too long.
    :return: points in reading order. Headings are context of the following points; long ones are
        shortened. A heading is a point itself if it is long or has no text directly under it.
    """
    blocks = _join_code(blocks)
    cutter = _Cutter(window, count_tokens)
    points = _cut(blocks, cutter, _MAX_HEADING_CHARS)
    most = _MIN_CARRIED_CHARS + _CARRIED_PER_CHAR * sum(len(block.text) for block in blocks)
    limit = _affordable_limit(points, most)
    return points if limit is None else _cut(blocks, cutter, limit)


def _affordable_limit(points: Sequence[Point], most: int) -> int | None:
    """Return how long headings and parents may be for points to carry ``most``; None: as is."""
    lengths = Counter(len(text) for p in points for text in (*p.heading_path, *p.parents))
    for limit in (None, *_TIGHTER_CHARS):
        carried = sum(
            count * (_CHARS_AROUND + (length if limit is None else min(length, limit)))
            for length, count in lengths.items()
        )
        if carried <= most:
            return limit
    return _TIGHTER_CHARS[-1]


def _cut(blocks: Sequence[Block], cutter: _Cutter, limit: int) -> list[Point]:
    """Return the points of blocks; headings that they carry have at most ``limit`` characters."""
    parent_limit = min(limit, _MAX_PARENT_CHARS)
    deepest = _DEEPEST if limit == _TIGHTER_CHARS[-1] else None
    bare = _bare_headings(blocks)
    headings: list[tuple[int, str]] = []  # levels, and texts as context of the points below
    leads: dict[_Place, str] = {}
    chains: list[tuple[str, ...]] = []
    points: list[Point] = []
    for position, block in enumerate(blocks):
        if block.kind is BlockKind.HEADING:
            headings = [(level, text) for level, text in headings if level < block.level]
            leads = {}
        path = tuple(text for _, text in headings if text)
        chains.append(_parents(blocks, block, chains, leads, parent_limit))
        lead_in = _is_lead_in(blocks, position)
        if block.kind is not BlockKind.LABEL and (
            block.kind is not BlockKind.HEADING or position in bare or len(block.text) > limit
        ):
            for piece in filter(_is_visible, cutter.cut(block)):
                point = _point(piece, _ends(path, deepest), _ends(chains[-1], deepest))
                points.append(point._replace(lead_in=lead_in))
        if block.kind is BlockKind.HEADING:
            headings.append((block.level, _shorten(block.text, limit)))
        elif lead_in:
            leads[_place(block)] = _shorten(block.text, parent_limit)
        elif block.kind not in _LED_KINDS:
            leads.pop(_place(block), None)
    return points


def _ends(texts: tuple[str, ...], most: int | None) -> tuple[str, ...]:
    """Return the first text, which may be the title, and the last ones: ``most`` together."""
    return texts if most is None or len(texts) <= most else (texts[0], *texts[1 - most :])


def context_of(title: str, point: Point) -> str:
    """Return the text that an encoder reads before a point: the last headings, then the parents.

    The title is the first heading. It says little about a point far below it, and a long title
    makes all points of its note similar (benchmarks/QUALITY.md).

    :param title: of the note.
    :param point: of the note.
    """
    headings = [heading for heading in point.heading_path if heading.casefold() != title.casefold()]
    parents = [_shorten(parent, _MAX_CONTEXT_PARENT_CHARS) for parent in point.parents]
    return " > ".join([*[title, *headings][-_CONTEXT_HEADINGS:], *parents]) + ":"


def shorten_parent(text: str) -> str:
    """Return the text of an item or lead-in, shortened as a parent of the points below."""
    return _shorten(text)


def _point(block: Block, path: tuple[str, ...], parents: tuple[str, ...]) -> Point:
    return Point(
        text=block.text,
        kind=block.kind,
        line_start=block.line_start,
        line_end=block.line_end,
        heading_path=path,
        parents=parents,
        links=block.links,
    )


def _is_visible(block: Block) -> bool:
    """Return whether a block has a visible character."""
    return any(
        character not in _BLANK and unicodedata.category(character) not in _UNSEEN
        for character in block.text
    )


def _place(block: Block) -> _Place:
    return block.parent, block.quote


def _bare_headings(blocks: Sequence[Block]) -> set[int]:
    """Return the positions of headings without text before the next heading."""
    bare: set[int] = set()
    following: BlockKind | None = None
    for position in range(len(blocks) - 1, -1, -1):
        block = blocks[position]
        if block.kind is BlockKind.HEADING and following in (None, BlockKind.HEADING):
            bare.add(position)
        if block.rows:
            following = block.kind
    return bare


def _is_lead_in(blocks: Sequence[Block], position: int) -> bool:
    """Return whether a block introduces the next ones: a line before a list, a callout title."""
    block = blocks[position]
    if block.kind is not BlockKind.PARAGRAPH or position + 1 == len(blocks):
        return False
    following = blocks[position + 1]
    if following.parent == position:
        return True
    if following.kind not in _LED_KINDS or _place(following) != _place(block):
        return False
    text = block.text
    short = len(text) <= _MAX_LEAD_IN_CHARS
    return short and (text.endswith(":") or following.line_start == block.line_end + 1)


def _parents(
    blocks: Sequence[Block],
    block: Block,
    chains: Sequence[tuple[str, ...]],
    leads: dict[_Place, str],
    limit: int,
) -> tuple[str, ...]:
    """Return the parents of a block, outermost first, including the lead-in before it.

    ``chains`` holds the parents of all previous blocks; each text has at most ``limit`` characters.
    """
    chain: tuple[str, ...] = ()
    if block.parent is not None:
        holder = blocks[block.parent]
        chain = chains[block.parent] + ((_shorten(holder.text, limit),) if holder.rows else ())
    lead = leads.get(_place(block)) if block.kind in _LED_KINDS else None
    return (*chain, lead) if lead else chain


def _shorten(text: str, limit: int = _MAX_PARENT_CHARS) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _join_code(blocks: Sequence[Block]) -> list[Block]:
    """Join code and math with the paragraph right before them; update ``parent`` positions."""
    joined: list[Block] = []
    place: list[int] = []
    for block in blocks:
        if block.parent is not None:
            block = block._replace(parent=place[block.parent])
        last = joined[-1] if joined else None
        if (
            block.kind in _JOINED_KINDS
            and last is not None
            and last.kind is BlockKind.PARAGRAPH
            and last.parent == block.parent
            and not last.rows[-1].verbatim
        ):
            joined[-1] = last._replace(rows=last.rows + block.rows, line_end=block.line_end)
        else:
            joined.append(block)
        place.append(len(joined) - 1)
    return joined


# --- cutting at the window ----------------------------------------------------------------------


_WORD_AND_BLANKS = re.compile(r"(\S+)(\s*)")


class _Atom(NamedTuple):
    """A sentence, a row of code, or a part of one that is too long."""

    rows: tuple[Row, ...]

    @property
    def text(self) -> str:
        return join_rows(self.rows)


class _Cutter:
    """Cuts blocks that are longer than the window into pieces that cover them."""

    def __init__(self, window: int, count_tokens: TokenCounter) -> None:
        self._window = window
        self._count = count_tokens

    def cut(self, block: Block) -> list[Block]:
        """Return the block, its pieces if it is too long, or nothing if it has no text."""
        text = block.text
        if not text.strip() or _EMPTY_TASK.fullmatch(text):
            return []
        # A word piece has at least one letter, so a text with fewer letters than the window fits.
        if len(text) <= self._window or (
            len(text) <= MAX_POINT_CHARS and self._count([text])[0] <= self._window
        ):
            return [block]
        return _pieces(block, self._pack(self._small_atoms(_atoms(block.rows))))

    def _small_atoms(self, atoms: list[_Atom]) -> list[tuple[_Atom, int]]:
        """Return atoms that fit, each with its length in word pieces."""
        texts = [atom.text for atom in atoms]
        # A text with too many letters is too long in any case and is not measured.
        counts = iter(self._count([text for text in texts if len(text) <= MAX_POINT_CHARS]))
        small: list[tuple[_Atom, int]] = []
        for atom, text in zip(atoms, texts, strict=True):
            count = next(counts) if len(text) <= MAX_POINT_CHARS else None
            if count is not None and count <= self._window:
                small.append((atom, count))
            else:
                parts = self._words(atom)
                small += zip(parts, self._count([part.text for part in parts]), strict=True)
        return small

    def _words(self, atom: _Atom) -> list[_Atom]:
        """Cut a sentence that is too long at blanks, and a word that is too long at any letter."""
        places: list[int] = []  # the row of each word
        words: list[str] = []
        for place, row in enumerate(atom.rows):
            for found in _WORD_AND_BLANKS.finditer(row.text):
                parts = self._parts(found.group(1))
                parts[-1] += found.group(2) if row.verbatim else " "
                words += parts
                places += [place] * len(parts)
        # Many words repeat, so each distinct word is measured once.
        distinct = list(dict.fromkeys(words))
        counts = dict(zip(distinct, self._count(distinct), strict=True))
        groups = self._group([counts[word] for word in words], list(map(len, words)))
        return [_Atom(_join_words(atom.rows, places, words, group)) for group in groups]

    def _parts(self, word: str) -> list[str]:
        return [word[i : i + self._window] for i in range(0, len(word), self._window)]

    def _pack(self, measured: list[tuple[_Atom, int]]) -> list[list[_Atom]]:
        counts = [count for _, count in measured]
        groups = self._group(counts, [len(atom.text) for atom, _ in measured])
        return [[measured[i][0] for i in group] for group in groups]

    def _group(self, counts: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
        """Group neighbours into the longest groups that fit into the window."""
        groups: list[list[int]] = []
        tokens = chars = 0
        for i, (count, length) in enumerate(zip(counts, lengths, strict=True)):
            if not groups or tokens + count > self._window or chars + length + 1 > MAX_POINT_CHARS:
                groups.append([])
                tokens = chars = 0
            groups[-1].append(i)
            tokens += count
            chars += length + 1
        return groups


def _join_words(
    rows: Sequence[Row], places: Sequence[int], words: Sequence[str], group: Sequence[int]
) -> tuple[Row, ...]:
    """Return neighbouring words, each with the blanks after it, as rows.

    :param rows: the rows that contain them.
    :param places: the row of each word.
    :param words: all words.
    :param group: the wanted words.
    """
    joined = []
    for _, same_line in itertools.groupby(group, lambda word: rows[places[word]].line):
        on_line = list(same_line)
        text = "".join(words[word] for word in on_line).rstrip()
        joined.append(rows[places[on_line[-1]]]._replace(text=text))
    return tuple(joined)


def _atoms(rows: Sequence[Row]) -> list[_Atom]:
    """Cut prose into sentences, which may begin and end inside rows, and code into rows."""
    atoms: list[_Atom] = []
    prose: list[Row] = []
    for row in (*rows, None):
        if row is not None and not row.verbatim:
            prose.append(row)
            continue
        atoms += _sentences(prose)
        prose = []
        if row is not None:
            atoms.append(_Atom((row,)))
    return atoms


def _sentences(rows: list[Row]) -> list[_Atom]:
    """Cut prose at sentence ends, in time linear in its length for any number of rows."""
    text = " ".join(row.text for row in rows)
    ends = [found.end() for found in _SENTENCE_END.finditer(text)] + [len(text)]
    offsets = [0, *itertools.accumulate(len(row.text) + 1 for row in rows)]
    atoms: list[_Atom] = []
    start = first = 0
    for end in ends:
        parts = []
        place = first
        while place < len(rows) and offsets[place] < end:
            row, offset = rows[place], offsets[place]
            inside = row.text[max(0, start - offset) : end - offset].strip()
            if inside:
                parts.append(row._replace(text=inside))
            place += 1
        first = max(first, place - 1)  # the last row may contain the next sentence too
        if parts:
            atoms.append(_Atom(tuple(parts)))
        start = end
    return atoms


def _pieces(block: Block, groups: list[list[_Atom]]) -> list[Block]:
    pieces: list[Block] = []
    for group in groups:
        rows = tuple(row for atom in group for row in atom.rows)
        pieces.append(
            block._replace(rows=rows, line_start=rows[0].line, line_end=rows[-1].line, links=())
        )
    pieces[0] = pieces[0]._replace(line_start=block.line_start)
    pieces[-1] = pieces[-1]._replace(line_end=block.line_end)
    for link, i in zip(block.links, _pieces_of_links(block.links, pieces), strict=True):
        pieces[i] = pieces[i]._replace(links=(*pieces[i].links, link))
    return pieces


def _pieces_of_links(links: Sequence[RawLink], pieces: Sequence[Block]) -> list[int]:
    """Return, for each link, the position of the piece in which its text begins."""
    whole = " ".join(piece.text for piece in pieces)
    starts = [0, *itertools.accumulate(len(piece.text) + 1 for piece in pieces[:-1])]
    last_lines = [piece.line_end for piece in pieces]
    places: list[int] = []
    behind = 0
    for link in links:
        on_line = bisect.bisect_left(last_lines, link.line) % len(pieces)
        found = whole.find(link.text, max(behind, starts[on_line])) if link.text else -1
        places.append(bisect.bisect(starts, found) - 1 if found >= 0 else on_line)
        behind = found + 1 if found >= 0 else behind
    return places

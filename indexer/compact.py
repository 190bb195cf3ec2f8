"""Compact answers for readers with little space: agents, scripts, small screens.

A passage is the printed form of a unit of the answer: its place, its headings and its text. If
single points are wanted, it is a hit. Without a budget, long passages are shortened so that five
take at most 2 KB. With a budget, passages are whole, and the answer lists those left out. Notes are
not trusted: control characters are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from indexer.errors import IndexerError
from indexer.passages import (
    Passage,
    passage_json,
    passage_of,
    passage_of_place,
    passages_lines,
    sendable,
    shorten,
)
from indexer.records import Answer, Hit
from indexer.render import exact_in_line, in_line, safe
from indexer.text.tokens import estimate_tokens

if TYPE_CHECKING:
    from indexer.snapshot import NoteText

# Bytes of an answer without a budget: five passages stay below 2 KB.
_BYTES_PER_PASSAGE = 400
_LEAST_BYTES = 1_200
_LEAST_TEXT_BYTES = 60
_MAX_TOPIC_CHARS = 90
_MAX_LEFT_OUT = 5  # listed by place; the others are only counted
_MAX_BACKLINKS = 20
_MAX_NOTICE_CHARS = 200
# With a budget, the number of points assumes this many tokens each, up to the limit of a search.
_LEAST_TOKENS_PER_POINT = 25
_MAX_POINTS = 100
_NOT_ANSWERED_SHORT = "not answered: the notes hold no answer to this; say so"
_NOT_ANSWERED = (
    "not answered: the notes hold no answer to this. Say so instead of making one up. "
    "The nearest passages follow; other words may find more."
)


class Compact(NamedTuple):
    """A printed answer; ``left_out`` are hits that do not fit into the budget.

    The first ``named`` of them are named in the text. ``brief`` says that the name of a note is
    printed once for passages that follow each other. ``terse`` says that a small budget has room
    for the first line alone, not for topics and notices.
    """

    answer: Answer
    passages: tuple[Passage, ...]
    left_out: tuple[Passage, ...] = ()
    named: int = 0
    brief: bool = False
    terse: bool = False


def points_for(budget: int | None, top_k: int | None, default: int) -> int:
    """Return how many points to request.

    :param budget: in tokens; None for no budget.
    :param top_k: the number the caller gave, or None.
    :param default: the number without a budget.
    """
    if top_k is not None:
        return top_k
    if budget is None:
        return default
    return max(1, min(_MAX_POINTS, budget // _LEAST_TOKENS_PER_POINT))


def compact(answer: Answer, *, budget: int | None = None, links: bool = False) -> Compact:
    """Return the compact form of an answer.

    :param answer: the answer to a question; with a budget, of a search with the same budget.
    :param budget: token limit of the printed text, whose passages are whole; None to shorten long
        passages instead.
    :param links: True to print the links of passages.
    """
    places = answer.passages or [place for unit in answer.units for place in unit.places]
    passages = [passage_of_place(place, answer.hits, links) for place in places]
    passages = passages or [passage_of(hit, links) for hit in answer.hits]
    if budget is None:
        return Compact(answer, tuple(_shortened(answer, passages)))
    return _within(answer, passages, budget, links)


def compact_text(found: Compact) -> str:
    """Return a compact answer as text.

    :param found: what is printed.
    """
    lines = [_head_line(found.answer, terse=found.terse)]
    if found.terse:
        lines += passages_lines(found.passages, brief=found.brief)
        return "\n".join([*lines, *([_left_out_line(found)] if found.left_out else [])])
    if not found.answer.answered and found.answer.hits:
        lines.append(f"nearest topics: {'; '.join(_topics(found.answer))}")
    lines += [f'read as: {safe(word)} = "{safe(read)}"' for word, read in found.answer.reads]
    lines += [f"note: {shorten(safe(one), _MAX_NOTICE_CHARS)}" for one in found.answer.notices]
    lines += passages_lines(found.passages, brief=found.brief)
    if found.left_out:
        lines += ["", _left_out_line(found)]
    return "\n".join(lines)


def compact_json(found: Compact) -> dict[str, Any]:
    """Return a compact answer as JSON, in the shape of ``docs/schemas/compact.schema.json``.

    :param found: what is printed.
    """
    answer = found.answer
    values: dict[str, Any] = {
        "answered": answer.answered,
        "confidence": round(answer.confidence, 2),
        "hits": [passage_json(passage) for passage in found.passages],
    }
    if not answer.answered:
        values["advice"] = _NOT_ANSWERED if answer.hits else "nothing found"
        values["topics"] = _topics(answer)
    if answer.reads:
        values["reads"] = [{"word": word, "read": read} for word, read in answer.reads]
    if answer.notices:
        values["notices"] = [shorten(safe(one), _MAX_NOTICE_CHARS) for one in answer.notices]
    if answer.index.stale:
        values["stale"] = True
    if found.left_out:
        values["left_out"] = {
            "count": len(found.left_out),
            "places": [exact_in_line(passage.place) for passage in found.left_out[:_MAX_LEFT_OUT]],
        }
    return values


def similar_text(place: str, hits: Sequence[Hit], *, links: bool = False) -> str:
    """Return the points near a place as compact text.

    :param place: "note" or "note:line".
    :param hits: the points found near it.
    :param links: True to print the links of passages.
    """
    if not hits:
        return f"nothing is near {exact_in_line(place)} but notes that it links to"
    passages = [passage_of(hit, links) for hit in hits]
    lines = [f"near {exact_in_line(place)}, in other notes:"]
    lines += passages_lines(_fitted(passages, head=len(lines[0])))
    return "\n".join(lines)


def similar_json(place: str, hits: Sequence[Hit], *, links: bool = False) -> dict[str, Any]:
    """Return the points near a place as compact JSON.

    :param place: "note" or "note:line".
    :param hits: the points found near it.
    :param links: True to print the links of passages.
    """
    shown = _fitted([passage_of(hit, links) for hit in hits], head=len(place))
    return {"place": place, "hits": [passage_json(passage) for passage in shown]}


def _head_line(answer: Answer, *, terse: bool = False) -> str:
    if not answer.hits:
        return "nothing found: no passage matches. Try other words or fewer filters."
    said = "answered" if answer.answered else _NOT_ANSWERED_SHORT if terse else _NOT_ANSWERED
    stale = "; notes changed since the index was built" if answer.index.stale else ""
    return f"{said} (confidence {answer.confidence:.2f}{stale})"


def _topics(answer: Answer) -> list[str]:
    return [shorten(safe(topic), _MAX_TOPIC_CHARS) for topic in answer.topics()]


# --- a budget of tokens -------------------------------------------------------------------------


def _within(answer: Answer, passages: Sequence[Passage], budget: int, links: bool) -> Compact:
    """Return whole passages that fit into a budget, and the hits left out."""
    found = _with_left_out(answer, tuple(passages), links)
    if not _fits(found, budget):
        terse = not _fits(_with_left_out(answer, (), links), budget)
        kept: list[Passage] = []
        for passage in passages:
            tried = _with_left_out(answer, (*kept, passage), links)._replace(terse=terse)
            if _fits(tried, budget):
                kept.append(passage)
        found = _with_left_out(answer, tuple(kept), links)._replace(terse=terse)
    # The remaining space is used to list some of the hits left out.
    room = budget - estimate_tokens(compact_text(found)) + estimate_tokens(_left_out_line(found))
    for named in range(1, min(_MAX_LEFT_OUT, len(found.left_out)) + 1):
        tried = found._replace(named=named)
        if estimate_tokens(_left_out_line(tried)) > room:
            break
        found = tried
    return found


def _with_left_out(answer: Answer, passages: tuple[Passage, ...], links: bool) -> Compact:
    """Return an answer with the hits that its passages do not contain."""
    shown = frozenset().union(*(passage.points for passage in passages))
    left_out = (passage_of(hit, links) for hit in answer.hits if hit.point_id not in shown)
    return Compact(answer, passages, tuple(left_out), brief=True)


def _fits(found: Compact, budget: int) -> bool:
    return estimate_tokens(compact_text(found)) <= budget


def _left_out_line(found: Compact) -> str:
    count = len(found.left_out)
    if not found.named:
        return f"left out, no room: {count} more"
    named = ", ".join(exact_in_line(passage.place) for passage in found.left_out[: found.named])
    rest = f" and {count - found.named} more" if count > found.named else ""
    return f"left out, no room: {named}{rest}"


# --- a limit of bytes ---------------------------------------------------------------------------


def _shortened(answer: Answer, passages: Sequence[Passage]) -> list[Passage]:
    found = Compact(answer, ())
    text, values = compact_text(found), json.dumps(compact_json(found), ensure_ascii=False)
    # An answer from several places has the space of one passage.
    answers = len(answer.units) or len(passages)
    return _fitted(passages, head=max(_bytes_of(text), _bytes_of(values)), answers=answers)


def _fitted(passages: Sequence[Passage], *, head: int, answers: int | None = None) -> list[Passage]:
    """Return passages that fit into the byte limit: long ones are cut, the first one least.

    :param passages: in printing order.
    :param head: bytes printed before them.
    :param answers: the number of answers; None for one per passage.
    """
    room = max(_LEAST_BYTES, _BYTES_PER_PASSAGE * (answers or len(passages))) - head
    if not passages or _size(passages) <= room:
        return list(passages)
    low, high = _LEAST_TEXT_BYTES, max(_bytes_of(passage.text) for passage in passages)
    while low < high:  # the longest text that fits
        middle = (low + high + 1) // 2
        if _size(_cut_to(passages, middle)) <= room:
            low = middle
        else:
            high = middle - 1
    return _cut_to(passages, low)


def _size(passages: Sequence[Passage]) -> int:
    """Return the size of passages in bytes, as text or as JSON, whichever is larger."""
    lines = passages_lines(passages)
    values = json.dumps([passage_json(passage) for passage in passages], ensure_ascii=False)
    return max(_bytes_of("\n".join(lines)) + 1, _bytes_of(values))


def _bytes_of(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _cut_to(passages: Sequence[Passage], most: int) -> list[Passage]:
    return [_cut(passage, 2 * most if not i else most) for i, passage in enumerate(passages)]


def _cut(passage: Passage, most: int) -> Passage:
    """Return a passage with its text cut at a word, to a number of bytes."""
    content = passage.text.encode("utf-8", "replace")
    if len(content) <= most:
        return passage
    kept = content[:most].decode("utf-8", "ignore")
    at_word = kept.rpartition(" ")[0]
    kept = at_word if len(at_word) > len(kept) // 2 else kept
    return passage._replace(text=kept.rstrip() + " …", cut=True)


# --- notes --------------------------------------------------------------------------------------


def note_text(found: NoteText, *, budget: int | None = None) -> str:
    """Return lines of a note as text, with their links and the notes that link here.

    :param found: the lines.
    :param budget: token limit of the lines; the place of the rest is printed.
    """
    shown, more = _cut_note(found, budget)
    place = f"{shown.info.note_id}:{shown.line_start}-{shown.line_end}"
    head = f"{exact_in_line(place)} of {shown.lines} lines"
    parts = [f"{head}  {in_line(shown.info.title)}", safe(shown.text)]
    parts += [f"continues: read {exact_in_line(more)}"] if more else []
    parts += ["the note was changed since it was indexed"] if shown.changed else []
    parts += [
        f"-> {in_line(one.text)}: {exact_in_line(one.to or one.target)}" for one in shown.links
    ]
    parts += [f"<- {place}" for place in _backlinks(shown)]
    return "\n".join(parts)


def note_json(found: NoteText, *, budget: int | None = None) -> dict[str, Any]:
    """Return lines of a note as JSON, in the shape of ``docs/schemas/note.schema.json``.

    :param found: the lines.
    :param budget: token limit of the lines; the place of the rest is printed.
    """
    shown, more = _cut_note(found, budget)
    values: dict[str, Any] = {
        "note": exact_in_line(shown.info.note_id),
        "title": shown.info.title,
        "date": shown.info.date,
        "tags": list(shown.info.tags),
        "line_start": shown.line_start,
        "line_end": shown.line_end,
        "lines": shown.lines,
        "text": sendable(shown.text),
        "links": [
            {
                "line": one.line,
                "text": sendable(one.text),
                "to": exact_in_line(one.to or one.target),
            }
            | ({} if one.ok else {"ok": False})
            for one in shown.links
        ],
        "backlinks": _backlinks(shown),
        "changed": shown.changed,
    }
    return values | ({"more": exact_in_line(more)} if more else {})


def _cut_note(found: NoteText, budget: int | None) -> tuple[NoteText, str]:
    """Return the lines that fit into a budget (at least one), and the place of the rest."""
    if budget is None:
        return found, ""
    kept: list[str] = []
    spent = 0
    for line in found.text.split("\n"):
        spent += estimate_tokens(line)
        if kept and spent > budget:
            last = found.line_start + len(kept) - 1
            links = tuple(one for one in found.links if one.line <= last)
            shown = found._replace(text="\n".join(kept), line_end=last, links=links)
            return shown, f"{found.info.note_id}:{last + 1}-{found.line_end}"
        kept.append(line)
    return found, ""


def _backlinks(found: NoteText) -> list[str]:
    places = dict.fromkeys(f"{one.note_id}:{one.line}" for one in found.backlinks)
    return [exact_in_line(place) for place in list(places)[:_MAX_BACKLINKS]]


def read_schema(name: str) -> dict[str, Any]:
    """Return a JSON Schema of the output of this program.

    :param name: "query", "compact", "note", "links" or another file of ``docs/schemas``.
    """
    package = Path(__file__).parent
    for folder in (package / "schemas", package.parent / "docs" / "schemas"):
        path = folder / f"{name}.schema.json"
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return found
    raise IndexerError(f"the schema {name} is not installed", "install Notepoint again")

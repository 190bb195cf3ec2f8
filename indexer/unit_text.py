"""Format answers as points, lists, sections and notes for a terminal.

Of a long unit, only its lead-in, the hits and their neighbours are shown. Much weaker answers
become one line. Notes are not trusted, see ``render.safe``.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from indexer.explanation_text import explanation_lines, verdict_lines
from indexer.records import Answer, Hit, Place, Unit, UnitPoint, Verdict
from indexer.render import (
    exact_in_line,
    hit_lines,
    in_line,
    link_lines,
    marked,
    path_of,
    place_name,
    safe,
    summary_line,
)

_MOST_LINES = 12
_MAX_CHARS = 160
_MATCH, _OTHER = "  > ", "    "


def answer_text(answer: Answer, *, full: bool = False) -> str:
    """Return an answer for a terminal; ``click.echo`` drops the styles for a file or pipe.

    :param answer: the answer to a question.
    :param full: show every line of every unit, and much weaker answers.
    """
    lines = [click.style(in_line(notice), fg="yellow") for notice in answer.notices]
    if not answer.hits:
        return "\n".join([*lines, "nothing found"])
    lines += _reading_lines(answer)
    if not answer.answered:
        lines += [
            click.style("not answered in your notes; close, but not an answer:", fg="yellow"),
            click.style(f"nearest topics: {'; '.join(map(in_line, answer.topics()))}", fg="yellow"),
            "",
        ]
    if answer.verdict is Verdict.MAYBE:
        lines += [click.style("close, check whether it answers:", fg="yellow"), ""]
    weaker = 0 if full else sum(unit.weaker for unit in answer.units)
    for unit in answer.units:
        if full or not unit.weaker:
            lines += [*unit_lines(unit, answer.hits, full=full), ""]
    if weaker:
        lines += [click.style(f"{counted(weaker, 'weaker match')}: --full", dim=True), ""]
    if answer.related_notes:
        lines.append(click.style("see also", dim=True))
        lines += [
            f"  {in_line(note.title)} ({in_line(note.why)}): {exact_in_line(note.note_id)}"
            for note in answer.related_notes
        ]
        lines.append("")
    lines.append(click.style(summary_line(answer), dim=True))
    if answer.explanation is not None:
        why = verdict_lines(answer, answer.explanation)
        lines += ["", *(click.style(in_line(line), dim=True) for line in why)]
    return "\n".join(lines)


def _reading_lines(answer: Answer) -> list[str]:
    """Return what was read into a question: corrected words, and phrases for acronyms."""
    corrected = [(word, read) for word, read in answer.reads if " " not in read]
    lines = [f"{safe(word)} is read as {safe(read)}" for word, read in answer.reads if " " in read]
    if not corrected:
        return lines
    reads = ", ".join(safe(read) for _, read in corrected)
    return [*lines, f"Showing results for {reads}; search instead for: {safe(answer.as_typed())}"]


def unit_lines(unit: Unit, hits: tuple[Hit, ...], *, full: bool = False) -> list[str]:
    """Return a unit for a terminal: its place and its points.

    :param unit: of an answer.
    :param hits: of the answer.
    :param full: show every point; otherwise a long unit is cut to a dozen lines.
    """
    inside = {hit.point_id: hit for hit in hits}
    if len(unit.points) == 1 and unit.points[0].point_id in inside:
        hit = inside[unit.points[0].point_id]._replace(rank=unit.rank)
        return [*hit_lines(hit), *_similar_lines(unit)]
    lines = []
    for number, place in enumerate(unit.places):
        rank = f"{unit.rank:>2}  " if number == 0 else "    "
        if number == 0 and len(unit.places) > 1:
            notes = len({one.note_id for one in unit.places})
            points = counted(len(unit.points), "point")
            lines.append(f"{rank}{points} in {counted(notes, 'note')}")
            rank = "    "
        lines.append(rank + _place_line(place))
        lines += _point_lines(place, inside, full=full)
    return [*lines, *_similar_lines(unit), *_why_lines(unit, inside)]


def _why_lines(unit: Unit, hits: dict[int, Hit]) -> list[str]:
    """Return why the hits of a larger unit were found, if that is explained."""
    lines = []
    for point in unit.points:
        hit = hits.get(point.point_id)
        for line in explanation_lines(hit.explanation) if hit and hit.explanation else ():
            lines.append(click.style(f"    line {point.line_start}: {safe(line)}", dim=True))
    return lines


def counted(count: int, name: str) -> str:
    """Return a number with a noun: "1 point", "5 points", "2 matches"."""
    plural = "es" if name.endswith("ch") else "s"
    return f"{count:,} {name}{'' if count == 1 else plural}"


def _place_line(place: Place) -> str:
    head = click.style(" > ".join(map(in_line, path_of(place))), fg="cyan")
    if len(place.points) == 1:
        return f"{head}  " + click.style(exact_in_line(place_name(place)), dim=True)
    matched = sum(point.matched for point in place.points)
    size = counted(len(place.points), "point")
    found = f", {matched} match" + ("es" if matched == 1 else "")
    return f"{head}  {size}{found}  " + click.style(exact_in_line(place_name(place)), dim=True)


def _point_lines(place: Place, hits: dict[int, Hit], *, full: bool) -> list[str]:
    shown = set(range(len(place.points))) if full else _shown(place)
    least = min(point.depth for point in place.points)
    above = len(place.heading_path)
    path = place.heading_path
    lines = []
    last = -1
    for position in sorted(shown):
        point = place.points[position]
        if position > last + 1:
            lines.append(click.style(f"{_OTHER}...", dim=True))
        if point.heading_path != path:
            path = point.heading_path
            if path[above:]:
                names = " > ".join(map(in_line, path[above:]))
                lines.append(_OTHER + click.style(names, fg="cyan"))
        lines += _one_point(point, point.depth - least, hits.get(point.point_id), full=full)
        last = position
    hidden = len(place.points) - len(shown)
    if hidden:
        lines.append(click.style(f"{_OTHER}{counted(hidden, 'more point')}: --full", dim=True))
    return lines


def _one_point(point: UnitPoint, depth: int, hit: Hit | None, *, full: bool) -> list[str]:
    indent = "  " * depth
    text = " ".join(point.text.split())
    if not full and len(text) > _MAX_CHARS:
        text = text[: _MAX_CHARS - 1].rstrip() + "…"
    if not point.matched:
        return [_OTHER + indent + click.style(safe(text), dim=True)]
    if hit is None or full:
        return [_MATCH + indent + safe(text)]
    shown = marked(hit).split("\n")
    lines = [_MATCH + indent + shown[0], *(_OTHER + indent + line for line in shown[1:])]
    return [*lines, *(f"{indent}  {line}" for line in link_lines(hit))]


def _shown(place: Place) -> set[int]:
    """Return the points of a long unit to show: the first, the hits, and their neighbours."""
    count = len(place.points)
    if count <= _MOST_LINES:
        return set(range(count))
    shown: set[int] = set()
    for position in _by_worth(place):
        if len(shown) == _MOST_LINES:
            break
        if 0 <= position < count:
            shown.add(position)
    return shown


def _by_worth(place: Place) -> Iterator[int]:
    matches = [position for position, point in enumerate(place.points) if point.matched]
    yield 0
    yield from matches
    for position in matches:
        yield from (position + 1, position - 1)
    yield from range(len(place.points))


def _similar_lines(unit: Unit) -> list[str]:
    if not unit.similar:
        return []
    return [click.style(f"    and {unit.similar} more like it", dim=True)]

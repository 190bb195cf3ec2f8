"""Export answers as files for other tools."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator

from indexer.records import Answer, Hit, Link, UnitKind
from indexer.render import answer_json, to_json
from indexer.render_markdown import answer_markdown
from indexer.web.presenters import plain

_COLUMNS = (
    *("rank", "title", "headings", "point", "note", "line", "date", "tags", "links", "url"),
    *("unit", "matched"),
)
# Characters that file systems do not allow in a name.
_NO_NAME = re.compile(r"[^\w.\- ]+")
_MAX_NAME_CHARS = 80
# The start of a formula in a spreadsheet. Some spreadsheets drop blanks and invisible characters
# before it, or accept full-width signs.
_FORMULA = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")


def to_markdown(answer: Answer) -> str:
    """Return the points as Markdown quotes, each with its source and links."""
    return answer_markdown(answer).encode("utf-8", "replace").decode("utf-8")


def to_json_text(answer: Answer) -> str:
    """Return the answer in the shape of ``query --json``."""
    return to_json(answer_json(answer))


def to_csv(answer: Answer) -> str:
    """Return what is shown as a CSV table: one row for each point, ranked by its unit."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(_COLUMNS)
    for values in _unit_rows(answer) if answer.units else map(_hit_row, answer.hits):
        rows.writerow([_cell(value) for value in values])
    return file.getvalue().encode("utf-8", "replace").decode("utf-8")


def _hit_row(hit: Hit) -> tuple[object, ...]:
    return (
        hit.rank,
        hit.title,
        " > ".join(hit.heading_path),
        hit.text,
        hit.note_id,
        hit.line_start,
        hit.date or "",
        " ".join(hit.tags),
        " ".join(map(_address, hit.links)),
        hit.url or "",
        UnitKind.POINT.value,
        "yes",
    )


def _unit_rows(answer: Answer) -> Iterator[tuple[object, ...]]:
    """Yield a row for each point of each unit; only hits have links."""
    by_point = {hit.point_id: hit for hit in answer.hits}
    by_note = {hit.note_id: hit for hit in reversed(answer.hits)}
    for unit in answer.units:
        for place in unit.places:
            of_note = by_note.get(place.note_id)
            for point in place.points:
                hit = by_point.get(point.point_id)
                yield (
                    unit.rank,
                    place.title,
                    " > ".join(point.heading_path),
                    point.text,
                    place.note_id,
                    point.line_start,
                    place.date or "",
                    " ".join(of_note.tags if of_note else ()),
                    " ".join(map(_address, hit.links)) if hit else "",
                    of_note.url or "" if of_note else "",
                    place.kind.value,
                    "yes" if point.matched else "",
                )


_KINDS: dict[str, tuple[str, Callable[[Answer], str]]] = {
    "md": ("text/markdown", to_markdown),
    "json": ("application/json", to_json_text),
    "csv": ("text/csv", to_csv),
}


def file_of(answer: Answer, wanted: tuple[str, int]) -> dict[str, str | int] | None:
    """Return an answer as a file for the browser to save, None for an unknown kind.

    :param answer: to be saved.
    :param wanted: the kind ("md", "json", "csv") and the time of the request, which is saved once.
    """
    kind, at = wanted
    if kind not in _KINDS:
        return None
    mime, write = _KINDS[kind]
    name = _NO_NAME.sub("-", answer.question.strip()).strip("-. ")[:_MAX_NAME_CHARS]
    return {
        "name": f"{name or 'notepoint'}.{kind}",
        "mime": mime,
        "text": plain(write(answer)),
        "at": at,
    }


def _address(link: Link) -> str:
    return link.to or link.target


def _cell(value: object) -> object:
    """Return a value that no spreadsheet reads as a formula."""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value

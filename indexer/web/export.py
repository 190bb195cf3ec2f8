"""Export answers as files for other tools."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from indexer.records import Answer, Link
from indexer.render import answer_json, to_json
from indexer.render_markdown import answer_markdown

_COLUMNS = ("rank", "title", "headings", "point", "note", "line", "date", "tags", "links", "url")
# Characters that file systems do not allow in a name.
_NO_NAME = re.compile(r"[^\w.\- ]+")
_MAX_NAME_CHARS = 80
# A spreadsheet reads a cell with this first character as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_markdown(answer: Answer) -> str:
    """Return the points as Markdown quotes, each with its source and links."""
    return answer_markdown(answer).encode("utf-8", "replace").decode("utf-8")


def to_json_text(answer: Answer) -> str:
    """Return the answer in the shape of ``query --json``."""
    return to_json(answer_json(answer))


def to_csv(answer: Answer) -> str:
    """Return the points as a CSV table, one row each."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(_COLUMNS)
    for hit in answer.hits:
        links = " ".join(_address(link) for link in hit.links)
        values = (
            hit.rank,
            hit.title,
            " > ".join(hit.heading_path),
            hit.text,
            hit.note_id,
            hit.line_start,
            hit.date or "",
            " ".join(hit.tags),
            links,
            hit.url or "",
        )
        rows.writerow([_cell(value) for value in values])
    return file.getvalue().encode("utf-8", "replace").decode("utf-8")


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
    return {"name": f"{name or 'notepoint'}.{kind}", "mime": mime, "text": write(answer), "at": at}


def _address(link: Link) -> str:
    return link.to or link.target


def _cell(value: object) -> object:
    """Return a value that no spreadsheet reads as a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value

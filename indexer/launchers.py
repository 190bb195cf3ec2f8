"""Answers in the formats of launchers, fuzzy finders and editors.

``alfred`` is the JSON of Alfred's Script Filters, ``raycast`` a list with the properties of
Raycast's ``List.Item``. ``vimgrep`` prints the lines of ``grep --vimgrep``, and ``fzf`` prints
place and text in columns separated by tabs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from indexer.gathered import folder_inside
from indexer.records import Answer, Hit
from indexer.render import exact_in_line, safe, to_json

_MAX_LINE_CHARS = 400


def alfred(answer: Answer, root: Path) -> str:
    """Return the JSON of a Script Filter; the value of an item is "path:line".

    :param answer: the answer to a question.
    :param root: the notes folder.
    """
    items: list[dict[str, Any]] = [
        {
            "uid": f"{hit.note_id}:{hit.line_start}",
            "title": _one_line(hit.snippet),
            "subtitle": _above(hit),
            "arg": f"{_file(root, hit)}:{hit.line_start}",
            "text": {"copy": hit.text, "largetype": hit.text},
            "quicklookurl": _file(root, hit),
        }
        for hit in answer.hits
    ]
    if not answer.answered:
        items.insert(0, {"title": _unanswered(answer), "valid": False})
    return to_json({"items": items})


def raycast(answer: Answer, root: Path) -> str:
    """Return a list of items for a Raycast extension, with the file and the line of each.

    :param answer: the answer to a question.
    :param root: the notes folder.
    """
    items: list[dict[str, Any]] = [
        {
            "id": f"{hit.note_id}:{hit.line_start}",
            "title": _one_line(hit.snippet),
            "subtitle": _above(hit),
            "accessories": [{"text": hit.date}] if hit.date else [],
            "path": _file(root, hit),
            "line": hit.line_start,
            "text": hit.text,
        }
        for hit in answer.hits
    ]
    return to_json(
        {
            "answered": answer.answered,
            "message": "" if answer.answered else _unanswered(answer),
            "items": items,
        }
    )


def vimgrep(answer: Answer, root: Path) -> str:
    """Return one line per hit: path, line, column and text, separated by colons.

    :param answer: the answer to a question.
    :param root: the notes folder.
    """
    return "\n".join(
        f"{_path(root, hit)}:{hit.line_start}:1:{_one_line(hit.snippet)}" for hit in answer.hits
    )


def fzf(answer: Answer, root: Path) -> str:
    """Return one line per hit: path, line, headings and text, separated by tabs.

    :param answer: the answer to a question.
    :param root: the notes folder.
    """
    return "\n".join(
        "\t".join((_path(root, hit), str(hit.line_start), _above(hit), _one_line(hit.snippet)))
        for hit in answer.hits
    )


FORMATS: dict[str, Callable[[Answer, Path], str]] = {
    "alfred": alfred,
    "fzf": fzf,
    "raycast": raycast,
    "vimgrep": vimgrep,
}


def _file(root: Path, hit: Hit) -> str:
    """Return the path of a hit's file, in its own folder if several are combined."""
    return os.path.join(*folder_inside(root, hit.note_id))


def _path(root: Path, hit: Hit) -> str:
    """Return the path of a hit's file, relative if it is below the working directory."""
    path = Path(_file(root, hit))
    try:
        return exact_in_line(os.fspath(path.relative_to(Path.cwd())))
    except ValueError:
        return exact_in_line(os.fspath(path))


def _above(hit: Hit) -> str:
    headings: Sequence[str] = [h for h in hit.heading_path if h.casefold() != hit.title.casefold()]
    return _one_line(" > ".join((hit.title, *headings)))


def _unanswered(answer: Answer) -> str:
    if not answer.hits:
        return "Nothing found"
    return "Not answered in your notes; the nearest points follow"


def _one_line(text: str) -> str:
    return " ".join(safe(text).split())[:_MAX_LINE_CHARS]

"""The tools of an agent: their arguments, results and functions.

All tools only read. An unknown argument is an error, so a misspelt filter is never ignored.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from indexer.compact import (
    compact,
    compact_json,
    compact_text,
    note_json,
    note_text,
    points_for,
    read_schema,
    similar_json,
    similar_text,
)
from indexer.errors import IndexerError, QueryError
from indexer.records import NoteFilter
from indexer.service import Request, Service

DEFAULT_K = 5
READ_BUDGET = 2_000
_MAX_MESSAGE_CHARS = 300


class Reply(NamedTuple):
    """The result of a tool: text for a reader, data for a program, and metadata."""

    text: str
    values: dict[str, Any]
    meta: dict[str, Any]


class Tool(NamedTuple):
    """A tool: its name, description, schemas and function."""

    name: str
    title: str
    description: str
    takes: dict[str, Any]
    gives: dict[str, Any]
    run: Callable[[Request, Mapping[str, Any]], tuple[str, dict[str, Any]]]


def call(service: Service, name: str, arguments: Mapping[str, Any]) -> Reply:
    """Run a tool.

    :param service: gives access to the notes.
    :param name: of the tool.
    :param arguments: as the client sent them.
    :raises QueryError: if the tool or an argument is unknown or wrong.
    :raises IndexerError: if the notes cannot be read.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise QueryError(f"there is no tool {name[:50]!r}", f"call one of {', '.join(TOOLS)}")
    _check(tool, arguments)
    with service.request() as request:
        text, values = tool.run(request, arguments)
        return Reply(text, values, {"notepoint/index": _index_state(request, service)})


def _index_state(request: Request, service: Service) -> dict[str, Any]:
    header = request.snapshot.header()
    return {
        "generation": header.generation,
        "notes": header.notes,
        "points": header.points,
        "stale": request.snapshot.is_stale(),
        "model": service.state.model.value,
    }


def _check(tool: Tool, arguments: Mapping[str, Any]) -> None:
    for error in Draft202012Validator(tool.takes).iter_errors(dict(arguments)):
        place = ".".join(map(str, error.absolute_path))
        message = error.message if len(error.message) <= _MAX_MESSAGE_CHARS else error.validator
        where = f"{place}: " if place else ""
        raise QueryError(
            f"{tool.name} does not take this: {where}{message}",
            f"its arguments are {', '.join(tool.takes['properties'])}",
        )


# --- functions ----------------------------------------------------------------------------------


def _ask(request: Request, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    budget = given.get("budget")
    where = NoteFilter(
        tags=tuple(given.get("tags", ())),
        categories=tuple(given.get("categories", ())),
        folders=tuple(given.get("folders", ())),
        notes=tuple(given.get("notes", ())),
        since=_day(given, "since"),
        until=_day(given, "until"),
    )
    k = points_for(budget, given.get("k"), DEFAULT_K)
    answer = request.ask(given["question"], k, where=where, budget=budget)
    found = compact(answer, budget=budget, links=given.get("links", False))
    text = compact_text(found)
    if not request.by_meaning:
        text += "\n\nby words alone: the model is not loaded yet, ask again for more"
    return text, compact_json(found)


def _day(given: Mapping[str, Any], name: str) -> datetime.date | None:
    if name not in given:
        return None
    try:
        return datetime.date.fromisoformat(given[name])
    except ValueError:
        raise QueryError(
            f"{name} is not a date: {given[name]!r}", "write it as 2024-03-01"
        ) from None


def _read(request: Request, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    found, budget = request.read_lines(given["place"]), given.get("budget", READ_BUDGET)
    return note_text(found, budget=budget), note_json(found, budget=budget)


def _similar(request: Request, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    place, links = given["place"], given.get("links", False)
    hits = request.near(place, given.get("k", DEFAULT_K))
    return similar_text(place, hits, links=links), similar_json(place, hits, links=links)


# --- schemas ------------------------------------------------------------------------------------


def _takes(required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [required],
        "additionalProperties": False,
    }


def _texts(description: str) -> dict[str, Any]:
    item = {"type": "string", "minLength": 1, "maxLength": 500}
    return {"type": "array", "items": item, "maxItems": 50, "description": description}


def _gives(name: str) -> dict[str, Any]:
    """Return the schema of a reply without its descriptions, which would cost clients tokens."""

    def bare(value: Any) -> Any:
        if isinstance(value, list):
            return [bare(one) for one in value]
        if not isinstance(value, dict):
            return value
        left_out = ("$schema", "title", "description")
        return {
            key: bare(one)
            for key, one in value.items()
            if key not in left_out or isinstance(one, dict)  # a property can have this name
        }

    found: dict[str, Any] = bare(read_schema(name))
    return found


_PLACE = {"type": "string", "minLength": 1, "maxLength": 2_000}
_K = {"type": "integer", "minimum": 1, "maximum": 50, "description": "how many at most (5)"}
_BUDGET = {"type": "integer", "minimum": 50, "maximum": 50_000}
_LINKS = {"type": "boolean", "description": "true to get the links of each passage"}
_DAY = {"type": "string", "description": "a day, as 2024-03-01", "maxLength": 10}

TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            name="ask",
            title="Ask the notes",
            description="Answers a question with the passages of the user's own notes that "
            "answer it, word for "
            "word, each with note:lines and the headings above it. Ask in a whole sentence. If "
            "`answered` is false the notes hold no answer: say so, do not make one up; the nearest "
            "passages and topics are there to ask again in other words.",
            takes=_takes(
                "question",
                question={
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 10_000,
                    "description": "in plain words, any language",
                },
                k=_K,
                budget=_BUDGET
                | {"description": "most tokens to spend: whole passages, best first"},
                tags=_texts("only notes with one of these tags"),
                categories=_texts("only notes of one of these categories"),
                folders=_texts("only notes below one of these folders"),
                notes=_texts("only these notes"),
                since=_DAY,
                until=_DAY,
                links=_LINKS,
            ),
            gives=_gives("compact"),
            run=_ask,
        ),
        Tool(
            name="read",
            title="Read a note",
            description="Returns lines of a note as its file is now, with their links and the "
            "notes that link "
            "here. Takes the place that `ask` gives.",
            takes=_takes(
                "place",
                place=_PLACE | {"description": "note, note:line, note:first-last or note:first-"},
                budget=_BUDGET | {"description": "most tokens to spend (2,000)"},
            ),
            gives=_gives("note"),
            run=_read,
        ),
        Tool(
            name="similar",
            title="Find similar passages",
            description="Returns the passages of other notes nearest in meaning to a place, "
            "without those the "
            "note links to already.",
            takes=_takes(
                "place",
                place=_PLACE | {"description": "note, note:line or note:first-last"},
                k=_K,
                links=_LINKS,
            ),
            gives=_gives("similar"),
            run=_similar,
        ),
    )
}

__all__ = ["TOOLS", "IndexerError", "Reply", "Tool", "call"]

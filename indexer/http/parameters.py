"""Query parameters of the HTTP service; an unknown one, such as a misspelt filter, is an error."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from indexer.errors import QueryError
from indexer.records import Mode, NoteFilter


class Kind(NamedTuple):
    """How to read a parameter; ``many`` allows repeats, ``schema`` describes one value."""

    schema: dict[str, Any]
    description: str
    many: bool = False


_TEXT = {"type": "string"}
_DAY = {"type": "string", "format": "date"}
_YES = {"type": "boolean"}

ASK = {
    "q": Kind(_TEXT, "the question, in plain words"),
    "k": Kind({"type": "integer", "minimum": 1, "maximum": 100}, "the most answers to return"),
    "mode": Kind(
        {"type": "string", "enum": [mode.value for mode in Mode]}, "by words, by meaning, or both"
    ),
    "tag": Kind(_TEXT, "only notes with this tag", many=True),
    "category": Kind(_TEXT, "only notes in this category", many=True),
    "folder": Kind(_TEXT, "only notes in this folder or below it", many=True),
    "note": Kind(_TEXT, "only this note", many=True),
    "since": Kind(_DAY, "only notes dated this day or later"),
    "until": Kind(_DAY, "only notes dated this day or earlier"),
    "more": Kind(_TEXT, "prefer hits like this place (note:line)", many=True),
    "less": Kind(_TEXT, "prefer hits unlike this place", many=True),
    "format": Kind({"type": "string", "enum": ["json", "compact"]}, "the amount of detail"),
    "budget": Kind(
        {"type": "integer", "minimum": 50, "maximum": 50_000},
        "token limit, filled with whole answers; implies format=compact",
    ),
    "links": Kind(_YES, "include links in the compact format"),
}
NOTE = {
    "lines": Kind(_TEXT, "first-last, such as 14-20; without it, all lines"),
    "budget": ASK["budget"]._replace(description="token limit of the lines"),
}
SIMILAR = {
    "place": Kind(_TEXT, "note, note:line or note:first-last"),
    "k": ASK["k"],
    "format": ASK["format"],
    "links": ASK["links"],
}
LINKS = {
    "note": Kind(_TEXT, "only the links of this note"),
    "broken": Kind(_YES, "only links that lead nowhere or need a fix"),
}
_MOST_REPEATS = 50
_WORDS_OF_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def read_parameters(given: Sequence[tuple[str, str]], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return the values of parameters by name; repeatable ones are tuples.

    :param given: names and values from the URL.
    :param kinds: the allowed parameters.
    :raises QueryError: if a parameter is unknown, repeated or has a wrong value.
    """
    found: dict[str, Any] = {}
    for name, text in given:
        kind = kinds.get(name)
        if kind is None:
            raise QueryError(
                f"there is no parameter {name[:50]!r}", f"the parameters are {', '.join(kinds)}"
            )
        value = _value_of(name, text, kind.schema)
        if kind.many:
            found[name] = (*found.get(name, ()), value)
            if len(found[name]) > _MOST_REPEATS:
                raise QueryError(
                    f"{name} is given more than {_MOST_REPEATS} times", "give it less often"
                )
        elif name in found:
            raise QueryError(f"{name} is given twice", "give it once")
        else:
            found[name] = value
    return found


def _value_of(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    shown = text[:50]
    if schema["type"] == "boolean":
        if text.lower() not in _WORDS_OF_TRUTH:
            raise QueryError(f"{name} is not true or false: {shown!r}", f"write {name}=true")
        return _WORDS_OF_TRUTH[text.lower()]
    if schema["type"] == "integer":
        least, most = schema["minimum"], schema["maximum"]
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
        if not least <= number <= most:
            raise QueryError(
                f"{name} is not a number from {least} to {most:,}: {shown!r}",
                f"write {name}={least}",
            )
        return number
    if schema.get("format") == "date":
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise QueryError(f"{name} is not a date: {shown!r}", "write it as 2024-03-01") from None
    if text not in schema.get("enum", (text,)):
        allowed = " or ".join(schema["enum"])
        raise QueryError(f"{name} is not {allowed}: {shown!r}", f"write {name}={schema['enum'][0]}")
    return text


def filter_of(found: Mapping[str, Any]) -> NoteFilter:
    """Return the filter of the notes that may answer.

    :param found: from ``read_parameters`` for ``ASK``.
    """
    return NoteFilter(
        tags=found.get("tag", ()),
        categories=found.get("category", ()),
        folders=found.get("folder", ()),
        notes=found.get("note", ()),
        since=found.get("since"),
        until=found.get("until"),
    )

"""Query parameters of the HTTP service: read strictly, so that a misspelt filter is an error."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from indexer.errors import QueryError
from indexer.records import Mode, NoteFilter


class Kind(NamedTuple):
    """How a parameter is read; ``many`` lets it be repeated, ``schema`` describes one value."""

    schema: dict[str, Any]
    description: str
    many: bool = False


_TEXT = {"type": "string"}
_DAY = {"type": "string", "format": "date"}
_YES = {"type": "boolean"}

ASK = {
    "q": Kind(_TEXT, "the question, in plain words"),
    "k": Kind({"type": "integer", "minimum": 1, "maximum": 100}, "how many answers at most"),
    "mode": Kind(
        {"type": "string", "enum": [mode.value for mode in Mode]}, "by words, by meaning, or both"
    ),
    "tag": Kind(_TEXT, "only notes with this tag", many=True),
    "category": Kind(_TEXT, "only notes of this category", many=True),
    "folder": Kind(_TEXT, "only notes below this folder", many=True),
    "note": Kind(_TEXT, "only this note", many=True),
    "since": Kind(_DAY, "only notes of this day or later"),
    "until": Kind(_DAY, "only notes of this day or before"),
    "more": Kind(_TEXT, "a place (note:line) to lean towards", many=True),
    "less": Kind(_TEXT, "a place to lean away from", many=True),
    "format": Kind({"type": "string", "enum": ["json", "compact"]}, "how much is returned"),
    "budget": Kind(
        {"type": "integer", "minimum": 50, "maximum": 50_000},
        "most tokens, filled with whole answers; implies format=compact",
    ),
    "links": Kind(_YES, "links in the compact format"),
}
NOTE = {
    "lines": Kind(_TEXT, "first-last, as 14-20; all lines without it"),
    "budget": ASK["budget"]._replace(description="most tokens of the lines"),
}
SIMILAR = {
    "place": Kind(_TEXT, "note or note:line"),
    "k": ASK["k"],
    "format": ASK["format"],
    "links": ASK["links"],
}
LINKS = {
    "note": Kind(_TEXT, "only the links of this note"),
    "broken": Kind(_YES, "only links that lead nowhere or have a fix"),
}
_WORDS_OF_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def read_parameters(given: Sequence[tuple[str, str]], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return the values of parameters by name; those that may be repeated are tuples.

    :param given: names and values, as in the address.
    :param kinds: what is allowed.
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
                f"{name} is no number from {least} to {most:,}: {shown!r}", f"write {name}={least}"
            )
        return number
    if schema.get("format") == "date":
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise QueryError(f"{name} is no date: {shown!r}", "write it as 2024-03-01") from None
    if text not in schema.get("enum", (text,)):
        allowed = " or ".join(schema["enum"])
        raise QueryError(f"{name} is not {allowed}: {shown!r}", f"write {name}={schema['enum'][0]}")
    return text


def filter_of(found: Mapping[str, Any]) -> NoteFilter:
    """Return which notes may answer.

    :param found: as ``read_parameters`` returns it for ``ASK``.
    """
    return NoteFilter(
        tags=found.get("tag", ()),
        categories=found.get("category", ()),
        folders=found.get("folder", ()),
        notes=found.get("note", ()),
        since=found.get("since"),
        until=found.get("until"),
    )

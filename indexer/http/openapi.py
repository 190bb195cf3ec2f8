"""Build the OpenAPI document of the HTTP service from its parameters and schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from indexer.compact import read_schema
from indexer.http.parameters import ASK, LINKS, NOTE, SIMILAR, Kind

_NAMES = ("query", "compact", "note", "similar", "links", "status")
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"message": {"type": "string"}, "hint": {"type": "string"}},
            "required": ["message", "hint"],
        }
    },
    "required": ["error"],
}


def describe(version: str, root: str = "") -> dict[str, Any]:
    """Return the document.

    :param version: of this program.
    :param root: path where the service is mounted.
    """
    schemas = {
        name: {key: value for key, value in read_schema(name).items() if key != "$schema"}
        for name in _NAMES
    }
    similar = {
        "type": "object",
        "properties": {"place": {"type": "string"}, "hits": {"type": "array"}},
        "required": ["place", "hits"],
    }
    note_id = {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "path of the note, relative to the notes folder",
        "schema": {"type": "string"},
    }
    paths = {
        "/ask": _path("Answer a question", ASK, ("query", "compact"), required=("q",)),
        "/notes/{id}": _path("Return lines of the current file of a note", NOTE, ("note",)),
        "/similar": _path(
            "Return points near a place", SIMILAR, ("similar_full", "similar"), required=("place",)
        ),
        "/links": _path("Return links", LINKS, ("links",)),
        "/status": _path("Return what is indexed", {}, ("status",)),
        "/events": {
            "get": {
                "summary": "Stream an event after each update of the index (text/event-stream)",
                "responses": {
                    "200": {"description": "events", "content": {"text/event-stream": {}}}
                },
            }
        },
    }
    paths["/notes/{id}"]["get"]["parameters"].insert(0, note_id)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Notepoint",
            "version": version,
            "description": "Answers questions with passages from a folder of notes.",
        },
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas | {"similar_full": similar, "error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _path(
    summary: str,
    kinds: Mapping[str, Kind],
    schemas: tuple[str, ...],
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
    parameters = [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": kind.description,
            "schema": {"type": "array", "items": kind.schema} if kind.many else kind.schema,
        }
        for name, kind in kinds.items()
    ]
    return {
        "get": {
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "200": _json(refs[0] if len(refs) == 1 else {"oneOf": refs}, "found"),
                "304": {"description": "unchanged since the answer with this ETag"},
                "400": _json({"$ref": "#/components/schemas/error"}, "wrong parameters"),
                "404": _json({"$ref": "#/components/schemas/error"}, "no such note"),
                "503": _json({"$ref": "#/components/schemas/error"}, "no index, or a timeout"),
            },
        }
    }


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}

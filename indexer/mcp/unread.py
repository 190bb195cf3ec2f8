"""Answers to lines that are no message: the library only logs them, and the client would wait."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import mcp_types as types
from pydantic import ValidationError

from indexer.loopback import App, Receive, Send

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

_ID = re.compile(r'"id"\s*:\s*("[^"\\\n]{1,200}"|\d{1,15}(?![\d.eE]))')
_MAX_DIGITS = 300
_NOT_ONE = "this is not one request of JSON-RPC 2.0"


class Sending(Protocol):
    """A stream that takes messages and can be closed."""

    async def send(self, item: Any, /) -> None:
        """Send one message."""

    async def aclose(self) -> None:
        """Close the stream."""


def own_input() -> TextIO:
    """Return standard input as UTF-8 text; programs started from now on read nothing from it."""
    own = os.dup(0)  # not inherited
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # Not closed: a thread may still wait for the next line when the server ends.
    return os.fdopen(own, encoding="utf-8", errors="replace", closefd=False)


class Lines:
    """The lines of a client; one with a wrong id or form is quoted, so that the library refuses it.

    The library (mcp 2.3) takes a request whose id is no string and no whole number for a
    notification, which has no answer.
    """

    def __init__(self, lines: AsyncIterable[str]) -> None:
        """Wrap the lines.

        :param lines: as the client sends them.
        """
        self._lines = lines

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield the lines."""
        async for line in self._lines:
            yield json.dumps(line) if _is_wrong(line) else line


class Checked:
    """An application over HTTP that answers requests with a wrong id or form itself."""

    def __init__(self, app: App, limit: int) -> None:
        """Wrap an application.

        :param app: answers all other requests.
        :param limit: bytes of a request; the application refuses longer ones.
        """
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Read the request, and answer it or pass it on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more and len(body) <= self._limit:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client disconnected
            body += message.get("body", b"")
            more = bool(message.get("more_body"))
        line = body.decode("utf-8", "replace")
        if not more and _is_wrong(line):
            await _answer(send, _error(types.INVALID_REQUEST, _NOT_ONE, line))
            return
        read: list[Any] = [{"type": "http.request", "body": body, "more_body": more}]

        async def replay() -> Any:
            return read.pop() if read else await receive()

        await self._app(scope, replay, send)


async def _answer(send: Send, error: types.JSONRPCError) -> None:
    content = error.model_dump_json(by_alias=True, exclude_unset=True).encode()
    length = str(len(content)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _is_wrong(line: str) -> bool:
    """Return whether a line is a string, or an object that is no message of JSON-RPC 2.0."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False  # the library refuses it
    if not isinstance(found, dict):
        return isinstance(found, str)  # others are refused by the library
    if "result" in found or "error" in found:
        return False
    return not (
        found.get("jsonrpc") == "2.0"
        and isinstance(found.get("method"), str)
        and isinstance(found.get("params", {}), dict | None)
        and ("id" not in found or is_id(found["id"]))
    )


def is_id(value: Any) -> bool:
    """Return whether a value can be the id of a request: a string or a whole number.

    :param value: of the JSON.
    """
    return isinstance(value, str) or type(value) is int


async def refuse_unread(
    incoming: AsyncIterator[SessionMessage | Exception], accepting: Sending, outgoing: Sending
) -> None:
    """Pass messages on, and answer what the library could not read with an error.

    :param incoming: messages, and the errors of lines that are none.
    :param accepting: takes the messages; closed at the end.
    :param outgoing: takes the answers.
    """
    from mcp.shared.message import SessionMessage  # on Windows it needs another library

    try:
        async for item in incoming:
            if isinstance(item, Exception):
                await outgoing.send(SessionMessage(_refusal(item)))
            else:
                await accepting.send(item)
    finally:
        await accepting.aclose()


def _refusal(exc: Exception) -> types.JSONRPCError:
    given: Any = None
    if isinstance(exc, ValidationError):
        given = exc.errors(include_url=False)[0].get("input")
    line = given if isinstance(given, str) else ""
    if not line or _is_wrong(line):
        return _error(types.INVALID_REQUEST, _NOT_ONE, line)
    return _error(types.PARSE_ERROR, "this line is not valid JSON, or too deep", line)


def _error(code: int, message: str, line: str) -> types.JSONRPCError:
    error = types.ErrorData(code=code, message=message)
    return types.JSONRPCError(jsonrpc="2.0", id=id_in(line), error=error)


def id_in(line: str) -> str | int | None:
    """Return the id of a request that cannot be read, None if it is not found.

    :param line: the request as sent.
    """
    try:
        found = json.loads(line, parse_int=lambda digits: int(digits[:_MAX_DIGITS]))
    except (ValueError, RecursionError):
        # In a line without an end the first id can only be that of the request.
        match = _ID.search(line)
        return json.loads(match[1]) if match else None
    number = found.get("id") if isinstance(found, dict) else None
    return number if is_id(number) else None

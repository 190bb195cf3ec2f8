"""Answers to lines that are no message: the library only logs them, and the client would wait."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

import mcp_types as types
from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

_ID = re.compile(r'"id"\s*:\s*("[^"\\\n]{1,200}"|\d{1,15}(?![\d.eE]))')
_MAX_DIGITS = 300


class Sending(Protocol):
    """A stream that takes messages and can be closed."""

    async def send(self, item: Any, /) -> None:
        """Send one message."""

    async def aclose(self) -> None:
        """Close the stream."""


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
    line = ""
    if isinstance(exc, ValidationError):
        given = exc.errors(include_url=False)[0].get("input", "")
        line = given if isinstance(given, str) else ""
    code, message = types.PARSE_ERROR, "this line is not valid JSON, or too deep"
    if not line:
        code, message = types.INVALID_REQUEST, "this line is not one request"
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
    return number if isinstance(number, str) or type(number) is int else None

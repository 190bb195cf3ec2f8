"""The protocol of the library, which here answers every request.

pygls 2.1 only logs a request whose parameters or id have wrong types, one of another version of
JSON-RPC, what is no message, and a request after the shutdown; a client would wait for the answer
forever. It also ends with status 0 when the client leaves without a shutdown.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
)
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

_VERSION = "2.0"


class Protocol(LanguageServerProtocol):
    """Answers requests that the library cannot read or does not accept with an error."""

    exit_status = 0

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        """End the server; without a shutdown before, its status is 1."""
        self.exit_status = 0 if self._shutdown else 1
        yield from super().lsp_exit(*args)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return a message as an object.

        :param data: the message.
        :raises JsonRpcException: if its parameters are wrong; a request is answered with it.
        """
        if "jsonrpc" in data and "method" in data and "id" in data and not _is_id(data["id"]):
            wrong = JsonRpcInvalidRequest("the id of a request is a string or a whole number")
            self._refuse(None, wrong)
            raise wrong
        try:
            return super().structure_message(data)
        except JsonRpcException as exc:
            if "method" in data and "id" in data:
                self._refuse(data["id"], exc)
            raise

    def handle_message(self, message: Any) -> None:
        """Handle a message; refuse what is none, and requests after the shutdown.

        :param message: from the client.
        """
        if getattr(message, "jsonrpc", None) != _VERSION:
            number = _id_of(message)
            self._refuse(number, JsonRpcInvalidRequest("this is no message of JSON-RPC 2.0"))
            return
        if self._shutdown and hasattr(message, "id") and hasattr(message, "method"):
            self._refuse(message.id, JsonRpcInvalidRequest("the server is shutting down"))
        super().handle_message(message)

    def refuse_unread(self, exc: Exception) -> None:
        """Answer a body that is not JSON.

        :param exc: what went wrong; nothing happens if it is another error.
        """
        if isinstance(exc, (json.JSONDecodeError, UnicodeDecodeError, RecursionError)):
            self._refuse(None, JsonRpcParseError("the body is not valid JSON, or too deep"))

    def _refuse(self, number: int | str | None, exc: JsonRpcException) -> None:
        self._send_data(
            {"jsonrpc": _VERSION, "id": number, "error": exc.to_response_error()},
        )


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or type(value) is int


def _id_of(message: Any) -> int | str | None:
    number = message.get("id") if isinstance(message, dict) else getattr(message, "id", None)
    return number if _is_id(number) else None

"""The protocol of the library, which here answers every request.

pygls 2.1 only logs a request whose parameters have wrong types, and a request after the shutdown;
a client would wait for the answer forever.
"""

from __future__ import annotations

from typing import Any

from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol


class Protocol(LanguageServerProtocol):
    """Answers requests that the library cannot read or does not accept with an error."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return a message as an object.

        :param data: the message.
        :raises JsonRpcException: if its parameters are wrong; a request is answered with it.
        """
        try:
            return super().structure_message(data)
        except JsonRpcException as exc:
            self._refuse(data.get("id"), data.get("method"), exc)
            raise

    def handle_message(self, message: Any) -> None:
        """Handle a message; after the shutdown, refuse requests.

        :param message: from the client.
        """
        if self._shutdown and hasattr(message, "id"):
            refusal = JsonRpcInvalidRequest("the server is shutting down")
            self._refuse(message.id, getattr(message, "method", None), refusal)
        super().handle_message(message)

    def _refuse(self, number: Any, method: Any, exc: JsonRpcException) -> None:
        if isinstance(number, (int, str)) and method is not None:
            self._send_response(number, error=exc.to_response_error())

"""Access to our servers: from this machine, or with a token.

Without a token a server listens on the loopback address, and refuses requests that a foreign page
in the browser makes: those with a foreign Host (its name was made to lead here, DNS rebinding),
with the Origin of another site or port, or which the browser marks as of another site. With a
token it may listen anywhere; encryption is left to a proxy. The page has the same rules for a
request, and another way to ask for its token (``web/guard.py``).
"""

from __future__ import annotations

import hmac
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from indexer.errors import SettingsError

if TYPE_CHECKING:
    import asyncio

    import uvicorn


TOKEN_VARIABLE = "NOTEPOINT_TOKEN"
LOOPBACK = "127.0.0.1"
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ONE_ONLY = frozenset(
    {"authorization", "host", "origin", "sec-fetch-site", "sec-fetch-dest", "sec-fetch-mode"}
)
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
_LEAST_TOKEN_CHARS = 16
# A client that has not sent its request after this time is disconnected.
_REQUEST_TIMEOUT_S = 10.0
_MAX_HEAD_BYTES = 64 << 10
_MAX_CONNECTIONS = 512

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]


def token_from(environment: Mapping[str, str]) -> str:
    """Return the token that requests must have; empty for none.

    :param environment: of the process.
    :raises SettingsError: if it can be guessed.
    """
    token = environment.get(TOKEN_VARIABLE, "")
    if token and (len(token) < _LEAST_TOKEN_CHARS or not token.isascii()):
        raise SettingsError(
            f"{TOKEN_VARIABLE} is too short, or not ASCII",
            f"give at least {_LEAST_TOKEN_CHARS} characters, as from `openssl rand -hex 24`",
        )
    return token


class Guard:
    """Middleware that refuses requests of strangers."""

    def __init__(self, app: App, token: str = "") -> None:
        """Guard an application.

        :param app: answers the accepted requests.
        :param token: the token that every request must have; without one, only this machine has
            access.
        """
        self._app = app
        self._token = token

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send, *refusal)

    def _refusal(self, scope: Any) -> tuple[int, str, str] | None:
        """Return the status, message and hint of a refusal, None for an accepted request."""
        if scope["type"] != "http":
            return 403, "this server only speaks HTTP", ""
        named = single_headers(scope["headers"])
        if named is None:
            return 400, "the request repeats a header that identifies the client", "send it once"
        if self._token:
            kind, _, given = named.get("authorization", "").partition(" ")
            same = hmac.compare_digest(given.strip().encode(), self._token.encode())
            if kind.lower() != "bearer" or not same:
                return 401, "the token is missing or wrong", "send Authorization: Bearer TOKEN"
            return None
        if not _is_own(named.get("host", "")) or not is_of_own_page(named):
            return 403, "this server only answers this machine", f"ask it at http://{LOOPBACK}"
        return None


def single_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str] | None:
    """Return the headers that say who is asking; None if one of them is sent twice.

    One of two may be read here, and the other one there.

    :param headers: of the request.
    :return: values by name in lower case; a header that is missing has none.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.decode("latin-1").lower()
        if key in _ONE_ONLY:
            if key in found:
                return None
            found[key] = value.decode("latin-1")
    return found


def is_of_own_page(named: Mapping[str, str], *, framed: bool = False) -> bool:
    """Return whether a request comes from a page of this server, or from no page at all.

    Another site, or another port of this machine, may have a link here, which opens it; it may
    neither fetch nor frame.

    :param named: the headers, see ``single_headers``.
    :param framed: True for an address that a page of this server may show in a frame.
    """
    origin = named.get("origin")
    if origin is not None and origin.lower() != f"http://{named.get('host', '')}".lower():
        return False
    site, shown_as = named.get("sec-fetch-site", "none"), named.get("sec-fetch-dest", "document")
    if shown_as in _FRAMES:
        return framed and site == "same-origin"
    is_link = named.get("sec-fetch-mode") == "navigate" and shown_as == "document"
    return site in ("none", "same-origin") or is_link


def _is_own(host: str) -> bool:
    name, separator, port = host.rpartition(":")
    if not separator or host.endswith("]"):
        name, port = host, ""
    return name.lower() in _LOOPBACK_NAMES and (not port or port.isdecimal())


async def _refuse(send: Send, status: int, message: str, hint: str) -> None:
    body = json.dumps({"error": {"message": message, "hint": hint}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def listen(host: str, port: int, token: str) -> socket.socket:
    """Return a socket that listens.

    :param host: the address; if it is not loopback, a token is required.
    :param port: 0 for any free port.
    :param token: the token that requests must have; empty for none.
    :raises SettingsError: if the address is not allowed, or cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not token and host not in (LOOPBACK, "localhost", "::1"):
        raise SettingsError(
            f"without a token the server does not listen on {host}",
            f"set {TOKEN_VARIABLE}, and put a proxy with TLS in front; see docs/agents.md",
        )
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen()  # requests wait from the moment the address is printed
    except (OSError, OverflowError) as exc:
        found.close()
        raise SettingsError(
            f"cannot listen on {host}:{port}: {exc}", "give another --port"
        ) from exc
    return found


def serve(app: App, listening: socket.socket, path: str) -> None:
    """Serve an application until the process receives a signal to stop.

    :param app: the application to serve.
    :param listening: the socket.
    :param path: printed after the address on stderr.
    """
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"listening on http://{shown}:{port}{path}\n")
    sys.stderr.flush()
    make_server(app).run(sockets=[listening])


def make_server(app: App) -> uvicorn.Server:
    """Return the server of an application, with limits on size, time and connections.

    :param app: the application to serve.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        http=_patient_protocol(),
        ws="none",
        log_level="warning",
        server_header=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
    )
    return uvicorn.Server(config)


def _patient_protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with a limit on how long a request may take to arrive.

    uvicorn 0.54 waits for the head of the first request forever.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class PatientProtocol(H11Protocol):
        """Closes a connection if no request arrives on it."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(_REQUEST_TIMEOUT_S, self._close_if_idle)

        def connection_lost(self, exc: Exception | None) -> None:
            self._late.cancel()
            super().connection_lost(exc)

        def _close_if_idle(self) -> None:
            if self.scope is None and not self.transport.is_closing():
                self.transport.close()

    return PatientProtocol


def end_with_parent(check_every_s: float = 1.0) -> None:
    """End this process when its parent ends, even if another process holds the pipe open.

    :param check_every_s: interval of the checks, in seconds.
    """
    import threading
    import time

    if not hasattr(os, "getppid"):
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(check_every_s)
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()

"""Refuse requests that do not come from the user's own page.

Streamlit 1.67 checks Host and Origin only when the page's connection is opened, and only their
names. A site whose name points to this machine (DNS rebinding), another web page of this machine,
or another user of it would get the page's files and the notes.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from streamlit import cli_util, config
from streamlit.web.server import server_util
from streamlit.web.server.starlette import starlette_server, starlette_websocket

from indexer.loopback import is_of_own_page, single_headers
from indexer.web.assets import ROUTE
from indexer.web.first_visit import FirstVisit
from indexer.web.local_editors import GUARDED

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_VARIABLE = "NOTEPOINT_PAGE_TOKEN"
_PARAMETER = "token"
_HEALTH = "/_stcore/health"  # says only that the server runs
_FOREIGN = "This page is for this machine: open it at http://127.0.0.1 or http://localhost."
_NO_TOKEN = (
    "This page is for the user who started it: open the address, with its token, that "
    "`notepoint serve` printed."
)
# Streamlit needs inline styles, scripts that it makes from text, and workers from blobs.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self' ws://{host} data: blob:; worker-src 'self' blob:; "
    "frame-src 'self'; object-src 'self'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors {frames}"
)


class Guard:
    """Stands before the page, and answers all that is not for it with 403."""

    def __init__(self, app: ASGIApp, token: str = "", first: FirstVisit | None = None) -> None:
        """Wrap an application.

        :param app: answers the accepted requests.
        :param token: what a visitor must have in the address once, and then in a cookie; empty to
            ask for none.
        :param first: the key that replaces the token in the address of one visit.
        """
        self._app = app
        self._token = token
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        named = single_headers(scope["headers"])
        path: str = scope["path"]
        host = (named or {}).get("host", "")
        if named is None or not _is_own(named, path):
            await _refuse(scope, send, _FOREIGN)
        elif self._token and scope["type"] == "http" and self._may_enter(scope):
            await _welcome(scope, send, _cookie_name(host), self._token)
        elif self._token and path != _HEALTH and not self._has_token(scope, named):
            await _refuse(scope, send, _NO_TOKEN)
        else:
            await self._app(scope, receive, _with_headers(send, path, host))

    def _may_enter(self, scope: Scope) -> bool:
        """Return whether an address has the token, or the key of the first visit."""
        given = _given(scope)
        return self._is_right(given) or (
            self._first is not None and self._first.admits(given, scope)
        )

    def _has_token(self, scope: Scope, named: Mapping[str, str]) -> bool:
        """Return whether a browser sends the cookie, or another program the token itself."""
        kind, _, given = named.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_right(given.strip()):
            return True
        cookies = [value for name, value in scope["headers"] if name.lower() == b"cookie"]
        kept = _kept(b";".join(cookies).decode("latin-1"), named.get("host", ""))
        return any(map(self._is_right, kept))

    def _is_right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())


def _is_own(named: Mapping[str, str], path: str) -> bool:
    """Return whether a request comes from the page itself, or from no page at all."""
    if not starlette_websocket.is_host_allowed(named.get("host")):
        return False
    return is_of_own_page(named, framed=path.startswith(ROUTE))


def _cookie_name(host: str) -> str:
    """Return the name of the cookie, one per port: browsers send cookies to all ports."""
    return f"notepoint-{host.rpartition(':')[2] if ':' in host else '80'}"


def _kept(cookies: str, host: str) -> Iterator[str]:
    """Yield the values of our cookie.

    Browsers send the cookies of all ports of this machine. Another server may have set one that no
    parser of cookies takes, or one with our name.
    """
    wanted = _cookie_name(host)
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == wanted:
            yield value.strip('"')


def _given(scope: Scope) -> str:
    asked = parse_qsl(scope["query_string"].decode("latin-1"))
    return next((value for name, value in asked if name == _PARAMETER), "")


async def _welcome(scope: Scope, send: Send, name: str, token: str) -> None:
    """Set the token as a cookie, and redirect to the same address without it."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    rest = urlencode([pair for pair in asked if pair[0] != _PARAMETER])
    where = "/" + quote(scope["path"].lstrip("/")) + (f"?{rest}" if rest else "")
    cookie = f"{name}={token}; HttpOnly; SameSite=Strict; Path=/"
    headers = [
        (b"location", where.encode()),
        (b"set-cookie", cookie.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"{reason}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, path: str, host: str) -> Callable[[Message], Any]:
    """Return a sender that adds headers: what the page may load, and who may frame it."""
    framed = path.startswith(ROUTE)  # the page shows PDF files in a frame
    policy = _POLICY.format(host=host, frames="'self'" if framed else "'none'")
    ours = {
        b"x-frame-options": b"SAMEORIGIN" if framed else b"DENY",
        b"content-security-policy": policy.encode("latin-1"),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"no-referrer",
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
    }

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            given += [item for item in ours.items() if item[0] not in names]
            message = {**message, "headers": given}
        await send(message)

    return sender


def install() -> None:
    """Add the guard to the server that Streamlit starts next in this process."""
    token = os.environ.pop(TOKEN_VARIABLE, "")
    os.environ.pop(GUARDED, None)
    first = FirstVisit() if token else None
    if token:
        os.environ[GUARDED] = "1"
    server: Any = starlette_server
    create = server.create_starlette_app

    def create_guarded(runtime: Any) -> Starlette:
        config.set_option("client.allowedOrigins", [])  # no site may send messages to the page
        app: Starlette = create(runtime)
        app.add_middleware(Guard, token=token, first=first)  # the last one added runs first
        return app

    server.create_starlette_app = create_guarded
    if first:
        # Streamlit prints this address, and opens a browser at it.
        util: Any = server_util
        address_of = util.get_url
        util.get_url = lambda host: f"{address_of(host).rstrip('/')}/?{_PARAMETER}={token}"
        opener: Any = cli_util
        open_browser = opener.open_browser
        opener.open_browser = lambda address: open_browser(first.replace_in(address, token))

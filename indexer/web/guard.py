"""Refuses what does not come from this machine's own page: a foreign Host, a foreign Origin.

Streamlit 1.67 refuses them where the page's connection is opened and nowhere else; a site that has
its name lead to this machine (DNS rebinding) would still be given the page's files, and every
address that serves something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamlit.web.server.starlette import starlette_server, starlette_websocket

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

_REFUSAL = b"This page is for this machine: open it at http://127.0.0.1 or http://localhost.\n"


class Guard:
    """Answers requests with a foreign Host or Origin with 403, in front of everything else."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application.

        :param app: answers what is let through.
        """
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it; the page's connection is guarded by Streamlit."""
        if scope["type"] != "http" or _is_own(scope):
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(_REFUSAL))]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": _REFUSAL})


def _is_own(scope: Scope) -> bool:
    """Tell whether a request has a Host and an Origin by which the page would be let in."""
    named = {"host": "", "origin": ""}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        if key in named:
            if named[key]:  # one of two may be read here, and the other one there
                return False
            named[key] = value.decode("latin-1")
    host, origin = named["host"] or None, named["origin"] or None
    return bool(starlette_websocket._is_origin_allowed(origin, host))


def install() -> None:
    """Put a guard before the server that Streamlit starts next in this process."""
    server: Any = starlette_server
    create = server.create_starlette_app

    def create_guarded(runtime: Any) -> Starlette:
        app: Starlette = create(runtime)
        app.add_middleware(Guard)  # the one added last stands in front
        return app

    server.create_starlette_app = create_guarded

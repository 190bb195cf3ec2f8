"""The HTTP service under ``/api`` of the page, with the same server and open index."""

from __future__ import annotations

import json
import os
from typing import Any

import anyio

from indexer.errors import IndexerError
from indexer.loopback import Guard, token_from
from indexer.web.guard import TOKEN_VARIABLE as PAGE_TOKEN_VARIABLE
from indexer.web.launch import API_VARIABLE

_PATH = "/api"


def install() -> None:
    """Add these addresses to the server that Streamlit starts next in this process."""
    version = os.environ.get(API_VARIABLE, "")
    if not version:
        return
    from starlette.routing import Mount
    from streamlit.web.server.starlette import starlette_server

    server: Any = starlette_server
    create = server.create_starlette_app
    # If the page has a token, its guard has already checked it.
    token = "" if os.environ.get(PAGE_TOKEN_VARIABLE) else token_from(os.environ)
    guarded = Guard(_Opening(version), token)

    def create_with_api(runtime: Any) -> Any:
        app = create(runtime)
        app.router.routes.insert(0, Mount(_PATH, guarded))
        return app

    server.create_starlette_app = create_with_api


class _Opening:
    """Opens the notes at the first request, so that the page starts first."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            from indexer.http.app import Api
            from indexer.web.opening import open_host

            try:
                host = await anyio.to_thread.run_sync(open_host)
            except IndexerError as exc:
                await _say(send, exc)
                return
            self._app = Api(host, self._version).app()
        await self._app(scope, receive, send)


async def _say(send: Any, exc: IndexerError) -> None:
    error = {"message": exc.message, "hint": exc.hint or ""}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": error}).encode()})

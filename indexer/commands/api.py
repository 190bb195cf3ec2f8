"""``notepoint api``."""

from __future__ import annotations

import os
from typing import Any

import click

from indexer.commands.options import common, open_notebook
from indexer.config import DEFAULT_API_PORT
from indexer.extras import require


@click.command()
@common
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_API_PORT,
    show_default=True,
    help="Port",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; an address that is not loopback needs $NOTEPOINT_TOKEN",
)
def api(port: int, host: str, **options: Any) -> None:
    """Serve the notes over HTTP as JSON; see docs/agents.md.

    \b
    notepoint api
    curl 'http://127.0.0.1:8502/ask?q=does+it+talk+about+ethics'
    """  # noqa: D301 - click knows a block by this character
    require("page", "the HTTP service", "starlette", "uvicorn")
    from indexer import __version__
    from indexer.http.app import run
    from indexer.loopback import token_from
    from indexer.service import Service

    with open_notebook(options) as notebook:
        service = Service(notebook)
        try:
            run(service, __version__, host=host, port=port, token=token_from(os.environ))
        finally:
            service.close()

"""``notepoint mcp``."""

from __future__ import annotations

import os
from typing import Any

import click

from indexer.commands.options import common, open_notebook
from indexer.extras import require


@click.command()
@common
@click.option(
    "--http",
    "port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve many clients at http://127.0.0.1:PORT/mcp instead of one over stdin and stdout",
)
def mcp(port: int | None, **options: Any) -> None:
    """Serve the notes to agents (Model Context Protocol). See docs/agents.md.

    Agents can ask, read and find similar passages; they cannot write. The index follows changes in
    the notes folder.
    """
    require("mcp", "the Model Context Protocol", "mcp")
    from indexer import __version__
    from indexer.loopback import token_from
    from indexer.mcp.server import run_http, run_stdio
    from indexer.service import Service

    with open_notebook(options) as notebook:
        service = Service(notebook)
        try:
            if port is None:
                run_stdio(service, __version__)
            else:
                run_http(service, __version__, port=port, token=token_from(os.environ))
        finally:
            service.close()

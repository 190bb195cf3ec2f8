"""``notepoint serve``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands.options import (
    common,
    open_notebook,
)
from indexer.config import DEFAULT_PORT


@click.command()
@common
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port"
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser")
def serve(port: int, no_browser: bool, **options: Any) -> int:
    """Open the page, on this machine only."""
    from indexer.web.launch import serve as run_page

    with open_notebook(options) as notebook:
        settings = notebook.settings
    return run_page(settings, port=port, browser=not no_browser)

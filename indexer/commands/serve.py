"""``notepoint serve``."""

from __future__ import annotations

import os
from typing import Any

import click

from indexer.commands.options import (
    common,
    open_notebook,
)
from indexer.config import DEFAULT_PORT
from indexer.errors import NotesError


@click.command()
@common
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port"
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser")
@click.option("--no-token", is_flag=True, help="Let every user of this machine open the page")
@click.option("--api", is_flag=True, help="Also serve other programs, under /api")
def serve(port: int, no_browser: bool, no_token: bool, api: bool, **options: Any) -> int:
    """Open the page on this machine, for you only.

    The printed address contains a token, so other users of this machine cannot open the page.
    """
    from indexer import __version__
    from indexer.web.launch import serve as run_page

    shown: Any = {
        "port": port,
        "browser": not no_browser,
        "token": not no_token,
        "api": __version__ if api else "",
    }
    try:
        with open_notebook(options) as notebook:
            settings = notebook.settings
    except NotesError:
        if options.get("notes") or os.environ.get("NOTEPOINT_NOTES"):
            raise
        return run_page(None, **shown)  # the page lets the user choose a folder
    return run_page(settings, **shown)

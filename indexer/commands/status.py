"""``notepoint status``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands.options import (
    common,
    open_notebook,
    with_places,
)


@click.command()
@common
def status(**options: Any) -> None:
    """Show what is indexed, and whether notes have changed since."""
    from indexer import render

    with open_notebook(options) as notebook:
        found = notebook.status()
    click.echo(
        render.to_json(render.status_json(found))
        if options["as_json"]
        else with_places(render.status_text(found), options)
    )

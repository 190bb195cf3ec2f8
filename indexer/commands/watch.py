"""``notepoint watch``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands import console
from indexer.commands.options import (
    common,
    open_notebook,
)


@click.command()
@common
def watch(**options: Any) -> None:
    """Keep the index up to date until stopped with Ctrl-C."""
    import threading

    from indexer import render
    from indexer.indexing.watch import watch as keep_watching

    with open_notebook(options) as notebook:

        def built(report: Any) -> None:
            text = (
                render.to_json(render.build_json(report))
                if options["as_json"]
                else render.build_text(report)
            )
            click.echo(text)

        click.echo(f"watching {notebook.settings.notes}", err=True)
        keep_watching(notebook, threading.Event(), built=built, failed=console.complain)

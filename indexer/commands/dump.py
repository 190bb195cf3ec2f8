"""``notepoint dump``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands.options import (
    common,
    echo_warnings,
    open_notebook,
)


@click.command()
@common
def dump(**options: Any) -> None:
    """Print every note with its outcome, and every point."""
    from indexer import render, render_reports

    with open_notebook(options) as notebook:
        files, points = notebook.dump()
    if options["as_json"]:
        click.echo(render.to_json(render_reports.dump_json(files, points), exact_names=True))
        return
    if not options["quiet"]:
        echo_warnings(render.warnings_text(files, everything=True))
    click.echo(render_reports.dump_text(points))

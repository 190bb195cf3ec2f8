"""``notepoint check``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands.options import (
    FAILED,
    FOUND,
    common,
    open_notebook,
)


@click.command()
@common
def check(**options: Any) -> int:
    """Check every byte of the index and the model. Each fault is printed with its fix."""
    from indexer import render, render_reports

    with open_notebook(options) as notebook:
        faults = notebook.check()
    if options["as_json"]:
        rows = [{"part": fault.part, "message": fault.message} for fault in faults]
        click.echo(render.to_json({"ok": not faults, "faults": rows}))
    else:
        click.echo(render_reports.check_text(faults))
    if faults:
        click.echo("hint: run `notepoint build --rebuild`", err=True)
    return FAILED if faults else FOUND

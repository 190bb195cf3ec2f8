"""``notepoint export`` and ``notepoint import``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from indexer.commands.options import (
    common,
    open_notebook,
)


@click.command(name="export")
@common
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def export_(folder: Path, **options: Any) -> None:
    """Write the index to a new folder of Parquet files. `import` reads it into another store.

    \b
    notepoint export /tmp/wiki
    notepoint import /tmp/wiki --store postgresql://user@host/db
    """  # noqa: D301 - click knows a block by this character
    with open_notebook(options) as notebook:
        found = notebook.export_index(folder)
    _echo_transfer(found, options)


@click.command(name="import")
@common
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace an existing index")
def import_(folder: Path, force: bool, **options: Any) -> None:
    """Read an index that `export` wrote. Nothing is encoded again; the result is verified."""
    with open_notebook(options) as notebook:
        found = notebook.import_index(folder, force=force)
    _echo_transfer(found, options)


def _echo_transfer(found: Any, options: dict[str, Any]) -> None:
    from indexer import render, render_reports

    if options["as_json"]:
        click.echo(render.to_json(render_reports.transfer_json(found)))
    elif not options["quiet"]:
        click.echo(render_reports.transfer_text(found))

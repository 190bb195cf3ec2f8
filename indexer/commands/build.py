"""``notepoint build``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands.options import (
    FOUND,
    NOTHING,
    common,
    echo_warnings,
    open_notebook,
    with_places,
)


@click.command()
@common
@click.option("--rebuild", is_flag=True, help="Build from nothing; also repairs a damaged index")
@click.option("--force", is_flag=True, help="Build even if most notes are missing")
@click.option("--dry-run", is_flag=True, help="Show what would change without changing it")
@click.option(
    "--ray", is_flag=False, flag_value="", metavar="[ADDRESS]", help="Encode on a Ray cluster"
)
@click.option("--progress-json", is_flag=True, hidden=True)
@click.option("--standby", is_flag=True, hidden=True)
def build(progress_json: bool, standby: bool, **options: Any) -> int:
    """Bring the index up to date with the notes.

    Only new or changed points are encoded. Notes that cannot be read are listed with the reason;
    all others are indexed.

    \b
    notepoint build --notes ~/notes
    notepoint build --dry-run
    """  # noqa: D301 - click knows a block by this character
    from indexer import render
    from indexer.commands import progress

    with (
        open_notebook(options) as notebook,
        progress.show(as_json=progress_json, quiet=options["quiet"]) as reporter,
    ):
        if standby and not progress.wait_for_word(notebook):
            return FOUND
        how = {name: options[name] for name in ("rebuild", "force", "dry_run", "ray")}
        report = notebook.build(**how, reporter=reporter)
    if options["as_json"]:
        click.echo(render.to_json(render.build_json(report)))
    elif not options["quiet"]:
        echo_warnings(render.warnings_text(report.files, everything=options["verbose"]))
        click.echo(with_places(render.build_text(report), options))
    return NOTHING if report.notes_skipped else FOUND

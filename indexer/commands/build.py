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
)


@click.command()
@common
@click.option("--rebuild", is_flag=True, help="Begin from nothing; also repairs a damaged index")
@click.option("--force", is_flag=True, help="Build even if most notes are gone")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing")
@click.option("--ray", is_flag=False, flag_value="", metavar="[ADDRESS]", help="Encode by Ray")
@click.option("--progress-json", is_flag=True, hidden=True)
@click.option("--standby", is_flag=True, hidden=True)
def build(progress_json: bool, standby: bool, **options: Any) -> int:
    """Bring the index up to date with the notes.

    Only what is new is encoded. Notes that cannot be read are listed with the reason; the others
    are indexed all the same.

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
        click.echo(render.build_text(report))
    return NOTHING if report.notes_skipped else FOUND

"""``notepoint links``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands.options import (
    FOUND,
    NOTHING,
    common,
    open_notebook,
)


@click.command()
@common
@click.argument("note", required=False)
@click.option("--broken", is_flag=True, help="Only links that lead nowhere or need a fix")
@click.option("--back", is_flag=True, help="Links of other notes to NOTE")
def links(note: str | None, broken: bool, back: bool, **options: Any) -> int:
    """Show where the links of NOTE, or of all notes, lead.

    A link is resolved as in the tool that wrote it. A broken link is shown with the missing part:
    the note, the heading, the block or the file. If the link itself is written wrongly, Notepoint
    guesses what it means and shows the fix.

    \b
    notepoint links --broken
    notepoint links --back review.md
    """  # noqa: D301 - click knows a block by this character
    from indexer import render, render_reports

    if back and note is None:
        raise click.UsageError("--back needs a NOTE")
    with open_notebook(options) as notebook, notebook.snapshot() as snapshot:
        if note is None:
            found = snapshot.links(broken=broken)
        else:
            note_id = snapshot.note(note).note_id  # an error if the index has no such note
            found = snapshot.backlinks(note_id) if back else snapshot.links(note_id, broken=broken)
    text = (
        render.to_json(render_reports.links_json(found))
        if options["as_json"]
        else render_reports.links_text(found, broken=broken)
    )
    click.echo(text)
    return FOUND if found else NOTHING

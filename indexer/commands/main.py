"""The command line: its commands, and the exit status and message of each error."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from indexer import __version__
from indexer.commands import console
from indexer.commands.api import api
from indexer.commands.build import build
from indexer.commands.check import check
from indexer.commands.completion import answer_shell, completion
from indexer.commands.dump import dump
from indexer.commands.evaluate import evaluate
from indexer.commands.links import links
from indexer.commands.lsp import lsp
from indexer.commands.mcp import mcp
from indexer.commands.options import (
    FAILED,
    FOUND,
    INTERRUPTED,
)
from indexer.commands.query import query
from indexer.commands.serve import serve
from indexer.commands.setup import setup
from indexer.commands.similar import similar
from indexer.commands.status import status
from indexer.commands.transfer import export_, import_
from indexer.commands.watch import watch
from indexer.errors import IndexerError
from indexer.memory_limit import hold_reserve

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def main() -> NoReturn:
    """Run the command line and exit with its status."""
    # The product of a matrix and a question is done before a second thread has started.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    hold_reserve()
    console.prepare()
    try:
        status = FOUND
        if not answer_shell(cli):
            status = cli.main(prog_name="notepoint", standalone_mode=False)
        sys.stdout.flush()
    except IndexerError as exc:
        console.complain(exc)
        status = FAILED
    except click.ClickException as exc:
        console.show_misuse(exc, _hint_of_order(exc))
        status = exc.exit_code
    except (KeyboardInterrupt, click.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        console.discard_output()  # the reader closed the pipe
        status = FOUND
    except (OSError, MemoryError, RuntimeError, ImportError) as exc:
        shortage = console.shortage(exc)
        if shortage is None:
            raise
        console.complain(shortage)
        console.discard_output()
        status = FAILED
    sys.exit(status if isinstance(status, int) else FOUND)


def _hint_of_order(exc: click.ClickException) -> str:
    """Return a hint if an option of a command was typed before the command, otherwise nothing."""
    if not isinstance(exc, click.NoSuchOption) or exc.ctx is None or exc.ctx.command is not cli:
        return ""
    takes = [
        name
        for name, command in cli.commands.items()
        if any(exc.option_name in parameter.opts for parameter in command.params)
    ]
    typed = next((word for word in sys.argv[1:] if word in takes), None)
    if typed is None:
        return ""
    return f"options come after the command: `notepoint {typed} {exc.option_name} ...`"


@click.group(context_settings=_CONTEXT, invoke_without_command=True)
@click.version_option(__version__, prog_name="notepoint")
@click.pass_context
def cli(context: click.Context) -> int | None:
    """Search a folder of Markdown notes and get the exact point you wrote.

    Without a command, on a terminal, Notepoint opens the page.

    \b
    notepoint build --notes ~/notes
    notepoint query "does it talk about ethics?"

    Exit status: 0 found or built, 1 nothing found or notes skipped, 2 error or wrong usage.
    """  # noqa: D301 - click knows a block by this character
    if context.invoked_subcommand is not None:
        return None
    if sys.stdin.isatty() and sys.stdout.isatty():
        return int(serve.main([], prog_name="notepoint serve", standalone_mode=False))
    click.echo(context.get_help(), err=True)
    return FAILED


for _command in (
    api,
    build,
    check,
    completion,
    dump,
    evaluate,
    export_,
    import_,
    links,
    lsp,
    mcp,
    query,
    serve,
    setup,
    similar,
    status,
    watch,
):
    cli.add_command(_command)

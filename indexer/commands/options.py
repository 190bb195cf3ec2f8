"""Shared by the commands: options, exit statuses, opening the notebook."""

from __future__ import annotations

import contextlib
import datetime
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from indexer.config import DEFAULT_TOP_K
from indexer.errors import IndexerError
from indexer.memory_limit import demand_room

if TYPE_CHECKING:
    from indexer.notebook import Notebook
    from indexer.text.dates import Span

_Command = TypeVar("_Command", bound=Callable[..., Any])


FOUND, NOTHING, FAILED, INTERRUPTED = 0, 1, 2, 130
_LEAST_BYTES = 256 << 20  # address space of a query; with less, the libraries kill the process


def common(command: _Command) -> _Command:
    """Add the options of every command."""
    options = [
        click.option(
            "--notes",
            metavar="DIR",
            multiple=True,
            help="Notes folder; several (DIR or NAME=DIR) are searched together [default: "
            "$NOTEPOINT_NOTES, else the nearest parent folder with an index, else ./corpus]",
        ),
        click.option(
            "--store", metavar="URL|DIR", help="Index [default: .notepoint in the notes folder]"
        ),
        click.option(
            "--model", metavar="NAME", help="Model: a name or a folder [default: all-MiniLM-L6-v2]"
        ),
        click.option("--site-url", metavar="URL", help="Web address where the notes are published"),
        click.option(
            "--follow-links/--no-follow-links",
            default=None,
            help="Follow symbolic links that stay within the notes folders [default: as the index]",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print JSON"),
        click.option("-q", "--quiet", is_flag=True, help="Print results only"),
        click.option("-v", "--verbose", is_flag=True, help="Print more details"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


top_k_option = click.option(
    "-k",
    "--top-k",
    type=click.IntRange(1, 1000),
    default=DEFAULT_TOP_K,
    show_default=True,
    help="How many points",
)


@contextlib.contextmanager
def open_notebook(options: dict[str, Any]) -> Iterator[Notebook]:
    """Open the notebook that the common options describe."""
    demand_room(_LEAST_BYTES)
    from indexer.notebook import Notebook

    if options["verbose"]:
        import logging

        logging.basicConfig(level=logging.INFO, stream=sys.stderr)

    def say(line: str) -> None:
        if not options["quiet"]:
            click.echo(line, err=True)

    names = ("notes", "store", "model", "site_url", "follow_links")
    try:
        with Notebook(**{name: options[name] for name in names}, say=say) as notebook:
            yield notebook
    except IndexerError as exc:
        exc.hint = exc.hint and with_places(exc.hint, options)
        raise


def with_places(text: str, options: dict[str, Any]) -> str:
    """Return a text whose build commands name the notes and the index that the user named.

    So a command that a message recommends can be pasted as it is.

    :param text: a hint or an offer, with commands such as ``notepoint build --rebuild``.
    :param options: of the command.
    """
    places = [("--notes", folder) for folder in options["notes"]]
    # The address of a server may hold a password.
    if options["store"] and "://" not in options["store"]:
        places.append(("--store", options["store"]))
    said = "".join(f" {name} {_quoted(place)}" for name, place in places)
    return text.replace("`notepoint build", f"`notepoint build{said}")


def _quoted(place: str) -> str:
    """Return a path as a shell takes it."""
    if os.name == "nt":
        return f'"{place}"' if " " in place else place
    import shlex

    return shlex.quote(place)


def echo_warnings(text: str) -> None:
    """Write warnings to stderr, if there are any.

    :param text: one warning per line.
    """
    if text:
        click.echo(text, err=True)


def read_days(ctx: click.Context, param: click.Parameter, value: str | None) -> Span | None:
    """Return the days of an option: a date, a month, a year, or a time relative to today."""
    if value is None:
        return None
    from indexer.text.dates import parse_day

    found = parse_day(value, datetime.date.today())
    if found is None:
        message = f"{value!r} is not a date; write 2024-03-05, 2024 or '3 weeks ago'"
        raise click.BadParameter(message, ctx, param)
    return found

"""Print an answer of ``notepoint query``: in several formats, within a token budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.records import Answer

_Command = TypeVar("_Command", bound=Callable[..., Any])

_LAUNCHERS = ("raycast", "alfred", "fzf", "vimgrep")
_FORMATS = ("text", "json", "markdown", "compact", *_LAUNCHERS)
COMPACT_TOP_K = 5


def format_options(command: _Command) -> _Command:
    """Add the options that control how an answer is printed."""
    options = [
        click.option(
            "--format",
            "form",
            type=click.Choice(_FORMATS),
            help="How to print the answer; compact is for agents: five answers in at most 2 KB",
        ),
        click.option(
            "--budget",
            type=click.IntRange(50),
            metavar="TOKENS",
            help="Fill this many tokens: points with what is around them, or whole sections; "
            "implies --format compact",
        ),
        click.option("--links", "with_links", is_flag=True, help="Print links in compact format"),
        click.option("--markdown", is_flag=True, help="Print Markdown"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def format_of(options: dict[str, Any]) -> str:
    """Return the output format.

    :param options: of the command.
    :raises click.UsageError: if the options name two formats.
    """
    form: str | None = options["form"]
    if options["markdown"]:
        if form not in (None, "markdown"):
            raise click.UsageError(f"--markdown and --format {form} cannot both be given")
        return "markdown"
    if options["budget"] is not None:
        if form not in (None, "compact"):
            raise click.UsageError(f"--budget needs --format compact, not {form}")
        return "compact"
    if form is None:
        return "json" if options["as_json"] else "text"
    if options["as_json"] and form not in ("json", "compact"):
        raise click.UsageError(f"--json and --format {form} cannot both be given")
    return form


def points_wanted(top_k: int, options: dict[str, Any]) -> int:
    """Return how many points to request: fewer in compact format, unless the user gave a number.

    :param top_k: the value of ``--top-k``.
    :param options: of the command.
    """
    if format_of(options) != "compact":
        return top_k
    from indexer.compact import points_for

    source = click.get_current_context().get_parameter_source("top_k")
    given = None if source is ParameterSource.DEFAULT else top_k
    return points_for(options["budget"], given, COMPACT_TOP_K)


def check_batch_format(options: dict[str, Any]) -> None:
    """Raise an error for a format that holds a single answer.

    :param options: of a command with ``--batch``.
    :raises click.UsageError: for a format of a launcher.
    """
    form = format_of(options)
    if form in _LAUNCHERS:
        raise click.UsageError(
            f"--format {form} holds one answer; --batch prints json, compact, text or markdown"
        )


def batch_output(root: Path, options: dict[str, Any]) -> Callable[[dict[str, Any], Any], str]:
    """Return the function that prints a question of ``--batch`` with its answer.

    JSON lines are the default. Text begins with a line of the id and the question.

    :param root: the notes folder.
    :param options: of the command.
    """
    from indexer import render

    chosen = options["form"] or options["markdown"]
    form = format_of(options) if chosen else "json"

    def as_json(row: dict[str, Any], answer: Any) -> str:
        if isinstance(answer, dict):  # an error
            return render.to_json({"id": row.get("id"), **answer})
        if form == "compact":
            from indexer import compact

            found = compact.compact(answer, budget=options["budget"], links=options["with_links"])
            return render.to_json({"id": row["id"], **compact.compact_json(found)})
        return render.to_json({"id": row["id"], **render.answer_json(answer)})

    def as_text(row: dict[str, Any], answer: Any) -> str:
        if isinstance(answer, dict):
            return f"error: {render.in_line(answer['error'])}\nhint: {answer['hint']}\n"
        sign = "##" if form == "markdown" else "#"
        head = render.in_line(f"{sign} {row['id']}: {row['question']}")
        return f"{head}\n{answer_output(answer, root, options)}\n"

    return as_json if form == "json" or options["as_json"] else as_text


def answer_output(answer: Answer, root: Path, options: dict[str, Any]) -> str:
    """Return the printed form of an answer.

    :param answer: the answer to print.
    :param root: the notes folder.
    :param options: of the command.
    """
    from indexer import render

    form = format_of(options)
    if form == "compact":
        from indexer import compact

        found = compact.compact(answer, budget=options["budget"], links=options["with_links"])
        if options["as_json"]:
            return render.to_json(compact.compact_json(found))
        return compact.compact_text(found)
    if form in _LAUNCHERS:
        from indexer.launchers import FORMATS

        return FORMATS[form](answer, root)
    if form == "json":
        return render.to_json(render.answer_json(answer))
    if form == "markdown":
        from indexer.render_markdown import answer_markdown

        return answer_markdown(answer)
    from indexer.unit_text import answer_text

    return answer_text(answer, full=options["full"])

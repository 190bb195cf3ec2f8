"""``notepoint query``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from indexer.commands.answer_output import (
    answer_output,
    batch_output,
    check_batch_format,
    format_options,
    points_wanted,
)
from indexer.commands.options import (
    FOUND,
    NOTHING,
    common,
    open_notebook,
    read_days,
    top_k_option,
    with_places,
)
from indexer.commands.question_words import QuestionCommand, typed_question
from indexer.errors import QueryError
from indexer.records import Mode, NoteFilter


@click.command(cls=QuestionCommand)
@common
@click.argument("words", nargs=-1, metavar="[QUESTION]...")
@top_k_option
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.HYBRID.value,
    show_default=True,
    help="Search by words, by meaning, or both",
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only notes with this tag")
@click.option(
    "--category", "categories", multiple=True, metavar="NAME", help="Only notes in this category"
)
@click.option(
    "--folder",
    "folders",
    multiple=True,
    metavar="PATH",
    help="Only notes in this folder or below it",
)
@click.option("--note", "only_notes", multiple=True, metavar="PATH", help="Only this note")
@click.option(
    "--where",
    "properties",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only notes with this property",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATH",
    help="No notes whose path contains this (-path:PATH)",
)
@click.option(
    "--since",
    callback=read_days,
    metavar="DATE",
    help='Only notes dated this day or later: 2024-03-05, 2024, yesterday, "3 weeks ago"',
)
@click.option(
    "--until",
    callback=read_days,
    metavar="DATE",
    help="Only notes dated this day or earlier; a month or year counts to its end",
)
@click.option(
    "--more-like",
    multiple=True,
    metavar="POINT",
    help="Prefer hits like this point (NOTE:LINE or an id)",
)
@click.option("--less-like", multiple=True, metavar="POINT", help="Prefer hits unlike this point")
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Answer each question of a JSON-lines file ({"id", "question"}; - for standard input) '
    "with one JSON line, or as --format says",
)
@click.option(
    "--open",
    "open_hit",
    type=click.IntRange(1),
    metavar="N",
    help="Open the N-th hit in your editor",
)
@click.option("--points", is_flag=True, help="Single points only, no lists or sections")
@click.option(
    "--full", is_flag=True, help="Print every line of each answer, and weaker matches too"
)
@click.option(
    "--explain",
    is_flag=True,
    help="Say why: the verdict, the size, and the rank of each hit",
)
@format_options
@click.option("--rerank", metavar="MODEL", help="Rerank the first points with this cross-encoder")
def query(
    words: tuple[str, ...],
    top_k: int,
    batch: Path | None,
    open_hit: int | None,
    **options: Any,
) -> int:
    """Answer a question with points from the notes.

    A note must match one option of each kind that is given. The question itself can contain "exact
    phrase", -word, tag:x, -tag:x, path:x and -path:x.

    \b
    notepoint query "does it talk about ethics?"
    notepoint query "batch norm at test time" --tag deeplearning --since 2020-01-01 -k 5
    notepoint query what is dropout -path:archive --where status=done
    notepoint query "why mini-batches?" --json
    notepoint query "why mini-batches?" --budget 1000
    """  # noqa: D301 - click knows a block by this character
    question = typed_question(words)
    if (question is None) == (batch is None):
        raise click.UsageError("give a question, or --batch FILE")
    if batch is not None:
        check_batch_format(options)
    search = {
        "k": max(points_wanted(top_k, options), open_hit or 0),
        "mode": Mode(options["mode"]),
        "where": _filter(options),
        "more_like": options["more_like"],
        "less_like": options["less_like"],
        "rerank": options["rerank"],
        "points": options["points"],
        "explain": options["explain"],
        "budget": options["budget"],
    }
    with open_notebook(options) as notebook:
        if search["mode"] is not Mode.LEXICAL:
            notebook.open_ahead()
        from indexer import render  # noqa: F401 - read while the model is opened

        behind = notebook.catch_up()
        if behind and not options["quiet"]:
            click.echo(with_places(behind, options), err=True)

        if batch is not None:
            return _answer_batch(notebook, batch, search, options)
        answer = notebook.search(question or "", **search)
        click.echo(answer_output(answer, notebook.settings.notes, options))
        if not options["as_json"] and not options["quiet"]:
            _offer(question or "", answer, options)
        if open_hit is not None:
            _open_hit(notebook, answer, open_hit)
    return FOUND if answer.answered else NOTHING


def _offer(question: str, answer: Any, options: dict[str, Any]) -> None:
    """Say to stderr that another model would understand the question, where that is so."""
    from indexer.encoding.offer import offer_for_question

    offer = offer_for_question(question, answer)
    if offer:
        click.echo(f"hint: {with_places(offer, options)}", err=True)


def _filter(options: dict[str, Any]) -> NoteFilter:
    return NoteFilter(
        tags=options["tags"],
        categories=options["categories"],
        folders=options["folders"],
        notes=options["only_notes"],
        since=options["since"].first if options["since"] else None,
        until=options["until"].last if options["until"] else None,
        properties=tuple(map(_property, options["properties"])),
        without_paths=options["exclude"],
    )


def _property(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise click.UsageError(f"--where takes KEY=VALUE, not {text!r}")
    return key.strip(), value.strip()


def _answer_batch(
    notebook: Any, batch: Path, search: dict[str, Any], options: dict[str, Any]
) -> int:
    """Print the answer to each question; a line with a wrong question says what is wrong."""
    from indexer.evaluation.questions import lines_of, place_of, read_json_object

    printed = batch_output(notebook.settings.notes, options)
    status = FOUND
    for number, line in lines_of(batch):
        row: dict[str, Any] = {}
        answer: Any = None
        try:
            row = read_json_object(line, place_of(batch, number))
            if "question" not in row or "id" not in row:
                raise QueryError(
                    f"{place_of(batch, number)}: a question lacks its id or its text",
                    'write {"id", "question"}',
                )
            answer = notebook.search(str(row["question"]), **search)
        except QueryError as exc:
            answer = {"line": number, "error": exc.message, "hint": exc.hint}
            status = NOTHING
        click.echo(printed(row, answer))
    return status


def _open_hit(notebook: Any, answer: Any, number: int) -> None:
    from indexer.commands.editor import open_in_editor

    if number > len(answer.units):
        raise QueryError(
            f"there is no hit {number}: {len(answer.units)} were found", "ask for more with -k"
        )
    hit = next(hit for hit in answer.hits if hit.unit == number)
    open_in_editor(notebook.settings.editor, notebook.settings.notes / hit.note_id, hit.line_start)

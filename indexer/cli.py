"""The command line. A command parses and computes nothing: it calls the facade and prints."""

from __future__ import annotations

import contextlib
import datetime
import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from indexer import __version__, streams
from indexer.config import DEFAULT_PORT, DEFAULT_TOP_K
from indexer.errors import IndexerError, QueryError
from indexer.records import Mode, NoteFilter
from indexer.reserve import demand_room, hold_reserve

if TYPE_CHECKING:
    from indexer.notebook import Notebook

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FOUND, _NOTHING, _FAILED, _INTERRUPTED = 0, 1, 2, 130
_LEAST_BYTES = 256 << 20  # address space of a query; with less the libraries end by a signal
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def main() -> NoReturn:
    """Run the command line and leave with its exit status."""
    # A product of a matrix and a question is over before a second thread has begun.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    hold_reserve()
    streams.prepare()
    try:
        status = cli.main(prog_name="notepoint", standalone_mode=False)
        sys.stdout.flush()
    except IndexerError as exc:
        _complain(exc)
        status = _FAILED
    except click.ClickException as exc:
        exc.show()
        status = exc.exit_code
    except (KeyboardInterrupt, click.Abort):
        status = _INTERRUPTED
    except BrokenPipeError:
        streams.discard_output()  # whoever read it has enough
        status = _FOUND
    except (OSError, MemoryError, RuntimeError, ImportError) as exc:
        shortage = streams.shortage(exc)
        if shortage is None:
            raise
        _complain(shortage)
        streams.discard_output()
        status = _FAILED
    sys.exit(status if isinstance(status, int) else _FOUND)


def _complain(exc: IndexerError) -> None:
    from indexer.render import safe

    lines = [f"notepoint: error: {safe(exc.message)}"]
    lines += [f"hint: {safe(exc.hint)}"] if exc.hint else []
    for line in lines:
        with contextlib.suppress(OSError):  # the full disk may be the one the errors go to
            click.echo(line, err=True)


def _common(command: _Command) -> _Command:
    """Add the options every command takes."""
    options = [
        click.option(
            "--notes",
            metavar="DIR",
            help="Notes folder [default: $NOTEPOINT_NOTES, else the nearest "
            "folder upwards that has an index, else ./corpus]",
        ),
        click.option(
            "--store", metavar="URL|DIR", help="Index [default: .notepoint in the notes folder]"
        ),
        click.option(
            "--model", metavar="NAME", help="Model: a name or a folder [default: all-MiniLM-L6-v2]"
        ),
        click.option("--site-url", metavar="URL", help="Address the notes are published at"),
        click.option("--json", "as_json", is_flag=True, help="Print JSON"),
        click.option("-q", "--quiet", is_flag=True, help="Print results only"),
        click.option("-v", "--verbose", is_flag=True, help="Say more of what is going on"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_top_k = click.option(
    "-k",
    "--top-k",
    type=click.IntRange(1, 1000),
    default=DEFAULT_TOP_K,
    show_default=True,
    help="How many points",
)


@contextlib.contextmanager
def _notebook(options: dict[str, Any]) -> Iterator[Notebook]:
    """Open the notebook the common options name."""
    demand_room(_LEAST_BYTES)
    from indexer.notebook import Notebook

    if options["verbose"]:
        import logging

        logging.basicConfig(level=logging.INFO, stream=sys.stderr)

    def say(line: str) -> None:
        if not options["quiet"]:
            click.echo(line, err=True)

    names = ("notes", "store", "model", "site_url")
    with Notebook(**{name: options[name] for name in names}, say=say) as notebook:
        yield notebook


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="notepoint")
def cli() -> None:
    """Ask a folder of Markdown notes; get the point you once wrote.

    \b
    notepoint build --notes ~/notes
    notepoint query "does it talk about ethics?"

    Exit status: 0 found or built, 1 nothing found or notes skipped, 2 error or wrong use.
    """  # noqa: D301 - click knows a block by this character


@cli.command()
@_common
@click.option("--rebuild", is_flag=True, help="Begin from nothing; also mends a damaged index")
@click.option("--force", is_flag=True, help="Build even if most notes are gone")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing")
@click.option("--ray", is_flag=False, flag_value="", metavar="[ADDRESS]", help="Encode by Ray")
@click.option("--progress-json", is_flag=True, hidden=True)
@click.option("--standby", is_flag=True, hidden=True)
def build(progress_json: bool, standby: bool, **options: Any) -> int:
    """Bring the index in line with the notes.

    Only what is new is encoded. Notes that cannot be read are listed with the reason; the others
    are indexed all the same.

    \b
    notepoint build --notes ~/notes
    notepoint build --dry-run
    """  # noqa: D301 - click knows a block by this character
    from indexer import progress, render

    with (
        _notebook(options) as notebook,
        progress.show(as_json=progress_json, quiet=options["quiet"]) as reporter,
    ):
        if standby and not progress.wait_for_word(notebook):
            return _FOUND
        how = {name: options[name] for name in ("rebuild", "force", "dry_run", "ray")}
        report = notebook.build(**how, reporter=reporter)
    if options["as_json"]:
        click.echo(render.to_json(render.build_json(report)))
    elif not options["quiet"]:
        _echo_warnings(render.warnings_text(report.files, everything=options["verbose"]))
        click.echo(render.build_text(report))
    return _NOTHING if report.notes_skipped else _FOUND


@cli.command()
@_common
@click.argument("question", required=False)
@_top_k
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.HYBRID.value,
    show_default=True,
    help="By words, by meaning, or both",
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only notes with this tag")
@click.option(
    "--category", "categories", multiple=True, metavar="NAME", help="Only notes of this category"
)
@click.option(
    "--folder", "folders", multiple=True, metavar="PATH", help="Only notes below this folder"
)
@click.option("--note", "only_notes", multiple=True, metavar="PATH", help="Only this note")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Only notes of this day or later",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Only notes of this day or before",
)
@click.option(
    "--more-like", multiple=True, metavar="POINT", help="Lean towards a point (NOTE:LINE or an id)"
)
@click.option("--less-like", multiple=True, metavar="POINT", help="Lean away from a point")
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Answer each question of a JSON-lines file ({"id", "question"}), one JSON line each',
)
@click.option(
    "--open",
    "open_hit",
    type=click.IntRange(1),
    metavar="N",
    help="Open the N-th hit in your editor",
)
@click.option("--markdown", is_flag=True, help="Print Markdown")
@click.option("--rerank", metavar="MODEL", help="A cross-encoder that orders the first points anew")
def query(
    question: str | None,
    top_k: int,
    batch: Path | None,
    open_hit: int | None,
    markdown: bool,
    **options: Any,
) -> int:
    """Answer a question with the points of the notes that answer it.

    Options of one kind are alternatives; options of different kinds all hold.

    \b
    notepoint query "does it talk about ethics?"
    notepoint query "batch norm at test time" --tag deeplearning --since 2020-01-01 -k 5
    notepoint query "why mini-batches?" --json
    """  # noqa: D301 - click knows a block by this character
    if (question is None) == (batch is None):
        raise click.UsageError("give a question, or --batch FILE")
    search = {
        "k": max(top_k, open_hit or 0),
        "mode": Mode(options["mode"]),
        "where": _filter(options),
        "more_like": options["more_like"],
        "less_like": options["less_like"],
        "rerank": options["rerank"],
    }
    with _notebook(options) as notebook:
        if search["mode"] is not Mode.LEXICAL:
            notebook.open_ahead()
        from indexer import render  # while the model is opened

        if batch is not None:
            return _answer_batch(notebook, batch, search)
        answer = notebook.search(question or "", **search)
        if options["as_json"]:
            click.echo(render.to_json(render.answer_json(answer)))
        elif markdown:
            click.echo(render.answer_markdown(answer))
        else:
            click.echo(render.answer_text(answer))
        if open_hit is not None:
            _open_hit(notebook, answer, open_hit)
    return _FOUND if answer.answered else _NOTHING


def _filter(options: dict[str, Any]) -> NoteFilter:
    def day(value: datetime.datetime | None) -> datetime.date | None:
        return value.date() if value else None

    return NoteFilter(
        options["tags"],
        options["categories"],
        options["folders"],
        options["only_notes"],
        day(options["since"]),
        day(options["until"]),
    )


def _answer_batch(notebook: Any, batch: Path, search: dict[str, Any]) -> int:
    """Print one answer a line; a question that cannot be asked gets a line that says why."""
    from indexer import render
    from indexer.evaluation import read_json_lines

    status = _FOUND
    for number, row in read_json_lines(batch):
        if "question" not in row or "id" not in row:
            raise QueryError(
                f"{batch}:{number}: a question lacks its id or its text", 'write {"id", "question"}'
            )
        answer = notebook.search(str(row["question"]), **search)
        click.echo(render.to_json({"id": row["id"], **render.answer_json(answer)}))
    return status


def _open_hit(notebook: Any, answer: Any, number: int) -> None:
    from indexer.editor import open_in_editor

    if number > len(answer.hits):
        raise QueryError(
            f"there is no hit {number}: {len(answer.hits)} were found", "ask for more with -k"
        )
    hit = answer.hits[number - 1]
    open_in_editor(notebook.settings.editor, notebook.settings.notes / hit.note_id, hit.line_start)


@cli.command()
@_common
@click.argument("place", metavar="NOTE[:LINE]")
@_top_k
def similar(place: str, top_k: int, **options: Any) -> int:
    """Show the nearest points of other notes.

    Leaves out the note itself, what it links to already, and points of the same words.

    \b
    notepoint similar courses/sequence-models.md:42
    """  # noqa: D301 - click knows a block by this character
    from indexer import render

    with _notebook(options) as notebook:
        hits = notebook.similar(place, top_k)
    if options["as_json"]:
        click.echo(render.to_json({"place": place, "hits": [render.hit_json(hit) for hit in hits]}))
    else:
        click.echo(render.hits_text(hits) or "nothing found")
    return _FOUND if hits else _NOTHING


@cli.command()
@_common
@click.argument("note", required=False)
@click.option("--broken", is_flag=True, help="Only links that lead nowhere or have a mend")
@click.option("--back", is_flag=True, help="Links of other notes to NOTE")
def links(note: str | None, broken: bool, back: bool, **options: Any) -> int:
    """Show where links lead: those of NOTE, or of all notes.

    A link written the wrong way round, or without its target, is read as it was meant and shown
    with its mend.

    \b
    notepoint links --broken
    notepoint links --back review.md
    """  # noqa: D301 - click knows a block by this character
    from indexer import render

    if back and note is None:
        raise click.UsageError("--back needs a NOTE")
    with _notebook(options) as notebook:
        if note is not None and back:
            found = notebook.backlinks(note)
        else:
            found = notebook.links(note, broken=broken)
    text = (
        render.to_json(render.links_json(found)) if options["as_json"] else render.links_text(found)
    )
    click.echo(text)
    return _FOUND if found else _NOTHING


@cli.command()
@_common
def watch(**options: Any) -> None:
    """Keep the index in line with the notes until stopped with Ctrl-C."""
    import threading

    from indexer import render
    from indexer.watch import watch as keep_watching

    with _notebook(options) as notebook:

        def built(report: Any) -> None:
            text = (
                render.to_json(render.build_json(report))
                if options["as_json"]
                else render.build_text(report)
            )
            click.echo(text)

        click.echo(f"watching {notebook.settings.notes}", err=True)
        keep_watching(notebook, threading.Event(), built=built, failed=_complain)


@cli.command()
@_common
def status(**options: Any) -> None:
    """Show what is indexed, by which model, and whether notes changed since."""
    from indexer import render

    with _notebook(options) as notebook:
        found = notebook.status()
    click.echo(
        render.to_json(render.status_json(found))
        if options["as_json"]
        else render.status_text(found)
    )


@cli.command()
@_common
def check(**options: Any) -> int:
    """Read every byte of the index and the model; say what is wrong and how to mend it."""
    from indexer import render

    with _notebook(options) as notebook:
        faults = notebook.check()
    if options["as_json"]:
        rows = [{"part": fault.part, "message": fault.message} for fault in faults]
        click.echo(render.to_json({"ok": not faults, "faults": rows}))
    else:
        click.echo(render.check_text(faults))
    if faults:
        click.echo("hint: run `notepoint build --rebuild`", err=True)
    return _FAILED if faults else _FOUND


@cli.command()
@_common
def dump(**options: Any) -> None:
    """Print every note with what became of it, and every point with its lines."""
    from indexer import render

    with _notebook(options) as notebook:
        files, points = notebook.dump()
    if options["as_json"]:
        click.echo(render.to_json(render.dump_json(files, points)))
        return
    if not options["quiet"]:
        _echo_warnings(render.warnings_text(files, everything=True))
    click.echo(render.dump_text(points))


@cli.command(name="export")
@_common
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def export_(folder: Path, **options: Any) -> None:
    """Write the index to a new folder of Parquet files, for `import` into another store.

    \b
    notepoint export /tmp/wiki
    notepoint import /tmp/wiki --store postgresql://user@host/db
    """  # noqa: D301 - click knows a block by this character
    with _notebook(options) as notebook:
        found = notebook.export_index(folder)
    _echo_transfer(found, options)


@cli.command(name="import")
@_common
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace an index that is there already")
def import_(folder: Path, force: bool, **options: Any) -> None:
    """Read an index that `export` wrote, and compare what arrived: nothing is encoded again."""
    with _notebook(options) as notebook:
        found = notebook.import_index(folder, force=force)
    _echo_transfer(found, options)


def _echo_transfer(found: Any, options: dict[str, Any]) -> None:
    from indexer import render

    if options["as_json"]:
        click.echo(render.to_json(render.transfer_json(found)))
    elif not options["quiet"]:
        click.echo(render.transfer_text(found))


@cli.command(name="eval")
@_common
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--compare", "settings", metavar="SETTINGS", help="Another setting, as mode=dense or words=0"
)
@click.option("--run", "run_file", type=click.Path(path_type=Path), help="Write a TREC run")
def evaluate(path: Path, settings: str | None, run_file: Path | None, **options: Any) -> None:
    """Judge the answers to questions whose answers are known.

    PATH is a file of JSON lines: {"id", "question", "kind", "answers": [{"file", "line_start",
    "line_end"}]}; a question the notes do not answer has no answers. Where questions name a
    "vault", those of the notes folder of that name are asked. Or PATH is a folder with
    corpus.jsonl, queries.jsonl and qrels.tsv, whose documents are indexed as notes.

    \b
    notepoint eval questions.jsonl --notes ~/notes
    notepoint eval questions.jsonl --compare mode=lexical
    notepoint eval scifact --run scifact.run
    """  # noqa: D301 - click knows a block by this character
    from indexer.collection import is_collection

    if is_collection(path):
        _evaluate_collection(path, settings, run_file, options)
        return
    from indexer import render
    from indexer.evaluation import (
        compare,
        judge,
        read_questions,
        read_settings,
        reciprocal_ranks,
        summarise,
    )

    with _notebook(options) as notebook:
        questions = read_questions(path, notebook.settings.notes.resolve().name)
        judged = []
        for text in ("", *([] if settings is None else [settings])):
            mode, weights = read_settings(text)
            judged.append(
                judge(
                    questions,
                    lambda asked, mode=mode, weights=weights: notebook.search(  # type: ignore[misc]
                        asked, DEFAULT_TOP_K, mode=mode, weights=weights
                    ),
                )
            )
    found = [summarise(one) for one in judged]
    compared = None if len(judged) == 1 else compare(*map(reciprocal_ranks, judged))
    click.echo(
        render.to_json(render.evaluation_json(*found, comparison=compared))
        if options["as_json"]
        else render.evaluation_text(*found, comparison=compared)
    )


def _evaluate_collection(
    folder: Path, settings: str | None, run_file: Path | None, options: dict[str, Any]
) -> None:
    """Index the documents of a collection in a folder of their own, ask, and print the figures."""
    from tempfile import TemporaryDirectory

    from indexer import collection, progress, render
    from indexer.evaluation import compare, read_settings

    known = collection.read_collection(folder)
    scores: list[dict[str, dict[str, float]]] = []
    with TemporaryDirectory(prefix="notepoint-") as temporary:
        notes = Path(temporary) / "notes"
        notes.mkdir()
        collection.write_notes(known, notes)
        own = {"notes": str(notes), "store": options.get("store") or str(Path(temporary) / "index")}
        with _notebook(options | own) as notebook:
            with progress.show(quiet=options["quiet"]) as reporter:
                notebook.build(reporter=reporter, force=True)
            for text in ("", *([] if settings is None else [settings])):
                mode, weights = read_settings(text)
                ask = functools.partial(
                    notebook.search, k=2 * collection.DEPTH, mode=mode, weights=weights
                )
                run = collection.run_queries(known, ask)
                if run_file is not None and not scores:
                    collection.write_run(run_file, run)
                scores.append(collection.score_run(known.judgements, run))
    ndcg = [found["nDCG@10"] for found in scores]
    compared = None if len(scores) == 1 else compare(*ndcg)
    click.echo(
        render.to_json(render.collection_json(scores, compared))
        if options["as_json"]
        else render.collection_text(scores, compared)
    )


@cli.command()
@_common
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port"
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser")
def serve(port: int, no_browser: bool, **options: Any) -> int:
    """Open the page, on this machine only."""
    from indexer.serve import serve as run_page

    with _notebook(options) as notebook:
        settings = notebook.settings
    return run_page(settings, port=port, browser=not no_browser)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    notepoint completion bash >> ~/.bashrc
    """  # noqa: D301 - click knows a block by this character
    from click.shell_completion import get_completion_class

    source = get_completion_class(shell)
    if source is not None:
        click.echo(source(cli, {}, "notepoint", "_NOTEPOINT_COMPLETE").source())


def _echo_warnings(text: str) -> None:
    if text:
        click.echo(text, err=True)

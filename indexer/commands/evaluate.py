"""``notepoint eval``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.commands.options import (
    common,
    open_notebook,
)
from indexer.config import DEFAULT_TOP_K
from indexer.extras import require

if TYPE_CHECKING:
    from indexer.notebook import Notebook


@click.command(name="eval")
@common
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--compare",
    "settings",
    metavar="SETTINGS",
    help="Compare with another setting, such as mode=dense or words=0",
)
@click.option("--run", "run_file", type=click.Path(path_type=Path), help="Write a TREC run")
def evaluate(path: Path, settings: str | None, run_file: Path | None, **options: Any) -> None:
    """Measure the answers to judged questions.

    PATH is a file of JSON lines (- for standard input): {"id", "question", "kind", "answers":
    [{"file", "line_start", "line_end"}]}; a question that the notes do not answer has no answers.
    If questions name a "vault", only those with the name of the notes folder are asked. "whole":
    true says that all answers together are the answer, false that each is one; then sizes are
    judged as well. PATH can also be a folder with corpus.jsonl, queries.jsonl and qrels.tsv; its
    documents are indexed as notes.

    \b
    notepoint eval questions.jsonl --notes ~/notes
    notepoint eval questions.jsonl --compare mode=lexical
    notepoint eval scifact --run scifact.run
    """  # noqa: D301 - click knows a block by this character
    from indexer.evaluation.beir import is_collection

    if is_collection(path):
        _evaluate_collection(path, settings, run_file, options)
        return
    from indexer import render, render_reports
    from indexer.evaluation.questions import (
        compare,
        judge,
        read_questions,
        read_settings,
        reciprocal_ranks,
        summarise,
    )

    with open_notebook(options) as notebook:
        lines_of = functools.cache(functools.partial(_word_lines, notebook))
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
                    lines_of,
                )
            )
    found = [summarise(one) for one in judged]
    compared = None if len(judged) == 1 else compare(*map(reciprocal_ranks, judged))
    click.echo(
        render.to_json(render_reports.evaluation_json(*found, comparison=compared))
        if options["as_json"]
        else render_reports.evaluation_text(*found, comparison=compared)
    )


def _word_lines(notebook: Notebook, note_id: str) -> frozenset[int]:
    """Return the lines of a note that count in judging sizes."""
    from indexer.evaluation.sizes import word_lines

    return word_lines(notebook.points_of(note_id))


def _evaluate_collection(
    folder: Path, settings: str | None, run_file: Path | None, options: dict[str, Any]
) -> None:
    """Index the documents of a collection in a temporary folder, ask, and print the figures."""
    from tempfile import TemporaryDirectory

    from indexer import render, render_reports
    from indexer.commands import progress
    from indexer.evaluation import beir
    from indexer.evaluation.questions import compare, read_settings

    require("eval", "a collection of BEIR or TREC", "ir_measures", "scipy")
    known = beir.read_collection(folder)
    scores: list[dict[str, dict[str, float]]] = []
    with TemporaryDirectory(prefix="notepoint-") as temporary:
        notes = Path(temporary) / "notes"
        notes.mkdir()
        beir.write_notes(known, notes)
        own = {"notes": str(notes), "store": options.get("store") or str(Path(temporary) / "index")}
        with open_notebook(options | own) as notebook:
            with progress.show(quiet=options["quiet"]) as reporter:
                notebook.build(reporter=reporter, force=True)
            for text in ("", *([] if settings is None else [settings])):
                mode, weights = read_settings(text)
                ask = functools.partial(
                    notebook.search, k=2 * beir.DEPTH, mode=mode, weights=weights
                )
                run = beir.run_queries(known, ask)
                if run_file is not None and not scores:
                    beir.write_run(run_file, run)
                scores.append(beir.score_run(known.judgements, run))
    ndcg = [found["nDCG@10"] for found in scores]
    compared = None if len(scores) == 1 else compare(*ndcg)
    click.echo(
        render.to_json(render_reports.collection_json(scores, compared))
        if options["as_json"]
        else render_reports.collection_text(scores, compared)
    )

"""Measure the context of points: leave out each part in turn, on judged questions.

    python benchmarks/context.py [--vaults DIR --questions FILE ...]

Every variant makes the index of every vault again: minutes. The words of the context, which the
word retriever uses, stay as they are.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from quality import ROOT, ask_all, open_vaults, table, vaults_of

import indexer.indexing.crowded
from indexer.evaluation.questions import compare, reciprocal_ranks, summarise
from indexer.notes.points import context_of
from indexer.records import Point


def _always_with_the_title(title: str, point: Point) -> str:
    found = context_of(title, point)
    return found if len(_own(title, point)) < 2 else f"{title} > {found}"


def _without_the_title(title: str, point: Point) -> str:
    found = context_of(title, point)
    if len(_own(title, point)) >= 2:
        return found
    return found[len(title) :].removeprefix(" > ").removeprefix(":")


def _without_headings(title: str, point: Point) -> str:
    return context_of(title, point._replace(heading_path=()))


def _nearest_heading(title: str, point: Point) -> str:
    nearest = [title, *_own(title, point)][-1]
    return context_of(nearest, point._replace(heading_path=()))


def _without_parents(title: str, point: Point) -> str:
    return context_of(title, point._replace(parents=()))


def _own(title: str, point: Point) -> list[str]:
    return [heading for heading in point.heading_path if heading.casefold() != title.casefold()]


VARIANTS: dict[str, Callable[[str, Point], str]] = {
    "the last two of title and headings, parents and lead-ins": context_of,
    "with the title always": _always_with_the_title,
    "without the title": _without_the_title,
    "the title without headings": _without_headings,
    "the last heading alone": _nearest_heading,
    "without parents and lead-ins": _without_parents,
    "nothing": lambda title, point: "",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vaults", type=Path)
    parser.add_argument("--questions", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    own = ROOT / "benchmarks" / "questions"
    wanted = vaults_of([*options.questions, own / "corpus.jsonl", own / "corpus-held-out.jsonl"])
    if options.vaults is None:
        wanted = {"corpus": wanted["corpus"]}
    rows: list[list[str]] = []
    base: dict[str, float] = {}
    for name, made in VARIANTS.items():
        indexer.indexing.crowded.context_of = made
        with tempfile.TemporaryDirectory() as stores:
            notebooks = dict(
                zip(wanted, open_vaults(options.vaults, list(wanted), Path(stores)), strict=True)
            )
            judged = ask_all(notebooks, wanted, "")
            for notebook in notebooks.values():
                notebook.close()
        ranks = {k: v for found in judged.values() for k, v in reciprocal_ranks(found).items()}
        if not rows:
            base = ranks
            files = [path.stem for path in judged]
            rows.append(["encoded in", *files, "difference of MRR@10 over all", "p"])
        cells = []
        for found in judged.values():
            of = summarise(found).groups["all"]
            cells.append(f"{of.hit_at_1:.3f} / {of.hit_at_5:.3f} / {of.mrr_at_10:.3f}")
        test = compare(base, ranks)
        last = ["", ""] if ranks is base else [f"{test.difference:+.3f}", f"{test.p_value:.3f}"]
        rows.append([name, *cells, *last])
        print(name, *cells, *last, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()

"""Retrieval collections in BEIR's layout: write them as notes, rank, score, export TREC runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from indexer.errors import QueryError
from indexer.evaluation.questions import lines_of, read_json_lines, typed_value
from indexer.records import Answer
from indexer.whole_numbers import whole_number

DEPTH = 100
_FILES = ("corpus.jsonl", "queries.jsonl", "qrels.tsv")
_NOTE = re.compile(r"(\d+)\.md$")
# A line with this start would be read as a heading, a list, a quote, a fence or a rule.
_MARKUP = re.compile(r"^(\d*)([#>*+=|~`.)-])")

Run = dict[str, list[tuple[str, float]]]
"""Query id to (document id, score) pairs, best first."""


class Collection(NamedTuple):
    """Documents, questions, and graded judgements: which documents answer which question."""

    documents: tuple[tuple[str, str, str], ...]  # id, title, text
    queries: dict[str, str]
    judgements: dict[str, dict[str, int]]


def is_collection(path: Path) -> bool:
    """Return whether a path is a folder in BEIR's layout.

    :param path: a file or a folder.
    :raises QueryError: if it is a folder that lacks a file of that layout.
    """
    if not path.is_dir():
        return False
    missing = [name for name in _FILES if not (path / name).is_file()]
    if missing:
        raise QueryError(
            f"the folder {path} is no collection: {', '.join(missing)} is missing",
            f"give a folder with {', '.join(_FILES)}, or a file of questions; "
            "the notes are named by --notes",
        )
    return True


def read_collection(folder: Path) -> Collection:
    """Read a collection.

    :param folder: with ``corpus.jsonl``, ``queries.jsonl`` and ``qrels.tsv``.
    :raises QueryError: if a file cannot be read; the message names the file and line.
    """
    corpus, queries, qrels = (folder / name for name in _FILES)
    try:
        documents = tuple(
            (str(row["_id"]), str(row.get("title") or ""), typed_value(row, "text", str))
            for _, row in read_json_lines(corpus)
        )
        asked = {
            str(row["_id"]): typed_value(row, "text", str) for _, row in read_json_lines(queries)
        }
    except (KeyError, TypeError) as exc:
        raise QueryError(
            f"a line of {corpus} or {queries} lacks {exc}", "each needs _id and text"
        ) from exc
    judgements: dict[str, dict[str, int]] = {}
    for number, line in lines_of(qrels):
        fields = line.rstrip("\r").split("\t")
        grade = whole_number(fields[-1].strip().removeprefix("-"))
        if number == 1 and grade is None:
            continue  # the header line
        if len(fields) != 3 or grade is None:
            raise QueryError(
                f"{qrels}:{number}: not a judgement",
                "a line has query-id, corpus-id and score, separated by tabs",
            )
        signed = -grade if fields[2].strip().startswith("-") else grade
        judgements.setdefault(fields[0], {})[fields[1]] = signed
    judged = {query: text for query, text in asked.items() if query in judgements}
    if not judged:
        raise QueryError(f"no query of {queries} is judged in {qrels}", "the ids must be the same")
    return Collection(documents, judged, judgements)


def write_notes(collection: Collection, folder: Path) -> None:
    """Write each document as a note, named by its number in the collection."""
    for number, (_, title, text) in enumerate(collection.documents):
        body = _MARKUP.sub(r"\1\\\2", " ".join(text.split()))
        head = f"---\ntitle: {json.dumps(title)}\n---\n" if title else ""
        (folder / f"{number}.md").write_text(f"{head}{body}\n", "utf-8", errors="replace")


def rank_documents(collection: Collection, answer: Answer) -> list[tuple[str, float]]:
    """Return the documents of an answer's hits, each with its best score, best first.

    :param collection: the one whose documents are the notes.
    :param answer: the answer to one of its queries.
    """
    best: dict[str, float] = {}
    for hit in answer.hits:
        found = _NOTE.search(hit.note_id)
        if found:
            document = collection.documents[int(found.group(1))][0]
            best[document] = max(best.get(document, hit.score), hit.score)
    return sorted(best.items(), key=lambda pair: -pair[1])[:DEPTH]


def run_queries(collection: Collection, ask: Callable[[str], Answer]) -> Run:
    """Ask every query of a collection and rank its documents.

    :param collection: the one whose documents are the notes.
    :param ask: returns the answer to a query, with enough hits for ``DEPTH`` documents.
    """
    queries = collection.queries.items()
    return {query: rank_documents(collection, ask(text)) for query, text in queries}


def score_run(judgements: Mapping[str, Mapping[str, int]], run: Run) -> dict[str, dict[str, float]]:
    """Return nDCG@10, R@100 and RR@10 of each query, computed by ir-measures.

    :param judgements: query id to document id to grade.
    :param run: the ranked documents; a missing query counts 0.
    :return: measure to query id to figure.
    """
    import ir_measures
    from ir_measures import RR, R, nDCG

    qrels = [
        ir_measures.Qrel(query, document, grade)
        for query, graded in judgements.items()
        if query in run
        for document, grade in graded.items()
    ]
    ranked = [
        ir_measures.ScoredDoc(query, document, score)
        for query, found in run.items()
        for document, score in found
    ]
    measures = [nDCG @ 10, R @ DEPTH, RR @ 10]
    found: dict[str, dict[str, float]] = {str(m): dict.fromkeys(run, 0.0) for m in measures}
    for metric in ir_measures.iter_calc(measures, qrels, ranked):
        found[str(metric.measure)][metric.query_id] = float(metric.value)
    return found


def write_run(path: Path, run: Run) -> None:
    """Write a ranking as a TREC run: query, Q0, document, rank, score, name.

    :param path: the file to write.
    :param run: the ranked documents.
    :raises QueryError: if it cannot be written.
    """
    lines = [
        f"{query} Q0 {document} {rank} {score:.6f} notepoint\n"
        for query, found in run.items()
        for rank, (document, score) in enumerate(found, 1)
    ]
    try:
        path.write_text("".join(lines), "utf-8")
    except OSError as exc:
        raise QueryError(f"the run cannot be written: {exc}", "name another file") from exc

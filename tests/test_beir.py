"""Collections in BEIR's layout: documents become notes, rankings become figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import OpenNotebook

from indexer.errors import QueryError
from indexer.evaluation.beir import (
    is_collection,
    read_collection,
    run_queries,
    score_run,
    write_notes,
    write_run,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = [
        {"_id": "d1", "title": "Wings", "text": "lift of a wing # at low speed"},
        {"_id": "d2", "title": "", "text": "- heat of a blunt body"},
        {"_id": "d3", "title": 'Say: "yes"', "text": "1. nothing of the kind"},
    ]
    queries = [{"_id": "q1", "text": "lift of a wing"}, {"_id": "q2", "text": "blunt body heat"}]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(d) + "\n" for d in documents))
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(q) + "\n" for q in queries))
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")
    return tmp_path


def test_collection_is_read(folder: Path) -> None:
    assert is_collection(folder)
    found = read_collection(folder)
    assert [d[0] for d in found.documents] == ["d1", "d2", "d3"]
    assert found.judgements == {"q1": {"d1": 1}, "q2": {"d2": 1}}


def test_documents_are_found_as_notes(
    folder: Path, tmp_path: Path, open_notebook: OpenNotebook
) -> None:
    known = read_collection(folder)
    notes = tmp_path / "notes"
    notes.mkdir()
    write_notes(known, notes)
    notebook = open_notebook(notes)
    report = notebook.build()
    assert (report.notes_added, report.notes_skipped) == (3, 0)
    assert all(not file.warnings for file in report.files)
    _, points = notebook.dump()
    assert [p.stored.point.text for p in points] == [text for _, _, text in known.documents]
    run = run_queries(known, lambda query: notebook.search(query, 9))
    assert [run["q1"][0][0], run["q2"][0][0]] == ["d1", "d2"]
    figures = score_run(known.judgements, run)
    assert figures["nDCG@10"] == {"q1": 1.0, "q2": 1.0}
    write_run(tmp_path / "out.run", run)
    first = (tmp_path / "out.run").read_text().splitlines()[0].split()
    assert first[:4] == ["q1", "Q0", "d1", "1"]


def test_figures_are_those_worked_by_hand() -> None:
    run = {"q1": [("x", 2.0), ("d1", 1.0)], "q2": [("y", 1.0)]}
    figures = score_run({"q1": {"d1": 1}, "q2": {"d2": 1}}, run)
    assert figures["RR@10"] == {"q1": 0.5, "q2": 0.0}
    assert figures["nDCG@10"]["q1"] == pytest.approx(0.6309, abs=1e-4)  # 1 / log2(3)
    assert figures["R@100"] == {"q1": 1.0, "q2": 0.0}


def test_wrong_judgement_names_its_line(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1 d1 1\n")
    with pytest.raises(QueryError, match=r"qrels\.tsv:2"):
        read_collection(folder)


def test_folder_that_lacks_a_file_is_named(folder: Path, tmp_path: Path) -> None:
    """Notes given in place of a collection: the system only says that a folder is no file."""
    (folder / "qrels.tsv").unlink()
    with pytest.raises(QueryError, match=r"is no collection: qrels\.tsv is missing") as caught:
        is_collection(folder)
    assert "--notes" in str(caught.value.hint)
    (tmp_path / "notes").mkdir()
    with pytest.raises(QueryError, match=r"corpus\.jsonl, queries\.jsonl, qrels\.tsv is missing"):
        is_collection(tmp_path / "notes")
    assert not is_collection(tmp_path / "questions.jsonl")


def test_document_without_text_is_an_error(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text('{"_id": "d1"}\n')
    with pytest.raises(QueryError, match="lacks 'text'"):
        read_collection(folder)


def test_queries_must_be_judged(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("other\td1\t1\n")
    with pytest.raises(QueryError, match="no query"):
        read_collection(folder)

"""BM25, by which both stores rank words, beside PostgreSQL's own ts_rank, on judged questions.

    python benchmarks/ts_rank.py QUESTIONS.jsonl NOTES [NOTES ...]

The word leg alone: the share of questions whose answer is the first point, or among the first five,
and the share of the ten first points both rankings have.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fakes import FakeEncoder  # noqa: E402
from servers import running_server  # noqa: E402

from indexer.evaluation.questions import read_questions  # noqa: E402
from indexer.notebook import Notebook  # noqa: E402
from indexer.records import NoteFilter  # noqa: E402
from indexer.store.opening import open_store  # noqa: E402
from indexer.store.postgres.schema import quote_lexeme  # noqa: E402
from indexer.store.term_selection import choose_terms  # noqa: E402
from indexer.text.terms import query_terms  # noqa: E402

DEPTH = 10


def main(questions: Path, folders: list[Path]) -> None:
    """Measure each folder and print a table."""
    columns = f"{'hit@1':>8}{'hit@5':>8}{'same 10':>9}{'other 1st':>11}"
    print(f"{'notes':<14}{'n':>5}{'ranking':>12}{columns}")
    with running_server() as server, tempfile.TemporaryDirectory() as scratch:
        for folder in folders:
            address = f"{server.url('notes')}?space={folder.name}"
            embedded = f"{scratch}/{folder.name}"
            for store in (address, embedded):
                with Notebook(folder, store=store, encoder=FakeEncoder()) as notebook:
                    notebook.build()
            asked = [q for q in read_questions(questions, folder.name) if q.answers]
            measure(folder.name, asked, address, embedded)


def measure(name, asked, address, embedded) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Print the figures of one folder."""
    stores = [open_store(one, read_only=True) for one in (address, embedded)]
    with stores[0].view() as view, stores[1].view() as other:
        rankings: dict[str, list[list[tuple[str, int, int]]]] = {}
        for question in asked:
            terms = query_terms(question.text)
            chosen = choose_terms(terms, view.term_counts(set(terms)), view.header().points)
            found = {
                "FTS5 BM25": places(other, other.lexical(terms, DEPTH, NoteFilter())),
                "our BM25": places(view, view.lexical(terms, DEPTH, NoteFilter())),
            }
            query = " | ".join(quote_lexeme(term) for term in dict.fromkeys(chosen))
            for function in ("ts_rank", "ts_rank_cd"):
                sql = (
                    f"SELECT id, {function}('{{0.4,0,0,1}}', words, %s::tsquery, 1) AS score "
                    "FROM point WHERE words @@ %s::tsquery ORDER BY score DESC, id LIMIT %s"
                )
                rows = view._run(sql, (query, query, DEPTH)) if chosen else []
                found[function] = places(view, rows)
            for ranking, best in found.items():
                rankings.setdefault(ranking, []).append(best)
    truth = rankings["FTS5 BM25"]
    for ranking, lists in rankings.items():
        hits = [first(question, best) for question, best in zip(asked, lists, strict=True)]
        pairs = [(set(a), set(b)) for a, b in zip(lists, truth, strict=True) if b]
        same = sum(len(a & b) / len(b) for a, b in pairs) / len(pairs)
        moved = sum(a[:1] != b[:1] for a, b in zip(lists, truth, strict=True)) / len(lists)
        at1 = sum(rank == 1 for rank in hits) / len(hits)
        at5 = sum(0 < rank <= 5 for rank in hits) / len(hits)
        print(
            f"{name:<14}{len(asked):>5}{ranking:>12}{at1:>8.3f}{at5:>8.3f}{same:>9.3f}{moved:>11.3f}"
        )
    for store in stores:
        store.close()


def places(view, scored) -> list[tuple[str, int, int]]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Return the note and lines of scored points, in their order."""
    points = view.read_points([i for i, _ in scored])
    return [
        (points[i].note.note_id, points[i].point.line_start, points[i].point.line_end)
        for i, _ in scored
    ]


def first(question, best) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Return the rank of the first place that overlaps an answer, 0 for none."""
    for rank, (note, start, end) in enumerate(best, 1):
        for place in question.answers:
            if note == place.note_id and start <= place.line_end and end >= place.line_start:
                return rank
    return 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]])

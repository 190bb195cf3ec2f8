"""Measure answers for questions and notes in other languages, with each packaged model.

    python benchmarks/languages.py

The questions of benchmarks/questions in six languages over the English notes of corpus/ (a second
set was written later, and no setting was chosen with it), those in English, and small folders of
German and Japanese notes with questions in their own language.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from indexer.config import PACKAGED_MODELS  # noqa: E402
from indexer.evaluation.questions import judge, read_questions  # noqa: E402
from indexer.notebook import Notebook  # noqa: E402

QUESTIONS = ROOT / "benchmarks/questions"
FOLDERS = {
    "corpus": (
        ROOT / "corpus",
        ("corpus-languages", "corpus-languages-held-out", "corpus", "corpus-held-out"),
    ),
    "german": (QUESTIONS / "vaults/german", ("german",)),
    "japanese": (QUESTIONS / "vaults/japanese", ("japanese",)),
}


def rows(model: str) -> Iterator[tuple[str, int, float, float, float]]:
    """Yield the name of a set, its questions, hit@1, hit@5 and the share answered."""
    for folder, files in FOLDERS.values():
        with (
            tempfile.TemporaryDirectory() as store,
            Notebook(folder, store=store, model=model) as notebook,
        ):
            notebook.build()
            for name in files:
                questions = [q for q in read_questions(QUESTIONS / f"{name}.jsonl") if q.answers]
                judged = list(judge(questions, lambda text: notebook.search(text, 10)))
                kinds = {one.question.kind for one in judged}
                by_kind = name.startswith("corpus-languages")
                for kind in sorted(kinds) if by_kind else [""]:
                    chosen = [one for one in judged if not kind or one.question.kind == kind]
                    ranks = [one.rank for one in chosen]
                    n = len(chosen)
                    yield (
                        f"{name} {kind}".strip(),
                        n,
                        sum(rank == 1 for rank in ranks) / n,
                        sum(0 < rank <= 5 for rank in ranks) / n,
                        sum(one.answered for one in chosen) / n,
                    )


if __name__ == "__main__":
    print("| questions | n | model | hit@1 | hit@5 | said to be answered |")
    print("|---|---|---|---|---|---|")
    for model in PACKAGED_MODELS:
        for name, n, first, five, answered in rows(model):
            print(f"| {name} | {n} | {model} | {first:.2f} | {five:.2f} | {answered:.2f} |")

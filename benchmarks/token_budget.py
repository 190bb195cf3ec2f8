"""How many judged questions are answered within a budget of tokens, against other ways to read.

    python benchmarks/token_budget.py NOTES QUESTIONS [--vault NAME] [--plot FILE] [--json]

A question counts as answered if all lines of one of its judged places are among what is read. What
is compared, each filled up to the budget:

- notepoint: ``query --budget``, whole answers, best first;
- words only: the same with ``--mode lexical``;
- sections: for each hit its whole section, as tools give that embed sections;
- notes: for each hit its whole note, cut where the budget ends;
- grep: lines with a word of the question and three lines around them, notes with most of its words
  first, as an agent with a shell reads.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from indexer.compact import compact, compact_text, points_for  # noqa: E402
from indexer.evaluation.questions import AnswerPlace, Question, read_questions  # noqa: E402
from indexer.notebook import Notebook  # noqa: E402
from indexer.records import Answer, Mode  # noqa: E402
from indexer.text.terms import query_terms, terms_of  # noqa: E402
from indexer.text.tokens import estimate_tokens  # noqa: E402

BUDGETS = (500, 1_000, 2_000, 4_000)
AROUND = 3  # lines before and after a match
_HEADING = re.compile(r"(#{1,6})\s")
Lines = set[tuple[str, int]]


class Texts:
    """The notes line by line, with the terms of each line."""

    def __init__(self, notebook: Notebook) -> None:
        """Read every indexed note."""
        root = notebook.settings.notes
        self.lines = {
            note.note_id: (root / note.note_id).read_text("utf-8", "replace").split("\n")
            for note in notebook.notes()
        }
        self.terms = {
            note_id: [set(terms_of(line)) for line in lines]
            for note_id, lines in self.lines.items()
        }

    def take(self, places: Iterable[tuple[str, int, int]], budget: int) -> Lines:
        """Return the lines of places that fit, in order; the last place is cut at a line."""
        taken: Lines = set()
        left = budget
        for note_id, first, last in places:
            left -= estimate_tokens(f"{note_id}:{first}-{last}")
            for number in range(first, min(last, len(self.lines[note_id])) + 1):
                if (note_id, number) in taken:
                    continue
                left -= estimate_tokens(self.lines[note_id][number - 1])
                if left < 0:
                    return taken
                taken.add((note_id, number))
        return taken

    def section(self, note_id: str, line: int) -> tuple[str, int, int]:
        """Return the section around a line, with its heading."""
        lines = self.lines[note_id]
        levels = [len(found[1]) if (found := _HEADING.match(one)) else 0 for one in lines]
        first = next((i for i in range(line - 1, -1, -1) if levels[i]), 0)
        level = levels[first] or 7
        after = (i for i in range(first + 1, len(lines)) if 0 < levels[i] <= level)
        return note_id, first + 1, next(after, len(lines))

    def grep(self, question: str) -> Iterator[tuple[str, int, int]]:
        """Yield what a search for the words of a question shows, the best notes first."""
        wanted = set(query_terms(question))
        found = {
            note_id: [i for i, terms in enumerate(lines, 1) if terms & wanted]
            for note_id, lines in self.terms.items()
        }
        words = {note_id: len(set().union(*self.terms[note_id]) & wanted) for note_id in self.terms}
        for note_id in sorted(found, key=lambda one: (-words[one], -len(found[one]), one)):
            for number in found[note_id]:
                yield note_id, max(1, number - AROUND), number + AROUND


def units(answer: Answer, budget: int) -> Lines:
    """Return the lines of what ``query --budget`` prints."""
    found = compact(answer, budget=budget)
    assert estimate_tokens(compact_text(found)) <= budget or not found.passages
    return {
        (passage.note_id, number)
        for passage in found.passages
        for number in range(passage.line_start, passage.line_end + 1)
    }


def is_read(lines: Lines, answers: Sequence[AnswerPlace]) -> bool:
    """Return whether all lines of one of the answers were read."""
    return any(
        all((one.note_id, number) in lines for number in range(one.line_start, one.line_end + 1))
        for one in answers
    )


def ways(
    notebook: Notebook, texts: Texts, question: Question, budget: int
) -> Iterator[tuple[str, Lines]]:
    """Yield each way to spend a budget with the lines that are read by it."""
    k = points_for(budget, None, 10)
    answer = notebook.search(question.text, k)
    yield "notepoint", units(answer, budget)
    yield "words only", units(notebook.search(question.text, k, mode=Mode.LEXICAL), budget)
    hits = answer.hits
    sections = dict.fromkeys(texts.section(hit.note_id, hit.line_start) for hit in hits)
    yield "sections", texts.take(sections, budget)
    whole = dict.fromkeys((hit.note_id, 1, len(texts.lines[hit.note_id])) for hit in hits)
    yield "notes", texts.take(whole, budget)
    yield "grep", texts.take(texts.grep(question.text), budget)


def measure(notes: Path, path: Path, vault: str) -> dict[str, dict[int, float]]:
    """Return the share of answerable questions that are answered, by way and budget."""
    with Notebook(notes) as notebook:
        notebook.build()
        texts = Texts(notebook)
        asked = [one for one in read_questions(path, vault) if one.answers]
        counts: dict[str, dict[int, int]] = {}
        for question in asked:
            for budget in BUDGETS:
                for name, lines in ways(notebook, texts, question, budget):
                    row = counts.setdefault(name, dict.fromkeys(BUDGETS, 0))
                    row[budget] += is_read(lines, question.answers)
    return {name: {b: n / len(asked) for b, n in row.items()} for name, row in counts.items()}


def draw(figures: dict[str, dict[int, float]], path: Path) -> None:
    """Draw the shares by budget."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for (name, row), mark in zip(figures.items(), "os^vD", strict=True):
        axes.plot(list(row), list(row.values()), marker=mark, label=name)
    axes.set(xscale="log", xlabel="tokens read", ylabel="questions answered", ylim=(0, 1))
    axes.set_xticks(BUDGETS, [f"{budget:,}" for budget in BUDGETS])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--vault", default="")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    options: Any = parser.parse_args()
    figures = measure(options.notes, options.questions, options.vault)
    if options.plot:
        draw(figures, options.plot)
    if options.json:
        print(json.dumps(figures))
        return
    print("| |" + "".join(f" {budget:,} |" for budget in BUDGETS))
    print("|---|" + "---|" * len(BUDGETS))
    for name, row in figures.items():
        print(f"| {name} |" + "".join(f" {share:.2f} |" for share in row.values()))


if __name__ == "__main__":
    main()

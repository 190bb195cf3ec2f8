"""Measure how many judged questions are answered within a token budget, by several methods.

    python benchmarks/token_budget.py NOTES QUESTIONS [--vault NAME] [--store DIR] [--plot FILE]

A question counts as answered if all lines of one of its judged places are among what is read. What
is compared, each filled up to the budget:

- notepoint: ``query --budget``;
- words only: the same with ``--mode lexical``;
- sections: for each hit its whole section, as tools give that embed sections;
- notes: for each hit its whole note, cut where the budget ends;
- grep: lines with a word of the question and three lines around them, notes with most of its words
  first, as an agent with a shell reads.
"""

from __future__ import annotations

import argparse
import json
import math
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
        """Yield the output of a search for the words of a question, the best notes first."""
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
    """Return the lines that ``query --budget`` prints."""
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
    answer = notebook.search(question.text, k, budget=budget)
    yield "notepoint", units(answer, budget)
    by_words = notebook.search(question.text, k, mode=Mode.LEXICAL, budget=budget)
    yield "words only", units(by_words, budget)
    hits = answer.hits
    sections = dict.fromkeys(texts.section(hit.note_id, hit.line_start) for hit in hits)
    yield "sections", texts.take(sections, budget)
    whole = dict.fromkeys((hit.note_id, 1, len(texts.lines[hit.note_id])) for hit in hits)
    yield "notes", texts.take(whole, budget)
    yield "grep", texts.take(texts.grep(question.text), budget)


def measure(
    notes: Path, path: Path, vault: str, store: str | None = None
) -> dict[str, dict[int, float]]:
    """Return the share of answerable questions that are answered, by way and budget."""
    with Notebook(notes, store=store) as notebook:
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


_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 460, 260, 42, 14, 36, 100
_COLOURS = ("#0b6e4f", "#7a9e9f", "#c8553d", "#8a8a8a", "#3d5a80")


def draw(figures: dict[str, dict[int, float]], path: Path) -> None:
    """Write the shares by budget as a picture in SVG."""
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _y(share)
        parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{share:.2f}</text>')
    for budget in BUDGETS:
        place = f'x="{_x(budget)}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle"'
        parts.append(f"<text {place}>{budget:,}</text>")
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 5}" text-anchor="middle">tokens read</text>')
    for name, y in _spread({name: row[BUDGETS[-1]] for name, row in figures.items()}).items():
        colour = _COLOURS[list(figures).index(name)]
        points = [(_x(budget), _y(share)) for budget, share in figures[name].items()]
        line = "L".join(f"{x} {y}" for x, y in points)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{y}" fill="{colour}">{name}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _x(budget: int) -> float:
    steps = math.log(budget / BUDGETS[0]) / math.log(BUDGETS[-1] / BUDGETS[0])
    return round(_LEFT + 12 + steps * (_WIDTH - _LEFT - _RIGHT - 24), 1)


def _y(share: float) -> float:
    return round(_TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM), 1)


def _spread(ends: dict[str, float]) -> dict[str, float]:
    """Return where each name is written: at the end of its line, 13 apart."""
    places: dict[str, float] = {}
    for name, share in sorted(ends.items(), key=lambda one: -one[1]):
        lowest = max(places.values(), default=-math.inf)
        places[name] = max(_y(share) + 4, lowest + 13)
    return places


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--vault", default="")
    parser.add_argument("--store", help="where the index is kept; for notes that are read only")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    options: Any = parser.parse_args()
    figures = measure(options.notes, options.questions, options.vault, options.store)
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

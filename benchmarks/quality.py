"""Measure the quality of answers: leave out each kind of evidence in turn, on judged questions.

    python benchmarks/quality.py [--vaults DIR --questions FILE ...] [--near FILE] [--out FILE.md]

Without vaults, the questions over corpus/ alone are judged. With them, each vault named by the
questions is indexed (in --stores DIR, by default a temporary one) and the tables are over all.

"""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from calibration import Sample, calibrate, recorded, samples_of

from indexer.evaluation.questions import (
    Judged,
    auroc,
    compare,
    judge,
    read_questions,
    read_settings,
    reciprocal_ranks,
    summarise,
)
from indexer.evaluation.sizes import word_lines
from indexer.notebook import Notebook

ROOT = Path(__file__).parent.parent
SETTINGS = (
    ("all evidence", ""),
    ("without late interaction", "pieces=0"),
    ("without words", "words=0"),
    ("words alone", "mode=lexical"),
    ("late interaction x 0.5", "pieces=1.25"),
    ("late interaction x 2", "pieces=5"),
    ("words x 0.5", "words=0.2"),
    ("words x 2", "words=0.8"),
    ("long points from 100 pieces", "long_pieces=100"),
    ("long points from 400 pieces", "long_pieces=400"),
    ("any length at no cost", "brevity=0"),
    ("twice the cost of length", "brevity=0.002"),
)


def vaults_of(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Return which files ask something of each vault."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        names = {json.loads(line).get("vault") for line in path.read_text("utf-8").splitlines()}
        for name in sorted(filter(None, names)):
            found.setdefault(name, []).append(path)
    return found


def open_vaults(folder: Path | None, names: Sequence[str], stores: Path) -> Iterator[Notebook]:
    """Yield the vaults, indexed."""
    for name in names:
        notes = ROOT / "corpus" if name == "corpus" else (folder or ROOT) / name
        notebook = Notebook(notes, store=str(stores / name))
        notebook.build(force=True)
        yield notebook


def ask_all(
    notebooks: dict[str, Notebook], files: dict[str, list[Path]], setting: str
) -> dict[Path, list[Judged]]:
    """Judge every file of questions with one setting."""
    mode, weights = read_settings(setting)
    judged: dict[Path, list[Judged]] = {}
    for name, notebook in notebooks.items():
        for path in files[name]:
            judged.setdefault(path, []).extend(
                judge(
                    read_questions(path, name),
                    lambda text, n=notebook: n.search(text, mode=mode, weights=weights),
                    functools.cache(lambda note, n=notebook: word_lines(n.points_of(note))),
                )
            )
    return judged


def table(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as a Markdown table, the first one as its head."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def ablation(judged: dict[str, dict[Path, list[Judged]]]) -> str:
    """Return hit@1 / hit@5 / MRR@10 of each setting on each file, and the paired test over all."""
    files = [path for path, found in judged[""].items() if summarise(found).groups]
    head = ["", *(path.stem for path in files), "difference of MRR@10 over all", "p"]
    rows: list[Sequence[object]] = [head]
    whole = {k: v for found in judged[""].values() for k, v in reciprocal_ranks(found).items()}
    for name, setting in SETTINGS:
        cells = []
        for path in files:
            all_of = summarise(judged[setting][path]).groups["all"]
            cells.append(f"{all_of.hit_at_1:.3f} / {all_of.hit_at_5:.3f} / {all_of.mrr_at_10:.3f}")
        other = {
            k: v for found in judged[setting].values() for k, v in reciprocal_ranks(found).items()
        }
        found = compare(whole, other)
        last = ["", ""] if not setting else [f"{found.difference:+.3f}", f"{found.p_value:.3f}"]
        rows.append([name, *cells, *last])
    return table(rows)


def confidence_table(judged: dict[Path, list[Judged]]) -> str:
    """Return AUROC, the answerable kept and the others turned away, file by file."""
    rows: list[Sequence[object]] = [["", "questions", "AUROC", "kept", "turned away"]]
    answerable = [one for found in judged.values() for one in found if one.question.answers]
    for path, found in judged.items():
        figures = summarise(found)
        area, kept, rejected = figures.auroc, figures.kept, figures.rejected
        if kept is None:  # near misses: against the answerable of all
            area = auroc([a.confidence for a in answerable], [b.confidence for b in found])
        cells = ["" if value is None else f"{value:.3f}" for value in (area, kept, rejected)]
        rows.append([path.stem, len(found), *cells])
    return table(rows)


def size_table(judged: dict[Path, list[Judged]]) -> str:
    """Return how well units fit where sizes are judged, and the cards shown for one point."""
    head = ("", "for a whole", "F1", "recall of five", "for a point", "F1", "cards, median")
    rows: list[Sequence[object]] = [head]
    for path, found in judged.items():
        figures = summarise(found)
        whole, points = figures.whole, figures.points
        if whole is None or points is None:
            continue
        of_whole = (whole.questions, f"{whole.f1:.3f}", f"{whole.recall:.3f}")
        rows.append((path.stem, *of_whole, points.questions, f"{points.f1:.3f}", figures.cards))
    return table(rows)


def samples(notebooks: dict[str, Notebook], files: dict[str, list[Path]]) -> Iterator[Sample]:
    """Yield all questions except those held out, with the signs of their answers."""
    for name, notebook in notebooks.items():
        for path in files[name]:
            if "held-out" in path.stem or path.stem == "whole":
                continue
            with recorded() as kept:
                judged = judge(read_questions(path, name), notebook.search)
            yield from samples_of(name, path.stem, judged, kept)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    own = ROOT / "benchmarks" / "questions"
    parser.add_argument("--vaults", type=Path)
    parser.add_argument("--questions", type=Path, nargs="*", default=[])
    parser.add_argument("--stores", type=Path)
    options = parser.parse_args()
    files = [*options.questions, own / "corpus.jsonl", own / "corpus-held-out.jsonl"]
    files.append(own / "whole.jsonl")
    wanted = vaults_of([*files, own / "near-misses.jsonl"])
    if options.vaults is None:
        wanted = {"corpus": wanted["corpus"]}
    with tempfile.TemporaryDirectory() as temporary:
        stores = options.stores or Path(temporary)
        notebooks = dict(
            zip(wanted, open_vaults(options.vaults, list(wanted), stores), strict=True)
        )
        judged = {setting: ask_all(notebooks, wanted, setting) for _, setting in SETTINGS}
        print(ablation(judged))
        print()
        print(confidence_table(judged[""]))
        print()
        print(size_table(judged[""]))
        for rows in calibrate(list(samples(notebooks, wanted))):
            print()
            print(table(rows))
        for notebook in notebooks.values():
            notebook.close()


if __name__ == "__main__":
    main()

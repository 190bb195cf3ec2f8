"""Measure many folders of mined questions: a fixed sample of each, one vote per folder.

    python benchmarks/mined.py DIR [--folders 60] [--work DIR] [--setting note_size=0 ...]
    python benchmarks/mined.py DIR --whole PART [--folders 9]

``DIR/PART/NAME/notes`` holds notes, ``questions.jsonl`` next to it their questions. A sample is the
same on every machine: questions and notes are drawn by the hash of their names. With ``--whole``,
all questions are asked of all notes, in the folders of one part whose answers are in several notes,
those with the most questions first. For each setting it prints the mean over folders, won and lost
folders, and the paired test over folders.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from indexer.evaluation.questions import (
    AnswerPlace,
    Judged,
    Question,
    compare,
    judge,
    read_settings,
    summarise,
)
from indexer.notebook import Notebook

QUESTIONS = 20
FOLDERS = 60
# Bytes of notes that are indexed of one folder: the notes of the answers first, then others.
_NOTES_BYTES = 200_000
_ANSWER_BYTES = 150_000
_LEFT_OUT = ("HaleTom__deeplearning.ai_notes",)  # the course of the judged sets


class Folder(NamedTuple):
    """A folder or a sample of it: its notes as files, and the questions asked of them."""

    name: str
    licence: str
    files: tuple[Path, ...]
    root: Path
    questions: tuple[Question, ...]


def sample_folders(collection: Path, count: int = FOLDERS) -> list[Folder]:
    """Return the samples of the first folders, by the hash of their names.

    :param collection: the unpacked folder.
    :param count: how many folders.
    """
    licences = _licences(collection)
    found = [path.parent for path in collection.glob("*/*/questions.jsonl")]
    chosen = sorted((p for p in found if p.name not in _LEFT_OUT), key=lambda p: _draw(p.name))
    return [_sample(path, licences.get(path.name, "")) for path in chosen[:count]]


def whole_folders(collection: Path, part: str, count: int) -> list[Folder]:
    """Return the folders with the most questions, with all of them and all notes.

    Folders whose answers are all in one note are left out.

    :param collection: the unpacked folder.
    :param part: the name of a folder in it.
    :param count: how many folders.
    """
    licences = _licences(collection)
    found = [
        _whole(path.parent, licences.get(path.parent.name, ""))
        for path in sorted((collection / part).glob("*/questions.jsonl"))
        if path.parent.name not in _LEFT_OUT
    ]
    several = [one for one in found if len(_answer_notes(one)) > 1]
    return sorted(several, key=lambda one: (-len(one.questions), one.name))[:count]


def open_folder(folder: Folder, work: Path) -> Notebook:
    """Return a folder as an indexed notebook; a folder indexed before is not indexed again.

    :param folder: the folder or sample.
    :param work: where copies of the notes and indexes are kept.
    """
    notes, done = work / folder.name / "notes", work / folder.name / "copied"
    if not done.exists():
        shutil.rmtree(notes, ignore_errors=True)
        for path in folder.files:
            target = notes / path.relative_to(folder.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        done.touch()
    notebook = Notebook(notes, store=str(work / folder.name / "store"))
    notebook.build(force=True)
    return notebook


def judge_folders(
    folders: Sequence[Folder], work: Path, settings: Sequence[str]
) -> Iterator[tuple[Folder, dict[str, list[Judged]]]]:
    """Yield each folder with its judged questions, setting by setting.

    :param folders: the folders or samples.
    :param work: where the indexes are kept.
    :param settings: as ``read_settings`` reads them; the first is what the others are compared to.
    """
    for folder in folders:
        with open_folder(folder, work) as notebook:
            judged = {}
            for setting in settings:
                mode, weights = read_settings(setting)

                def ask(text: str, *, chosen: dict[str, Any], book: Notebook = notebook) -> Any:
                    return book.search(text, points=True, **chosen)

                chosen = {"mode": mode, "weights": weights}
                judged[setting] = judge(
                    folder.questions, lambda text, c=chosen: ask(text, chosen=c)
                )
        yield folder, judged


def votes(judged: dict[str, dict[str, list[Judged]]], settings: Sequence[str]) -> list[list[str]]:
    """Return a row for each setting: means over folders, won and lost folders, the paired test.

    :param judged: folder to setting to its judged questions.
    :param settings: the first is what the others are compared to.
    """
    rows = [["", "hit@1", "hit@5", "MRR@10", "difference", "folders won / lost", "p"]]
    first: dict[str, float] = {}
    for setting in settings:
        figures = {name: summarise(of[setting]).groups["all"] for name, of in judged.items()}
        ranks = {name: one.mrr_at_10 for name, one in figures.items()}
        means = [
            sum(values) / len(values)
            for values in zip(
                *((f.hit_at_1, f.hit_at_5, f.mrr_at_10) for f in figures.values()), strict=True
            )
        ]
        cells = [setting or "as it ships", *(f"{mean:.3f}" for mean in means)]
        first = first or ranks
        test = compare(first, ranks)
        last = [f"{test.difference:+.4f}", f"{len(test.better)} / {len(test.worse)}"]
        rows.append([*cells, *last, f"{test.p_value:.3f}"])
    return rows


def _licences(collection: Path) -> dict[str, str]:
    known = json.loads((collection / "repos.json").read_text("utf-8"))["repos"]
    return {one["vault"]: one["licence_class"] for one in known}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "questions.jsonl").read_text("utf-8").splitlines()]


def _whole(path: Path, licence: str) -> Folder:
    root = path / "notes"
    files = tuple(sorted(root.rglob("*.md")))
    return Folder(path.name, licence, files, root, tuple(map(_question, _rows(path))))


def _answer_notes(folder: Folder) -> set[str]:
    return {place.note_id for question in folder.questions for place in question.answers}


def _sample(path: Path, licence: str) -> Folder:
    root = path / "notes"
    rows = _rows(path)
    chosen: list[Question] = []
    files: dict[Path, int] = {}
    for row in sorted(rows, key=lambda row: _draw(row["id"])):
        own = {root / place["file"] for place in row["answers"]}
        sizes = files | {file: file.stat().st_size for file in own}
        if files and sum(sizes.values()) > _ANSWER_BYTES:
            continue
        files = sizes
        chosen.append(_question(row))
        if len(chosen) == QUESTIONS:
            break
    left = _NOTES_BYTES - sum(files.values())
    for file in sorted(root.rglob("*.md"), key=lambda file: _draw(str(file.relative_to(root)))):
        size = file.stat().st_size
        if file not in files and size <= left:
            files[file] = size
            left -= size
    return Folder(path.name, licence, tuple(sorted(files)), root, tuple(chosen))


def _question(row: dict[str, Any]) -> Question:
    places = tuple(AnswerPlace(a["file"], a["line_start"], a["line_end"]) for a in row["answers"])
    return Question(row["id"], row["question"], row["kind"], places, row["min_shared_words"])


def _draw(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8).digest()


def main() -> None:
    """Print the table of votes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("--folders", type=int, default=FOLDERS)
    parser.add_argument("--whole", metavar="PART", help="all questions and notes of this part")
    parser.add_argument("--work", type=Path, default=Path("benchmarks/.mined"))
    parser.add_argument("--setting", action="append", default=[])
    options = parser.parse_args()
    settings = ["", *(options.setting or ["note_size=0", "pieces=0", "words=0", "mode=lexical"])]
    judged: dict[str, dict[str, list[Judged]]] = {}
    work = options.work.absolute()
    if options.whole:
        folders = whole_folders(options.collection, options.whole, options.folders)
        work /= "whole"  # a sample has the same name as its folder
    else:
        folders = sample_folders(options.collection, options.folders)
    for folder, found in judge_folders(folders, work, settings):
        judged[folder.name] = found
        figures = summarise(found[""]).groups["all"]
        print(
            f"{len(judged):>2} {folder.name}: {figures.questions} questions, "
            f"hit@1 {figures.hit_at_1:.3f}, hit@5 {figures.hit_at_5:.3f}",
            flush=True,
        )
    rows = votes(judged, settings)
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    print("\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]))


if __name__ == "__main__":
    main()

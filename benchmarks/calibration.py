"""How the confidence is fitted, and judged on notes it was not fitted on.

    python benchmarks/calibration.py --mined DIR --vaults DIR --questions FILE ... [--out FILE.md]

Two kinds of evidence: judged questions with and without an answer, and pairs from the mined folders
with a permissive licence: the same question with its answer, and with the lines of the answer taken
out of what was found. Of a pair only the difference of the signs counts. Prints the weights that
ship, and how often questions are answered where a probability was said, by kind of notes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from indexer.evaluation.questions import Judged, Question, auroc
from indexer.notebook import Notebook
from indexer.retrieval import search
from indexer.retrieval.confidence import ANSWERED_ABOVE, MAX_LENGTH, Signs, confidence
from indexer.store.records import StoredPoint

_KEPT = 0.9
_PAIRS_WEIGHT = 0.3  # of a pair, against a judged question
_STEPS = 5  # of the table of probabilities
Table = Sequence[Sequence[object]]
Made = Callable[[Signs], list[float]]


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with the signs of its answer; ``near`` tells a near miss."""

    vault: str
    file: str
    signs: Signs
    answerable: bool

    @property
    def near(self) -> bool:
        """Return whether the notes speak of the field but not of the answer."""
        return self.file == "near-misses"


class Pair(NamedTuple):
    """The signs of one question with its answer in the notes, and without it."""

    folder: str
    kind: str
    licence: str
    with_answer: Signs
    without: Signs


@contextmanager
def recorded() -> Iterator[list[Signs]]:
    """Collect the signs that are judged meanwhile, one for each question, in order."""
    kept: list[Signs] = []
    rate = search.confidence

    def record(signs: Signs) -> float:
        kept.append(signs)
        return rate(signs)

    search.confidence = record
    try:
        yield kept
    finally:
        search.confidence = rate


def samples_of(
    vault: str, file: str, judged: Sequence[Judged], kept: Sequence[Signs]
) -> list[Sample]:
    """Return the questions of one file to one vault with their signs."""
    return [
        Sample(vault, file, signs, bool(one.question.answers))
        for one, signs in zip(judged, kept, strict=True)
    ]


def pairs_of(
    notebook: Notebook, questions: Sequence[Question], *, folder: str, kind: str, licence: str
) -> list[Pair]:
    """Return the questions of a mined folder whose answer is among what was found."""
    pairs = []
    read = search.signs_of
    for question in questions:
        seen: list[Any] = []

        def keep(*arguments: Any, kept: list[Any] = seen) -> Signs | None:
            kept[:] = arguments
            return read(*arguments)

        search.signs_of = keep
        try:
            notebook.search(question.text, points=True)
        finally:
            search.signs_of = read
        ranking, *others = seen
        answers = {i for i, stored in ranking.points.items() if _answers(question, stored)}
        both = read(ranking, *others), read(ranking.without(answers), *others)
        if answers and all(one and one.pieces is not None for one in both):
            pairs.append(Pair(folder, kind, licence, *both))
    return pairs


def the_signs(signs: Signs) -> list[float]:
    """Return the columns of the fit that ships: cosines as far as they are beyond chance."""
    assert signs.cosine is not None and signs.pieces is not None
    length = min(signs.length, MAX_LENGTH)
    beyond = signs.cosine - signs.chance, signs.pieces - signs.chance
    lacking = float(signs.unknown_name), float(signs.no_number)
    return [*beyond, signs.coverage, length, signs.words, *lacking]


def without_coverage(signs: Signs) -> list[float]:
    """Return the same columns without the share of the question that the first points match."""
    first, second, _, *others = the_signs(signs)
    return [first, second, *others]


def without_lacking(signs: Signs) -> list[float]:
    """Return the same columns without names and numbers that the notes lack."""
    return the_signs(signs)[:-2]


def the_words(signs: Signs) -> list[float]:
    """Return the column of the fit for searches by words alone."""
    return [signs.words]


FITS = (
    ("signs", the_signs),
    ("without coverage", without_coverage),
    ("without what is lacking", without_lacking),
)


def calibrate(samples: Sequence[Sample], pairs: Sequence[Pair] = ()) -> tuple[Table, Table]:
    """Fit the confidence.

    :param samples: of all vaults; those held out must not be among them.
    :param pairs: of mined folders; those without a permissive licence are only judged.
    :return: the weights as they ship, and how each choice of signs does on vaults left out.
    """
    samples = [one for one in samples if one.signs.pieces is not None]
    weights: list[Sequence[object]] = [("fit", "intercept", "weights")]
    left_out: list[Sequence[object]] = [
        ("signs", *_files(samples), "near, same vault", "pairs", "far / near turned away")
    ]
    for name, made in (*FITS, ("words", the_words)):
        of_pairs = pairs if made is not the_words else ()
        fitted = fit(samples, of_pairs, made)
        scores = _rows(samples, made) @ fitted[:-1] + fitted[-1]
        truth = np.array([one.answerable for one in samples])
        limit = np.log(ANSWERED_ABOVE / (1 - ANSWERED_ABOVE))
        moved = fitted[-1] + limit - np.quantile(scores[truth], 1 - _KEPT)
        numbers = " ".join(f"{weight:.3g}" for weight in fitted[:-1])
        weights.append((name, f"{fitted[-1]:.2f}, {moved:.2f} to keep nine tenths", numbers))
        left_out.append((name, *_judged_elsewhere(samples, of_pairs, made)))
    return weights, left_out


def fit(samples: Sequence[Sample], pairs: Sequence[Pair], made: Made) -> NDArray[np.float64]:
    """Return the weights of the columns, and the intercept as the last of them.

    :param samples: judged questions.
    :param pairs: of which only the difference counts, in both directions.
    :param made: signs to columns.
    """
    allowed = [pair for pair in pairs if pair.licence == "permissive"]
    rows = [np.c_[_rows(samples, made), np.ones(len(samples))]]
    truth = [np.array([one.answerable for one in samples], float)]
    counts = [np.ones(len(samples))]
    if allowed:
        ends = [[made(pair.with_answer), made(pair.without)] for pair in allowed]
        gain = np.diff(np.array(ends)[:, ::-1], axis=1)[:, 0]
        gain = np.c_[gain, np.zeros(len(gain))]
        rows += [gain, -gain]
        truth += [np.ones(len(gain)), np.zeros(len(gain))]
        counts.append(np.full(2 * len(gain), _PAIRS_WEIGHT / 2))
    model = LogisticRegression(C=10, max_iter=5000, fit_intercept=False)
    model.fit(np.vstack(rows), np.concatenate(truth), sample_weight=np.concatenate(counts))
    weights: NDArray[np.float64] = model.coef_[0]
    return weights


def reliability(samples: Sequence[Sample], pairs: Sequence[Pair]) -> Table:
    """Return by kind of notes how many questions have an answer where a probability is said.

    Half of the mined questions have none, for it was taken out.
    """
    kinds: dict[str, list[tuple[float, bool]]] = {}
    for one in samples:
        said = confidence(one.signs)
        kinds.setdefault("near misses" if one.near else one.file, []).append((said, one.answerable))
    for pair in pairs:
        found = kinds.setdefault(f"mined, {pair.kind}", [])
        found += [(confidence(pair.with_answer), True), (confidence(pair.without), False)]
    steps = [f"{step / _STEPS:.1f} to {(step + 1) / _STEPS:.1f}" for step in range(_STEPS)]
    rows: list[Sequence[object]] = [("notes", "questions", *steps)]
    for kind, said in kinds.items():
        cells = []
        for step in range(_STEPS):
            at = [true for p, true in said if min(int(p * _STEPS), _STEPS - 1) == step]
            share = sum(at) / len(at) if at else 0.0
            cells.append(f"{share:.2f} {'#' * round(10 * share)} ({len(at)})" if at else "")
        rows.append((kind, len(said), *cells))
    return rows


def _answers(question: Question, stored: StoredPoint) -> bool:
    point = stored.point
    return any(
        stored.note.note_id == place.note_id
        and point.line_start <= place.line_end
        and point.line_end >= place.line_start
        for place in question.answers
    )


def _rows(samples: Sequence[Sample], made: Made) -> NDArray[np.float64]:
    return np.array([made(one.signs) for one in samples], float)


def _files(samples: Sequence[Sample]) -> list[str]:
    return list(dict.fromkeys(one.file for one in samples if not one.near))


def _judged_elsewhere(samples: Sequence[Sample], pairs: Sequence[Pair], made: Made) -> list[str]:
    """Return the figures of each vault, and of each sixth of the folders, by a fit on the others.

    All are means over vaults or folders: the weights of two of them are two scales.
    """
    vaults = list(dict.fromkeys(one.vault for one in samples))
    areas: dict[str, list[float]] = {}
    far: list[bool] = []
    near: list[bool] = []
    for vault in vaults:
        fitted = fit([one for one in samples if one.vault != vault], pairs, made)
        own = [one for one in samples if one.vault == vault]
        scores = dict(zip(own, _rows(own, made) @ fitted[:-1], strict=True))
        answerable = [scores[one] for one in own if one.answerable]
        limit = np.quantile(answerable, 1 - _KEPT)
        for name in _files(own):
            mine = [one for one in own if one.file == name]
            positive = [scores[one] for one in mine if one.answerable]
            area = auroc(positive, [scores[one] for one in mine if not one.answerable])
            areas.setdefault(name, []).append(area or 0.0)
            far += [scores[one] < limit for one in mine if not one.answerable]
        missed = [scores[one] for one in own if one.near]
        areas.setdefault("near", []).append(auroc(answerable, missed) or 0.0)
        near += [score < limit for score in missed]
    folders = sorted({pair.folder for pair in pairs})
    for part in range(6 if folders else 0):
        out = set(folders[part::6])
        fitted = fit(samples, [pair for pair in pairs if pair.folder not in out], made)[:-1]
        for folder in sorted(out):
            both = [pair for pair in pairs if pair.folder == folder]
            positive = [float(np.dot(made(pair.with_answer), fitted)) for pair in both]
            negative = [float(np.dot(made(pair.without), fitted)) for pair in both]
            areas.setdefault("pairs", []).append(auroc(positive, negative) or 0.0)
    columns = [areas[name] for name in (*_files(samples), "near")]
    shown = [f"{np.mean(found):.3f}" for found in (*columns, areas.get("pairs", []) or [np.nan])]
    return [*shown, f"{np.mean(far):.2f} / {np.mean(near):.2f}"]


def _pairs_of_all(collection: Path, count: int, work: Path) -> Iterator[Pair]:
    from mined import open_folder, sample_folders

    known = json.loads((collection / "repos.json").read_text("utf-8"))["repos"]
    kinds = {one["vault"]: one["area"] for one in known}
    for folder in sample_folders(collection, count):
        with open_folder(folder, work) as notebook:
            yield from pairs_of(
                notebook,
                folder.questions,
                folder=folder.name,
                kind=kinds.get(folder.name, "other"),
                licence=folder.licence,
            )


def main() -> None:
    """Print the weights, how they do on vaults left out, and the table of probabilities."""
    from quality import ROOT, open_vaults, samples, table, vaults_of

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--mined", type=Path)
    parser.add_argument("--folders", type=int, default=60)
    parser.add_argument("--work", type=Path, default=Path("benchmarks/.mined"))
    parser.add_argument("--vaults", type=Path)
    parser.add_argument("--questions", type=Path, nargs="*", default=[])
    parser.add_argument("--stores", type=Path)
    parser.add_argument("--out", type=Path, help="where the table of probabilities is written")
    options = parser.parse_args()
    own = ROOT / "benchmarks" / "questions"
    wanted = vaults_of([*options.questions, own / "corpus.jsonl", own / "near-misses.jsonl"])
    if options.vaults is None:
        wanted = {"corpus": wanted["corpus"]}
    pairs = []
    if options.mined:
        pairs = list(_pairs_of_all(options.mined, options.folders, options.work.absolute()))
    with tempfile.TemporaryDirectory() as temporary:
        stores = options.stores or Path(temporary)
        opened = open_vaults(options.vaults, list(wanted), stores)
        notebooks: dict[str, Notebook] = dict(zip(wanted, opened, strict=True))
        judged = [
            Sample(one.vault, one.file, one.signs, one.answerable)
            for one in samples(notebooks, wanted)
        ]
        for notebook in notebooks.values():
            notebook.close()
    for rows in calibrate(judged, pairs):
        print(f"{table(rows)}\n")
    said = table(reliability(judged, pairs))
    print(said)
    if options.out:
        options.out.write_text(f"{_HEAD}\n{said}\n", "utf-8")


_HEAD = """# What a probability is worth

The share of questions that have an answer, of those for which a probability was said, by kind of
notes; in parentheses how many questions that is. Where the diagram is right, the share is the
probability. Near misses never have an answer. Of the mined questions half have none: the lines of
the answer were taken out, and the rest of the folder speaks of the same. Written by
`benchmarks/calibration.py`.
"""


if __name__ == "__main__":
    main()

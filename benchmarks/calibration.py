"""Fit the confidence, and judge it on other notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from indexer.evaluation.questions import Judged, auroc
from indexer.retrieval import search
from indexer.retrieval.confidence import MAX_LENGTH, Signs

_KEPT = 0.9
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
        """Whether the notes are about the field but do not contain the answer."""
        return self.file == "near-misses"


@contextmanager
def recorded() -> Iterator[list[Signs]]:
    """Collect the signs that are judged meanwhile, one for each question, in order."""
    kept: list[Signs] = []
    judge = search.confidence

    def record(signs: Signs) -> float:
        kept.append(signs)
        return judge(signs)

    search.confidence = record
    try:
        yield kept
    finally:
        search.confidence = judge


def samples_of(
    vault: str, file: str, judged: Sequence[Judged], kept: Sequence[Signs]
) -> list[Sample]:
    """Return the questions of one file to one vault with their signs."""
    return [
        Sample(vault, file, signs, bool(one.question.answers))
        for one, signs in zip(judged, kept, strict=True)
    ]


def beyond_chance(signs: Signs) -> list[float]:
    """Return the columns of the shipped fit: cosines above chance."""
    assert signs.cosine is not None and signs.pieces is not None
    length = min(signs.length, MAX_LENGTH)
    return [signs.cosine - signs.chance, signs.pieces - signs.chance, signs.coverage, length]


def as_they_are(signs: Signs) -> list[float]:
    """Return the same columns without the null distribution."""
    assert signs.cosine is not None and signs.pieces is not None
    return [signs.cosine, signs.pieces, signs.coverage, min(signs.length, MAX_LENGTH)]


def the_words(signs: Signs) -> list[float]:
    """Return the column of the fit for searches by words alone."""
    return [signs.words]


def calibrate(samples: Sequence[Sample]) -> tuple[Table, Table]:
    """Fit the confidence.

    :param samples: of all vaults; those held out must not be among them.
    :return: the weights as they ship, and how each choice of signs does on vaults left out.
    """
    weights: list[Sequence[object]] = [("fit", "intercept", "weights", "limit")]
    left_out: list[Sequence[object]] = [
        (
            "signs",
            *_files(samples),
            "all",
            "near, same vault",
            "Brier",
            "limit",
            "far / near turned away",
            "answerable where .0-.2, .2-.4, ... was said",
        )
    ]
    fits = (("beyond chance", beyond_chance), ("as they are", as_they_are), ("words", the_words))
    for name, made in fits:
        rows, truth = _rows(samples, made)
        fitted = _fit(rows, truth)
        limit = np.quantile(fitted.predict_proba(rows)[truth, 1], 1 - _KEPT)
        numbers = " ".join(f"{weight:.3g}" for weight in fitted.coef_[0])
        weights.append((name, f"{fitted.intercept_[0]:.2f}", numbers, f"{limit:.2f}"))
        left_out.append((name, *_judged_elsewhere(samples, rows, truth)))
    return weights, left_out


def _rows(samples: Sequence[Sample], made: Made) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rows = np.array([made(one.signs) for one in samples], float)
    return rows, np.array([one.answerable for one in samples])


def _fit(rows: NDArray[np.float64], truth: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=10, max_iter=5000).fit(rows, truth)


def _files(samples: Sequence[Sample]) -> list[str]:
    return list(dict.fromkeys(one.file for one in samples if not one.near))


def _judged_elsewhere(
    samples: Sequence[Sample], rows: NDArray[np.float64], truth: NDArray[np.bool_]
) -> list[str]:
    """Return the figures of each vault by a fit on the other vaults."""
    vaults = np.array([one.vault for one in samples])
    files = np.array([one.file for one in samples])
    near = np.array([one.near for one in samples])
    found = np.zeros(len(samples))
    for vault in set(vaults):
        out = vaults == vault
        found[out] = _fit(rows[~out], truth[~out]).predict_proba(rows[out])[:, 1]

    def area(these: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
        return auroc(found[these].tolist(), found[others].tolist()) or 0.0

    columns = [area(truth & (files == name), ~truth & (files == name)) for name in _files(samples)]
    columns.append(area(truth, ~truth))
    columns.append(
        float(np.mean([area(truth & (vaults == v), near & (vaults == v)) for v in set(vaults)]))
    )
    columns.append(float(np.mean((found - truth) ** 2)))
    limit = np.quantile(found[truth], 1 - _KEPT)
    columns.append(float(limit))
    far = ~truth & ~near
    turned = f"{(found[far] < limit).mean():.2f} / {(found[near] < limit).mean():.2f}"
    steps = np.minimum((5 * found).astype(int), 4)
    shares = [f"{truth[steps == step].mean():.2f}" for step in range(5) if (steps == step).any()]
    return [*(f"{value:.3f}" for value in columns), turned, " ".join(shares)]

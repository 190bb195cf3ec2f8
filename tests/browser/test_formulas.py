"""Formulas of lecture notes: every one is drawn, and drawn as KaTeX draws its source."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from PIL import Image, ImageDraw
from playwright.sync_api import Browser

from benchmarks.formula_pictures import compare_pictures, share_of_difference
from benchmarks.formulas import compare_folder, formulas_in
from browser.conftest import Server, build

pytestmark = pytest.mark.slow

LECTURE = r"""---
layout: post
title: Currents
---
The current $$I$$ through $R$ is $$\frac{U}{R}$$, for \(R > 0\).

- $$A \rightarrow B$$, and $$B$$ is open
- $$\sum_k I_k = 0$$

$$
\begin{aligned}
P &= U I \\
  &= R I^2 \label{eq:power}
\end{aligned}
$$

$$\begin{gather} a = b \\ c = d \end{gather}$$

\begin{align}
x &= 1 \nonumber \\
y &= 2
\end{align}

$$f(t) = \begin{cases} 1 & \text{if } t > 0 \\ 0 & \text{else} \end{cases}$$

$$\underset{w}{\arg\min}\, \mathcal{L}(w) \quad \text{by \eqref{eq:power}}$$

$$\newcommand{\volt}[1]{#1\,\mathrm{V}} \volt{12}$$

It is $$\volt{5}$$ here, $\E[X]$ there, and $$\unheardof{x} + y$$ is not known.

\[ \oint B \, dl = \mu_0 I \]

Code `$$no formula$$` stays, and so do $5 and $6.
"""


def test_every_formula_is_drawn_as_katex_draws_it(browser: Browser, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "currents.md").write_text(LECTURE, "utf-8")
    build(notes)
    server = Server(notes)
    try:
        (found,) = compare_folder(browser, server.address, notes, [server.cookies[server.port]])
    finally:
        server.close()
    assert found.written == len(formulas_in(LECTURE)) == 17
    assert found.missing == ()
    assert found.drawn == found.same == found.written
    assert found.red == 1  # the unknown command, and nothing around it


def pictures_of(browser: Browser, notes: Path, sample: int) -> tuple[int, int, int]:
    """Return how many formulas of a folder were compared as pictures, were blank, and differ."""
    build(notes)
    server = Server(notes)
    try:
        cookies = [server.cookies[server.port]]
        found = compare_pictures(browser, server.address, notes, cookies, sample=sample)
    finally:
        server.close()
    return (
        sum(one.formulas for one in found),
        sum(one.blank for one in found),
        sum(one.differing for one in found),
    )


def test_every_pixel_of_a_formula_is_as_katex_alone_draws_it(
    browser: Browser, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "currents.md").write_text(LECTURE, "utf-8")
    assert pictures_of(browser, notes, 100) == (17, 0, 0)


def test_formulas_of_lecture_notes_are_drawn_as_katex_alone_draws_them(
    browser: Browser, tmp_path: Path
) -> None:
    lectures = ROOT.parent / "shared" / "field-vaults" / "cs228"
    if not lectures.is_dir():
        pytest.skip(f"no lecture notes at {lectures}")
    notes = tmp_path / "notes"
    shutil.copytree(lectures, notes)
    compared, blank, differing = pictures_of(browser, notes, 8)
    assert compared > 100
    assert blank < compared / 20
    assert differing == 0


def test_pictures_that_differ_are_told_apart() -> None:
    ours, theirs = (Image.new("RGB", (60, 40), "white") for _ in range(2))
    assert share_of_difference(ours, theirs) is None
    ImageDraw.Draw(ours).rectangle((10, 10, 30, 20), fill="black")
    ImageDraw.Draw(theirs).rectangle((11, 10, 31, 20), fill="black")
    assert share_of_difference(ours, ours) == 0
    assert (share_of_difference(ours, theirs) or 0) > 0.05

"""Formulas of lecture notes: every one is drawn, and drawn as KaTeX draws its source."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

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

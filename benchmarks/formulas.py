"""Compare the formulas of a folder as the page draws them with KaTeX's own drawing of the sources.

    python benchmarks/formulas.py NOTES

NOTES must be indexed. The sources are taken from the Markdown by plain rules of this script, not by
the reader of the project. A formula is the same if the page's HTML of it is what KaTeX makes of the
source with the same macros; the HTML decides every glyph and its place.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.page import FLAGS, Server, find_browser  # noqa: E402 - after the path is set

_HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_CODE = re.compile(r"^ *(```|~~~).*?^ *\1[^\n]*$|`[^`\n]+`|<!--.*?-->", re.DOTALL | re.MULTILINE)
_FORMULA = re.compile(
    r"\$\$(?P<double>.+?)\$\$|\\\[(?P<square>.+?)\\\]|\\\((?P<round>.+?)\\\)|"
    r"(?P<env>\\begin\{(?P<name>align|equation|gather|multline)\*?\}.+?\\end\{(?P=name)\*?\})|"
    r"(?<![\\$\w])\$(?P<single>[^\s$](?:[^$\n]|\n(?!\n))*?)(?<![\s\\])\$(?![\d$])",
    re.DOTALL,
)
# KaTeX alone, with the options and the definitions of the page: ``draw`` draws one formula.
KATEX_ALONE = r"""
  // KaTeX has no such definition; it is the same as this one.
  const OPERATOR = /\\DeclareMathOperator(\*?)\s*\{(\\[A-Za-z]+)\}\s*\{([^{}]*)\}/g;
  const macros = {};
  const options = (display) => ({ displayMode: display, throwOnError: false,
    errorColor: 'var(--bad)', macros, globalGroup: true, trust: false, strict: 'ignore',
    maxExpand: 3000, maxSize: 60, output: 'htmlAndMathml' });
  for (const one of definitions) {
    try { katex.renderToString(one, { ...options(false), throwOnError: true }); } catch { }
  }
  const draw = (source, holder, display) => {
    const tex = source.replace(OPERATOR, '\\newcommand{$2}{\\operatorname$1{$3}}');
    try { katex.render(tex, holder, options(display)); } catch { }
  };
"""
# Of each formula of the page: its source, whether it stands by itself, and whether KaTeX, asked
# again for all of them in their order, makes the same of it; "error" where it draws something red.
_DRAWN = (
    r"""async (definitions) => {
  const hosts = Array.from(document.querySelectorAll('*')).filter((one) => one.shadowRoot);
  const prose = hosts.map((one) => one.shadowRoot.querySelector('.prose')).find(Boolean);
  const all = Array.from(prose.querySelectorAll('.formula[data-tex]'));
"""
    + KATEX_ALONE
    + r"""
  return all.map((one) => {
    const display = one.dataset.display === 'block';
    const holder = document.createElement('div');
    draw(one.dataset.tex, holder, display);
    const drawn = one.querySelector('.katex-display, .katex, .katex-error');
    const red = one.querySelector('.katex-error, [style*="--bad"]');
    const same = Boolean(drawn && drawn.outerHTML === holder.firstElementChild?.outerHTML);
    return [one.dataset.tex, display, same, Boolean(red)];
  });
}"""
)
# What the page gives every note: labels draw nothing, and some names mean what they mostly do.
_MACROS = {
    "label#1": "",
    "eqref#1": r"(\text{#1})",
    "ref#1": r"\text{#1}",
    "nonumber": "",
    "notag": "",
    "mbox#1": r"\text{#1}",
    "E": r"\mathbb{E}",
    "Var": r"\operatorname{Var}",
    "Cov": r"\operatorname{Cov}",
    "KL": r"\operatorname{KL}",
    "tr": r"\operatorname{tr}",
    "rank": r"\operatorname{rank}",
    "sgn": r"\operatorname{sgn}",
    "diag": r"\operatorname{diag}",
    "given": r"\mid",
}
ALL_DRAWN = """() => {
  const hosts = Array.from(document.querySelectorAll('*')).filter((one) => one.shadowRoot);
  const prose = hosts.map((one) => one.shadowRoot.querySelector('.prose')).find(Boolean);
  return prose && Array.from(prose.querySelectorAll('.formula[data-tex]'))
    .every((one) => one.dataset.drawn && one.querySelector('.katex, .katex-error'));
}"""


class Figures(NamedTuple):
    """What was found in one note: formulas in its source, on the page, alike, and with red in it.

    ``missing`` are sources that are on the page in no formula.
    """

    note: str
    written: int
    drawn: int
    same: int
    red: int
    missing: tuple[str, ...]


def formulas_in(markdown: str) -> list[str]:
    """Return the sources of the formulas of a note, in order.

    :param markdown: the whole note.
    """
    text = _CODE.sub(" ", _HEAD.sub("", markdown))
    found = []
    for one in _FORMULA.finditer(text):
        named = one.groupdict()
        kinds = ("double", "square", "round", "env", "single")
        found.append(next(named[kind] for kind in kinds if named[kind] is not None).strip())
    return found


def compare(page: Page, address: str, root: Path, note_id: str) -> Figures:
    """Return what the page draws of the formulas of a note.

    :param page: a tab.
    :param address: of a page over the notes.
    :param root: the notes folder.
    :param note_id: the note.
    """
    page.goto(f"{address}/?p={quote(note_id)}")
    page.locator(".reader .prose").wait_for()
    written = formulas_in((root / note_id).read_text("utf-8"))
    if not written:
        return Figures(note_id, 0, 0, 0, 0, ())
    page.wait_for_function(ALL_DRAWN)
    drawn: list[Any] = page.evaluate(_DRAWN, macros_for("\n".join(written)))
    on_page = {_plain(tex) for tex, *_ in drawn}
    return Figures(
        note_id,
        written=len(written),
        drawn=len(drawn),
        same=sum(same for *_, same, _ in drawn),
        red=sum(red for *_, red in drawn),
        missing=tuple(one for one in written if _plain(one) not in on_page),
    )


def macros_for(sources: str) -> list[str]:
    """Return the definitions that hold for a note, without those it makes itself."""
    defined = set(re.findall(r"\\(?:newcommand|def|DeclareMathOperator)\*?\s*\{?\\(\w+)", sources))
    return [
        rf"\gdef\{name}{{{meaning}}}"
        for name, meaning in _MACROS.items()
        if name.partition("#")[0] not in defined
    ]


def _plain(tex: str) -> str:
    return "".join(tex.split())


def compare_folder(
    browser: Browser, address: str, root: Path, cookies: Sequence[Any] = ()
) -> list[Figures]:
    """Return the figures of every note of a folder that has formulas.

    :param browser: to draw them.
    :param address: of a page over the notes.
    :param root: the notes folder.
    :param cookies: by which the page lets the browser in, if it needs any.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.add_cookies(list(cookies))
    page = context.new_page()
    notes = sorted(str(path.relative_to(root)) for path in root.rglob("*.md"))
    found = [
        compare(page, address, root, note)
        for note in notes
        if not note.startswith(".") and formulas_in((root / note).read_text("utf-8"))
    ]
    context.close()
    return found


def main() -> None:
    """Compare, and print."""
    root = Path(sys.argv[1])
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
        server = Server(root)
        try:
            figures = compare_folder(browser, server.address, root)
        finally:
            server.close()
            browser.close()
    for one in figures:
        print(
            f"{one.note}: {one.written} written, {one.drawn} drawn, "
            f"{one.same} as KaTeX draws them, {one.red} with an unknown command"
        )
        for tex in one.missing:
            print(f"  not found: {tex[:100]!r}")
    total = [sum(one[i] for one in figures) for i in range(1, 5)]
    print(
        f"all: {total[0]} written, {total[1]} drawn, {total[2]} the same, {total[3]} red, "
        f"{sum(len(one.missing) for one in figures)} not found"
    )


if __name__ == "__main__":
    main()

"""Plain English: words that make prose hard to read are counted, and their number only falls.

CONTRIBUTING.md, "How we write", says what to write instead.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from conftest import ROOT

WORDS = (
    *("beside", "besides", "anew", "cure", "cures", "sought", "deed", "deeds", "whoever", "leg"),
    *("legs", "so many", "so much", "of before", "a look", "looked at", "stands in", "stand in"),
    *(
        "is told",
        "are told",
        "tell whether",
        "tells whether",
        "lets go",
        "let go of",
        "in line with",
    ),
    *("for ever", "thereof", "wherein", "sooner"),
    *(
        "stands above",
        "stands there",
        "stands here",
        "stand there",
        "as it stands",
        "as they stand",
    ),
    *("that is none", "none of them", "nothing of", "is said", "are said", "lets through"),
    *("let through", "is gone", "are gone", "is not there", "are not there", "makes of it"),
    *("once a generation", "one a line", "a line each", "hold the same", "told by", "told apart"),
    *("gives way", "begins so", "of old", "as it is now", "for want of"),
    *("comes along", "as one likes", "at hand"),
)
_MEND = re.compile(r"\bmend(s|ed|ing)?\b", re.IGNORECASE)
_LISTED = re.compile(rf"\b({'|'.join(map(re.escape, WORDS))})\b", re.IGNORECASE)
# Lower it whenever the count falls; never raise it.
MOST = 0


def prose_of_python(source: str) -> Iterator[str]:
    """Yield the comments and docstrings of a module, without code in them."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def prose_of_markdown(text: str) -> str:
    return re.sub(r"```.*?```|`[^`]*`|\[[^\]]*\]\([^)]*\)", " ", text, flags=re.DOTALL)


def listed_words(folder: Path) -> Counter[str]:
    """Return the number of listed words in the prose of a folder, by file."""
    found: Counter[str] = Counter()
    for path in [*folder.glob("indexer/**/*.py"), folder / "app.py"]:
        for text in prose_of_python(path.read_text("utf-8")):
            prose = re.sub(r"``[^`]*``|`[^`]*`", " ", text)
            found[path.relative_to(folder).as_posix()] += len(_LISTED.findall(prose))
            found[path.relative_to(folder).as_posix()] += len(_MEND.findall(prose))
    pages = set(folder.glob("*.md")) - {folder / "CONTRIBUTING.md"}  # which lists the words
    for path in [
        *pages,
        *folder.glob("docs/**/*.md"),
        *folder.glob("benchmarks/*.md"),
    ]:
        prose = prose_of_markdown(path.read_text("utf-8"))
        found[path.relative_to(folder).as_posix()] += len(_LISTED.findall(prose))
        found[path.relative_to(folder).as_posix()] += len(_MEND.findall(prose))
    return found


def test_prose_grows_no_riddles() -> None:
    found = listed_words(ROOT)
    assert found.total() <= MOST, found.most_common(20)


def test_changes_are_told_in_at_most_20_words() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").partition("\n## ")[2].splitlines()
    long = [line for line in lines if line.startswith("- ") and len(line[2:].split()) > 20]
    assert not long


def test_each_change_is_one_line() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").partition("\n## ")[2].splitlines()
    assert not [line for line in lines if line.startswith(" ")]

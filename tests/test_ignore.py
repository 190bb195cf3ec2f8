"""`.notepointignore` has the semantics of git, and every pattern is matched quickly."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from conftest import WriteNotes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.notes.folder import NotesFolder
from indexer.notes.ignore import MAX_GLOBS, BadPattern, IgnoreRules
from indexer.notes.walk import MAX_IGNORE_BYTES

NAMES = [
    "a",
    "b",
    "ab",
    "aab",
    "a.md",
    "b a",
    "é",
    "[a]",
    "a*b",
    "-",
    "A1",
    "a\\b",
    "!a",
    "#a",
    "ba",
]
PIECES = [
    *("a", "b", "ab", "md", ".", "é", " ", "\\ ", "\\a", "\\*", "\\[", "\\\\", "1", "-", "!", "#"),
    *("*", "*", "**", "***", "?", "/", "/", "/**/", "**/", "/**", "\\/", "[ab]", "[!a]", "[^a]"),
    *("[a-b]", "[]a]", "[!]a]", "[b-a]", "[\\]a]", "[[:alpha:]]", "[[:digit:]]", "[![:alnum:]]"),
    *("\0", "a\0b"),
    *("[a-", "[", "]", "[[:x:]]", "[[:]]", "[a-\\b]", "[--0]", "[/]", "[[.a]", "[:a]"),
]
LINES = st.lists(
    st.builds(
        lambda negated, pieces, end: negated + "".join(pieces) + end,
        st.sampled_from(["", "", "", "!"]),
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=6),
        st.sampled_from(["", "", "/", " ", "\r", "\\"]),
    ),
    max_size=5,
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return a git checkout with folders and files of awkward names, and all their paths."""
    if shutil.which("git") is None:
        pytest.skip("git is not there to compare with")
    root = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    generator = random.Random(4)
    paths: list[str] = []
    for first in NAMES:
        (root / first).mkdir()
        paths.append(first)
        for second in generator.sample(NAMES, 5):
            paths.append(f"{first}/{second}")
            if generator.random() < 0.5:
                (root / first / second).write_bytes(b"")
                continue
            (root / first / second).mkdir()
            for third in generator.sample(NAMES, 3):
                paths.append(f"{first}/{second}/{third}")
                (root / first / second / third).write_bytes(b"")
    return root, paths


def ignored_by_git(root: Path, paths: list[str], content: bytes) -> set[str]:
    (root / ".gitignore").write_bytes(content)
    command = ["git", "-c", "core.excludesFile=/dev/null", "-c", "core.ignorecase=false"]
    command += ["check-ignore", "--no-index", "--stdin", "-z"]
    given = "".join(f"./{path}\0" for path in paths).encode()
    done = subprocess.run(command, cwd=root, input=given, capture_output=True)
    assert done.returncode in (0, 1), done.stderr
    return {path.decode().removeprefix("./") for path in done.stdout.split(b"\0") if path}


def ignored_by_us(root: Path, paths: list[str], content: bytes) -> set[str]:
    rules = IgnoreRules()
    for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        try:
            rules.add(line)
        except BadPattern:
            continue
    ignored: set[str] = set()
    for path in paths:  # a folder comes before what is in it
        above = path.rpartition("/")[0]
        if above in ignored or rules.ignores(path, is_folder=(root / path).is_dir()):
            ignored.add(path)
    return ignored


@given(lines=LINES)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
def test_patterns_mean_what_git_means(tree: tuple[Path, list[str]], lines: list[str]) -> None:
    root, paths = tree
    content = "\n".join(lines).encode()
    assert ignored_by_us(root, paths, content) == ignored_by_git(root, paths, content), lines


HOSTILE = [
    "*a" * 20 + "b",
    "*[!a][!a]" * 10 + "z",
    "?*" * 30 + "b",
    "**/" * 100 + "b",
    "**/a*/" * 100 + "b",
    "/**/*a*/**" * 50 + "/b",
    "*" * 4_000 + "b",
    "*a*[ab]" * 500 + "b",
    "a/" + "**/*a*a*" * 20 + "b",
    "[" * 4_000,
    "[a-" * 1_000 + "]b",
]


@pytest.mark.parametrize("pattern", HOSTILE, ids=lambda pattern: pattern[:12])
def test_no_pattern_takes_long(pattern: str) -> None:
    rules = IgnoreRules()
    try:
        rules.add(pattern.encode())
    except BadPattern:
        return
    paths = ["a" * 80 + ".md", "a" * 250, "/".join(["a" * 40] * 40), "/".join("a" * 500) + "b"]
    before = time.process_time()
    for path, is_folder in itertools.product(paths, (True, False)):
        rules.ignores(path, is_folder=is_folder)
    assert time.process_time() - before < 2  # milliseconds; with backtracking hours


def test_line_that_cannot_be_applied_is_named(write_notes: WriteNotes) -> None:
    notes = write_notes({"a.md": "", "b.md": "", ".notepointignore": "b.md\n[a\n"})
    scan = NotesFolder(notes, size_limit=1_000).scan()
    (refused,) = [entry.refusal for entry in scan.notes if entry.refusal]
    assert refused.line == 2 and "not closed" in refused.message
    assert [entry.note_id for entry in scan.notes if not entry.refusal] == ["a.md"]


def test_too_many_wildcards_are_refused_and_plain_names_are_not() -> None:
    rules = IgnoreRules()
    for number in range(20_000):
        rules.add(b"name%d" % number)
        rules.add(b"*.end%d" % number)
    for number in range(MAX_GLOBS):
        rules.add(b"a*%d" % number)
    with pytest.raises(BadPattern, match="more than"):
        rules.add(b"b*b")
    before = time.process_time()
    assert all(rules.ignores(f"x/name{n}", is_folder=False) for n in range(100))
    assert rules.ignores("x/y.end7", is_folder=False)
    assert time.process_time() - before < 2


def test_beginning_of_a_huge_file_is_applied_and_the_rest_is_named(
    write_notes: WriteNotes,
) -> None:
    lines = ["b.md", *(f"name{n}" for n in range(200_000)), "a.md"]
    notes = write_notes({"a.md": "", "b.md": "", ".notepointignore": "\n".join(lines)})
    scan = NotesFolder(notes, size_limit=1_000).scan()
    (refused,) = [entry.refusal for entry in scan.notes if entry.refusal]
    assert refused.line and lines[refused.line - 1].startswith("name")
    assert f"{MAX_IGNORE_BYTES:,} bytes" in refused.message and refused.hint
    assert [entry.note_id for entry in scan.notes if not entry.refusal] == ["a.md"]

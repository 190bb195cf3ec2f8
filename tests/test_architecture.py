"""Imports point down only, and heavy libraries have one importer each."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

import indexer

PACKAGE = ROOT / "indexer"
# A module may import those of lower levels, and of its own level within its own package.
LEVELS = {
    "errors": 0,
    "records": 0,
    "config": 1,
    "reserve": 1,
    "notes": 2,
    "encoding": 2,
    "store": 2,
    "ahead": 3,
    "chance": 3,
    "retrieval": 3,
    "build": 3,
    "collection": 4,
    "evaluation": 4,
    "transfer": 3,
    "cluster": 3,
    "notebook": 4,
    "watch": 4,
    "editor": 5,
    "progress": 5,
    "streams": 5,
    "render": 5,
    "serve": 5,
    "web": 6,
    "cli": 6,
    "__main__": 7,
    "app": 7,
}
# Both of a pair are of one level, and the first stands on the second; __init__ offers what others
# define.
ALLOWED = {
    ("watch", "notebook"),
    ("collection", "evaluation"),
    ("build", "ahead"),
    ("build", "chance"),
    ("retrieval", "chance"),
    ("cluster", "build"),
    ("cluster", "transfer"),
}
ONLY_IMPORTERS = {
    "frontmatter": {"notes/front_matter.py"},
    "markdown_it": {"notes/markdown.py", "notes/parser.py"},
    "faiss": {"store/vectors.py"},
    "onnxruntime": {"encoding/engines.py", "encoding/transformer.py"},
    "openvino": {"encoding/engines.py"},
    "torch": {"encoding/transformer.py"},
    "transformers": {"encoding/transformer.py"},
    "sentence_transformers": {"encoding/transformer.py"},
    "sqlite3": {
        "store/audit.py",
        "store/change.py",
        "store/connections.py",
        "store/embedded.py",
        "store/schema.py",
        "store/view.py",
    },
    "psycopg": {
        "store/postgres.py",
        "store/postgres_change.py",
        "store/postgres_errors.py",
        "store/postgres_verify.py",
        "store/postgres_view.py",
    },
    "pgvector": {"store/postgres.py", "store/postgres_view.py"},
    "pyarrow": {"transfer.py"},
    "ray": {"cluster.py"},
    "click": {"cli.py", "render.py"},
    "ir_measures": {"collection.py"},
    "rapidfuzz": {"retrieval/question.py"},
    "latex2mathml": {"notes/math.py"},
    "nh3": {"notes/rendering.py"},
}
HEAVY = (
    "faiss",
    "onnxruntime",
    "openvino",
    "pgvector",
    "psycopg",
    "pyarrow",
    "ray",
    "sentence_transformers",
    "streamlit",
    "tokenizers",
    "torch",
    "transformers",
)


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), path
    yield "../app.py", ROOT / "app.py"


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found.append(node.module or "")
    return tuple(found)


def part(name: str) -> str:
    return name.removeprefix("../").removesuffix(".py").split("/")[0]


def test_every_module_has_a_level() -> None:
    assert {part(name) for name, _ in modules()} - {"__init__"} == set(LEVELS)


@pytest.mark.parametrize(("name", "path"), list(modules()))
def test_imports_point_down(name: str, path: Path) -> None:
    own = part(name)
    if own == "__init__":
        return
    for imported in imports(path):
        if not imported.startswith("indexer."):
            if imported == "indexer":
                assert own == "cli", f"{name} imports the package root"
            continue
        other = imported.split(".")[1]
        below = LEVELS[other] < LEVELS[own] or other == own or (own, other) in ALLOWED
        assert below, f"{name} imports {imported}"


@pytest.mark.parametrize("library", ONLY_IMPORTERS)
def test_library_has_its_only_importers(library: str) -> None:
    found = {
        name for name, path in modules() if any(i.split(".")[0] == library for i in imports(path))
    }
    assert found == ONLY_IMPORTERS[library]


@pytest.mark.parametrize("module", ["indexer", "indexer.cli", "indexer.notebook", "indexer.render"])
def test_importing_costs_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout.split()) == (0, [])


def test_public_names_are_sorted_and_there() -> None:
    names = indexer.__all__
    assert names == sorted(names, key=lambda name: (name.startswith("_"), name))
    for name in names:
        assert getattr(indexer, name) is not None


def test_unknown_public_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        indexer.Nothing  # noqa: B018


def test_no_module_is_longer_than_a_reader_bears() -> None:
    long = {n: len(p.read_text().splitlines()) for n, p in modules()}
    assert {n: count for n, count in long.items() if count > 600} == {}

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
# A module may import modules of lower floors and of its own package.
FLOORS = (
    ("import_path", "comes before any other import"),
    ("explanations", "records of why an answer is as it is; other records hold them"),
    ("errors records whole_numbers", "words that all share"),
    ("extras", "which optional packages are installed; `setup` asks before any is"),
    ("private_files", "files that their owner alone may read"),
    ("gathered", "several notes folders as one; the settings name them"),
    (
        "config installing lru memory_limit text",
        "what every other part may use; no library of size",
    ),
    (
        "notes encoding store",
        "the three stages; none imports another, so that each can be replaced",
    ),
    ("retrieval", "a question needs an encoder and a store"),
    ("indexing", "a build needs all stages, and measures the baseline of confidence"),
    ("evaluation", "judges answers, so it knows what an answer is"),
    ("drafts", "notes as they are in an editor, before they are saved"),
    ("snapshot", "one generation of an index: answers and notes that agree"),
    ("notebook", "puts the parts together for Python users"),
    ("explanation_text", "why a hit has its place, as text and JSON"),
    ("render", "turns what the notebook returns into text and JSON"),
    ("render_reports", "the same for dumps, checks, moved indexes and evaluations"),
    ("render_markdown", "the same as Markdown, to be pasted elsewhere"),
    ("passages", "words of a note as they are printed for readers who pay for each token"),
    ("compact launchers unit_text", "answers for agents, launchers, editors and terminals"),
    ("service", "what surfaces that run longer than one question share"),
    ("lsp", "a surface: editors"),
    ("loopback", "who may talk to a server of ours"),
    ("mcp http", "thin surfaces over service and render"),
    ("web", "a surface"),
    ("commands", "a surface; `serve` starts the page"),
    ("__main__ app", "the doors"),
)
LEVELS = {name: level for level, (names, _) in enumerate(FLOORS) for name in names.split()}
ONLY_IMPORTERS = {
    "charset_normalizer": {"notes/encodings.py"},
    "frontmatter": {"notes/front_matter.py"},
    "markdown_it": {
        "notes/markdown/abbreviations.py",
        "notes/markdown/block_parser.py",
        "notes/markdown/block_writer.py",
        "notes/markdown/closings.py",
        "notes/markdown/display.py",
        "notes/markdown/html_blocks.py",
        "notes/markdown/inline_parser.py",
        "notes/markdown/parser.py",
        "notes/markdown/reader.py",
        "notes/markdown/reading.py",
        "notes/markdown/shown.py",
        "notes/markdown/tables.py",
    },
    "faiss": {"store/embedded/faiss_snapshots.py", "store/embedded/vector_search.py"},
    "onnxruntime": {"encoding/convert.py", "encoding/engines.py"},
    "openvino": {"encoding/engines.py"},
    "torch": {"encoding/transformer.py"},
    "transformers": {"encoding/transformer.py"},
    "onnx": {"encoding/bert_graph.py", "encoding/convert.py"},
    "sentence_transformers": {"encoding/transformer.py"},
    "sqlite3": {
        "store/embedded/audit.py",
        "store/embedded/change.py",
        "store/embedded/connections.py",
        "store/embedded/schema.py",
        "store/embedded/snapshot_keeper.py",
        "store/embedded/store.py",
        "store/embedded/vector_blocks.py",
        "store/embedded/view.py",
        "store/embedded/word_lists.py",
    },
    "psycopg": {
        "store/postgres/change.py",
        "store/postgres/errors.py",
        "store/postgres/patience.py",
        "store/postgres/store.py",
        "store/postgres/verify.py",
        "store/postgres/view.py",
    },
    "pgvector": {"store/postgres/store.py", "store/postgres/view.py"},
    "pyarrow": {"indexing/parquet.py"},
    "ray": {"indexing/ray.py"},
    "ir_measures": {"evaluation/beir.py"},
    "rapidfuzz": {"retrieval/question.py"},
    "PIL": {"web/assets.py"},
    "pygls": {
        "lsp/documents.py",
        "lsp/features.py",
        "lsp/notes_server.py",
        "lsp/protocol.py",
    },
    "lsprotocol": {
        "lsp/features.py",
        "lsp/notes_server.py",
        "lsp/protocol.py",
        "lsp/server.py",
    },
    "nh3": {"notes/markdown/render.py"},
}
HEAVY = (
    "faiss",
    "jsonschema",
    "mcp",
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
    "uvicorn",
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


def imported_names(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


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
                assert own == "commands", f"{name} imports the package root"
            continue
        other = imported.split(".")[1]
        below = LEVELS[other] < LEVELS[own] or other == own
        assert below, f"{name} imports {imported}"


@pytest.mark.parametrize("library", ONLY_IMPORTERS)
def test_library_has_its_only_importers(library: str) -> None:
    found = {
        name for name, path in modules() if any(i.split(".")[0] == library for i in imports(path))
    }
    assert found == ONLY_IMPORTERS[library]


@pytest.mark.parametrize(
    "module", ["indexer", "indexer.commands.main", "indexer.notebook", "indexer.render"]
)
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


def test_no_import_circle() -> None:
    names = {
        "indexer." + name.removesuffix(".py").replace("/", ".").removesuffix(".__init__"): path
        for name, path in modules()
        if not name.startswith("..")
    }
    arrows = {
        name: {
            candidate
            for module, imported in imported_names(path)
            for candidate in (f"{module}.{imported}", module)
            if candidate in names and candidate != name
        }
        for name, path in names.items()
    }
    while leaves := {name for name, below in arrows.items() if not below & arrows.keys()}:
        for name in leaves:
            del arrows[name]
    assert set(arrows) == set()


MAX_LINES = 450
LONGER = {
    "indexing/build.py": (466, "one build from the scan to the report"),
    "indexing/parquet.py": (475, "writing and reading of one file format belong together"),
    "notebook.py": (452, "the facade: one method for each thing a Python user does"),
    "records.py": (482, "the records that all parts share, most of it documentation"),
    "store/embedded/store.py": (455, "one class that implements the protocol Store"),
    "store/postgres/store.py": (464, "one class that implements the protocol Store"),
}


def test_no_module_is_longer_than_a_reader_bears() -> None:
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules()}
    most = {name: lines for name, (lines, _) in LONGER.items()}
    assert {n: count for n, count in lengths.items() if count > most.get(n, MAX_LINES)} == {}
    assert {n for n in LONGER if lengths[n] <= MAX_LINES} == set()


def test_no_call_has_more_than_five_positional_arguments() -> None:
    crowded = [
        f"{name}:{node.lineno}"
        for name, path in modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and len(node.args) > 5
    ]
    assert crowded == []

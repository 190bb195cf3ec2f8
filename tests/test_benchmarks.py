"""The benchmarks still run: each script finds what it imports, and runs at a tiny size.

The figures of these runs say nothing about speed; `benchmarks/README.md` has those of real sizes.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import ROOT
from fakes import FakeEncoder

from indexer.encoding.encoder import Encoder
from indexer.encoding.engines import Engine

BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = sorted(path.stem for path in BENCHMARKS.glob("*.py"))
# A class with the method is a stand-in for the protocol.
PROTOCOLS = {"encode_points": Encoder, "run_all": Engine}

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def path_of_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scripts import each other, as they do when one of them is started."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])


@pytest.fixture(autouse=True)
def whole_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back whatever a script replaces in the product, since its process would end then."""
    for script in SCRIPTS:
        for module, name in replaced(script):
            part = importlib.import_module(module)
            monkeypatch.setattr(part, name, getattr(part, name))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a script with the fake encoder, and returns what it prints."""
    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: FakeEncoder())

    def run_one(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        capsys.readouterr()
        opened(name).main()
        return capsys.readouterr().out

    return run_one


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Return a folder with the vault "garden", its questions, and the form of mined folders."""
    notes = tmp_path / "mined/small/garden/notes"
    notes.mkdir(parents=True)
    (notes / "beds.md").write_text(
        "# Beds\n\n- slugs eat the beans at night\n- tomatoes need a sunny wall\n\n"
        "## Watering\n\nWater the seedlings in the morning.\n"
    )
    (notes / "bees.md").write_text("# Bees\n\nThe swarm left the hive in the second week.\n")
    asked = [
        {"id": f"q{number}", "question": question, "kind": kind, "vault": "garden"}
        | {"answers": answers, "min_shared_words": 1, "whole": False, **more}
        for number, (question, kind, answers, more) in enumerate(
            (
                ("what eats the beans?", "paraphrase", [_place("beds.md", 3)], {}),
                ("where do tomatoes grow?", "keyword", [_place("beds.md", 4)], {}),
                ("when did the swarm leave?", "keyword", [_place("bees.md", 3)], {}),
                ("what are my notes on beds?", "note", [_place("beds.md", 3, 8)], {"whole": True}),
                ("who won the election?", "none", [], {}),
            )
        )
    ]
    lines = "".join(json.dumps(row) + "\n" for row in asked)
    (notes.parent / "questions.jsonl").write_text(lines)
    known = {"repos": [{"vault": "garden", "licence_class": "permissive", "area": "other"}]}
    (tmp_path / "mined/repos.json").write_text(json.dumps(known))
    return notes.parent


def _place(name: str, first: int, last: int | None = None) -> dict[str, Any]:
    return {"file": name, "line_start": first, "line_end": last or first, "text_prefix": ""}


def opened(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


def tree_of(script: str) -> ast.Module:
    return ast.parse((BENCHMARKS / f"{script}.py").read_text("utf-8"))


def imported(script: str) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each import from the product, also within functions."""
    for node in ast.walk(tree_of(script)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("indexer"):
            yield from ((node.module or "", one.name) for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names if one.name.startswith("indexer"))


def replaced(script: str) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each part of the product that a script replaces."""
    known: dict[str, str] = {}
    for module, name in imported(script):
        known[name or module] = f"{module}.{name}" if name else module
    for node in ast.walk(tree_of(script)):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) in known:
                yield known[ast.unparse(target.value)], target.attr


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_finds_what_it_imports_and_replaces(script: str) -> None:
    for module, name in imported(script):
        found = importlib.import_module(module)
        if name and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")
    for module, name in replaced(script):
        assert hasattr(importlib.import_module(module), name), f"{module} has no {name}"


def test_some_script_replaces_something() -> None:
    assert ("indexer.retrieval.search", "confidence") in set(replaced("calibration"))
    assert ("indexer.indexing.crowded", "context_of") in set(replaced("context"))


STAND_INS = [
    (script, node.name, protocol)
    for script in SCRIPTS
    for node in tree_of(script).body
    if isinstance(node, ast.ClassDef)
    for method, protocol in PROTOCOLS.items()
    if method in {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
]


def test_stand_ins_are_found() -> None:
    assert ("growth", "LookedUp", Encoder) in STAND_INS
    assert ("processors", "OpenVino", Engine) in STAND_INS


@pytest.mark.parametrize(("script", "name", "protocol"), STAND_INS)
def test_stand_in_has_every_member_of_its_protocol(
    script: str, name: str, protocol: type[Any]
) -> None:
    made = getattr(opened(script), name)
    source = inspect.getsource(made)
    for member, declared in vars(protocol).items():
        if member.startswith("_"):
            continue
        if isinstance(declared, property):
            assert hasattr(made, member) or f"self.{member} = " in source, f"no {member}"
            continue
        own = getattr(made, member, None)
        assert own is not None, f"no {member}"
        assert list(inspect.signature(own).parameters) == list(
            inspect.signature(declared).parameters
        ), member


def test_growth_measures_every_phase(tmp_path: Path) -> None:
    growth = opened("growth")
    points, found = 300, {}
    for name, (job, times) in growth.PHASES.items():
        found[name] = job(points, tmp_path, min(times or 10, 2 if times else 10))
    assert found["make"]["index"] == "flat"
    assert found["ask"]["recall_at_10"] == 1.0
    assert all(value > 0 for key, value in found["ask"].items() if key.endswith("processor_ms"))
    assert found["unchanged"]["unchanged_ms"] > 0
    assert found["edit"]["build_one_note_ms"] >= found["edit"]["store_one_note_ms"] > 0
    assert found["edit"]["build_changed_line_ms"] > 0


@pytest.mark.slow
def test_growth_asks_in_turn_with_the_limit_in_separate_processes(tmp_path: Path, run: Run) -> None:
    arguments = ("--limit", "AVX2", "--rounds", 2, "--questions", 5, "--folder", tmp_path)
    (found,) = json.loads(run("growth", 200, *arguments, "--json"))
    assert found["points"] == 200
    assert found["hybrid_p50_ms"] > 0 and found["avx2_hybrid_p50_ms"] > 0
    assert list(tmp_path.iterdir()) == []


def test_stores_measures_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from indexer.store.opening import open_store

    stores = opened("stores")
    monkeypatch.setattr(stores, "QUERIES", 20)
    monkeypatch.setattr(stores, "CHANGES", 2)
    store, data = open_store(str(tmp_path / "index")), stores.synthetic(400, 64)
    built = stores.measure_build(store, data)
    asked = stores.measure_questions(store, data)
    assert stores.recall(store, data) > 0.9
    store.close()
    assert built["bytes_a_point"] > 0 and built["change_p50_ms"] > 0
    assert asked["hybrid_p50_ms"] > 0


@pytest.mark.slow
def test_watching_measures_saved_notes(vault: Path, run: Run) -> None:
    found = json.loads(run("watching", vault / "notes", "--runs", 1, "--json"))
    assert found["all_ms"] >= found["build_ms"] > 0


def test_token_budget_counts_and_draws(vault: Path, run: Run, tmp_path: Path) -> None:
    index, picture = tmp_path / "index", tmp_path / "picture.svg"
    where = ("--vault", "garden", "--store", index, "--plot", picture)
    found = json.loads(
        run("token_budget", vault / "notes", vault / "questions.jsonl", *where, "--json")
    )
    assert found["notepoint"]["4000"] > 0.5
    assert "grep" in found and picture.read_text().endswith("</svg>\n")


class _Pieces(FakeEncoder):
    """Counts three letters as a word piece, so that it does not know long words."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [-(-len(text) // 3) for text in texts]


def test_typos_counts_words_of_two_folders(
    vault: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: _Pieces())
    other = tmp_path / "kitchen"
    other.mkdir()
    (other / "bread.md").write_text("# Bread\n\nThe dough rises slowly overnight.\n")
    found = run("typos", vault / "notes", other, "--words", 5).splitlines()
    assert [line.partition(":")[0] for line in found] == ["notes", "kitchen"]
    assert all(re.search(r"of [1-5] typos", line) for line in found)


def test_mined_judges_folders(vault: Path, run: Run, tmp_path: Path) -> None:
    mined = opened("mined")
    assert [folder.name for folder in mined.sample_folders(vault.parent.parent)] == ["garden"]
    lines = (vault / "questions.jsonl").read_text().splitlines()
    (vault / "questions.jsonl").write_text("\n".join(lines[:3]) + "\n")  # all have an answer
    found = run("mined", vault.parent.parent, "--work", tmp_path / "work", "--setting", "words=0")
    assert "1 garden: 3 questions, hit@1" in found
    assert [line.split(" | ")[0] for line in found.splitlines()[-2:]] == [
        "| as it ships",
        "| words=0",
    ]


@pytest.mark.slow
def test_quality_and_calibration_print_their_tables(vault: Path) -> None:
    pytest.importorskip("sklearn")
    quality, calibration = opened("quality"), opened("calibration")
    from indexer.notebook import Notebook

    questions = vault / "questions.jsonl"
    encoder = FakeEncoder()
    with Notebook(vault / "notes", encoder=encoder) as notebook:
        notebook.build()
        notebooks = {"garden": notebook, "again": notebook}
        files = quality.vaults_of([questions])
        assert files == {"garden": [questions]}
        judged = {
            setting: quality.ask_all({"garden": notebook}, files, setting)
            for _, setting in quality.SETTINGS
        }
        rows = quality.ablation(judged).splitlines()
        assert len(rows) == 2 + len(quality.SETTINGS)
        assert "questions | 5 |" in quality.confidence_table(judged[""])
        assert "| questions | 1 |" in quality.size_table(judged[""])
        near = vault / "near-misses.jsonl"
        near.write_text(
            json.dumps({"id": "n", "question": "do slugs sleep?", "kind": "near", "answers": []})
        )
        files = {name: [questions, near] for name in notebooks}
        sampled = list(_in_two_vaults(quality, notebooks, files))
        pairs = calibration.pairs_of(
            notebook, quality.read_questions(questions), folder="f", kind="k", licence="l"
        )
    assert len(sampled) == 12 and pairs
    for table in calibration.calibrate(sampled, pairs):
        assert len(table) > 1


def _in_two_vaults(
    quality: ModuleType, notebooks: dict[str, Any], files: dict[str, list[Path]]
) -> Iterator[Any]:
    """Yield the samples of the same questions as if they were asked of two vaults."""
    for name in notebooks:
        for one in quality.samples({"garden": notebooks[name]}, {"garden": files[name]}):
            yield type(one)(name, one.file, one.signs, one.answerable)


def test_languages_judges_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    languages = opened("languages")
    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: FakeEncoder())
    monkeypatch.setattr(languages, "FOLDERS", {"german": languages.FOLDERS["german"]})
    ((name, count, first, five, answered),) = languages.rows("fake")
    assert (name, count) == ("german", 20)
    assert 0 <= first <= five <= 1 and 0 <= answered <= 1


def test_plain_words_find_a_line(vault: Path, tmp_path: Path) -> None:
    for arguments in (("build", "words"), ("query", "words")):
        command = [sys.executable, str(BENCHMARKS / "floors.py"), *arguments]
        more = ["who eats beans?"] if arguments[0] == "query" else []
        done = subprocess.run(
            [*command, str(tmp_path), str(vault / "notes"), *more],
            capture_output=True,
            text=True,
            check=True,
        )
    assert "slugs eat the beans" in done.stdout


def test_plot_draws_growth(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [
        {"points": points}
        | dict.fromkeys(_names_read_by("plot"), points / 1_000)  # of the time and space it draws
        for points in (1_000, 10_000)
    ]
    opened("plot").draw(rows, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_plot_reads_names_that_growth_measures() -> None:
    source = (BENCHMARKS / "growth.py").read_text("utf-8")
    for name in _names_read_by("plot"):
        kind = name.removesuffix("_processor_ms")
        assert f'"{name}"' in source or f'_percentiles("{kind}"' in source, name


def _names_read_by(script: str) -> list[str]:
    """Return the keys of figures that a script draws."""
    return [
        node.elts[0].value
        for node in ast.walk(tree_of(script))
        if isinstance(node, ast.Tuple)
        and len(node.elts) == 2
        and all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in node.elts)
    ]


@pytest.mark.slow
def test_bench_prints_all_figures(vault: Path) -> None:
    """Run the commands, the plain libraries, the encoder and growth, each in their processes."""
    pytest.importorskip("sentence_transformers")
    done = _script("bench", vault / "notes", "--runs", 1, "--sizes", 200)
    for name in ("build_s", "cold_query_s", "share_of_peak", "hybrid_p50_ms", "build_one_note_ms"):
        assert name in done


@pytest.mark.slow
def test_processors_compares_engines(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers")
    done = _script("processors", vault / "notes", "--texts", 4, "--rounds", 1)
    for engine in ("plain, text", "ONNX Runtime fp32", "ONNX Runtime int8, dynamic"):
        assert f"| {engine} |" in done


@pytest.mark.slow
def test_surfaces_measures_agents(vault: Path) -> None:
    found = json.loads(_script("surfaces", "mcp", vault / "notes", "--runs", 2))
    assert found["ask"]["p50_ms"] > 0


@pytest.mark.slow
def test_surfaces_measures_editors(tmp_path: Path) -> None:
    where = ("--points", 50, "--store", tmp_path / "made", "--runs", 2)
    found = json.loads(_script("surfaces", "lsp", *where))
    assert found["suggestions"] > 0


@pytest.mark.slow
def test_watching_measures_the_page(vault: Path) -> None:
    found = json.loads(_script("watching", vault / "notes", "--runs", 1, "--page", "--json"))
    assert found["all_ms"] > 0


@pytest.mark.slow
def test_stores_compares_with_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    stores = opened("stores")
    monkeypatch.setattr(stores, "QUERIES", 20)
    monkeypatch.setattr(stores, "CHANGES", 2)
    found = run("stores", "--synthetic", 200)
    assert "hybrid_p50_ms" in found and "recall at 10, postgresql" in found


@pytest.mark.slow
def test_context_rebuilds_with_every_variant(run: Run) -> None:
    found = run("context")
    rows = [line.split(" | ") for line in found.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(opened("context").VARIANTS)
    assert rows[1][1:] != rows[-1][1:]  # without any context, answers differ


def _script(name: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

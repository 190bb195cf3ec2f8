"""The conversion without torch gives the same numbers as with torch, and does not load it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from indexer.config import DEFAULT_MODEL
from indexer.encoding import convert as conversion
from indexer.encoding.onnx import OnnxEncoder
from indexer.encoding.opening import open_encoder
from indexer.encoding.packaged import RECIPES, packaged_folder
from indexer.errors import EncoderError

RECIPE = RECIPES[DEFAULT_MODEL]
BLOCKED = ("torch", "transformers", "sentence_transformers", "scipy", "pandas", "pyarrow", "sympy")


def test_model_nobody_installed_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = RECIPE._replace(places=(("no_such_package.at_all", ""), ("no_such_package", "")))
    with pytest.raises(EncoderError, match="are not installed") as caught:
        packaged_folder(missing)
    assert str(caught.value.hint).startswith("run `notepoint setup`, or")
    with pytest.raises(EncoderError) as caught:
        packaged_folder(RECIPES["multilingual-e5-small"]._replace(places=()))
    assert "run `notepoint setup multilingual`" in str(caught.value.hint)


@pytest.mark.slow
def test_conversion_and_build_need_no_torch(tmp_path: Path) -> None:
    """Build the index of a note with everything of torch blocked."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("- no discussion of ethics\n- the sound varies\n")
    code = f"""
import sys
for name in {BLOCKED}: sys.modules[name] = None
from pathlib import Path
from indexer.notebook import Notebook
said = []
with Notebook({str(tmp_path / "notes")!r}, say=said.append) as notebook:
    notebook.build()
    print(notebook.search("is there anything about ethics?").hits[0].text)
print(len(said), said[0])
"""
    blocker = tmp_path / "sitecustomize.py"  # the conversion runs in a separate process
    blocker.write_text(f"import sys\nfor name in {BLOCKED}: sys.modules[name] = None\n")
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{tmp_path}:{ROOT}",
            "NOTEPOINT_CACHE": str(tmp_path / "cache"),
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "no discussion of ethics"
    assert lines[1].startswith("1 converting the model all-MiniLM-L6-v2")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[OnnxEncoder, OnnxEncoder]:
    """The default model converted without torch, and through it."""
    pytest.importorskip("torch", reason="the extra [models] is not installed")
    ours = open_encoder(DEFAULT_MODEL, cache=ROOT / ".cache")
    assert isinstance(ours, OnnxEncoder)
    work = tmp_path_factory.mktemp("by-torch")
    source = packaged_folder(RECIPE)
    code = f"""
import warnings; warnings.simplefilter("ignore")
from pathlib import Path
from torch_export import export_fused
export_fused(Path({str(source)!r}), Path({str(work / "whole.onnx")!r}))
"""
    tests = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", code], cwd=tests, check=True, capture_output=True)
    conversion._quantise(work / "whole.onnx", work / "quantised.onnx")
    conversion._optimise(work / "quantised.onnx", work / "optimised.onnx")
    theirs = work / "model"
    theirs.mkdir()
    part = conversion._part
    part(work / "whole.onnx", theirs / OnnxEncoder.POINTS_FILE, OnnxEncoder.POINTS_WEIGHTS)
    part(work / "optimised.onnx", theirs / OnnxEncoder.QUERY_FILE, OnnxEncoder.QUERY_WEIGHTS)
    shutil.copyfile(source / "tokenizer.json", theirs / OnnxEncoder.TOKENIZER_FILE)
    conversion._write_manifest(RECIPE, theirs)
    return ours, OnnxEncoder(theirs)


def corpus_lines() -> list[str]:
    paths = sorted((ROOT / "corpus").glob("*.md"))
    return [line for path in paths for line in path.read_text("utf-8").splitlines() if line.strip()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["few", "many"])
def test_points_are_equal_to_the_last_bit(
    both: tuple[OnnxEncoder, OnnxEncoder], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compare vectors and packed pieces of every line of the corpus, by both engines."""
    limit = 1 << 40 if kind == "few" else 0
    monkeypatch.setattr("indexer.encoding.onnx._MANY_TOKENS", limit)
    lines = corpus_lines()
    ours, theirs = (encoder.encode_points(["Course:"] * len(lines), lines) for encoder in both)
    assert both[0].engine == both[1].engine
    assert len(lines) > 500
    assert np.array_equal(ours.vectors, theirs.vectors)
    assert ours.pieces == theirs.pieces
    assert both[0].fingerprint == both[1].fingerprint


@pytest.mark.slow
def test_questions_are_equal_to_the_last_bit(both: tuple[OnnxEncoder, OnnxEncoder]) -> None:
    for line in corpus_lines()[::20]:
        ours, theirs = (encoder.encode_query(line) for encoder in both)
        assert np.array_equal(ours.vector, theirs.vector)
        assert np.array_equal(ours.pieces, theirs.pieces)
        assert ours.spans == theirs.spans


@pytest.mark.slow
def test_model_that_gives_other_vectors_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Callable[[Path], object] = RECIPE.read

    def disturbed(folder: Path) -> object:
        tensors, tokenizer = read(folder)  # type: ignore[misc]
        name = "encoder.layer.3.output.dense.weight"
        return {**tensors, name: tensors[name] * 1.3}, tokenizer

    recipe = RECIPE._replace(read=disturbed)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="the converted model differs"):
        conversion.convert(recipe, packaged_folder(RECIPE), tmp_path / "model")
    assert [one.name for one in tmp_path.iterdir()] == [".converting.lock"]

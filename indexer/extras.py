"""The optional parts of Notepoint, and the one message where a part is not installed.

Needs nothing but the standard library: `notepoint setup` uses it before anything is installed.
"""

from __future__ import annotations

import importlib.util
import sys

from indexer.errors import MissingPackages

EXTRAS = {
    "page": "the page in the browser",
    "models": "any model of sentence-transformers, GPUs, cross-encoders",
    "fast": "OpenVINO: faster builds, most of all on processors with bf16",
    "multilingual": "the weights of the multilingual model",
    "lsp": "`notepoint lsp`: link completion and search in an editor",
    "eval": "BEIR and TREC figures, and the significance test of `eval --compare`",
    "parquet": "`export` and `import`",
    "postgres": "a store on a PostgreSQL server",
    "mcp": "`notepoint mcp`: the notes for agents (Model Context Protocol)",
    "ray": "encoding on many machines",
}
"""The extras of pyproject.toml with the purpose of each."""


def require(extra: str, what: str, *packages: str) -> None:
    """Raise an error if the packages of an extra are not installed.

    :param extra: the extra that installs the packages.
    :param what: the feature that needs them, as the subject of the message.
    :param *packages: import names.
    :raises MissingPackages: if a package is missing; the hint is the command that installs it.
    """
    missing = [name for name in packages if not is_installed(name)]
    if missing:
        raise MissingPackages(
            f"{what} needs {' and '.join(missing)}, not installed here",
            f"run `notepoint setup {extra}`",
        )


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    if package in sys.modules:
        return sys.modules[package] is not None
    return importlib.util.find_spec(package) is not None

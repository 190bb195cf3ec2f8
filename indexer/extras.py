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
    "fast": "OpenVINO: faster builds on processors with bf16",
    "multilingual": "the weights of the multilingual model",
    "lsp": "`notepoint lsp`: links and questions in an editor",
    "eval": "figures of BEIR and TREC, and the test of significance of `eval --compare`",
    "parquet": "`export` and `import`",
    "postgres": "a store on a PostgreSQL server",
    "mcp": "the notes for agents, by the Model Context Protocol",
    "ray": "encoding on many machines",
}
"""The extras of pyproject.toml with what each is for."""


def require(extra: str, what: str, *packages: str) -> None:
    """Refuse what needs an extra that is not installed.

    :param extra: the extra that installs the packages.
    :param what: what the user asked for, as the subject of the message.
    :param *packages: names as they are imported.
    :raises MissingPackages: naming what is missing and the command that installs it.
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

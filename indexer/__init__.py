"""Notepoint: semantic search over a folder of Markdown notes that answers with the exact point."""

# `indexer.import_path` must remove the working directory from the path before other imports.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from indexer.errors import IndexerError
    from indexer.notebook import Notebook
    from indexer.records import Answer, BuildReport, Hit, Link, Mode, NoteFilter

__version__ = "0.2.0"
__all__ = [
    "Answer",
    "BuildReport",
    "Hit",
    "IndexerError",
    "Link",
    "Mode",
    "NoteFilter",
    "Notebook",
    "__version__",
]
_HOMES = {"IndexerError": "indexer.errors", "Notebook": "indexer.notebook"}


def __getattr__(name: str) -> "Any":
    """Import a public name at its first use, since the facade imports much more than records."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES.get(name, "indexer.records")), name)

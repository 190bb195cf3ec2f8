"""Notepoint: semantic search over a folder of Markdown notes that answers with the exact point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from indexer.errors import IndexerError
from indexer.records import Answer, BuildReport, Hit, Link, Mode, NoteFilter

if TYPE_CHECKING:
    from indexer.notebook import Notebook

__version__ = "0.1.0"
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


def __getattr__(name: str) -> Any:
    """Import the facade when it is asked for; it needs more than the records do."""
    if name == "Notebook":
        from indexer.notebook import Notebook

        return Notebook
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The versions that an index was built with: chunking, terms and each format of notes.

The index stores them as one text: ``3.2 markdown:1 text:1``. A new version of chunking or terms
rebuilds the index. A new version of a format only reads the notes of that format again.
"""

from __future__ import annotations

from indexer.notes.formats import format_versions
from indexer.notes.points import CHUNKING_VERSION
from indexer.store.opening import FOLLOWED_LINKS
from indexer.text.terms import ANALYSIS_VERSION


def current_versions(*, links: bool = False) -> str:
    """Return the versions of this code.

    :param links: True where symbolic links are followed, which later builds and questions do too.
    """
    formats = "".join(f" {name}:{version}" for name, version in format_versions().items())
    followed = f" {FOLLOWED_LINKS}" if links else ""
    return f"{CHUNKING_VERSION}.{ANALYSIS_VERSION}{formats}{followed}"


def needs_rebuild(stored: str) -> bool:
    """Return whether an index of these versions must be rebuilt from nothing."""
    return stored.partition(" ")[0] != current_versions().partition(" ")[0]


def outdated_formats(stored: str) -> frozenset[str]:
    """Return the names of the formats whose notes must be read again."""
    known = set(stored.split()[1:])
    return frozenset(
        name for name, version in format_versions().items() if f"{name}:{version}" not in known
    )

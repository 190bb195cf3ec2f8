"""The command line with the fake encoder: starts quickly, and gives the same vectors everywhere.

``ROOM_MB`` limits the memory it may take more than what it has at its start.
"""

from __future__ import annotations

import os
from pathlib import Path

from fakes import FakeEncoder

import indexer.encoding.opening

indexer.encoding.opening.open_encoder = lambda model, **_: FakeEncoder()


def limit_memory(room: int) -> None:
    """Limit this process to ``room`` bytes of address space more."""
    import resource

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    from indexer.commands.console import leave
    from indexer.commands.main import main

    if room := os.environ.get("ROOM_MB"):
        limit_memory(int(room) << 20)
    try:
        main()
    except SystemExit as exc:  # as indexer.__main__ does; Python 3.14 fails on a full stderr
        leave(exc.code if isinstance(exc.code, int) else 1)

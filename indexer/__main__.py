"""``python -m indexer``, and the command ``notepoint``: the command line as a process."""

from typing import NoReturn

from indexer.commands.console import leave
from indexer.commands.main import main


def run() -> NoReturn:
    """Run the command line, and end the process."""
    try:
        main()
    except SystemExit as exc:
        leave(exc.code if isinstance(exc.code, int) else 1)


if __name__ == "__main__":
    run()

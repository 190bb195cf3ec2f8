"""The process of the command line: ``python -m indexer`` and the command ``notepoint``."""

import sys

from indexer.import_path import leave_working_directory


def run() -> None:
    """Run the command line, and end the process."""
    leave_working_directory()
    if sys.argv[1:2] == ["setup"]:  # works before anything is installed
        from indexer.installing import main as setup

        sys.exit(setup(sys.argv[2:]))
    try:
        from indexer.commands.console import leave
        from indexer.commands.main import main
    except ModuleNotFoundError as exc:
        if (exc.name or "").startswith("indexer"):
            raise
        sys.stderr.write(f"notepoint: error: the package {exc.name} is not installed\n")
        sys.stderr.write("hint: run `python -m indexer setup`\n")
        sys.exit(2)
    try:
        main()
    except SystemExit as exc:
        leave(exc.code if isinstance(exc.code, int) else 1)


if __name__ == "__main__":
    run()

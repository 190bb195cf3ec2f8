"""``python -m indexer``, and the command ``notepoint``: the command line as a process."""

from indexer.import_path import leave_working_directory


def run() -> None:
    """Run the command line, and end the process."""
    leave_working_directory()
    from indexer.commands.console import leave
    from indexer.commands.main import main

    try:
        main()
    except SystemExit as exc:
        leave(exc.code if isinstance(exc.code, int) else 1)


if __name__ == "__main__":
    run()

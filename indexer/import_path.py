"""Where Python modules are imported from: never from the working directory, which may hold notes.

A notes folder may hold any file, among them ``random.py`` or ``streamlit.py``. Python puts the
working directory on ``sys.path`` under ``python -m`` and for an empty entry of ``PYTHONPATH``, so
that code of strangers would be run. This module imports only what Python itself has loaded.
"""

import os
import sys


def leave_working_directory() -> None:
    """Take the working directory off ``sys.path``, unless this package lies in it.

    To be called before any other import.
    """
    sys.path[:] = _trusted(sys.path)


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module in a child process.

    :param module: its full name.
    :param *arguments: what it is given.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(**values: str) -> dict[str, str]:
    """Return the environment of a child process: it imports what this one does, and so do its own.

    :param **values: variables to add or to replace.
    """
    path = os.pathsep.join(_trusted(sys.path))
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", **values}


def _trusted(entries: list[str]) -> list[str]:
    """Return the entries that name a folder by its full path, and not the working directory."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [entry for entry in entries if entry == own or not _is_working_directory(entry)]


def _is_working_directory(entry: str) -> bool:
    """Return whether an entry leads to the working directory, or depends on it."""
    if not os.path.isabs(entry):
        return True
    try:
        return os.path.samefile(entry, os.curdir)
    except OSError:  # one of the two is gone
        return False

"""Never import modules or start programs from the working directory, which may contain notes.

A notes folder can contain any file, for example ``random.py`` or ``streamlit.py``. Python adds the
working directory to ``sys.path`` for ``python -m`` and for an empty entry of ``PYTHONPATH``, and
would then run code of strangers. This module only imports modules that Python itself has loaded.
"""

import os
import sys


def leave_working_directory() -> None:
    """Remove the working directory from ``sys.path``, unless this package is in it.

    Call it before any other import.
    """
    sys.path[:] = _trusted(sys.path)


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module in a child process.

    :param module: its full name.
    :param *arguments: arguments of the module.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def find_program(name: str) -> str | None:
    """Return the full path of a program on the PATH, None if there is none.

    Windows also looks into the working directory, and a PATH may have relative entries. Both may
    be a notes folder, so such programs are not found.

    :param name: without a folder; on Windows without an ending.
    """
    import shutil  # modules are imported only after ``leave_working_directory``

    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which(name, path=folder) if os.path.isabs(folder) else None
        if found and os.path.isabs(found):
            return found
    return None


def child_environment(**values: str) -> dict[str, str]:
    """Return the environment of a child process with the import path of this one.

    :param **values: variables to add or replace.
    """
    path = os.pathsep.join(_trusted(sys.path))
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", **values}


def _trusted(entries: list[str]) -> list[str]:
    """Return the entries that are full paths and not the working directory."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [entry for entry in entries if entry == own or not _is_working_directory(entry)]


def _is_working_directory(entry: str) -> bool:
    """Return whether an entry is the working directory, or relative to it."""
    if not os.path.isabs(entry):
        return True
    try:
        return os.path.samefile(entry, os.curdir)
    except OSError:  # one of the two no longer exists
        return False

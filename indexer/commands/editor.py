"""Open a note at a line in the user's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from indexer.errors import SettingsError

# The arguments of each editor that open a file at a line.
_TEMPLATES = {
    "code": "{editor} --goto {path}:{line}",
    "codium": "{editor} --goto {path}:{line}",
    "cursor": "{editor} --goto {path}:{line}",
    "subl": "{editor} {path}:{line}",
    "zed": "{editor} {path}:{line}",
    "hx": "{editor} {path}:{line}",
    "vi": "{editor} +{line} {path}",
    "vim": "{editor} +{line} {path}",
    "nvim": "{editor} +{line} {path}",
    "nano": "{editor} +{line} {path}",
    "emacs": "{editor} +{line} {path}",
    "emacsclient": "{editor} +{line} {path}",
}


def editor_command(template: str, path: Path, line: int) -> list[str]:
    """Return the command that opens a file at a line.

    :param template: ``NOTEPOINT_EDITOR``, with ``{path}`` and ``{line}``; empty for ``$VISUAL`` or
        ``$EDITOR``.
    :param path: the file.
    :param line: 1-based.
    :raises SettingsError: if no editor is set.
    """
    if not template:
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
        if not editor:
            raise SettingsError(
                "no editor is known", "set EDITOR, or NOTEPOINT_EDITOR='code --goto {path}:{line}'"
            )
        name = Path(_words(editor)[0]).name
        template = _TEMPLATES.get(name, "{editor} {path}").replace("{editor}", editor)
    values = {"{path}": str(path), "{line}": str(line)}
    words = _words(template)
    for mark, value in values.items():
        words = [word.replace(mark, value) for word in words]
    return words


def _words(command: str) -> list[str]:
    """Return the words of a command as a shell reads them.

    :param command: the editor command of the user.
    :raises SettingsError: if there are no words, or a quote is not closed.
    """
    try:
        words = shlex.split(command)
    except ValueError as exc:
        raise SettingsError(
            f"the editor {command!r} is not a command: {str(exc).lower()}", "close the quote"
        ) from exc
    if not words:
        raise SettingsError("the editor is set to blanks", "set EDITOR to the name of an editor")
    return words


def open_in_editor(template: str, path: Path, line: int) -> int:
    """Open a file at a line and return the exit status of the editor.

    :param template: as for ``editor_command``.
    :param path: the file.
    :param line: 1-based.
    :raises SettingsError: if there is no editor, or it cannot be started.
    """
    command = editor_command(template, path, line)
    try:
        return subprocess.call(command)
    except OSError as exc:
        raise SettingsError(
            f"the editor {command[0]} cannot be started: {exc.strerror}", "set EDITOR"
        ) from exc

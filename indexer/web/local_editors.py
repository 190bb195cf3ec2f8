"""Start editors by a command: those without an address, and terminal editors.

Only commands of a fixed list are started, without a shell, for a note of the index, and only if a
token protects the page from other users of the machine.
"""

from __future__ import annotations

import functools
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from indexer.errors import NotesError
from indexer.gathered import folder_inside
from indexer.import_path import find_program
from indexer.notes.opening import open_inside

# Set by the guard of the page if it requires a token.
GUARDED = "NOTEPOINT_PAGE_GUARDED"
# Windows runs these by cmd.exe, which reads the characters in arguments as commands.
_SCRIPTS = (".bat", ".cmd")
_SPECIAL = frozenset('&|<>^%"\r\n')


class _Editor(NamedTuple):
    """The words of a command, and whether it needs a terminal."""

    words: tuple[str, ...]
    in_terminal: bool = False


_EDITORS: Mapping[str, _Editor] = {
    "Sublime Text": _Editor(("subl", "{path}:{line}")),
    "IntelliJ IDEA": _Editor(("idea", "--line", "{line}", "{path}")),
    "PyCharm": _Editor(("pycharm", "--line", "{line}", "{path}")),
    "WebStorm": _Editor(("webstorm", "--line", "{line}", "{path}")),
    "Kate": _Editor(("kate", "--line", "{line}", "{path}")),
    "Emacs": _Editor(("emacs", "+{line}", "{path}")),
    "Neovim": _Editor(("nvim", "+{line}", "{path}"), in_terminal=True),
    "Vim": _Editor(("vim", "+{line}", "{path}"), in_terminal=True),
    "Helix": _Editor(("hx", "{path}:{line}"), in_terminal=True),
    "Micro": _Editor(("micro", "{path}", "+{line}"), in_terminal=True),
    "Nano": _Editor(("nano", "+{line}", "{path}"), in_terminal=True),
}
# Terminals, and the arguments between their name and a command.
_TERMINALS: Mapping[str, tuple[str, ...]] = {
    "x-terminal-emulator": ("-e",),
    "gnome-terminal": ("--",),
    "konsole": ("-e",),
    "kitty": (),
    "alacritty": ("-e",),
    "wezterm": ("start", "--"),
    "foot": (),
    "xfce4-terminal": ("-x",),
    "xterm": ("-e",),
}


@functools.cache
def local_editors() -> tuple[str, ...]:
    """Return the editors that can be started here; empty for a page without a token."""
    if not os.environ.get(GUARDED):
        return ()
    terminal = _terminal()
    return tuple(
        name
        for name, editor in _EDITORS.items()
        if find_program(editor.words[0]) and (terminal or not editor.in_terminal)
    )


def _terminal() -> tuple[str, ...]:
    for name, arguments in _TERMINALS.items():
        program = find_program(name)
        if program:
            return (program, *arguments)
    return ()


def command_of(name: str, path: str, line: int) -> list[str]:
    """Return the command that opens a file at a line.

    :param name: of an editor of the list.
    :param path: of the file, absolute.
    :param line: 1-based.
    :raises NotesError: if there is no such editor here, or the path could be read as commands.
    """
    editor = _EDITORS.get(name)
    program = find_program(editor.words[0]) if editor and name in local_editors() else None
    if editor is None or program is None:
        raise NotesError(f"no editor {name!r} can be started here", "choose another in Settings")
    if program.lower().endswith(_SCRIPTS) and not _SPECIAL.isdisjoint(path):
        raise NotesError(
            f"{name} is started by a script of Windows, which could run parts of {path}",
            "open the note from the editor itself",
        )
    values = {"{path}": path, "{line}": str(max(line, 1))}
    words = [program, *editor.words[1:]]
    for mark, value in values.items():
        words = [word.replace(mark, value) for word in words]
    return [*(_terminal() if editor.in_terminal else ()), *words]


def start_editor(name: str, root: Path, note_id: str, line: int) -> None:
    """Start an editor with a note, without waiting for it.

    :param name: of an editor of the list.
    :param root: the notes folder.
    :param note_id: path relative to it.
    :param line: 1-based, 0 for the beginning.
    :raises NotesError: if there is no such editor or note, or the editor cannot be started.
    """
    os.close(open_inside(root, note_id))  # raises for a path out of the folder
    command = command_of(name, os.path.abspath(os.path.join(*folder_inside(root, note_id))), line)
    home = os.path.expanduser("~")
    try:
        started = subprocess.Popen(
            command,
            # not the notes folder, which may contain settings of an editor
            cwd=home if os.path.isdir(home) else os.sep,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        raise NotesError(f"{name} cannot be started: {exc.strerror}", "start it yourself") from exc
    threading.Thread(target=started.wait, daemon=True).start()  # collects the exit status

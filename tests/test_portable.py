"""Behaviour on Windows and macOS, as far as Linux can test it."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, OpenNotebook

POSIX_ONLY = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
# Attributes that the modules os and signal lack on Windows.
POSIX_NAMES = {
    "os": {"fork", "geteuid", "getuid", "getpgid", "killpg", "mkfifo", "setsid", "uname", "chown"},
    "signal": {"SIGKILL", "SIGHUP", "SIGALRM", "alarm", "pthread_sigmask", "SIGUSR1", "SIGSTOP"},
}
# The SDK of MCP imports fcntl on every system but Windows, and pywin32 there.
POSIX_LIBRARY = ROOT / "indexer/mcp/server.py"
SOURCES = sorted((ROOT / "indexer").rglob("*.py"))


def test_every_module_can_be_imported_without_posix() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if path.name not in ("__init__.py", "__main__.py", "app.py") and path != POSIX_LIBRARY
    ]
    code = f"""
import sys
for name in {POSIX_ONLY!r}: sys.modules[name] = None
import importlib
for name in {names!r}: importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_that_windows_lacks_are_asked_for_first(path: Path) -> None:
    """Allow them only in a function that asks for the system (``os.name``, ``sys.platform``)."""
    source = path.read_text("utf-8")
    asks = "os.name" in source or "sys.platform" in source or "hasattr(" in source
    used = [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in POSIX_NAMES.get(node.value.id, ())
    ]
    assert asks or not used, used


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_databases_are_opened_as_python_3_15_requires(path: Path) -> None:
    """Only the path may be positional; Python 3.13 warns, 3.15 refuses."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "sqlite3.connect"
    ]
    assert all(len(call.args) == 1 for call in calls)


def test_console_of_windows_shows_every_note(tmp_path: Path) -> None:
    """A console with code page 1252 prints the words of a note with any letters."""
    (tmp_path / "a.md").write_text("- die Größe → 大きさ\n", "utf-8")
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "indexer", "build", "--dry-run", "--notes", str(tmp_path)],
        capture_output=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_index_on_a_drive_that_is_taken_away_leaves_other_indexes_alone(
    tmp_path: Path, open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexer.store.embedded import page_sums

    for name in ("drive", "disk"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"- on the {name}\n")
    assert open_notebook(tmp_path / "drive").build().notes_added == 1
    database = next((tmp_path / "drive/.notepoint").glob("index-*.db"))
    status = database.stat()
    gone = page_sums._descriptors[status.st_dev, status.st_ino]
    fstat, close = os.fstat, os.close

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", lambda fd: refuse(fd) if fd == gone else fstat(fd))
        patch.setattr(os, "close", lambda fd: refuse(fd) if fd == gone else close(fd))
        assert open_notebook(tmp_path / "disk").build().notes_added == 1
    assert gone not in page_sums._descriptors.values()

"""A notes folder may contain Python files with any name; they are never imported."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT
from fakes import FakeEncoder
from patience import PATIENCE_S

from indexer import import_path
from indexer.config import Settings
from indexer.errors import SettingsError
from indexer.notebook import Notebook
from indexer.web.launch import page_environment

SCRIPT = [sys.executable, str(Path(sys.executable).with_name("notepoint"))]
# The entry points of the command line; an empty entry of PYTHONPATH is the working directory.
DOORS = {
    "script": SCRIPT,
    "script, empty entry": SCRIPT,
    "module": [sys.executable, "-m", "indexer"],
    "safe module": [sys.executable, "-P", "-m", "indexer"],
}
# Python, and the script that pip makes, import these before any line of ours runs.
BEFORE_US = "import re, runpy, sys; print(*sys.modules)"
UNSAFE_DOORS = ("module", "script, empty entry")


def test_working_directory_leaves_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    alias = tmp_path.parent / f"{tmp_path.name}-alias"
    alias.symlink_to(tmp_path)
    before = ["", str(tmp_path), ".", str(elsewhere), str(alias), "lib"]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", before)
        import_path.leave_working_directory()
        assert sys.path == [str(elsewhere)]


def test_checkout_stays_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), ""])
        import_path.leave_working_directory()
        assert sys.path == [str(ROOT)]


def test_no_program_is_found_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, notes = tmp_path / "real", tmp_path / "notes"
    for folder in (real, notes):
        folder.mkdir()
        (folder / "vim.exe").write_text("#!/bin/sh\n")
        (folder / "vim.exe").chmod(0o755)
    monkeypatch.chdir(notes)
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".", str(real))))
    assert import_path.find_program("vim.exe") == str(real / "vim.exe")
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".")))
    assert import_path.find_program("vim.exe") is None
    # Windows looks into the working directory first, whatever the PATH is.
    monkeypatch.setattr("shutil.which", lambda name, path: os.path.join(os.curdir, name))
    monkeypatch.setenv("PATH", str(real))
    assert import_path.find_program("vim.exe") is None


def test_children_import_nothing_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [str(tmp_path), "", str(ROOT)])
        environment = import_path.child_environment(OTHER="1")
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(ROOT)]
    assert (environment["PYTHONSAFEPATH"], environment["OTHER"]) == ("1", "1")
    assert import_path.python_command("a.b", "c") == [sys.executable, "-P", "-m", "a.b", "c"]


def test_paths_of_the_page_hold_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    environment = page_environment(Settings.load(notes="notes", store="index", model="model"))
    assert environment["NOTEPOINT_NOTES"] == str(tmp_path / "notes")
    assert environment["NOTEPOINT_STORE"] == str(tmp_path / "index")
    assert environment["NOTEPOINT_MODEL"] == str(tmp_path / "model")


def test_folder_of_the_notes_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some" / "model").mkdir(parents=True)
    (tmp_path / "a.md").write_text("- bread wants time\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="among the notes"):
        Settings.load(notes=".", model="some/model")
    full = str(tmp_path / "some" / "model")
    assert Settings.load(notes=".", model=full).model == full
    (tmp_path / "all-MiniLM-L6-v2").mkdir()  # the packaged model has this name
    assert Settings.load(notes=".").model == "all-MiniLM-L6-v2"
    with Notebook(".", encoder=FakeEncoder()) as notebook:
        notebook.build()
        with pytest.raises(SettingsError, match="among the notes"):
            notebook.search("bread", rerank="some/model")


def set_traps(vault: Path, door: str) -> Path:
    """Fill a folder with notes and with a Python file for every module that can be imported."""
    vault.mkdir()
    (vault / "a.md").write_text("# Garden\n\n- tomatoes want sun, see [b](b.md)\n", "utf-8")
    (vault / "b.md").write_text("# Kitchen\n\n- bread wants time\n", "utf-8")
    (vault / "questions.jsonl").write_text('{"id": 1, "question": "bread"}\n', "utf-8")
    marker = vault.parent / "ran"
    code = f"open({str(marker)!r}, 'a').write(__name__ + '\\n')\nraise SystemExit(99)\n"
    installed = {
        name for name in importlib.metadata.packages_distributions() if name.isidentifier()
    }
    names = sys.stdlib_module_names | installed | {"app", "indexer", "sitecustomize", "frontmatter"}
    for name in names - set(loaded_by_python() if door in UNSAFE_DOORS else ()):
        (vault / f"{name}.py").write_text(code, "utf-8")
    settings = vault / ".streamlit"
    settings.mkdir()
    (settings / "config.toml").write_text('[server]\nbaseUrlPath = "trap"\n', "utf-8")
    assert len(list(vault.glob("*.py"))) > 50
    return marker


def run(door: str, *arguments: str, cwd: Path, cache: Path) -> tuple[int, str]:
    """Run a command in a folder as a user does."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NOTEPOINT_")}
    environment |= {"PYTHONPATH": str(ROOT), "NOTEPOINT_CACHE": str(cache)}
    if door == "script, empty entry":
        environment["PYTHONPATH"] += os.pathsep
    done = subprocess.run(
        [*DOORS[door], *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def loaded_by_python() -> list[str]:
    """Return the modules that `python -m` loads before the requested package."""
    done = subprocess.run([sys.executable, "-c", BEFORE_US], capture_output=True, text=True)
    names = {name.partition(".")[0] for name in done.stdout.split()}
    return [*names, "runpy", "indexer", "sitecustomize", "usercustomize"]


@pytest.mark.parametrize("door", list(DOORS))
def test_trap_in_the_working_directory_is_not_imported(tmp_path: Path, door: str) -> None:
    vault = tmp_path / "vault"
    marker = set_traps(vault, door)
    status, said = run(door, "status", cwd=vault, cache=tmp_path / "cache")
    assert not marker.exists(), marker.read_text("utf-8")
    assert (status, "corpus" in said) == (2, False), said
    assert "--notes" in said and "Traceback" not in said


COMMANDS = (
    ("build",),
    ("build", "--rebuild"),
    ("query", "bread"),
    ("query", "--batch", "questions.jsonl"),
    ("query", "bread", "--json"),
    ("similar", "a.md"),
    ("links",),
    ("status",),
    ("check",),
    ("dump",),
    ("export", "out.parquet"),
    ("completion", "bash"),
    ("setup", "--help"),
    ("--help",),
)
INITIALIZE = (
    '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": '
    '"2025-03-26", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}}'
)
# Servers, what they are sent, and a part of what they say when they have started.
SERVERS = {
    ("mcp",): (f"{INITIALIZE}\n", '"serverInfo"'),
    ("lsp",): (f"Content-Length: {len(INITIALIZE)}\r\n\r\n{INITIALIZE}", '"capabilities"'),
    ("api", "--port", "0"): ("", "http://127.0.0.1:"),
    ("mcp", "--http", "0"): ("", "http://127.0.0.1:"),
    ("serve", "--api", "--no-browser", "--port", "0"): ("", "http://127.0.0.1:"),
}


@pytest.mark.slow
@pytest.mark.parametrize("door", ["script", "module"])
def test_no_command_imports_a_trap(tmp_path: Path, door: str) -> None:
    vault = tmp_path / "vault"
    marker = set_traps(vault, door)
    cache = tmp_path / "cache" if door == "script" else ROOT / ".cache"  # converts once
    for arguments in COMMANDS:
        notes = () if arguments[0] in ("completion", "--help") else ("--notes", ".")
        status, said = run(door, *arguments, *notes, cwd=vault, cache=cache)
        assert not marker.exists(), (arguments, marker.read_text("utf-8"))
        assert status in (0, 1) and "Traceback" not in said, (arguments, said)
        assert "conversion failed" not in said
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("door", ["script", "module"])
def test_page_and_watcher_import_no_trap(tmp_path: Path, door: str) -> None:
    vault = tmp_path / "vault"
    marker = set_traps(vault, door)
    run(door, "build", "--notes", ".", cwd=vault, cache=ROOT / ".cache")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NOTEPOINT_CACHE": str(ROOT / ".cache")}
    page = ["serve", "--notes", ".", "--no-browser", "--port", str(port)]
    for arguments in (page, ["watch", "--notes", "."]):
        process = subprocess.Popen(
            [*DOORS[door], *arguments],
            cwd=vault,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until = time.monotonic() + 60
        answered = False
        while process.poll() is None and time.monotonic() < until and not answered:
            with contextlib.suppress(OSError):
                address = f"http://127.0.0.1:{port}/_stcore/health"
                answered = urllib.request.urlopen(address).status == 200
            answered = answered or (arguments[0] == "watch" and time.monotonic() > until - 55)
            time.sleep(0.2)
        running = process.poll() is None
        process.terminate()
        said = process.communicate(timeout=30)[0]
        assert not marker.exists(), marker.read_text("utf-8")
        assert running and answered, said


@pytest.mark.slow
@pytest.mark.parametrize("arguments", SERVERS, ids=" ".join)
def test_server_imports_no_trap(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    vault = tmp_path / "vault"
    marker = set_traps(vault, "script")
    run("script", "build", "--notes", ".", cwd=vault, cache=ROOT / ".cache")
    sent, expected = SERVERS[arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NOTEPOINT_CACHE": str(ROOT / ".cache")}
    log = tmp_path / "said"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*SCRIPT, *arguments, "--notes", "."],
            cwd=vault,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
        )
    assert process.stdin is not None
    process.stdin.write(sent.encode())
    process.stdin.flush()
    until = time.monotonic() + PATIENCE_S
    while expected not in log.read_text("utf-8", "replace") and time.monotonic() < until:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        time.sleep(0.1)
    (vault / "c.md").write_text("- saved while the server runs\n", "utf-8")  # a build in a child
    time.sleep(2)
    process.kill()
    process.communicate()
    assert expected in log.read_text("utf-8", "replace")
    assert not marker.exists(), marker.read_text("utf-8")

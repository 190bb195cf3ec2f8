"""What docs/editors.md tells people to paste works as it stands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, WriteNotes
from patience import PATIENCE_S
from surfaces import NOTES

from indexer.commands.main import cli

TEXT = (ROOT / "docs/editors.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.S | re.M)


@pytest.fixture
def home(write_notes: WriteNotes, tmp_path: Path) -> Path:
    """A home with notes, and `notepoint` on the path of its user."""
    pytest.importorskip("pygls", reason="the extra lsp is not installed")
    write_notes(NOTES | {"broken.md": "# Broken\n\nSee [[nowhere at all]].\n"})
    program = tmp_path / "bin/notepoint"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m indexer "$@"\n')
    program.chmod(0o755)
    return tmp_path


def run(home: Path, *command: str) -> str:
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NOTEPOINT_CACHE": os.environ.get("NOTEPOINT_CACHE", str(ROOT / ".cache")),
    }
    done = subprocess.run(
        command, env=environment, cwd=home, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_command_of_helix_is_one_of_ours() -> None:
    (block,) = blocks("toml")
    server = tomllib.loads(block)["language-server"]["notepoint"]
    assert server["command"] == "notepoint"
    above = cli.make_context("notepoint", list(server["args"]))
    name, command, _ = cli.resolve_command(above, server["args"])
    assert name == "lsp" and command is not None


def neovim_version() -> tuple[int, ...]:
    said = subprocess.run(["nvim", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"NVIM v(\d+)\.(\d+)", said)
    assert found, said
    return tuple(map(int, found.groups()))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvim") is None, reason="neovim is not installed")
def test_snippet_of_neovim_starts_the_server(home: Path) -> None:
    """The snippet for the installed version, with neovim's own vim.lsp; it marks a broken link."""
    run(home, "notepoint", "build", "--notes", "notes")
    marker = "vim.lsp.config" if neovim_version() >= (0, 11) else "nvim_create_autocmd"
    snippet = next(block for block in blocks("lua") if marker in block)
    (home / "init.lua").write_text(snippet)
    check = (
        f"assert(vim.wait({int(PATIENCE_S * 900)}, function() "
        "return #vim.diagnostic.get(0) > 0 end, 50), 'no diagnostic came')\n"
        "print(vim.diagnostic.get(0)[1].message)\n"
        "local clients = vim.lsp.get_clients or vim.lsp.get_active_clients\n"
        "vim.lsp.stop_client(clients())\nvim.cmd('qall!')\n"
    )
    (home / "check.lua").write_text(check)
    editor = ("nvim", "--headless", "-u", "init.lua", "notes/broken.md", "-c", "luafile check.lua")
    assert "nowhere at all" in run(home, *editor)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("emacs") is None, reason="Emacs is not installed")
def test_snippet_of_emacs_names_the_server(home: Path) -> None:
    snippet = next(block for block in blocks("elisp") if "with-eval-after-load" in block)
    (home / "init.el").write_text(snippet)
    printed = run(
        home,
        *("emacs", "--batch", "--eval", "(package-initialize)", "-l", "init.el"),
        *("--eval", "(require 'eglot)"),
        *("--eval", "(princ (cdr (assoc 'markdown-mode eglot-server-programs)))"),
        *("--eval", "(princ markdown-mode-hook)"),
    )
    assert "(notepoint lsp --notes /home/me/notes)" in printed
    assert "eglot-ensure" in printed


EXTENSION = ROOT / "editors/vscode"


def test_extension_of_vs_code_starts_our_server_with_its_settings() -> None:
    described = json.loads((EXTENSION / "package.json").read_text())
    settings = described["contributes"]["configuration"]["properties"]
    assert set(settings) == {"notepoint.command", "notepoint.notes"}
    source = (EXTENSION / "src/extension.ts").read_text()
    assert 'args: ["lsp", "--notes", notes]' in source
    for name in settings:
        assert f'("{name.removeprefix("notepoint.")}"' in source
    assert described["scripts"]["vscode:prepublish"] == "npm run build"


def test_folder_of_notes_cannot_name_the_command_of_vs_code() -> None:
    described = json.loads((EXTENSION / "package.json").read_text())
    settings = described["contributes"]["configuration"]["properties"]
    assert settings["notepoint.command"]["scope"] == "machine"
    assert described["capabilities"]["untrustedWorkspaces"]["supported"] is False
    assert "cwd: homedir()" in (EXTENSION / "src/extension.ts").read_text()


@pytest.mark.slow
@pytest.mark.skipif(
    not (EXTENSION / "node_modules/.bin/tsc").exists(),
    reason="run `npm ci` in editors/vscode to check the extension",
)
def test_extension_of_vs_code_is_type_checked(tmp_path: Path) -> None:
    for command in (["npm", "run", "check"], ["npm", "run", "build", "--", "--outDir", tmp_path]):
        done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "extension.js").read_text().count("activate")

"""Each feature of the language server, used in real editors: transcripts of neovim and Emacs.

A machine without these editors skips them; tests/test_lsp.py and tests/test_lsp_rename.py use each
feature with a plain client.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, WriteNotes
from patience import PATIENCE_S
from surfaces import build

pytest.importorskip("pygls", reason="the extra lsp is not installed")
from test_lsp import NOTES, server_code

pytestmark = pytest.mark.slow
needs_neovim = pytest.mark.skipif(shutil.which("nvim") is None, reason="neovim is not installed")
needs_emacs = pytest.mark.skipif(shutil.which("emacs") is None, reason="Emacs is not installed")

SAME = [
    "diagnostic: nowhere at all: no such page",
    "definition: review.md",
    "jump: review.md:1",
    "reference: plan.md:3",
    "hover: **Review** | no discussion of ethics | the sound is quiet | See sequence models.",
    "related: *Sequences*  Aliases: RNNs  `courses/sequence models.md:2`",
    "symbol: no discussion of ethics",
    "outline: Plan",
    "lens: 3 related points",
    "completion by name: See [[sequence models",
    "completion by alias: See [[sequence models",
    "completion by meaning: The discussion of ethics is [[review",
    "completion of a path: See [it](../review.md",
    "unsaved: review#Not there: no such heading",
    "unsaved: this link is written wrongly",
    "action: Fix the link: [the review](../review.md)",
    "fixed: [[review#Not there]] and [the review](../review.md)",
    "link: Read [the review](../verdict.md#review) and [[nowhere at all]].",
]
RENAMED = "renamed: verdict.md"


@pytest.fixture
def folder(write_notes: WriteNotes) -> Path:
    made = write_notes(NOTES)
    build(made)
    return made


def in_editor(folder: Path, program: str, *arguments: str, **variables: str) -> list[str]:
    """Run a script of an editor with the server for a folder, and return its output."""
    environment = os.environ | {
        "NOTES": str(folder),
        "SERVER": "\t".join([sys.executable, "-c", server_code(folder)]),
        "HOME": str(folder.parent),
    }
    done = subprocess.run(
        [program, *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )
    return [line.strip() for line in (done.stdout + "\n" + done.stderr).splitlines()]


def transcript(printed: list[str]) -> list[str]:
    """Return the lines that the script of an editor printed about features."""
    found = [line for line in printed if re.match(r"[a-z][a-z ]*: ", line)]
    assert found, printed
    return found


@needs_neovim
def test_neovim_uses_every_feature(folder: Path) -> None:
    script = str(ROOT / "tests/editors/neovim.lua")
    printed = in_editor(folder, "nvim", "--headless", "-u", "NONE", "-c", f"luafile {script}")
    assert transcript(printed) == [*SAME, RENAMED]


@needs_emacs
@pytest.mark.parametrize("renames", [False, True])
def test_eglot_uses_every_feature(folder: Path, tmp_path: Path, renames: bool) -> None:
    """All but code lenses, which it lacks; it renames files with the code in docs/editors.md."""
    blocks = re.findall(
        r"^```elisp\n(.*?)^```$", (ROOT / "docs/editors.md").read_text(), re.S | re.M
    )
    snippet = tmp_path / "snippet.el"
    snippet.write_text(next(block for block in blocks if "workspaceEdit" in block))
    variables = {"SNIPPET": str(snippet)} if renames else {}
    script = str(ROOT / "tests/editors/eglot.el")
    options = ("--batch", "--eval", "(package-initialize)", "-l", script)
    printed = in_editor(folder, "emacs", *options, **variables)
    expected = [line for line in SAME if not line.startswith("lens")]
    assert transcript(printed) == [*expected, RENAMED if renames else "renamed: review.md"]
    said = any("rename review.md to verdict.md yourself" in line for line in printed)
    assert said is not renames

"""An unusable command line or environment gets a message and status 2, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, OpenNotebook, WriteNotes
from patience import PATIENCE_S

WORKER = ROOT / "tests" / "faults" / "worker.py"


def run(
    *arguments: str, given: str | None = None, stderr: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, with the fake encoder."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.run(
        [sys.executable, str(WORKER), *arguments],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"_NOTEPOINT_COMPLETE": "1"},
        {"_NOTEPOINT_COMPLETE": "_"},
        {"_NOTEPOINT_COMPLETE": "bash"},
        {"_NOTEPOINT_COMPLETE": "other_complete"},
        {"_NOTEPOINT_COMPLETE": "bash_other"},
        *({"_NOTEPOINT_COMPLETE": f"{shell}_complete"} for shell in ("bash", "zsh", "fish")),
        {"_NOTEPOINT_COMPLETE": "bash_complete", "COMP_WORDS": "notepoint", "COMP_CWORD": "x"},
        {
            "_NOTEPOINT_COMPLETE": "zsh_complete",
            "COMP_WORDS": "notepoint",
            "COMP_CWORD": "9" * 5_000,
        },
    ],
    ids=lambda environment: str(environment)[-50:],
)
def test_half_an_environment_of_completion_is_one_message(environment: dict[str, str]) -> None:
    done = run("status", **environment)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "_NOTEPOINT_COMPLETE" in done.stderr and "hint: unset" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_gets_completions(shell: str) -> None:
    for words, number, wanted in (
        ("notepoint bu", "1", "build"),
        ("notepoint query --ex", "2", "--exclude"),
    ):
        last = words.split()[-1]
        done = run(
            _NOTEPOINT_COMPLETE=f"{shell}_complete",
            COMP_WORDS=words,
            COMP_CWORD=last if shell == "fish" else number,
        )
        assert done.returncode == 0 and wanted in done.stdout, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8")
def test_name_that_is_not_utf8_is_completed_as_it_is() -> None:
    done = run(
        _NOTEPOINT_COMPLETE="bash_complete",
        COMP_WORDS="notepoint query --batch caf\udce9",
        COMP_CWORD="3",
    )
    assert (done.returncode, done.stderr) == (0, "") and "caf\udce9" in done.stdout


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("--notes x query bread", "`notepoint query --notes ...`"),
        ("-k 5 similar a.md", "`notepoint similar -k ...`"),
        ("--json status", "`notepoint status --json ...`"),
        ("-q build", "`notepoint build -q ...`"),
        ("--port=1 serve", "`notepoint serve --port ...`"),
        ("--port 1 status", None),
        ("--nothing query", None),
    ],
)
def test_option_before_its_command_is_explained(typed: str, hint: str | None) -> None:
    done = run(*typed.split())
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert (hint in done.stderr) if hint else ("hint:" not in done.stderr)


def test_what_was_typed_is_shown_without_control_characters() -> None:
    for arguments in (
        ["--\x1b[31m"],
        ["\x1b[31m"],
        ["query", "--mode", "\u202ex"],
        ["query", "-k", "\x07"],
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert not {"\x1b", "\x07", "\u202e"} & set(done.stderr), done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_misuse_keeps_its_status_if_nothing_can_be_written() -> None:
    with open("/dev/full", "w") as full:
        for arguments in (["--nothing"], ["query"], ["nothing"], ["status", "--notes", "/nothing"]):
            assert run(*arguments, stderr=full.fileno()).returncode == 2, arguments


def test_batch_is_read_from_standard_input(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes({"a.md": "- sourdough wants time\n"})
    open_notebook(folder).build()
    lines = '{"id": 1, "question": "sourdough"}\nnot JSON\n{"id": 3}\n'
    done = run("query", "--batch", "-", "--notes", str(folder), given=lines)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert rows[0]["id"] == 1 and rows[0]["hits"]
    assert "line 2 of standard input" in rows[1]["error"]
    assert "line 3 of standard input" in rows[2]["error"]
    place = {"file": "a.md", "line_start": 1, "line_end": 1}
    judged = json.dumps({"id": 1, "question": "sourdough", "answers": [place]})
    done = run("eval", "-", "--notes", str(folder), given=judged)
    assert done.returncode == 0 and "1.000" in done.stdout, done.stderr


def test_error_repeats_no_password_and_no_book() -> None:
    address = "postgresql://me:hidden words@127.0.0.1/x".replace(" ", "%20")
    for arguments in (["--notes", address], ["--site-url", address], ["--since", address]):
        done = run("query", "bread", *arguments)
        assert done.returncode == 2 and "hidden" not in done.stderr and "127.0.0.1" in done.stderr
    for option, value in (("--notes", "x"), ("-k", "9"), ("--since", "x")):
        done = run("query", "bread", option, value * 100_000)
        assert done.returncode == 2 and len(done.stderr) < 10_000

"""The snippets of docs/agents.md work without changes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import ROOT, WriteNotes
from fakes import FakeEncoder
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from patience import PATIENCE_S
from surfaces import NOTES, build

from indexer.commands.main import cli
from indexer.http.app import make_app
from indexer.http.openapi import describe
from indexer.mcp.tools import TOOLS

TEXT = (ROOT / "docs/agents.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.S | re.M)


def blocks(language: str) -> list[str]:
    return [block for name, block in BLOCKS if name == language]


def servers(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that names a command."""
    if isinstance(value, dict):
        if "command" in value:
            yield value
        for one in value.values():
            yield from servers(one)


SNIPPETS = [
    *(one for block in blocks("json") for one in servers(json.loads(block))),
    *(one for block in blocks("toml") for one in servers(tomllib.loads(block))),
]


def test_every_client_has_its_snippet() -> None:
    assert len(SNIPPETS) == 4
    assert "claude mcp add notepoint -- notepoint mcp --notes ~/notes" in TEXT


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_command_of_a_snippet_is_one_of_ours(snippet: dict[str, Any]) -> None:
    assert snippet["command"] == "notepoint"
    above = cli.make_context("notepoint", list(snippet["args"]))
    name, command, rest = cli.resolve_command(above, snippet["args"])
    assert name == "mcp" and command is not None
    assert "notes" in command.make_context("mcp", rest, parent=above).params


@pytest.mark.slow
@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippet_starts_a_server_that_answers(
    snippet: dict[str, Any], write_notes: WriteNotes
) -> None:
    """With the real model, and the notes of the test in place of the reader's."""
    folder = write_notes(NOTES)
    subprocess.run(
        [sys.executable, "-m", "indexer", "build", "--notes", str(folder)], check=True, cwd=ROOT
    )
    arguments = [
        str(folder) if "notes" in one and one[0] in "/$~" else one for one in snippet["args"]
    ]
    arguments = [str(folder) if one.startswith("${") else one for one in arguments]

    async def main() -> Any:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "indexer", *arguments], cwd=str(ROOT)
        )
        with anyio.fail_after(PATIENCE_S):
            async with Client(server) as client:
                return await client.call_tool("ask", {"question": "do they discuss ethics?"})

    assert anyio.run(main).structured_content["hits"]


def test_tools_and_paths_are_those_there_are() -> None:
    for name, tool in TOOLS.items():
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}`"))
        for argument in tool.takes["properties"]:
            assert f"`{argument}`" in row
    for path in describe("test")["paths"]:
        assert f"| `{path}" in TEXT


def test_python_example_runs(
    write_notes: WriteNotes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = NOTES | {"review.md": "# Review\n\n- it does not talk about ethics\n"}
    monkeypatch.chdir(write_notes(notes).parent)
    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: FakeEncoder())
    (code,) = blocks("python")
    exec(compile(code, "docs/agents.md", "exec"), {})
    assert "review.md:3: it does not talk about ethics" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
def test_shell_example_runs(write_notes: WriteNotes, tmp_path: Path) -> None:
    folder = write_notes(NOTES)
    script = next(block for block in blocks("sh") if block.startswith("if answer="))
    command = f"{sys.executable} -m indexer"
    script = script.replace("notepoint query", f"{command} query --notes {folder}")
    subprocess.run([*command.split(), "build", "--notes", str(folder)], check=True, cwd=ROOT)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    assert "ethics" in done.stdout or done.stdout == "the notes do not say\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_examples_run(write_notes: WriteNotes) -> None:
    from surfaces import served, started

    folder = write_notes(NOTES)
    build(folder)
    block = next(block for block in blocks("sh") if block.startswith("curl"))
    with started(folder) as service, served(make_app(service, "test")) as port:
        for line in block.strip().splitlines():
            command = line.replace(":8502", f":{port}").replace("curl -s", "curl -sf -m 3 ")
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
            assert done.stdout.startswith(("{", "event: index\n")), line


def test_skill_names_options_that_there_are() -> None:
    (skill,) = blocks("markdown")
    options = {name for parameter in cli.commands["query"].params for name in parameter.opts}
    assert set(re.findall(r"--[a-z]+", skill)) <= options

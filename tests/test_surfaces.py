"""One service, thin surfaces: the same answers whichever way a question comes in."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import ROOT
from fakes import FakeEncoder
from mcp import Client
from patience import PATIENCE_S
from surfaces import served

from indexer.compact import compact, compact_json, compact_text
from indexer.http.app import make_app
from indexer.mcp.server import NotesServer
from indexer.notebook import Notebook
from indexer.records import NoteFilter
from indexer.render import answer_json
from indexer.service import Service

RunCli = Callable[..., tuple[int, str, str]]
SURFACES = ("mcp", "http", "lsp")
MAY_IMPORT = {
    "service",
    "render",
    "render_markdown",
    "render_reports",
    "compact",
    "loopback",
    "errors",
    "records",
    "text",
}
QUESTIONS = [
    ("discussion of ethics", {}),
    ("volume of videos", {}),
    ("ethics", {"tags": ("dl",)}),
    ("ethics", {"folders": ("courses",)}),
    ("ethics", {"notes": ("other.md",)}),
    ("zebra", {}),
    ("sourdough bread recipe", {}),
    ("Ethik der Daten", {}),
    ('"what" about: (ethics)?', {}),
]


def modules_of(surface: str) -> list[Path]:
    return sorted((ROOT / "indexer" / surface).glob("*.py"))


@pytest.mark.parametrize("surface", SURFACES)
def test_surface_uses_service_and_render_alone(surface: str) -> None:
    for path in modules_of(surface):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                if name.startswith("indexer"):
                    assert name.split(".")[1] in {*MAY_IMPORT, surface}, f"{path} imports {name}"


@pytest.mark.parametrize("surface", SURFACES)
def test_surface_is_below_400_lines(surface: str) -> None:
    lines = {path.name: len(path.read_text().splitlines()) for path in modules_of(surface)}
    assert {name: count for name, count in lines.items() if count >= 400} == {}


def without_time(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"took_ms": 0}


@pytest.mark.parametrize(("question", "where"), QUESTIONS)
def test_question_has_one_answer_on_all_surfaces(
    service: Service,
    folder: Path,
    run_cli: RunCli,
    question: str,
    where: dict[str, tuple[str, ...]],
) -> None:
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        answer = notebook.search(question, 5, where=NoteFilter(**where))
    full, short = without_time(answer_json(answer)), compact_json(compact(answer))
    text = compact_text(compact(answer))

    given = [(key.removesuffix("s"), one) for key, values in where.items() for one in values]
    options = [f"--{key}={one}" for key, one in given]
    command = ("query", question, "--notes", str(folder), "-k", "5", *options)
    assert without_time(json.loads(run_cli(*command, "--json")[1])) == full
    assert json.loads(run_cli(*command, "--format", "compact", "--json")[1]) == short
    assert run_cli(*command, "--format", "compact")[1] == f"{text}\n"
    assert run_cli(*command)[0] == (0 if answer.answered else 1)

    with served(make_app(service, "test")) as port:
        address = f"http://127.0.0.1:{port}/ask"
        parameters = [("q", question), ("k", "5"), *given]
        found = httpx2.get(address, params=parameters, timeout=PATIENCE_S)
        assert without_time(found.json()) == full
        found = httpx2.get(address, params=[*parameters, ("format", "compact")], timeout=PATIENCE_S)
        assert found.json() == short

    async def ask() -> Any:
        async with Client(NotesServer(service, "test")) as client:
            given = {key: list(values) for key, values in where.items()}
            return await client.call_tool("ask", {"question": question, "k": 5, **given})

    called = anyio.run(ask)
    assert called.structured_content == short
    assert called.content[0].text == text


@pytest.mark.parametrize("budget", [80, 400])
def test_budget_is_filled_alike_on_all_surfaces(
    service: Service, folder: Path, run_cli: RunCli, budget: int
) -> None:
    command = ("query", "ethics", "--notes", str(folder), "--budget", str(budget), "--json")
    in_terminal = json.loads(run_cli(*command)[1])
    with served(make_app(service, "test")) as port:
        address = f"http://127.0.0.1:{port}/ask?q=ethics&budget={budget}"
        assert httpx2.get(address, timeout=PATIENCE_S).json() == in_terminal

    async def ask() -> Any:
        async with Client(NotesServer(service, "test")) as client:
            return await client.call_tool("ask", {"question": "ethics", "budget": budget})

    assert anyio.run(ask).structured_content == in_terminal


@pytest.mark.parametrize("question", [question for question, where in QUESTIONS if not where])
def test_editor_gets_the_points_that_the_others_get(
    service: Service, folder: Path, run_cli: RunCli, question: str
) -> None:
    """Workspace symbols are single points, as ``query --points`` prints them."""
    types = pytest.importorskip("lsprotocol.types", reason="the extra lsp is not installed")
    from indexer.lsp.features import ask
    from indexer.lsp.server import make_server

    command = ("query", question, "--notes", str(folder), "-k", "20", "--points", "--json")
    hits = json.loads(run_cli(*command)[1])["hits"]
    server = make_server(service, "test")
    symbols = ask(server, types.WorkspaceSymbolParams(question))
    assert [(one.name, one.location.uri, one.location.range.start.line + 1) for one in symbols] == [
        (hit["text"], (folder / hit["note"]).as_uri(), hit["line_start"]) for hit in hits
    ]
    assert symbols


def test_errors_say_the_same_on_all_surfaces(
    service: Service, folder: Path, run_cli: RunCli
) -> None:
    status, _, said = run_cli("similar", "gone.md", "--notes", str(folder))
    assert status == 2
    with served(make_app(service, "test")) as port:
        address = f"http://127.0.0.1:{port}/similar?place=gone.md"
        error = httpx2.get(address, timeout=PATIENCE_S).json()["error"]

    async def ask() -> Any:
        async with Client(NotesServer(service, "test")) as client:
            return await client.call_tool("similar", {"place": "gone.md"})

    assert said == f"notepoint: error: {error['message']}\nhint: {error['hint']}\n"
    assert anyio.run(ask).content[0].text == f"error: {error['message']}\nhint: {error['hint']}"

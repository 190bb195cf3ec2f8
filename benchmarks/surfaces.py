"""How long agents and editors wait: warm questions over MCP, completions over LSP.

    python benchmarks/surfaces.py mcp NOTES [--runs 100]
    python benchmarks/surfaces.py lsp --points 10000 [--store DIR] [--runs 100]

Both start the program as a client does, over standard input and output, with the real model. The
notes of the editor are made: each has a title, an alias and five points.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from indexer.evaluation.questions import read_questions  # noqa: E402
from indexer.lsp.documents import uri_of  # noqa: E402
from indexer.notebook import Notebook  # noqa: E402

_PER_NOTE = 5
_WHO = "the gardener|a neighbour|our team|the teacher|my sister|the council|a reviewer".split("|")
_DID = "compared|repaired|postponed|described|measured|sold|planted|drew|counted|tasted".split("|")
_WHAT = (
    "old maps|beans in rows|the budget|a wooden boat|three recipes|noisy sensors|the archive|"
    "city trees|slow queries|paper models|winter coats|bread ovens|tide tables|lost letters"
).split("|")
_WHY = (
    "because the frost came early|to save some money|before the next meeting|"
    "although nobody had asked|since the first try failed|while the rain lasted|"
    "and wrote down every step|with help from two friends"
).split("|")
_WARM_UP = 5


def sentence(dice: random.Random) -> str:
    """Return a made sentence."""
    who, did, what, why = (dice.choice(words) for words in (_WHO, _DID, _WHAT, _WHY))
    return f"{who} {did} {what} {why}, for the {dice.randrange(2, 999)}th time".capitalize()


def make_notes(folder: Path, points: int) -> None:
    """Write made notes; the same for the same number."""
    dice = random.Random(points)
    for number in range(points // _PER_NOTE):
        name = f"{dice.choice(_WHAT)} {number}"
        lines = "".join(f"- {sentence(dice)}\n" for _ in range(_PER_NOTE))
        path = folder / f"area-{number % 40}" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = f"---\naliases: [n{number}]\n---\n# {name.capitalize()}\n\n## What happened\n\n"
        path.write_text(head + lines, encoding="utf-8")


def summary(times: list[float]) -> dict[str, float]:
    """Return p50, p95 and the longest time, in milliseconds."""
    cuts = statistics.quantiles(times, n=100)
    return {name: round(1000 * value, 1) for name, value in (
        ("p50_ms", cuts[49]), ("p95_ms", cuts[94]), ("max_ms", max(times))
    )}  # fmt: skip


async def timed(
    runs: int, ask: Callable[[int], Coroutine[Any, Any, Any]]
) -> tuple[dict[str, float], Any]:
    """Return how long each of some calls takes after a warm-up, and what the last returned."""
    times = []
    found = None
    for number in range(runs + _WARM_UP):
        started = time.perf_counter()
        found = await ask(number)
        times.append(time.perf_counter() - started)
    return summary(times[_WARM_UP:]), found


def measure_mcp(notes: Path, runs: int) -> dict[str, Any]:
    """Return how long the tools take, and how many bytes an answer has."""
    import anyio
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters

    with Notebook(notes) as notebook:
        notebook.build()
        points = notebook.header().points
    asked = [one.text for one in read_questions(ROOT / "benchmarks/questions/corpus.jsonl")]
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "indexer", "mcp", "--notes", str(notes)],
        cwd=str(ROOT),
        env=dict(os.environ),
    )

    async def main() -> dict[str, Any]:
        async with Client(server) as client:

            async def ask(number: int, **more: Any) -> Any:
                question = asked[number % len(asked)]
                return await client.call_tool("ask", {"question": question, **more})

            while "by words alone" in (await ask(0)).content[0].text:
                await asyncio.sleep(0.2)
            figures: dict[str, Any] = {"points": points}
            figures["ask"], found = await timed(runs, ask)
            for budget in (500, 4_000):
                name = f"ask, budget {budget}"
                figures[name], _ = await timed(runs, lambda n, b=budget: ask(n, budget=b))
            place = found.structured_content["hits"][0]["at"]

            async def call(tool: str) -> Any:
                return await client.call_tool(tool, {"place": place})

            figures["read"], _ = await timed(runs, lambda _: call("read"))
            figures["similar"], _ = await timed(runs, lambda _: call("similar"))
            return figures

    return anyio.run(main)


def measure_lsp(points: int, store: Path, runs: int) -> dict[str, Any]:
    """Return how long completions and questions of an editor take."""
    from lsprotocol import types
    from pygls.lsp.client import LanguageClient

    notes = store / f"notes-{points}"
    if not notes.is_dir():
        make_notes(notes, points)
    with Notebook(notes) as notebook:
        notebook.build()
    dice = random.Random(1)
    note_id = "area-0/draft.md"
    uri = uri_of(notes / note_id)

    async def main() -> dict[str, Any]:
        client = LanguageClient("benchmark", "1")
        client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: None)
        client.feature(types.WINDOW_LOG_MESSAGE)(lambda params: None)
        await client.start_io(sys.executable, "-m", "indexer", "lsp", "--notes", str(notes))
        await client.initialize_async(
            types.InitializeParams(capabilities=types.ClientCapabilities(), process_id=None)
        )
        client.initialized(types.InitializedParams())
        version = 1
        client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "markdown", 1, ""))
        )

        async def complete(before: str) -> Any:
            nonlocal version
            version += 1
            text = f"# Draft\n\n{before}"
            whole = types.TextDocumentContentChangeWholeDocument(text)
            client.text_document_did_change(
                types.DidChangeTextDocumentParams(
                    types.VersionedTextDocumentIdentifier(version, uri), [whole]
                )
            )
            return await client.text_document_completion_async(
                types.CompletionParams(
                    types.TextDocumentIdentifier(uri), types.Position(2, len(before))
                )
            )

        async def by_meaning(number: int) -> Any:
            return await complete(f"{sentence(dice)}, see [[")

        async def by_name(number: int) -> Any:
            return await complete(f"[[{dice.choice(_WHAT)[:5]}")

        async def question(number: int) -> Any:
            return await client.workspace_symbol_async(
                types.WorkspaceSymbolParams(f"who {dice.choice(_DID)} {dice.choice(_WHAT)}?")
            )

        while not (await question(0)):
            await asyncio.sleep(0.2)
        await asyncio.sleep(3)  # until the model is open
        figures: dict[str, Any] = {"points": points}
        figures["completion by meaning"], found = await timed(runs, by_meaning)
        figures["suggestions"] = len(found.items)
        figures["completion by name"], _ = await timed(runs, by_name)
        figures["workspace symbol"], _ = await timed(runs, question)
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()
        return figures

    return asyncio.run(main())


def processor() -> str:
    """Return the name of the processor and how many cores there are."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        name = platform.processor()
    return f"{name}, {os.cpu_count()} cores"


def main() -> None:
    """Measure and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("surface", choices=("mcp", "lsp"))
    parser.add_argument("notes", type=Path, nargs="?", default=ROOT / "corpus")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--store", type=Path, default=ROOT / ".cache/benchmarks")
    parser.add_argument("--runs", type=int, default=100)
    options: Any = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    if options.surface == "mcp":
        figures = measure_mcp(options.notes, options.runs)
    else:
        figures = measure_lsp(options.points, options.store, options.runs)
    print(json.dumps({"machine": processor(), "load": load, **figures}, indent=1))


if __name__ == "__main__":
    main()

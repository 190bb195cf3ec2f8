"""The language server, driven by the client of its library over standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, WriteNotes
from fakes import FakeEncoder
from patience import PATIENCE_S

pytest.importorskip("pygls", reason="the extra lsp is not installed")
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from indexer.lsp.completion import opened_link, relative_target
from indexer.lsp.documents import headings_of, links_on, sentence_before, uri_of
from indexer.notebook import Notebook

NOTES = {
    "review.md": "# Review\n\n- no discussion of ethics\n- the sound is quiet\n\n"
    "See [[sequence models]].\n",
    "courses/sequence models.md": "---\naliases: [RNNs]\n---\n# Sequences\n\n## Attention\n\n"
    "- attention weighs words\n",
    "courses/plan.md": "# Plan\n\nRead [the review](../review.md#review) and [[nowhere at all]].\n"
    "\n- quiet sound of a lecture\n",
}
SERVER = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from fakes import FakeEncoder
from indexer.lsp.server import run
from indexer.notebook import Notebook
from indexer.service import Service
sys.exit(run(Service(Notebook({notes}, encoder=FakeEncoder())), '0'))
"""
Work = Callable[["Editor"], Awaitable[None]]


class Editor:
    """An editor with one client."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.problems: dict[str, list[types.Diagnostic]] = {}
        self.published = asyncio.Event()

    def uri(self, note_id: str) -> str:
        return uri_of(self.folder / note_id)

    async def open(self, note_id: str, text: str | None = None) -> str:
        """Open a note, with unsaved text if it is given, and wait for its problems."""
        text = (self.folder / note_id).read_text("utf-8") if text is None else text
        self.published.clear()
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(
                types.TextDocumentItem(self.uri(note_id), "markdown", 1, text)
            )
        )
        await asyncio.wait_for(self.published.wait(), PATIENCE_S)
        return self.uri(note_id)

    def at(self, note_id: str, line: int, column: int) -> dict[str, Any]:
        return {
            "text_document": types.TextDocumentIdentifier(self.uri(note_id)),
            "position": types.Position(line, column),
        }


def server_code(*folders: Path) -> str:
    """Return the program of a server for one folder or several."""
    return SERVER.format(
        root=str(ROOT), tests=str(ROOT / "tests"), notes=repr([str(folder) for folder in folders])
    )


def edit(
    folder: Path | list[Path], work: Work, capabilities: types.ClientCapabilities | None = None
) -> None:
    """Start the server for a folder, and run an editor session with it."""
    folders = folder if isinstance(folder, list) else [folder]

    async def session() -> None:
        client = LanguageClient("test", "1")
        editor = Editor(client, folders[0])

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            editor.problems[params.uri] = list(params.diagnostics)
            editor.published.set()

        @client.feature(types.WINDOW_LOG_MESSAGE)
        def log(params: types.LogMessageParams) -> None:
            pass

        await client.start_io(sys.executable, "-c", server_code(*folders))
        try:
            await client.initialize_async(
                types.InitializeParams(
                    capabilities=capabilities or types.ClientCapabilities(), process_id=None
                )
            )
            client.initialized(types.InitializedParams())
            await asyncio.wait_for(work(editor), PATIENCE_S)
            with contextlib.suppress(JsonRpcException):  # a test may have done so
                await client.shutdown_async(None)
            client.exit(None)
        finally:
            if client._server is not None and client._server.returncode is None:
                client._server.kill()
            await client.stop()

    asyncio.run(session())


@pytest.fixture
def folder(write_notes: WriteNotes) -> Path:
    folder = write_notes(NOTES)
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build()
    return folder


def test_question_is_a_workspace_symbol(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        found = await editor.client.workspace_symbol_async(
            types.WorkspaceSymbolParams("discussion of ethics")
        )
        assert found[0].name == "no discussion of ethics"
        assert found[0].location.uri == editor.uri("review.md")
        assert found[0].location.range.start.line == 2

    edit(folder, work)


def test_links_lead_somewhere_and_back(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("review.md")
        target = await editor.client.text_document_definition_async(
            types.DefinitionParams(**editor.at("review.md", 5, 8))
        )
        assert target.uri == editor.uri("courses/sequence models.md")
        hover = await editor.client.text_document_hover_async(
            types.HoverParams(**editor.at("review.md", 5, 8))
        )
        assert "attention weighs words" in hover.contents.value
        back = await editor.client.text_document_references_async(
            types.ReferenceParams(
                **editor.at("review.md", 0, 0), context=types.ReferenceContext(True)
            )
        )
        assert [(one.uri, one.range.start.line) for one in back] == [
            (editor.uri("courses/plan.md"), 2)
        ]

    edit(folder, work)


def test_unsaved_text_counts(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        uri = await editor.open("courses/plan.md")
        assert [one.message for one in editor.problems[uri]] == ["nowhere at all: no such page"]
        uri = await editor.open(
            "review.md", "# Review\n\n## New part\n\n[[sequence models#Gone]]\n"
        )
        assert ["no such heading" in one.message for one in editor.problems[uri]] == [True]
        await editor.open("courses/plan.md", "See [[review#New part]].\n")
        assert editor.problems[editor.uri("courses/plan.md")] == []

    edit(folder, work)


def test_reversed_link_is_fixed_by_a_code_action(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        uri = await editor.open("review.md", "# Review\n\nSee [courses/plan.md](the plan) now.\n")
        problem = editor.problems[uri][0]
        actions = await editor.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(uri),
                problem.range,
                types.CodeActionContext([problem]),
            )
        )
        fix = actions[0].edit.changes[uri][0]
        assert fix.new_text == "[the plan](courses/plan.md)"
        assert (fix.range.start.character, fix.range.end.character) == (4, 31)

    edit(folder, work)


def test_completion_by_name_alias_and_meaning(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        text = "# Draft\n\n[[rnn\nIs ethics part of the discussion? [[\nRead [it](plan\n"
        await editor.open("review.md", text)

        async def insert(line: int, column: int) -> list[str]:
            found = await editor.client.text_document_completion_async(
                types.CompletionParams(**editor.at("review.md", line, column))
            )
            return [item.text_edit.new_text for item in found.items]

        assert (await insert(2, 5))[0] == "sequence models"
        assert (await insert(4, 14))[0] == "courses/plan.md"
        await editor.open("courses/plan.md", "The discussion of ethics is [[\n")
        found = await editor.client.text_document_completion_async(
            types.CompletionParams(**editor.at("courses/plan.md", 0, 30))
        )
        assert found.items[0].text_edit.new_text == "review"

    edit(folder, work)


def test_outline_is_nested_and_lenses_count(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        uri = await editor.open("courses/sequence models.md")
        document = types.TextDocumentIdentifier(uri)
        outline = await editor.client.text_document_document_symbol_async(
            types.DocumentSymbolParams(document)
        )
        assert [one.name for one in outline] == ["Sequences"]
        assert [one.name for one in outline[0].children] == ["Attention"]
        lenses = await editor.client.text_document_code_lens_async(types.CodeLensParams(document))
        filled = await editor.client.code_lens_resolve_async(lenses[1])
        assert filled.command.title.endswith(("related point", "related points", "related"))

    edit(folder, work)


def test_rename_takes_its_links_along(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        await editor.open("review.md", "Intro.\n\nSee [[sequence models]] and more.\n")
        (folder / "review.md").write_text("Intro.\n\nSee [[sequence models]] and more.\n")
        found = await editor.client.text_document_rename_async(
            types.RenameParams(**editor.at("review.md", 2, 8), new_name="recurrent nets")
        )
        renamed = found.document_changes[-1]
        assert renamed.new_uri == editor.uri("courses/recurrent nets.md")

    edit(folder, work)


def test_renamed_note_is_followed_by_every_dialect(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        found = await editor.client.text_document_rename_async(
            types.RenameParams(**editor.at("review.md", 0, 0), new_name="verdict")
        )
        changes = {
            change.text_document.uri: [one.new_text for one in change.edits]
            for change in found.document_changes[:-1]
        }
        assert changes == {editor.uri("courses/plan.md"): ["../verdict.md#review"]}

    edit(folder, work)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_count_in_the_units_of_the_editor(folder: Path, encoding: str) -> None:
    """With CRLF, characters outside the first plane, and an edit of only a part of the text."""
    units = {"utf-8": 4, "utf-16": 2, "utf-32": 1}[encoding]

    async def work(editor: Editor) -> None:
        text = "# Plan\r\n\r\n😀😀 x and [[nowhere]] ok\r\n"
        uri = await editor.open("courses/plan.md", text)
        (problem,) = editor.problems[uri]
        start = 2 * units + len(" x and ")
        where = problem.range
        assert (where.start.line, where.start.character, where.end.character) == (
            *(2, start),
            start + len("[[nowhere]]"),
        )
        editor.published.clear()
        place = types.Range(
            types.Position(2, start + 2), types.Position(2, start + len("[[nowhere"))
        )
        editor.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version=2, uri=uri),
                [types.TextDocumentContentChangePartial(range=place, text="review")],
            )
        )
        await asyncio.wait_for(editor.published.wait(), PATIENCE_S)
        assert editor.problems[uri] == []
        target = await editor.client.text_document_definition_async(
            types.DefinitionParams(**editor.at("courses/plan.md", 2, start + 1))
        )
        assert target.uri == editor.uri("review.md")
        outside = await editor.client.text_document_definition_async(
            types.DefinitionParams(**editor.at("courses/plan.md", 2, start - 1))
        )
        assert outside is None

    edit(
        folder,
        work,
        types.ClientCapabilities(
            general=types.GeneralClientCapabilities(
                position_encodings=[types.PositionEncodingKind(encoding)]
            )
        ),
    )


PLACES = [(0, 10**6), (10**6, 0), (2**31 - 1, 2**31 - 1), (5, 2**31 - 1)]
STRANGE = [
    *("untitled:Untitled-1", "file:///etc/passwd", "https://example.com/a.md", "", "git:/x.md?q"),
    *("file:///%00", "file:///tmp/%zz.md", f"file:///{'x' * 5_000}", "{folder}/../secret.md"),
]


def test_places_that_are_nowhere_are_answered(folder: Path) -> None:
    (folder.parent / "secret.md").write_text("# The password is swordfish\n")

    async def work(editor: Editor) -> None:
        asked = [
            *((editor.uri("review.md"), line, column) for line, column in PLACES),
            *((uri.format(folder=folder.as_uri()), 0, 4) for uri in STRANGE),
        ]
        for uri, line, column in asked:
            at = {
                "text_document": types.TextDocumentIdentifier(uri),
                "position": types.Position(line, column),
            }
            client = editor.client
            found = [
                await client.text_document_hover_async(types.HoverParams(**at)),
                await client.text_document_definition_async(types.DefinitionParams(**at)),
                await client.text_document_completion_async(types.CompletionParams(**at)),
                await client.text_document_prepare_rename_async(types.PrepareRenameParams(**at)),
                await client.text_document_document_symbol_async(
                    types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
                ),
            ]
            assert "swordfish" not in str(found)

    edit(folder, work)


def test_wrong_requests_are_refused_and_the_server_goes_on(folder: Path) -> None:
    async def work(editor: Editor) -> None:
        lens = types.CodeLens(types.Range(types.Position(0, 0), types.Position(0, 0)), data=[1])
        filled = await editor.client.code_lens_resolve_async(lens)
        assert filled.command.title == "nothing related"
        for places in (["x"], ["review.md:x"], ["../secret.md:1"], [7]):
            command = types.ExecuteCommandParams("notepoint.related", places)
            assert await editor.client.workspace_execute_command_async(command) is None
        other = types.WorkspaceFolder((folder.parent / "other").as_uri(), "other")
        for added, removed in (([other], []), ([], [other])):
            editor.client.workspace_did_change_workspace_folders(
                types.DidChangeWorkspaceFoldersParams(
                    types.WorkspaceFoldersChangeEvent(added, removed)
                )
            )
        found = await editor.client.workspace_symbol_async(
            types.WorkspaceSymbolParams("discussion of ethics")
        )
        assert found[0].name == "no discussion of ethics"

    edit(folder, work)


def converse(command: list[str], messages: list[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit status of a server and its replies to messages."""
    content = "".join(f"Content-Length: {len(one)}\r\n\r\n{one}" for one in messages)
    done = subprocess.run(
        [sys.executable, *command],
        input=content.encode(),
        capture_output=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
    )
    found = [json.loads(one) for one in re.findall(rb"\r\n\r\n(\{.*?\})(?=Content|$)", done.stdout)]
    return done.returncode, [one for one in found if "id" in one]


def test_every_request_has_an_answer(folder: Path) -> None:
    """Even one with a wrong id or wrong parameters, what is no message, and after the shutdown."""
    place = {"textDocument": {"uri": uri_of(folder / "review.md")}}
    wrong: list[Any] = [{}, [], 7, place, place | {"position": {"line": -1, "character": 0}}]
    started = {"processId": None, "rootUri": None, "capabilities": {}}
    requests = [("initialize", started), *(("textDocument/hover", one) for one in wrong)]
    requests += [("textDocument/nothing", {}), ("workspace/symbol", {"query": "ethics"})]
    requests += [("shutdown", None), ("workspace/symbol", {"query": "ethics"})]
    messages = [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        for number, (method, params) in enumerate(requests)
    ]
    strange = ["[]", "7", '{"jsonrpc": "2.0", "id": 1.5, "method": "workspace/symbol"}']
    strange += [
        f'{{"jsonrpc": "2.0", "id": {number}, "method": "workspace/symbol"}}'
        for number in ("[1]", "null", "true", "{}")
    ]
    old = ['{"id": 90, "method": "shutdown"}', '{"jsonrpc": "1.0", "id": 91, "method": "shutdown"}']
    messages[2:2] = ["{{{", "\x00", '"\\ud800"', *strange, *old]
    messages.append(json.dumps({"jsonrpc": "2.0", "method": "exit"}))
    status, replies = converse(["-c", server_code(folder)], messages)
    assert status == 0
    unnamed = [one["error"]["code"] for one in replies if one["id"] is None]
    assert sorted(unnamed) == [-32700] * 2 + [-32600] * 8
    named = {
        one["id"]: one.get("error", {}).get("code") for one in replies if one["id"] is not None
    }
    codes = [named.pop(number) for number in range(len(requests))]
    assert codes == [None, *[-32602] * len(wrong), -32601, None, None, -32600]
    assert named == {90: -32600, 91: -32600}


def test_exit_without_shutdown_is_status_1(folder: Path) -> None:
    """The program itself: it once failed at its end, over an output that was already closed."""
    started = {"processId": None, "rootUri": None, "capabilities": {}}
    begin, stop = (
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        for number, (method, params) in enumerate((("initialize", started), ("shutdown", None)))
    )
    end = json.dumps({"jsonrpc": "2.0", "method": "exit"})
    for messages, status in (([begin, end], 1), ([begin, stop, end], 0), ([begin], 0)):
        found, replies = converse(["-m", "indexer", "lsp", "--notes", str(folder)], messages)
        assert found == status
        assert [one["id"] for one in replies] == list(range(len(messages) - (end in messages)))


def test_every_form_of_a_link_leads_to_its_note(folder: Path) -> None:
    text = (
        '# Plan\n\n[a](<sequence models.md>) [b](sequence%20models.md "T") [c][r] [r] ![[RNNs]]\n'
        '\n[r]: sequence%20models.md\n\n<a href="sequence%20models.md">d</a> [e\n'
        "f](sequence%20models.md)\n"
    )
    places = [(2, 3), (2, 30), (2, 60), (2, 67), (2, 73), (4, 8), (6, 14), (7, 8)]

    async def work(editor: Editor) -> None:
        await editor.open("courses/plan.md", text)
        for line, column in places:
            target = await editor.client.text_document_definition_async(
                types.DefinitionParams(**editor.at("courses/plan.md", line, column))
            )
            assert target is not None, (line, column)
            assert target.uri == editor.uri("courses/sequence models.md")

    edit(folder, work)


def test_link_being_written_is_seen() -> None:
    assert opened_link("See [[seq", 9) == (6, "seq", True)
    assert opened_link("See [x](../re", 13) == (8, "../re", False)
    assert opened_link("See [[done]] now", 16) is None


def test_links_on_a_line_have_their_columns() -> None:
    links = links_on(3, "See [[a|b]] and ![c](d.md#e).")
    assert [(one.target, one.wiki) for one in links] == [("a", True), ("d.md#e", False)]
    assert links[0].target_span == (3, 6, 7)


def test_heading_in_a_fence_is_none() -> None:
    lines = ["# One", "```", "# not", "```", "## Two", "# Three"]
    found = [(one.text, one.line, one.last_line) for one in headings_of(lines)]
    assert found == [("One", 0, 4), ("Two", 4, 4), ("Three", 5, 5)]


def test_underlined_heading_counts_and_front_matter_does_not() -> None:
    lines = ["---", "# no", "---", "One", "===", "````", "```", "# no", "````", "Two", "---", "- x"]
    found = [(one.level, one.text, one.line) for one in headings_of([*lines, "---"])]
    assert found == [(1, "One", 3), (2, "Two", 9)]


def test_link_in_code_is_none() -> None:
    assert [one.target for one in links_on(0, "`[[a]]` [[b]] ``[x](c.md) ` ``")] == ["b"]


def test_long_line_is_read_at_once() -> None:
    for part in ("[a](", "[", "[[a", '[a](" ', "<a href=", "`", "` ", "[x]: ", " ", '"'):
        assert len(links_on(0, part * 50_000)) < 50_000  # within the time limit of the tests


def test_sentence_before_the_cursor() -> None:
    lines = ["- First thing.", "- [ ] Second. The third one is [["]
    assert sentence_before(lines, 1, 31) == "The third one is"


def test_relative_target_is_encoded() -> None:
    assert relative_target("a/b.md", "c d/e.md") == "../c%20d/e.md"
    assert relative_target("a.md", "c#d (e)?.md") == "c%23d%20(e)%3F.md"
    assert relative_target("a.md", "b) c.md") == "b%29%20c.md"

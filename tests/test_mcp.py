"""The tools for agents: over stdio and HTTP, in both generations of the protocol."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from conftest import ROOT, WriteNotes
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from patience import PATIENCE_S
from surfaces import NOTES, build, served, started, stdio_command

from indexer.mcp.server import NotesServer, _visible, make_app, state_of
from indexer.mcp.tools import TOOLS
from indexer.service import Model, Service
from indexer.text.languages import languages_of
from indexer.text.tokens import estimate_tokens

AGES = ["legacy", "2026-07-28"]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
Talk = Callable[[Client], Awaitable[Any]]


def talk(server: Any, dialogue: Talk, mode: str = "auto") -> Any:
    """Connect the official client, run a dialogue, and return its result."""

    async def main() -> Any:
        with anyio.fail_after(PATIENCE_S):
            async with Client(server, mode=mode) as client:
                return await dialogue(client)

    return anyio.run(main)


def texts_of(found: Any) -> str:
    return "\n".join(one.text for one in found.content)


async def ask_and_read(client: Client) -> None:
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["ask", "read", "similar"]
    schemas = {tool.name: tool.output_schema for tool in tools}
    for tool in tools:
        assert tool.annotations is not None
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (True, False)
        assert tool.input_schema["additionalProperties"] is False
    asked = await client.call_tool("ask", {"question": "discussion of ethics", "k": 2})
    assert not asked.is_error
    jsonschema.validate(asked.structured_content, schemas["ask"] or {})
    at = asked.structured_content["hits"][0]["at"]
    assert at == "review.md:8"
    assert "no discussion of ethics, see one" in texts_of(asked)
    assert asked.meta is not None
    assert asked.meta["notepoint/index"]["stale"] is False
    assert asked.meta["notepoint/index"]["model"] == "ready"
    read = await client.call_tool("read", {"place": at})
    jsonschema.validate(read.structured_content, schemas["read"] or {})
    assert read.structured_content["text"].startswith("- no discussion of ethics")
    assert read.structured_content["links"][0]["to"] == "courses/one.md"
    near = await client.call_tool("similar", {"place": at})
    jsonschema.validate(near.structured_content, schemas["similar"] or {})
    assert near.structured_content["hits"][0]["at"].startswith("other.md")


@pytest.mark.parametrize("mode", AGES)
def test_client_asks_and_reads_in_this_process(service: Service, mode: str) -> None:
    talk(NotesServer(service, "test"), ask_and_read, mode)


@pytest.mark.parametrize("mode", AGES)
def test_client_asks_and_reads_over_stdio(folder: Path, mode: str) -> None:
    command, arguments = stdio_command(folder)
    talk(StdioServerParameters(command=command, args=arguments), ask_and_read, mode)


@pytest.mark.parametrize("mode", AGES)
def test_client_asks_and_reads_over_http(service: Service, mode: str) -> None:
    with served(make_app(service, "test")) as port:
        talk(f"http://127.0.0.1:{port}/mcp", ask_and_read, mode)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_foreign_pages_are_refused(service: Service, headers: dict[str, str]) -> None:
    import httpx2

    with served(make_app(service, "test")) as port:
        found = httpx2.post(f"http://127.0.0.1:{port}/mcp", json={}, headers=headers)
    assert found.status_code == 403


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ('{"jsonrpc": "2.0", "id": 1.5, "method": "tools/list"}', None),
        ('{"jsonrpc": "2.0", "id": [1], "method": "tools/list"}', None),
        ('{"jsonrpc": "2.0", "id": null, "method": "tools/list"}', None),
        ('{"jsonrpc": "1.0", "id": 3, "method": "tools/list"}', 3),
        ('{"jsonrpc": "2.0", "id": "four"}', "four"),
        ('"text"', None),
    ],
)
def test_request_with_a_wrong_id_is_refused_over_http(
    service: Service, body: str, number: Any
) -> None:
    import httpx2

    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    with served(make_app(service, "test")) as port:
        address = f"http://127.0.0.1:{port}/mcp"
        found = httpx2.post(address, content=body, headers=headers)
        assert found.status_code == 400
        assert found.json()["error"]["code"] == -32600
        assert found.json()["id"] == number
        ping = '{"jsonrpc": "2.0", "id": 5, "method": "ping"}'
        assert httpx2.post(address, content=ping, headers=headers).json()["id"] == 5


def test_eight_clients_at_once_are_all_answered(service: Service) -> None:
    async def main(port: int) -> list[str]:
        found: list[str] = []

        async def one(number: int) -> None:
            async with Client(f"http://127.0.0.1:{port}/mcp", mode=AGES[number % 2]) as client:
                for _ in range(5):
                    asked = await client.call_tool("ask", {"question": "discussion of ethics"})
                    found.append(asked.structured_content["hits"][0]["at"])

        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as group:
                for number in range(8):
                    group.start_soon(one, number)
        return found

    with served(make_app(service, "test")) as port:
        assert anyio.run(main, port) == ["review.md:8"] * 40


def test_what_is_not_answered_is_said_so_that_nobody_invents(service: Service) -> None:
    async def dialogue(client: Client) -> Any:
        return await client.call_tool("ask", {"question": "sourdough bread recipe"})

    found = talk(NotesServer(service, "test"), dialogue)
    assert found.structured_content["answered"] is False
    assert texts_of(found).startswith("not answered: the notes hold no answer to this. Say so")
    assert "other words may find more" in texts_of(found)
    assert found.structured_content["topics"]


def test_errors_keep_their_message_and_hint(service: Service) -> None:
    async def dialogue(client: Client) -> list[tuple[bool, str]]:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("ask", {"question": "x", "tag": "dl"}),
            ("ask", {"question": "x", "since": "yesterday"}),
            ("ask", {"question": "  "}),
            ("read", {"place": "gone.md"}),
            ("read", {"place": "review.md:999"}),
            ("similar", {"place": "gone.md:3"}),
            ("write", {"place": "review.md"}),
        ]
        replies = [await client.call_tool(name, given) for name, given in calls]
        return [(reply.is_error, texts_of(reply)) for reply in replies]

    found = talk(NotesServer(service, "test"), dialogue)
    assert all(is_error and "\nhint: " in text for is_error, text in found)
    assert "'tag' was unexpected" in found[0][1]
    assert "its arguments are question, k, budget, tags" in found[0][1]
    assert "2024-03-01" in found[1][1]
    assert "the index has no note gone.md" in found[3][1]
    assert "give lines from 1 to 9" in found[4][1]
    assert "call one of ask, read, similar" in found[6][1]


def test_name_that_is_not_utf8_is_read_as_ask_prints_it(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9.md").write_text("# Menu\n\n- espresso and cake\n")
    build(tmp_path)

    async def dialogue(client: Client) -> tuple[str, Any]:
        asked = texts_of(await client.call_tool("ask", {"question": "espresso"}))
        return asked, await client.call_tool("read", {"place": r"caf\xe9.md:3"})

    with started(tmp_path) as found:
        asked, read = talk(NotesServer(found, "test"), dialogue)
    assert r"caf\xe9.md:3" in asked
    assert read.structured_content["note"] == r"caf\xe9.md"
    assert read.structured_content["text"].startswith("- espresso")


def test_note_edited_between_ask_and_read_is_read_as_it_is(service: Service, folder: Path) -> None:
    async def dialogue(client: Client) -> tuple[Any, Any, Any]:
        given = {"question": "discussion of ethics", "k": 1}
        asked = await client.call_tool("ask", given)
        place = asked.structured_content["hits"][0]["at"]
        text = (folder / "review.md").read_text()
        (folder / "review.md").write_text(text.replace("- no discussion", "- new\n- a discussion"))
        return (
            await client.call_tool("read", {"place": place}),
            asked,
            await client.call_tool("ask", given),
        )

    read, before, after = talk(NotesServer(service, "test"), dialogue)
    assert read.structured_content["text"] == "- new"
    assert read.structured_content["changed"]
    assert "the note was changed since it was indexed" in texts_of(read)
    assert before.structured_content["hits"][0]["text"].startswith("no discussion")
    # Deleted text is not quoted.
    assert "no discussion" not in texts_of(after)


def test_note_deleted_or_renamed_between_ask_and_read_is_named(
    service: Service, folder: Path
) -> None:
    async def dialogue(client: Client) -> list[Any]:
        given = {"question": "discussion of ethics", "k": 1}
        asked = await client.call_tool("ask", given)
        place = asked.structured_content["hits"][0]["at"]
        (folder / "review.md").rename(folder / "verdict.md")
        found = [await client.call_tool("read", {"place": place})]
        found.append(await client.call_tool("ask", given))
        build(folder)
        new = await client.call_tool("ask", given)
        place = new.structured_content["hits"][0]["at"]
        return [*found, new, await client.call_tool("read", {"place": place})]

    gone, during, after, read = talk(NotesServer(service, "test"), dialogue)
    assert gone.is_error
    assert texts_of(gone) == (
        "error: review.md: cannot be opened: no such file or directory\n"
        "hint: the note may have been moved or deleted: search again"
    )
    assert "review.md" not in texts_of(during)  # nothing of a missing file is quoted
    assert after.structured_content["hits"][0]["at"] == "verdict.md:8"
    assert read.structured_content["text"].startswith("- no discussion of ethics")


def changed(chance: random.Random, path: Path) -> None:
    """Change a note at random: lines deleted, changed, moved or added, or the whole file."""
    lines = path.read_text().split("\n") if path.exists() else []
    what = chance.choice(["delete", "change", "add", "move", "empty", "remove"])
    at = chance.randrange(len(lines)) if lines else 0
    if what == "remove" and path.exists():
        path.unlink()
        return
    if what == "empty":
        lines = []
    elif what == "add" or not lines:
        lines.insert(at, f"- new words about ethics {chance.random()}")
    elif what == "delete":
        del lines[at]
    elif what == "change":
        lines[at] += f" and {chance.choice(['ethics', 'videos', 'sound'])}"
    else:
        lines.append(lines.pop(at))
    path.write_text("\n".join(lines))


def test_every_quoted_line_is_in_its_file(service: Service, folder: Path) -> None:
    """After each of 120 changes of notes that the index does not know yet."""
    chance = random.Random(3)
    words = ["ethics", "videos", "sound", "law", "exercises", "grades"]
    for number in range(5):
        bullets = (f"- {chance.choice(words)} and {chance.choice(words)} {i}\n" for i in range(12))
        (folder / f"{number}.md").write_text(f"# Note {number}\n\n{''.join(bullets)}")
    build(folder)
    paths = sorted(folder.rglob("*.md"))
    quoted = 0

    async def dialogue(client: Client) -> None:
        nonlocal quoted
        for step in range(120):
            changed(chance, chance.choice(paths))
            given = {"question": f"{chance.choice(words)} and {chance.choice(words)}"}
            asked = await client.call_tool("ask", given | {"budget": 400} if step % 3 else given)
            assert not asked.is_error, texts_of(asked)
            for hit in asked.structured_content["hits"]:
                note_id = hit["at"].rpartition(":")[0]
                text = " ".join((folder / note_id).read_text().replace("- ", "").split())
                for line in hit["text"].removesuffix(" …").split("\n"):
                    plain = " ".join(line.replace("- ", "").split()).lstrip("# ")
                    assert plain.replace("see one", "see [one](courses/one.md)") in text, (
                        hit,
                        text,
                    )
                    quoted += 1

    talk(NotesServer(service, "test"), dialogue)
    assert quoted > 200


def test_index_that_is_gone_or_being_rebuilt_is_said_or_read(
    service: Service, folder: Path
) -> None:
    given = {"question": "zebra", "k": 1}

    async def dialogue(client: Client) -> list[Any]:
        (folder / ".notepoint").rename(folder.parent / "away")
        gone = await client.call_tool("ask", given)
        (folder.parent / "away").rename(folder / ".notepoint")
        found = [gone, await client.call_tool("ask", given)]
        for number in range(5):
            (folder / "new.md").write_text(f"- new {number}\n")
            building = threading.Thread(target=build, args=[folder])
            building.start()
            while building.is_alive():
                found.append(await client.call_tool("ask", given))
            building.join()
        return found

    gone, *found = talk(NotesServer(service, "test"), dialogue)
    assert gone.is_error and "\nhint: run `notepoint build`" in texts_of(gone)
    assert {one.structured_content["hits"][0]["at"] for one in found} == {"other.md:4"}


def test_place_of_an_answer_is_taken_by_every_tool(service: Service, folder: Path) -> None:
    """Also one of several lines."""

    async def dialogue(client: Client) -> list[Any]:
        given = {"question": "what is missing in the review?"}
        asked = await client.call_tool("ask", given)
        places = [hit["at"] for hit in asked.structured_content["hits"]]
        assert any("-" in place for place in places)
        return [
            await client.call_tool(tool, {"place": place})
            for place in places
            for tool in ("read", "similar")
        ]

    found = talk(NotesServer(service, "test"), dialogue)
    assert not any(one.is_error for one in found)


def test_long_note_is_read_in_parts_that_fit(service: Service, folder: Path) -> None:
    (folder / "other.md").write_text("\n".join(f"line {i} of many words" for i in range(1, 400)))

    async def dialogue(client: Client) -> list[str]:
        lines, place = [], "other.md"
        while place:
            found = (await client.call_tool("read", {"place": place, "budget": 200})).model_dump()
            values = found["structured_content"]
            assert estimate_tokens(values["text"]) <= 200
            lines += values["text"].split("\n")
            place = values.get("more", "")
        return lines

    assert talk(NotesServer(service, "test"), dialogue) == [
        f"line {i} of many words" for i in range(1, 400)
    ]


def test_budget_of_tokens_is_kept(service: Service) -> None:
    async def dialogue(client: Client) -> Any:
        return await client.call_tool("ask", {"question": "ethics", "budget": 60})

    found = talk(NotesServer(service, "test"), dialogue)
    assert estimate_tokens(texts_of(found)) <= 60


def test_five_answers_and_the_tools_are_small(service: Service, folder: Path) -> None:
    long = "".join(f"- ethics of part {i}: {'a long sentence of words ' * 12}\n" for i in range(9))
    (folder / "long.md").write_text(long)
    build(folder)

    async def dialogue(client: Client) -> tuple[Any, Any]:
        return await client.call_tool(
            "ask", {"question": "ethics of part"}
        ), await client.list_tools()

    asked, listed = talk(NotesServer(service, "test"), dialogue)
    assert len(texts_of(asked).encode()) <= 2_000
    assert len(json.dumps(asked.structured_content, ensure_ascii=False).encode()) <= 2_048
    assert len(listed.model_dump_json(by_alias=True, exclude_none=True)) < 6_000


def test_instructions_say_what_is_searched(service: Service, folder: Path) -> None:
    async def dialogue(client: Client) -> str:
        return client.instructions or ""

    server = NotesServer(service, "test")
    said = talk(server, dialogue)
    assert "Index: 3 notes, " in said
    assert " points, generation 1; " in said
    assert "folders: courses" in said
    assert "languages: English" in said
    assert "up to date" in said
    assert "say so instead of guessing" in said
    (folder / "new.md").write_text("- new\n")
    build(folder)
    assert "Index: 4 notes" in talk(server, dialogue, "legacy")


def test_without_an_index_the_agent_is_told_what_to_do(write_notes: WriteNotes) -> None:
    async def dialogue(client: Client) -> Any:
        return await client.call_tool("ask", {"question": "ethics"})

    with started(write_notes(NOTES)) as service:
        assert "run `notepoint build`" in state_of(service)
        found = talk(NotesServer(service, "test"), dialogue)
    assert found.is_error
    assert "run `notepoint build`" in texts_of(found)


def test_words_answer_while_the_model_loads(service: Service) -> None:
    async def dialogue(client: Client) -> tuple[Any, Any]:
        return await client.call_tool(
            "ask", {"question": "discussion of ethics"}
        ), await client.call_tool("similar", {"place": "review.md:8"})

    service._now(model=Model.LOADING)
    asked, near = talk(NotesServer(service, "test"), dialogue)
    assert asked.structured_content["hits"][0]["at"] == "review.md:8"
    assert "the model is not loaded yet" in texts_of(asked)
    assert asked.meta["notepoint/index"]["model"] == "loading"
    assert near.is_error
    assert "ask again in a few seconds" in texts_of(near)


# --- strangers ----------------------------------------------------------------------------------


def hostile(chance: random.Random, secret: Path) -> tuple[str, dict[str, Any]]:
    """Return a call that no honest client makes."""
    values: list[Any] = [
        *(
            "",
            " ",
            "x" * 20_000,
            "\x00",
            "\x1b[2J",
            "a\nb",
            "\u202e",
            "\U0010ffff",
            "'; DROP TABLE",
        ),
        *(
            str(secret),
            f"../{secret.name}",
            "../../../../etc/passwd",
            "/etc/passwd:1-5",
            "review.md:",
        ),
        *(
            "review.md:0",
            "review.md:5-1",
            "review.md:1-99999999999",
            "review.md:1-\u0663",
            "a:b:c:1",
        ),
        *("NEAR/3", '"unclosed', "* AND (", "2020-13-45", "0001-01-01", "9999-12-31"),
        *(-1, 0, 10**30, 1.5, float(10**300), True, None, [], {}, [[]], {"a": {"b": []}}),
        *(["x"] * 60, [1], [None], ["\x00"], ["../"], {"$ref": "#"}),
    ]
    names = ["ask", "read", "similar", "ASK", "", "__class__", "../ask"]
    name = chance.choice(names[:3] if chance.random() < 0.9 else names)
    known = list(TOOLS[name].takes["properties"]) if name in TOOLS else []
    keys = [*known, "x", "__proto__", "\x00"]
    given = {chance.choice(keys): chance.choice(values) for _ in range(chance.randrange(4))}
    required = TOOLS[name].takes["required"] if name in TOOLS else []
    given |= {key: chance.choice(values) for key in required if chance.random() < 0.9}
    return name, given


def test_thousand_hostile_calls_are_answered_or_refused(service: Service, folder: Path) -> None:
    secret = folder.parent / "secret.md"
    secret.write_text("the password is swordfish\n")
    before = {path: path.read_bytes() for path in folder.rglob("*.md")}
    chance = random.Random(7)
    refused = 0

    async def dialogue(client: Client) -> None:
        nonlocal refused
        for _ in range(1_000):
            name, given = hostile(chance, secret)
            found = await client.call_tool(name, given)
            text = texts_of(found)
            assert "swordfish" not in text and "root:" not in text
            assert "\x1b" not in text and "\x00" not in text
            if found.is_error:
                refused += 1
                assert text.startswith("error: ")
                assert len(text) < 1_500
            else:
                jsonschema.validate(found.structured_content, TOOLS[name].gives)
        assert not (await client.call_tool("ask", {"question": "ethics"})).is_error

    talk(NotesServer(service, "test"), dialogue)
    assert 500 < refused < 1_000
    assert {path: path.read_bytes() for path in folder.rglob("*.md")} == before


def test_lines_that_are_no_message_do_not_end_the_server(folder: Path) -> None:
    command, arguments = stdio_command(folder)
    noise = [b"{", b"\xff\xfe", b"[]", b'{"jsonrpc": "2.0"}', b"x" * 100_000, b'"\\ud800"']
    content = b"\n".join([*noise, json.dumps(INITIALIZE).encode(), b""])
    done = subprocess.run([command, *arguments], input=content, capture_output=True, cwd=ROOT)
    assert done.returncode == 0
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(reply.get("id") == 1 and "result" in reply for reply in replies)


def request(number: Any, arguments: str) -> str:
    return (
        f'{{"jsonrpc": "2.0", "id": {number}, "method": "tools/call", '
        f'"params": {{"name": "ask", "arguments": {arguments}}}}}'
    )


def test_request_that_cannot_be_read_is_answered_with_its_id(folder: Path) -> None:
    """JSON that other readers take and the library does not: a client would wait forever."""
    lines = [
        json.dumps(INITIALIZE),
        request(2, '{"question": "a \\ud800 b"}'),
        request(3, '{"question": ' + "[" * 500 + "]" * 500 + "}"),
        request('"four"', '{"question": ' + "[" * 90_000 + "]" * 90_000 + "}"),
        request(5, '{"question": "a", "k": ' + "9" * 5_000 + "}"),
        request(6, '{"question": "a"'),
        "[" + request(7, '{"question": "ethics"}') + "]",
        request(8, '{"question": "ethics", "k": 1e400}'),
        *(request(number, '{"question": "ethics"}') for number in ("1.5", "[1]", "null", "{}")),
        '{"jsonrpc": "1.0", "id": 20, "method": "tools/list"}',
        '{"id": 21, "method": "tools/list"}',
        '{"jsonrpc": "2.0", "id": 22}',
        '{"jsonrpc": "2.0", "id": 23, "method": 5}',
        '{"jsonrpc": "2.0", "id": 24, "method": "tools/list", "params": [1]}',
        '"text"',
        request(9, '{"question": "discussion of ethics", "k": 1}'),
    ]
    command, arguments = stdio_command(folder)
    process = subprocess.Popen(
        [command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    process.stdin.flush()
    replies = [json.loads(process.stdout.readline()) for _ in lines]
    process.stdin.close()
    assert process.wait(PATIENCE_S) == 0
    process.stdout.close()
    errors = [(one["id"], one["error"]["code"]) for one in replies if "error" in one]
    unread = [(number, -32700) for number in (2, 3, "four", 5, 6)]
    wrong = [(number, -32600) for number in (None, *[None] * 5, 20, 21, 22, 23, 24)]
    assert sorted(errors, key=str) == sorted([*unread, *wrong], key=str)
    results = {one["id"]: one["result"] for one in replies if "result" in one}
    assert results[8]["isError"]
    assert results[9]["structuredContent"]["hits"][0]["at"] == "review.md:8"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_server_ends_when_its_parent_is_killed(folder: Path, tmp_path: Path) -> None:
    """Even if another process keeps the pipe to it open."""
    command, arguments = stdio_command(folder)
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({[command, *arguments]!r}, stdin=subprocess.PIPE, "
        "stdout=subprocess.PIPE)\n"
        "keeper = subprocess.Popen(['sleep', '600'], pass_fds=[child.stdin.fileno()])\n"
        f"child.stdin.write({(json.dumps(INITIALIZE) + chr(10)).encode()!r})\n"
        "child.stdin.flush()\n"
        "child.stdout.readline()\n"  # it runs
        "print(child.pid, keeper.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child, keeper = map(int, parent.stdout.readline().split())
    try:
        parent.kill()
        parent.wait()
        end = time.monotonic() + PATIENCE_S
        while _runs(child):
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        parent.stdout.close()
        for process in (child, keeper):
            if _runs(process):
                os.kill(process, signal.SIGKILL)


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("texts", "languages"),
    [
        (["there is no discussion of the ethics"], ("English",)),
        (
            ["das ist nicht der Weg", "the way of the notes", "auch das ist eine"],
            ("German", "English"),
        ),
        (["漢字の勉強"], ("Japanese",)),
        (["学习笔记"], ("Chinese",)),
        (["заметки о книге"], ("Russian",)),
        (["x = 1", ""], ()),
    ],
)
def test_languages_are_told_by_common_words(texts: list[str], languages: tuple[str, ...]) -> None:
    assert languages_of(texts) == languages


def test_structured_answers_hide_nothing_from_the_reader() -> None:
    hidden = {"text": "a\U000e0041\tb\n", "hits": [{"path": ("x\u200b",), "line": 3}]}
    assert _visible(hidden) == {
        "text": "a\\xe0041\tb\n",
        "hits": [{"path": ["x\\x200b"], "line": 3}],
    }

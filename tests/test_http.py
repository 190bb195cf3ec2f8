"""The HTTP service: JSON for this machine or for callers with the token, within limits."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import jsonschema
import pytest
from conftest import ROOT, WriteNotes
from patience import PATIENCE_S
from surfaces import NOTES, build, served, started

from indexer import loopback
from indexer.compact import read_schema
from indexer.errors import SettingsError
from indexer.http import app as http_app
from indexer.http.app import make_app
from indexer.http.openapi import describe
from indexer.loopback import Guard, listen, token_from
from indexer.service import Request, Service

TOKEN = "0123456789abcdef0123456789abcdef"
ASK = "/ask?q=discussion+of+ethics"


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    with served(make_app(service, "test")) as port, connect(port) as found:
        yield found


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Return a client of a server that tests share, since they change nothing."""
    made = tmp_path_factory.mktemp("standing")
    for name, text in NOTES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, "utf-8")
    build(made)
    with started(made) as found, served(make_app(found, "test")) as port, connect(port) as client:
        yield client


def connect(port: int, **options: Any) -> httpx2.Client:
    return httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, **options)


def test_answers_have_the_shape_of_the_contract(standing: httpx2.Client) -> None:
    for address, name in (
        (f"{ASK}&k=3", "query"),
        (f"{ASK}&format=compact", "compact"),
        (f"{ASK}&budget=300&links=true", "compact"),
        ("/notes/review.md?lines=8-9", "note"),
        ("/similar?place=other.md:3&format=compact", "similar"),
        ("/links?broken=false", "links"),
        ("/status", "status"),
    ):
        found = standing.get(address)
        assert found.status_code == 200, found.text
        jsonschema.validate(found.json(), read_schema(name))


def test_question_is_answered(standing: httpx2.Client) -> None:
    found = standing.get(f"{ASK}&tag=review").json()
    assert found["answered"]
    assert [(hit["note"], hit["line_start"]) for hit in found["hits"][:1]] == [("review.md", 8)]
    assert {hit["note"] for hit in found["hits"]} == {"review.md"}


def test_note_is_read_as_it_is_now(client: httpx2.Client, folder: Path) -> None:
    found = client.get("/notes/courses/one.md?lines=6").json()
    assert found["text"] == "- ethics of data, by law"
    assert found["backlinks"] == ["review.md:8"]
    assert not found["changed"]
    (folder / "courses/one.md").write_text("# Course one\n\n- another\n")
    found = client.get("/notes/courses/one.md").json()
    assert found["text"].endswith("- another")
    assert found["changed"]


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/ask", 400, "the question is missing"),
        ("/ask?q=", 400, "the question is empty"),
        ("/ask?q=x&tags=dl", 400, "there is no parameter 'tags'"),
        ("/ask?q=x&k=0", 400, "k is not a number from 1 to 100"),
        ("/ask?q=x&k=1e3", 400, "k is not a number"),
        ("/ask?q=x&more=20240101", 400, "there is no point at 20240101"),
        ("/ask?q=x&less=0", 400, "there is no point at 0"),
        ("/ask?q=x&k=99999999999999999999", 400, "k is not a number"),
        ("/ask?q=x&q=y", 400, "q is given twice"),
        ("/ask?q=x&mode=magic", 400, "mode is not hybrid or dense or lexical"),
        ("/ask?q=x&since=yesterday", 400, "since is not a date"),
        ("/ask?q=x&more=gone.md:3", 400, "there is no point at gone.md:3"),
        ("/ask?q=x&budget=100&format=json", 400, "budget needs format=compact"),
        (f"/ask?q=x{'&tag=a' * 3_000}", 400, "tag is given more than 50 times"),
        (f"/ask?q={'x' * 45_000}", 414, "the address is too long"),
        ("/notes/gone.md", 404, "the index has no note gone.md"),
        ("/notes/../../etc/passwd", 404, "Not Found"),
        ("/notes/..%2f..%2fetc%2fpasswd", 404, "the index has no note"),
        ("/notes/review.md?lines=999", 400, "has no line 999"),
        ("/notes/review.md?lines=9-2", 400, "has no line 9"),
        ("/notes/review.md?lines=", 400, "lines is not first-last: ''"),
        ("/notes/review.md?lines=a", 400, "lines is not first-last: 'a'"),
        ("/notes/review.md?lines=-3", 400, "lines is not first-last: '-3'"),
        ("/notes", 404, "Not Found"),
        ("/ask/", 404, "Not Found"),
        ("/similar?place=gone.md", 400, "there is no point at gone.md"),
        ("/similar?place=review.md:1-2", 400, "there is no point at review.md:1-2"),
        ("/similar", 400, "the place is missing"),
        ("/links?note=gone.md", 404, "the index has no note"),
        ("/status?x=1", 400, "there is no parameter 'x'"),
        ("/nothing", 404, "Not Found"),
    ],
)
def test_wrong_requests_are_told_what_to_do(
    standing: httpx2.Client, address: str, status: int, said: str
) -> None:
    found = standing.get(address)
    assert found.status_code == status
    error = found.json()["error"]
    assert said in error["message"]
    assert error["hint"]


PATHS = [ASK, "/notes/review.md", "/similar?place=review.md:8", "/links", "/status"]


@pytest.mark.parametrize("path", [*PATHS, "/events", "/openapi.json"])
def test_nothing_is_written(standing: httpx2.Client, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "WRONG"):
        found = standing.request(method, path)
        assert found.status_code == 405
        assert set(found.headers["allow"].split(", ")) == {"GET", "HEAD"}
        assert found.json()["error"]["message"] == "Method Not Allowed"


@pytest.mark.parametrize("path", [*PATHS, "/events", "/openapi.json"])
def test_head_has_no_body(standing: httpx2.Client, path: str) -> None:
    """On the same connection the next answer follows; the stream of events is not started."""
    found = standing.head(path)
    assert (found.status_code, found.content) == (200, b"")
    assert standing.get("/status").json()["notes"] == 3


def test_connections_wait_before_the_server_answers() -> None:
    with contextlib.closing(listen("127.0.0.1", 0, "")) as listening:
        socket.create_connection(listening.getsockname(), PATIENCE_S).close()


def test_name_that_is_not_utf8_is_read_as_json_writes_it(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9.md").write_text("# Menu\n\n- espresso, see [tea](tea.md)\n")
    (tmp_path / "tea.md").write_text("# Tea\n\n- green, or an espresso\n")
    build(tmp_path)
    with started(tmp_path) as found, served(make_app(found, "test")) as port, connect(port) as one:
        name = one.get("/ask?q=espresso&k=1").json()["hits"][0]["note"]
        assert name == r"caf\xe9.md"
        read = one.get(f"/notes/{quote(name)}").json()
        assert read["note"] == name
        assert "espresso" in read["text"]
        assert one.get(f"/notes/{quote(name)}?lines=3").json()["text"].startswith("- espresso")
        assert one.get("/links", params={"note": name}).json()["links"][0]["to"] == "tea.md"
        near = one.get("/similar", params={"place": f"{name}:3"})
        assert [hit["note"] for hit in near.json()["hits"]] == []
        assert one.get("/notes/caf%5Cxe8.md").status_code == 404


@pytest.mark.parametrize(
    "name", ["two\nlines.md", "end.md\n.md", "\r.md", "a folder\n/b:3\u2028.md"]
)
@pytest.mark.skipif(sys.platform == "win32", reason="no such names")
def test_name_with_line_ends_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("# Menu\n\n- espresso\n- tea\n", newline="")
    build(tmp_path)
    with started(tmp_path) as found, served(make_app(found, "test")) as port, connect(port) as one:
        shown = one.get("/ask?q=espresso&k=1").json()["hits"][0]["note"]
        for written in (name, shown, one.get(f"/notes/{quote(name)}").json()["note"]):
            read = one.get(f"/notes/{quote(written)}?lines=3-4")
            assert read.status_code == 200
            assert read.json()["text"] == "- espresso\n- tea"
        assert one.get(f"/notes/{quote(name)}x").status_code == 404


def test_part_of_a_note_is_the_place_of_similar(standing: httpx2.Client) -> None:
    """As ``ask`` gives it."""
    found = standing.get("/similar?place=review.md:8-9&format=compact").json()
    assert found["place"] == "review.md:8-9"
    assert found["hits"][0]["at"].startswith("other.md")
    whole = standing.get("/similar?place=review.md:8-&format=compact").json()
    assert whole["hits"] == found["hits"]


def test_deleted_note_is_named(client: httpx2.Client, folder: Path) -> None:
    (folder / "other.md").unlink()
    found = client.get("/notes/other.md")
    assert found.status_code == 404
    error = found.json()["error"]
    assert error["message"] == "other.md: cannot be opened: no such file or directory"
    assert error["hint"] == "the note may have been moved or deleted: search again"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "localhost:80@evil.example"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "https://localhost"},
        {"Host": "localhost:9", "Origin": "http://localhost:10"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_foreign_pages_are_refused(standing: httpx2.Client, headers: dict[str, str]) -> None:
    assert standing.get(ASK, headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]", "[::1]:8502", "LOCALHOST:9"])
def test_this_machine_is_let_in(standing: httpx2.Client, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert standing.get("/status", headers=headers).status_code == 200


def test_two_hosts_in_one_request_are_refused(standing: httpx2.Client) -> None:
    port = standing.base_url.port
    assert port
    said = send_raw(port, b"GET /status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400")


def send_raw(port: int, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.sendall(content)
        return connection.recv(65_536)


def test_token_is_asked_for_and_compared(service: Service) -> None:
    with served(make_app(service, "test", TOKEN)) as port, connect(port) as client:
        for wrong in ("", TOKEN, f"Bearer {TOKEN}x", "Bearer", f"Basic {TOKEN}", "Bearer \u00e9"):
            headers = {"Authorization": wrong.encode("latin-1")} if wrong else {}
            found = client.get(ASK, headers=headers)
            assert found.status_code == 401
            assert found.headers["www-authenticate"] == "Bearer"
        right = {"Authorization": f"Bearer {TOKEN}", "Host": "notes.example"}  # behind a proxy
        assert client.get(ASK, headers=right).status_code == 200


def test_token_that_can_be_guessed_is_refused() -> None:
    assert token_from({}) == ""
    assert token_from({"NOTEPOINT_TOKEN": TOKEN}) == TOKEN
    for wrong in ("secret", "ü" * 20):
        with pytest.raises(SettingsError, match="NOTEPOINT_TOKEN"):
            token_from({"NOTEPOINT_TOKEN": wrong})


def test_other_addresses_need_a_token() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(SettingsError, match="without a token"):
            listen(host, 0, "")
    listen("0.0.0.0", 0, TOKEN).close()


def test_port_in_use_is_one_clear_message(folder: Path) -> None:
    with contextlib.closing(listen("127.0.0.1", 0, "")) as taken:
        taken.listen()
        command = [sys.executable, "-m", "indexer", "api", "--notes", str(folder)]
        command += ["--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "cannot listen on" in done.stderr
    assert "Traceback" not in done.stderr


def test_answer_is_not_sent_again_until_the_index_changes(
    client: httpx2.Client, folder: Path
) -> None:
    first = client.get(ASK)
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get(ASK, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    tag = first.headers["etag"]
    for same in (tag, tag.removeprefix("W/"), f'"x", {tag}', f'{tag},"y"', "*"):
        assert client.get(ASK, headers={"If-None-Match": same}).status_code == 304
    for other in ("", "x", '"x"', 'W/"x", "y"', tag[:-2]):
        assert client.get(ASK, headers={"If-None-Match": other}).status_code == 200
    (folder / "new.md").write_text("- discussion of ethics in a new note\n")
    build(folder)
    new = client.get(ASK, headers=known)
    assert new.status_code == 200
    assert new.headers["etag"] != first.headers["etag"]
    assert "new.md" in {hit["note"] for hit in new.json()["hits"]}


def test_answers_of_a_stale_index_are_not_to_be_kept(service: Service, folder: Path) -> None:
    (folder / "new.md").write_text("- not indexed yet\n")
    with served(make_app(service, "test")) as port, connect(port) as client:
        found = wait_for(lambda: client.get(ASK), lambda one: one.json()["index"]["stale"])
    assert "etag" not in found.headers
    assert found.headers["cache-control"] == "no-store"


def wait_for(get: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not holds(found := get()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_hundred_questions_at_once_are_all_answered(standing: httpx2.Client) -> None:
    found: list[str] = []

    def ask() -> None:
        hits = standing.get(f"{ASK}&k=1").json()["hits"]
        found.append(hits[0]["note"])

    threads = [threading.Thread(target=ask) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert found == ["review.md"] * 100


def test_slow_client_is_let_go_and_holds_up_nobody(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "_REQUEST_TIMEOUT_S", 0.5)
    with served(make_app(service, "test")) as port, connect(port) as client:
        slow = [socket.create_connection(("127.0.0.1", port), PATIENCE_S) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET /status HTTP/1.1\r\nHost: local")
        assert client.get("/status").status_code == 200
        assert [connection.recv(100) for connection in slow] == [b""] * 20
        for connection in slow:
            connection.close()


def test_endless_head_is_refused(standing: httpx2.Client) -> None:
    port = standing.base_url.port
    assert port
    head = b"GET /status HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 200_000
    with contextlib.suppress(OSError):  # the server may close the connection while it still sends
        assert send_raw(port, head).startswith(b"HTTP/1.1 400")
    assert standing.get("/status").status_code == 200


def test_question_that_takes_too_long_is_given_up(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()

    def never(self: Request, *args: Any, **options: Any) -> Any:
        done.wait(PATIENCE_S)
        raise SettingsError("too late")

    monkeypatch.setattr(Request, "ask", never)
    monkeypatch.setattr(http_app, "_TIME_LIMIT_S", 0.2)
    found = client.get(ASK)
    done.set()
    assert found.status_code == 503
    assert "took longer than" in found.json()["error"]["message"]


def test_stream_says_when_the_index_was_updated(client: httpx2.Client, folder: Path) -> None:
    with client.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        first = next(events)
        (folder / "new.md").write_text("- new\n")
        build(folder)
        second = next(events)
    assert second["generation"] == first["generation"] + 1
    assert second["notes"] == first["notes"] + 1


def test_client_that_connects_again_gets_the_index_as_it_is_now(
    client: httpx2.Client, folder: Path
) -> None:
    def first_event() -> Any:
        with client.stream("GET", "/events", headers={"Last-Event-ID": "7"}) as stream:
            data = (line for line in stream.iter_lines() if line.startswith("data: "))
            return json.loads(next(data)[6:])

    before = first_event()
    (folder / "new.md").write_text("- new\n")
    build(folder)
    after = first_event()
    assert (after["generation"], after["notes"]) == (before["generation"] + 1, before["notes"] + 1)


def test_streams_are_limited(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_app, "_MAX_STREAMS", 1)
    with client.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        assert client.get("/events").status_code == 503


def test_without_an_index_it_says_to_build(write_notes: WriteNotes) -> None:
    with started(write_notes(NOTES)) as service, served(make_app(service, "test")) as port:
        with connect(port) as client:
            found = client.get(ASK)
            assert found.status_code == 503
            assert "notepoint build" in found.json()["error"]["hint"]
            assert client.get("/openapi.json").status_code == 200


def test_document_describes_every_path_and_parameter(standing: httpx2.Client) -> None:
    found = standing.get("/openapi.json").json()
    assert found == describe("test")
    assert set(found["paths"]) == {
        *("/ask", "/notes/{id}", "/similar", "/links", "/status", "/events")
    }
    references = set(_references(found))
    assert references <= {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    for path, item in found["paths"].items():
        for one in item["get"].get("parameters", []):
            if one["in"] == "query":
                address = path.replace("{id}", "review.md")
                said = standing.get(f"{address}?{one['name']}=").text
                assert "there is no parameter" not in said


def test_document_is_valid(standing: httpx2.Client) -> None:
    validator = pytest.importorskip(
        "openapi_spec_validator", reason="openapi-spec-validator is not installed"
    )
    validator.validate(standing.get("/openapi.json").json())


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref":
                yield one
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def test_anything_but_http_is_refused() -> None:
    import anyio

    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("let through")

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    anyio.run(Guard(app), {"type": "websocket", "headers": []}, receive, send)
    assert sent == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_gets_an_answer(standing: httpx2.Client) -> None:
    address = f"http://127.0.0.1:{standing.base_url.port}{ASK}&format=compact&k=1"
    done = subprocess.run(["curl", "-sf", address], capture_output=True, text=True)
    assert json.loads(done.stdout)["hits"][0]["at"] == "review.md:8"

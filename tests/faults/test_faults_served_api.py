"""`serve --api` and `api` as real processes: who is let in, and what many connections hold up."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from harness import wait_until, worker_environment, write_notes

pytestmark = pytest.mark.slow
_MANY = 200


class Served(NamedTuple):
    """A server: its port, its token (empty for none), and a path that answers from the notes."""

    port: int
    token: str
    path: str

    def ask(self, path: str = "", **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named = {"Authorization": f"Bearer {self.token}"} | named
        return httpx2.get(
            f"http://127.0.0.1:{self.port}{path or self.path}", headers=named, timeout=60
        )


def _run(folder: Path, *words: str) -> Iterator[tuple[int, str]]:
    """Start a server, and yield its port and what it said so far."""
    said = folder / f"said-{words[0]}"
    command = [sys.executable, "-P", "-m", "indexer", *words, "--notes", str(folder / "notes")]
    with said.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", "0"], env=worker_environment(), stdout=log, stderr=log
        )
    address = re.compile(r"http://(?:127\.0\.0\.1|localhost):(\d+)\S*")
    try:
        wait_until(lambda: address.search(said.read_text()) is not None, 180, "it says where")
        found = address.search(said.read_text())
        assert found
        yield int(found[1]), found[0]
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    write_notes(folder / "notes", 3)
    command = [sys.executable, "-P", "-m", "indexer", "build", "--notes", str(folder / "notes")]
    subprocess.run(command, env=worker_environment(), check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def below_the_page(folder: Path) -> Iterator[Served]:
    for port, address in _run(folder, "serve", "--api", "--no-browser"):
        yield Served(port, address.partition("token=")[2], "/api/status")


@pytest.fixture(scope="module")
def alone(folder: Path) -> Iterator[Served]:
    for port, _ in _run(folder, "api"):
        yield Served(port, "", "/status")


@pytest.fixture(params=["below_the_page", "alone"])
def served(request: pytest.FixtureRequest) -> Served:
    found: Served = request.getfixturevalue(request.param)
    return found


def test_question_is_answered(served: Served) -> None:
    answer = served.ask(served.path.replace("status", "ask") + "?q=gradient")
    assert answer.status_code == 200, answer.text
    assert answer.json()["hits"]


def test_strangers_get_nothing(served: Served) -> None:
    own = f"127.0.0.1:{served.port}"
    assert served.ask(Origin=f"http://{own}", Sec_Fetch_Site="same-origin").status_code == 200
    for headers in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{served.port}"},
        {"Origin": "http://evil.example"},
        {"Origin": f"http://localhost:{served.port + 1}"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "iframe"},
    ):
        assert served.ask(**headers).status_code == 403, headers


def test_page_asks_for_its_token_below_api_too(below_the_page: Served) -> None:
    assert len(below_the_page.token) >= 16
    for wrong in ("Bearer wrong", f"Basic {below_the_page.token}", ""):
        refused = below_the_page.ask(Authorization=wrong)
        assert refused.status_code == 403 and "generation" not in refused.text
    own = f"127.0.0.1:{below_the_page.port}"
    cookie = f"notepoint-{below_the_page.port}={below_the_page.token}"
    assert below_the_page.ask(Authorization="", Cookie=cookie).status_code == 200
    assert below_the_page.ask(Authorization="", Cookie=cookie, Host=own).status_code == 200


def test_two_hundred_connections_hold_up_nobody(served: Served, held: list[str]) -> None:
    """Half of them send their request byte by byte, half wait for an answer that never ends."""
    own = f"127.0.0.1:{served.port}"
    slow = [socket.create_connection(("127.0.0.1", served.port), 30) for _ in range(_MANY)]
    try:
        for part in (b"GET / HTTP/1.1\r\n", b"Host: ", b"loc", b"al"):
            for connection in slow:
                connection.sendall(part)
            assert served.ask(Host=own).status_code == 200
    finally:
        for connection in slow:
            connection.close()
    assert served.ask().status_code == 200
    held.append(f"{_MANY} connections that send byte by byte; {served.path} answers between")


def test_open_streams_are_limited(served: Served, held: list[str]) -> None:
    head = f"GET {served.path.replace('status', 'events')} HTTP/1.1\r\n"
    head += f"Host: 127.0.0.1:{served.port}\r\nAuthorization: Bearer {served.token}\r\n\r\n"
    streams = [socket.create_connection(("127.0.0.1", served.port), 30) for _ in range(60)]
    try:
        for stream in streams:
            stream.sendall(head.encode())
        statuses = [stream.recv(12)[9:] for stream in streams]
        assert statuses.count(b"200") <= 32 and statuses.count(b"503") >= 28
        assert served.ask().status_code == 200
    finally:
        for stream in streams:
            stream.close()
    held.append(f"60 streams: {statuses.count(b'200')} open, the others told so")

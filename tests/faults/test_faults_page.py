"""The server of the page: this machine only, from any working directory, no path leads out."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import build_at, wait_until, worker_environment, write_notes

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request(port: int, head: str) -> str:
    """Send a raw request and return the first line of the answer."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        return connection.recv(4096).decode("latin-1").split("\r\n")[0]


def serve(notes: Path, port: int, cwd: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "indexer", "serve", "--notes", str(notes)]
    command += ["--port", str(port), "--no-browser", "--no-token"]
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=worker_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def answers(port: int) -> bool:
    try:
        return "200" in request(port, "GET /_stcore/health HTTP/1.1\nHost: localhost")
    except OSError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Start the page from an unrelated working directory."""
    folder = tmp_path_factory.mktemp("page")
    write_notes(folder / "notes", 3)
    build_at(folder / "notes", folder / "notes" / ".notepoint")
    port = free_port()
    process = serve(folder / "notes", port, Path("/"))
    try:
        wait_until(lambda: answers(port), 180, "the page answers")
        yield port, folder
    finally:
        process.kill()
        process.communicate()


def test_fault_30_port_in_use(server: tuple[int, Path], held: list[str]) -> None:
    port, folder = server
    second = serve(folder / "notes", port, folder)
    said = second.communicate(timeout=60)[0]
    assert second.returncode not in (0, None)
    assert str(port) in said and "Traceback" not in said
    held.append(said.strip().splitlines()[-1])


HANDSHAKE = """GET /_stcore/stream HTTP/1.1
Host: {host}
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Origin: {origin}"""


def test_fault_31_foreign_host_and_origin(server: tuple[int, Path], held: list[str]) -> None:
    port, _ = server
    own = f"127.0.0.1:{port}"
    accepted = request(port, HANDSHAKE.format(host=own, origin=f"http://{own}"))
    assert "101" in accepted
    for host, origin in (
        (own, "http://evil.example"),
        ("evil.example", "http://evil.example"),
        (f"evil.example:{port}", f"http://evil.example:{port}"),
        (f"127.0.0.1.evil.example:{port}", f"http://127.0.0.1.evil.example:{port}"),
    ):
        assert "403" in request(port, HANDSHAKE.format(host=host, origin=origin)), (host, origin)
    held.append("own origin 101; foreign Origin and three foreign Hosts 403")


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/static/nothing.js", "/media/x"])
def test_fault_31_foreign_requests_get_nothing(
    server: tuple[int, Path], path: str, held: list[str]
) -> None:
    """Every address refuses them, not only the page's connection."""
    port, _ = server
    own = f"127.0.0.1:{port}"
    request_of = "GET {} HTTP/1.1\nHost: {}{}"
    accepted = [
        (own, ""),
        (f"localhost:{port}", ""),
        (own, f"\nOrigin: http://{own}"),
    ]
    refused = [
        ("evil.example", ""),
        (f"evil.example:{port}", f"\nOrigin: http://evil.example:{port}"),
        (f"127.0.0.1.evil.example:{port}", ""),
        (f"{own}@evil.example", ""),
        (own, "\nHost: evil.example"),
        (own, "\nOrigin: http://evil.example"),
        (own, "\nOrigin: null"),
    ]
    for host, more in accepted:
        assert " 403" not in request(port, request_of.format(path, host, more)), (host, more)
    for host, more in refused:
        said = request(port, request_of.format(path, host, more))
        assert " 403" in said or " 400" in said, (host, more)
    assert "403" in request(port, f"GET {path} HTTP/1.0")
    held.append(f"{path}: {len(refused) + 1} foreign requests refused, {len(accepted)} own not")


def test_only_the_loopback_address_listens(server: tuple[int, Path]) -> None:
    port, _ = server
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("needs Linux")
    wanted = f":{port:04X} "
    rows = [line.split() for line in table.read_text().splitlines() if wanted in line]
    listening = [row[1] for row in rows if row[3] == "0A"]
    assert listening == [f"0100007F:{port:04X}"]
    assert wanted not in Path("/proc/net/tcp6").read_text()


PATHS = ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/../../app.py", "//etc/passwd"]


@pytest.mark.parametrize("path", PATHS)
def test_traversal_is_refused(server: tuple[int, Path], path: str) -> None:
    port, _ = server
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        content = b""
        while part := connection.recv(65536):
            content += part
    assert b"root:" not in content
    assert not re.search(rb"import streamlit", content)

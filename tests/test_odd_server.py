"""A program that answers at the address of a PostgreSQL store, but not as PostgreSQL does."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("psycopg")

from indexer.errors import IndexerError, IndexNotFound
from indexer.store.postgres.patience import PatientConnection
from indexer.store.postgres.store import PostgresStore

GARBAGE = bytes(range(256)) * 8
SECRET = "s3cret"


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


READY = message(b"Z", b"I")
WELCOME = (
    message(b"R", struct.pack("!I", 0))
    + message(b"S", b"client_encoding\0UTF8\0")
    + message(b"S", b"server_version\x00017.0\0")
    + message(b"K", struct.pack("!II", 1, 2))
    + READY
)
COLUMN = message(b"T", struct.pack("!H", 1) + b"x\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0))
ROW = message(b"D", struct.pack("!HI", 1, 4) + b"evil")
DONE = message(b"C", b"SELECT 1\0")
ERROR = message(b"E", b"SERROR\0VERROR\0CXX000\0M\x1b[31mevil\0\0")
WRONG = {b"P": message(b"1", b""), b"B": message(b"2", b""), b"D": COLUMN, b"E": ROW + DONE}


class Peer:
    """One connection of a client."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.send = connection.sendall

    def read(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self.connection.recv(count - len(found))
            if not part:
                raise OSError
            found += part
        return found

    def begin(self) -> None:
        """Refuse encryption and welcome the client."""
        while True:
            body = self.read(struct.unpack("!I", self.read(4))[0] - 4)
            if struct.unpack("!I", body[:4])[0] not in (80877103, 80877104):
                break
            self.send(b"N")
        self.send(WELCOME)

    def requests(self) -> Iterator[bytes]:
        while True:
            kind = self.read(1)
            self.read(struct.unpack("!I", self.read(4))[0] - 4)
            yield kind

    def wait(self) -> None:
        """Answer nothing until the client leaves."""
        while self.connection.recv(4096):
            pass


def _http(peer: Peer) -> None:
    peer.connection.recv(4096)
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _huge(peer: Peer) -> None:
    peer.send(b"R\x7f\xff\xff\xff" + GARBAGE)
    peer.wait()


def _silent_later(peer: Peer) -> None:
    peer.begin()
    peer.wait()


def _drip(peer: Peer) -> None:
    peer.begin()
    while True:
        peer.send(b"N")
        time.sleep(0.05)


def _garbage_later(peer: Peer) -> None:
    peer.begin()
    for _ in peer.requests():
        peer.send(GARBAGE)


def _errors(peer: Peer) -> None:
    peer.begin()
    for kind in peer.requests():
        peer.send(ERROR + READY if kind in b"QS" else b"")


def _wrong_rows(peer: Peer) -> None:
    peer.begin()
    for kind in peer.requests():
        peer.send({b"Q": COLUMN + ROW + DONE + READY, b"S": READY, **WRONG}.get(kind, b""))


def _no_rows(peer: Peer) -> None:
    peer.begin()
    for kind in peer.requests():
        answers = {b"Q": COLUMN + DONE + READY, b"S": READY, **WRONG, b"E": DONE}
        peer.send(answers.get(kind, b""))


ANSWERS: dict[str, Callable[[Peer], None]] = {
    "closes": lambda peer: None,
    "garbage": lambda peer: peer.send(GARBAGE),
    "HTTP": _http,
    "silent": Peer.wait,
    "huge message": _huge,
    "closes later": lambda peer: peer.begin(),
    "silent later": _silent_later,
    "one byte at a time": _drip,
    "garbage later": _garbage_later,
    "only errors": _errors,
    "rows of other types": _wrong_rows,
    "no rows": _no_rows,
}


@contextlib.contextmanager
def answering(behave: Callable[[Peer], None]) -> Iterator[int]:
    """Listen on this machine, and yield the port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            behave(Peer(connection))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.close()


@pytest.mark.parametrize("read_only", [True, False], ids=["question", "build"])
@pytest.mark.parametrize("kind", ANSWERS)
def test_one_message_in_limited_time(
    monkeypatch: pytest.MonkeyPatch, kind: str, read_only: bool
) -> None:
    monkeypatch.setattr(PatientConnection, "most_s", 0.5)
    with answering(ANSWERS[kind]) as port:
        address = f"postgresql://u:{SECRET}@127.0.0.1:{port}/db?connect_timeout=2&space=notes"
        before = time.monotonic()
        with pytest.raises(IndexerError) as raised:
            PostgresStore(address, read_only=read_only)
        assert time.monotonic() - before < 60  # not for ever
    error = raised.value
    assert error.hint and SECRET not in f"{error.message}{error.hint}"
    assert "\n" not in error.message
    assert isinstance(error, IndexNotFound) or f"127.0.0.1:{port}/db" in error.message

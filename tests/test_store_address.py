"""Of the address of a store only hosts and database are ever printed, in a traceback too."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import traceback
from collections.abc import Callable

import pytest
from conftest import WriteNotes
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import pq

from indexer.config import shown_store
from indexer.errors import IndexerError
from indexer.store.postgres.patience import without_values
from indexer.store.postgres.store import PostgresStore

# Both halves are words no message has by itself.
SECRETS = [
    f"s3crt{between}zq9x"
    for between in (
        "",
        "@",
        "%",
        "%zz",
        "[",
        "]",
        "/",
        "?",
        "#",
        ":",
        " ",
        "&",
        "%40",
        "\n",
        "'",
        "=",
    )
]
FORMS = (
    "postgresql://u:{}@127.0.0.1:1/db?space=a",
    "postgres://u:{}@[bad/db?space=a",
    "postgresql://u:{}@127.0.0.1:99999/db?space=a",
    "postgresql://u:{}@127.0.0.1:port/db?space=a",
    "postgresql://u:{}@/db?space=a",
    "postgresql://127.0.0.1:/{}@127.0.0.1:1/db?space=a",
    "postgresql://127.0.0.1:1/db?user=u&password={}&space=a",
    "postgresql://127.0.0.1:1/db?password={}&space=a&space=b",
    "postgresql://127.0.0.1:1/db?passwor%64={}&space=a",
    "postgresql://127.0.0.1:1/db?Password={}&space=a",
    "postgresql://127.0.0.1:1/db?password%20={}&space=a",
    "postgresql://127.0.0.1:1/db?sslpassword={}&sslmode=bogus&space=a",
    "postgresql://127.0.0.1:1/db?oauth_client_secret={}&space=a",
    "postgresql://u:{}@127.0.0.1:1/db?options=-c%20x&space=a",
    "postgresql://u:x@127.0.0.1:1/db?space={}",
)


def leaks(said: str) -> bool:
    return "s3crt" in said or "zq9x" in said


def told_by(address: str) -> str:
    """Return all output about an address: messages, hints, and the traceback with its causes."""
    try:
        PostgresStore(address, read_only=True)
    except IndexerError as exc:
        text = f"{exc.message} {exc.hint} {shown_store(address)}"
        told = traceback.TracebackException.from_exception(exc)
        lines: list[str] = []
        while told is not None:
            lines += told.format_exception_only()
            told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)  # type: ignore[assignment]
        return text + "".join(lines)
    raise AssertionError("nothing answers there")


@pytest.mark.parametrize("form", FORMS)
def test_no_password_is_printed(form: str) -> None:
    for secret in SECRETS:
        assert not leaks(told_by(form.format(secret))), secret


@given(
    form=st.sampled_from([form for form in FORMS if "99999" not in form]),
    secret=st.text(st.sampled_from("@%[]/?#:&=\\'\" ,a40é"), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_password_of_any_characters_is_not_printed(form: str, secret: str) -> None:
    assert not leaks(told_by(form.format(f"s3crt{secret}zq9x")))


@pytest.mark.parametrize(
    "key",
    sorted(
        {one.keyword.decode() for one in pq.Conninfo.get_defaults()} - {"host", "port", "dbname"}
    ),
)
def test_value_of_a_setting_is_not_repeated(key: str) -> None:
    """The client library repeats a wrong value: a password may be in the wrong place."""
    for value in ("s3crtzq9x", "s3crt%20zq9x", "-1,s3crt=zq9x", "s3crt'zq9x", "s3crt%5Czq9x"):
        assert not leaks(told_by(f"postgresql://u:x@127.0.0.1:1/db?{key}={value}&space=a")), value


def test_values_are_hidden_and_words_are_kept() -> None:
    said = 'role "u" may not; option "s3 crt" of sslmode; no u here; "s3"'
    assert without_values(said, ["u", "s3 crt", "ssl"]) == (
        'role "***" may not; option "***" of sslmode; no u here; "***"'
    )


def test_commands_say_it_in_one_message(
    write_notes: WriteNotes, run_cli: Callable[..., tuple[int, str, str]]
) -> None:
    notes = write_notes({"a.md": "- one\n"})
    for form, secret in itertools.product(FORMS[:9], ("s3crtzq9x", "s3crt%zzq9x", "s3crt@zq9x")):
        with contextlib.suppress(UnicodeError):
            address = form.format(secret)
            status, out, err = run_cli("status", "--notes", str(notes), "--store", address)
            assert status == 2 and not leaks(out + err) and "Traceback" not in err, address


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I",
        b"R\xff\xff\xff\xff" + b"a" * 100,
        bytes(range(256)) * 8,
    ],
    ids=["nothing", "web server", "half a greeting", "lengths below zero", "noise"],
)
def test_server_that_answers_wrongly_is_one_message(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    asked, _ = listening.accept()
                    with asked:
                        if asked.recv(1_000)[4:8] == b"\x04\xd2\x16\x2f":  # asks for encryption
                            asked.sendall(b"N")
                            asked.recv(1_000)
                        asked.sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        told = told_by(f"postgresql://u:s3crtzq9x@127.0.0.1:{port}/db?space=a")
    assert "cannot be reached" in told and not leaks(told)

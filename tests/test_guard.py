"""Requests that the guard of the page accepts or refuses."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from starlette.applications import Starlette

from indexer.web import first_visit, guard
from indexer.web.first_visit import FirstVisit
from indexer.web.guard import Guard

pytest.importorskip("streamlit")
OWN = "127.0.0.1:8501"
TOKEN = "r1ght"
COOKIE = f"other=1; notepoint-8501={TOKEN}"


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.web.server.starlette import starlette_websocket

    own = ("127.0.0.1", "localhost")
    monkeypatch.setattr(
        starlette_websocket,
        "is_host_allowed",
        lambda host: (host or "").rpartition(":")[0] in own or host in own,
    )


def ask(
    path: str = "/",
    *,
    token: str = "",
    kind: str = "http",
    first: FirstVisit | None = None,
    **headers: str,
) -> tuple[int, dict[str, str]]:
    """Return the status a request gets, and the headers of the answer; 101 for a connection."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if kind == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"notes"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    headers = {"host": OWN} | {name.replace("_", "-"): value for name, value in headers.items()}
    place, _, query = path.partition("?")
    scope = {
        "type": kind,
        "path": place,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
    }
    asyncio.run(Guard(app, token, first)(scope, receive, send))  # type: ignore[arg-type]
    first = sent[0]
    if kind == "websocket":
        return (101 if first["type"] == "websocket.accept" else 403), {}
    return first["status"], {name.decode(): value.decode() for name, value in first["headers"]}


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "null", "file://", "chrome-extension://localhost"),
        *("http://localhost:8501", "http://127.0.0.1", "http://127.0.0.1:9999"),
        *("https://127.0.0.1:8501", "http://127.0.0.1:8501.evil.example", "http://127.0.0.1:85010"),
    ],
)
def test_origin_counts_with_scheme_and_port(kind: str, origin: str) -> None:
    assert ask(kind=kind, origin=origin)[0] == 403


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_own_page_and_programs_without_an_origin_are_let_in(kind: str) -> None:
    good = 200 if kind == "http" else 101
    assert ask(kind=kind)[0] == good
    assert ask(kind=kind, origin=f"http://{OWN}")[0] == good
    assert ask(kind=kind, host="localhost:9", origin="http://localhost:9")[0] == good
    assert ask(kind=kind, host="evil.example")[0] == 403
    assert ask(kind=kind, host="")[0] == 403


def test_foreign_sites_may_link_to_the_page_and_nothing_else() -> None:
    link = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert ask(sec_fetch_site="cross-site", **link)[0] == 200
    for site in ("cross-site", "same-site"):
        assert ask(sec_fetch_site=site, sec_fetch_mode="no-cors", sec_fetch_dest="image")[0] == 403
        for frame in ("iframe", "embed", "object", "frame"):
            asked = {"sec_fetch_mode": "navigate", "sec_fetch_dest": frame}
            assert ask(sec_fetch_site=site, **asked)[0] == 403
            assert ask("/notepoint/file", sec_fetch_site=site, **asked)[0] == 403
        for dest in ("image", "script", "font", "worker", "empty", "newkind", "fencedframe"):
            asked = {"sec_fetch_mode": "navigate", "sec_fetch_dest": dest}
            assert ask(sec_fetch_site=site, **asked)[0] == 403
    assert ask("/notepoint/file", sec_fetch_site="same-origin", sec_fetch_dest="iframe")[0] == 200


def test_every_answer_says_what_may_be_loaded_and_framed() -> None:
    headers = ask()[1]
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "img-src 'self' data: blob:;" in policy
    assert f"connect-src 'self' ws://{OWN} data: blob:;" in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_token_is_asked_for_once_and_kept_in_a_cookie() -> None:
    status, headers = ask(f"/?q=a+b&token={TOKEN}&p=x%26y", token=TOKEN)
    assert (status, headers["location"]) == (303, "/?q=a+b&p=x%26y")
    assert headers["set-cookie"].startswith(f"notepoint-8501={TOKEN}; HttpOnly; SameSite=Strict")
    assert ask(token=TOKEN, cookie=COOKIE)[0] == 200
    assert ask(kind="websocket", token=TOKEN, cookie=COOKIE)[0] == 101
    assert ask(f"//evil.example/?token={TOKEN}", token=TOKEN)[1]["location"] == "/evil.example/"


@pytest.mark.parametrize(
    "cookie", ["", "notepoint-8501=wrong", f"notepoint-9={TOKEN}", "notepoint-8501=", "=;=;\x01"]
)
def test_without_the_token_nothing_is_given(cookie: str) -> None:
    for path in ("/", "/?token=", "/?token=wrong", "/_stcore/host-config", "/static/x.js"):
        assert ask(path, token=TOKEN, cookie=cookie)[0] == 403
    assert ask(kind="websocket", token=TOKEN, cookie=cookie)[0] == 403
    assert ask("/_stcore/health", token=TOKEN, cookie=cookie)[0] == 200


def test_right_token_does_not_help_a_foreign_page() -> None:
    assert ask(f"/?token={TOKEN}", token=TOKEN, origin="http://evil.example")[0] == 403
    assert ask(f"/?token={TOKEN}", token=TOKEN, host="evil.example")[0] == 403


# --- cookies of other servers, and the browser that `serve` opens --------------------------------


@pytest.mark.parametrize(
    "other",
    [
        '{"theme": "dark"}={"a": [1, 2]}',
        'grafana={"a": 1, "b": "x y"}',
        "notepoint-8501=of-another-server",
        "bad name=1",
        "\x7f=1",
        'open="never closed',
        "=",
        "a=b=c,d",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_cookie_of_another_server_does_not_lock_the_user_out(other: str, first: bool) -> None:
    own = f"notepoint-8501={TOKEN}"
    cookie = f"{other}; {own}" if first else f"{own}; {other}"
    assert ask(token=TOKEN, cookie=cookie)[0] == 200
    assert ask(token=TOKEN, cookie=other)[0] == 403


def test_opened_browser_has_a_key_that_works_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user of the machine can read the arguments of the browser's process."""
    from streamlit import cli_util
    from streamlit.web.server import server_util
    from streamlit.web.server.starlette import starlette_server

    opened: list[str] = []
    monkeypatch.setattr(cli_util, "open_browser", opened.append)
    monkeypatch.setattr(server_util, "get_url", lambda host: f"http://{host}:8501")
    monkeypatch.setattr(starlette_server, "create_starlette_app", lambda runtime: Starlette())
    monkeypatch.setattr(first_visit, "_CONNECTIONS", Path("/no/such/file"))
    monkeypatch.setenv(guard.TOKEN_VARIABLE, TOKEN)
    monkeypatch.setenv(guard.GUARDED, "")
    guard.install()
    printed = server_util.get_url("127.0.0.1")
    assert printed == f"http://127.0.0.1:8501/?token={TOKEN}"
    cli_util.open_browser(printed)
    (address,) = opened
    assert TOKEN not in address and address.startswith("http://127.0.0.1:8501/?token=")

    key = FirstVisit()
    place = key.replace_in(f"/?token={TOKEN}&q=x", TOKEN)
    status, headers = ask(place, token=TOKEN, first=key)
    assert status == 303 and headers["set-cookie"].startswith(f"notepoint-8501={TOKEN};")
    assert ask(place, token=TOKEN, first=key)[0] == 403
    for wrong in ("/?token=", "/", "/?token=wrong"):
        assert ask(wrong, token=TOKEN, first=key)[0] == 403


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the users of connections")
def test_key_of_the_browser_is_for_the_same_user() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()) as near:
            with listening.accept()[0] as far:
                ends = {"client": far.getpeername(), "server": far.getsockname()}
                assert near.getsockname() == ends["client"]
                key = FirstVisit()
                given = key.replace_in("t", "t")
                assert not key.admits(given, {**ends, "client": ("127.0.0.1", 1)})  # nobody's
                assert not key.admits(given, {**ends, "client": ("example", 0)})
                assert not key.admits(given, {"client": None, "server": None})
                with mock.patch("os.getuid", return_value=os.getuid() + 1):
                    assert not key.admits(given, ends)
                assert key.admits(given, ends)
                assert not key.admits(given, ends)

"""Streamlit's files come from memory, and its HTML begins with a box that takes keys."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")

from indexer.web.frontend import Frontend, first_html
from indexer.web.launch import CHOOSE

SCRIPT = "static/js/index.AbC1.js"
HTML = (
    "<head><title>Streamlit</title>"
    f'<link rel="modulepreload" crossorigin href="./{SCRIPT}"></head>'
    '<body><div id="root"></div></body>'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "index.html").write_text(HTML, "utf-8")
    for name in (SCRIPT, "static/js/TextInput.Xy9.js", "static/js/Unused.q.js"):
        (tmp_path / name).write_text(f"// {name}", "utf-8")
    (tmp_path / "secret.txt").write_text("not a script", "utf-8")
    return tmp_path


def get(folder: Path, path: str, method: str = "GET", **headers: str) -> tuple[dict[str, str], str]:
    """Return the headers and the body that a request gets; the application says "passed on"."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"passed on"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    named = [(name.replace("_", "-").encode(), one.encode()) for name, one in headers.items()]
    scope: Any = {"type": "http", "method": method, "path": path, "headers": named}
    asyncio.run(Frontend(app, folder)(scope, receive, send))
    return {name.decode(): one.decode() for name, one in sent[0]["headers"]}, sent[1][
        "body"
    ].decode()


def test_scripts_come_from_memory_for_a_year(folder: Path) -> None:
    headers, body = get(folder, f"/{SCRIPT}")
    assert body == f"// {SCRIPT}"
    assert headers["content-type"] == "text/javascript"
    assert headers["content-length"] == str(len(body))
    assert "immutable" in headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    ["/static/js/none.js", "/static/js/../../secret.txt", "/secret.txt", "/_stcore/health", "//"],
)
def test_all_else_is_passed_on(folder: Path, path: str) -> None:
    assert get(folder, path) == ({}, "passed on")


def test_parts_and_other_methods_are_passed_on(folder: Path) -> None:
    assert get(folder, f"/{SCRIPT}", "HEAD")[1] == "passed on"
    assert get(folder, f"/{SCRIPT}", range="bytes=0-3")[1] == "passed on"
    assert get(folder, f"/{SCRIPT}", if_none_match='"a"')[1] == "passed on"
    assert get(folder, "/", "POST")[1] == "passed on"


def test_first_html_has_a_box_and_loads_what_every_view_needs(folder: Path) -> None:
    headers, body = get(folder, "/")
    assert headers["cache-control"] == "no-cache"
    assert "<title>Notepoint</title>" in body
    assert body.index('<input type="search"') < body.index('<div id="root">')
    assert re.findall(r'modulepreload" crossorigin href="\./([^"]+)"', body) == [
        SCRIPT,
        "static/js/TextInput.Xy9.js",
    ]


def test_visitor_who_chooses_a_folder_first_sees_no_box(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTEPOINT_NOTES", raising=False)
    monkeypatch.setenv(CHOOSE, "1")
    assert '<input type="search"' not in first_html(folder)


def test_installed_streamlit_has_every_script_that_is_loaded_early() -> None:
    from streamlit import file_util

    from indexer.web.frontend import _LATER, _names, _scripts_named

    names = _names(Path(file_util.get_static_dir()))
    missing = [one for one in _LATER if not _scripts_named([one], names)]
    assert missing == []

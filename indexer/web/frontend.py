"""Streamlit's own scripts, served from memory, and the first HTML with a box that takes keys.

Streamlit 1.67 reads each of its hundred files in several steps of a thread pool, while the notes
are opened, and its HTML is empty until all scripts have run. Only the files of the installed
package are here; pictures and PDF files of the notes are in ``assets``.
"""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.web.launch import CHOOSE

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

_FOLDER = Path(__file__).parent / "elements"
# Scripts that every view needs, though Streamlit's HTML does not name them.
_LATER = (
    "Html purify.es BidiComponent serialization recordbatch _arrayReduce TextInput Input "
    "Autocomplete TextField useTextField useFormValidation useField useFormReset "
    "ErrorOutline.esm Cancel.esm useBasicWidgetState WidgetLabelHelpIcon styled-components "
    "WidgetLabel inputUtils InputInstructions useUpdateUiValue requiredField useDebouncedCallback"
).split()
_KEPT_FOR_LONG = b"public, immutable, max-age=31536000"  # their names hold a hash
_LINK = re.compile(r'href="\./(static/js/[^"]+)"')
# Requests with these headers are answered by Streamlit: parts of a file, and checks for changes.
_CONDITIONAL = frozenset((b"range", b"if-none-match", b"if-modified-since"))


class Frontend:
    """Stands before Streamlit's server, and answers requests for its files."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        """Wrap an application.

        :param app: answers all other requests.
        :param folder: with Streamlit's ``index.html``.
        """
        self._app = app
        self._first = first_html(folder).encode()
        self._files = {f"/{name}": folder / name for name in _names(folder)}
        self._loaded: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or pass the request on."""
        path = scope.get("path", "")
        is_plain = scope["type"] == "http" and scope["method"] == "GET"
        if is_plain and path == "/":
            await _send(send, self._first, "text/html; charset=utf-8", b"no-cache")
        elif is_plain and path in self._files and not _is_conditional(scope):
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            kind = "text/javascript" if path.endswith(".js") else kind
            await _send(send, self._content(path), kind, _KEPT_FOR_LONG)
        else:
            await self._app(scope, receive, send)

    def _content(self, path: str) -> bytes:
        if path not in self._loaded:
            self._loaded[path] = self._files[path].read_bytes()
        return self._loaded[path]


def first_html(folder: Path) -> str:
    """Return Streamlit's HTML with early loads of later scripts, and with a box that takes keys.

    :param folder: with Streamlit's ``index.html``.
    """
    html = (folder / "index.html").read_text("utf-8")
    html = html.replace("<title>Streamlit</title>", "<title>Notepoint</title>")
    known = set(_LINK.findall(html))
    loads = "".join(
        f'<link rel="modulepreload" crossorigin href="./{name}">'
        for name in _scripts_named(_LATER, _names(folder))
        if name not in known
    )
    html = html.replace("</head>", f"{loads}</head>", 1)
    if os.environ.get(CHOOSE) and not os.environ.get("NOTEPOINT_NOTES"):
        return html  # the visitor chooses a folder first
    return html.replace('<div id="root">', f'{_first_moments()}<div id="root">', 1)


def _first_moments() -> str:
    """Return the box, the bar above it, and the script that hands both over to the page."""
    body, css, js = (
        (_FOLDER / f"first.{kind}").read_text("utf-8") for kind in ("html", "css", "js")
    )
    return f"<style>{css}</style>{body}<script>{js}</script>"


def _scripts_named(wanted: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the paths of scripts by their names without the hash, in the order of the names."""
    found: dict[str, list[str]] = {}
    for name in names:
        if name.startswith("static/js/"):
            found.setdefault(Path(name).name.rsplit(".", 2)[0], []).append(name)
    return [name for one in wanted for name in found.get(one, ())]


def _names(folder: Path) -> list[str]:
    """Return the paths of all files of Streamlit's page with a hash in their name."""
    return [
        f"static/{kind.name}/{file.name}"
        for kind in os.scandir(folder / "static")
        for file in os.scandir(kind.path)
        if file.is_file()
    ]


def _is_conditional(scope: Scope) -> bool:
    return any(name.lower() in _CONDITIONAL for name, _ in scope["headers"])


async def _send(send: Send, body: bytes, kind: str, kept: bytes) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", kept),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def install() -> None:
    """Have the server that Streamlit starts next in this process serve its files from memory."""
    from streamlit import file_util
    from streamlit.web.server.starlette import starlette_server

    server: Any = starlette_server
    create = server.create_starlette_app
    folder = Path(file_util.get_static_dir())

    def create_with_files(runtime: Any) -> Starlette:
        app: Starlette = create(runtime)
        app.add_middleware(Frontend, folder=folder)
        return app

    server.create_starlette_app = create_with_files

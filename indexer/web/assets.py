"""Files the page loads from its own server: drawing libraries, fonts, pictures of the notes.

Large pictures are scaled down once and kept in the cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from indexer.errors import IndexerError, NoteError
from indexer.private_files import make_private, make_private_folder, open_private, read_regular

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from indexer.config import Settings

FOLDER = Path(__file__).parent / "assets"
ROUTE = "/notepoint"
MAX_SIDE_PX = 1_600
MAX_FILE_BYTES = 100_000_000
# Smaller pictures are sent unchanged.
_SMALL_BYTES = 400_000
# Pictures with more pixels are not decoded: 100 million take 300 MB.
_MAX_PIXELS = 100_000_000
_MAX_KEPT = 400
_SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Cache-Control": "private, max-age=86400",
}
_one_at_a_time = threading.Lock()


def file_address(path: str, stamp: object, *, whole: bool = False) -> str:
    """Return the address of a picture or PDF of the notes folder.

    :param path: relative to the notes folder.
    :param stamp: of the file; a new stamp gives a new address, so browsers load it again.
    :param whole: True for the original file, False for a scaled picture.
    """
    version = hashlib.blake2b(repr(stamp).encode(), digest_size=6).hexdigest()
    from indexer.notes.names import written_name

    asked = {"path": written_name(path), "v": version} | ({"whole": "1"} if whole else {})
    return f"{ROUTE}/file?{urlencode(asked)}"


def install() -> None:
    """Have the server that Streamlit starts next in this process answer these addresses as well."""
    from streamlit.web.server.starlette import starlette_server

    server: Any = starlette_server
    create = server.create_starlette_app

    def create_with_assets(runtime: Any) -> Starlette:
        from starlette.routing import Mount, Route
        from starlette.staticfiles import StaticFiles

        app: Starlette = create(runtime)
        # Before the routes of Streamlit, because the last of them matches everything.
        app.router.routes[:0] = [
            Mount(f"{ROUTE}/assets", StaticFiles(directory=FOLDER)),
            Route(f"{ROUTE}/file", _answer_file),
        ]
        return app

    server.create_starlette_app = create_with_assets


def _answer_file(request: Request) -> Response:
    from starlette.responses import Response

    from indexer.web.opening import open_host

    path, whole = request.query_params.get("path", ""), "whole" in request.query_params
    try:
        content, kind = load_file(open_host().notebook.settings, path, whole=whole)
    except IndexerError as exc:
        return Response(f"{exc.message}\n", 404, media_type="text/plain")
    headers = dict(_SAFE_HEADERS)
    if kind == "image/svg+xml":
        headers["Content-Security-Policy"] += (
            "; sandbox"  # an SVG opened by itself could run scripts
        )
    if kind == "application/pdf":
        del headers["Content-Security-Policy"]  # the browser's PDF viewer loads its own parts
    return Response(content, media_type=kind, headers=headers)


def load_file(settings: Settings, path: str, *, whole: bool = False) -> tuple[bytes, str]:
    """Return the content of a picture or PDF of the notes folder, and its media type.

    :param settings: with the notes folder and the cache.
    :param path: relative to the notes folder.
    :param whole: True for the original file, False for at most ``MAX_SIDE_PX`` per side.
    :raises NoteError: if there is no such file in the folder, or it is not a picture or PDF.
    """
    # Imported only now: the server starts faster without the formats of notes.
    from indexer.notes.files import kind_of, read_head
    from indexer.notes.names import exact_name
    from indexer.notes.opening import read_note_bytes, read_stamp

    path = exact_name(path, lambda name: read_stamp(settings.notes, name) is not None)
    if any(part.startswith(".") for part in Path(path).parts):
        raise NoteError("is hidden", path=path)
    kind = kind_of(read_head(settings.notes, path))
    if not kind:
        raise NoteError("is not a picture that can be shown", path=path)
    stamp = read_stamp(settings.notes, path)
    kept = settings.cache / "pictures" / f"{_key(settings.notes, path, stamp)}.webp"
    if not whole and kept.is_file():
        with contextlib.suppress(OSError):
            return read_regular(kept, MAX_FILE_BYTES), "image/webp"
    content, _ = read_note_bytes(settings.notes, path, size_limit=MAX_FILE_BYTES)
    if whole or kind in ("image/svg+xml", "image/gif", "application/pdf"):
        return content, kind
    if len(content) <= _SMALL_BYTES and kind not in ("image/bmp", "image/tiff"):
        return content, kind
    with _one_at_a_time:
        small = shrink(content)
    if small is None:
        return content, kind
    _keep(kept, small)
    return small, "image/webp"


def shrink(content: bytes) -> bytes | None:
    """Return a picture as WebP of at most ``MAX_SIDE_PX`` per side, None if it cannot be read.

    :param content: of a file that Pillow can read; its orientation is applied.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as opened:
            opened.draft(
                "RGB", (MAX_SIDE_PX, MAX_SIDE_PX)
            )  # JPEG: decoded at a fraction of its size
            if opened.width * opened.height > _MAX_PIXELS:
                return None
            turned = ImageOps.exif_transpose(opened)
            has_alpha = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
            made = turned.convert("RGBA" if has_alpha else "RGB")
            made.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
            file = io.BytesIO()
            made.save(file, "WEBP", quality=82, method=2)
            return file.getvalue()
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return None


def _key(root: Path, path: str, stamp: object) -> str:
    named = repr((str(root), path, stamp)).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(named, digest_size=16).hexdigest()


def _keep(path: Path, content: bytes) -> None:
    """Save a small picture in the cache and drop the oldest ones; ignore a missing cache."""
    temporary = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    try:
        make_private_folder(path.parent)
        make_private(path.parent)  # an older version let other users read it
        with open_private(temporary) as file:
            file.write(content)
        os.replace(temporary, path)
        kept = sorted(path.parent.glob("*.webp"), key=lambda one: one.stat().st_mtime_ns)
        for old in kept[:-_MAX_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        temporary.unlink(missing_ok=True)

"""What the terminal shows of the page."""

from __future__ import annotations

import logging
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from indexer.web import launch
from indexer.web.greeting import _is_worth_saying, is_of_a_closed_tab


class WebSocketDisconnect(Exception):
    """As starlette raises it."""


def record(
    message: str, exc: BaseException | None, level: int = logging.ERROR
) -> logging.LogRecord:
    info = (type(exc), exc, None) if exc else None
    return logging.LogRecord("uvicorn.error", level, __file__, 1, message, (), info)


@pytest.mark.parametrize(
    "exc",
    [
        WebSocketDisconnect(1001),
        BrokenPipeError(),
        RuntimeError('Cannot call "send" once a close message has been sent.'),
        RuntimeError("Unexpected ASGI message 'websocket.close', after sending it"),
        BaseExceptionGroup("two", [ConnectionResetError(), WebSocketDisconnect()]),
    ],
)
def test_closed_tab_is_no_news(exc: BaseException) -> None:
    assert is_of_a_closed_tab(exc)
    assert not _is_worth_saying(record("Exception in ASGI application", exc))


@pytest.mark.parametrize(
    "exc",
    [
        ValueError("the close message"),
        RuntimeError("no room"),
        BaseExceptionGroup("two", [ConnectionResetError(), ValueError()]),
    ],
)
def test_other_errors_are_shown(exc: BaseException) -> None:
    assert not is_of_a_closed_tab(exc)
    assert _is_worth_saying(record("Exception in ASGI application", exc))


def test_only_the_start_of_the_server_is_left_out_of_the_messages() -> None:
    started = "Uvicorn server started on %s:%s"
    assert not _is_worth_saying(record(started, None, logging.INFO))
    assert _is_worth_saying(record("the port is in use", None, logging.INFO))


def test_browser_is_opened_only_where_there_is_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.sys, "platform", "linux")
    assert not launch.can_open_browser({})
    assert launch.can_open_browser({"WAYLAND_DISPLAY": "wayland-0"})
    monkeypatch.setattr(launch.sys, "platform", "darwin")
    assert launch.can_open_browser({})


def test_notepoint_alone_prints_its_help_where_there_is_no_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "indexer"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 2
    assert "Usage: notepoint" in done.stderr


@pytest.mark.slow
def test_notepoint_alone_on_a_terminal_opens_the_page(tmp_path: Path) -> None:
    """Run it on a pseudo-terminal; the address is printed when the page answers there."""
    import urllib.request

    (tmp_path / "a.md").write_text("- a point\n")
    ours, theirs = pty.openpty()
    code = "import sys; sys.argv = ['notepoint']; from indexer.__main__ import run; run()"
    environment = os.environ | {"NOTEPOINT_NOTES": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment.pop("DISPLAY", None)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        cwd=tmp_path,
    ) as process:
        os.close(theirs)
        try:
            shown = ""
            while "Ctrl-C" not in shown:
                shown += os.read(ours, 4096).decode()
            address = shown.split("Notepoint is at ")[1].split()[0]
            origin, _, token = address.partition("/?token=")
            assert len(token) >= 32
            with urllib.request.urlopen(f"{origin}/_stcore/health") as answer:
                assert answer.read() == b"ok"
            assert "Streamlit" not in shown
        finally:
            process.terminate()
            os.close(ours)


def test_part_that_the_page_no_longer_has_is_no_news() -> None:
    late = "The fragment with id %s does not exist anymore - it might have been removed"
    assert not _is_worth_saying(record(late, None, logging.INFO))
    assert _is_worth_saying(record("another message", None))

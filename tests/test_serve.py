"""The page starts with settings that keep it to this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import tomllib
import urllib.request
from pathlib import Path

from conftest import ROOT
from patience import PATIENCE_S

from indexer.web.launch import page_script, serve_command


def test_script_of_the_page_is_found() -> None:
    assert page_script() == ROOT / "app.py"


def test_command_keeps_to_this_machine() -> None:
    command = serve_command(8501, browser=False)
    assert "--server.address=127.0.0.1" in command
    assert "--server.headless=true" in command
    assert "--browser.gatherUsageStats=false" in command
    assert "--global.minCachedMessageSize=1e15" in command
    assert "--global.disableWidgetStateDuplicationWarning=true" in command
    hosts = [word for word in command if word.startswith("--server.allowedHosts=")]
    assert hosts == ["--server.allowedHosts=localhost", "--server.allowedHosts=127.0.0.1"]


def test_shipped_settings_say_the_same() -> None:
    config = tomllib.loads(Path(ROOT / ".streamlit/config.toml").read_text("utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert config["browser"]["gatherUsageStats"] is False
    assert config["global"]["minCachedMessageSize"] == 1e15
    assert config["global"]["disableWidgetStateDuplicationWarning"] is True


def test_browser_is_opened_only_when_wanted() -> None:
    assert "--server.headless=false" in serve_command(0, browser=True)


def test_first_start_with_a_browser_asks_for_nothing(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "notes").mkdir()
    environment = os.environ | {
        "HOME": str(tmp_path),  # a folder without Streamlit settings
        "BROWSER": "true",
        "PYTHONPATH": str(ROOT),
        "NOTEPOINT_NOTES": str(tmp_path / "notes"),
    }
    server = subprocess.Popen(
        serve_command(port, browser=True),
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while server.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError):
                answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health")
                assert answer.status == 200
                break
            time.sleep(0.2)
        running = server.poll() is None
    finally:
        server.terminate()
        said = server.communicate(timeout=PATIENCE_S)[0]
    assert running, said
    assert "mail" not in said

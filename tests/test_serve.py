"""The page starts with settings that keep it to this machine."""

from __future__ import annotations

import tomllib
from pathlib import Path

from conftest import ROOT

from indexer.serve import page_script, serve_command


def test_script_of_the_page_is_found() -> None:
    assert page_script() == ROOT / "app.py"


def test_command_keeps_to_this_machine() -> None:
    command = serve_command(8501, browser=False)
    assert "--server.address=127.0.0.1" in command
    assert "--server.headless=true" in command
    assert "--browser.gatherUsageStats=false" in command
    hosts = [word for word in command if word.startswith("--server.allowedHosts=")]
    assert hosts == ["--server.allowedHosts=localhost", "--server.allowedHosts=127.0.0.1"]


def test_shipped_settings_say_the_same() -> None:
    config = tomllib.loads(Path(ROOT / ".streamlit/config.toml").read_text("utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert config["browser"]["gatherUsageStats"] is False


def test_browser_is_opened_only_when_wanted() -> None:
    assert "--server.headless=false" in serve_command(0, browser=True)

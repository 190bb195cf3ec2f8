"""Start the page with safe settings, from whatever folder one is in."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from indexer.config import Settings, is_server
from indexer.errors import IndexerError
from indexer.extras import require
from indexer.import_path import child_environment, python_command
from indexer.loopback import token_from

_ADDRESS = "127.0.0.1"
# Set for a page that was started without a folder of notes.
CHOOSE = "NOTEPOINT_CHOOSE"
API_VARIABLE = "NOTEPOINT_API"


def page_script() -> Path:
    """Return the script of the page: next to the package in a checkout, inside it if installed.

    :raises IndexerError: if it is not there.
    """
    package = Path(__file__).parent
    for script in (package / "app.py", package.parents[1] / "app.py"):
        if script.is_file():
            return script
    raise IndexerError("the page is not installed", "install Notepoint again")


def serve_command(port: int, *, browser: bool) -> list[str]:
    """Return the command that starts the page, with every setting that keeps it to this machine.

    The same settings are in ``.streamlit/config.toml``, for those who start Streamlit themselves;
    options come before any file.

    :param port: 0 for any that is free.
    :param browser: True to open one.
    """
    options = {
        "server.address": _ADDRESS,
        "server.port": str(port),
        "server.headless": str(not browser).lower(),
        "server.showEmailPrompt": "false",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "runner.postScriptGC": "false",
    }
    command = python_command("indexer.web", "run", str(page_script()))
    command += [f"--{name}={value}" for name, value in options.items()]
    # A list is given by repeating the option; only these names are accepted as Host.
    command += [f"--server.allowedHosts={host}" for host in ("localhost", _ADDRESS)]
    return command


def can_open_browser(environment: Mapping[str, str]) -> bool:
    """Return whether there is a screen for a browser; without one Streamlit would hang or complain.

    :param environment: variables of the process.
    """
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def serve(
    settings: Settings | None, *, port: int, browser: bool, token: bool = True, api: str = ""
) -> int:
    """Run the page until it is stopped.

    Its working directory is the folder of its script: Streamlit reads ``.streamlit/`` of the
    working directory, which may be a notes folder with files of strangers.

    :param settings: what it shows; None to have the visitor choose a folder of notes.
    :param port: where it listens, on the loopback address.
    :param browser: True to open one.
    :param token: False to let every user of this machine in.
    :param api: version of the HTTP service to offer under ``/api``, empty for none.
    :return: the exit status of the server.
    :raises MissingPackages: if the page is not installed.
    """
    require("page", "the page", "streamlit")
    environment = page_environment(settings) if settings else child_environment(**{CHOOSE: "1"})
    environment["NOTEPOINT_PAGE_TOKEN"] = (
        token_from(os.environ) or secrets.token_urlsafe(24) if token else ""
    )
    environment[API_VARIABLE] = api
    command = serve_command(port, browser=browser and can_open_browser(os.environ))
    folder = page_script().parent
    if os.name == "posix":
        # The server replaces this process, so that a signal to the one ends the other.
        os.chdir(folder)
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment, cwd=folder)


def page_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of the page; paths in it hold in every working directory.

    :param settings: what the page shows.
    """
    store, model = settings.store, settings.model
    return child_environment(
        NOTEPOINT_NOTES=str(settings.notes),
        NOTEPOINT_STORE=store if is_server(store) else os.path.abspath(store),
        NOTEPOINT_MODEL=os.path.abspath(model) if os.path.isdir(model) else model,
        NOTEPOINT_SITE_URL=settings.site_url,
        NOTEPOINT_CACHE=str(settings.cache),
        NOTEPOINT_SHARDS=str(settings.shards),
        **({"NOTEPOINT_FOLLOW_LINKS": "1"} if settings.follow_links else {}),
    )

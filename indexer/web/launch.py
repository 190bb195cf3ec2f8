"""Start the page with safe settings, from any working directory."""

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

    :raises IndexerError: if it does not exist.
    """
    package = Path(__file__).parent
    for script in (package / "app.py", package.parents[1] / "app.py"):
        if script.is_file():
            return script
    raise IndexerError("the page is not installed", "install Notepoint again")


def serve_command(port: int, *, browser: bool) -> list[str]:
    """Return the command that starts the page, with all settings that keep it on this machine.

    The same settings are in ``.streamlit/config.toml`` for users who start Streamlit themselves.
    Options override every file.

    :param port: 0 for any free port.
    :param browser: True to open a browser.
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
        # Streamlit 1.67 may name a message that the browser dropped while it asked ("Cached
        # ForwardMsg MISS", and the page is dead): each is sent again, as none is this large.
        "global.minCachedMessageSize": "1e15",
        # "Search by meaning too" sets the mode, which has a default; each would be reported.
        "global.disableWidgetStateDuplicationWarning": "true",
    }
    command = python_command("indexer.web", "run", str(page_script()))
    command += [f"--{name}={value}" for name, value in options.items()]
    # A repeated option is a list; only these names are accepted as Host.
    command += [f"--server.allowedHosts={host}" for host in ("localhost", _ADDRESS)]
    return command


def can_open_browser(environment: Mapping[str, str]) -> bool:
    """Return whether a browser has a screen; without one Streamlit would hang or print errors.

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

    :param settings: of the page; None to let the visitor choose a folder of notes.
    :param port: the port on the loopback address.
    :param browser: True to open a browser.
    :param token: False to give access to every user of this machine.
    :param api: version of the HTTP service to serve under ``/api``; empty for none.
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
        # The server replaces this process, so that a signal to this process ends the server.
        os.chdir(folder)
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment, cwd=folder)


def page_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of the page, with absolute paths.

    :param settings: of the page.
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

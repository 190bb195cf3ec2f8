"""Streamlit's command with the guard added; opens the notes while the browser starts.

    python -m indexer.web run app.py ...

Under `streamlit run` the page is the same but has no guard, and its first visitor waits for the
preparation done here.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
import threading
import time

from streamlit import runtime
from streamlit.components.v2 import manifest_scanner
from streamlit.web import cli

from indexer.web import api_mount, assets, frontend, greeting, guard

_LOOK_S = 0.02


def prepare() -> None:
    """Open the notes as soon as the server answers; earlier would delay the server."""
    while not runtime.exists():
        time.sleep(_LOOK_S)
    # Streamlit warns that there is no page to draw on, which is harmless.
    context = "streamlit.runtime.scriptrunner_utils.script_run_context"
    logging.getLogger(context).setLevel(logging.ERROR)
    from indexer.errors import IndexerError
    from indexer.web.opening import open_host

    with contextlib.suppress(IndexerError):  # the page shows the same error
        host = open_host()
        host.generation()
        host.labels()
    importlib.import_module("indexer.web.frame")  # while the browser reads its scripts


if __name__ == "__main__":
    assets.install()
    api_mount.install()
    frontend.install()
    guard.install()
    greeting.install()
    # To find elements that the page does not use, Streamlit 1.67 reads the metadata of every
    # installed package in 0.2 s. No other package should add scripts to the page either.
    manifest_scanner.scan_component_manifests = lambda max_workers=None: []
    threading.Thread(target=prepare, daemon=True).start()
    sys.exit(cli.main(prog_name="streamlit"))

"""Streamlit's own command, behind a guard: `python -m indexer.web run app.py ...`."""

from __future__ import annotations

import sys

from streamlit.web import cli

from indexer.web import guard

if __name__ == "__main__":
    guard.install()
    sys.exit(cli.main(prog_name="streamlit"))

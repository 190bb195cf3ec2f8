"""The terminal output of the page: a greeting, and no error messages from closed tabs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import click
from streamlit.web import bootstrap
from streamlit.web.server import server, server_util

_STARTED = "server started"
# Errors of starlette, uvicorn, websockets and Streamlit after the browser has disconnected.
_GONE = frozenset(
    "WebSocketDisconnect ClientDisconnect ClientDisconnected ConnectionClosed ConnectionClosedOK "
    "ConnectionClosedError BrokenPipeError ConnectionResetError ConnectionAbortedError "
    "SessionClientDisconnectedError WebSocketClosedError".split()
)
_GONE_WORDS = ("close message has been sent", "websocket.close", "response already completed")
_LOGGERS = (
    "asyncio",
    "uvicorn",
    "uvicorn.error",
    "streamlit",
    "streamlit.runtime.app_session",
    "starlette",
)
# A part of the page was redrawn by its clock just after the whole page had changed.
_LATE = "does not exist anymore"


def install() -> None:
    """Print the greeting when the server listens, and hide errors of closed tabs.

    Streamlit 1.67 calls ``_print_url`` when the server listens, with its final port.
    """
    bootstrap._print_url = _greet
    vars(server)["cli_util"] = _Quiet()
    _install_filter(logging.getLogger())
    for name in [*_LOGGERS, *_streamlit_loggers()]:
        _install_filter(logging.getLogger(name))


def _streamlit_loggers() -> list[str]:
    return [name for name in logging.root.manager.loggerDict if name.startswith("streamlit")]


def _install_filter(logger: logging.Logger) -> None:
    logger.addFilter(_is_worth_saying)


def _greet(is_running_hello: bool) -> None:
    """Print the address of the page; the server is listening."""
    from streamlit import config

    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop().set_exception_handler(_handle)
    address = server_util.get_url(config.get_option("server.address"))
    click.echo(f"Notepoint is at {address}  (Ctrl-C ends it)", err=True)


def _handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass on errors of the event loop, unless a browser disconnected."""
    exc = context.get("exception")
    if exc is None or not is_of_a_closed_tab(exc):
        loop.default_exception_handler(context)


def _is_worth_saying(record: logging.LogRecord) -> bool:
    """Return whether a log record matters to the user; False for a closed or changed tab."""
    if record.levelno <= logging.INFO and _STARTED in str(record.msg):
        return False
    if _LATE in str(record.msg):
        return False
    exc = record.exc_info[1] if record.exc_info else None
    return exc is None or not is_of_a_closed_tab(exc)


def is_of_a_closed_tab(exc: BaseException) -> bool:
    """Return whether an error only says that the browser disconnected.

    :param exc: the error; for a group, all of its errors must say so.
    """
    if isinstance(exc, BaseExceptionGroup):
        return all(map(is_of_a_closed_tab, exc.exceptions))
    if type(exc).__name__ in _GONE:
        return True
    return isinstance(exc, RuntimeError) and any(word in str(exc) for word in _GONE_WORDS)


class _Quiet:
    """Replaces the printer of Streamlit's server when it stops."""

    def print_to_cli(self, *_: object, **__: object) -> None:
        """Print nothing."""

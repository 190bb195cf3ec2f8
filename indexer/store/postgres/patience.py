"""Connections that do not wait forever for a server that stopped answering."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import Connection

# A question takes milliseconds. The statements of a build may take as long as they need, so only
# the first ones of its connection are limited.
_MOST_S = 60.0
_CONNECT_TIMEOUT_S = "10"
_SHOWN = {"host", "port", "dbname"}


class PatientConnection(Connection[Any]):
    """A connection that is closed if one statement has no complete answer within a limit.

    ``most_s`` is the limit in seconds, None for no limit.
    """

    most_s: float | None = _MOST_S

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the answer to a statement, as every call that talks to the server does.

        :param gen: the generator that reads the answer.
        :param interval: in seconds, after which Ctrl-C is noticed.
        :param timeout: a shorter limit in seconds.
        :raises psycopg.OperationalError: if the limit is reached.
        """
        limit = self.most_s if timeout is None else timeout
        try:
            return super().wait(gen, interval, limit)
        except psycopg.Error as exc:
            # psycopg has no public name for this error. What the server sends later belongs to the
            # old statement.
            if timeout is None and type(exc).__name__ == "_WaitTimeout":
                self.close()
                message = f"no answer to a statement within {limit:g} s"
                raise psycopg.OperationalError(message) from exc
            raise


def connect(conninfo: str, given: Mapping[str, object], *, write: bool) -> PatientConnection:
    """Open a connection in which each statement is a transaction.

    :param conninfo: the address.
    :param given: the settings in it, which no default replaces.
    :param write: True for the primary of several servers.
    :raises psycopg.OperationalError: if it fails; of the settings, only host, port and database
        are in the message.
    """
    defaults = {
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": f"notepoint process {os.getpid()} on {socket.gethostname()}",
        "keepalives_idle": "30",
        "tcp_user_timeout": "60000",  # milliseconds until a cut connection is noticed
        "client_encoding": "UTF8",
    }
    options: dict[str, Any] = {key: defaults[key] for key in defaults.keys() - given.keys()}
    if write:
        options["target_session_attrs"] = "read-write"
    try:
        return PatientConnection.connect(conninfo, autocommit=True, **options)
    except psycopg.Error as exc:
        # The client library repeats a wrong value. Any value may be a password in a wrong place.
        hidden = [str(given[key]) for key in given.keys() - _SHOWN]
        said = without_values(str(exc), hidden)
        kind = type(exc) if isinstance(exc, psycopg.OperationalError) else psycopg.OperationalError
        raise kind(said) from None


def without_values(text: str, values: Iterable[str]) -> str:
    """Return a text with values, and their parts between blanks, commas and ``=``, as ``***``.

    :param text: a message.
    :param values: what it may not show; those below three characters are found in quotes only.
    """
    parts = {part for value in values for part in (value, *re.split(r"[\s,=]+", value)) if part}
    parts |= {repr(part)[1:-1] for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        before, after = (r"(?<!\w)", r"(?!\w)") if len(part) > 2 else ("(?<=[\"'])", "(?=[\"'])")
        text = re.sub(before + re.escape(part) + after, "***", text)
    return text

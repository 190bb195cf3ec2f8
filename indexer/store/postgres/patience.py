"""Connections that do not wait forever for a server that stopped answering."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection

# A question takes milliseconds. The statements of a build may take as long as they need, so only
# the first ones of its connection are limited.
_MOST_S = 60.0


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

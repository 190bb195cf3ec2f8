"""The key of the browser that `notepoint serve` opens: it works once, for the same user.

The address that a browser opens is among the arguments of its process, which every user of the
machine can read for as long as the browser runs. So that address has this key instead of the token.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

# The connections of this machine, with the user of each; only Linux has it.
_CONNECTIONS = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _USER = 1, 2, 7  # columns


class FirstVisit:
    """A key that one request may use in place of the token."""

    def __init__(self) -> None:
        """Choose a key."""
        self._key = secrets.token_urlsafe(24)

    def replace_in(self, address: str, token: str) -> str:
        """Return an address with this key in place of the token."""
        return address.replace(token, self._key)

    def admits(self, given: str, scope: MutableMapping[str, Any]) -> bool:
        """Return whether a request has the key, and use it up.

        :param given: the token of the request.
        :param scope: of the request, with the addresses of both ends.
        """
        if not self._key or not hmac.compare_digest(given.encode(), self._key.encode()):
            return False
        if not _is_of_this_user(scope.get("client"), scope.get("server")):
            return False
        self._key = ""
        return True


def _is_of_this_user(client: object, server: object) -> bool:
    """Return whether a connection is of the user of this process, True where nothing says it."""
    if sys.platform != "linux":
        return True
    try:
        lines = _CONNECTIONS.read_text("ascii").splitlines()[1:]
    except (OSError, ValueError):
        return True
    ends = _end(client), _end(server)
    found = [line.split() for line in lines]
    users = [words[_USER] for words in found if (words[_LOCAL], words[_REMOTE]) == ends]
    return users == [str(os.getuid())]


def _end(address: object) -> str:
    """Return an end of a connection as Linux writes it: 0100007F:1F90 for 127.0.0.1:8080."""
    match address:
        case (str(host), int(port)):
            try:
                number = int.from_bytes(socket.inet_aton(host), sys.byteorder)
            except OSError:  # a name, or an address of another family
                return ""
            return f"{number:08X}:{port:04X}"
    return ""

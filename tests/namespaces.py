"""Namespaces of the system without a network but the loopback interface (Linux)."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess

import pytest

_NAMESPACES = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def namespaces() -> list[str]:
    """Return the command that makes namespaces; without the right to, the test is skipped."""
    command = _NAMESPACES if os.geteuid() == 0 else [*_NAMESPACES, "--map-root-user"]
    done = (
        subprocess.run([*command, "true"], capture_output=True) if shutil.which("unshare") else None
    )
    if done is None or done.returncode != 0:
        reason = "no network namespace can be made here, which this test needs"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return command


def bring_up_loopback() -> None:
    """Set the flag IFF_UP of ``lo``, as ``ip link set lo up`` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        request = struct.pack("16sh14x", b"lo", 1 | 64)
        fcntl.ioctl(one, 0x8914, request)  # SIOCSIFFLAGS

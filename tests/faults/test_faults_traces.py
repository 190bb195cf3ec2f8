"""The system calls of the commands and of the page, with the real model.

They read only the notes, the index, the model and the program, write only the index, and connect to
nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from harness import folder_hash, wait_until, worker_environment, write_notes
from namespaces import bring_up_loopback, namespaces
from test_faults_page import answers, free_port

pytestmark = pytest.mark.slow

CALLS = "%file,%network"
# The interpreter, its libraries, and information about the system.
SYSTEM = ("/etc/", "/usr/", "/lib", "/proc/", "/sys/", "/dev/", "/.dockerenv", "/run/systemd/")
_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|\b(rename|unlink|mkdir|link|symlink)\w*\(")
_LOOKING = re.compile(r"\b(stat|lstat|statx|newfstatat|access|faccessat2?|readlink\w*|getcwd)\(")


@pytest.fixture
def model() -> Path:
    """Return the cache with the converted model in it."""
    from indexer.encoding.opening import open_encoder

    open_encoder("all-MiniLM-L6-v2", cache=ROOT / ".cache")
    return ROOT / ".cache"


@pytest.fixture
def place(tmp_path: Path, model: Path) -> Path:
    """Return a folder with notes in it, and something next to them that must not be read."""
    write_notes(tmp_path / "home" / "notes", 20)
    (tmp_path / "home" / "other.md").write_text("- not a note of this folder\n")
    return tmp_path / "home"


def traced_command(log: Path, *words: str) -> list[str]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not there")
    probe = subprocess.run(["strace", "-o", str(log), "true"], capture_output=True)
    if probe.returncode:
        pytest.skip("nothing may be traced here")
    trace = ["strace", "-f", "-qq", "-s", "4096", "-o", str(log), "-e", f"trace={CALLS}"]
    return [*trace, sys.executable, "-m", "indexer", *words]


def whole(lines: Iterable[str]) -> Iterator[str]:
    """Yield calls in one line each, those too that another thread's calls came between."""
    begun: dict[str, str] = {}
    for line in lines:
        thread = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line
        elif " resumed>" in line:
            yield begun.pop(thread, "") + line
        else:
            yield line
    yield from begun.values()


def paths_of(lines: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the absolute paths that were opened to be read, and those that were changed."""
    opened, changed = set(), set()
    for line in whole(lines):
        found = re.search(r'(?<!\\)"(/[^"]*)"', line)  # not a quote in the text of a message
        if found is None or _LOOKING.search(line) or "= -1 E" in line:
            continue
        path = os.path.normpath(found[1])
        (changed if _WRITING.search(line) else opened).add(path)
    return opened, changed


def judge(lines: list[str], place: Path, *, listens_at: int = 0) -> str:
    """Check that nothing else is read or written, and that nothing connects."""
    opened, changed = paths_of(lines)
    own = (str(place / "notes"), str(place / "store"), str(ROOT / ".cache"))
    own += (os.path.realpath(ROOT / ".cache" / "models"),)
    program = (str(ROOT), sys.prefix, sys.base_prefix, os.path.dirname(sys.executable))
    outside = {path for path in opened if not path.startswith((*own, *program, *SYSTEM))}
    outside -= {"/", str(place), "/tmp"}
    assert not outside, f"read: {sorted(outside)}"
    # The model records which of its files were found intact.
    writable = (*own[1:], "/dev/", "/proc/self/")
    written = {path for path in changed if not path.startswith(writable)}
    assert not written, f"written: {sorted(written)}"
    assert any(path.startswith(own[:2]) for path in opened)
    spoken = [line for line in lines if re.search(r"\bconnect\(", line)]
    assert not spoken, spoken
    bound = [line for line in lines if re.search(r"\bbind\(.*AF_INET", line)]
    allowed = f'sin_port=htons({listens_at}), sin_addr=inet_addr("127.0.0.1")'
    assert all(allowed in line for line in bound), bound
    assert len(bound) == bool(listens_at)
    return f"{len(opened)} files read, {len(changed)} written, no connection made"


@pytest.mark.parametrize("words", [["build"], ["query", "gradient"], ["check"], ["dump"]])
def test_command_reads_and_writes_only_its_own(
    place: Path, tmp_path: Path, words: list[str], held: list[str]
) -> None:
    at = ["--notes", str(place / "notes"), "--store", str(place / "store")]
    environment = worker_environment(HOME=str(place))
    build = [sys.executable, "-m", "indexer", "build", "-q", *at]
    if words != ["build"]:
        subprocess.run(build, env=environment, check=True, capture_output=True)
    before = folder_hash(place / "notes")
    log = tmp_path / "log"
    done = subprocess.run(
        traced_command(log, *words, *at), env=environment, capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stderr
    held.append(f"{words[0]}: {judge(log.read_text().splitlines(), place)}")
    assert folder_hash(place / "notes") == before
    assert {path.name for path in place.iterdir()} <= {"notes", "store", "other.md"}


def ask_the_page(port: int, question: str) -> int:
    """Open the page as a browser does, wait until it is drawn, return the number of messages."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect

    own = f"127.0.0.1:{port}"
    with connect(f"ws://{own}/_stcore/stream", origin=f"http://{own}", max_size=None) as page:
        wish = BackMsg()
        wish.rerun_script.query_string = f"q={question}"
        page.send(wish.SerializeToString())
        for count in range(10_000):
            message = ForwardMsg()
            message.ParseFromString(page.recv(timeout=60))
            if message.WhichOneof("type") == "script_finished":
                return count
    raise AssertionError("the page is never drawn")


def serve_and_ask(command: list[str], port: int, environment: dict[str, str]) -> int:
    """Start the page, ask a question, stop it; return the number of messages it sent."""
    server = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: answers(port), 180, "the page answers")
        return ask_the_page(port, "gradient")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def test_page_reads_and_writes_only_its_own(place: Path, tmp_path: Path, held: list[str]) -> None:
    environment = worker_environment(HOME=str(place))
    at = ["--notes", str(place / "notes"), "--store", str(place / "store")]
    build = [sys.executable, "-m", "indexer", "build", "-q", *at]
    subprocess.run(build, env=environment, check=True, capture_output=True)
    port, log = free_port(), tmp_path / "log"
    command = traced_command(log, "serve", *at, "--port", str(port), "--no-browser", "--no-token")
    assert serve_and_ask(command, port, environment) > 5
    held.append(f"page: {judge(log.read_text().splitlines(), place, listens_at=port)}")
    assert {path.name for path in place.iterdir()} <= {"notes", "store", "other.md"}


def use_without_network(place: Path) -> None:
    """Build, ask, and ask the page without a network; run by the test below."""
    bring_up_loopback()
    with socket.socket() as other, pytest.raises(OSError, match="unreachable"):
        other.connect(("192.0.2.1", 80))
    environment = worker_environment(HOME=str(place))
    at = ["--notes", str(place / "notes"), "--store", str(place / "store")]
    notepoint = [sys.executable, "-m", "indexer"]
    for words in (["build", "-q"], ["query", "gradient"]):
        done = subprocess.run([*notepoint, *words, *at], env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr
    port = free_port()
    serve = [*notepoint, "serve", *at, "--port", str(port), "--no-browser", "--no-token"]
    print(len(done.stdout), serve_and_ask(serve, port, environment))


def test_build_query_and_page_without_a_network(place: Path, held: list[str]) -> None:
    run = "import sys, test_faults_traces as t; t.use_without_network(t.Path(sys.argv[1]))"
    tests = Path(__file__).parents[1]
    paths = os.pathsep.join(map(str, [ROOT, tests, tests / "faults"]))
    done = subprocess.run(
        [*namespaces(), sys.executable, "-c", run, str(place)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer, messages = map(int, done.stdout.split())
    assert answer > 100 and messages > 5
    held.append(f"without a network: an answer of {answer} bytes, a page of {messages} messages")

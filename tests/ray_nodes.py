"""Two Ray nodes in a network of their own, one of which dies while points are encoded.

Run by test_cluster.py in new namespaces of network and processes: it sees only the loopback
interface, which it brings up, and what it leaves running ends with it. Prints what it found as
JSON.

    unshare --net --pid --fork --kill-child --mount-proc python tests/ray_nodes.py FOLDER
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from namespaces import bring_up_loopback

PORT = 6379


def start_node(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
    command += ["--node-ip-address=127.0.0.1", "--disable-usage-stats", *options]
    log = (folder / "ray.log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def wait_for_nodes(count: int) -> None:
    import ray

    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            ray.init(address=f"127.0.0.1:{PORT}", log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError):
            time.sleep(0.5)
            continue
        alive = sum(node["Alive"] for node in ray.nodes())
        ray.shutdown()
        if alive == count:
            return
        time.sleep(0.5)
    raise SystemExit(f"no {count} nodes after 90 s")


def wait_for_port() -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit("the first node did not start within 60 s")


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def main(folder: Path) -> dict[str, Any]:
    from fakes import FakeEncoder, open_slow_encoder

    from indexer.indexing.build import BuildOptions, build
    from indexer.indexing.parquet import measure
    from indexer.indexing.ray import Job, encode_by_ray
    from indexer.notes.folder import NotesFolder
    from indexer.store.opening import open_store

    notes, shards = folder / "notes", folder / "shards"
    notes.mkdir()
    for n in range(60):
        lines = "".join(f"- point {i} of note {n} word{n * i % 97}\n" for i in range(20))
        (notes / f"n{n}.md").write_text(f"# Note {n}\n\n{lines}\nsee [[n{(n + 1) % 60}]]\n")
    time.sleep(0.2)  # the times of a file written just now are not trusted, and so not kept
    notes_folder = NotesFolder(notes, 10**6)

    plain = open_store(str(folder / "plain"))
    build(notes_folder, plain, FakeEncoder(), BuildOptions())
    store = open_store(str(folder / "ray"))
    job = Job(notes_folder, shards, open_slow_encoder, f"127.0.0.1:{PORT}", texts_at_once=64)

    second: list[int] = []

    def kill_second_node() -> None:
        """Kill the second node once it and the first have written shards."""
        while len(list(shards.glob("vectors-*"))) < 2:
            time.sleep(0.02)
        second.append(len(list(shards.glob("vectors-*"))))
        for pid in [node.pid, *descendants(node.pid)]:
            os.kill(pid, signal.SIGKILL)

    sessions = f"--temp-dir={os.environ['RAY_SESSIONS']}"
    head = start_node(folder, "--head", f"--port={PORT}", "--include-dashboard=false", sessions)
    wait_for_port()
    node = start_node(folder, f"--address=127.0.0.1:{PORT}")
    wait_for_nodes(2)
    killer = threading.Thread(target=kill_second_node, daemon=True)
    killer.start()
    started = time.monotonic()
    encoded = encode_by_ray(job, store)
    seconds = time.monotonic() - started
    killer.join(5)
    report = build(notes_folder, store, FakeEncoder(), BuildOptions(encoded=True))
    again = encode_by_ray(job, store)
    found = {
        "killed": node.poll() is not None,
        "shards_before_the_kill": second[0] if second else 0,
        "encoded": encoded,
        "encoded_again": again,
        "seconds": round(seconds, 1),
        "encoded_by_the_build": report.embedded,
        "points": report.points_total,
        "leftovers": sorted(path.name for path in shards.iterdir()),
        "faults": [fault.message for fault in store.verify()],
        "addresses": listening(),
    }
    for name, one in (("plain", plain), ("ray", store)):
        with one.view() as view:
            result = measure(view)
            found[name] = [result.notes, result.points, result.links, result.digest]
        one.close()
    head.terminate()
    return found


def listening() -> list[str]:
    """Return the addresses of every listening socket of this network, in hexadecimal."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sorted({row.split()[1].split(":")[0] for row in rows if row.split()[3] == "0A"})


if __name__ == "__main__":
    bring_up_loopback()
    print(json.dumps(main(Path(sys.argv[1]))), flush=True)

"""Builds by Ray: on two real nodes of which one dies, restarted, and without Ray."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from namespaces import namespaces

from indexer.errors import SettingsError
from indexer.indexing.parquet import read_shard, shards_in, write_shard


@pytest.mark.slow
def test_two_nodes_of_which_one_dies_encode_every_point_once(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "RAY_USAGE_STATS_ENABLED": "0",
        "HOME": str(tmp_path),
    }
    command = [*namespaces(), sys.executable, str(ROOT / "tests/ray_nodes.py"), str(tmp_path)]
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as sessions:
        # Of a short path: a socket's may have 107 characters.
        environment["RAY_SESSIONS"] = sessions
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=300, cwd=tmp_path
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"]
    assert found["shards_before_the_kill"] >= 2
    assert found["faults"] == []
    assert found["points"] == 60 * 21
    assert found["encoded"] >= found["points"]  # what was on the dead node may be encoded twice
    assert (found["encoded_by_the_build"], found["encoded_again"]) == (0, 0)
    assert found["leftovers"] == []
    assert found["ray"][:3] == found["plain"][:3]
    assert found["ray"][3] == found["plain"][3]
    assert set(found["addresses"]) <= {"0100007F", "00000000"}  # in a network that is only lo


def test_shards_are_whole_or_not_there(tmp_path: Path) -> None:
    vectors = np.eye(3, 8, dtype=np.float32)
    keys = [bytes([i]) * 16 for i in range(3)]
    pieces = [b"one", b"two", b"three"]
    path = write_shard(tmp_path, keys, vectors, pieces)
    assert write_shard(tmp_path, keys, vectors, pieces) == path  # the same content, the same file
    (tmp_path / "writing-1-00").write_bytes(b"killed here")
    other = write_shard(tmp_path, keys[:1], vectors[:1], pieces[:1])
    other.write_bytes(other.read_bytes()[:-1])
    assert shards_in(tmp_path) == [path]
    found, values, packed = read_shard(path)
    assert (found, packed) == (keys, pieces)
    assert (values == vectors).all()


def test_without_ray_is_one_clear_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from fakes import FakeEncoder

    from indexer.notebook import Notebook

    (tmp_path / "a.md").write_text("- a point\n")
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("NOTEPOINT_SHARDS", str(tmp_path / "shards"))
    with Notebook(tmp_path, encoder=FakeEncoder()) as notebook:
        with pytest.raises(SettingsError, match="not installed here") as caught:
            notebook.build(ray="")
    assert "notepoint setup ray" in str(caught.value.hint)


@pytest.mark.slow
def test_cluster_that_lets_nobody_in_names_the_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ray 2.60 asks for a token once it has made one, and refuses without naming the cause."""
    ray = pytest.importorskip("ray")
    from fakes import FakeEncoder

    from indexer.notebook import Notebook

    def refuse(**options: object) -> None:
        raise ConnectionError("Failed to connect to Ray cluster\nAuthentication token is missing")

    (tmp_path / "a.md").write_text("- a point\n")
    monkeypatch.setattr(ray, "init", refuse)
    monkeypatch.setenv("NOTEPOINT_SHARDS", str(tmp_path / "shards"))
    with socket.create_server(("127.0.0.1", 0)) as there:
        address = f"127.0.0.1:{there.getsockname()[1]}"
        with Notebook(tmp_path, encoder=FakeEncoder()) as notebook:
            with pytest.raises(SettingsError, match="cannot be used: Failed to connect") as caught:
                notebook.build(ray=address)
    assert "RAY_AUTH_MODE=token" in str(caught.value.hint)


@pytest.mark.slow
def test_address_without_a_cluster_is_said_at_once(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    (tmp_path / "a.md").write_text("- a point\n")
    command = [sys.executable, "-m", "indexer", "build", "--ray", "127.0.0.1:1"]
    done = subprocess.run(
        [*command, "--notes", str(tmp_path)], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 2
    assert "there is no Ray cluster at 127.0.0.1:1" in done.stderr
    assert "ray start --head" in done.stderr

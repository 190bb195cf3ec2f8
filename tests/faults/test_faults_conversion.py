"""The first conversion of the real model: several at once, killed, and on a full disk."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import FULL, faults_of, rounds, rows_of, worker_environment, write_notes
from patience import PATIENCE_S

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="mounts and signals of Linux"),
]
BUILD = [sys.executable, "-P", "-m", "indexer", "build", "--notes"]
ROOT_ONLY = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting takes root"
)


def begin(notes: Path, cache: Path) -> subprocess.Popen[str]:
    """Start a build that has to convert the model first."""
    return subprocess.Popen(
        [*BUILD, str(notes)],
        env=worker_environment(NOTEPOINT_CACHE=str(cache), OMP_NUM_THREADS="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def models_in(cache: Path) -> list[str]:
    """Return what is in the folder of converted models, without the files of locks."""
    return sorted(one.name for one in (cache / "models").iterdir() if one.suffix != ".lock")


def test_first_conversions_at_once(tmp_path: Path, held: list[str]) -> None:
    cache, count = tmp_path / "cache", rounds(3, 8)
    folders = [tmp_path / f"notes{number}" for number in range(count)]
    for folder in folders:
        write_notes(folder, 5, seed=1)
    builds = [begin(folder, cache) for folder in folders]
    for build in builds:
        said = build.communicate(timeout=4 * PATIENCE_S)[1]
        assert build.returncode == 0 and "Traceback" not in said, said
    assert len(models_in(cache)) == 1
    states = [rows_of(folder / ".notepoint") for folder in folders]
    assert all(len(state) == len(states[0]) for state in states)
    assert [faults_of(folder / ".notepoint") for folder in folders] == [[]] * count
    held.append(f"{count} builds with an empty cache: all built, one model")


def test_killed_first_conversion(tmp_path: Path, held: list[str]) -> None:
    cache, notes = tmp_path / "cache", tmp_path / "notes"
    write_notes(notes, 5)
    killed, generator = 0, random.Random(3)
    for _ in range(rounds(2, 30)):
        build = begin(notes, cache)
        time.sleep(generator.uniform(0.3, 4))
        killed += build.poll() is None
        os.killpg(build.pid, 9) if build.poll() is None else None
        build.communicate(timeout=PATIENCE_S)
    last = begin(notes, cache)
    said = last.communicate(timeout=4 * PATIENCE_S)[1]
    assert last.returncode == 0 and "Traceback" not in said, said
    assert len(models_in(cache)) == 1 and faults_of(notes / ".notepoint") == []
    held.append(f"{killed} builds killed while they convert: the next one built")


def build_on_full_disk(
    script: str, disk: Path, notes: Path, *options: str, **variables: str
) -> tuple[str, str]:
    """Build as a script does that mounts a small disk; return its errors, and the message."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, str(disk), *BUILD, str(notes), *options],
        env=worker_environment(OMP_NUM_THREADS="1", **variables),
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    said = done.stderr
    if done.returncode == 77 or "unshare:" in said:
        pytest.skip("nothing may be mounted here")
    assert "Traceback" not in said, said
    assert "status 2" in said and said.count("hint: ") == 1, said
    return said, next(line for line in said.splitlines() if "error: " in line)


@ROOT_ONLY
@pytest.mark.parametrize("megabytes", [1, 30, 60, 90] if FULL else [30])
def test_first_conversion_on_a_full_disk(tmp_path: Path, held: list[str], megabytes: int) -> None:
    cache, notes = tmp_path / "cache", tmp_path / "notes"
    cache.mkdir()
    write_notes(notes, 5)
    script = (
        f'mount -t tmpfs -o size={megabytes}m tmpfs "$0" || exit 77\n'
        '"$@"; echo "status $?" >&2; find "$0/models" -type f >&2'
    )
    said, error = build_on_full_disk(script, cache, notes, NOTEPOINT_CACHE=str(cache))
    assert "model.onnx" not in said.partition("status 2")[2], said
    assert not (notes / ".notepoint").exists() or faults_of(notes / ".notepoint") == []
    held.append(f"{megabytes} MB for the model: {error}")


@ROOT_ONLY
@pytest.mark.parametrize("kilobytes", [100, 300, 1_000] if FULL else [300])
def test_index_of_the_real_model_on_a_full_disk(
    tmp_path: Path, held: list[str], kilobytes: int
) -> None:
    notes, store = tmp_path / "notes", tmp_path / "store"
    store.mkdir()
    write_notes(notes, 200)
    script = (
        f'mount -t tmpfs -o size={kilobytes}k tmpfs "$0" || exit 77\n'
        '"$@"; echo "status $?" >&2\n'
        'mount -o remount,size=64m "$0" && "$@" -q; echo "then $?" >&2'
    )
    said, error = build_on_full_disk(script, store, notes, "--store", str(store))
    assert "then 0" in said, said
    held.append(f"{kilobytes} KB for the index: {error}; built when there was room")

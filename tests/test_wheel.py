"""The built packages in a new environment, as `pip install` gives them to a user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow
NO_REGISTRY = ("onnection", "esolve", "timed out", "No matching distribution", "Could not find")


def run(*command: object, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program with an empty home, and only pip's settings of this environment."""
    kept = ("PIP_", "SSL_", "REQUESTS_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    settings = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    environment = settings | {"HOME": str(home), "PATH": "/usr/bin:/bin"} | more
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=home,
        env=environment,
        check=False,
    )


def must(done: subprocess.CompletedProcess[str]) -> str:
    """Return the output of a program; skip if it failed without a package registry."""
    if done.returncode and any(sign in done.stdout + done.stderr for sign in NO_REGISTRY):
        pytest.skip("NOT TESTED: no package registry can be reached, so nothing can be installed")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    must(run(sys.executable, "-m", "build", "--outdir", folder, ROOT, home=folder))
    return folder


def installed(home: Path, dist: Path, extra: str = "") -> Path:
    """Return `notepoint` in a new environment into which the wheel was installed."""
    must(run(sys.executable, "-m", "venv", home / "venv", home=home))
    (wheel,) = dist.glob("*.whl")
    pip = (home / "venv/bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
    must(run(*pip, f"{wheel}{extra}", home=home))
    return home / "venv/bin/notepoint"


@pytest.fixture(scope="module")
def program(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`notepoint` installed with its page."""
    return installed(tmp_path_factory.mktemp("home"), dist, "[page]")


@pytest.fixture(scope="module")
def core(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`notepoint` installed with no extra."""
    return installed(tmp_path_factory.mktemp("core"), dist)


def test_same_source_gives_the_same_packages(dist: Path, tmp_path: Path) -> None:
    """A later build on another day, in another folder, has the same bytes."""
    again = tmp_path / "again"
    day = {"SOURCE_DATE_EPOCH": "1580601600"}  # the day hatchling gives files where none is set
    must(run(sys.executable, "-m", "build", "--outdir", again, ROOT, home=tmp_path, **day))
    first = {path.name: path.read_bytes() for path in dist.iterdir() if path.is_file()}
    assert first  # pip may have put its cache there too, the home folder of the build
    assert first == {path.name: path.read_bytes() for path in again.iterdir()}


def test_wheel_holds_page_theme_notes_and_weights(dist: Path) -> None:
    import zipfile

    (wheel,) = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "indexer/web/app.py",
        "indexer/web/.streamlit/config.toml",
        "indexer/web/elements/cards.js",
        "indexer/corpus/2020-04-07-deeplearningai-review.md",
        "indexer/weights/model.safetensors",
        "indexer/encoding/probes.json",
    } <= names
    assert any(name.endswith("licenses/licenses/Apache-2.0.txt") for name in names)
    assert not [name for name in names if ".notepoint" in name]


def test_question_is_answered_from_the_wheel_without_torch(program: Path, tmp_path: Path) -> None:
    site = next(program.parents[1].glob("lib/python*/site-packages"))
    for package in ("torch", "transformers", "sentence_transformers", "openvino", "scipy"):
        assert not (site / package).exists()
    notes = Path(shutil.copytree(site / "indexer/corpus", tmp_path / "notes"))
    built = run(program, "build", "--notes", notes, home=tmp_path)
    assert built.returncode == 0, built.stderr
    asked = run(program, "query", "does it talk about ethics?", "-k1", home=notes)
    assert "2020-04-07-deeplearningai-review.md:14" in asked.stdout


def test_question_is_answered_from_the_sdist(dist: Path, tmp_path: Path) -> None:
    """pip builds the program from its source, in a new environment with the core alone."""
    must(run(sys.executable, "-m", "venv", tmp_path / "venv", home=tmp_path))
    (sdist,) = dist.glob("*.tar.gz")
    pip = (tmp_path / "venv/bin/python", "-m", "pip", "install", "-q")
    must(run(*pip, "--disable-pip-version-check", sdist, home=tmp_path))
    program = tmp_path / "venv/bin/notepoint"
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    for package in ("torch", "streamlit", "pandas", "pyarrow", "scipy"):
        assert not (site / package).exists()
    notes = Path(shutil.copytree(site / "indexer/corpus", tmp_path / "notes"))
    built = run(program, "build", "--notes", notes, home=tmp_path)
    assert built.returncode == 0, built.stderr
    asked = run(program, "query", "does it talk about ethics?", "-k1", home=notes)
    assert "2020-04-07-deeplearningai-review.md:14" in asked.stdout


EXTRAS = {
    "page": ("serve", "--no-browser"),
    "models": ("build", "--model", "some/model", "--rebuild"),
    "multilingual": ("build", "--model", "multilingual", "--rebuild"),
    "lsp": ("lsp",),
    "mcp": ("mcp",),
    "eval": ("eval", "questions.jsonl", "--compare", "mode=dense"),
    "parquet": ("export", "out"),
    "postgres": ("status", "--store", "postgresql://localhost/x"),
    "ray": ("build", "--ray", "local"),
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_missing_extra_is_one_message(extra: str, core: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("- a point\n")
    (tmp_path / "questions.jsonl").write_text('{"id": "1", "question": "a point", "answers": []}')
    command, *more = EXTRAS[extra]
    if extra in ("eval", "parquet"):
        assert run(core, "build", "--notes", notes, home=tmp_path).returncode == 0
    done = run(core, command, *more, "--notes", notes, home=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("notepoint: error: ")]
    hints = [line for line in done.stderr.splitlines() if line.startswith("hint: ")]
    assert len(errors) == len(hints) == 1
    assert f"`notepoint setup {extra}`" in hints[0]
    assert "Traceback" not in done.stderr


def test_missing_extra_is_one_message(program: Path, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("- a point\n")
    done = run(program, "build", "--notes", tmp_path, "--model", "some/model", home=tmp_path)
    assert done.returncode == 2
    assert "needs torch and sentence_transformers, not installed here" in done.stderr
    assert "hint: run `notepoint setup models`" in done.stderr
    assert "Traceback" not in done.stderr


def test_page_opens_from_the_wheel(program: Path, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("- a point\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [str(program), "serve", "--notes", str(tmp_path), "--port", str(port), "--no-browser"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
                    assert answer.read() == b"ok"
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
    finally:
        process.terminate()
        process.wait()

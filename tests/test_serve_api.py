"""`notepoint serve --api` as a process: the page and other programs at one address."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from conftest import ROOT
from patience import PATIENCE_S
from surfaces import NOTES

pytestmark = pytest.mark.slow


class Page(NamedTuple):
    """A running server."""

    address: str
    token: str
    folder: Path

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return httpx2.get(f"{self.address}/api{path}", headers=headers, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("notes")
    for name, text in NOTES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    program = (sys.executable, "-m", "indexer")
    subprocess.run([*program, "build", "-q", "--notes", str(folder)], check=True, cwd=ROOT)
    serve = (*program, "serve", "--api", "--no-browser", "--port", "0", "--notes", str(folder))
    process = subprocess.Popen(
        serve, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    killer = threading.Timer(PATIENCE_S, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        found = None
        lines = []
        while found is None:
            line = process.stdout.readline()
            assert line, f"the server ended: {''.join(lines)}"
            lines.append(line)
            found = re.search(r"(http://127\.0\.0\.1:\d+)/?\S*?[?&]token=([\w-]+)", line)
        killer.cancel()
        yield Page(found[1], found[2], folder)
    finally:
        killer.cancel()
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def test_program_with_the_token_is_answered(page: Page) -> None:
    authorization = f"Bearer {page.token}"
    found = page.get("/ask?q=discussion+of+ethics&format=compact", Authorization=authorization)
    assert found.status_code == 200
    assert "review.md:8" in [hit["at"] for hit in found.json()["hits"]]
    assert page.get("/status", Authorization=authorization).json()["notes"] == len(NOTES)


def test_answer_is_that_of_the_terminal(page: Page) -> None:
    found = page.get("/ask?q=volume+of+videos&budget=300", Authorization=f"Bearer {page.token}")
    command = ("query", "volume of videos", "--budget", "300", "--json", "--notes", page.folder)
    done = subprocess.run(
        [sys.executable, "-m", "indexer", *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.json() == json.loads(done.stdout)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer not-the-token-of-this-page"},
        {"Host": "notes.example.org"},
        {"Origin": "https://notes.example.org"},
    ],
)
def test_others_are_refused(page: Page, headers: dict[str, str]) -> None:
    if "Authorization" not in headers and headers:
        headers = headers | {"Authorization": f"Bearer {page.token}"}
    found = page.get("/status", **headers)
    assert found.status_code in (401, 403)
    assert "notes" not in found.text or "error" in found.text


def test_page_is_at_the_same_address(page: Page) -> None:
    found = httpx2.get(f"{page.address}/_stcore/health", timeout=PATIENCE_S)
    assert found.text == "ok"

"""Notes in a folder whose file names ignore case, as on Windows and macOS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT, OpenNotebook
from fakes import FakeEncoder
from patience import PATIENCE_S

from indexer.notebook import Notebook

RunCli = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the other systems ignore case by themselves"
)


@pytest.fixture(scope="module")
def ignoring_case() -> Iterator[Path]:
    """A folder that ignores case: ext4 with casefold on a loop device, else FUSE."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mounted = folder / "mounted"
        mounted.mkdir()
        server = None if mount_ext4(folder, mounted) else mount_fuse(folder, mounted)
        try:
            yield mounted
        finally:
            subprocess.run(["umount", "-l", str(mounted)], check=False, capture_output=True)
            if server is not None:
                server.terminate()
                server.wait()


def mount_ext4(folder: Path, mounted: Path) -> bool:
    """Mount a new file system that can ignore case; return whether this system can."""
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    for command in (
        ["mkfs.ext4", "-q", "-O", "casefold", "-E", "encoding=utf8", str(image)],
        ["mount", "-o", "loop", str(image), str(mounted)],
        ["chattr", "+F", str(mounted)],
    ):
        program = shutil.which(command[0])
        if program is None or subprocess.run(command, capture_output=True, check=False).returncode:
            subprocess.run(["umount", str(mounted)], capture_output=True, check=False)
            return False
    return True


def mount_fuse(folder: Path, mounted: Path) -> subprocess.Popen[bytes]:
    """Mount a folder that ignores case by a program of the tests; skip where there is no FUSE."""
    real = folder / "real"
    real.mkdir()
    command = [sys.executable, str(ROOT / "tests/case_insensitive.py"), str(real), str(mounted)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while not mounted.is_mount() and server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if server.poll() is not None:
        pytest.skip(
            "NOT TESTED: no file system here ignores case; it needs the right to mount and ext4 "
            "with casefold, or FUSE (the packages libfuse2 or fuse3, and mfusepy)"
        )
    return server


@pytest.fixture
def notes(ignoring_case: Path, request: pytest.FixtureRequest) -> Path:
    folder = ignoring_case / f"Notes-{abs(hash(request.node.name)) % 10**8}"
    (folder / "Sub").mkdir(parents=True)
    (folder / "Sub/Plan.md").write_text("- call the plumber\n")
    (folder / "b.md").write_text("See [the plan](sub/plan.md) and [[PLAN]].\n")
    return folder


def spelled(path: Path) -> Path:
    """Return the same folder in capitals."""
    return path.with_name(path.name.upper())


def test_folder_ignores_case(notes: Path) -> None:
    assert (spelled(notes) / "SUB/plan.MD").read_text() == "- call the plumber\n"


def test_other_spelling_of_the_folder_is_the_same_index(
    notes: Path, open_notebook: OpenNotebook
) -> None:
    with Notebook(notes, encoder=FakeEncoder()) as first:
        assert first.build().notes_added == 2
    again = open_notebook(spelled(notes)).build()
    assert (again.notes_added, again.notes_removed) == (0, 0)


def test_note_that_changes_only_its_case_is_indexed_by_its_new_name(
    notes: Path, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(notes)
    notebook.build()
    os.rename(notes / "Sub/Plan.md", notes / "Sub/plan.md")
    report = notebook.build()
    assert (report.notes_added, report.notes_removed) == (1, 1)
    found = {hit.note_id for hit in notebook.search("call the plumber", 5).hits}
    assert "Sub/plan.md" in found and "Sub/Plan.md" not in found


def test_links_lead_to_notes_whatever_their_case(notes: Path, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(notes)
    notebook.build()
    assert {link.to for link in notebook.links("b.md")} == {"Sub/Plan.md"}


def test_same_folder_in_two_spellings_is_refused(notes: Path, run_cli: RunCli) -> None:
    status, _, err = run_cli("build", "--notes", str(notes), "--notes", f"other={spelled(notes)}")
    assert status == 2 and "is given twice" in err

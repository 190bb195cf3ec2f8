"""The wrapper that names each step of `make check` and `make test`."""

from __future__ import annotations

import subprocess
import sys

from conftest import ROOT


def run(*command: str) -> subprocess.CompletedProcess[str]:
    step = [sys.executable, str(ROOT / ".ci/step.py"), "greeting", *command]
    return subprocess.run(step, capture_output=True, text=True)


def test_step_is_named_and_passes_output_and_status_on() -> None:
    done = run("sh", "-c", "echo hello; exit 3")
    assert done.returncode == 3
    assert done.stdout.startswith("== greeting\nhello\n== greeting: failed (3) after ")


def test_silent_step_says_that_it_is_running() -> None:
    code = (
        "import runpy, sys; step = runpy.run_path(sys.argv[1])['run_step']; "
        "step.__globals__['_SILENT_S'] = 0.1; step('nap', ['sleep', '0.5'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / ".ci/step.py")], capture_output=True, text=True
    )
    assert "\n.. nap: " in done.stdout

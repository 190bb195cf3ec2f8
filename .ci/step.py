"""Run one step of `make check` or `make test`: name it, show its output, and never be silent.

Usage: python .ci/step.py NAME COMMAND [ARGUMENT...]. Without output for eight seconds, a line says
which step is running, for how long, and what it printed last.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

_SILENT_S = 8.0
_SHOWN_CHARS = 100


def run_step(name: str, command: list[str]) -> int:
    """Run a command and return its exit status.

    :param name: what the step is called.
    :param command: the program and its arguments.
    """
    started = time.monotonic()
    _say(f"== {name}\n")
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    assert process.stdout is not None
    last = ""
    while True:
        ready, _, _ = select.select([process.stdout], [], [], _SILENT_S)
        if not ready:
            seconds = time.monotonic() - started
            _say(f"\n.. {name}: {seconds:.0f} s, after: {last[-_SHOWN_CHARS:]}\n")
            continue
        output = os.read(process.stdout.fileno(), 65_536)
        if not output:
            break
        sys.stdout.buffer.write(output)
        sys.stdout.buffer.flush()
        lines = output.decode("utf-8", "replace").split("\n")
        last = (lines[-1] if len(lines) > 1 else last + lines[-1]) or lines[-2]
    status = process.wait()
    _say(f"== {name}: {'done' if status == 0 else f'failed ({status})'}")
    _say(f" after {time.monotonic() - started:.0f} s\n")
    return status


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_step(sys.argv[1], sys.argv[2:]))

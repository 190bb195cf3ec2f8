"""Every fault of the list has a test of its number."""

from __future__ import annotations

import re
from pathlib import Path

FAULTS = 36


def test_each_fault_has_its_test() -> None:
    found: set[int] = set()
    for path in (Path(__file__).parent / "faults").glob("test_*.py"):
        for name in re.findall(r"^def (test_fault_\w+)", path.read_text("utf-8"), re.MULTILINE):
            found |= {int(number) for number in re.findall(r"(?<![0-9])(\d\d)(?![0-9])", name)}
    assert found >= set(range(1, FAULTS + 1)), set(range(1, FAULTS + 1)) - found


def test_each_fault_is_in_the_document() -> None:
    text = (Path(__file__).parent.parent / "docs" / "RELIABILITY.md").read_text("utf-8")
    rows = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert rows == set(range(1, FAULTS + 1))

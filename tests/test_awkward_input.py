"""Input that only strangers type gets one message and the right status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import OpenNotebook, WriteNotes

from indexer.commands.editor import editor_command
from indexer.config import Settings
from indexer.errors import SettingsError
from indexer.notes.note import parse_note
from indexer.records import Link, LinkKind
from indexer.render import safe, to_json
from indexer.render_markdown import answer_markdown, hit_markdown

RunCli = Callable[..., tuple[int, str, str]]
DIGITS = "9" * 5_000


@pytest.fixture
def notes(write_notes: WriteNotes, open_notebook: OpenNotebook) -> Path:
    folder = write_notes({"a.md": "# Bread\n\n- sourdough wants time\n"})
    open_notebook(folder).build()
    return folder


def test_endless_numbers_are_no_numbers(notes: Path, run_cli: RunCli) -> None:
    for arguments in (
        ("similar", f"a.md:{DIGITS}"),
        ("query", "bread", "--more-like", DIGITS),
        ("query", "bread", "--less-like", f"a.md:{DIGITS}"),
    ):
        status, _, err = run_cli(*arguments, "--notes", str(notes))
        assert status == 2 and "hint:" in err and "Traceback" not in err, arguments
    with pytest.raises(SettingsError, match="whole number"):
        Settings.load(notes=notes, environment={"NOTEPOINT_SIZE_LIMIT": DIGITS})


@pytest.mark.parametrize("editor", ["code '", '"', " ", "\t", "'' \""])
def test_editor_that_is_no_command_is_named(
    editor: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDITOR", editor)
    for template in ("", editor):
        with pytest.raises(SettingsError, match="editor"):
            editor_command(template, tmp_path / "a.md", 1)


def test_bad_line_of_a_batch_says_why_and_the_rest_is_answered(
    notes: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    lines = [
        '{"id": 1, "question": "bread"}',
        '{"id": 2, "question": "' + "[" * 3 + '"}',
        "[" * 100_000,
        '{"id": 3, "question": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"id": 4, "question": " "}',
        '{"id": 5, "question": "' + "long " * 5_000 + '"}',
        '{"id": 6}',
        "not JSON",
        '"text"',
        '{"id": 7, "question": "sourdough\\u2028time"}',
    ]
    batch = tmp_path / "questions.jsonl"
    batch.write_text("\n".join(lines) + "\n", "utf-8")
    status, out, err = run_cli("query", "--batch", str(batch), "--notes", str(notes))
    rows = [json.loads(line) for line in out.splitlines()]
    assert (status, len(rows)) == (1, len(lines)) and "Traceback" not in err
    assert [row["id"] for row in rows if "hits" in row] == [1, 2, 5, 7]
    bad = [row for row in rows if "error" in row]
    assert [row["line"] for row in bad] == [3, 4, 5, 7, 8, 9]
    assert all(row["hint"] for row in bad)
    assert [row["id"] for row in bad] == [None, None, 4, 6, None, None]


def test_cache_with_a_name_too_long_is_one_message(
    notes: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        (notes / ("x" * 300)).stat()

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", refuse)
    monkeypatch.setattr("indexer.notebook.Notebook.open_ahead", lambda self: None)
    (notes / "b.md").write_text("- new\n", "utf-8")
    from indexer.commands import console

    with pytest.raises(OSError, match="too long") as refused:
        refuse()
    said = console.shortage(refused.value)
    assert said is not None and "too long" in said.message


def test_nothing_hides_in_the_terminal() -> None:
    hidden = "\u061c\u200b\u2060\ufeff\U000e0041\u202e\x1b"
    shown = safe(f"a{hidden}b")
    assert shown.isascii() and shown.startswith("a\\x61c\\x200b") and shown.endswith("b")
    assert (
        safe("\U0001f469\u200d\U0001f52c नमस्ते\u200c é\n")
        == "\U0001f469\u200d\U0001f52c नमस्ते\u200c é\n"
    )


@pytest.mark.parametrize(
    "hidden",
    [*"\u034f\u115f\u1160\u17b4\u180e\u206a\u3164\uffa0\ufff9\U0001d173\U000e0001\U000e0fff"],
)
def test_characters_that_nobody_sees_are_escaped(hidden: str) -> None:
    assert safe(f"a{hidden}b") == f"a\\x{ord(hidden):02x}b"


def test_joiners_and_variants_are_kept_one_by_one() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f\u200d\U0001f525"
    words = "می\u200cخواهم 葛\U000e0100飾 co\u00adop"
    assert safe(f"{family} {words}") == f"{family} {words}"
    assert safe("x\ufe00\ufe01\U000e0100 \u200c\u200d\u200c") == (
        "x\ufe00\\xfe01\\xe0100 \u200c\\x200d\\x200c"
    )


def test_json_holds_no_half_character() -> None:
    said = to_json({"path": "caf\udce9.md", "q": "\ud83d x \ude00 \U0001f600 \\ud83d", "n": "\\"})
    assert said.isascii()
    read = json.loads(said)
    assert read["path"] == "caf\\xe9.md"
    exact = to_json({"path": "caf\udce9.md"}, exact_names=True)
    assert json.loads(exact)["path"] == "caf\udce9.md"
    assert read["q"] == "\\ud83d x \\ude00 \U0001f600 \\ud83d"
    assert read["n"] == "\\"
    said.encode().decode("utf-8")
    assert not any(0xD800 <= ord(c) < 0xE000 for value in read.values() for c in value)


def test_thousands_of_equal_warnings_are_ten_and_a_count() -> None:
    text = "---\n" + "".join(f"key{n % 50}: x\n" for n in range(5_000)) + "---\n\n- text\n"
    note = parse_note(
        text.encode(), "a.md", window=256, count_tokens=lambda texts: [1 for _ in texts]
    )
    assert len(note.warnings) == 11
    assert "4,940 more of the kind" in note.warnings[-1].message


def test_exported_markdown_carries_no_html(
    write_notes: WriteNotes, open_notebook: OpenNotebook
) -> None:
    folder = write_notes(
        {"a.md": "# A `<script>alert(1)</script>` title\n\n- sour `<img src=x onerror=a>` dough\n"}
    )
    notebook = open_notebook(folder)
    notebook.build()
    answer = notebook.search("sour <b>dough</b>")
    assert "<" not in answer_markdown(answer)
    links = (
        Link("a.md", 1, "x](javascript:alert(1))", "javascript:alert(1)", LinkKind.URL, ok=True),
        Link("a.md", 1, "y", "https://e.org/a(b) <c>", LinkKind.URL, ok=True),
    )
    said = hit_markdown(answer.hits[0]._replace(links=links, note_id="new\nline.md"))
    assert "](javascript" not in said.replace(r"\](javascript", "")
    assert "[y](https://e.org/a%28b%29%20%3Cc%3E)" in said
    assert all(line.startswith(">") for line in said.split("\n"))

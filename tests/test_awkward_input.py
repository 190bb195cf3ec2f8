"""Input that only strangers type gets one message and the right status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, OpenNotebook, WriteNotes
from patience import PATIENCE_S

from indexer.commands.editor import editor_command
from indexer.config import Settings
from indexer.encoding import opening
from indexer.encoding.packaged import find_recipe
from indexer.errors import EncoderError, SettingsError
from indexer.notes.note import parse_note
from indexer.records import Link, LinkKind
from indexer.render import safe, to_json
from indexer.render_markdown import answer_markdown, hit_markdown

RunCli = Callable[..., tuple[int, str, str]]
DIGITS = "9" * 5_000
WORKER = ROOT / "tests" / "faults" / "worker.py"


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
        ("query", "bread", "--more-like", "999"),
        ("query", "bread", "--less-like", "0"),
        ("query", "bread", "--more-like", "9" * 18),
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


def test_line_of_a_batch_that_is_not_utf8_says_so(
    notes: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    batch = tmp_path / "questions.jsonl"
    good = b'{"id": %d, "question": "bread"}\n'
    batch.write_bytes(b"\xef\xbb\xbf" + good % 1 + b'{"id": 2, "question": "caf\xe9"}\n' + good % 3)
    status, out, _ = run_cli("query", "--batch", str(batch), "--notes", str(notes))
    rows = [json.loads(line) for line in out.splitlines()]
    assert (status, [row["id"] for row in rows]) == (1, [1, None, 3])
    assert rows[1]["line"] == 2 and "not UTF-8" in rows[1]["error"]
    batch.write_bytes('{"id": 1, "question": "bread"}'.encode("utf-16"))
    status, _, err = run_cli("query", "--batch", str(batch), "--notes", str(notes))
    assert status == 2 and "UTF-16" in err and "hint:" in err


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices")
def test_device_without_an_end_is_no_file_of_questions(
    notes: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.evaluation.questions._MAX_STREAM_BYTES", 1 << 20)
    for arguments in (("query", "--batch", "/dev/zero"), ("eval", "/dev/zero")):
        status, _, err = run_cli(*arguments, "--notes", str(notes))
        assert status == 2 and "more than 1 MB" in err and "hint:" in err


@pytest.mark.parametrize(
    "changed",
    [
        {"question": None},
        {"question": 5},
        {"answers": "a.md"},
        {"answers": [1]},
        {"answers": [{"file": "a.md", "line_start": "1", "line_end": 2}]},
        {"answers": [{"file": 1, "line_start": 1, "line_end": 2}]},
        {"min_shared_words": "x"},
        {"neutral": 3},
        {"kind": ["x"]},
    ],
    ids=str,
)
def test_judged_question_of_other_types_is_named(
    notes: Path, run_cli: RunCli, tmp_path: Path, changed: dict[str, object]
) -> None:
    answer = {"file": "a.md", "line_start": 3, "line_end": 3}
    row: dict[str, object] = {"id": 1, "question": "bread", "answers": [answer]}
    judged = tmp_path / "judged.jsonl"
    judged.write_text(f"{json.dumps(row)}\n{json.dumps(row | changed)}\n", "utf-8")
    status, _, err = run_cli("eval", str(judged), "--notes", str(notes))
    if "kind" in changed:
        assert status == 0, err
    else:
        assert status == 2 and "judged.jsonl:2" in err and "hint:" in err


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX names")
def test_name_with_a_line_end_cannot_look_like_other_lines(
    write_notes: WriteNotes, run_cli: RunCli
) -> None:
    forged = "x\nnotepoint: error: forged\nb.md:1: skipped: forged.md"
    notes = write_notes(
        {
            forged: "---\ntitle: |\n  bread\n  forged title\n---\n\n- bread [l](gone) [[no]]\n",
            "b.md": "# Bread\n\n- more bread, see [[no]]\n",
            "bad\nforged.md": "- bread\n---\nkey: [\x07\n",
        }
    )
    run_cli("build", "--notes", str(notes))
    for arguments in (
        ("build", "--rebuild"),
        ("query", "bread"),
        ("query", "bread", "--full"),
        ("query", "bread", "--explain"),
        ("similar", "b.md"),
        ("links",),
        ("dump",),
        ("status",),
        ("similar", "y\nforged"),
    ):
        _, out, err = run_cli(*arguments, "--notes", str(notes))
        lines = (out + err).splitlines()
        assert not [
            one for one in lines if one.lstrip().startswith(("forged", "notepoint: error: f"))
        ]
        assert not [one for one in lines if one.startswith("b.md:1: skipped")], arguments


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8")
def test_notes_below_a_folder_whose_name_is_not_utf8(tmp_path: Path, run_cli: RunCli) -> None:
    notes = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    notes.mkdir()
    (notes / "a.md").write_text("- bread wants time\n")
    for arguments in (
        ("build",),
        ("query", "bread"),
        ("check",),
        ("status",),
        ("build", "--rebuild"),
    ):
        status, out, err = run_cli(*arguments, "--notes", str(notes))
        assert status == 0, (arguments, err)
        assert "\\xe9" in out or arguments != ("status",)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8")
def test_cache_whose_name_is_not_utf8_is_one_message(tmp_path: Path) -> None:
    recipe = find_recipe("all-MiniLM-L6-v2")
    assert recipe is not None
    with pytest.raises(EncoderError, match="not UTF-8") as refused:
        opening._convert(recipe, tmp_path, tmp_path / "caf\udce9")
    assert "NOTEPOINT_CACHE" in (refused.value.hint or "")


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8")
def test_index_is_exported_to_a_folder_whose_name_is_not_utf8(
    notes: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    assert run_cli("export", folder, "--notes", str(notes))[0] == 0
    other = str(tmp_path / "other")
    assert run_cli("import", folder, "--notes", str(notes), "--store", other)[0] == 0


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX systems")
@pytest.mark.parametrize("command", ["query bread", "status", "links", "dump", "check", "--help"])
def test_output_that_cannot_be_written_is_one_message(notes: Path, command: str) -> None:
    arguments = command.split() + ([] if command == "--help" else ["--notes", str(notes)])
    done = subprocess.run(
        [sys.executable, str(WORKER), *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        stdout=os.open(os.devnull, os.O_RDONLY),
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("notepoint: error: ") == 1 and "bad file descriptor" in done.stderr


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

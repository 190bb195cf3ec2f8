"""Notes open in the reader's own editor, at the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.commands.editor import editor_command, open_in_editor
from indexer.errors import SettingsError

PATH = Path("/notes/a b.md")


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vim", ["vim", "+7", "/notes/a b.md"]),
        ("/usr/bin/nano -w", ["/usr/bin/nano", "-w", "+7", "/notes/a b.md"]),
        ("code --wait", ["code", "--wait", "--goto", "/notes/a b.md:7"]),
        ("unknown-editor", ["unknown-editor", "/notes/a b.md"]),
    ],
)
def test_known_editors_are_told_the_line(
    monkeypatch: pytest.MonkeyPatch, editor: str, expected: list[str]
) -> None:
    monkeypatch.setenv("EDITOR", editor)
    assert editor_command("", PATH, 7) == expected


def test_visual_comes_before_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "emacs")
    monkeypatch.setenv("EDITOR", "vi")
    assert editor_command("", PATH, 7)[0] == "emacs"


def test_own_template_is_filled_in() -> None:
    assert editor_command("zed {path}:{line}", PATH, 7) == ["zed", "/notes/a b.md:7"]


def test_name_of_a_note_cannot_add_words() -> None:
    assert editor_command("vi {path}", Path("$(touch x); y.md"), 1) == ["vi", "$(touch x); y.md"]


def test_without_editor_there_is_a_cure() -> None:
    with pytest.raises(SettingsError) as caught:
        editor_command("", PATH, 7)
    assert "EDITOR" in (caught.value.hint or "")


def test_missing_editor_is_an_error() -> None:
    with pytest.raises(SettingsError, match="cannot be started"):
        open_in_editor("no-such-editor-here {path}", PATH, 1)


def test_status_of_the_editor_comes_back() -> None:
    assert open_in_editor("false {path}", PATH, 1) == 1

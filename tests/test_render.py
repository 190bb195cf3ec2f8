"""How answers look, and that notes cannot steer a terminal."""

from __future__ import annotations

import pytest

from indexer.records import Hit
from indexer.render import hits_text, safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "plain caf\N{LATIN SMALL LETTER E WITH ACUTE}",
            "plain caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        ),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\tb\nc", "a b\nc"),
        ("\u202etxt.exe", "\\x202etxt.exe"),
        ("\ud800", "\\ud800"),
        ("\r", "\\x0d"),
    ],
)
def test_steering_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_marks_become_styles() -> None:
    marks = ((0, 17, "meaning"), (3, 13, "word"))
    hit = Hit(
        1,
        1,
        "a.md",
        "A",
        None,
        (),
        (),
        (),
        (),
        1,
        1,
        "",
        "no discussion yet",
        marks,
        0.5,
        0.5,
        0.5,
        (),
    )
    text = hits_text([hit])
    assert "\x1b[1m\x1b[4mdiscussion\x1b[0m" in text
    assert "\x1b[4mno \x1b[0m" in text

"""Tags in text, and texts that only look like tags."""

from __future__ import annotations

import pytest

from indexer.notes.markdown.reader import read_blocks


def tags(text: str) -> list[str]:
    return read_blocks(text).tags


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Off the coast #sailing and #gear/ropes.\n", ["sailing", "gear/ropes"]),
        ("- [ ] varnish #todo\n", ["todo"]),
        ("# Log #summer\n", ["summer"]),
        ("| a | b |\n|---|---|\n| x #one | #two |\n", ["one", "two"]),
        ("> quoted (#deep)\n", ["deep"]),
        ("#日本語 #büro #नौका #кухня #🚀\n", ["日本語", "büro", "नौका", "кухня", "🚀"]),
        ("#[[slow food]] and #2024-plans, #a_b\n", ["slow food", "2024-plans", "a_b"]),
        ("**#bold** *#slanted*\n", ["bold", "slanted"]),
        ("#trailing/ #dash- #comma, #dot.\n", ["trailing", "dash", "comma", "dot"]),
    ],
)
def test_tag(text: str, found: list[str]) -> None:
    assert tags(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "see issue #42 and PR#7\n",
        "colour #ff0000, #09f, #FFF and #000000\n",
        "https://example.org/page#section and https://example.org/#top\n",
        "[a](b.md#part) [[note#Heading]] [[#Here]]\n",
        "`#code`\n",
        "```sh\n#comment\n```\n",
        "    #indented\n",
        "\\#escaped\n",
        "C# and F#, the # sign, ##\n",
        "a&#39;b\n",
        "<!-- #hidden -->\n",
        "## Tides {#tides}\n\n[rope]{#rope .thick}\n",
        '### Sails { #sails data-label="Sails" }\n',
    ],
)
def test_no_tag(text: str) -> None:
    assert tags(text) == []


def test_tag_stays_in_the_text() -> None:
    assert read_blocks("Bought film. #cameras\n").blocks[0].text == "Bought film. #cameras"

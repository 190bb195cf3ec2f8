"""The index of a hostile note stays within 30 times the note and 100 KB."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer import Notebook
from tests.fakes import FakeEncoder

NOTE_BYTES = 100_000
WORDS = "amber bridge cedar drift ember fjord grove harbor inlet juniper kelp lantern".split()


def sentence(words: int, seed: int = 0) -> str:
    return " ".join(WORDS[(seed * 7 + i * i + i) % len(WORDS)] for i in range(words))


def six_headings() -> str:
    return "".join(f"{'#' * level} {sentence(45, level)}\n\n" for level in range(1, 7))


def nested(depth: int) -> str:
    return "".join("  " * level + f"- {sentence(30, level)}\n" for level in range(depth))


# The beginning of a note, and what is repeated after it; `{}` is a number.
SHAPES = {
    "heading of half a note": ("# " + sentence(8_000) + "\n\n", "- alpha beta\n"),
    "six long headings": (six_headings(), "- alpha beta\n"),
    "paragraphs above hyphens": ("", sentence(60) + "\n---\n\n- one\n- two\n- three\n\n"),
    "long item above many": (f"- {sentence(30)}\n", "  - yes\n"),
    "long line above a list": (f"{sentence(14)}:\n\n", "- yes\n"),
    "deep list": (nested(80), "  " * 80 + "- x{}\n"),
    "title of a callout": (f"> [!note] {sentence(30)}\n", "> - yes\n"),
    "containers in containers": (
        "".join(f"<details><summary>{sentence(30, i)}</summary>\n\n" for i in range(30)),
        "- x{}\n",
    ),
    "components in components": (
        "".join(f'<Card title="{sentence(30, i)}">\n\n' for i in range(60)),
        "- x{}\n",
    ),
    "equal items": ("", "- a\n"),
    "equal headings without words": ("", "word\n---\n"),
    "equal links": ("", "- [a](b)\n"),
    "blocks with names": ("", "- a ^id{}\n"),
    "links": ("", "- [a](b{})\n"),
    "wikilinks": ("", "[[n{}]] "),
    "tags": ("", "#tag{}\n"),
    "tags of the head": ("---\ntags: [", "t{}, "),
    "names of the head": (f"---\naliases: [{sentence(2_000)}]\n---\n\n", "- alpha beta\n"),
    "title of the head": (f"---\ntitle: {sentence(300)}\n---\n\n", "- {}\n"),
    "title, names, headings and an item": (
        f"---\ntitle: {sentence(40)}\n"
        f"aliases: [{', '.join(sentence(3, i) for i in range(40))}]\n---\n"
        f"{six_headings()}- {sentence(40)}\n",
        "  - x{}\n",
    ),
    "many names": (f"---\naliases: [{', '.join(f'n{i}' for i in range(3_000))}]\n---\n", "- one\n"),
    "a heading for each item": ("", f"# {sentence(40)} {{}}\n\n- a\n\n"),
    "prose": ("", sentence(30) + " {}.\n\n"),
}


def build(folder: Path, text: str) -> int:
    """Return the bytes of the index of one note."""
    notes, index = folder / "notes", folder / "index"
    notes.mkdir()
    (notes / "a.md").write_text(text)
    notebook = Notebook(str(notes), store=str(index), encoder=FakeEncoder(dimension=384))
    notebook.build()
    notebook.close()
    return sum(file.stat().st_size for file in index.iterdir())


@pytest.mark.parametrize("shape", SHAPES)
def test_index_is_at_most_thirty_times_the_note(tmp_path: Path, shape: str) -> None:
    begin, repeated = SHAPES[shape]
    times = (NOTE_BYTES - len(begin)) // len(repeated)
    note = begin + "".join(repeated.replace("{}", str(number)) for number in range(times))
    assert build(tmp_path, note) <= 30 * len(note.encode()) + 100_000


def test_index_of_one_word_is_small(tmp_path: Path) -> None:
    assert build(tmp_path, "- hello\n") < 100_000


# Short points that all differ: `{}` is a number, `{b}` three letters.
SHORT = {
    "items": ("", "- {}\n"),
    "letters": ("", "- {b}\n"),
    "words": ("", "- x{} y{}\n"),
    "sentences": ("", "- alpha beta gamma delta {}\n"),
    "forty bytes": ("", "- alpha beta gamma delta epsilon {}\n"),
    "sixty bytes": ("", "- alpha beta gamma delta epsilon zeta eta theta iota {}\n"),
    "paragraphs": ("", "w{}\n\n"),
    "rows": ("| a | b |\n|-|-|\n", "| {} | a |\n"),
    "rows without bars": ("a|b\n-|-\n", "{}|{b}\n"),
    "rows below a long header": (f"| {sentence(400)} |\n|-|\n", "|a{}|\n"),
    "headings": ("", "# h{}\n\n"),
    "headings with a word": ("", "# h{}\n\nw{}\n\n"),
    "items in items": ("", "- a{}\n  - b{}\n"),
    "items below six headings": (six_headings(), "- x{}\n"),
    "numbered items": ("", "1. {}\n"),
    "tasks": ("", "- [ ] t{}\n"),
    "quotes": ("", "> q{}\n\n"),
    "callouts": ("", "> [!note] c{}\n> d{}\n\n"),
    "definitions": ("", "a{}\n: b{}\n\n"),
    "code": ("", "```\nc{}\n```\n\n"),
    "links": ("", "- [a{}](b{}.md)\n"),
    "wikilinks": ("", "- [[n{}]]\n"),
    "pictures": ("", "![a{}](b{}.png)\n\n"),
    "addresses": ("", "- http://a.b/{}\n"),
    "tags": ("", "- #t{}\n"),
    "fields": ("", "k{}:: v{}\n\n"),
    "front matter": ("---\naliases:\n", "  - t{}\n"),
    "footnotes": ("", "x[^{}]\n\n[^{}]: y{}\n\n"),
    "formulas": ("", "$x_{}$\n\n"),
    "Chinese": ("", "- 漢{}字\n"),
    "Chinese below headings": (f"# {'漢字' * 100}\n\n## {'仮名' * 100}\n\n", "- 漢{}字\n"),
    "Cyrillic": ("", "- слово{}\n"),
    "emoji": ("", "- 🌍{}\n"),
    "letters of one word each": ("", "- {b} a b c d e f g h i j k l m n o p q r s t u v w {}\n"),
}


# The others take half a minute together.
QUICK = {"items", "sixty bytes", "rows", "headings with a word", "wikilinks", "Cyrillic"}


@pytest.mark.parametrize(
    "shape",
    [pytest.param(shape, marks=[] if shape in QUICK else pytest.mark.slow) for shape in SHORT],
)
def test_index_of_short_points_is_at_most_thirty_times_the_note(tmp_path: Path, shape: str) -> None:
    begin, repeated = SHORT[shape]
    note = begin
    for number in range(50_000):
        if len(note) >= 80_000:
            break
        letters = "".join(chr(97 + number // 26**place % 26) for place in range(3))
        note += repeated.replace("{}", str(number)).replace("{b}", letters)
    note += "---\nx\n" if begin.startswith("---") else ""
    assert build(tmp_path, note) <= 30 * len(note.encode()) + 100_000

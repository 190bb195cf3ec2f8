"""How many typos are corrected, and how many words that the notes just lack are read as others.

    python benchmarks/typos.py NOTES NOTES [NOTES ...] [--words 400] [--chars 4]

Words of each folder of notes are mistyped by one letter (left out, swapped with the next, replaced,
put in), neither the first nor the last; counted are those that neither notes nor encoder know. Then
the words of the next folder are asked, as they are, of this one. With ``--chars`` it is words of so
many letters alone.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from indexer.notebook import Notebook  # noqa: E402
from indexer.retrieval.question import read_question  # noqa: E402
from indexer.store.opening import open_store  # noqa: E402
from indexer.store.protocol import View  # noqa: E402
from indexer.text.terms import is_stop_word, terms_of, words_of  # noqa: E402

_MIN_CHARS = 5
_LETTERS = "aeiortnslc"


def mistype(word: str, draw: random.Random) -> str:
    """Return a word with one letter wrong."""
    place, letter = draw.randrange(1, len(word) - 1), draw.choice(_LETTERS)
    before, at, after = word[:place], word[place], word[place + 1 :]
    match draw.choice(("left out", "swapped", "replaced", "put in")):
        case "left out":
            return before + after
        case "swapped":
            return before + after[0] + at + after[1:]
        case "replaced":
            return before + letter + after
        case _:
            return before + letter + at + after


def words_in(view: View, chars: int | None) -> list[str]:
    """Return the words of the points, in lower case, without stop words.

    :param view: of the index.
    :param chars: of how many letters; None for all but the shortest.
    """
    texts = (p.point.text for note in view.notes() for p in view.points_of(note.note_id))
    words = {text[start:end].lower() for text in texts for start, end, _ in words_of(text)}
    return sorted(
        word
        for word in words
        if (len(word) >= _MIN_CHARS if chars is None else len(word) == chars)
        and word.isalpha()
        and word.isascii()
        and not is_stop_word(word)
    )


def read_as(word: str, view: View, notebook: Notebook) -> str | None:
    """Return what a word is read as, "" where it stays, None where it is known."""
    known = view.term_counts(set(terms_of(word)))
    if known or notebook.encoder.count_tokens([word])[0] < 2:
        return None
    reads = read_question(word, view, notebook.encoder).reads
    return reads[0][1] if reads else ""


def main() -> None:
    """Measure and print a line for each folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", nargs="+", type=Path)
    parser.add_argument("--words", type=int, default=400)
    parser.add_argument("--chars", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as stores:
        opened = []
        for number, notes in enumerate(options.notes):
            notebook = Notebook(notes, store=f"{stores}/{number}")
            notebook.build(force=True)
            store = open_store(f"{stores}/{number}", read_only=True)
            with store.view() as view:
                opened.append((notes.name, notebook, store, words_in(view, options.chars)))
        for number, (name, notebook, store, words) in enumerate(opened):
            draw = random.Random(3)
            typos = corrected = wrong = 0
            lacking: list[str] = []
            with store.view() as view:
                for word in draw.sample(words, min(options.words, len(words))):
                    found = read_as(mistype(word, draw), view, notebook)
                    typos += found is not None
                    meant = bool(found) and not {*terms_of(found or "")}.isdisjoint(terms_of(word))
                    corrected += meant
                    wrong += bool(found) and not meant
                other, *_, strange = opened[(number + 1) % len(opened)]
                lacking = [
                    found
                    for word in strange
                    if (found := read_as(word, view, notebook)) is not None
                ]
            misread, of = sum(map(bool, lacking)), max(1, typos)
            print(
                f"{name}: of {typos} typos {corrected / of:.3f} corrected, {wrong / of:.3f} "
                f"read as another word; of {len(lacking)} words of {other} it lacks "
                f"{misread / max(1, len(lacking)):.3f} read as another"
            )


if __name__ == "__main__":
    main()

"""Search by words while the first index is built."""

from __future__ import annotations

import time

from conftest import WriteNotes
from patience import PATIENCE_S

from indexer.notes.folder import NotesFolder
from indexer.web.first_words import FirstWords, rows_of

NOTES = {
    "bees.md": "# Bees\n\n- a swarm leaves in May\n- honey is taken in July, and again later\n",
    "bread.md": "---\ntitle: Bread\ntags: [honey]\n---\n# Dough\n\n- flour and water\n",
    "bad.md": "\0" * 100,
}


def read_all(words: FirstWords, count: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while words.notes < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_points_are_found_by_their_words_and_a_bad_file_stops_nothing(
    write_notes: WriteNotes,
) -> None:
    words = FirstWords(NotesFolder(write_notes(NOTES), 10**6))
    read_all(words, 2)
    rows = rows_of(words.find("when is the honey taken?", 5), "when is the honey taken?")
    assert rows[0]["place"] == "bees.md:4"
    marked = [rows[0]["text"][start:end] for start, end, _ in rows[0]["marks"]]
    assert marked == ["honey", "taken"]
    assert words.find("zebra", 5) == []
    note = words.note("bread.md")
    assert note is not None
    assert note.tags == ("honey",)
    assert words.note("../etc/passwd") is None


def test_headings_find_the_points_below_them(write_notes: WriteNotes) -> None:
    words = FirstWords(NotesFolder(write_notes(NOTES), 10**6))
    read_all(words, 2)
    found = words.find("dough", 5)
    assert (found[0].note.note_id, found[0].point.text) == ("bread.md", "flour and water")
    words.close()

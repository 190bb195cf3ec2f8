"""The names of a note among the search terms of its points."""

from __future__ import annotations

from indexer.records import BlockKind, Point
from indexer.store.point_words import words_of_point

# No word of it is inflected.
TITLE = (
    " ".join(f"{letter}oat" for letter in "bcdfghjklmnpqrtvwxyz") + " arm bag cup dot elm fig gum"
)


def context_of(*path: str) -> list[str]:
    point = Point("an oar", BlockKind.ITEM, 1, 1, path)
    return words_of_point(point, (TITLE, "the ferry", "n1"), ())[1]


def test_points_have_the_names_of_their_note() -> None:
    found = context_of("Harbour")
    assert {"boat", "ferri", "n1", "harbour"} <= set(found)


def test_a_long_title_counts_with_its_first_words() -> None:
    found = context_of("Harbour")
    assert "dot" in found and "elm" not in found


def test_headings_of_a_few_letters_leave_room_for_fewer_names() -> None:
    found = context_of("Harb…")
    assert "hoat" in found and "joat" not in found and "ferri" not in found

"""Answers and notes to what the page's elements are fed with; knows no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from indexer.notes.rendering import place_of
from indexer.records import Answer, Hit, Link

# How near a cosine is, in words. Of 103 right points among the first ten hits of the public
# questions three in four have .40 and 19 in 20 have .29; of 1,267 wrong ones one in ten has .42.
_CLOSE, _FAIR = 0.4, 0.3


def place_of_hit(hit: Hit) -> str:
    """Return how the address of the page names a hit: its note and its first line."""
    return plain(f"{hit.note_id}:{hit.line_start}")


def card_of(hit: Hit) -> dict[str, Any]:
    """Return what a card shows of a hit."""
    headings = [part for part in hit.heading_path if part.casefold() != hit.title.casefold()]
    return {
        "place": place_of_hit(hit),
        "path": [hit.title, *headings],
        "parents": list(hit.parents),
        "snippet": hit.snippet,
        "marks": [list(mark) for mark in hit.marks],
        "why": why_of(hit),
        "tags": list(hit.tags),
        "links": [link_of(link) for link in hit.links],
    }


def why_of(hit: Hit) -> list[str]:
    """Return in plain words why a hit is here, and when its note is from."""
    words = dict.fromkeys(
        hit.snippet[start:end].casefold() for start, end, kind in hit.marks if kind == "word"
    )
    reasons = [f"words: {', '.join(words)}"] if words else []
    if hit.cosine is not None:
        level = "close" if hit.cosine >= _CLOSE else "fair" if hit.cosine >= _FAIR else "far"
        reasons.append(f"meaning: {level}")
    return [*reasons, hit.date] if hit.date else reasons


def link_of(link: Link) -> dict[str, Any]:
    """Return what a card shows of a link; one that leads nowhere has no address."""
    found = place_of(link)
    return {"text": link.text, "href": found.href, "place": found.place, "note": bool(found.place)}


def summary_of(answer: Answer) -> str:
    """Return how much was found, in words."""
    notes = _count(len({hit.note_id for hit in answer.hits}), "note")
    return f"{_count(len(answer.hits), 'point')} in {notes}"


def split_lines(place: str, hits: Sequence[Hit]) -> tuple[int, int]:
    """Return the lines to mark for a place of the address: those of the hit, or the one named."""
    for hit in hits:
        if place_of_hit(hit) == place:
            return hit.line_start, hit.line_end
    line = place.rpartition(":")[2]
    return (int(line), int(line)) if line.isdecimal() else (0, 0)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def plain(text: str) -> str:
    """Return a text that can be sent: names that are no UTF-8 lose what cannot be shown."""
    return text.encode("utf-8", "replace").decode("utf-8")

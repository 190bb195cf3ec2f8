"""Passages: the printed form of text from notes, for readers who pay for each token.

A passage has a place, headings and text. Notes are not trusted: control characters are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from indexer.records import Hit, Link, Place
from indexer.render import exact_in_line, in_line, safe

_MAX_HEADING_CHARS = 60
_MAX_HEADINGS = 5
_MAX_LINKS, _MAX_LINK_CHARS, _MAX_TARGET_CHARS = 20, 100, 500


class Passage(NamedTuple):
    """The printed form of a unit of an answer, or of a single hit.

    ``path`` holds the title of the note and the context of the passage, outermost first. ``cut`` is
    True if words are missing from ``text``. ``points`` are the ids of its points.
    """

    note_id: str
    line_start: int
    line_end: int
    path: tuple[str, ...]
    text: str
    links: tuple[Link, ...] = ()
    cut: bool = False
    points: frozenset[int] = frozenset()

    @property
    def lines(self) -> str:
        """Its lines: "14" or "14-20"."""
        if self.line_end == self.line_start:
            return f"{self.line_start}"
        return f"{self.line_start}-{self.line_end}"

    @property
    def place(self) -> str:
        """The note with its lines, in the form other commands and tools accept."""
        return f"{self.note_id}:{self.lines}"


def passage_of(hit: Hit, links: bool) -> Passage:
    """Return a hit as a passage.

    :param hit: the point.
    :param links: True to print its links.
    """
    headings = (h for h in hit.heading_path if h.casefold() != hit.title.casefold())
    return Passage(
        note_id=hit.note_id,
        line_start=hit.line_start,
        line_end=hit.line_end,
        path=(hit.title, *headings, *hit.parents),
        text=hit.text,
        links=_short_links(hit.links) if links else (),
        points=frozenset((hit.point_id,)),
    )


def passage_of_place(place: Place, hits: Sequence[Hit], links: bool) -> Passage:
    """Return a unit, or one of its places, with the context of its start and links of its hits.

    Each line of the text is a point, indented below its list item. A line with the new headings
    marks each change of headings.

    :param place: the unit.
    :param hits: of the answer.
    :param links: True to print the links of the hits in the unit.
    """
    # A heading that is a point may begin a section, whose points have a longer path.
    above = max(place.heading_path, place.points[0].heading_path, key=len)
    headings = [h for h in above if h.casefold() != place.title.casefold()]
    depth = min(point.depth for point in place.points)
    lines: list[str] = []
    for number, point in enumerate(place.points):
        if number:
            begun = point.heading_path[_shared(point.heading_path, above) :]
            lines += [f"# {' > '.join(begun)}"] if begun else []
            above = point.heading_path
        if point.text in _headings_below(place, number):
            above = (*point.heading_path, point.text)
        indent = "  " * (point.depth - depth)
        lines += [indent + line for line in point.text.split("\n")]
    ids = frozenset(point.point_id for point in place.points)
    own = [hit for hit in hits if hit.point_id in ids] if links else []
    return Passage(
        note_id=place.note_id,
        line_start=place.line_start,
        line_end=place.line_end,
        path=(place.title, *headings, *place.parents),
        text="\n".join(lines),
        links=_short_links([link for hit in own for link in hit.links]),
        points=ids,
    )


def _headings_below(place: Place, number: int) -> tuple[str, ...]:
    """Return the headings of the next point that this point does not have."""
    following = place.points[number + 1 : number + 2]
    return following[0].heading_path[len(place.points[number].heading_path) :] if following else ()


def passages_lines(passages: Sequence[Passage], *, brief: bool = False) -> Iterator[str]:
    """Yield passages line by line, each after an empty line.

    :param passages: in printing order.
    :param brief: True to begin a passage that follows one of the same note with only ":lines" and
        its new headings.
    """
    before: Passage | None = None
    for passage in passages:
        yield ""
        above = short_headings(passage)
        place = exact_in_line(passage.place)
        if brief and before and before.note_id == passage.note_id:
            place = f":{passage.lines}"
            above = above[_shared(above, short_headings(before)) :]
        more = " (shortened)" if passage.cut else ""
        yield f"{place}  {' > '.join(above)}{more}".rstrip()
        yield from safe(passage.text).split("\n")
        for link in passage.links:
            state = "" if link.ok else " (leads nowhere)"
            yield f"-> {in_line(link.text)}: {exact_in_line(link.to or link.target)}{state}"
        before = passage


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the number of headings that two paths share at their start."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def passage_json(passage: Passage) -> dict[str, Any]:
    """Return a passage as JSON; empty fields are left out."""
    values: dict[str, Any] = {
        "at": exact_in_line(passage.place),
        "path": list(short_headings(passage)),
        "text": sendable(passage.text),
    }
    if passage.cut:
        values["cut"] = True
    if passage.links:
        values["links"] = [
            {
                "text": sendable(link.text),
                "to": exact_in_line(link.to or link.target),
                "ok": link.ok,
            }
            for link in passage.links
        ]
    return values


def short_headings(passage: Passage) -> tuple[str, ...]:
    """Return the title and the nearest context of a passage, each shortened."""
    path = passage.path
    if len(path) > _MAX_HEADINGS:
        path = (path[0], *path[-_MAX_HEADINGS + 1 :])
    return tuple(shorten(" ".join(safe(part).split()), _MAX_HEADING_CHARS) for part in path)


def _short_links(links: Sequence[Link]) -> tuple[Link, ...]:
    """Return the first links, each once and shortened."""
    return tuple(
        link._replace(
            text=shorten(link.text, _MAX_LINK_CHARS), target=shorten(link.target, _MAX_TARGET_CHARS)
        )
        for link in list(dict.fromkeys(links))[:_MAX_LINKS]
    )


def shorten(text: str, most: int) -> str:
    """Return a text cut to a number of characters, with an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def sendable(text: str) -> str:
    """Return a text that can be encoded as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")

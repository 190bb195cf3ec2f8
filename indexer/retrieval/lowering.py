"""What names or sums up something falls below text that says something of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from indexer.records import BlockKind, Link, LinkKind
from indexer.store.records import StoredPoint

# Costs against text as good; chosen on the mined folders (benchmarks/QUALITY.md).
_PROPERTIES_COST = 0.3
_DESCRIPTION_COST = 0.2
_POINTER_COST = 0.3
_POINTER_CHARS = 200  # longer text says something itself
_SEEN_OF_A_VALUE = 200  # characters of a property that a store keeps


def lower_names(
    scores: Mapping[int, float],
    points: Mapping[int, StoredPoint],
    links_in: Callable[[Collection[int]], Mapping[int, Sequence[Link]]],
) -> dict[int, float]:
    """Return scores after all rules of this module.

    :param scores: point id to score.
    :param points: the records of all of them.
    :param links_in: point ids to their links.
    """
    links = links_in([i for i, stored in points.items() if may_be_pointer(stored)])
    return lower_pointers(lower_properties(scores, points), points, links)


def lower_properties(
    scores: Mapping[int, float], points: Mapping[int, StoredPoint]
) -> dict[int, float]:
    """Return scores with the front matter of notes below text that says nearly as much.

    A description repeats in short what the note says at length.

    :param scores: point id to score.
    :param points: the records of all of them.
    """
    return {i: score - _front_matter_cost(points[i]) for i, score in scores.items()}


def _front_matter_cost(stored: StoredPoint) -> float:
    point = stored.point
    if point.kind is BlockKind.PROPERTIES:
        return _PROPERTIES_COST
    if point.kind is not BlockKind.PARAGRAPH or point.heading_path:
        return 0.0
    text = point.text[:_SEEN_OF_A_VALUE]
    return _DESCRIPTION_COST if any(value == text for _, value in stored.note.properties) else 0.0


def lower_pointers(
    scores: Mapping[int, float],
    points: Mapping[int, StoredPoint],
    links: Mapping[int, Sequence[Link]],
) -> dict[int, float]:
    """Return scores with lines that only lead elsewhere in the notes below what is there.

    An entry of a table of contents has the words of the question for being the name of a section.
    A line with a web address stays: it may be what is asked for.

    :param scores: point id to score.
    :param points: the records of all of them.
    :param links: of the points that may be such lines, see ``may_be_pointer``.
    """
    pointers = {i for i, own in links.items() if _is_pointer(points[i].point.text, own)}
    return {i: score - (_POINTER_COST if i in pointers else 0.0) for i, score in scores.items()}


def may_be_pointer(stored: StoredPoint) -> bool:
    """Return whether a point is short enough to be nothing but a link."""
    return len(stored.point.text) <= _POINTER_CHARS


def _is_pointer(text: str, links: Sequence[Link]) -> bool:
    if any(link.kind is LinkKind.URL for link in links):
        return False
    words = _plain(text)
    return words == _plain(" ".join(link.text for link in links)) if words else False


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(" .:;").casefold()

"""Find the part of a note that a question asks for by name, kind or side."""

from __future__ import annotations

from indexer.retrieval.sizing.aspects import aspect_part
from indexer.retrieval.sizing.counted_parts import counted_part
from indexer.retrieval.sizing.exact_parts import exact_part
from indexer.retrieval.sizing.link_lists import link_list
from indexer.retrieval.sizing.named_parts import named_part, section_list
from indexer.retrieval.sizing.opinions import opinion_part
from indexer.retrieval.sizing.parts import Around, Part

# The first one that finds something is used.
_FINDERS = (
    ("a list of links", link_list),
    ("a side of an opinion", opinion_part),
    ("the list of a section", section_list),
    ("a part by its number", counted_part),
    ("a note or section", named_part),
    ("a note, section or list by its whole name", exact_part),
    ("a list by a usual label", aspect_part),
)


def find_part(around: Around) -> Part | None:
    """Return the part of a note that a question asks for, None if the ranking decides.

    :param around: the question, the index and the ranking.
    """
    if around.query.allowed or not around.ranking.order:
        return None
    found = ((rule, finder(around)) for rule, finder in _FINDERS)
    return next((part._replace(rule=rule) for rule, part in found if part is not None), None)

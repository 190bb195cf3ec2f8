"""A question to the part of a note that it asks for, if it asks for one by name, kind or side."""

from __future__ import annotations

from indexer.retrieval.link_lists import link_list
from indexer.retrieval.named_parts import named_part, section_list
from indexer.retrieval.opinions import opinion_part
from indexer.retrieval.parts import Around, Part

# The first that finds something counts.
_FINDERS = (link_list, opinion_part, section_list, named_part)


def find_part(around: Around) -> Part | None:
    """Return the part of a note that a question asks for, None where the ranking decides.

    :param around: the question, the index and what was ranked.
    """
    if around.query.allowed or not around.ranking.order:
        return None
    return next((part for finder in _FINDERS if (part := finder(around)) is not None), None)

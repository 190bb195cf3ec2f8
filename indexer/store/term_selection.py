"""Choose the terms of a question that find points, and those that score them.

Full-text search takes longer the more often a term occurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Terms in more than this share of the points take the most time and say the least.
_COMMON_SHARE = 0.2
_MIN_COMMON = 200


_MAX_QUERY_TERMS = 64
# Finding points by BM25 scores every occurrence of a term, at 1.3 us each; scoring given points
# takes a tenth of that (benchmarks/HISTORY.md). So the rarest terms are used, up to the first
# number of occurrences in total. If they find too few points, one more term is used with up to the
# second number of occurrences (in a large index: a fiftieth of the points).
_FIND_PLACES = 5_000, 10_000
_FIND_PART = 50


_RATE_PLACES = 50_000, 50_000
_ENOUGH_PLACES = 200


class ChosenTerms(NamedTuple):
    """The terms that find points, and the terms that score them (a superset).

    ``common`` is True if every term occurs in too many points to find anything in particular,
    ``commonest`` if scoring by them would be slow as well.
    """

    find: list[str]
    rate: list[str]
    common: bool
    commonest: bool


def choose_terms(terms: Sequence[str], counts: Mapping[str, int], points: int) -> ChosenTerms:
    """Drop terms that no point has, and the most common terms if others remain.

    The rarest terms come first. Their total number of occurrences is limited, so that a search
    takes a few milliseconds.

    :param terms: of a question; repeats are kept.
    :param counts: term to the number of points it occurs in.
    :param points: number of points in the index.
    """
    limit = max(_MIN_COMMON, _COMMON_SHARE * points)
    known = [term for term in terms if counts.get(term)][:_MAX_QUERY_TERMS]
    left = [term for term in known if counts[term] <= limit] or known
    in_all, alone = _FIND_PLACES
    alone = max(alone, points // _FIND_PART)
    find = _rarest(left, counts, in_all, alone)
    rate = _rarest(left, counts, *_RATE_PLACES)
    rarest = min((counts[term] for term in find), default=0)
    return ChosenTerms(find, rate, rarest > alone, rarest > _RATE_PLACES[1])


def _rarest(terms: list[str], counts: Mapping[str, int], in_all: int, alone: int) -> list[str]:
    rarest, places = set[str](), 0
    for term in sorted(set(terms), key=lambda term: (counts[term], term)):
        many = places + counts[term] > in_all if places >= _ENOUGH_PLACES else counts[term] > alone
        if rarest and many:
            break
        places += counts[term]
        rarest.add(term)
    return [term for term in terms if term in rarest]

"""Which terms of a question find points, and which rate them.

Full-text search takes longer the more often a term occurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Terms that more than this share of the points have cost the most and say the least.
_COMMON_SHARE = 0.2
_MIN_COMMON = 200


_MAX_QUERY_TERMS = 64
# To find points by BM25 every place of a term is rated, at 1.3 us each; to rate given points takes
# a tenth of that (benchmarks/RESULTS.md). So the rarest terms are taken, up to as many places in
# all, and beyond them one of up to the second number while they have found too few; in an index of
# a million, one that a fiftieth of the points have.
_FIND_PLACES = 5_000, 10_000
_FIND_PART = 50


_RATE_PLACES = 50_000, 50_000
_ENOUGH_PLACES = 200


class ChosenTerms(NamedTuple):
    """The terms of a question to find points by, and those to rate points by, which are more.

    ``common`` says that every one stands in so many points that it finds nothing in particular,
    ``commonest`` that to rate by it would take long as well.
    """

    find: list[str]
    rate: list[str]
    common: bool
    commonest: bool


def choose_terms(terms: Sequence[str], counts: Mapping[str, int], points: int) -> ChosenTerms:
    """Leave out terms that no point has, and the commonest where others remain.

    The rarest come first, up to as many places as can be looked at in milliseconds.

    :param terms: of a question; repeats are kept.
    :param counts: term to the points it stands in.
    :param points: how many there are in all.
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

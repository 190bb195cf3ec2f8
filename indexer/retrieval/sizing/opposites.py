"""Words of opposite meaning: a list about the new flat does not answer about the old one.

The vectors of opposites are near each other, and so are their places in notes.
"""

from __future__ import annotations

from collections.abc import Collection

from indexer.text.terms import terms_of

_PAIRS = (
    "old new, former new, previous new, previous current, first last, first second, "
    "early late, before after, left right, upper lower, top bottom, inside outside, "
    "buy sell, buying selling, seller buyer, import export, upload download, hire fire, "
    "install uninstall, encrypt decrypt, encoder decoder, input output, summer winter, "
    "spring autumn, morning evening, breakfast dinner, cheap expensive, small large, small big, "
    "short long, hot cold, indoor outdoor, male female, symmetric asymmetric, supervised "
    "unsupervised, directed undirected, synchronous asynchronous, employer employee, "
    "front back, increase decrease, gain lose, winner loser, teacher student, "
    "arrival departure, outbound return, lossy lossless, online offline, public private"
)


def _opposites() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.split(", "):
        one, other = terms_of(pair)
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


_OPPOSITES = _opposites()


def is_opposite(label: Collection[str], subject: Collection[str]) -> bool:
    """Return whether a label has the opposite of a term of a question, and not that term.

    :param label: its terms.
    :param subject: terms of the question.
    """
    return any(
        not _OPPOSITES[term].isdisjoint(label) and _OPPOSITES[term].isdisjoint(subject)
        for term in subject
        if term in _OPPOSITES and term not in label
    )

"""Read dates in the page names of journals: "Mar 5th, 2024", "2024_03_05"."""

from __future__ import annotations

import datetime
import re

_MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(),
        1,
    )
}
_MONTH_FIRST = re.compile(
    r"(?:\w{3,9}, +)?([A-Za-z]{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})$"
)
_DAY_FIRST = re.compile(
    r"(?:\w{3,9}, +)?(\d{1,2})(?:st|nd|rd|th)?\.? +([A-Za-z]{3,9})\.?,? +(\d{4})$"
)
_NUMBERS = re.compile(r"(\d{4})[-_./]?(\d{2})[-_./]?(\d{2})$")


def iso_date(name: str) -> str | None:
    """Return the date of a name as ``2024-03-05``, None if the name is not just a date.

    :param name: year, month and day in digits, or with the English name of the month.
    """
    name = name.strip()
    if found := _NUMBERS.match(name):
        return _valid(*found.groups())
    if found := _MONTH_FIRST.match(name):
        return _valid(found.group(3), _month(found.group(1)), found.group(2))
    if found := _DAY_FIRST.match(name):
        return _valid(found.group(3), _month(found.group(2)), found.group(1))
    return None


def _month(name: str) -> str:
    return str(_MONTHS.get(name[:3].lower(), 0))


def _valid(year: str, month: str, day: str) -> str | None:
    try:
        return datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None

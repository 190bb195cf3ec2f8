"""Dates as people write them: in properties, in file names, and in questions about time."""

from __future__ import annotations

import calendar
import datetime
import re
import unicodedata
from pathlib import PurePosixPath
from typing import NamedTuple


class Span(NamedTuple):
    """The first and the last day of a date: a day, a week, a month or a year."""

    first: datetime.date
    last: datetime.date


_YEARS = range(1800, 2200)
_MONTH_NAMES = (
    "january januar janvier enero gennaio janeiro januari января styczen stycznia",
    "february februar fevrier febrero febbraio fevereiro februari февраля luty lutego",
    "march marz maerz mars marzo marco maart марта marzec marca",
    "april avril abril aprile апреля kwiecien kwietnia",
    "may mai mayo maggio maio mei maj мая maja",
    "june juni juin junio giugno junho июня czerwiec czerwca",
    "july juli juillet julio luglio julho июля lipiec lipca",
    "august aout agosto augustus augusti августа sierpien sierpnia",
    "september septembre septiembre settembre setembro сентября wrzesien wrzesnia",
    "october oktober octobre octubre ottobre outubro октября pazdziernik pazdziernika",
    "november novembre noviembre novembro ноября listopad listopada",
    "december dezember decembre diciembre dicembre dezembro декабря grudzien grudnia",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_WEEKDAYS = tuple("monday tuesday wednesday thursday friday saturday sunday".split())
# Words that a written date may contain in addition to a month, a day and a year.
_FILLERS = frozenset(
    "de del of the on le den st nd rd th er "
    "mon tue tues wed thu thur thurs fri sat sun mo di mi do fr sa so "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag "
    "lundi mardi mercredi jeudi vendredi samedi dimanche "
    "lunes martes miercoles jueves viernes sabado domingo "
    "lunedi martedi mercoledi giovedi venerdi domenica".split()
) | frozenset(_WEEKDAYS)
_TIME_WORDS = frozenset("am pm a p m t z utc gmt cet cest est edt pst pdt um at uhr h".split())

_TIME = re.compile(r"[ T_,]+(\d{1,2}):(\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})([-/._ ]?)(\d{1,2})\2(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T_-]?(\d{2})(\d{2})(?:\d{2}(?:\d{3})?)?)?(?!\d)")
_KOREAN = re.compile(r"(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.?(?!\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})(?!\d)")
_UNSURE = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})(?!\d)")
_EAST_ASIAN = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]?")
_EPOCH = re.compile(r"(1\d{9})(\d{3})?(?:\.\d+)?$")
_YEAR = re.compile(r"(\d{4})$")
_MONTH = re.compile(r"(\d{4})[-/._](\d{1,2})$")
_WEEK = re.compile(r"(\d{4})[-/._ ]?W(\d{1,2})(?:[-/._](\d))?$", re.IGNORECASE)
_QUARTER = re.compile(r"(\d{4})[-/._ ]?Q([1-4])$", re.IGNORECASE)
_WORDS = re.compile(r"\d+|[^\W\d_]+")

_YEAR_FIRST_FORMS = ((_YEAR_FIRST, (1, 3, 4)), (_EAST_ASIAN, (1, 2, 3)), (_KOREAN, (1, 2, 3)))

_IN_NAME = (
    re.compile(r"(?<!\d)(?P<y>\d{4})(?P<s>[-_. ])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:[T_-]?\d{4}(?:\d{2})?)?(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{2})[-_ ]?(?P<m>\d{2})[-_ ]?(?P<y>\d{4})(?!\d)"),
)
_WRITTEN_IN_NAME = re.compile(
    r"(?<!\d)(?:\d{1,2}\.?(?:st|nd|rd|th)?[ _-]+[^\W\d_]{3,12}[ _-]+\d{4}"
    r"|[^\W\d_]{3,12}[ _-]+\d{1,2}(?:st|nd|rd|th)?,?[ _-]+\d{4})(?!\d)"
)
_IN_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})(?:[^/\d][^/]*)?/(\d{1,2})(?!\d)[^/]*$")
# A folder for each month by its name: 2024/May/3.md, 2024/05 May/3.md.
_IN_NAMED_FOLDERS = re.compile(
    r"(?:^|/)(\d{4})/(?:\d{1,2}[ ._-]+)?([^\W\d_]{3,12})/(\d{1,2})(?!\d)[^/]*$"
)
_FOLDER_NAMES = frozenset({"index", "_index", "readme"})

_AGO = re.compile(
    r"(?:(?:the )?(?:last|past) )?(\d{1,4}) ?(day|d|week|w|month|m|year|y)s?(?: ago)?$"
)
_NUMBER_WORDS = {
    word: str(number)
    for number, words in enumerate(
        ("a an one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1
    )
    for word in words.split()
} | {"eleven": "11", "twelve": "12"}
_PERIOD = re.compile(r"(this|last|past) (week|month|year)$")


def parse_date(value: str) -> datetime.date | None:
    """Return the day a text names; for a month or a year, its first day.

    :param value: a date and nothing else; a time may follow.
    :return: None if it is not a date, or has two readings (03/05/2024).
    """
    span = parse_span(value)
    return span.first if span else None


def parse_span(value: str) -> Span | None:
    """Return the days a text names.

    :param value: ``2024-03-05``, ``5. März 2024``, ``2024-03``, ``2024``, ``2024-W10`` and others,
        with or without a time after it.
    :return: None if it is not a date, or has two readings (03/05/2024).
    """
    text = value.strip().removeprefix("[[").removesuffix("]]").strip(" \"'<>")
    if not text or len(text) > 60:
        return None
    period = _period(text)
    if period:
        return period
    day = _numbers(text) or _written(text)
    return day if isinstance(day, Span) else Span(day, day) if day else None


def date_in_name(note_id: str) -> datetime.date | None:
    """Return the date in the name of a note, None if there is none.

    :param note_id: its path, also ``journal/2024/05/07.md`` or ``2024-05-07-walk/index.md``.
    """
    path = PurePosixPath(note_id)
    stem = path.stem
    if stem.lower() in _FOLDER_NAMES and path.parent.name:
        stem = path.parent.name
    whole = None if _YEAR.match(stem) else parse_span(stem)
    if whole:
        return whole.first
    for pattern in _IN_NAME:
        for found in pattern.finditer(stem):
            day = _day(*(int(found[part]) for part in "ymd"))
            if day and 1900 <= day.year < 2100:
                return day
    for found in _WRITTEN_IN_NAME.finditer(stem):
        written = _written(found.group())
        if isinstance(written, datetime.date):
            return written
    plain = path.with_suffix("").as_posix()
    in_path = _IN_PATH.search(plain)
    if in_path:
        return _day(*map(int, in_path.groups()))
    named = _IN_NAMED_FOLDERS.search(plain)
    written = _written(f"{named[3]} {named[2]} {named[1]}") if named else None
    return written if isinstance(written, datetime.date) else None


def parse_day(value: str, today: datetime.date) -> Span | None:
    """Return the days a person means: a date, or a time counted from today.

    :param value: also ``yesterday``, ``3 weeks ago``, ``last month``, ``monday``, ``2w``.
    :param today: the day from which times are counted.
    :return: None if it is not a date.
    """
    text = " ".join(value.casefold().split())
    days = {"today": 0, "yesterday": 1, "tomorrow": -1, "the day before yesterday": 2}
    if text in days:
        return _single(today - datetime.timedelta(days[text]))
    weekday = text.removeprefix("last ").removeprefix("on ")
    if weekday in _WEEKDAYS:
        back = (today.weekday() - _WEEKDAYS.index(weekday)) % 7 or 7
        return _single(today - datetime.timedelta(back))
    ago = _AGO.match(_with_digits(text))
    if ago:
        return _single(_back(today, int(ago.group(1)), ago.group(2)[0]))
    period = _PERIOD.match(text)
    if period:
        number = 0 if period.group(1) == "this" else 1
        return _around(_back(today, number, period.group(2)[0]), period.group(2))
    month = _month_of(text.removeprefix("last ").removeprefix("in "))
    if month:  # the last one that has begun
        return _month_span(today.year - (month > today.month), month)
    return parse_span(value)


def _with_digits(text: str) -> str:
    """Return a time with its number in digits: "two weeks ago" as "2 weeks ago"."""
    if not text.endswith(("ago", "days", "weeks", "months", "years")):
        return text
    text = text.replace("a couple of ", "2 ").replace("a fortnight", "2 weeks")
    return " ".join(_NUMBER_WORDS.get(word, word) for word in text.split())


def _single(day: datetime.date) -> Span:
    return Span(day, day)


def _back(day: datetime.date, number: int, unit: str) -> datetime.date:
    """Return the day that is a number of days, weeks, months or years before another."""
    if unit in "dw":
        return day - datetime.timedelta(number * (7 if unit == "w" else 1))
    months = day.year * 12 + day.month - 1 - number * (12 if unit == "y" else 1)
    year, month = max(divmod(months, 12), (1, 0))
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last))


def _around(day: datetime.date, unit: str) -> Span:
    if unit == "week":
        monday = day - datetime.timedelta(day.weekday())
        return Span(monday, monday + datetime.timedelta(6))
    if unit == "month":
        return _month_span(day.year, day.month)
    return Span(datetime.date(day.year, 1, 1), datetime.date(day.year, 12, 31))


def _period(text: str) -> Span | None:
    """Return a year, quarter, month or week written in numbers."""
    year, month = _YEAR.match(text), _MONTH.match(text)
    if year and int(year.group(1)) in _YEARS:
        number = int(year.group(1))
        return Span(datetime.date(number, 1, 1), datetime.date(number, 12, 31))
    if month and int(month.group(1)) in _YEARS and 1 <= int(month.group(2)) <= 12:
        return _month_span(int(month.group(1)), int(month.group(2)))
    quarter = _QUARTER.match(text)
    if quarter and int(quarter.group(1)) in _YEARS:
        number, first = int(quarter.group(1)), int(quarter.group(2)) * 3 - 2
        return Span(datetime.date(number, first, 1), _month_span(number, first + 2).last)
    week = _WEEK.match(text)
    if not week or int(week.group(1)) not in _YEARS:
        return None
    try:
        day = datetime.date.fromisocalendar(
            int(week.group(1)), int(week.group(2)), int(week.group(3) or 1)
        )
    except ValueError:
        return None
    return _single(day) if week.group(3) else Span(day, day + datetime.timedelta(6))


def _month_span(year: int, month: int) -> Span:
    last = calendar.monthrange(year, month)[1]
    return Span(datetime.date(year, month, 1), datetime.date(year, month, last))


def _numbers(text: str) -> datetime.date | None:
    """Return a day written in numbers, None if it is invalid or ambiguous."""
    epoch = _EPOCH.match(text)
    if epoch:
        return datetime.datetime.fromtimestamp(int(epoch.group(1)), datetime.UTC).date()
    compact = _COMPACT.match(text)
    if compact:
        return _day(*map(int, compact.groups()[:3])) if _is_time(*compact.groups()[3:]) else None
    for pattern, order in _YEAR_FIRST_FORMS:
        found = pattern.match(text)
        if found and _has_good_time(text[found.end() :]):
            return _day(*(int(found.group(i)) for i in order))
    found = _DAY_FIRST.match(text)
    if found and _has_good_time(text[found.end() :]):
        year = int(found.group(3))
        return _day(year + 2000 if year < 100 else year, int(found.group(2)), int(found.group(1)))
    found = _UNSURE.match(text)
    if not found or not _has_good_time(text[found.end() :]):
        return None
    one, other = int(found.group(1)), int(found.group(3))
    if one <= 12 and other <= 12 and one != other:
        return None
    day, month = (one, other) if one > 12 else (other, one)
    return _day(int(found.group(4)), month, day)


def _has_good_time(rest: str) -> bool:
    """Return whether the rest of a text after a date is allowed: empty, or a time of the day."""
    found = _TIME.match(rest)
    return _is_time(*found.groups()) if found else True


def _is_time(hour: str | None, minute: str | None) -> bool:
    return int(hour or 0) < 24 and int(minute or 0) < 60


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _written(text: str) -> datetime.date | Span | None:
    """Return a date with a named month, in any language of this module."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c) or c == "\u0306")
    plain = unicodedata.normalize("NFC", plain)
    words = [word for word in _WORDS.findall(plain) if word not in _FILLERS]
    months = [_month_of(word) for word in words[:3]]
    named = next((i for i, month in enumerate(months) if month), None)
    if named is None:
        return None
    month = months[named] or 0
    numbers = [int(word) for i, word in enumerate(words[:3]) if i != named and word.isdecimal()]
    rest = words[3:] if len(numbers) == 2 else words[2:]
    if any(not word.isdecimal() and word not in _TIME_WORDS for word in rest):
        return None
    if len(numbers) == 2:
        day, year = sorted(numbers)
        return _day(year, month, day)
    if len(numbers) == 1 and numbers[0] in _YEARS:
        return _month_span(numbers[0], month)
    return None


def _month_of(word: str) -> int | None:
    """Return the month that a word names, in full or cut to three letters or more."""
    if len(word) < 3 or word.isdigit():
        return None
    found = {number for name, number in _MONTHS.items() if name.startswith(word)}
    return found.pop() if len(found) == 1 else None

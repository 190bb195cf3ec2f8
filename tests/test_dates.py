"""Dates in texts and names, and relative dates such as "last month"."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable

import pytest
from conftest import WriteNotes

from indexer.text.dates import Span, date_in_name, parse_date, parse_day, parse_span

DAY = datetime.date(2020, 4, 7)
TODAY = datetime.date(2024, 3, 20)  # a Wednesday


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    "value",
    [
        *("2020-04-07", "2020/04/07", "2020.04.07", "2020_04_07", "20200407", " 2020-04-07"),
        *("2020-4-7", "7.4.2020", "07.04.20", "7. 4. 2020", "202004071130", "20200407T1130"),
        *("2020-04-07 17:00", "2020-04-07 17:00:00 +01:00", "2020-04-07T17:00:00Z"),
        *("2020-04-07T17:00:00.123+05:30", "2020-04-07-a-post.md", "20200407 words"),
        *("2020-04-07, a Tuesday", "[[2020-04-07]]", '"2020-04-07"', "<2020-04-07 Tue>"),
        *("7 April 2020", "April 7, 2020", "Apr 7th, 2020", "Tuesday, April 7th 2020, 9:12:44 am"),
        *("7. April 2020", "le 7 avril 2020", "7 de abril de 2020", "7 aprile 2020"),
        *("7 апреля 2020", "7 kwietnia 2020", "2020年4月7日", "2020년 4월 7일"),
        *("1586217600", "1586217600000", "April 7, 2020 10:00 AM"),
    ],
)
def test_date_in_many_forms(value: str) -> None:
    assert parse_date(value) == DAY


@pytest.mark.parametrize(
    "value",
    [
        *("", "today", "on 2020-04-07", "2020-02-31", "2020-13-01", "0000-01-01", "31 February"),
        *("2020-04-07 25:00", "2020-04-071", "{{date}}", "true", "1.2.3", "v2", "soon", "12 may"),
        *("Buy 3 May 2020 tickets", "978-3-16-148410-0", "12 monkeys 1995"),
    ],
)
def test_what_is_no_date(value: str) -> None:
    assert parse_date(value) is None


def test_date_that_can_be_read_in_two_ways_is_none() -> None:
    assert parse_date("03/05/2024") is None
    assert parse_date("13/05/2024") == day("2024-05-13")
    assert parse_date("05/13/2024") == day("2024-05-13")
    assert parse_date("05/05/2024") == day("2024-05-05")


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("February 2024", "2024-02-01", "2024-02-29"),
        ("2024-Q2", "2024-04-01", "2024-06-30"),
        ("2024-W05", "2024-01-29", "2024-02-04"),
    ],
)
def test_span_of_a_year_a_month_a_quarter_a_week(value: str, first: str, last: str) -> None:
    assert parse_span(value) == Span(day(first), day(last))


@pytest.mark.parametrize(
    ("note_id", "date"),
    [
        ("2020_04_07.md", "2020-04-07"),
        ("Call with Ben 2020-04-07.md", "2020-04-07"),
        ("07.04.2020 Werft.md", "2020-04-07"),
        ("Notiz 07042020.md", "2020-04-07"),
        ("harbour.log.ben.2020.04.07.md", "2020-04-07"),
        ("20200407113000 knots.md", "2020-04-07"),
        ("diary/2020/04/07.md", "2020-04-07"),
        ("diary/2020/04-April/07 Tuesday.md", "2020-04-07"),
        ("posts/2020-04-07-launch/index.md", "2020-04-07"),
        ("Apr 7th, 2020.md", "2020-04-07"),
        ("Regatta 7 April 2020.md", "2020-04-07"),
        ("2020-W15.md", "2020-04-06"),
        ("2020-04.md", "2020-04-01"),
    ],
)
def test_date_in_a_name(note_id: str, date: str) -> None:
    assert date_in_name(note_id) == day(date)


@pytest.mark.parametrize(
    "note_id",
    [
        *("1984.md", "2020-04-07/a.md", "v1.2.3.md", "Order 2023-117.md", "12345678.md"),
        *("202020121640.md", "Rule 34.md", "Plan for 2024.md", "index.md", "99999999.md"),
    ],
)
def test_name_without_a_date(note_id: str) -> None:
    assert date_in_name(note_id) is None


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("today", "2024-03-20", "2024-03-20"),
        ("Yesterday", "2024-03-19", "2024-03-19"),
        ("3 weeks ago", "2024-02-28", "2024-02-28"),
        ("1 month ago", "2024-02-20", "2024-02-20"),
        ("2w", "2024-03-06", "2024-03-06"),
        ("last 10 days", "2024-03-10", "2024-03-10"),
        ("last month", "2024-02-01", "2024-02-29"),
        ("this week", "2024-03-18", "2024-03-24"),
        ("last year", "2023-01-01", "2023-12-31"),
        ("two weeks ago", "2024-03-06", "2024-03-06"),
        ("a couple of days ago", "2024-03-18", "2024-03-18"),
        ("a year ago", "2023-03-20", "2023-03-20"),
        ("the past six months", "2023-09-20", "2023-09-20"),
        ("the day before yesterday", "2024-03-18", "2024-03-18"),
        ("February", "2024-02-01", "2024-02-29"),
        ("in november", "2023-11-01", "2023-11-30"),
        ("wednesday", "2024-03-13", "2024-03-13"),
        ("2023", "2023-01-01", "2023-12-31"),
        ("2023-11-05", "2023-11-05", "2023-11-05"),
    ],
)
def test_day_counted_from_today(value: str, first: str, last: str) -> None:
    assert parse_day(value, TODAY) == Span(day(first), day(last))


def test_month_ago_of_a_longer_month_is_its_last_day() -> None:
    assert parse_day("1 month ago", day("2024-03-31")) == Span(day("2024-02-29"), day("2024-02-29"))


@pytest.mark.parametrize("value", ["", "sometime", "3 moons ago", "next decade"])
def test_day_nobody_can_mean(value: str) -> None:
    assert parse_day(value, TODAY) is None


def test_since_and_until_take_what_people_say(
    write_notes: WriteNotes, run_cli: Callable[..., tuple[int, str, str]]
) -> None:
    folder = write_notes(
        {
            "a.md": "---\ndate: 2019-06-01\n---\n- varnish the deck\n",
            "b.md": "---\ndate: 2020-06-01\n---\n- varnish the mast\n",
            f"{datetime.date.today():%Y-%m-%d}.md": "- varnish the tiller\n",
        }
    )
    run_cli("build", "--notes", str(folder), "-q")

    def found(*args: str) -> set[str]:
        place = ["--notes", str(folder), "--mode", "lexical", "--json"]
        _, out, _ = run_cli("query", "varnish", *args, *place)
        return {hit["note"] for hit in json.loads(out)["hits"]}

    assert found("--since", "2019", "--until", "2019") == {"a.md"}
    assert found("--since", "2019-06", "--until", "2020") == {"a.md", "b.md"}
    assert len(found("--since", "yesterday")) == 1
    assert len(found("--since", "2 weeks ago", "--until", "today")) == 1

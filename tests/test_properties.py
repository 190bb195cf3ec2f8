"""What the head of a note says: to filters, to readers, and as links."""

from __future__ import annotations

import datetime

import pytest

from indexer.notes.front_matter import FrontMatter, split_front_matter
from indexer.records import BlockKind

DAY = datetime.date(2020, 4, 7)


def read(head: str) -> FrontMatter:
    return split_front_matter(f"---\n{head}\n---\nbody\n")


def shown(front: FrontMatter) -> list[tuple[str, int, int]]:
    return [(block.text, block.line_start, block.line_end) for block in front.blocks]


@pytest.mark.parametrize(
    "head",
    [
        "date: 2020-04-07",
        "created: 2020-04-07 16:24\nmodified: 2021-01-01",
        "created-at: 2020-04-07",
        "Date Created: Tuesday, April 7th 2020, 9:12 am",
        "date_created: 2020-04-07",
        "publishDate: 2020-04-07",
        "date:\n  created: 2020-04-07\n  updated: 2021-01-01",
        "date: [2020-04-07, x]",
        "created: '[[2020-04-07]]'",
        "created: 1586217600000\nupdated: 1694013293697",
    ],
)
def test_date_under_many_keys(head: str) -> None:
    front = read(head)
    assert (front.date, front.warnings) == (DAY, ())


def test_time_of_change_is_a_weaker_date() -> None:
    front = read("lastmod: 2020-04-07T10:00:00+01:00")
    assert (front.date, front.updated) == (None, DAY)


@pytest.mark.parametrize("value", ["{{date}}", "<% tp.date.now() %>", "", "true", "'{{date}}'"])
def test_placeholder_or_switch_is_no_wrong_date(value: str) -> None:
    front = read(f"published: {value}\ncreated: {value}")
    assert (front.date, front.warnings, front.partial) == (None, (), False)


def test_every_value_that_is_no_date_is_named_with_its_line() -> None:
    front = read("title: A\ncreated: soon\nupdated: 2020-04-07\nmodified: later")
    assert [(w.line, "no date" in w.message) for w in front.warnings] == [(3, True), (5, True)]
    assert front.updated == DAY


def test_keywords_are_tags() -> None:
    assert read("tags: sea, wind\nkeywords: [knots]").tags == ("sea", "wind", "knots")


def test_short_values_are_one_block_and_long_ones_their_own() -> None:
    front = read(
        "title: Sloop\naliases: [Cutter, one mast]\ntags: [boats]\nrating: 4\n"
        "description: What to check before the first day on the water.\nlayout: post\n"
    )
    assert shown(front) == [
        ("Aliases: Cutter, one mast | Tags: boats | Rating: 4", 3, 5),
        ("What to check before the first day on the water.", 6, 6),
    ]
    assert front.blocks[0].kind is BlockKind.PROPERTIES


@pytest.mark.parametrize(
    "head",
    [
        "layout: post\ndraft: true\nslug: a-b\nweight: 3\ntoc: false",
        "id: 66f2c5b7-9721-4475-b3e8-b8f497bca09c\ncover: images/a.png\nsource: https://example.org",
        "cssclasses: [wide]\nkanban-plugin: basic\nhidden: yes",
        "topic: '{{topic}}'\nauthor: <% tp.user %>",
    ],
)
def test_what_programs_need_is_not_shown_to_readers(head: str) -> None:
    assert shown(read(head)) == []


def test_every_value_can_be_filtered_by() -> None:
    front = read("Status: Draft\nauthors: [Ann, Ben]\nplace: {city: Kiel}\nweight: 3\ntitle: T")
    assert front.properties == (
        ("status", "Draft"),
        ("authors", "Ann"),
        ("authors", "Ben"),
        ("place", "Kiel"),
        ("place.city", "Kiel"),
        ("weight", "3"),
    )


def test_links_in_values_are_links_with_their_lines() -> None:
    front = read(
        'yard: "[[Yard North]]"\nrelated:\n  - "[[Ben Lee|Ben]]"\n  - "[map](map.md)"\n'
        "up: [[Index]]\nsource: https://example.org/a\nimage: https://example.org/b.png"
    )
    assert [(link.line, link.text, link.target) for link in front.links] == [
        (2, "Yard North", "Yard North"),
        (4, "Ben", "Ben Lee"),
        (5, "map", "map.md"),
        (6, "Index", "Index"),
        (7, "https://example.org/a", "https://example.org/a"),
    ]
    assert front.warnings == ()
    assert dict(front.properties)["up"] == "Index"
    assert shown(front)[0][0].startswith("Yard: Yard North | Related: Ben, ")


# --- heads of other dialects --------------------------------------------------------------------


def test_lines_of_logseq_are_a_head() -> None:
    front = split_front_matter(
        "title:: Rigging\nalias:: ropes, standing rigging\ntags:: sea, [[slow work]]\n\n- body\n"
    )
    assert (front.title, front.aliases, front.tags) == (
        "Rigging",
        ("ropes", "standing rigging"),
        ("sea", "slow work"),
    )
    assert front.body == "\n\n\n\n- body\n"


def test_lines_of_org_are_a_head() -> None:
    front = split_front_matter("#+title: Rigging\n#+date: <2020-04-07 Tue>\n\nbody\n")
    assert (front.title, front.date, front.body) == ("Rigging", DAY, "\n\n\nbody\n")


def test_json_is_a_head() -> None:
    front = split_front_matter('{\n  "title": "Rigging",\n  "tags": ["sea"]\n}\n\nbody\n')
    assert (front.title, front.tags) == ("Rigging", ("sea",))
    assert front.body == "\n\n\n\n\nbody\n"
    assert front.blocks[0].line_start == 3


def test_title_block_of_pandoc_is_a_head() -> None:
    front = split_front_matter("% Rigging\n% Ann Lee\n% April 7, 2020\n\nbody\n")
    assert (front.title, front.date) == ("Rigging", DAY)
    assert front.properties == (("author", "Ann Lee"), ("date", "April 7, 2020"))


def test_comment_may_stand_before_the_head() -> None:
    front = split_front_matter("<!-- made by a tool -->\n---\ntitle: A\n---\nbody\n")
    assert (front.title, front.body) == ("A", "\n\n\n\nbody\n")


@pytest.mark.parametrize(
    "text",
    ["{% include x %}\n\nbody\n", "{a\n", "std::vector is a type\n", "Note: a text\n", "%\n"],
)
def test_text_at_the_top_is_no_head(text: str) -> None:
    assert split_front_matter(text) == FrontMatter(text)


def test_values_in_the_groups_of_hugo_and_zola_are_values() -> None:
    text = (
        '+++\ntitle = "Keel"\n[taxonomies]\ntags = ["oak"]\n[extra]\ncrew = "Ann"\n'
        'title = "not this"\n+++\nbody\n'
    )
    front = split_front_matter(text)
    assert (front.title, front.tags, front.properties) == ("Keel", ("oak",), (("crew", "Ann"),))
    assert [block.text for block in front.blocks] == ["Tags: oak | Crew: Ann"]
    assert dict(read("params:\n  Author: Bo").properties) == {"author": "Bo"}

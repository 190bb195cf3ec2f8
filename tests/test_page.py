"""The page, state by state, without a browser: widgets by key, a fake encoder behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from conftest import ROOT, WriteNotes
from fakes import FakeEncoder
from streamlit.testing.v1 import AppTest

from indexer.notebook import Notebook

NOTES = {
    "review.md": """---
title: Review
date: 2020-04-07
tags: [review]
categories: [Deep Learning]
---

# What is missing

- no discussion of ethics
- volume of videos changes a lot
""",
    "courses/one.md": "---\ntags: [dl]\n---\n# Course one\n\n- ethics of data <script>x</script>\n",
}

OpenPage = Callable[..., AppTest]


@pytest.fixture
def folder(write_notes: WriteNotes, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = write_notes(NOTES)
    monkeypatch.setenv("NOTEPOINT_NOTES", str(made))
    monkeypatch.setattr("indexer.encoding.encoder.open_encoder", lambda *a, **k: FakeEncoder())
    st.cache_resource.clear()
    return made


@pytest.fixture
def built(folder: Path) -> Path:
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build()
    return folder


def open_page(**parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for name, value in parameters.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def element(page: AppTest, name: str) -> dict[str, object] | None:
    """Return the data a component was sent, None where it is not on the page."""
    for found in page.main:
        for one in walk(found):
            proto = getattr(one, "proto", None)
            if proto is not None and getattr(proto, "component_name", "") == f"notepoint.{name}":
                return json.loads(proto.json)  # type: ignore[no-any-return]
    return None


def walk(block: object) -> list[object]:
    children = getattr(block, "children", {})
    return [block, *(one for child in children.values() for one in walk(child))]


def texts(page: AppTest) -> str:
    kinds = (page.info, page.warning, page.error, page.caption, page.markdown, page.success)
    return "\n".join(one.value for kind in kinds for one in kind)


def test_first_visit_says_what_to_do(built: Path) -> None:
    page = open_page()
    assert "Ask in your own words" in texts(page)
    assert element(page, "cards") is None


def test_question_in_the_address_is_answered(built: Path) -> None:
    page = open_page(q="is there a discussion of ethics?")
    cards = element(page, "cards")
    assert cards is not None
    first = cards["hits"][0]  # type: ignore[index]
    assert first["place"] == "review.md:10"
    assert first["path"] == ["Review", "What is missing"]
    assert first["why"] == ["words: discussion, ethics", "meaning: close", "2020-04-07"]
    assert first["tags"] == ["review"]
    snippet = first["snippet"]
    assert [snippet[a:b] for a, b, _ in first["marks"]] == ["discussion", "ethics"]


def test_note_of_the_first_hit_is_opened_at_its_point(built: Path) -> None:
    note = element(open_page(q="discussion of ethics"), "note")
    assert note is not None
    assert (note["label"], note["lineStart"], note["lineEnd"]) == ("Review", 10, 10)
    assert "no discussion of ethics" in str(note["html"])


def test_point_in_the_address_is_opened(built: Path) -> None:
    page = open_page(p="courses/one.md:6")
    note = element(page, "note")
    assert note is not None
    assert (note["label"], note["lineStart"]) == ("Course one", 6)
    assert "<script" not in str(note["html"])
    assert "&lt;script&gt;" in str(note["html"])


@pytest.mark.parametrize("place", ["gone.md:3", "../../etc/passwd", "/etc/passwd:1"])
def test_place_that_is_no_note_is_refused(built: Path, place: str) -> None:
    page = open_page(p=place)
    assert "The index has no note" in texts(page)
    assert element(page, "note") is None


def test_deleted_note_is_said_to_be_gone(built: Path) -> None:
    (built / "review.md").unlink()
    assert "Cannot be opened" in texts(open_page(p="review.md:10"))


@pytest.mark.parametrize(
    ("key", "value", "notes"),
    [
        ("tag", ["dl"], {"courses/one.md"}),
        ("category", ["Deep Learning"], {"review.md"}),
        ("folder", ["courses"], {"courses/one.md"}),
    ],
)
def test_filters_hold(built: Path, key: str, value: list[str], notes: set[str]) -> None:
    page = open_page(q="ethics")
    page.multiselect(key=key).set_value(value).run()
    cards = element(page, "cards")
    assert cards is not None
    assert {hit["place"].partition(":")[0] for hit in cards["hits"]} == notes  # type: ignore[attr-defined]


def test_nothing_found_offers_a_way_on(built: Path) -> None:
    page = open_page(q="zebra", mode="Words")
    assert "Nothing found" in texts(page)
    page.multiselect(key="tag").set_value(["dl"]).run()
    assert "Clear the filters" in texts(page)


def test_what_is_no_answer_is_offered_as_such(built: Path) -> None:
    assert "Close, but not an answer" in texts(open_page(q="zebra crossing fines"))


def test_changed_notes_are_said_to_be_ahead(built: Path) -> None:
    (built / "new.md").write_text("- new\n")
    assert "Notes changed since the index was built" in texts(open_page(q="ethics"))


def test_missing_index_says_what_to_do(folder: Path) -> None:
    page = open_page(q="ethics")
    assert "There is no index in" in texts(page)
    assert "notepoint build" in texts(page)


def test_endless_question_is_an_error_in_words(built: Path) -> None:
    assert "above the limit" in texts(open_page(q="x" * 20_000))


def test_damaged_index_says_what_to_do(built: Path) -> None:
    for path in (built / ".notepoint").glob("index-*.db"):
        path.write_bytes(b"garbage" * 1000)
    page = open_page(q="ethics")
    assert "The index is damaged" in texts(page)
    assert "--rebuild" in texts(page)


def test_index_view_shows_what_is_in_it(built: Path) -> None:
    (built / "empty.md").write_text("")
    with Notebook(built, encoder=FakeEncoder()) as notebook:
        notebook.build()
    page = open_page(view="Index")
    assert {metric.label: metric.value for metric in page.metric}["Notes"] == "2"
    assert page.dataframe[0].value["Why"].tolist() == ["the note is empty"]
    assert page.button(key="build").label == "Build"


def test_index_view_without_an_index_offers_to_build(folder: Path) -> None:
    page = open_page(view="Index")
    assert "There is no index in" in texts(page)
    assert not page.button(key="build").disabled

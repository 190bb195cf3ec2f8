"""The states of the page without a browser: widgets by key, with a fake encoder."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import streamlit as st
from conftest import ROOT, STORES, WriteNotes
from fakes import FakeEncoder
from patience import PATIENCE_S
from streamlit.testing.v1 import AppTest

from indexer.config import DEFAULT_MODEL, split_space
from indexer.errors import EncoderError
from indexer.indexing.rebuild_process import Progress, Rebuilder
from indexer.notebook import Notebook
from indexer.snapshot import Snapshot
from indexer.store.embedded.store import EmbeddedStore
from indexer.store.postgres.store import PostgresStore
from indexer.web.folders import remember_folder
from indexer.web.host import Host
from indexer.web.overview import Overview, gather_points, make_overview
from indexer.web.views.timeline import dates_of

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
- see [one](courses/one.md) and [none](none.md)
""",
    "courses/one.md": "---\ntags: [dl]\ndate: 2019-02-01\n---\n# Course one\n\n"
    "- ethics of data <script>x</script>\n",
}

OpenPage = Callable[..., AppTest]


@pytest.fixture(params=STORES)
def folder(
    request: pytest.FixtureRequest, write_notes: WriteNotes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Return notes, of which an index is kept in each store in turn."""
    made = write_notes(NOTES)
    if request.param == "server":
        address = request.getfixturevalue("server").url("notes")
        monkeypatch.setenv("NOTEPOINT_STORE", f"{address}?space=page_{uuid.uuid4().hex[:12]}")
    monkeypatch.setenv("NOTEPOINT_NOTES", str(made))
    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: FakeEncoder())
    hosts: list[Host] = []
    initialise = Host.__init__

    def noted(self: Host, *args: Any, **options: Any) -> None:
        initialise(self, *args, **options)
        hosts.append(self)

    monkeypatch.setattr(Host, "__init__", noted)
    # Streamlit looks through every installed package for elements, a third of a second each run.
    monkeypatch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)
    # Threads that outlive a test would make the next one depend on it.
    monkeypatch.setattr(Host, "_follow_folder", lambda self: None)
    monkeypatch.setattr(Host, "overview", lambda self, **_: _overview_of(self))
    st.cache_resource.clear()
    yield made
    for host in hosts:
        host.close()


def _overview_of(host: Host) -> Overview:
    with host.request() as request:
        return make_overview(gather_points(request.snapshot))


@pytest.fixture
def built(folder: Path) -> Path:
    build(folder)
    return folder


def build(folder: Path) -> None:
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build()


def open_page(**parameters: str | list[str]) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE_S)
    for name, value in parameters.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def maybe_element(page: AppTest, name: str) -> dict[str, Any] | None:
    """Return the data of a component, None if it is not on the page."""
    for found in page.main:
        for one in walk(found):
            proto = getattr(one, "proto", None)
            if proto is not None and getattr(proto, "component_name", "") == f"notepoint.{name}":
                return json.loads(proto.json)[0]  # type: ignore[no-any-return]
    return None


def element(page: AppTest, name: str) -> dict[str, Any]:
    found = maybe_element(page, name)
    assert found is not None, f"{name} is not on the page: {texts(page)}"
    return found


def walk(block: object) -> list[object]:
    children = getattr(block, "children", {})
    return [block, *(one for child in children.values() for one in walk(child))]


def elements(page: AppTest, name: str) -> list[dict[str, Any]]:
    """Return the data of all components of a name, in their order on the page."""
    protos = [getattr(one, "proto", None) for found in page.main for one in walk(found)]
    named = [p for p in protos if getattr(p, "component_name", "") == f"notepoint.{name}"]
    return [json.loads(one)[0] for one in dict.fromkeys(proto.json for proto in named)]


def texts(page: AppTest) -> str:
    kinds = (
        page.info,
        page.warning,
        page.error,
        page.caption,
        page.markdown,
        page.header,
        page.title,
    )
    return "\n".join(one.value for kind in kinds for one in kind)


def notices(page: AppTest) -> str:
    found = element(page, "desk")["notices"]
    return "\n".join(f"{one['title']} {one['text']}" for one in found)


def rows(desk: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cards of the desk in the order they are shown in."""
    groups = [*desk["related"], *desk["weak"]]
    best = [desk["best"]] if desk["best"] else []
    return [*best, *(row for group in groups for row in group["rows"])]


# --- search -------------------------------------------------------------------------------------


def test_first_visit_says_where_to_begin(built: Path) -> None:
    home = element(open_page(), "home")
    assert "Ask 2 notes" in home["lead"]
    assert home["examples"] == ["What is missing"]
    assert {title for title, *_ in home["notes"]} == {"Review", "Course one"}


def test_question_in_the_address_is_answered(built: Path) -> None:
    desk = element(open_page(q="is there a discussion of ethics?"), "desk")
    first = desk["best"]
    assert first["place"] == "review.md:10"
    assert first["path"] == ["Review", "What is missing"]
    assert first["why"] == ["has discussion, ethics"]
    assert (first["date"], first["tags"]) == ("2020-04-07", ["review"])
    snippet = first["snippet"]
    assert [snippet[a:b] for a, b, _ in first["marks"]] == ["discussion", "ethics"]
    assert first["quote"].startswith("> no discussion of ethics")
    assert first["href"].endswith("&p=review.md:10")


def test_parts_of_an_answer_are_of_one_generation(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build ends between the answer and the note that is opened next to it."""
    views: list[int] = []
    kinds = [EmbeddedStore, PostgresStore]
    for kind in kinds:
        monkeypatch.setattr(kind, "view", counted_view(kind.view, views))
    search, during = Snapshot.search, threading.Event()

    def build_after(self: Snapshot, question: str, *args: Any, **options: Any) -> Any:
        answer = search(self, question, *args, **options)
        if question == "discussion of ethics" and not during.is_set():
            during.set()
            before = list(views)
            (built / "new.md").write_text("- no ethics either, see [one](review.md)\n")
            build(built)
            views[:] = before
        return answer

    monkeypatch.setattr(Snapshot, "search", build_after)
    page = open_page()  # the model is loaded, the labels are read
    views.clear()
    page.text_input(key="q").set_value("discussion of ethics").run()
    assert during.is_set()
    note = element(page, "sheet")["note"]
    assert note["backlinks"] == []
    assert note["related"] == []
    assert len(views) <= 2
    assert len(set(views)) == 1
    page.run()
    note = element(page, "sheet")["note"]
    assert [one["place"] for one in note["backlinks"]] == ["new.md:1"]
    assert [one["place"] for one in note["related"]] == ["new.md:1"]


def counted_view(view: Any, generations: list[int]) -> Any:
    """Return the method of a store with the generation of each view it opens written down."""

    @contextlib.contextmanager
    def counted(self: Any) -> Iterator[Any]:
        with view(self) as opened:
            generations.append(opened.header().generation)
            yield opened

    return counted


def test_note_of_the_first_hit_is_shown_at_its_point(built: Path) -> None:
    page = open_page(q="discussion of ethics")
    desk, note = element(page, "desk"), element(page, "sheet")["note"]
    assert (note["title"], note["lineStart"], note["lineEnd"]) == ("Review", 10, 10)
    assert "no discussion of ethics" in note["html"]
    assert not desk["explicit"]
    assert desk["place"] == element(page, "sheet")["place"] == "review.md:10"
    assert note["editors"][0]["href"].endswith("review.md:10")


def test_point_in_the_address_is_opened_with_what_stands_around_it(built: Path) -> None:
    page = open_page(p="courses/one.md:7")
    note = element(page, "sheet")["note"]
    assert element(page, "desk")["explicit"]
    assert (note["title"], note["lineStart"]) == ("Course one", 7)
    assert "<script" not in note["html"]
    assert "&lt;script&gt;" in note["html"]
    assert [one["place"] for one in note["backlinks"]] == ["review.md:12"]
    assert note["related"][0]["place"] == "review.md:10"
    assert note["quote"].startswith("> ethics of data")


def test_names_that_are_not_utf8_open_on_the_page(folder: Path) -> None:
    (folder / "caf\udce9.md").write_text("# Menu\n\n- espresso and [Course one](courses/one.md)\n")
    (folder / "links.md").write_text("# Out\n\nto [the menu](caf%E9.md)\n")
    build(folder)
    page = open_page(q="espresso")
    desk, sheet = element(page, "desk"), element(page, "sheet")
    assert desk["place"] == sheet["place"] == r"caf\xe9.md:3"
    assert rows(desk)[0]["href"].endswith("p=caf%5Cxe9.md:3")
    assert (sheet["note"]["note"], sheet["note"]["lineStart"]) == (r"caf\xe9.md", 3)
    opened = element(open_page(p=r"caf\xe9.md:3"), "sheet")["note"]
    assert "espresso" in opened["html"]
    assert opened["quote"].startswith("> espresso")
    assert [one["place"] for one in opened["backlinks"]] == ["links.md:3"]
    link = element(open_page(p="links.md"), "sheet")["note"]["html"]
    assert r'href="?p=caf%5Cxe9.md"' in link
    assert r'data-place="caf\xe9.md"' in link


def test_folders_whose_names_are_not_utf8_do_not_disturb_the_page(folder: Path) -> None:
    (folder / "caf\udce9").mkdir()
    (folder / "caf\udce9" / "n\udce8.md").write_text("# Menu\n\n- espresso, see [none](x.md)\n")
    build(folder)
    for view in ("Search", "Timeline", "Map", "Links", "Index"):
        open_page(q="espresso", view=view)
    page = open_page(q="espresso", p=r"caf\xe9/n\xe8.md:3")
    assert element(page, "sheet")["note"]["note"] == r"caf\xe9/n\xe8.md"
    assert element(page, "desk")["related"] == []
    found = rows(element(open_page(q="espresso", folder=r"caf\xe9"), "desk"))
    assert [one["note"] for one in found] == [r"caf\xe9/n\xe8.md"]
    open_page()


@pytest.mark.parametrize("place", ["gone.md:3", "../../etc/passwd", "/etc/passwd:1", "<b>:x"])
def test_place_that_is_no_note_is_refused(built: Path, place: str) -> None:
    sheet = element(open_page(p=place), "sheet")
    assert "The index has no note" in sheet["gone"]["text"]
    assert sheet["note"] is None


def test_deleted_note_is_said_to_be_gone(built: Path) -> None:
    (built / "review.md").unlink()
    assert "Cannot be opened" in element(open_page(p="review.md:10"), "sheet")["gone"]["text"]


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
    assert {row["note"] for row in rows(element(page, "desk"))} == notes


def test_properties_filter(built: Path) -> None:
    (built / "plan.md").write_text("---\nStatus: In Hand\n---\n- ethics of the plan\n", "utf-8")
    build(built)
    page = open_page(q="ethics")
    assert {"plan.md", "review.md"} <= {row["note"] for row in rows(element(page, "desk"))}
    page.multiselect(key="where").set_value(["status=In Hand"]).run()
    assert {row["note"] for row in rows(element(page, "desk"))} == {"plan.md"}
    page.button(key="clear").click().run()
    assert "review.md" in {row["note"] for row in rows(element(page, "desk"))}


def test_dates_filter_by_the_address(built: Path) -> None:
    desk = element(open_page(q="ethics", since="2020-01-01"), "desk")
    assert {row["note"] for row in rows(desk)} == {"review.md"}


def test_filters_that_leave_nothing_say_what_would_match_without_them(built: Path) -> None:
    page = open_page(q="discussion", mode="Words", tag="dl")
    assert "Nothing here passes the filters" in notices(page)
    assert "Without the filters 1 would match" in notices(page)
    assert element(page, "desk")["notices"][0]["ways"][0]["act"] == {"do": "clear"}
    page.button(key="clear").click().run()
    assert rows(element(page, "desk"))


def test_nothing_found_says_what_to_try(built: Path) -> None:
    page = open_page(q="zebra", mode="Words")
    assert "Not in your notes" in notices(page)
    way = element(page, "desk")["notices"][0]["ways"][0]
    assert way == {"label": "Search by meaning too", "act": {"do": "match"}}


def test_what_is_no_answer_is_one_quiet_line_over_folded_rows(built: Path) -> None:
    desk = element(open_page(q="zebra crossing fines"), "desk")
    assert desk["verdict"]["text"] == "Not in your notes. Nearest:"
    assert desk["verdict"]["nearest"]
    assert (desk["best"], desk["related"]) == (None, [])
    assert desk["weakCount"] > 0
    assert desk["place"] == ""  # no point is shown as an answer


@pytest.mark.parametrize("end", ["", "?"])
def test_what_was_read_into_a_question_is_said(
    built: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(FakeEncoder, "count_tokens", lambda self, texts: [2] * len(texts))
    page = open_page(q=f"discussion of ehtics{end}")
    assert "Showing results for ethics" in notices(page)
    way = element(page, "desk")["notices"][0]["ways"][0]
    assert way["label"] == "Search for ehtics instead"
    assert way["act"] == {"do": "ask", "question": f'discussion of "ehtics"{end}'}


def test_examples_of_the_address_steer_the_answer(built: Path) -> None:
    plain = element(open_page(q="videos"), "desk")
    steered = element(open_page(q="videos", more=["courses/one.md:7"]), "desk")
    assert rows(plain)[0]["place"] == "review.md:11"
    assert score_of(steered, "review.md:10") > score_of(plain, "review.md:10")
    assert "courses/one.md:7" not in [row["place"] for row in rows(steered)]  # it is the example
    assert steered["steers"] == [
        {"place": "courses/one.md:7", "sign": "+", "text": "ethics of data x"}
    ]


def score_of(desk: dict[str, Any], place: str) -> float:
    found = next(row["score"] for row in rows(desk) if row["place"] == place)
    return float(found.split("cosine ")[1].partition(",")[0])


def test_operator_is_completed_and_note_is_found_by_name(built: Path) -> None:
    desk = element(open_page(q="ethics tag:re"), "desk")
    assert desk["completions"] == [["tag:review", "ethics tag:review "]]
    begun = element(open_page(q="tag:"), "desk")
    assert (begun["best"], begun["verdict"], len(begun["completions"])) == (None, None, 2)
    names = element(open_page(q="course on"), "desk")["names"]
    assert [(one["title"], one["place"]) for one in names] == [("Course one", "courses/one.md")]
    assert element(open_page(q="course one"), "desk")["enter"] == "courses/one.md"


def test_answer_takes_the_size_that_the_address_names(built: Path) -> None:
    whole = element(open_page(q="discussion of ethics", size="list"), "desk")["best"]
    assert [row["text"] for row in whole["rows"]][:2] == [
        "no discussion of ethics",
        "volume of videos changes a lot",
    ]
    assert element(open_page(q="discussion of ethics", size="list"), "desk")["size"] == "list"
    point = element(open_page(q="discussion of ethics", size="point"), "desk")["best"]
    assert [row["text"] for row in point["rows"]] == ["no discussion of ethics"]
    assert element(open_page(q="ethics", size="<b>"), "desk")["size"] == ""


def test_answer_is_saved_as_a_file_once(built: Path) -> None:
    page = open_page(q="ethics")
    assert element(page, "desk")["file"] is None
    page.session_state["file"] = ("csv", 7)
    page.run()
    file = element(page, "desk")["file"]
    assert (file["name"], file["mime"], file["at"]) == ("ethics.csv", "text/csv", 7)
    assert file["text"].startswith("rank,title")
    page.run()
    assert element(page, "desk")["file"] is None


def test_what_was_opened_for_the_last_question_is_left_with_it(built: Path) -> None:
    page = open_page(q="ethics", p="courses/one.md:7")
    assert element(page, "desk")["explicit"]
    page.text_input(key="q").set_value("discussion").run()
    desk = element(page, "desk")
    assert not desk["explicit"]
    assert desk["place"] == desk["best"]["place"]


def test_example_that_is_gone_is_let_go(built: Path) -> None:
    assert rows(element(open_page(q="ethics", less=["gone.md:4"]), "desk"))


def test_endless_question_is_cut_and_it_is_said(built: Path) -> None:
    assert "the question has 3,000 words" in notices(open_page(q="ethics " * 3_000))


# --- the model, the index -----------------------------------------------------------------------


def test_without_a_model_words_answer_and_it_is_said(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*args: object, **options: object) -> FakeEncoder:
        raise EncoderError("the weights are not installed: see https://e.org", "install them")

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", missing)
    page = open_page(q="ethics")
    assert "By words alone: the weights are not installed. See Index" in texts(page)
    desk = element(page, "desk")
    assert rows(desk)[0]["why"] == ["has ethics"]
    assert not desk["steerable"]


def test_words_answer_while_the_model_loads(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()

    def slow(*args: object, **options: object) -> FakeEncoder:
        assert loaded.wait(30)
        return FakeEncoder()

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", slow)
    page = open_page(q="ethics")
    assert "Searching by words alone while the model loads" in texts(page)
    assert not element(page, "desk")["steerable"]
    loaded.set()
    end = time.monotonic() + PATIENCE_S
    while "words alone" in texts(page):
        assert time.monotonic() < end
        page.run()
    assert element(page, "desk")["steerable"]


def test_missing_index_offers_to_build(folder: Path) -> None:
    page = open_page(q="ethics")
    assert "Your notes are not indexed yet" in texts(page)
    assert page.button(key="build").label == "Build the index"
    assert not page.button(key="build").disabled


def test_words_are_searched_while_the_first_index_is_built(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Progress(running=True, phase="reading", done=1, total=2)
    monkeypatch.setattr(Rebuilder, "progress", property(lambda self: running))
    page = open_page()
    assert "Reading your notes for the first time" in texts(page)
    end = time.monotonic() + PATIENCE_S
    while not element(page, "meanwhile")["said"].startswith("2 notes"):
        assert time.monotonic() < end
        page.run()
    page.text_input(key="q").set_value("is there a discussion of ethics?").run()
    found = element(page, "meanwhile")["rows"]
    assert [row["place"] for row in found] == ["review.md:10", "courses/one.md:7"]
    page = open_page(q="ethics", p="review.md:10")
    note = element(page, "reader")["note"]
    assert (note["title"], note["lineStart"]) == ("Review", 10)


@pytest.mark.damages
def test_damaged_index_offers_a_rebuild(built: Path) -> None:
    store = os.environ.get("NOTEPOINT_STORE", "")
    if store:
        address, space = split_space(store)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"DROP TABLE notepoint_{space}.point")
    for path in (built / ".notepoint").glob("index-*.db"):
        path.write_bytes(b"garbage" * 1000)
    page = open_page(q="ethics")
    assert "The index is damaged" in texts(page)
    assert not page.button(key="build_anew").disabled


def test_index_of_another_model_offers_a_rebuild(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FakeEncoder(name="other")
    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: other)
    page = open_page(q="ethics")
    assert "another version or model" in texts(page)
    assert not page.button(key="build_anew").disabled


def test_folder_without_notes_says_what_to_put_there(folder: Path) -> None:
    for path in folder.rglob("*.md"):
        path.unlink()
    page = open_page()
    assert "There is no note in this folder yet" in texts(page)
    assert ".md" in texts(page)


def test_first_visit_without_a_folder_asks_for_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A page started without a folder: one that was opened before is a click away."""
    if os.environ.get("NOTEPOINT_STORE"):
        pytest.skip("a store on a server belongs to one folder")
    monkeypatch.delenv("NOTEPOINT_NOTES")
    monkeypatch.setenv("NOTEPOINT_CHOOSE", "1")
    monkeypatch.setenv("NOTEPOINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    remember_folder(tmp_path / "cache", folder)
    build(folder)
    page = open_page()
    assert "Where are your notes?" in texts(page)
    page.text_input(key="folder_path").set_value(str(tmp_path / "none")).run()
    page.button(key="open_folder").click().run()
    assert "There is no folder" in texts(page)
    assert folder.name in page.button(key="folder_0").label
    page.button(key="folder_0").click().run()
    assert "Ask 2 notes" in element(page, "home")["lead"]
    assert os.environ["NOTEPOINT_NOTES"] == str(folder)
    monkeypatch.setenv("NOTEPOINT_NOTES", str(folder))  # restored at the end of the test


def test_folder_that_was_taken_away_is_said(built: Path) -> None:
    page = open_page(q="ethics")
    built.rename(built.with_name("elsewhere"))
    page.run()
    assert "does not exist" in texts(page)
    built.with_name("elsewhere").rename(built)


def test_missing_folder_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEPOINT_NOTES", str(folder / "none"))
    assert "does not exist" in texts(open_page())


# --- map, timeline, links, index ----------------------------------------------------------------


def test_map_holds_every_point_and_rings_the_hits(built: Path) -> None:
    page = open_page(view="Map", q="discussion of ethics", mode="Words")
    plot = element(page, "plot")
    assert len(plot["x"]) == len(plot["y"]) == len(plot["places"]) == 6
    ringed = {plot["places"][i] for i in plot["rings"]}
    assert ringed == {"review.md:10", "courses/one.md:7"}
    assert maybe_element(page, "table") is None  # sent only on request
    page.toggle(key="as_table").set_value(True).run()
    table = element(page, "table")
    assert len(table["rows"]) == 6
    assert [row[3] for row in table["rows"]] == ["1", "2", "", "", "", ""]


def test_map_opens_a_point_next_to_it(built: Path) -> None:
    reader = element(open_page(view="Map", p="review.md:10"), "reader")
    assert reader["note"]["lineStart"] == 10


def test_map_keeps_to_the_filters(built: Path) -> None:
    assert element(open_page(view="Map", tag="dl"), "plot")["places"] == [
        "courses/one.md:2",
        "courses/one.md:7",
    ]


def test_timeline_holds_the_points_by_month(built: Path) -> None:
    line = element(open_page(view="Timeline"), "timeline")
    counts = {one["name"]: one["count"] for one in line["spans"] if one["count"]}
    assert counts == {"2019-02": 2, "2020-04": 4}
    assert len(line["spans"]) == 15
    assert [group["label"] for group in line["groups"]] == ["April 2020", "February 2019"]


def test_data_that_is_ready_just_after_its_view_was_drawn_is_shown(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The view waits for it; the rest of the same page already finds it."""
    asked: list[bool] = []

    def overview(host: Host, *, wanted: bool = False) -> Overview | None:
        ready = bool(asked)
        asked.extend([True] if wanted else [])
        return _overview_of(host) if ready else None

    monkeypatch.setattr(Host, "overview", overview)
    element(open_page(view="Timeline"), "timeline")


def test_timeline_filters_by_the_dates_that_are_chosen(built: Path) -> None:
    page = open_page(view="Timeline", since="2020-01-01", until="2020-12-31")
    line = element(page, "timeline")
    assert [group["label"] for group in line["groups"]] == ["April 2020"]
    assert len(line["spans"]) == 15  # bars outside of the filter stay, to choose again
    first, last = line["chosen"]
    assert (line["spans"][first]["name"], line["spans"][last]["name"]) == ("2020-01", "2020-04")


def test_spans_are_days_in_either_order() -> None:
    first, last = datetime.date(2019, 2, 1), datetime.date(2020, 12, 31)
    assert dates_of("2020-12", "2019-02") == dates_of("2019-02", "2020-12") == (first, last)
    assert dates_of("2019", "2019")[1] == datetime.date(2019, 12, 31)
    with pytest.raises(ValueError, match="invalid literal"):
        dates_of("never", "2019")


def test_dates_of_files_are_shown_where_no_note_has_one(folder: Path) -> None:
    for path in folder.rglob("*.md"):
        path.write_text(path.read_text("utf-8").replace("date: ", "when it was: "), "utf-8")
        os.utime(path, (1_600_000_000, 1_600_000_000))
    build(folder)
    line = element(open_page(view="Timeline"), "timeline")
    assert line["from_files"]
    assert [group["label"] for group in line["groups"]] == ["September 2020"]


def test_timeline_of_a_question_holds_its_hits(built: Path) -> None:
    page = open_page(view="Timeline", q="discussion", mode="Words")
    entries = [e for group in element(page, "timeline")["groups"] for e in group["entries"]]
    assert [entry["text"] for entry in entries] == ["no discussion of ethics"]


def test_links_are_drawn_and_broken_ones_listed(built: Path) -> None:
    page = open_page(view="Links")
    plot = element(page, "plot")
    assert sorted(plot["places"]) == ["courses/one.md", "review.md"]
    assert plot["edges"] == [[0, 1]]
    rows = element(page, "table")["rows"]
    assert [row[3] for row in rows] == ["no such note"]
    assert rows[0][0]["place"] == "review.md:12"


def test_pages_not_written_yet_are_no_broken_links(folder: Path) -> None:
    (folder / "plans.md").write_text("- see [[Some day]] and [gone](gone.md)\n", "utf-8")
    build(folder)
    page = open_page(view="Links")
    tables = [one for one in elements(page, "table") if one["label"] != "Links between notes"]
    assert [(one["label"], [row[2] for row in one["rows"]]) for one in tables] == [
        ("Broken links", ["gone.md", "none.md"]),
        ("Links to notes not written yet", ["Some day"]),
    ]


def test_folder_is_added_asked_together_and_removed(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.environ.get("NOTEPOINT_STORE"):
        pytest.skip("a store on a server belongs to one folder")
    monkeypatch.setenv("NOTEPOINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    other = tmp_path / "garden"
    other.mkdir()
    (other / "beds.md").write_text("# Beds\n\n- compost in spring\n", "utf-8")
    page = open_page(view="Index")
    page.text_input(key="folder_path_add").set_value(str(other)).run()
    page.button(key="open_folder_path_add").click().run()
    both = Path(os.environ["NOTEPOINT_NOTES"])
    monkeypatch.setenv("NOTEPOINT_NOTES", str(both))  # restored at the end of the test
    with Notebook(both, encoder=FakeEncoder()) as notebook:
        notebook.build()
    page = open_page(view="Index")
    assert texts(page).count(str(other)) >= 1
    home = element(open_page(), "home")
    assert {note for _, note, *_ in home["notes"]} == {
        "garden/beds.md",
        f"{built.name}/review.md",
        f"{built.name}/courses/one.md",
    }
    page = open_page(view="Index")
    page.button(key="remove_0").click().run()
    assert os.environ["NOTEPOINT_NOTES"] == str(built)


def test_index_view_shows_what_is_in_it(built: Path) -> None:
    (built / "binary.md").write_bytes(b"\x00" * 100)
    build(built)
    page = open_page(view="Index")
    assert {metric.label: metric.value for metric in page.metric}["Notes"] == "2"
    assert "Files with problems (1)" in texts(page)
    assert page.button(key="build").label == "Update now"


def test_index_view_offers_the_multilingual_model_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named() -> FakeEncoder:
        return FakeEncoder(name=DEFAULT_MODEL)

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", lambda *a, **k: named())
    with Notebook(folder, encoder=named()) as notebook:
        notebook.build()
    assert "setup multilingual" not in str(elements(open_page(view="Index"), "table"))
    rows = "".join(f"- die Rosen sind nicht für Nachbar {i}, und das ist gut\n" for i in range(20))
    (folder / "zum Garten.md").write_text(rows, "utf-8")
    with Notebook(folder, encoder=named()) as notebook:
        notebook.build()
    shown = str(elements(open_page(view="Index"), "table"))
    assert "German" in shown and shown.count("notepoint setup multilingual") == 1


def test_index_view_says_when_it_is_behind(built: Path) -> None:
    (built / "new.md").write_text("- new\n")
    page = open_page(view="Index")
    assert {metric.label: metric.value for metric in page.metric}["State"] == "Out of date"


@pytest.mark.parametrize("view", ["Search", "Map", "Timeline", "Links", "Index"])
def test_view_without_an_index_offers_to_build(folder: Path, view: str) -> None:
    page = open_page(view=view)
    assert "Your notes are not indexed yet" in texts(page)
    assert not page.button(key="build").disabled


def test_click_while_the_answer_is_drawn_belongs_to_the_new_question() -> None:
    """A click that interrupts the answer opens its place, and nothing of the question before."""

    def script() -> None:
        import streamlit as st

        from indexer.web import address

        st.query_params["more"] = ["old.md:1"]
        address.another_question()
        address.open_place("new.md:2")
        st.markdown(f"{address.opened()} {len(address.examples())}")

    page = AppTest.from_function(script, default_timeout=PATIENCE_S).run()
    assert not page.exception
    assert page.markdown[0].value == "new.md:2 0"


def test_folder_that_goes_away_under_a_running_page_is_named(built: Path) -> None:
    page = open_page(q="ethics")
    assert rows(element(page, "desk"))
    built.rename(built.with_name("elsewhere"))
    page.run()
    said = texts(page)
    # An index in the notes folder goes with it; one on a server still answers.
    assert re.search(r"The notes folder (\S+ )?does not exist", said)
    assert "not connected" in said or "Answers come from the index" in said
    assert "not indexed yet" not in said
    built.with_name("elsewhere").rename(built)
    page.run()
    assert rows(element(page, "desk"))

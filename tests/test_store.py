"""What every store keeps to: each test runs on the embedded one and on a real server."""

from __future__ import annotations

import datetime
import threading

import numpy as np
import pytest
from stores import SETUP, STAMP, Place, ids_of, key_of, note_of, put, vector_of

from indexer.errors import IndexDamaged, IndexLocked, IndexNotFound, IndexOutdated
from indexer.records import BlockKind, FileStamp, Link, LinkKind, Note, NoteFilter, Point, RawLink
from indexer.store.protocol import Store
from indexer.store.records import NewLink, NewPoint, NoteChange


def test_what_was_put_is_read_back(store: Store) -> None:
    note = note_of(
        "a/b.md",
        ["one point", "another"],
        title="Étude",
        date=datetime.date(2020, 4, 7),
        tags=("x", "y"),
        categories=("Deep Learning",),
        aliases=("b",),
    )
    put(store, note, published="/b.html")
    with store.view() as view:
        first, second = view.points_of("a/b.md")
        assert (first.point, second.point) == note.points
        assert first.note.title == "Étude"
        assert first.note.date == "2020-04-07"
        assert first.note.tags == ("x", "y")
        assert first.note.published == "/b.html"
        assert view.note_states()["a/b.md"].stamp == STAMP
        labels = view.labels()
        assert labels["tag"] == {"x": 1, "y": 1}
        assert labels["category"] == {"Deep Learning": 1}
        header = view.header()
    assert (header.generation, header.setup, header.notes, header.points) == (1, SETUP, 1, 2)


def test_new_store_has_no_setup(store: Store) -> None:
    with store.view() as view:
        assert view.header().setup is None
        with pytest.raises(IndexNotFound, match="nothing was built"):
            view.dense(vector_of("x"), 1, NoteFilter())


def test_engines_of_all_builds_are_recorded(store: Store) -> None:
    for engine in ("one", "", "other", "one"):
        with store.change(SETUP._replace(engine=engine)):
            pass
    with store.view() as view:
        setup = view.header().setup
    assert setup is not None
    assert setup.engine == "one and other"


def test_each_change_moves_the_generation(store: Store) -> None:
    put(store, note_of("a.md", ["one"]))
    put(store, note_of("b.md", ["two"]))
    with store.view() as view:
        assert view.header().generation == 2


def test_failed_change_leaves_nothing(store: Store) -> None:
    put(store, note_of("a.md", ["one"]))
    with pytest.raises(RuntimeError, match="stop"), store.change(SETUP) as change:
        change.drop("a.md")
        raise RuntimeError("stop")
    with store.view() as view:
        assert [p.point.text for p in view.points_of("a.md")] == ["one"]
        assert view.header().generation == 1


def test_view_does_not_see_what_is_committed_meanwhile(store: Store) -> None:
    put(store, note_of("a.md", ["one"]))
    with store.view() as view:
        assert view.header().points == 1
        writer = threading.Thread(target=lambda: put(store, note_of("b.md", ["two"])))
        writer.start()
        writer.join()
        assert [note.note_id for note in view.notes()] == ["a.md"]
        assert len(view.dense(vector_of("one"), 5, NoteFilter())) == 1
    with store.view() as view:
        assert len(view.dense(vector_of("one"), 5, NoteFilter())) == 2


def test_point_ids_are_never_used_again(store: Store) -> None:
    put(store, note_of("a.md", ["one", "two"]))
    old = set(ids_of(store).values())
    with store.change(SETUP) as change:
        change.drop("a.md")
    put(store, note_of("a.md", ["one", "two"]))
    assert old.isdisjoint(ids_of(store).values())
    put(store, note_of("a.md", ["one"]), clear=True)
    assert min(ids_of(store).values()) > max(old) + 2


def test_no_retriever_finds_a_dropped_note(store: Store) -> None:
    put(store, note_of("a.md", ["ethics of models"]), note_of("b.md", ["volume of videos"]))
    store.optimise()
    with store.change(SETUP) as change:
        change.drop("a.md")
    with store.view() as view:
        assert view.lexical(["ethic"], 5, NoteFilter()) == []
        assert len(view.dense(vector_of("ethics of models"), 5, NoteFilter())) == 1
        assert view.term_counts(["ethic", "volum"]) == {"volum": 1}


def test_kept_point_keeps_its_id_and_takes_its_new_line(store: Store) -> None:
    put(store, note_of("a.md", ["one", "two"]))
    ids = ids_of(store)
    moved = Point("two", BlockKind.ITEM, 9, 9, ("Heading",))
    note = Note("a.md", b"new", "Title", points=(moved,))
    with store.change(SETUP) as change:
        kept = ((ids["two"], 0, moved),)
        change.put(NoteChange(note, STAMP, kept=kept, removed=(ids["one"],)))
    with store.view() as view:
        (found,) = view.points_of("a.md")
    assert (found.point_id, found.point.line_start) == (ids["two"], 9)


def test_lexical_is_ordered_by_bm25_and_words_above_count_less(store: Store) -> None:
    own = Point("batch norm", BlockKind.ITEM, 1, 1)
    above = Point("at test time", BlockKind.ITEM, 2, 2, ("Batch norm",))
    note = Note("a.md", b"", "Title", points=(above, own, Point("else", BlockKind.ITEM, 3, 3)))
    put(store, note)
    with store.view() as view:
        found = view.lexical(["batch", "norm"], 5, NoteFilter())
        texts = [view.read_points([i])[i].point.text for i, _ in found]
    assert texts == ["batch norm", "at test time"]
    assert found[0][1] > found[1][1] > 0


def test_repeated_terms_count_twice(store: Store) -> None:
    put(store, note_of("a.md", ["apple pie", "pear cake", "plum jam", "fig tart"]))
    with store.view() as view:
        once = dict(view.lexical(["appl"], 5, NoteFilter()))
        twice = dict(view.lexical(["appl", "appl"], 5, NoteFilter()))
    (point_id,) = once
    assert twice[point_id] == pytest.approx(2 * once[point_id])


def test_rare_terms_find_and_all_rate(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, note_of("a.md", ["apple zebra", "zebra", "apple pie", "apple jam", "fig", "plum"]))
    terms = ["appl", "zebra"]
    with store.view() as view:
        everything = view.lexical(terms, 5, NoteFilter())
        assert len(everything) == 4
    monkeypatch.setattr("indexer.store.term_selection._FIND_PLACES", (2, 2))
    monkeypatch.setattr("indexer.store.term_selection._ENOUGH_PLACES", 1)
    with store.view() as view:
        found = view.lexical(terms, 5, NoteFilter())
        assert [point_id for point_id, _ in found] == [point_id for point_id, _ in everything[:2]]
        assert dict(found) == pytest.approx(dict(everything[:2]))
        assert view.lexical(terms, 1, NoteFilter()) == found[:1]
        assert view.lexical(["appl"], 5, NoteFilter(), common=False) == []
        assert len(view.lexical(["appl"], 5, NoteFilter())) == 3
        ids = [point_id for point_id, _ in found]
        assert view.bm25(terms, ids) == pytest.approx(dict(found))
        assert max(view.bm25(["appl"], ids).values()) > 0.0
    monkeypatch.setattr("indexer.store.term_selection._RATE_PLACES", (2, 2))
    with store.view() as view:
        assert view.bm25(["appl"], ids) == dict.fromkeys(ids, 0.0)


@pytest.mark.parametrize("term", ['"', "a OR b", "NEAR(", "*", "col:on", "'; DROP TABLE point;--"])
def test_query_syntax_is_only_words(store: Store, term: str) -> None:
    put(store, note_of("a.md", ["one"]))
    with store.view() as view:
        assert view.lexical([term], 5, NoteFilter()) == []


def test_links_are_resolved_again_when_their_note_comes_and_goes(store: Store) -> None:
    raw = RawLink(1, "to b", "b.md")
    point = Point("see to b", BlockKind.ITEM, 1, 1, links=(raw,))
    note = Note("a.md", b"", "A", points=(point,))
    store.add_vectors([key_of("see")], vector_of("see")[np.newaxis], [b"x"])

    def resolve(change: object, to: str | None) -> int:
        links = list(change.open_links())  # type: ignore[attr-defined]
        for link_id, note_id, link in links:
            found = Link(note_id, link.line, link.text, link.target, LinkKind.NOTE, to, ok=bool(to))
            change.close_link(link_id, found)  # type: ignore[attr-defined]
        return len(links)

    with store.change(SETUP) as change:
        links = (NewLink(0, raw, "b"),)
        change.put(NoteChange(note, STAMP, added=(NewPoint(0, point, key_of("see")),), links=links))
        assert resolve(change, None) == 1
    with store.view() as view:
        assert [link.ok for link in view.links_of("a.md")] == [False]
    with store.change(SETUP) as change:
        change.put(NoteChange(Note("b.md", b"", "B"), STAMP, names=frozenset({"b"})))
        assert resolve(change, "b.md") == 1
    with store.view() as view:
        assert [link.to for link in view.backlinks("b.md")] == ["b.md"]
        (found,) = view.points_of("a.md")
        assert [link.to for link in found.links] == ["b.md"]
    with store.change(SETUP) as change:
        change.drop("b.md")
        assert resolve(change, None) == 1


def test_name_that_is_no_utf8_is_kept(store: Store) -> None:
    put(store, note_of("caf\udce9.md", ["one"]))
    with store.view() as view:
        assert [note.note_id for note in view.notes()] == ["caf\udce9.md"]
        assert len(view.points_of("caf\udce9.md")) == 1


def test_touch_changes_the_stamp_alone(store: Store) -> None:
    put(store, note_of("a.md", ["one"]))
    stamp = FileStamp(1, 2, 3, 4)
    store.touch({"a.md": stamp, "gone.md": stamp})
    with store.view() as view:
        assert view.stamps() == {"a.md": stamp}
        assert view.header().generation == 1


def test_chance_is_kept_for_its_generation_alone(store: Store) -> None:
    put(store, note_of("a.md", ["one"]))
    with store.view() as view:
        assert view.chance_trace() == b""
    store.keep_chance(1, 0.25, b"trace\0")
    with store.view() as view:
        assert view.header().chance == 0.25
        assert view.header().generation == 1
    put(store, note_of("b.md", ["two"]))
    with store.view() as view:
        assert view.header().chance is None
        assert view.chance_trace() == b"trace\0"


def test_newest_points_have_the_highest_ids(store: Store) -> None:
    with store.view() as view:
        assert view.newest(5) == []
    put(store, note_of("a.md", ["one", "two"]))
    before = ids_of(store)
    put(store, note_of("b.md", ["three"]))
    ids = ids_of(store)
    with store.view() as view:
        assert view.newest(9) == [ids["three"], *sorted(before.values(), reverse=True)]
        assert view.newest(1) == [ids["three"]]
    put(store, note_of("c.md", ["four"]), clear=True)
    with store.view() as view:
        assert view.newest(9) == [ids_of(store)["four"]] > [ids["three"]]


def test_size_of_a_note_is_its_points(store: Store) -> None:
    put(store, note_of("a.md", ["one", "two"]))
    put(store, note_of("b.md", []))
    with store.view() as view:
        assert view.note_sizes(["a.md", "b.md", "gone.md"]) == {"a.md": 2, "b.md": 0}
        assert view.note_sizes([]) == {}


@pytest.mark.damages
def test_pieces_are_read_back_and_checked(place: Place) -> None:
    store = place.open()
    put(store, note_of("a.md", ["one", "two"]))
    ids = ids_of(store)
    with store.view() as view:
        assert view.pieces([ids["two"], ids["one"]]) == {ids["one"]: b"one", ids["two"]: b"two"}
    spoilt = {
        "embedded": "UPDATE vector SET pieces = zeroblob(9)",
        "server": "UPDATE embedding SET pieces = 'x'",
    }
    place.execute(spoilt[place.kind])
    with store.view() as view, pytest.raises(IndexDamaged, match="word pieces"):
        view.pieces([ids["one"]])
    store.close()


def test_terms_like_finds_the_vocabulary(store: Store) -> None:
    put(store, note_of("a.md", ["ethics ether", "ethics"]))
    with store.view() as view:
        assert sorted(view.terms_like("e", 5, 5)) == [("ether", 1), ("ethic", 2)]
        assert view.terms_like("x", 1, 9) == []


def test_vectors_are_known_by_their_keys(store: Store) -> None:
    store.add_vectors([b"k" * 16], vector_of("x")[np.newaxis], [b"x"])
    assert store.known_keys([b"k" * 16, b"l" * 16]) == {b"k" * 16}


def test_unused_vectors_are_kept_until_they_are_many(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, note_of("a.md", ["one"]))
    with store.change(SETUP) as change:
        change.drop("a.md")
    store.optimise()
    assert store.known_keys([key_of("one")])
    place.forget_vectors_above(0, monkeypatch)
    store.optimise()
    assert not store.known_keys([key_of("one")])


@pytest.mark.damages
@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ("UPDATE point SET text = 'other'", "row of point"),
        ("UPDATE note SET title = 'other'", "note 'a.md'"),
        (
            {
                "embedded": "UPDATE block SET value = zeroblob(16)",
                "server": "UPDATE embedding SET value = '[0,0,0,0,0,0,0,0]'",
            },
            "is damaged",
        ),
        (
            {
                "embedded": "UPDATE vector SET pieces = zeroblob(9)",
                "server": "UPDATE embedding SET pieces = 'x'",
            },
            "is damaged",
        ),
        (
            {"embedded": "DELETE FROM vector", "server": "DELETE FROM embedding"},
            "points without their vector",
        ),
        ("DELETE FROM note", "points without their note"),
        (
            {
                "embedded": "UPDATE header SET value = '9' WHERE key = 'points'",
                "server": "UPDATE header SET points = 9",
            },
            "header counts 9",
        ),
        (
            {
                "embedded": "INSERT INTO words (rowid, own) VALUES (99, 'x')",
                "server": "UPDATE point SET words = 'x'",
            },
            "words",
        ),
    ],
    ids=["point", "note", "vector", "pieces", "no vector", "no note", "header", "words"],
)
def test_check_finds_what_is_wrong(
    place: Place, statements: str | dict[str, str], message: str
) -> None:
    store = place.open()
    put(store, note_of("a.md", ["one"]))
    store.close()
    place.execute(statements if isinstance(statements, str) else statements[place.kind])
    store = place.open()
    assert any(message in fault.message for fault in store.verify())
    store.close()


@pytest.mark.damages
def test_damaged_rows_are_never_answers(place: Place) -> None:
    store = place.open()
    put(store, note_of("a.md", ["one"]))
    (point_id,) = ids_of(store).values()
    store.close()
    place.execute("UPDATE point SET text = 'other'")
    spoilt = {
        "embedded": "UPDATE block SET value = zeroblob(16)",
        "server": "UPDATE embedding SET value = '[0,0,0,0,0,0,0,0]'",
    }
    place.execute(spoilt[place.kind])
    store = place.open(read_only=True)
    with store.view() as view:
        with pytest.raises(IndexDamaged, match=f"point {point_id}"):
            view.points_of("a.md")
        with pytest.raises(IndexDamaged, match=f"vector of point {point_id}"):
            view.dense(vector_of("one"), 1, NoteFilter())
        with pytest.raises(IndexDamaged, match=f"vector of point {point_id}"):
            view.vectors([point_id])
    store.close()


def test_missing_index_is_not_found_and_not_made(place: Place) -> None:
    for _ in range(2):
        with pytest.raises(IndexNotFound):
            place.open(read_only=True)


@pytest.mark.damages
def test_newer_format_is_refused_untouched(place: Place) -> None:
    place.open().close()
    newer = {
        "embedded": "UPDATE header SET value = '99' WHERE key = 'format'",
        "server": "UPDATE header SET format = 99",
    }
    place.execute(newer[place.kind])
    for options in ({}, {"read_only": True}, {"repair": True}):
        with pytest.raises(IndexOutdated, match="newer"):
            place.open(**options)


def test_one_build_at_a_time(place: Place, store: Store) -> None:
    other = place.open(lock_timeout_s=0.05)
    with store.building():
        put(store, note_of("a.md", ["one"]))
        with pytest.raises(IndexLocked, match=r"process \d+ .*is building"), other.building():
            pass
    with other.building():
        pass
    other.close()


@pytest.mark.parametrize("text", ["nul \0 in it", "\ufdd0000a", "'\\ \" %s $$"])
def test_text_of_any_kind_comes_back(store: Store, text: str) -> None:
    point = Point(text, BlockKind.CODE, 1, 1, (text,), (text,))
    put(store, Note("a.md", b"", text, tags=(text,), points=(point,)))
    with store.view() as view:
        (found,) = view.points_of("a.md")
        assert (found.point, found.note.title, found.note.tags) == (point, text, (text,))


def test_what_is_longer_than_any_index_entry_is_kept(store: Store) -> None:
    long = "x" * 4_000
    words = " ".join(f"{letter * 60}" for letter in "abc") + " \ufdfa" * 60
    link = RawLink(1, long, long)
    point = Point(words, BlockKind.ITEM, 1, 1, (long,), links=(link,))
    note = Note("/".join(["d" * 200] * 15) + ".md", b"", long, tags=(long,), points=(point,))
    store.add_vectors([key_of(words)], vector_of(words)[np.newaxis], [b"x"])
    with store.change(SETUP) as change:
        added = (NewPoint(0, point, key_of(words)),)
        names = frozenset({long})
        change.put(NoteChange(note, STAMP, long, names, (), added, (), (NewLink(0, link, long),)))
        for link_id, note_id, raw in list(change.open_links()):
            assert [found.note_id for found in change.names_for(long)] == [note.note_id]
            to = Link(note_id, raw.line, raw.text, raw.target, LinkKind.NOTE, note_id)
            change.close_link(link_id, to)
    with store.view() as view:
        assert [link.target for link in view.links_of(note.note_id)] == [long]
        assert len(view.lexical(["a" * 60], 5, NoteFilter(tags=(long,)))) == 1


def test_same_note_twice_in_one_change_is_its_last_state(store: Store) -> None:
    store.add_vectors([key_of("one")], vector_of("one")[np.newaxis], [b"x"])
    with store.change(SETUP) as change:
        for title in ("First", "Second"):
            change.put(NoteChange(note_of("a.md", [], title=title), STAMP))
    with store.view() as view:
        assert [note.title for note in view.notes()] == ["Second"]


def test_point_without_its_vector_is_not_added(store: Store) -> None:
    with pytest.raises(IndexDamaged, match="lost"), store.change(SETUP) as change:
        change.put(
            NoteChange(
                note_of("a.md", ["one"]),
                STAMP,
                added=(NewPoint(0, note_of("a.md", ["one"]).points[0], b"k" * 16),),
            )
        )
    with store.view() as view:
        assert view.header().points == 0


def test_vectors_of_points_that_went_serve_those_that_come(store: Store) -> None:
    put(store, note_of("a.md", ["one", "two"]))
    with store.change(SETUP) as change:
        change.drop("a.md")
    with store.change(SETUP, clear=True) as change:
        note = note_of("b.md", ["two", "one", "two"])
        added = tuple(NewPoint(i, point, key_of(point.text)) for i, point in enumerate(note.points))
        change.put(NoteChange(note, STAMP, added=added))
    with store.view() as view:
        found = view.dense(vector_of("two"), 2, NoteFilter())
        texts = [view.read_points([i])[i].point.text for i, _ in found]
    assert texts == ["two", "two"]
    assert [score for _, score in found] == pytest.approx([1.0, 1.0], abs=1e-3)

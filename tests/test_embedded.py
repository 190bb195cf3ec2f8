"""The embedded store: one generation at a time, whole, or an error that says what is wrong."""

from __future__ import annotations

import datetime
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.encoding.encoder import unit_length
from indexer.errors import IndexDamaged, IndexerError, IndexLocked, IndexNotFound, IndexOutdated
from indexer.records import BlockKind, FileStamp, Link, LinkKind, Note, NoteFilter, Point, RawLink
from indexer.store.embedded import DATABASE, EmbeddedStore
from indexer.store.store import NewLink, NewPoint, NoteChange, Setup
from indexer.store.vectors import list_snapshots

SETUP = Setup("fake 8", "fake", 8, "1.1")
STAMP = FileStamp(10, 20, 30, 40)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "index", lock_timeout_s=0.1)
    yield opened
    assert opened.verify() == []
    opened.close()


def vector_of(text: str) -> np.ndarray:
    generator = np.random.default_rng(sum(map(ord, text)))
    return unit_length(generator.standard_normal(8).astype(np.float32))


def key_of(text: str) -> bytes:
    return text.encode().ljust(16, b"\x00")[:16]


def note_of(note_id: str, texts: Sequence[str], **fields: object) -> Note:
    points = tuple(
        Point(text, BlockKind.ITEM, i, i, ("Heading",)) for i, text in enumerate(texts, 1)
    )
    fields.setdefault("title", "Title")
    return Note(note_id, b"hash", points=points, **fields)  # type: ignore[arg-type]


def put(store: EmbeddedStore, *notes: Note, anew: bool = False, **fields: object) -> None:
    texts = [point.text for note in notes for point in note.points]
    if texts:
        vectors = np.stack([vector_of(t) for t in texts])
        pieces = [t.encode("utf-8", "surrogatepass") for t in texts]
        store.add_vectors([key_of(t) for t in texts], vectors, pieces)
    with store.change(SETUP, anew=anew) as change:
        for note in notes:
            added = tuple(
                NewPoint(i, point, key_of(point.text)) for i, point in enumerate(note.points)
            )
            change.put(NoteChange(note, STAMP, added=added, **fields))  # type: ignore[arg-type]


def ids_of(store: EmbeddedStore) -> dict[str, int]:
    with store.view() as view:
        return {p.point.text: p.point_id for n in view.notes() for p in view.points_of(n.note_id)}


def test_what_was_put_is_read_back(store: EmbeddedStore) -> None:
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
        assert view.labels() == {"tag": {"x": 1, "y": 1}, "category": {"Deep Learning": 1}}
        header = view.header()
    assert (header.generation, header.setup, header.notes, header.points) == (1, SETUP, 1, 2)


def test_new_store_has_no_setup(store: EmbeddedStore) -> None:
    with store.view() as view:
        assert view.header().setup is None
        with pytest.raises(IndexNotFound, match="nothing was built"):
            view.dense(vector_of("x"), 1, NoteFilter())


def test_engines_of_all_builds_are_recorded(store: EmbeddedStore) -> None:
    for engine in ("one", "", "other", "one"):
        with store.change(replace(SETUP, engine=engine)):
            pass
    with store.view() as view:
        setup = view.header().setup
    assert setup is not None
    assert setup.engine == "one and other"


def test_each_change_moves_the_generation(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["one"]))
    put(store, note_of("b.md", ["two"]))
    with store.view() as view:
        assert view.header().generation == 2


def test_failed_change_leaves_nothing(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["one"]))
    with pytest.raises(RuntimeError, match="stop"), store.change(SETUP) as change:
        change.drop("a.md")
        raise RuntimeError("stop")
    with store.view() as view:
        assert [p.point.text for p in view.points_of("a.md")] == ["one"]
        assert view.header().generation == 1


def test_view_does_not_see_what_is_committed_meanwhile(store: EmbeddedStore) -> None:
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


def test_point_ids_are_never_used_again(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["one", "two"]))
    old = set(ids_of(store).values())
    with store.change(SETUP) as change:
        change.drop("a.md")
    put(store, note_of("a.md", ["one", "two"]))
    assert old.isdisjoint(ids_of(store).values())
    put(store, note_of("a.md", ["one"]), anew=True)
    assert min(ids_of(store).values()) > max(old) + 2


def test_dropped_note_is_found_by_neither_leg(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["ethics of models"]), note_of("b.md", ["volume of videos"]))
    store.optimise()
    with store.change(SETUP) as change:
        change.drop("a.md")
    with store.view() as view:
        assert view.lexical(["ethic"], 5, NoteFilter()) == []
        assert len(view.dense(vector_of("ethics of models"), 5, NoteFilter())) == 1
        assert view.term_counts(["ethic", "volum"]) == {"volum": 1}


def test_kept_point_keeps_its_id_and_takes_its_new_line(store: EmbeddedStore) -> None:
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


def test_lexical_is_ordered_by_bm25_and_words_above_count_less(store: EmbeddedStore) -> None:
    own = Point("batch norm", BlockKind.ITEM, 1, 1)
    above = Point("at test time", BlockKind.ITEM, 2, 2, ("Batch norm",))
    note = Note("a.md", b"", "Title", points=(above, own, Point("else", BlockKind.ITEM, 3, 3)))
    put(store, note)
    with store.view() as view:
        found = view.lexical(["batch", "norm"], 5, NoteFilter())
        texts = [view.read_points([i])[i].point.text for i, _ in found]
    assert texts == ["batch norm", "at test time"]
    assert found[0][1] > found[1][1] > 0


def test_repeated_terms_count_twice(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["apple pie", "pear cake", "plum jam", "fig tart"]))
    with store.view() as view:
        once = dict(view.lexical(["appl"], 5, NoteFilter()))
        twice = dict(view.lexical(["appl", "appl"], 5, NoteFilter()))
    (point_id,) = once
    assert twice[point_id] == pytest.approx(2 * once[point_id])


@pytest.mark.parametrize("term", ['"', "a OR b", "NEAR(", "*", "col:on", "'; DROP TABLE point;--"])
def test_query_syntax_is_only_words(store: EmbeddedStore, term: str) -> None:
    put(store, note_of("a.md", ["one"]))
    with store.view() as view:
        assert view.lexical([term], 5, NoteFilter()) == []


def test_filters_hold_for_both_legs(store: EmbeddedStore) -> None:
    day = datetime.date
    put(
        store,
        note_of("x/a.md", ["shared one"], tags=("T",), date=day(2020, 1, 1)),
        note_of("x/y/b.md", ["shared two"], categories=("C",), date=day(2021, 1, 1)),
        note_of("xz/c.md", ["shared three"]),
    )
    cases = {
        NoteFilter(tags=("t",)): {"shared one"},
        NoteFilter(categories=("C",)): {"shared two"},
        NoteFilter(folders=("x",)): {"shared one", "shared two"},
        NoteFilter(folders=("x/y/", "xz")): {"shared two", "shared three"},
        NoteFilter(notes=("xz/c.md",)): {"shared three"},
        NoteFilter(since=day(2020, 6, 1)): {"shared two"},
        NoteFilter(until=day(2020, 1, 1)): {"shared one"},
        NoteFilter(tags=("T",), since=day(2020, 6, 1)): set(),
    }
    with store.view() as view:
        for where, expected in cases.items():
            for found in (
                view.dense(vector_of("shared one"), 9, where),
                view.lexical(["share"], 9, where),
            ):
                points = view.read_points([i for i, _ in found])
                assert {p.point.text for p in points.values()} == expected, where


def test_links_are_resolved_again_when_their_note_comes_and_goes(store: EmbeddedStore) -> None:
    raw = RawLink(1, "to b", "b.md")
    point = Point("see to b", BlockKind.ITEM, 1, 1, links=(raw,))
    note = Note("a.md", b"", "A", points=(point,))
    store.add_vectors([key_of("see")], vector_of("see")[np.newaxis], [b"see"])

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


def test_name_that_is_no_utf8_is_kept(store: EmbeddedStore) -> None:
    put(store, note_of("caf\udce9.md", ["one"]))
    with store.view() as view:
        assert [note.note_id for note in view.notes()] == ["caf\udce9.md"]
        assert len(view.points_of("caf\udce9.md")) == 1


def test_pieces_are_read_back_and_checked(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "other")
    put(store, note_of("a.md", ["one", "two"]))
    ids = ids_of(store)
    with store.view() as view:
        assert view.pieces([ids["two"], ids["one"]]) == {ids["one"]: b"one", ids["two"]: b"two"}
    with sqlite3.connect(store.folder / DATABASE) as connection:
        connection.execute("UPDATE vector SET pieces = x'00'")
    connection.close()
    with store.view() as view, pytest.raises(IndexDamaged, match="word pieces"):
        view.pieces([ids["one"]])
    store.close()


def test_terms_like_finds_the_vocabulary(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["ethics ether", "ethics"]))
    with store.view() as view:
        assert sorted(view.terms_like("e", 5, 5)) == [("ether", 1), ("ethic", 2)]
        assert view.terms_like("x", 1, 9) == []


def test_touch_changes_the_stamp_alone(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["one"]))
    stamp = FileStamp(1, 2, 3, 4)
    store.touch({"a.md": stamp, "gone.md": stamp})
    with store.view() as view:
        assert view.stamps() == {"a.md": stamp}
        assert view.header().generation == 1


def test_vectors_are_known_by_their_keys(store: EmbeddedStore) -> None:
    store.add_vectors([b"k" * 16], vector_of("x")[np.newaxis], [b"x"])
    assert store.known_keys([b"k" * 16, b"l" * 16]) == {b"k" * 16}


def test_snapshot_is_written_once_and_used(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", [f"point {i}" for i in range(20)]))
    store.optimise()
    (snapshot,) = list_snapshots(store.folder)
    store.optimise()
    assert list_snapshots(store.folder) == [snapshot]
    put(store, note_of("b.md", ["late"]))
    with EmbeddedStore(store.folder, read_only=True).view() as view:
        ((first, cosine),) = view.dense(vector_of("late"), 1, NoteFilter())
        assert view.read_points([first])[first].point.text == "late"
        assert cosine == pytest.approx(1.0, abs=1e-3)


def test_damaged_snapshot_is_passed_over(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", [f"point {i}" for i in range(20)]))
    store.optimise()
    (snapshot,) = list_snapshots(store.folder)
    content = bytearray(snapshot.path.read_bytes())
    content[-5] ^= 0xFF
    snapshot.path.write_bytes(content)
    fresh = EmbeddedStore(store.folder)
    with fresh.view() as view:
        ((first, _),) = view.dense(vector_of("point 7"), 1, NoteFilter())
        assert view.read_points([first])[first].point.text == "point 7"
    assert [fault.part for fault in fresh.verify()] == [snapshot.path.name]
    fresh.close()
    snapshot.path.unlink()


def test_unused_vectors_are_kept_until_they_are_many(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, note_of("a.md", ["one"]))
    with store.change(SETUP) as change:
        change.drop("a.md")
    store.optimise()
    assert store.known_keys([key_of("one")])
    monkeypatch.setattr("indexer.store.embedded._MAX_OVERLAY", 0)
    store.optimise()
    assert not store.known_keys([key_of("one")])


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE point SET text = 'other'", "row of point"),
        ("UPDATE note SET title = 'other'", "note 'a.md'"),
        ("UPDATE vector SET value = zeroblob(16)", "vector 1 is damaged"),
        ("UPDATE vector SET pieces = zeroblob(9)", "vector 1 is damaged"),
        ("DELETE FROM vector", "points without their vector"),
        ("DELETE FROM note", "points without their note"),
        ("UPDATE header SET value = '9' WHERE key = 'points'", "header counts 9"),
        ("INSERT INTO words (rowid, own) VALUES (99, 'x')", "words without their point"),
    ],
)
def test_check_finds_what_is_wrong(tmp_path: Path, statement: str, message: str) -> None:
    store = EmbeddedStore(tmp_path)
    put(store, note_of("a.md", ["one"]))
    store.close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute(statement)
    connection.close()
    assert any(message in fault.message for fault in EmbeddedStore(tmp_path).verify())


def test_damaged_rows_are_never_answers(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    put(store, note_of("a.md", ["one"]))
    store.close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("UPDATE point SET text = 'other'")
        connection.execute("UPDATE vector SET value = zeroblob(16)")
    connection.close()
    with EmbeddedStore(tmp_path, read_only=True).view() as view:
        with pytest.raises(IndexDamaged, match="point 1"):
            view.points_of("a.md")
        with pytest.raises(IndexDamaged, match="vector of point 1"):
            view.dense(vector_of("one"), 1, NoteFilter())


def test_file_that_is_no_database_is_damage_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database at all" * 100)
    with pytest.raises(IndexDamaged) as caught:
        EmbeddedStore(tmp_path, read_only=True)
    assert "--rebuild" in (caught.value.hint or "")


def test_missing_index_is_not_found_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFound):
        EmbeddedStore(tmp_path / "none", read_only=True)
    assert not (tmp_path / "none").exists()


def test_newer_format_is_refused_untouched(tmp_path: Path) -> None:
    EmbeddedStore(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("UPDATE header SET value = '99' WHERE key = 'format'")
    connection.close()
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(IndexOutdated, match="newer"):
        EmbeddedStore(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == before


def test_file_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index-99.db").write_bytes(b"from the future")
    with pytest.raises(IndexOutdated, match="newer"):
        EmbeddedStore(tmp_path)


def test_one_build_at_a_time(store: EmbeddedStore) -> None:
    other = EmbeddedStore(store.folder, lock_timeout_s=0.05)
    with store.building():
        with pytest.raises(IndexLocked, match=r"process \d+ is building"), other.building():
            pass
    with other.building():
        pass
    other.close()


def test_read_only_folder_can_be_asked(store: EmbeddedStore) -> None:
    put(store, note_of("a.md", ["one"]))
    store.close()
    store.folder.chmod(0o500)
    try:
        with EmbeddedStore(store.folder, read_only=True).view() as view:
            assert len(view.points_of("a.md")) == 1
    finally:
        store.folder.chmod(0o700)


def test_unwritable_place_is_an_error_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexerError, match="cannot be written") as caught:
        EmbeddedStore(tmp_path / "file")
    assert "--store" in (caught.value.hint or "")


def test_index_hides_itself_from_git(store: EmbeddedStore) -> None:
    assert (store.folder / ".gitignore").read_text() == "*\n"


def test_mending_empties_only_what_is_damaged(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    put(store, note_of("a.md", ["one"]))
    store.optimise()
    store.close()
    with EmbeddedStore(tmp_path, mend=True).view() as view:
        assert view.header().setup == SETUP
    (tmp_path / DATABASE).write_bytes(b"no database at all" * 1000)
    with EmbeddedStore(tmp_path, mend=True).view() as view:
        assert view.header().setup is None
    assert list_snapshots(tmp_path) == []

"""The store on a server: spaces, rights, passwords, indexes; each test on a real PostgreSQL."""

from __future__ import annotations

import math
import random
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from conftest import ROOT, OpenNotebook, WriteNotes
from fakes import FakeEncoder
from limits import no_longer_than
from servers import GUARDED, Server
from stores import SETUP, Space, note_of, put, vector_of

from indexer.config import Settings, shown_store, split_space
from indexer.errors import IndexerError, IndexNotFound, IndexOutdated, SettingsError
from indexer.indexing.rebuild_process import Rebuilder
from indexer.notebook import Notebook
from indexer.records import BlockKind, Mode, Note, NoteFilter, Point
from indexer.store.opening import open_store
from indexer.store.postgres import change as postgres_change
from indexer.store.postgres import store as postgres
from indexer.store.postgres import view as postgres_view
from indexer.store.postgres.store import PostgresStore
from indexer.store.records import NoteChange, Scored

pytestmark = pytest.mark.slow
NOTES = {
    "review.md": "---\ntags: [review]\n---\n- no discussion of ethics\n- see [one](one.md)\n",
    "one.md": "- AlexNet won in 2012\n",
}


@pytest.fixture
def space(server: Server) -> Space:
    return Space(server, f"test_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def store(space: Space) -> Iterator[PostgresStore]:
    opened = PostgresStore(space.url, lock_timeout_s=0.5)
    yield opened
    assert opened.verify() == []
    opened.close()


# --- addresses and passwords --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store", "shown"),
    [
        ("postgresql://u:s3cret@host/db?space=a", "postgresql://host/db"),
        ("postgres://u:s3c@ret/x@host/db", "postgres://***"),
        ("postgresql://u:s3c/ret@host/db", "postgresql://***"),
        ("postgresql://u:s3cret?x@host/db", "postgresql://***"),
        ("postgresql://u:s3cret", "postgresql://***"),
        ("postgresql://[::1]:5432/db", "postgresql://[::1]:5432/db"),
        ("postgresql://u@h1,h2:5433/db?password=s3cret&x=1", "postgresql://h1,h2:5433/db"),
        ("postgresql:///db?sslpassword=s3cret", "postgresql:///db"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("/home/me/a:b@c", "/home/me/a:b@c"),
    ],
)
def test_address_is_shown_without_its_password(store: str, shown: str) -> None:
    assert shown_store(store) == shown


def test_space_is_taken_out_of_the_address() -> None:
    assert split_space("postgresql://h/db?space=a_1") == ("postgresql://h/db", "a_1")
    address = "postgresql://h/db?sslmode=require&space=a&connect_timeout=1"
    assert split_space(address) == ("postgresql://h/db?sslmode=require&connect_timeout=1", "a")
    for wrong in ("postgresql://h/db", "postgresql://h/db?space=A-b", "postgresql://h/db?space="):
        with pytest.raises(SettingsError, match="space"):
            split_space(wrong)


def test_each_notes_folder_has_its_own_space(tmp_path: Path) -> None:
    for name in ("work/My notes", "home/My notes"):
        (tmp_path / name).mkdir(parents=True)
    stores = [
        Settings.load(notes=tmp_path / name, store="postgresql://h/db", environment={}).store
        for name in ("work/My notes", "home/My notes")
    ]
    assert stores[0].startswith("postgresql://h/db?space=my_notes_")
    assert stores[0] != stores[1]
    given = "postgresql://h/db?space=team"
    assert Settings.load(notes=tmp_path / "work", store=given, environment={}).store == given


def test_folders_live_side_by_side(tmp_path: Path, server: Server) -> None:
    found = []
    for name in ("work", "home"):
        (tmp_path / name / "notes").mkdir(parents=True)
        (tmp_path / name / "notes/a.md").write_text(f"- a point of {name}\n")
    for name in ("work", "home", "work"):
        with Notebook(
            tmp_path / name / "notes", store=server.url("notes"), encoder=FakeEncoder()
        ) as notebook:
            assert notebook.build().notes_removed == 0
            found.append(notebook.search("point").hits[0].text)
    assert found == ["a point of work", "a point of home", "a point of work"]


def test_missing_space_names_those_there_are(store: PostgresStore, server: Server) -> None:
    with pytest.raises(IndexNotFound) as caught:
        open_store(server.url("notes") + "?space=nothing_here", read_only=True)
    assert "?space=: " in str(caught.value.hint)


def test_password_is_asked_for_and_never_shown(
    server: Server,
    space: Space,
    write_notes: WriteNotes,
    run_cli: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.sql("postgres", f"DROP ROLE IF EXISTS {GUARDED}")
    server.sql("postgres", f"CREATE ROLE {GUARDED} LOGIN SUPERUSER PASSWORD 'r1ght'")
    notes = str(write_notes(NOTES))

    def run(password: str, *command: str) -> str:
        url = server.url("notes", user=GUARDED, password=password) + f"?space={space.name}"
        status, out, err = run_cli(*command, "--notes", notes, "--store", url, "-v")  # type: ignore[operator]
        said = out + err
        assert "r1ght" not in said
        assert "wr0ng" not in said
        return f"{status} {said}"

    wrong = run("wr0ng", "build")
    assert wrong.startswith("2 ")
    assert "postgresql://127.0.0.1" in wrong
    assert "password authentication failed" in wrong
    assert "PGPASSWORD" in wrong
    assert "PGPASSWORD" in run("", "build")
    for command in (["build"], ["status", "--json"], ["query", "ethics"], ["check"], ["dump"]):
        assert run("r1ght", *command).startswith("0 ")
    monkeypatch.setenv("PGPASSWORD", "r1ght")
    assert run("", "status").startswith("0 ")


def test_password_is_no_argument_of_the_pages_build(write_notes: WriteNotes) -> None:
    store = "postgresql://u:s3cret@host/db?space=a"
    settings = Settings.load(notes=write_notes(NOTES), store=store)
    assert not any("s3cret" in argument for argument in Rebuilder(settings)._command(rebuild=True))


def test_password_in_an_address_that_cannot_be_read_is_not_shown() -> None:
    with pytest.raises(IndexerError) as caught:
        PostgresStore("postgresql://u:s3cret@host:port/db?space=a", read_only=True)
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


def test_missing_packages_are_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("psycopg", "pgvector"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError, match="needs psycopg and pgvector") as caught:
        open_store("postgresql://host/db?space=a")
    assert "notepoint setup postgres" in str(caught.value.hint)


# --- rights and versions ------------------------------------------------------------------------


def test_role_that_may_only_read_can_ask_everything(
    server: Server, space: Space, write_notes: WriteNotes
) -> None:
    folder = write_notes(NOTES)
    with Notebook(folder, store=space.url, encoder=FakeEncoder()) as owner:
        built = owner.build()
    grants = (ROOT / "docs/SCALE.md").read_text("utf-8").split("-- reader", 1)[1].split("```")[0]
    reader = f"reader_{space.name}"
    statements = grants.replace("wiki_reader", reader).replace(
        "notepoint_wiki", f"notepoint_{space.name}"
    )
    server.sql("notes", *(one for one in statements.split(";") if one.strip()))
    url = server.url("notes", user=reader) + f"?space={space.name}"
    with Notebook(folder, store=url, encoder=FakeEncoder()) as notebook:
        assert notebook.search("ethics").hits[0].text == "no discussion of ethics"
        assert notebook.status().points == built.points_total
        assert notebook.links("review.md")[0].to == "one.md"
        assert [link.note_id for link in notebook.backlinks("one.md")] == ["review.md"]
        assert notebook.labels()["tag"] == {"review": 1}
        assert notebook.check() == []
        (folder / "new.md").write_text("- a new point\n")
        with pytest.raises(IndexerError, match="does not allow this: permission denied"):
            notebook.build()


def test_owner_of_a_database_without_pgvector_is_told_what_to_do(server: Server) -> None:
    name = f"bare_{uuid.uuid4().hex[:8]}"
    server.sql("postgres", f"CREATE ROLE {name} LOGIN", f"CREATE DATABASE {name} OWNER {name}")
    url = server.url(name, user=name) + "?space=a"
    with pytest.raises(IndexerError, match='permission denied to create extension "vector"'):
        PostgresStore(url)
    with pytest.raises(IndexNotFound):
        PostgresStore(url, read_only=True)
    server.sql(name, "CREATE EXTENSION vector")
    PostgresStore(url).close()


def test_server_without_pgvector_is_told_apart(server: Server) -> None:
    name = f"bare_{uuid.uuid4().hex[:8]}"
    server.sql("postgres", f"CREATE DATABASE {name}")
    server.sql("postgres", f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'")
    with pytest.raises(IndexerError, match="has no pgvector") as caught:
        PostgresStore(server.url(name) + "?space=a")
    assert "SCALE" in str(caught.value.hint)


def test_database_that_is_no_utf8_is_refused(server: Server) -> None:
    name = f"latin_{uuid.uuid4().hex[:8]}"
    server.sql("postgres", f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(IndexerError, match="not as UTF-8"):
        PostgresStore(server.url(name) + "?space=a")


def test_missing_database_and_server_are_clear(server: Server) -> None:
    with pytest.raises(IndexerError, match='refuses the connection: database "none" does not'):
        PostgresStore(server.url("none") + "?space=a", read_only=True)
    with pytest.raises(IndexerError, match="cannot be reached"):
        PostgresStore("postgresql://127.0.0.1:1/db?space=a", read_only=True)


def test_older_schema_is_brought_up_to_date_by_a_build(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = PostgresStore(space.url)
    put(old, note_of("a.md", ["one"]))
    old.close()
    steps = (*postgres.STEPS, "ALTER TABLE note ADD COLUMN colour text")
    monkeypatch.setattr(postgres, "STEPS", steps)
    with pytest.raises(IndexOutdated, match="older") as caught:
        PostgresStore(space.url, read_only=True)
    assert "notepoint build" in str(caught.value.hint)
    new = PostgresStore(space.url)
    with new.view() as view:
        assert len(view.points_of("a.md")) == 1
    new.close()
    space.execute("SELECT colour FROM note")
    monkeypatch.undo()
    with pytest.raises(IndexOutdated, match="newer"):
        PostgresStore(space.url)


def test_labels_of_an_older_schema_are_written_again(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "STEPS", postgres.STEPS[:3])
        PostgresStore(space.url).close()
    space.execute("INSERT INTO label VALUES (1, 'tag', 'Old')")
    space.execute("UPDATE header SET encoder = 'e', model = 'm', dimension = 8, chunking = '1.1'")
    new = PostgresStore(space.url)
    with new.view() as view:
        setup = view.header().setup
        assert setup is not None
        assert setup.chunking == ""  # no version: the build that follows reads every note
        assert view.labels()["tag"] == {}
    put(new, note_of("a.md", ["one"], tags=("New",)), clear=True)
    with new.view() as view:
        assert view.labels()["tag"] == {"New": 1}
    assert new.verify() == []
    new.close()


def test_step_that_fails_leaves_the_schema_as_it_was(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    PostgresStore(space.url).close()
    steps = (*postgres.STEPS, "CREATE TABLE extra (id int); SELECT 1 / 0")
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "STEPS", steps)
        with pytest.raises(Exception, match="division by zero"):
            PostgresStore(space.url)
    PostgresStore(space.url, read_only=True).close()


def test_missing_table_is_found_and_repaired(space: Space) -> None:
    store = PostgresStore(space.url)
    put(store, note_of("a.md", ["one"]))
    store.close()
    space.execute("DROP TABLE link")
    store = PostgresStore(space.url)
    assert [fault.part for fault in store.verify()] == ["link"]
    with pytest.raises(IndexerError, match="damaged"), store.view() as view:
        view.links_of()
    store.close()
    store = PostgresStore(space.url, repair=True)
    assert store.verify() == []
    store.close()


# --- indexes ------------------------------------------------------------------------------------


def many(count: int) -> list[str]:
    words = random.Random(1)
    return [f"point {i} {' '.join(words.choices('abcdefgh', k=3))}" for i in range(count)]


def index_names(space: Space) -> set[str]:
    store = PostgresStore(space.url, read_only=True)
    with store.view() as view:
        rows = view._run("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")
    store.close()
    return {name for (name,) in rows if name.startswith(("near_", "words_"))}


def test_nearest_by_the_graph_are_those_compared_one_by_one(
    store: PostgresStore, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_change, "INDEX_ABOVE", 100)
    notes = [note_of(f"n{i}.md", many(600)[i::6], tags=(f"t{i}",)) for i in range(6)]
    put(store, *notes, clear=True)
    assert index_names(space) == {"near_1", "words_1"}

    def dense(where: NoteFilter, *, graph: bool) -> list[Scored]:
        with store.view() as view:
            view._run(f"SELECT set_config('enable_seqscan', '{'off' if graph else 'on'}', true)")
            view._run(f"SELECT set_config('enable_indexscan', '{'on' if graph else 'off'}', true)")
            found = [view.dense(vector_of(f"q{i}"), 20, where) for i in range(5)]
        return found

    for where in (NoteFilter(), NoteFilter(tags=("t3",))):
        monkeypatch.setattr(postgres_view, "_EXACT_UP_TO", 10**6)
        exact = dense(where, graph=False)
        monkeypatch.setattr(postgres_view, "_EXACT_UP_TO", 0)
        near = dense(where, graph=True)
        assert all(len(found) == 20 for found in near)
        assert [[i for i, _ in found] for found in near] == [[i for i, _ in f] for f in exact]


def test_questions_use_the_indexes(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_change, "INDEX_ABOVE", 100)
    put(store, note_of("a.md", [*many(2_000), "the one with zebra"]), clear=True)
    with store.view() as view:
        near = view._run(
            "EXPLAIN SELECT point FROM embedding WHERE era = 1 "
            "ORDER BY value::halfvec(8) <#> '[1,0,0,0,0,0,0,0]' LIMIT 20"
        )
        words = view._run(
            "EXPLAIN SELECT id FROM point WHERE era = 1 AND words @@ '''zebra'''::tsquery"
        )
    assert "near_1" in str(near)
    assert "words_1" in str(words)


def test_rebuild_has_indexes_of_its_own_and_drops_the_old(
    store: PostgresStore, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_change, "INDEX_ABOVE", 10)
    for build in range(3):
        put(store, note_of("a.md", many(50 + build)), clear=True)
        store.optimise()
        assert index_names(space) == {f"near_{build + 1}", f"words_{build + 1}"}


def test_index_that_grew_gets_its_graph(
    store: PostgresStore, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_change, "INDEX_ABOVE", 60)
    texts = many(80)
    put(store, note_of("a.md", texts[:50]), clear=True)
    store.optimise()
    assert index_names(space) == {"words_1"}
    put(store, note_of("b.md", texts[50:]))
    store.optimise()
    assert index_names(space) == {"words_1", "near_1"}


def test_another_dimension_is_another_era(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_change, "INDEX_ABOVE", 0)
    for dimension in (8, 16):
        store = PostgresStore(space.url)
        vectors = np.eye(2, dimension, dtype=np.float32)
        store.add_vectors([bytes([dimension, i]) * 8 for i in range(2)], vectors, [b"x"] * 2)
        setup = type(SETUP)(f"fake {dimension}", "fake", dimension, "1.1")
        note = note_of("a.md", ["one", "two"])
        added = tuple(
            type(new)(new.ordinal, new.point, bytes([dimension, new.ordinal]) * 8)
            for new in _new_points(note)
        )
        with store.change(setup, clear=True) as change:
            change.put(NoteChange(note, None, added=added))
        store.optimise()
        with store.view() as view:
            ((_, cosine), _) = view.dense(vectors[0], 2, NoteFilter())
        assert cosine == pytest.approx(1.0, abs=1e-3)
        store.close()


def _new_points(note: object) -> list[object]:
    from indexer.store.records import NewPoint

    return [NewPoint(i, point, b"") for i, point in enumerate(note.points)]  # type: ignore[attr-defined]


def test_reader_never_waits_for_a_build(store: PostgresStore, space: Space) -> None:
    put(store, note_of("a.md", many(30)), clear=True)
    reader = PostgresStore(space.url, read_only=True)
    entered, leave = threading.Event(), threading.Event()

    def build() -> None:
        with store.building(), store.change(SETUP, clear=True) as change:
            change.put(NoteChange(note_of("b.md", []), None))
            entered.set()
            leave.wait(20)

    builder = threading.Thread(target=build)
    builder.start()
    assert entered.wait(20)
    try:
        with no_longer_than(5), reader.view() as view:
            assert [note.note_id for note in view.notes()] == ["a.md"]
            assert len(view.dense(vector_of("q"), 5, NoteFilter())) == 5
            assert view.lexical(["point"], 5, NoteFilter())
    finally:
        leave.set()
        builder.join()
    with reader.view() as view:
        assert [note.note_id for note in view.notes()] == ["b.md"]
    reader.close()


def test_writer_waits_for_another_but_not_for_ever(store: PostgresStore, space: Space) -> None:
    other = PostgresStore(space.url, lock_timeout_s=0.2)
    with store.change(SETUP):
        with pytest.raises(IndexerError, match="is building this index"):
            other.add_vectors([b"k" * 16], vector_of("x")[np.newaxis], [b"x"])
    other.add_vectors([b"k" * 16], vector_of("x")[np.newaxis], [b"x"])
    other.close()


def test_lines_that_move_rewrite_no_vectors_and_no_words(store: PostgresStore) -> None:
    put(store, note_of("a.md", many(20)), clear=True)
    with store.view() as view:
        before = view._run("SELECT xmin::text, point FROM embedding ORDER BY point")
        points = view.points_of("a.md")
    moved = [
        (p.point_id, p.ordinal, type(p.point)(p.point.text, p.point.kind, 99, 99, ("Heading",)))
        for p in points
    ]
    with store.change(SETUP) as change:
        change.put(NoteChange(note_of("a.md", []), None, kept=tuple(moved)))
    with store.view() as view:
        assert view._run("SELECT xmin::text, point FROM embedding ORDER BY point") == before
        assert {p.point.line_start for p in view.points_of("a.md")} == {99}


# --- the same answers ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Notebook]]:
    """Return the sample notes in both stores."""
    folder = tmp_path_factory.mktemp("both")
    stores = [str(folder / "index"), server.url("notes") + f"?space=both_{uuid.uuid4().hex[:8]}"]
    found = [Notebook(ROOT / "corpus", store=store, encoder=FakeEncoder()) for store in stores]
    for notebook in found:
        notebook.build()
    yield found
    for notebook in found:
        notebook.close()


def questions() -> list[str]:
    """Return questions of the words of the notes: rare and common ones, asked once and twice."""
    chosen = random.Random(7)
    words = sorted({w for p in (ROOT / "corpus").glob("*.md") for w in p.read_text().split()})
    drawn = [" ".join(chosen.choices(words, k=chosen.randint(1, 6))) for _ in range(60)]
    return [*drawn, "does it talk about ethics?", "batch norm batch norm", "the of and", "zzz"]


@pytest.mark.parametrize("mode", list(Mode))
def test_both_stores_give_the_same_answers(both: list[Notebook], mode: Mode) -> None:
    """The same first hit; the same hits but for points that the word retriever ranks as equal."""
    for question in questions():
        one, other = (notebook.search(question, 10, mode=mode) for notebook in both)
        places = [[(h.note_id, h.line_start, h.text) for h in a.hits] for a in (one, other)]
        scores = [[h.score for h in answer.hits] for answer in (one, other)]
        assert places[0][:1] == places[1][:1], question
        assert one.answered == other.answered
        # Of more than 100 points with the same words each store takes 100, not the same ones.
        shared = len(set(places[0]) & set(places[1]))
        assert shared >= 0.8 * len(places[0]), question
        if places[0] == places[1]:
            assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_words_are_scored_alike(both: list[Notebook]) -> None:
    from indexer.text.terms import query_terms

    views = [notebook._open_store().view() for notebook in both]
    with views[0] as one, views[1] as other:
        for question in questions():
            terms = query_terms(question)
            assert one.term_counts(terms) == other.term_counts(terms)
            scores = [
                [s for _, s in view.lexical(terms, 50, NoteFilter())] for view in (one, other)
            ]
            assert scores[0] == pytest.approx(scores[1], rel=1e-6), question


def test_dump_is_the_same(both: list[Notebook]) -> None:
    dumps = [notebook.dump() for notebook in both]
    assert dumps[0][0] == dumps[1][0]
    plain = [
        [(p.note_id, p.stored.ordinal, p.stored.point, p.stored.links) for p in d[1]] for d in dumps
    ]
    assert plain[0] == plain[1]
    assert both[0].labels() == both[1].labels()
    assert both[0].links() == both[1].links()


def test_status_counts_the_bytes_of_the_server(
    open_notebook: OpenNotebook, both: list[Notebook]
) -> None:
    status = both[1].status()
    assert status.bytes > 500 * status.points
    assert status.store.startswith("postgresql://127.0.0.1") and "space" not in status.store


def test_points_are_scored_by_how_often_their_words_stand_there(store: PostgresStore) -> None:
    """BM25 as written down, for any number of places in the point and above it."""
    counts = [(1, 0), (0, 1), (2, 0), (1, 1), (3, 2), (7, 1), (20, 5), (60, 40), (200, 3)]
    texts = [" ".join(["zebra"] * own + ["other"] * (9 - i)) for i, (own, _) in enumerate(counts)]
    points = tuple(
        Point(text, BlockKind.ITEM, i, i, (), (" ".join(["zebra"] * above),))
        for i, (text, (_, above)) in enumerate(zip(texts, counts, strict=True))
    )
    put(
        store, Note("a.md", b"hash", "Title", points=points), note_of("b.md", many(100)), clear=True
    )
    with store.view() as view:
        ids = {p.ordinal: p.point_id for p in view.points_of("a.md")}
        rows = view._run("SELECT id, length FROM point")
        found = dict(view.lexical(["zebra"], 50, NoteFilter()))
        assert view.bm25(["zebra"], list(ids.values())) == found
    lengths = dict(rows)
    mean = sum(lengths.values()) / len(lengths)
    idf = math.log((len(rows) - len(counts) + 0.5) / (len(counts) + 0.5))
    for ordinal, (own, above) in enumerate(counts):
        count = own + 0.4 * above
        norm = 1.2 * (0.25 + 0.75 * lengths[ids[ordinal]] / mean)
        assert found[ids[ordinal]] == pytest.approx(idf * 2.2 * count / (count + norm), rel=1e-9)


def test_room_of_vectors_that_waited_is_given_back(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_change, "_MIN_SHRUNK", 0)
    put(store, note_of("a.md", many(400)), clear=True)
    before = store.size()
    store.optimise()
    with store.view() as view:
        assert view._run("SELECT pg_relation_size('spare')") == [(0,)]
    assert store.size() < before


def test_deleted_words_are_in_no_row_and_their_rows_are_freed(
    space: Space, write_notes: WriteNotes
) -> None:
    text = (
        "---\naliases: [qqalias]\nauthor: qqauthor\ntags: [qqtag]\n---\n# qqtitle\n\n"
        "- qqitem with [qqtext](https://qqhost.org/qqpath) and [[qqpage#qqpart]] ^qqblock\n"
    )
    others = {f"b{i}.md": f"# Boat {i}\n\nwords on sails {i}\n" for i in range(9)}
    folder = write_notes({"a.md": text, "qqname.md": "more\n", **others})

    def schema_of(connection: psycopg.Connection) -> str:
        sql = "SELECT schemaname FROM pg_tables WHERE tablename = 'note' AND schemaname ~ %s"
        ((schema,),) = connection.execute(sql, (space.name,)).fetchall()
        return str(schema)

    def rows_with_words() -> set[str]:
        with psycopg.connect(space.server.url(space.database), autocommit=True) as connection:
            connection.execute(f'SET search_path TO "{schema_of(connection)}", public')
            sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            tables = [row[0] for row in connection.execute(sql).fetchall()]
            return {
                table
                for table in tables
                if connection.execute(
                    f"SELECT 1 FROM {table} AS one WHERE one::text ~* 'qq' LIMIT 1"  # type: ignore[arg-type]
                ).fetchone()
            }

    with Notebook(folder, store=space.url, encoder=FakeEncoder()) as notebook:
        notebook.build()
        assert rows_with_words() >= {"note", "point", "label", "link", "term"}
        write_notes({"a.md": "# Plain\n"})
        (folder / "qqname.md").unlink()
        notebook.build(force=True)
    assert rows_with_words() == set()
    with psycopg.connect(space.server.url(space.database), autocommit=True) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_stat_user_tables "
            "WHERE schemaname = %s AND last_vacuum IS NOT NULL",
            (schema_of(connection),),
        ).fetchall()
    assert {"note", "label", "name", "anchor", "point", "link", "term"} <= {row[0] for row in found}


def test_question_takes_few_statements(
    both: list[Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a way to the server and back."""
    notebook = both[1]
    notebook.search("does it talk about ethics?")
    said: list[str] = []
    execute = psycopg.Connection.execute

    def counted(self: psycopg.Connection, query: str, *args: object, **options: object) -> object:
        said.append(query)
        return execute(self, query, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    notebook.search("does it talk about ethics?")
    assert len(said) <= 22, said

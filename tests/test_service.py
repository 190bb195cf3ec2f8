"""What surfaces share: a model opened in the background, one generation a request, builds."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import WriteNotes
from fakes import FakeEncoder

from indexer.errors import EncoderError, IndexNotFound, NotesError
from indexer.indexing.rebuild_process import Rebuilder
from indexer.notebook import Notebook
from indexer.records import Mode
from indexer.retrieval.freshness import Freshness
from indexer.service import Model, Service
from indexer.snapshot import Snapshot
from indexer.store.embedded.store import EmbeddedStore

NOTES = {
    "review.md": "# Review\n\n- no discussion of ethics\n- videos vary in volume\n",
    "courses/one.md": "---\ntags: [dl]\n---\n# Course one\n\n- ethics of data, see [[review]]\n",
}

Start = Callable[..., Service]


@pytest.fixture
def folder(write_notes: WriteNotes) -> Path:
    made = write_notes(NOTES)
    build(made)
    return made


@pytest.fixture
def start() -> Iterator[Start]:
    services: list[Service] = []

    def start_one(folder: Path, *, watch: bool = False, **options: Any) -> Service:
        options.setdefault("encoder", FakeEncoder())
        service = Service(Notebook(folder, **options))
        services.append(service)
        service.start(watch=watch)
        return service

    yield start_one
    for service in services:
        service.close()


def build(folder: Path, *, rebuild: bool = False) -> None:
    with Notebook(folder, encoder=FakeEncoder()) as notebook:
        notebook.build(rebuild=rebuild)


def wait_for_model(service: Service) -> None:
    service._loader.join(30)
    assert service.state.model is not Model.LOADING


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the generation of each view that is opened from now on."""
    opened: list[int] = []
    view = EmbeddedStore.view

    def counted(self: EmbeddedStore) -> Any:
        context = view(self)

        class Counted:
            def __enter__(self) -> Any:
                entered = context.__enter__()
                opened.append(entered.header().generation)
                return entered

            def __exit__(self, *error: Any) -> Any:
                return context.__exit__(*error)

        return Counted()

    monkeypatch.setattr(EmbeddedStore, "view", counted)
    return opened


def test_parts_of_a_request_are_of_one_generation_in_one_view(
    folder: Path, start: Start, views: list[int]
) -> None:
    service = start(folder)
    wait_for_model(service)
    views.clear()
    with service.request() as request:
        hits = request.ask("discussion of ethics", 3).hits
        (folder / "new.md").write_text("- ethics again, see [[review]]\n")
        with_view = len(views)
        build(folder)  # opens its own views
        built = views[with_view:]
        del views[with_view:]
        assert {link.note_id for link in request.backlinks("review.md")} == {"courses/one.md"}
        assert set(request.labels().titles) == {"review.md", "courses/one.md"}
        assert request.similar("review.md", 3)[0].note_id == "courses/one.md"
        assert request.read_note("review.md").info.title == "Review"
        assert request.snapshot.header().generation == request.generation
    assert hits
    assert built[-1] > views[0]
    assert len(views) == 1
    with service.request() as request:
        assert set(request.labels().titles) == {"review.md", "courses/one.md", "new.md"}


def test_address_of_a_hit_comes_from_the_generation_that_found_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build may end between ranking and addressing, and remove the ids of the hits."""
    is_stale = Freshness.is_stale

    def build_first(self: Freshness, view: Any) -> bool:
        build(folder, rebuild=True)  # every point gets another id
        return is_stale(self, view)

    monkeypatch.setattr(Freshness, "is_stale", build_first)
    with Notebook(folder, encoder=FakeEncoder(), site_url="https://e.org/") as notebook:
        hits = notebook.search("discussion of ethics").hits
    assert hits[0].url == "https://e.org/review.html"


def test_question_opens_one_view(folder: Path, views: list[int]) -> None:
    with Notebook(folder, encoder=FakeEncoder(), site_url="https://e.org/") as notebook:
        notebook.search("ethics", more_like=["review.md:3"], less_like=["review.md:4"])
    assert len(views) == 1


def test_request_within_a_request_is_the_same(folder: Path, start: Start) -> None:
    service = start(folder)
    with service.request() as outer, service.request() as inner:
        assert inner is outer
    with service.request() as later:
        assert later is not outer


def test_threads_have_requests_of_their_own(folder: Path, start: Start) -> None:
    service = start(folder)
    wait_for_model(service)
    found: list[str] = []
    both = threading.Barrier(4)

    def ask() -> None:
        with service.request() as request:
            both.wait(30)  # all are open at once
            found.append(request.ask("discussion of ethics", 1).hits[0].note_id)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == ["review.md"] * 4


def test_words_answer_until_the_model_is_open(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_open = threading.Event()

    def slow(*args: object, **options: object) -> FakeEncoder:
        assert may_open.wait(30)
        return FakeEncoder()

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", slow)
    service = start(folder, encoder=None)
    with service.request() as request:
        assert not request.by_meaning
        first = request.ask("discussion of ethics", 3)
        assert request.similar("review.md", 3) == ()
        may_open.set()
        wait_for_model(service)
        assert not request.by_meaning  # a request does not change while it runs
    assert first.mode is Mode.LEXICAL
    assert first.hits[0].text == "no discussion of ethics"
    with service.request() as request:
        assert request.ask("discussion of ethics", 3).mode is Mode.HYBRID


def test_notes_saved_before_the_model_is_open_are_compared_by_words(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits of a note that changed are looked for in the file, cut by an estimate of its tokens."""

    def missing(*args: object, **options: object) -> FakeEncoder:
        raise EncoderError("the weights are not installed", "install them")

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", missing)
    service = start(folder, encoder=None)
    wait_for_model(service)
    assert service.state.model is Model.MISSING
    assert service.state.model_error is not None
    text = (folder / "review.md").read_text()
    (folder / "review.md").write_text(text.replace("- no discussion", "- new\n- no discussion"))
    with service.request() as request:
        found = request.ask("discussion of ethics", 3)
    assert found.hits[0].line_start == 4
    assert found.index.stale


def test_notebook_without_a_model_answers_by_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*args: object, **options: object) -> FakeEncoder:
        raise EncoderError("the weights are not installed", "install them")

    monkeypatch.setattr("indexer.encoding.opening.open_encoder", missing)
    with Notebook(folder) as notebook:
        assert notebook.search("ethics", mode=Mode.LEXICAL).hits
        with pytest.raises(EncoderError):
            notebook.search("ethics")


def test_repeated_question_is_encoded_once(folder: Path, start: Start) -> None:
    class Counting(FakeEncoder):
        asked = 0

        def encode_query(self, text: str) -> Any:
            Counting.asked += 1
            return super().encode_query(text)

    service = start(folder, encoder=Counting())
    wait_for_model(service)
    before = Counting.asked
    for _ in range(3):
        with service.request() as request:
            request.ask("discussion of ethics", 3)
    assert Counting.asked == before + 1


def test_note_is_rendered_once_until_it_changes(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []
    read_note = Snapshot.read_note

    def counted(self: Snapshot, note_id: str) -> Any:
        rendered.append(note_id)
        return read_note(self, note_id)

    monkeypatch.setattr(Snapshot, "read_note", counted)
    service = start(folder)
    for _ in range(2):
        with service.request() as request:
            request.read_note("review.md")
    assert rendered == ["review.md"]
    (folder / "review.md").write_text("# Review\n\n- another\n")
    with service.request() as request:
        assert "another" in request.read_note("review.md").html
    (folder / "review.md").unlink()
    with service.request() as request, pytest.raises(NotesError):
        request.read_note("review.md")


def test_request_without_an_index_says_what_to_do(write_notes: WriteNotes, start: Start) -> None:
    folder = write_notes(NOTES)
    service = start(folder)
    with service.request() as request, pytest.raises(IndexNotFound) as caught:
        request.ask("ethics", 1)
    assert "notepoint build" in str(caught.value.hint)
    service.build_if_stale()  # makes none by itself
    build(folder)
    with service.request() as request:
        assert request.ask("ethics", 1).hits


def test_index_replaced_by_another_file_is_followed(folder: Path, start: Start) -> None:
    service = start(folder)
    wait_for_model(service)
    with service.request() as request:
        assert request.ask("ethics", 1).hits
    other = folder.parent / "other"
    (folder / "review.md").write_text("# Review\n\n- zebra crossing\n")
    with Notebook(folder, store=str(other), encoder=FakeEncoder()) as notebook:
        notebook.build()
    for path in (folder / ".notepoint").iterdir():
        path.unlink()
    for path in other.iterdir():
        path.rename(folder / ".notepoint" / path.name)
    with service.request() as request:
        assert request.ask("zebra crossing", 1).hits[0].text == "zebra crossing"


def fake_build(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    command = [sys.executable, "-c", f"import sys; {code}"]
    monkeypatch.setattr(Rebuilder, "_command", lambda self, rebuild: command)


def test_folder_is_followed_by_builds_elsewhere(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = threading.Event()

    def build_here(self: Rebuilder, *, rebuild: bool = False, again_soon: bool = False) -> None:
        build(folder)
        built.set()

    monkeypatch.setattr(Rebuilder, "start", build_here)
    service = start(folder, watch=True)
    (folder / "new.md").write_text("- zebra crossing\n")
    assert built.wait(60)
    with service.request() as request:
        assert request.ask("zebra crossing", 1).hits[0].note_id == "new.md"


def test_failed_build_is_said_until_the_next_good_one(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()
    service = start(folder)
    now = service._now

    def noted(**changes: Any) -> None:
        now(**changes)
        if changes.get("watch_error"):
            failed.set()

    monkeypatch.setattr(service, "_now", noted)
    fake_build(monkeypatch, "print('notepoint: error: no room', file=sys.stderr); sys.exit(2)")
    (folder / "new.md").write_text("- new\n")
    follower = threading.Thread(target=service._follow_folder, daemon=True)
    follower.start()
    assert failed.wait(60)
    assert "no room" in service.state.watch_error
    build(folder)
    service.build_if_stale()
    assert service.state.watch_error == ""

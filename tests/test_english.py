"""English questions to an index of the multilingual model are read again by the default model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import WriteNotes
from fakes import FakeEncoder

from indexer.encoding.encoder import EncodedQuery
from indexer.errors import EncoderError
from indexer.indexing.build import BuildOptions, build
from indexer.notes.folder import NotesFolder
from indexer.records import Mode
from indexer.retrieval import english
from indexer.retrieval.english import EnglishReader
from indexer.retrieval.freshness import Freshness
from indexer.retrieval.query import Query
from indexer.retrieval.search import Searcher
from indexer.store.embedded.store import EmbeddedStore

NOTES = {
    "pets.md": "# Pets\n\n- the dog is where the fire is in the evening\n"
    "- the cat is where the sun is in the morning\n",
    "sea.md": "# Sea\n\n- tides are where the moon is, as it was in the old days\n"
    + "".join(f"- a boat of {i} masts is in the harbour for the night\n" for i in range(60)),
    "haus.md": "# Haus\n\n- der Hund schläft in der Küche und die Katze auf dem Dach\n",
}
QUESTION = "where is the puppy in the night?"


class Knowing(FakeEncoder):
    """Knows that a puppy is a dog."""

    def encode_query(self, text: str) -> EncodedQuery:
        spans = super().encode_query(text).spans
        return super().encode_query(text.replace("puppy", "dog"))._replace(spans=spans)


@pytest.fixture
def store(write_notes: WriteNotes, tmp_path: Path) -> Iterator[EmbeddedStore]:
    with closing(EmbeddedStore(tmp_path / "index")) as opened:
        build(NotesFolder(write_notes(NOTES), 1 << 20), opened, FakeEncoder(), BuildOptions())
        yield opened


def ask(store: EmbeddedStore, notes: Path, reader: EnglishReader | None, query: Query) -> list[str]:
    encoder = FakeEncoder()
    freshness = Freshness(NotesFolder(notes, 1 << 20), encoder)
    answer = Searcher(store, encoder, freshness, english=reader).search(query)
    return [hit.text for hit in answer.hits]


@pytest.fixture
def notes(store: EmbeddedStore, tmp_path: Path) -> Path:
    return tmp_path / "notes"


def test_english_question_is_scored_by_the_second_model(store: EmbeddedStore, notes: Path) -> None:
    knowing = Knowing()
    reader = EnglishReader(lambda: knowing)
    assert not ask(store, notes, None, Query(QUESTION))[0].startswith("the dog")
    assert ask(store, notes, reader, Query(QUESTION))[0].startswith("the dog")


def test_points_are_encoded_once(store: EmbeddedStore, notes: Path) -> None:
    knowing = Knowing()
    reader = EnglishReader(lambda: knowing)
    first = ask(store, notes, reader, Query(QUESTION))
    count = len(knowing.encoded)
    assert 0 < count <= 80  # the first candidates, and neighbours of the best
    assert ask(store, notes, reader, Query(QUESTION)) == first
    assert len(knowing.encoded) == count


def test_neighbours_of_the_best_points_are_read_too(
    store: EmbeddedStore, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first model finds the cat; the point about the dog is near that one."""
    monkeypatch.setattr(english, "_READ_AGAIN", 1)
    query = Query("where is the puppy in the morning?")
    assert ask(store, notes, EnglishReader(Knowing), query)[0].startswith("the dog")
    monkeypatch.setattr(english, "_BEST", 0)
    assert ask(store, notes, EnglishReader(Knowing), query)[0].startswith("the cat")


def test_neighbours_that_may_not_answer_are_not_read(
    store: EmbeddedStore, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(english, "_READ_AGAIN", 1)
    found = ask(store, notes, EnglishReader(Knowing), Query("where is the puppy -dog in the sun?"))
    assert found
    assert not any("dog" in text for text in found)


def test_points_that_are_not_read_again_keep_their_order_below(
    store: EmbeddedStore, notes: Path
) -> None:
    reader = EnglishReader(Knowing)
    plain = ask(store, notes, None, Query("the boat of the harbour", k=60, points=True))
    again = ask(store, notes, reader, Query("the boat of the harbour", k=60, points=True))
    assert sorted(plain) == sorted(again)


@pytest.mark.parametrize(
    "query",
    [
        Query("wo schläft der Hund und die Katze?"),
        Query("Hundehaltung Katzenfutter"),  # no word says its language, none is in the notes
        Query(QUESTION, mode=Mode.LEXICAL),
        Query(QUESTION, more_like=(1,)),
    ],
)
def test_other_questions_are_left_to_the_model_of_the_index(
    store: EmbeddedStore, notes: Path, query: Query
) -> None:
    knowing = Knowing()
    found = ask(store, notes, EnglishReader(lambda: knowing), query)
    assert found == ask(store, notes, None, query)
    assert knowing.encoded == []


def test_without_a_second_model_the_first_answers(store: EmbeddedStore, notes: Path) -> None:
    tries = []

    def missing() -> FakeEncoder:
        tries.append(1)
        raise EncoderError("the weights are not installed", "run `notepoint setup`")

    reader = EnglishReader(missing)
    found = ask(store, notes, reader, Query(QUESTION))
    assert found == ask(store, notes, None, Query(QUESTION))
    ask(store, notes, reader, Query(QUESTION))
    assert len(tries) == 1
